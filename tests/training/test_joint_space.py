"""Joint spaces as recipes: items and what they have in common, encoders, a whole run, and one that is resumed."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from tutti.data.catalogue import Catalogue
from tutti.data.items import items_of
from tutti.data.track import Listens, Track
from tutti.errors import ConfigError, UnknownNameError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.session import EvaluationSettings, evaluate_model
from tutti.models.concept_listener import ConceptListener
from tutti.models.covers import CoverConfig, CoverEncoder, build_cover_network
from tutti.models.song_encoders import ListeningEncoder
from tutti.models.space_models import SpaceModel
from tutti.training.joint_space_runs import groups_of, texts_of
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train

SCHEME = {
    "name": "joint-space",
    "modalities": ["text", "listening"],
    "embed_dim": 8,
    "batch_size": 16,
    "text": {"reader": {"reader": "tfidf"}},
    "listening": {"factors": {"n_factors": 4}},
}


KINDS = ("slow piano", "loud guitar", "fast drums", "calm strings")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """40 tracks of four kinds, which one can hear, read and tell by who plays them; tracks 7, 17, … were not played."""
    folder = tmp_path_factory.mktemp("world")
    rng = np.random.default_rng(0)
    tracks, listens = [], []
    for index in range(40):
        kind = index % 4
        path = folder / f"{index:02}.wav"
        soundfile.write(path, 0.4 * np.sin(200 * 3**kind * np.arange(8000) / 8000 * 2 * np.pi), 8000)
        texts = {"caption": f"a {KINDS[kind]} piece", "review": f"{KINDS[kind]}, number {rng.integers(4)}"}
        split = ("train", "train", "train", "valid", "test")[index // 4 % 5]
        track_id = f"{index:02}"
        tracks.append(Track(track_id=track_id, artist=f"artist {index}", audio=path, texts=texts, split=split))
        if index % 10 != 7:
            listens += [
                Listens(user=f"user {user}", track_id=track_id, plays=3)
                for user in range(12)
                if user % 4 == kind or rng.random() < 0.1
            ]
    catalogue = Catalogue.create(folder / "catalogue")
    catalogue.put_tracks(tracks)
    catalogue.put_listens(listens)
    return catalogue.folder


def recipe(world, folder, **scheme):
    return parse_recipe(
        {
            "name": "joint",
            "output": str(folder),
            "data": {"catalogue": str(world)},
            "scheme": {**SCHEME, **scheme},
            "training": {"epochs": 3, "accelerator": "cpu", "loaders": 0},
            "evaluation": {"n_resamples": 20},
        }
    )


def test_tracks_of_one_album_cover_or_text_are_one_thing(tmp_path):
    common = {"artist": "Ann", "texts": {"review": "fine"}}
    tracks = [
        Track(track_id="a", album="One", **common),
        Track(track_id="b", album="one", artist="ANN", texts={"review": "poor"}),
        Track(track_id="c", album="Two", **common),
        Track(track_id="d"),
        Track(track_id="e"),
    ]
    groups = groups_of(items_of(tracks), albums_apart=False)
    assert groups.shape == (5, 3)
    texts, _, albums = groups.T
    assert texts[0] == texts[2] != texts[1]
    assert albums[0] == albums[1] != albums[2]
    assert (groups[3:] == -1).all()
    assert (groups_of(items_of(tracks), albums_apart=True)[:, 1:] == -1).all()


def test_one_kind_of_text_is_read_alone_also_of_an_album():
    tracks = [
        Track(track_id=name, artist="Ann", album="One", texts={"caption": f"caption {name}", "review": "same"})
        for name in "ab"
    ]
    (album,) = items_of(tracks, level="album", texts=("caption", "review"))
    assert texts_of([album], "caption")[0].text == "caption a\n\ncaption b"
    assert texts_of([album], "review")[0].text == "same"
    assert texts_of([album], "lyrics")[0].text == ""


def test_a_run_leaves_a_space_that_places_what_it_was_scored_on(world, tmp_path):
    run = train(recipe(world, tmp_path / "run"), quiet=True)
    model = SpaceModel.load(run.bundle)
    assert model.modalities == ("text", "listening")
    assert model.embed_dim == 8
    assert model.config.scores["metrics"]["text → listening"]["mrr"] > 0
    assert len(model.config.calibration["unmatched"]["text-listening"]) == 101
    test = [one for one in Catalogue.open(world).tracks() if one.split == "test"]
    items = items_of(test, texts=model.config.texts)
    points = model.place(items).points
    lengths = np.linalg.norm(points["text"], axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-5)
    played = {one.track_id for one in Catalogue.open(world).listens()}
    assert np.isfinite(points["listening"]).all(axis=1).tolist() == [one.item_id in played for one in items]
    np.testing.assert_allclose(model.place_texts([items[0].text])[0], points["text"][0], atol=1e-6)


def test_kinds_of_text_that_nothing_has_are_told_of(world, tmp_path):
    lines = []
    train(recipe(world, tmp_path, text={**SCHEME["text"], "read": ["caption", "poem"]}), quiet=True, tell=lines.append)
    assert "text: no track of the split train has a poem" in lines


def test_a_run_that_was_stopped_goes_on_to_the_same_space(world, tmp_path):
    whole = train(recipe(world, tmp_path / "whole"), quiet=True)
    shutil.copytree(tmp_path / "whole", tmp_path / "again")
    shutil.rmtree(tmp_path / "again" / "model")
    told = []
    again = train(recipe(world, tmp_path / "again"), quiet=True, tell=told.append)
    assert again.model.fingerprint == whole.model.fingerprint
    assert not [line for line in told if "vectors of" in line]  # they were kept


@pytest.mark.slow
def test_sounds_are_heard_once_and_told_with_their_labels(world, tmp_path):
    scheme = {"modalities": ["audio", "text"], "vectors": str(tmp_path / "kept")}
    told = []
    run = train(recipe(world, tmp_path / "run", **scheme), quiet=True, tell=told.append)
    encoder = run.model.encoders["audio"]
    assert isinstance(encoder, ConceptListener)
    assert encoder.embed_dim == 384 + len(encoder.concepts)
    assert sum(line.startswith("audio: vectors of") for line in told) == 1
    again = []
    train(recipe(world, tmp_path / "other", embed_dim=4, **scheme), quiet=True, tell=again.append)
    assert not [line for line in again if "vectors of" in line]


def test_a_space_is_evaluated_as_its_run_scored_it(world, tmp_path):
    run = train(recipe(world, tmp_path / "run"), quiet=True)
    settings = EvaluationSettings(bootstrap=Bootstrap(n_resamples=20))
    found = evaluate_model(str(run.bundle), world, settings, folder=tmp_path / "scores")
    assert found.report.metrics == pytest.approx(run.report.metrics)
    assert "| text → listening | 6, 6 |" in (tmp_path / "scores" / "report.md").read_text()
    assert found.to_json()["cross_modal"]["n_present"] == {"text": 8, "listening": 6}
    with pytest.raises(ConfigError, match="--tune-on is of models of labels"):
        evaluate_model(str(run.bundle), world, EvaluationSettings(tune_on="valid"))
    with pytest.raises(UnknownNameError, match="trian"):
        evaluate_model(str(run.bundle), world, EvaluationSettings(split="trian"))


def test_recipes_that_make_no_sense_are_refused(world, tmp_path):
    for scheme, message in (
        ({"modalities": ["text"]}, "fewer than two"),
        ({"modalities": ["text", "tags"]}, "tags"),
        ({"modalities": ["text", "image"]}, "what sees the covers"),
        ({"batch_size": 2}, "batch_size=2"),
        ({"temperature": 3.0}, "temperature=3"),
        ({"listening": {"weight": -1.0}}, "weight of listening"),
    ):
        with pytest.raises(ConfigError, match=message):
            recipe(world, tmp_path, **scheme)
    with pytest.raises(ConfigError, match="other_setting"):
        recipe(world, tmp_path, text={"network": {"other_setting": 1}})
    empty = Catalogue.create(tmp_path / "empty")
    empty.put_tracks([Track(track_id="a", split="train", texts={"review": "fine"})])
    with pytest.raises(ConfigError, match="has no track in the split"):
        train(recipe(empty.folder, tmp_path / "none"), quiet=True)
    assert not (tmp_path / "none").exists()
    unread = Catalogue.create(tmp_path / "unread")
    unread.put_tracks([replace(track, texts={}) for track in Catalogue.open(world).tracks()])
    with pytest.raises(ConfigError, match=r"no track of the split train in .* has text"):
        train(recipe(unread.folder, tmp_path / "none"), quiet=True)


def test_covers_join_in_by_an_encoder_that_another_recipe_has_left(world, tmp_path):
    tracks = Catalogue.open(world).tracks()
    rng = np.random.default_rng(0)
    covered = []
    for index, track in enumerate(tracks):
        cover = tmp_path / f"{track.track_id}.png"
        Image.fromarray(rng.integers(60 * (index % 4), 60 * (index % 4) + 40, (8, 8, 3), dtype=np.uint8)).save(cover)
        covered.append(replace(track, cover=None if index in (16, 17) else cover))
    catalogue = Catalogue.create(tmp_path / "covered")
    catalogue.put_tracks(covered)
    config = CoverConfig(side=32, n_channels=4)
    torch.manual_seed(0)
    CoverEncoder(config, build_cover_network(config)).save(tmp_path / "covers")
    scheme = {"modalities": ["image", "text"], "image": {"encoder": str(tmp_path / "covers")}}
    run = train(recipe(catalogue.folder, tmp_path / "run", **scheme), quiet=True)
    assert run.report.n_present == {"image": 6, "text": 8}
    ListeningEncoder(["00"], np.ones((1, 2), dtype=np.float32)).save(tmp_path / "plays")
    wrong = {**scheme, "image": {"encoder": str(tmp_path / "plays")}}
    with pytest.raises(ConfigError, match=r"scheme\.image\.encoder reads listening"):
        train(recipe(catalogue.folder, tmp_path / "wrong", **wrong), quiet=True)
