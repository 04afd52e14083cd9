"""Whole probes on a catalogue of low and high tones, some of them noisy, with a model of random weights."""

import dataclasses
import json

import numpy as np
import pytest
import soundfile

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.evaluation import probe_vectors
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.probe_sets import ProbeSettings
from tutti.evaluation.probe_vectors import embed_tracks
from tutti.evaluation.probing import draw_few, estimates, probe_models
from tutti.models.model import Model
from tutti.search.indexing import index

SAMPLE_RATE = 8000


@pytest.fixture(scope="module")
def tones(tmp_path_factory) -> Catalogue:
    """48 tracks: 24 to learn from, 12 each to choose by and to score; half high, half noisy."""
    folder = tmp_path_factory.mktemp("tones")
    catalogue, tracks = Catalogue.create(folder / "catalogue"), []
    for number in range(48):
        rng, is_high, is_noisy = np.random.default_rng(number), number % 8 >= 4, number % 16 >= 8
        frequency = (1500 if is_high else 150) * rng.uniform(0.9, 1.1)
        waveform = 0.5 * np.sin(2 * np.pi * frequency * np.arange(SAMPLE_RATE) / SAMPLE_RATE)
        waveform += is_noisy * 0.2 * rng.standard_normal(SAMPLE_RATE)
        path = folder / f"{number:02}.wav"
        soundfile.write(path, waveform.clip(-1, 1), SAMPLE_RATE)
        tags = ("high" if is_high else "low", *(["noisy"] if is_noisy else []))
        split = ("train", "train", "valid", "test")[number % 4]
        tracks.append(Track(track_id=f"{number:02}", audio=path, tags=tags, split=split))
    catalogue.put_tracks(tracks)
    return catalogue


def settings(**given) -> ProbeSettings:
    return ProbeSettings(**{"labels": ("high", "noisy"), "bootstrap": Bootstrap(n_resamples=100), **given})


def test_what_can_be_heard_is_found_from_all_tracks_and_from_few(tones, small_model):
    report = probe_models([small_model], tones, settings(shots=(1, 5, None), probes=("linear", "mlp", "knn")))
    assert len(report.scores) == 9
    for one in report.scores:
        estimate = one.metrics["roc_auc_macro"]
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
        if one.shots is None:
            assert estimate.value > 0.9
            assert (one.n_draws, one.n_train, one.spread, one.chosen_on) == (1, 24, None, "valid")
        else:
            assert one.spread is not None
            assert (one.n_draws, one.chosen_on) == (5, None)
            assert one.n_train <= 2 * one.shots


def test_classes_are_probed_by_accuracy(tones, small_model):
    report = probe_models([small_model], tones, settings(task="classes", labels=("low", "high")))
    assert set(report.scores[0].metrics) == {"accuracy", "f1_macro"}
    assert report.scores[0].metrics["accuracy"].value > 0.9


def test_every_line_tells_dataset_split_seed_and_number_of_items(tones, small_model):
    report = probe_models([small_model], tones, settings(shots=(2,), seed=3, bootstrap=Bootstrap(n_resamples=50)))
    (line,) = report.lines()
    assert line.startswith(
        "small, linear probe, 2 a label, 5 draws, on catalogue, split test, 12 items, seed 3, bootstrap seed 0: ROC-AUC"
    )


def test_the_same_seed_gives_the_same_report_and_models_learn_from_the_same_draws(tones, small_model):
    twin = Model(dataclasses.replace(small_model.config, name="twin"), small_model.network)
    report = probe_models([small_model, twin], tones, settings(shots=(3,)))
    again = probe_models([twin, small_model], tones, settings(shots=(3,)))
    first, second = report.scores
    assert first.metrics == second.metrics == again.scores[0].metrics
    assert "| small | linear |" in report.to_markdown()
    assert "| twin | linear |" in report.to_markdown()


def test_labels_with_fewer_tracks_than_wanted_are_named_with_their_count(tones, small_model):
    report = probe_models([small_model], tones, settings(shots=(1, 50), labels=("high", "noisy", "harp"), n_draws=1))
    assert report.few == {50: {"high": 12, "noisy": 12}}
    assert report.left_out == {"harp": "no track in train"}
    page = report.to_markdown()
    assert "Fewer than 50 tracks to learn from, so that all there are were taken: high 12, noisy 12." in page
    assert "- harp: no track in train" in page


def test_a_study_that_goes_on_hears_nothing_again_and_a_new_model_alone(tones, small_model, tmp_path, monkeypatch):
    report = probe_models([small_model], tones, settings(), folder=tmp_path)
    assert json.loads((tmp_path / "probe.json").read_text()) == json.loads(json.dumps(report.to_json()))
    twin = small_model.with_excerpts(count=2)
    twin.config = dataclasses.replace(twin.config, name="twin")
    told = []
    probe_models([small_model, twin], tones, settings(), folder=tmp_path, tell=told.append)
    assert told[0] == "twin: listening to 48 tracks"
    monkeypatch.setattr(probe_vectors, "analyse", None)
    assert probe_models([small_model], tones, settings(), folder=tmp_path).scores == report.scores


def test_damaged_vectors_are_made_anew(tones, small_model, tmp_path):
    first = embed_tracks([small_model], tones.tracks(), tones, folder=tmp_path)
    (kept,) = (tmp_path / "vectors").iterdir()
    kept.write_bytes(b"torn")
    again = embed_tracks([small_model], tones.tracks(), tones, folder=tmp_path)
    assert again.n_heard == first.n_heard == {"small": 48}
    np.testing.assert_array_equal(again.vectors["small"]["00"], first.vectors["small"]["00"])


def test_an_index_spares_the_listening_until_a_file_changes(small_model, tmp_path):
    (tmp_path / "music").mkdir()
    for number in range(3):
        noise = 0.1 * np.random.default_rng(number).standard_normal(SAMPLE_RATE).clip(-5, 5)
        soundfile.write(tmp_path / "music" / f"{number}.wav", noise, SAMPLE_RATE)
    catalogue = Catalogue.create(tmp_path / "catalogue")
    index([tmp_path / "music"], catalogue, [small_model], jobs=1)
    stored = embed_tracks([small_model], catalogue.tracks(), catalogue)
    assert stored.n_heard == {"small": 0}
    np.testing.assert_array_equal(
        stored.vectors["small"][catalogue.tracks()[0].track_id], small_model.embed(catalogue.tracks()[0].audio)
    )
    soundfile.write(tmp_path / "music" / "1.wav", np.zeros(9000) + 0.1, SAMPLE_RATE)
    assert embed_tracks([small_model], catalogue.tracks(), catalogue).n_heard == {"small": 1}


def test_a_track_that_cannot_be_heard_is_left_out_and_named(tones, small_model, tmp_path):
    (tmp_path / "broken.wav").write_text("not a sound")
    catalogue = Catalogue.create(tmp_path / "catalogue")
    tracks = tones.tracks()
    catalogue.put_tracks([dataclasses.replace(tracks[3], audio=tmp_path / "broken.wav"), *tracks[:3], *tracks[4:]])
    report = probe_models([small_model], catalogue, settings())
    assert report.n_items == 11
    assert list(report.failures) == ["03"]


def test_two_models_of_one_name_are_refused(tones, small_model):
    with pytest.raises(ConfigError, match="different names, it got small, small"):
        probe_models([small_model, small_model], tones, settings())


def test_a_draw_has_each_label_as_often_as_asked_or_as_there_is():
    targets = np.zeros((40, 3), dtype=bool)
    targets[:20, 0], targets[20:38, 1], targets[38:, 2] = True, True, True
    rows = draw_few(targets, 5, rng=np.random.default_rng(0))
    assert targets[rows].sum(axis=0).tolist() == [5, 5, 2]
    other = draw_few(targets, 5, rng=np.random.default_rng(1))
    assert rows.tolist() != other.tolist()


def test_draws_that_differ_widen_the_interval_and_their_deviation_is_told():
    rng = np.random.default_rng(0)
    targets = rng.random((200, 1)) < 0.5
    good, bad = targets + 0.5 * rng.standard_normal((200, 1)), rng.standard_normal((200, 1))
    alike, no_spread = estimates(targets, [good, good], task="tags", bootstrap=Bootstrap(n_resamples=300))
    mixed, spread = estimates(targets, [good, bad], task="tags", bootstrap=Bootstrap(n_resamples=300))
    width = {name: one["roc_auc_macro"].high - one["roc_auc_macro"].low for name, one in (("a", alike), ("m", mixed))}
    assert width["m"] > 3 * width["a"]
    assert no_spread["roc_auc_macro"] == 0
    ends = [estimates(targets, [one], task="tags", bootstrap=Bootstrap(n_resamples=10))[0] for one in (good, bad)]
    values = [one["roc_auc_macro"].value for one in ends]
    assert mixed["roc_auc_macro"].value == pytest.approx(np.mean(values))
    assert spread["roc_auc_macro"] == pytest.approx(np.std(values, ddof=1))
