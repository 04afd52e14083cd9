"""Inference: the same result alone, in company and from threads, and failures that stay alone."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tutti.audio.recording import Recording
from tutti.errors import AudioError
from tutti.models.bundles import ModelConfig
from tutti.models.inference import Analysis, StageSeconds, analyse
from tutti.models.model import Model
from tutti.models.taggers import build_tagger

SECONDS = (0.05, 0.4, 0.5, 0.6, 1.3, 2.0, 3.7, 8.0, 0.7)


@pytest.fixture
def recordings(tmp_path) -> list[Recording]:
    """Nine noises of different lengths and sample rates."""
    found = []
    for number, seconds in enumerate(SECONDS):
        sample_rate = (8000, 22_050, 16_000)[number % 3]
        noise = np.random.default_rng(number).uniform(-0.5, 0.5, (round(seconds * sample_rate), 2))
        soundfile.write(tmp_path / f"{number}.wav", noise, sample_rate)
        found.append(Recording.from_file(tmp_path / f"{number}.wav", key=str(number)))
    return found


@pytest.fixture
def other_model(small_model) -> Model:
    """With other excerpts than the small one, so that it shares nothing but the decoding."""
    config = dataclasses.replace(small_model.with_excerpts(hop=0.3).config, name="other")
    return Model(config, small_model.network)


def by_key(analyses) -> dict[str, Analysis]:
    return {one.recording.key: one for one in analyses}


def assert_same(ours: Analysis, theirs: Analysis, name: str) -> None:
    ours, theirs = ours.results[name], theirs.results[name]
    assert ours.n_excerpts == theirs.n_excerpts
    np.testing.assert_array_equal(ours.probabilities, theirs.probabilities)
    np.testing.assert_array_equal(ours.vectors, theirs.vectors)


@pytest.mark.parametrize("jobs", [0, 1, 3])
def test_a_recording_s_result_does_not_depend_on_its_company_to_the_last_bit(
    jobs, recordings, small_model, other_model
):
    together = by_key(analyse(recordings, [small_model, other_model], jobs=jobs))
    backwards = by_key(analyse(recordings[::-1], [small_model], jobs=jobs))
    assert together.keys() == backwards.keys() == {one.key for one in recordings}
    for recording in recordings:
        (alone,) = analyse([recording], [small_model])
        assert_same(together[recording.key], alone, "small")
        assert_same(backwards[recording.key], alone, "small")


@pytest.mark.parametrize(
    "architecture", ["harmonic_cnn", "sample_cnn", "sample_cnn_rese", "sample_cnn_se", "short_chunk_cnn"]
)
def test_other_architectures_do_not_mind_company_either(architecture):
    torch.manual_seed(0)
    options = {"n_channels": 8}
    config = ModelConfig(name=architecture, architecture=architecture, labels=("a", "b", "c"), options=options)
    model = Model(config, build_tagger(architecture, 3, **options))
    noises = np.random.default_rng(0).uniform(-0.5, 0.5, (3, model.n_samples + 999)).astype(np.float32)
    recordings = [Recording.from_waveform(noise, 16_000, key=str(i)) for i, noise in enumerate(noises)]
    together = by_key(analyse(recordings, [model]))
    for recording in recordings:
        (alone,) = analyse([recording], [model])
        assert_same(together[recording.key], alone, architecture)


# torch computes the last few sigmoids of an array by another routine, which differs in the last bit.
@pytest.mark.parametrize("shift", [1, 5, 11])
def test_the_place_in_a_batch_does_not_matter_to_the_last_bit(shift, small_model):
    noises = np.random.default_rng(0).uniform(-0.5, 0.5, (32, 4000)).astype(np.float32)
    recordings = [Recording.from_waveform(noise, 8000, key=str(i)) for i, noise in enumerate(noises)]
    first, second = (
        by_key(analyse(these, [small_model])) for these in (recordings, recordings[shift:] + recordings[:shift])
    )
    for recording in recordings:
        assert_same(first[recording.key], second[recording.key], "small")


@pytest.mark.parametrize("n_before", range(4))
def test_the_last_bit_does_not_depend_on_the_place_in_a_batch(n_before, small_model):
    """torch's sigmoid computes the last numbers of a batch in another way than the others."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (17, 4000)).astype(np.float32)
    recordings = [Recording.from_waveform(one, 8000, key=str(i)) for i, one in enumerate(noise)]
    expected = by_key(analyse(recordings, [small_model]))
    shifted = by_key(analyse(recordings[n_before:], [small_model]))
    for key, analysis in shifted.items():
        assert_same(analysis, expected[key], "small")


def test_the_result_is_what_the_network_says_of_each_excerpt(small_model):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 9000).astype(np.float32)
    (analysis,) = analyse([Recording.from_waveform(noise, 8000)], [small_model], keep_excerpts=True)
    starts = [0, 2500, 5000]
    with torch.inference_mode():
        batch = torch.from_numpy(np.stack([noise[start : start + 4000] for start in starts]))
        expected = torch.sigmoid(small_model.network(batch)).numpy()
        vectors = small_model.network.represent(batch).numpy()
    np.testing.assert_allclose(analysis.results["small"].probabilities, expected, atol=1e-5)
    np.testing.assert_allclose(analysis.results["small"].vectors, vectors, atol=1e-4)


def test_probabilities_of_classes_are_the_mean_softmax_of_the_excerpts(small_model):
    classes = Model(dataclasses.replace(small_model.config, task="classes"), small_model.network)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 9000).astype(np.float32)
    rows = classes.predict(noise, 8000, average=False)
    batch = torch.from_numpy(np.stack([noise[start : start + 4000] for start in (0, 2500, 5000)]))
    with torch.inference_mode():
        np.testing.assert_allclose(rows, torch.softmax(small_model.network(batch), dim=1), atol=1e-5)
    np.testing.assert_allclose(classes.predict(noise, 8000), rows.mean(axis=0), atol=1e-6)
    assert classes.predict(noise, 8000).sum() == pytest.approx(1, abs=1e-6)


def test_the_number_of_excerpts_and_the_length_are_told(recordings, small_model):
    analyses = by_key(analyse(recordings, [small_model]))
    assert [analyses[str(i)].results["small"].n_excerpts for i in range(9)] == [1, 1, 1, 2, 3, 4, 4, 4, 2]
    for number, seconds in enumerate(SECONDS):
        assert analyses[str(number)].heard.duration == pytest.approx(seconds, abs=1e-3)


@pytest.mark.parametrize("jobs", [0, 2])
def test_a_file_that_fails_leaves_the_others_as_they_are(jobs, recordings, small_model, tmp_path):
    (tmp_path / "text.mp3").write_text("la la la")
    soundfile.write(tmp_path / "nan.wav", np.full(20_000, np.nan), 8000, subtype="FLOAT")
    bad = [Recording.from_file(tmp_path / name, key=name) for name in ("text.mp3", "nan.wav", "nowhere.wav")]
    mixed = [bad[0], *recordings[:4], bad[1], *recordings[4:], bad[2]]
    expected, analyses = by_key(analyse(recordings, [small_model])), by_key(analyse(mixed, [small_model], jobs=jobs))
    assert len(analyses) == 12
    for recording in recordings:
        assert_same(analyses[recording.key], expected[recording.key], "small")
    for recording in bad:
        assert recording.key in analyses[recording.key].failure.message
        assert analyses[recording.key].results == {}


def test_a_decoder_s_surprise_is_a_failure_like_any_other(recordings, small_model, monkeypatch):
    def surprise(self):
        raise MemoryError("a header asks for a terabyte")

    monkeypatch.setattr(Recording, "open", surprise)
    (analysis,) = analyse(recordings[:1], [small_model])
    assert isinstance(analysis.failure, AudioError)
    assert "MemoryError: a header asks for a terabyte" in analysis.failure.message


def test_recordings_are_taken_as_they_are_needed(recordings, small_model):
    n_taken = 0

    def taking():
        nonlocal n_taken
        for recording in recordings * 20:
            n_taken += 1
            yield recording

    analyses = analyse(taking(), [small_model])
    for _ in range(3):
        next(analyses)
    assert n_taken <= 40


@pytest.mark.parametrize("jobs", [1, 3])
def test_an_error_of_the_caller_s_own_iterable_is_the_caller_s(jobs, recordings, small_model):
    def failing():
        yield recordings[0]
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="the disk is gone"):
        list(analyse(failing(), [small_model], jobs=jobs))


def test_threads_end_when_the_caller_stops_reading(recordings, small_model):
    analyses = analyse(recordings * 5, [small_model], jobs=2)
    next(analyses)
    analyses.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decoder-")]


def test_no_recordings_give_no_analyses_and_no_models_give_empty_ones(recordings, small_model):
    assert list(analyse([], [small_model], jobs=2)) == []
    (analysis,) = analyse(recordings[:1], [])
    assert analysis.results == {}
    assert analysis.failure is None


def test_the_time_of_every_stage_is_added_up(recordings, small_model):
    seconds = StageSeconds()
    list(analyse(recordings, [small_model], seconds=seconds))
    assert min(seconds.decode, seconds.frontend, seconds.model) > 0


def test_silence_at_the_end_of_a_batch_is_no_excerpt(small_model, tmp_path: Path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 4000).astype(np.float32)
    (analysis,) = analyse([Recording.from_waveform(noise, 8000)], [small_model], keep_excerpts=True)
    assert analysis.results["small"].probabilities.shape == (1, 3)
