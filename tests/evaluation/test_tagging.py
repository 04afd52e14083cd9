"""Scoring a model over a catalogue's tracks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError, UnknownNameError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.tagging import evaluate_tagger
from tutti.models.bundles import ModelConfig
from tutti.models.model import Model
from tutti.models.taggers import build_tagger

OPTIONS = {"n_channels": 2, "sample_rate": 8000, "n_samples": 4000, "n_mels": 48}


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    config = ModelConfig(name="untrained", architecture="short_chunk_resnet", labels=("rock", "jazz"), options=OPTIONS)
    return Model(config, build_tagger("short_chunk_resnet", 2, **OPTIONS))


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """Six test tracks of noise, of which one is broken and one without tags."""
    catalogue = Catalogue.create(tmp_path / "noises")
    tracks = []
    for number in range(6):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, 0.1 * np.random.default_rng(number).standard_normal(9000), 8000)
        tags = ("Rock",) if number % 2 else ("jazz",)
        tracks.append(Track(track_id=str(number), audio=path, tags=tags, split="test"))
    (tmp_path / "5.wav").write_text("not a sound")
    catalogue.put_tracks([replace(tracks[0], tags=()), *tracks[1:]])
    return catalogue


def test_tracks_are_scored_by_their_averaged_excerpts_and_failures_are_named(model, catalogue, tmp_path):
    report = evaluate_tagger(model, catalogue, bootstrap=Bootstrap(n_resamples=20))
    assert (report.n_items, report.dataset, report.split) == (4, "noises", "test")
    assert list(report.failures) == ["5"]
    rock = np.array([model.predict(tmp_path / f"{number}.wav")[0] for number in (1, 2, 3, 4)])
    wins = np.mean(rock[[0, 2], None] > rock[[1, 3]])  # tracks 1 and 3 are rock, 2 and 4 are not
    assert report.labels[0].roc_auc.value == pytest.approx(wins)


def test_a_catalogue_without_splits_says_what_can_be_scored(model, catalogue):
    catalogue.put_tracks([replace(track, split=None) for track in catalogue.tracks()])
    with pytest.raises(ConfigError, match=r"no track of the catalogue .* is in a split") as caught:
        evaluate_tagger(model, catalogue)
    assert "--split all" in str(caught.value.hint)
    assert evaluate_tagger(model, catalogue, split="all", bootstrap=Bootstrap(n_resamples=2)).n_items == 4


def test_a_split_without_tracks_or_of_no_known_name_is_refused(model, catalogue):
    with pytest.raises(ConfigError, match="0 tracks in the split valid"):
        evaluate_tagger(model, catalogue, split="valid")
    with pytest.raises(UnknownNameError) as caught:
        evaluate_tagger(model, catalogue, split="tset")
    assert "did you mean 'test'" in caught.value.hint


def test_a_catalogue_of_other_tags_is_refused(model, catalogue):
    catalogue.put_tracks([replace(track, tags=("polka",)) for track in catalogue.tracks()])
    with pytest.raises(ConfigError, match="carries a label of untrained"):
        evaluate_tagger(model, catalogue)
