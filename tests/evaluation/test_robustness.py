"""The robustness study: what is compared with what, what is kept, and what is told."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tutti.audio.deformations import DEFORMATIONS, deform
from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError, UnknownNameError
from tutti.evaluation.intervals import Bootstrap, paired_differences
from tutti.evaluation.robustness import robustness_study
from tutti.evaluation.robustness_listening import conditions_of
from tutti.evaluation.robustness_report import PUBLISHED_COLUMNS, published_scores
from tutti.evaluation.robustness_scores import Heard, score_model
from tutti.evaluation.tagging import evaluate_tagger
from tutti.models.bundles import ModelConfig
from tutti.models.model import Model
from tutti.models.taggers import build_tagger

RATE = 8000
FEW = Bootstrap(n_resamples=30)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Nine test tracks of 0.6 s, tones and noises; one is broken, one carries none of the labels."""
    catalogue = Catalogue.create(tmp_path / "sounds")
    tracks = []
    for number in range(9):
        rng = np.random.default_rng(number)
        tone = 0.3 * np.sin(2 * np.pi * rng.uniform(100, 2000) * np.arange(4800) / RATE)
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, tone + 0.05 * number * rng.standard_normal(4800).clip(-2, 2) / 2, RATE)
        tags = ("Low", "noisy") if number % 2 else ("high",)
        tracks.append(Track(track_id=str(number), audio=path, tags=tags, split="test"))
    (tmp_path / "8.wav").write_text("not a sound")
    catalogue.put_tracks([replace(tracks[0], tags=("polka",)), *tracks[1:]])
    return catalogue


@pytest.fixture
def study(small_model, catalogue, tmp_path):
    """A function that runs a study and gives its report and what it told."""

    def run(*models: Model, **settings):
        told: list[str] = []
        report = robustness_study(
            models or [small_model],
            catalogue,
            folder=tmp_path / "study",
            bootstrap=FEW,
            tell=told.append,
            **settings,
        )
        return report, told

    return run


def test_columns_are_those_of_the_published_figure(study):
    report, told = study()
    assert tuple(column.title for column in report.models[0].columns) == PUBLISHED_COLUMNS
    assert len(told) == 1 + sum(len(rates) for rates in DEFORMATIONS.values())


def test_the_originals_score_as_in_evaluation_and_failures_are_named(study, small_model, catalogue):
    (found,) = study(deformations=["white_noise"])[0].models
    evaluated = evaluate_tagger(small_model, catalogue, bootstrap=FEW)
    for metric in ("roc_auc_macro", "pr_auc_macro"):
        assert found.columns[0].metrics[metric] == evaluated.metrics[metric]
    assert found.n_items == 8
    assert list(found.failures) == ["8"]


def test_a_deformed_score_is_that_of_the_whole_track_deformed_at_the_models_rate(study, small_model, tmp_path):
    study(deformations=["pitch_shift", "dynamic_range"])
    for key, name, rate in (
        ("pitch_shift_-1", "pitch_shift", -1.0),
        ("dynamic_range_speech", "dynamic_range", "speech"),
    ):
        kept = np.load(tmp_path / "study" / "predictions" / "small" / f"{key}.npz")
        row = kept["track_ids"].tolist().index("3")
        waveform, _ = soundfile.read(tmp_path / "3.wav", dtype="float32")
        expected = small_model.predict(deform(waveform, RATE, name, rate), RATE)
        np.testing.assert_array_equal(kept["probabilities"][row], expected)


def test_two_settings_are_combined_by_their_mean_and_told_by_themselves(study):
    (found,) = study(deformations=["time_stretch"])[0].models
    first, second = found.settings
    for metric, combined in found.columns[1].metrics.items():
        assert combined.value == pytest.approx((first.metrics[metric].value + second.metrics[metric].value) / 2)
        assert combined.low <= combined.value <= combined.high


def test_differences_are_paired(study, small_model, catalogue, tmp_path):
    (found,) = study(deformations=["white_noise"])[0].models
    scores = {}
    for key in ("original", "white_noise_0.4"):
        kept = np.load(tmp_path / "study" / "predictions" / "small" / f"{key}.npz")
        scores[key] = kept["probabilities"][np.argsort(kept["track_ids"])]
    odd = np.arange(8) % 2 == 1
    targets = np.stack([odd, ~odd & (np.arange(8) > 0), odd], axis=1)  # low, high, noisy
    expected = paired_differences(targets, scores["white_noise_0.4"], scores["original"], bootstrap=FEW)
    for metric, difference in found.columns[-1].differences.items():
        assert difference == expected[metric]


def test_what_was_heard_is_not_heard_again(study, tmp_path):
    first, _ = study()
    again, told = study()
    assert again == first
    assert told == []
    (tmp_path / "study" / "predictions" / "small" / "white_noise_0.4.npz").unlink()
    (tmp_path / "study" / "predictions" / "small" / "original.npz").write_bytes(b"damaged")
    again, told = study()
    assert again == first
    assert [line.split(":")[0] for line in told] == ["original", "white noise 0.4"]


def test_another_model_of_the_same_name_or_changed_tracks_are_heard_anew(study, small_model, catalogue):
    study(deformations=["white_noise"])
    assert len(study(small_model.with_excerpts(count=1), deformations=["white_noise"])[1]) == 3
    catalogue.delete_tracks(["1"])
    assert len(study(deformations=["white_noise"])[1]) == 3


def test_models_are_heard_together_and_told_apart(study, small_model):
    other = Model(replace(small_model.config, name="other"), small_model.network)
    report, told = study(small_model, other, deformations=["dynamic_range"])
    assert len(told) == 3
    assert [one.model for one in report.models] == ["small", "other"]
    assert report.models[0].columns == report.models[1].columns


def test_a_track_that_a_stretch_makes_shorter_than_an_excerpt_is_repeated(study, small_model, tmp_path):
    study(deformations=["time_stretch"])
    assert small_model.n_samples > 4800 / 2**0.5
    kept = np.load(tmp_path / "study" / "predictions" / "small" / "time_stretch_1.414.npz")
    assert len(kept["track_ids"]) == 8


def test_published_scores_are_those_of_figure_3_8():
    assert published_scores("musicnn")["white noise 0.4"] == {"roc_auc_macro": 0.795, "pr_auc_macro": 0.248}
    assert published_scores("fcn")["original"] == {"roc_auc_macro": 0.899, "pr_auc_macro": 0.429}
    assert published_scores("short_chunk_resnet") == {}


def test_published_scores_stand_beside_a_published_model_on_its_dataset_only(small_model, catalogue):
    rng, tracks = np.random.default_rng(0), catalogue.tracks()
    said = Heard(probabilities={track.track_id: rng.random(3, dtype=np.float32) for track in tracks}, failures={})
    heard = {"original": ("original", said), "white noise 0.1": ("white noise 0.1", said)}

    def published(*, is_published: bool = True, **changed) -> dict[str, float]:
        model = Model(
            replace(small_model.config, **{"architecture": "fcn", "options": {}} | changed), small_model.network
        )
        scored = score_model(model, tracks, heard, bootstrap=FEW, is_published=is_published)
        return scored.columns[1].published

    assert published() == {"roc_auc_macro": 0.858, "pr_auc_macro": 0.335}
    assert published(is_published=False) == {}
    assert published(architecture="short_chunk_resnet") == {}
    assert published(labels=("low", "high", "90s")) == {}  # the labels of another dataset


def test_the_dataset_of_a_catalogue_is_told_with_its_protocol(study, catalogue):
    catalogue.put_facts(
        {track.track_id: {"dataset": "magnatagatune", "protocol": "filtered"} for track in catalogue.tracks()}
    )
    assert study(deformations=["white_noise"])[0].dataset == "magnatagatune (filtered)"


def test_the_report_says_on_what_and_is_written_with_its_figure(study, tmp_path):
    report, _ = study()
    text = (tmp_path / "study" / "robustness.md").read_text()
    assert "sounds, split test, 8 items, bootstrap seed 0, noise seed 0" in text
    assert "the mean of the scores at their two settings" in text
    assert json.loads((tmp_path / "study" / "robustness.json").read_text()) == json.loads(json.dumps(report.to_json()))
    assert (tmp_path / "study" / "robustness.png").read_bytes().startswith(b"\x89PNG")


def test_what_makes_no_sense_is_refused(study, small_model, tmp_path):
    with pytest.raises(UnknownNameError, match="no deformation called 'noise'"):
        conditions_of(["noise"])
    with pytest.raises(ConfigError, match="models of different names, it got small, small"):
        study(small_model, small_model)
    with pytest.raises(UnknownNameError, match="split"):
        study(split="tset")
    assert not (tmp_path / "study").exists()
    (tmp_path / "study").write_text("a file")
    with pytest.raises(ConfigError, match="is no folder"):
        study()


def test_a_catalogue_of_which_nothing_can_be_heard_is_told_with_the_reason(study, tmp_path):
    for number in range(9):
        (tmp_path / f"{number}.wav").write_text("not a sound")
    with pytest.raises(ConfigError, match=r"could hear none of 9 tracks under all deformations: .* not a sound file"):
        study(deformations=["white_noise"])


def test_fcn_hears_a_clip_of_29_seconds_that_was_made_20_6_by_playing_it_faster():
    network = build_tagger("fcn", 2, n_channels=4)
    model = Model(ModelConfig(name="fcn", architecture="fcn", labels=("a", "b"), options={"n_channels": 4}), network)
    clip = 0.1 * np.random.default_rng(0).standard_normal(465_984).astype(np.float32)
    faster = deform(clip, 16_000, "time_stretch", 2**0.5)
    assert len(faster) < model.n_samples < len(clip)
    np.testing.assert_array_equal(model.predict(faster, 16_000), model.predict(np.resize(faster, 464_000), 16_000))
