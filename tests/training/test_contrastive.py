"""The contrastive scheme: what its views are, what it is scored by, and whole runs on tones."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tutti.audio.augmentation import Augmentation, AugmentationConfig
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import open_store
from tutti.data.catalogue import Catalogue
from tutti.errors import ConfigError
from tutti.models.model import Model
from tutti.training.contrastive import ContrastiveConfig, ContrastiveLearning, found_at_once
from tutti.training.contrastive_network import nt_xent
from tutti.training.contrastive_runs import unlabelled_tracks
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train
from tutti.training.sounds import Sounds

N_SAMPLES = 100


@pytest.fixture
def sounds(tmp_path) -> Sounds:
    """Six ramps of 1000 samples, each of another height."""
    ramps = [np.linspace(0, height, 1000, dtype=np.float32) for height in np.linspace(0.2, 0.9, 6)]
    recordings = [Recording.from_waveform(one, 16_000, key=str(i)) for i, one in enumerate(ramps)]
    store = open_store(recordings, tmp_path / "store", sample_rate=16_000, resampling=Resampling())
    return Sounds(store=store, rows=np.arange(6))


def scheme_of(sounds, augment=None, **settings) -> ContrastiveLearning:
    config = ContrastiveConfig(**{"batch_size": 4, **settings})
    return ContrastiveLearning(sounds, sounds, config, n_samples=N_SAMPLES, seed=0, augment=augment)


def augmentation() -> Augmentation:
    return Augmentation(AugmentationConfig(), sample_rate=16_000)


class Slopes(nn.Module):
    """An encoder that tells a ramp's slope, wherever the excerpt was cut."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def project(self, waveforms):
        angle = 1500 * self.scale * (waveforms[:, -1] - waveforms[:, 0]) / N_SAMPLES
        return functional.normalize(torch.stack([angle.cos(), angle.sin()], dim=1), dim=1)


def test_the_two_views_of_a_track_are_cut_where_the_draw_says(sounds):
    scheme = scheme_of(sounds)
    (draw, _) = scheme.draws(1)
    views, tracks = scheme.load(draw)
    assert views.shape == (3, 2, N_SAMPLES)
    for row, starts, pair, track in zip(*draw.excerpts, views, tracks, strict=True):
        assert track == row
        heights = starts / 999 * np.linspace(0.2, 0.9, 6)[row]
        np.testing.assert_allclose(pair[:, 0], heights, atol=1e-4)
        assert starts[0] != starts[1]


def test_an_epoch_hears_each_track_as_often_as_asked_and_never_the_same_places_again(sounds):
    scheme = scheme_of(sounds, excerpts_per_track=3)
    draws = [*scheme.draws(1), *scheme.draws(2)]
    rows = np.concatenate([draw.excerpts.rows for draw in draws])
    assert np.bincount(rows).tolist() == [6] * 6
    starts = np.concatenate([draw.excerpts.starts for draw in draws])
    assert len({(row, *pair) for row, pair in zip(rows, starts.tolist(), strict=True)}) == 36
    assert [draw.seed for draw in scheme.draws(1)] == [draw.seed for draw in scheme.draws(1)]


def test_views_of_one_place_are_the_same_until_they_are_altered_each_for_itself(sounds):
    scheme = scheme_of(sounds, augmentation(), places="same")
    draw = scheme.draws(1)[0]
    batch = scheme.load(draw)
    torch.testing.assert_close(batch[0][:, 0], batch[0][:, 1], rtol=0, atol=0)
    altered, _ = scheme.alter(batch, draw)
    assert not torch.allclose(altered[:, 0], altered[:, 1])
    torch.testing.assert_close(altered, scheme.alter(batch, draw)[0], rtol=0, atol=0)


def test_without_anything_to_set_views_apart_nothing_could_be_learned(sounds):
    with pytest.raises(ConfigError, match="places = 'same', and without augmentation") as caught:
        scheme_of(sounds, places="same")
    assert "[augmentation]" in caught.value.hint
    with pytest.raises(ConfigError, match="6 of 6 tracks are no longer than one excerpt"):
        ContrastiveLearning(sounds, sounds, ContrastiveConfig(), n_samples=1000, seed=0)


def test_one_track_alone_is_told_from_nothing(sounds):
    alone = Sounds(store=sounds.store, rows=np.arange(1))
    with pytest.raises(ConfigError, match="there are 1 tracks to learn from"):
        ContrastiveLearning(alone, sounds, ContrastiveConfig(), n_samples=N_SAMPLES, seed=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 1}, "leaves no other track"),
        ({"temperature": 0.0}, "temperature=0 is not positive"),
        ({"momentum": 1.0}, "make no queue"),
        ({"queue": -1}, "make no queue"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        ContrastiveConfig(**settings)


def test_validation_scores_an_encoder_that_knows_the_tracks_as_perfect(sounds):
    scheme, network = scheme_of(sounds), Slopes()
    with torch.inference_mode():
        scores = scheme.validate(network)
        first, second = scheme.valid_projections(network)
        assert scheme.validate(network) == scores
    assert scores["top_1"] == 1.0
    halves = [
        nt_xent(first[some], second[some], tracks=torch.arange(3), temperature=0.1) for some in ([0, 1, 2], [3, 4, 5])
    ]
    assert scores["loss"] == pytest.approx(float(sum(halves)) / 2, abs=1e-6)


def test_found_at_once_asks_each_view_among_all_others():
    first = torch.eye(3)[[0, 1, 1]]  # the last two tracks' first views are the same
    second = torch.eye(3)
    # track 0: both views are each other's nearest; track 1: ties, of which the first counts; track 2: neither
    assert found_at_once(first, second).tolist() == [1.0, 0.5, 0.0]


# Whole runs


@pytest.fixture
def contrastive(table) -> dict:
    """The recipe of the tones without their tags."""
    table["data"] = {"catalogue": table["data"]["catalogue"]}
    table["scheme"] = {"name": "contrastive", "batch_size": 8, "excerpts_per_track": 4, "dimensions": 16}
    table["model"]["options"]["n_samples"] = 2048
    return table


def test_a_run_leaves_an_encoder_without_labels_that_finds_other_views(contrastive):
    contrastive["training"] |= {"epochs": 12, "learning_rate": 0.01, "patience": 0}
    run = train(parse_recipe(contrastive), quiet=True)
    loaded = Model.load(run.bundle)
    assert (loaded.config.task, loaded.labels) == ("vectors", ())
    assert loaded.embed(np.full(8000, 0.1, dtype=np.float32), 8000).shape == (loaded.embed_dim,)
    assert run.report.n_items == 8
    assert run.report.metrics["top_1"].value > 0.4  # by chance 1 in 15
    assert run.history.best.valid["top_1"] == pytest.approx(run.report.metrics["top_1"].value)
    assert "catalogue, split valid, 8 items, training seed 0, bootstrap seed 0" in run.report.line()
    report, kept = json.loads((run.folder / "report.json").read_text()), loaded.config.scores
    assert kept == {key: report[key] for key in kept}
    assert {"dataset", "split", "seed", "n_items", "metrics", "chance"} <= set(kept)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [{}, {"queue": 24, "momentum": 0.9}], ids=["batch", "queue"])
def test_a_run_that_goes_on_ends_as_one_that_was_left_alone(contrastive, tmp_path, monkeypatch, scheme):
    import tutti.training.trainer as trainer_module

    contrastive["scheme"] |= scheme
    recipe = parse_recipe(contrastive)
    unharmed = train(replace(recipe, output=tmp_path / "unharmed"), quiet=True).model.network.state_dict()
    step, steps = trainer_module._step, iter(range(12))

    def step_until_killed(*arguments):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(trainer_module, "_step", step_until_killed)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, quiet=True)
    monkeypatch.undo()
    resumed = train(recipe, quiet=True).model.network.state_dict()
    assert all(torch.equal(unharmed[name], tensor) for name, tensor in resumed.items())


@pytest.mark.slow
def test_tags_play_no_part_and_the_test_split_is_not_heard(contrastive, tones, tmp_path):
    bare = Catalogue.create(tmp_path / "bare")
    bare.put_tracks([replace(one, tags=()) for one in tones.tracks() if one.split != "test"])
    first = train(parse_recipe(contrastive), quiet=True).model.network.state_dict()
    contrastive |= {"data": {"catalogue": str(bare.folder)}, "output": str(tmp_path / "other")}
    second = train(parse_recipe(contrastive), quiet=True).model.network.state_dict()
    assert all(torch.equal(first[name], tensor) for name, tensor in second.items())


def test_a_catalogue_without_splits_holds_out_a_tenth(tones, tmp_path):
    catalogue = Catalogue.create(tmp_path / "unsplit")
    tracks = [replace(one, split=None) for one in tones.tracks()]
    catalogue.put_tracks([*tracks, replace(tracks[0], track_id="copy", duplicate_of=tracks[0].track_id)])
    split = unlabelled_tracks(catalogue, seed=0)
    assert (len(split["train"]), len(split["valid"])) == (29, 3)


def test_what_was_held_out_by_artist_is_told_with_its_scores(contrastive, tones, tmp_path):
    catalogue = Catalogue.create(tmp_path / "unsplit")
    catalogue.put_tracks([replace(one, split=None) for one in tones.tracks()])
    contrastive |= {"data": {"catalogue": str(catalogue.folder)}}
    contrastive["training"] |= {"epochs": 1}
    run = train(parse_recipe(contrastive), quiet=True)
    assert run.report.split == "valid (drawn by artist, seed 0)"


def test_a_catalogue_without_sounds_says_so(tmp_path):
    with pytest.raises(ConfigError, match="no track with a sound to learn from"):
        unlabelled_tracks(Catalogue.create(tmp_path / "empty"), seed=0)


def test_several_processes_are_refused_in_words(contrastive):
    contrastive["training"] |= {"devices": 2}
    with pytest.raises(ConfigError, match=r"training.devices = 2: tracks are told from the others of a whole batch"):
        train(parse_recipe(contrastive), quiet=True)


def test_an_unknown_setting_of_the_scheme_names_the_nearest():
    with pytest.raises(ConfigError, match="temprature") as caught:
        parse_recipe({"name": "x", "scheme": {"name": "contrastive", "temprature": 0.2}})
    assert "scheme.temperature" in caught.value.hint


@pytest.mark.slow
def test_another_recipe_starts_from_the_encoder(contrastive, tones, tmp_path):
    encoder = train(parse_recipe(contrastive), quiet=True)
    contrastive |= {
        "output": str(tmp_path / "tagger"),
        "data": {"catalogue": str(tones.folder), "min_positives": 2},
        "scheme": {"batch_size": 8},
        "model": {**contrastive["model"], "start": {"from": str(encoder.bundle), "frozen": ["encoder"]}},
    }
    tagger = train(parse_recipe(contrastive), quiet=True)
    theirs, ours = encoder.model.network.encoder.state_dict(), tagger.model.network.encoder.state_dict()
    assert all(torch.equal(theirs[name], tensor) for name, tensor in ours.items())
    assert tagger.model.config.task == "tags"


def test_a_score_of_labels_cannot_tell_the_best_epoch(contrastive):
    contrastive["training"] |= {"monitor": "pr_auc_macro"}
    recipe = parse_recipe(contrastive)
    with pytest.raises(ConfigError, match="'pr_auc_macro' is of labels") as caught:
        train(recipe, quiet=True)
    assert "top_1" in caught.value.hint
    assert not recipe.folder.exists()
