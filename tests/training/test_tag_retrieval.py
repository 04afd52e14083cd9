"""Tags and songs: how triplets are drawn, runs by sound, by listeners and by both, and what comes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tutti.data.catalogue import Catalogue
from tutti.data.items import items_of
from tutti.data.track import Listens
from tutti.errors import ConfigError, UnknownNameError
from tutti.models.space_models import SpaceModel
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train
from tutti.training.tag_retrieval import (
    SAMPLINGS,
    TagLearning,
    TagRetrievalConfig,
    TagSongNetwork,
    TagSongSpace,
    draw_pairs,
)
from tutti.training.views import MatrixView

WORDS = "4 4\nlow 1 0 0 0\nhigh_pitched 0 1 0 0\nnoisy 0 0 1 0\npure 0 0 0 1\n"


@pytest.fixture(scope="module")
def played(tones, tmp_path_factory) -> Catalogue:
    """The tones, and listeners who each like one of the four tags; nobody has played the last of each split."""
    catalogue = Catalogue.create(tmp_path_factory.mktemp("played") / "catalogue")
    tracks = tones.tracks()
    catalogue.put_tracks(tracks)
    rng = np.random.default_rng(0)
    catalogue.put_listens(
        Listens(user=f"{tag} {number}", track_id=track.track_id, plays=int(rng.integers(1, 9)))
        for tag in ("High-Pitched", "low", "noisy", "pure")
        for number in range(4)
        for track in tracks[:-4]
        if tag in track.tags and rng.random() < 0.7
    )
    return catalogue


def table_of(played: Catalogue, folder: Path) -> dict[str, Any]:
    (folder / "words.txt").write_text(WORDS)
    return {
        "name": "tags",
        "output": str(folder / "run"),
        "data": {"catalogue": str(played.folder), "min_positives": 2},
        "model": {
            "architecture": "tag_song_cnn",
            "options": {"sample_rate": 8000, "n_samples": 4096, "n_fft": 256, "hop_length": 32}
            | {"n_mels": 32, "n_channels": 2, "n_outputs": 8},
            "excerpts": {"count": 1},
        },
        "scheme": {
            "name": "tag-retrieval",
            "words": str(folder / "words.txt"),
            "song": "listening",
            "factors": {"n_factors": 3},
            "n_triplets": 64,
            "batch_size": 16,
            "embed_dim": 8,
            "n_hidden": 16,
            "dropout": 0.0,
            "valid_excerpts": 1,
        },
        "training": {
            "epochs": 4,
            "learning_rate": 3e-2,
            "accelerator": "cpu",
            "loaders": 0,
            "monitor": "pr_auc_macro",
        },
        "evaluation": {"n_resamples": 20},
    }


@pytest.fixture
def tag_table(played, tmp_path) -> dict[str, Any]:
    return table_of(played, tmp_path)


@pytest.fixture(scope="module")
def listened(played, tmp_path_factory):
    """A run by listeners, what it told, and its table, which lies in a folder of its own."""
    table = table_of(played, tmp_path_factory.mktemp("listened"))
    return *carried_out(table), table


def carried_out(table: dict[str, Any], **changes: Any):
    told: list[str] = []
    scheme = {key: value for key, value in changes.items() if key != "training"}
    training = {**table["training"], **changes.get("training", {})}
    changed = {**table, "scheme": {**table["scheme"], **scheme}, "training": training}
    return train(parse_recipe(changed), quiet=True, tell=told.append), told


def learning(targets: np.ndarray, **changes: Any) -> TagLearning:
    n_songs, n_tags = targets.shape
    config = TagRetrievalConfig(**{"n_triplets": 200, "batch_size": 32, "embed_dim": 4, "n_hidden": 8, **changes})
    rng = np.random.default_rng(0)
    return TagLearning(
        [MatrixView("audio", rng.standard_normal((n_songs, 5)).astype(np.float32), np.ones(n_songs, dtype=bool))],
        rng.standard_normal((n_tags, 3)).astype(np.float32),
        targets.astype(np.float32),
        train=np.arange(n_songs // 2),
        valid=np.arange(n_songs // 2, n_songs),
        config=config,
        seed=0,
    )


def network(scheme: TagLearning) -> TagSongNetwork:
    space = TagSongSpace(3, "audio", (5,), TagRetrievalConfig(embed_dim=4, n_hidden=8).layers((5,), is_learned=False))
    return TagSongNetwork([view.network for view in scheme.views], space)


def test_balanced_sampling_draws_exactly_100_anchors_a_tag_of_100_tags():
    targets = np.random.default_rng(0).random((500, 100)) < np.linspace(0.05, 0.9, 100)
    pairs = draw_pairs(targets, 10_000, balanced=True, rng=np.random.default_rng(1))
    assert np.bincount(pairs.tags, minlength=100).tolist() == [100] * 100
    assert targets[pairs.songs, pairs.tags].all()


def test_random_sampling_draws_songs_evenly_and_so_frequent_tags_often():
    targets = np.array([[True, False], [True, False], [True, True], [False, False]])
    pairs = draw_pairs(targets, 6000, balanced=False, rng=np.random.default_rng(1))
    assert np.bincount(pairs.songs, minlength=4)[:3] / 6000 == pytest.approx([1 / 3] * 3, abs=0.03)
    assert np.mean(pairs.tags == 0) == pytest.approx(5 / 6, abs=0.03)
    assert 3 not in pairs.songs


def test_the_same_epoch_draws_the_same_and_another_one_other_triplets():
    scheme = learning(np.random.default_rng(0).random((40, 6)) < 0.5)
    rows = [np.concatenate([draw.excerpts.rows for draw in scheme.draws(epoch)]) for epoch in (1, 1, 2)]
    np.testing.assert_array_equal(rows[0], rows[1])
    assert (rows[0] != rows[2]).any()
    assert len(rows[0]) == 200
    assert scheme.n_steps == 7


def test_a_batch_holds_tags_with_songs_that_carry_them():
    scheme = learning(np.random.default_rng(0).random((40, 6)) < 0.5)
    draw = scheme.draws(1)[0]
    tags, presence, carried, inputs = scheme.alter(scheme.load(draw), draw)
    assert (carried[torch.arange(len(tags)), tags] == 1).all()
    assert presence.all()
    assert inputs.shape == (len(tags), 5)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_every_sampling_gives_a_loss_that_can_be_lowered(sampling):
    scheme = learning(np.random.default_rng(0).random((40, 6)) < 0.3, sampling=sampling)
    trained = network(scheme)
    loss = scheme.loss(trained, scheme.load(scheme.draws(1)[0]))
    loss.backward()
    assert 0 < loss.item() < 2.4
    assert all(parameter.grad is not None for parameter in trained.parameters())


def test_anchors_whose_tag_all_songs_carry_are_left_out_counted_and_told_once():
    targets = np.zeros((40, 2), dtype=bool)
    targets[:, 0] = True
    targets[::2, 1] = True
    scheme = learning(targets)
    trained = network(scheme).eval()
    for draw in scheme.draws(1):
        scheme.loss(trained, scheme.load(draw))
    assert scheme.validate(trained)["left_out"] == 100
    assert scheme.validate(trained)["left_out"] == 0


def test_validation_gives_map_and_stays_the_same():
    scheme = learning(np.random.default_rng(0).random((40, 6)) < 0.5)
    trained = network(scheme).eval()
    first, second = scheme.validate(trained), scheme.validate(trained)
    assert first == second
    assert {"loss", "pr_auc_macro", "roc_auc_macro"} <= {*first}


def test_tags_find_songs_by_their_listeners(listened):
    run, told, _ = listened
    assert run.report.metrics["map"].value > run.report.metrics["map_chance"].value + 0.2
    assert run.report.failures == {"31": "there is nothing to know it by"}
    assert any("of 8" not in line and "played" in line for line in told)


def test_a_run_is_a_space_that_places_words_and_the_same_again(listened):
    run, _, table = listened
    again, _ = carried_out(table)  # nothing is left to do
    loaded = SpaceModel.load(run.bundle)
    assert loaded.fingerprint == run.model.fingerprint == again.model.fingerprint
    assert loaded.modalities == ("text", "listening")
    points = loaded.place_texts(["low", "Low Noisy", "zzzzzz"])
    assert np.linalg.norm(points[0]) == pytest.approx(1, abs=1e-5)
    assert np.isnan(points[2]).all()
    assert run.model.config.training["tags"] == ["high pitched", "low", "noisy", "pure"]


def test_the_same_seed_gives_the_same_space_in_another_folder(listened, tmp_path):
    first, _, table = listened
    second, _ = carried_out({**table, "output": str(tmp_path / "other")})
    assert first.model.fingerprint == second.model.fingerprint
    assert first.report.metrics == second.report.metrics


def test_a_run_that_was_stopped_goes_on_to_the_same_space(listened, tmp_path, monkeypatch):
    whole, _, table = listened
    table = {**table, "output": str(tmp_path / "stopped")}
    validate, calls = TagLearning.validate, []

    def stopped(self, trained):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return validate(self, trained)

    with monkeypatch.context() as patched:
        patched.setattr(TagLearning, "validate", stopped)
        with pytest.raises(KeyboardInterrupt):
            carried_out(table)
    resumed, _ = carried_out(table)
    assert resumed.model.fingerprint == whole.model.fingerprint


def test_a_sound_is_learned_end_to_end_and_its_vector_is_its_point(tag_table, played):
    run, _ = carried_out(tag_table, song="audio")
    assert run.model.projection.song.join == "vector"
    items = items_of(played.tracks(where="split = 'test'"))
    points = run.model.place(items).points["audio"]
    vectors = run.model.encoders["audio"].encode(items).vectors
    np.testing.assert_allclose(points, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("changes", [{}, {"join": "fusion", "modality_dropout": 0.3}], ids=["concat", "gated"])
def test_sound_and_listeners_together_place_songs_that_nobody_played(tag_table, played, changes):
    run, _ = carried_out(tag_table, song="both", **changes)
    items = items_of(played.tracks(where="split = 'test'"))
    points = SpaceModel.load(run.bundle).place(items).points["audio"]
    assert np.isfinite(points).all()
    assert run.report.n_items == 8


@pytest.mark.slow
def test_vectors_of_a_trained_tagger_are_heard_once_and_kept(tag_table, tmp_path):
    first, _ = carried_out(tag_table, song="audio")
    tagger = str(first.bundle / "encoders" / "audio")
    kept = {**tag_table, "output": str(tmp_path / "kept")}
    run, told = carried_out(kept, song="audio", encoder=tagger)
    assert any("vectors of" in line for line in told)
    assert run.model.projection.song.join == "layers"
    assert list((tmp_path / "kept" / "vectors").glob("*.npz"))
    _, told = carried_out(kept, song="audio", encoder=tagger)
    assert not any("vectors of" in line for line in told)


def test_tags_that_the_words_do_not_know_are_left_out_and_told(tag_table, tmp_path):
    (tmp_path / "words.txt").write_text("3 2\nlow 1 0\nnoisy 0 1\npure 1 1\n")
    run, told = carried_out(tag_table)
    assert run.report.left_out["high pitched"] == "no word vector is known of it"
    assert any("no word vector is known of 1 tags" in line for line in told)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"words": "nowhere.bin"}, "no file of word vectors"),
        ({"song": "listening", "encoder": "tutti-small"}, "by their listeners alone"),
        ({"factors": {"method": "bpr", "n_factors": 3}}, "held out"),
        ({"n_triplets": 1}, "nothing to tell songs from"),
        ({"training": {"monitor": "top_1"}}, "not told by tags"),
        ({"margin": 3.0}, "margin"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tag_table, changes, message):
    with pytest.raises(ConfigError, match=message):
        carried_out(tag_table, **changes)
    assert not Path(tag_table["output"]).exists()


def test_factors_that_cannot_be_are_refused_before_any_sound_is_heard(tag_table, played, tmp_path):
    silent = Catalogue.create(tmp_path / "silent")
    silent.put_tracks([replace(one, audio=tmp_path / "nowhere.wav") for one in played.tracks()])
    silent.put_listens(played.listens())
    tag_table["data"]["catalogue"] = str(silent.folder)
    with pytest.raises(ConfigError, match="500"):
        carried_out(tag_table, song="both", factors={"n_factors": 500})


def test_a_catalogue_without_plays_is_told(tag_table, tones):
    with pytest.raises(ConfigError, match="by their listeners") as caught:
        carried_out({**tag_table, "data": {**tag_table["data"], "catalogue": str(tones.folder)}})
    assert "scheme.plays" in str(caught.value.hint)


def test_an_unknown_sampling_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="balance"):
        TagRetrievalConfig(sampling="balance")
