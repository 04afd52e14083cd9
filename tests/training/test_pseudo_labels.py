"""Pseudo-labels: what teachers said, where they heard it, stored once."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import torch

from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.models.bundles import ModelConfig
from tutti.models.model import Model
from tutti.models.taggers import build_tagger
from tutti.training.pseudo_labels import Answer, PseudoLabels, label_union, write_pseudo_labels

RATE = 16_000


def teacher(name: str, labels: tuple[str, ...] = ("rock", "jazz"), *, seed: int = 0, **options) -> Model:
    torch.manual_seed(seed)
    options = {"n_channels": 2, "n_hidden": 4, "n_samples": 16_000, **options}
    network = build_tagger("compact_cnn", len(labels), **options)
    return Model(ModelConfig(name=name, architecture="compact_cnn", labels=labels, options=options), network)


@pytest.fixture
def tracks(tmp_path):
    rng = np.random.default_rng(0)
    made = []
    for i, seconds in enumerate((2.5, 4.0, 0.5)):
        path = tmp_path / f"{i}.wav"
        soundfile.write(path, rng.normal(0, 0.1, int(seconds * RATE)), RATE)
        made.append(Track(track_id=f"t{i}", audio=path))
    return made


def test_an_answer_about_a_stretch_weighs_excerpts_by_their_overlap():
    answer = Answer(
        begins=np.array([0.0, 3.0], dtype=np.float32),
        ends=np.array([3.0, 6.0], dtype=np.float32),
        probabilities=np.array([[0.0, 1.0], [1.0, 0.0]], dtype=np.float32),
    )
    np.testing.assert_allclose(answer.between(2.0, 6.0), [0.75, 0.25])
    np.testing.assert_allclose(answer.between(7.0, 8.0), [1.0, 0.0])  # beyond the end: the nearest


def test_stored_answers_are_the_teachers_own(tracks, tmp_path):
    one, two = teacher("one"), teacher("two", seed=1)
    stored = write_pseudo_labels(tracks, {"genres": [one, two]}, tmp_path / "p")
    for track in tracks:
        for model, answer in zip((one, two), stored.answers(track.track_id, "genres"), strict=True):
            wanted = model.with_excerpts(hop=1.0).predict(track.audio, average=False)
            np.testing.assert_allclose(answer.probabilities, wanted, atol=1e-6)
    np.testing.assert_allclose(stored.answers("t0", "genres")[0].begins, [0.0, 1.0, 1.5])
    np.testing.assert_allclose(stored.answers("t2", "genres")[0].ends, [0.5])
    mean = np.mean([model.with_excerpts(hop=1.0).predict(tracks[1].audio) for model in (one, two)], axis=0)
    np.testing.assert_allclose(stored.of_track("t1")["genres"], mean, atol=1e-6)


def test_a_second_run_hears_only_what_is_new_or_changed(tracks, tmp_path):
    teachers = {"genres": [teacher("one")]}
    write_pseudo_labels(tracks[:1], teachers, tmp_path / "p")
    heard = []
    write_pseudo_labels(tracks, teachers, tmp_path / "p", on_progress=lambda done, *_: heard.append(done))
    assert heard == [2, 3]
    soundfile.write(tracks[0].audio, np.zeros(RATE), RATE)
    again = write_pseudo_labels(tracks, teachers, tmp_path / "p")
    assert len(again.answers("t0", "genres")[0].begins) == 1
    whole = write_pseudo_labels(tracks, teachers, tmp_path / "whole")
    for track in tracks:
        np.testing.assert_array_equal(
            again.of_track(track.track_id)["genres"], whole.of_track(track.track_id)["genres"]
        )


def test_a_file_that_cannot_be_heard_is_written_down_and_tried_again(tracks, tmp_path):
    broken = tmp_path / "broken.flac"
    broken.write_bytes(b"no music")
    tracks = [*tracks, Track(track_id="broken", audio=broken), Track(track_id="soundless")]
    stored = write_pseudo_labels(tracks, {"genres": [teacher("one")]}, tmp_path / "p")
    assert set(stored.track_ids) == {"t0", "t1", "t2"}
    assert list(stored.failures) == ["broken"]
    soundfile.write(broken, np.zeros(RATE), RATE)
    assert "broken" in write_pseudo_labels(tracks, {"genres": [teacher("one")]}, tmp_path / "p")
    assert not PseudoLabels.open(tmp_path / "p").failures


def test_teachers_of_different_rates_and_labels_are_heard_together(tracks, tmp_path):
    other = teacher("other", ("sad",), sample_rate=8_000, n_samples=8_000)
    stored = write_pseudo_labels(tracks, {"genres": [teacher("one")], "moods": [other]}, tmp_path / "p")
    assert stored.sets == {"genres": ("rock", "jazz"), "moods": ("sad",)}
    wanted = other.with_excerpts(hop=1.0).predict(tracks[1].audio)
    np.testing.assert_allclose(stored.of_track("t1")["moods"], wanted, atol=1e-6)


def test_labels_spelled_alike_are_one_and_a_table_merges_others():
    sets = {"a": ["rock", "vocals"], "b": ["rock", "singing"]}
    assert label_union(sets) == {
        "rock": ("a:rock", "b:rock"),
        "vocals": ("a:vocals",),
        "singing": ("b:singing",),
    }
    merged = label_union(sets, {"voice": ["a:vocals", "b:singing"], "rock": ["a:rock"]})
    assert merged == {"voice": ("a:vocals", "b:singing"), "rock": ("a:rock",), "rock (b)": ("b:rock",)}
    with pytest.raises(ConfigError, match="'b:opera', which no teacher has"):
        label_union(sets, {"opera": ["b:opera"]})
    with pytest.raises(ConfigError, match="'a:rock' is in the table of labels twice"):
        label_union(sets, {"rock": ["a:rock"], "loud": ["a:rock"]})


def test_teachers_that_do_not_fit_are_refused_in_words(tracks, tmp_path):
    with pytest.raises(ConfigError, match="there is no teacher"):
        write_pseudo_labels(tracks, {}, tmp_path / "a")
    pair = [teacher("one"), teacher("two", ("rock", "pop"))]
    with pytest.raises(ConfigError, match="different labels: 'jazz' is a label of one only"):
        write_pseudo_labels(tracks, {"genres": pair}, tmp_path / "b")
    with pytest.raises(ConfigError, match="none of 1 tracks has a sound"):
        write_pseudo_labels([Track(track_id="x")], {"genres": [teacher("one")]}, tmp_path / "c")
    write_pseudo_labels(tracks[:1], {"genres": [teacher("one")]}, tmp_path / "d")
    with pytest.raises(ConfigError, match="pseudo-labels of other teachers"):
        write_pseudo_labels(tracks, {"genres": [teacher("one", seed=5)]}, tmp_path / "d")
