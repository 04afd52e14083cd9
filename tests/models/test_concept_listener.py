"""What a tagger says of a sound, as log odds of concepts, heard anew or taken from what it said before."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from tutti.data.items import items_of
from tutti.data.track import Track
from tutti.errors import ConfigError, ModelError, ShapeError
from tutti.models.concept_listener import ConceptListener, ConceptListenerConfig, log_odds
from tutti.models.encoder_kinds import load_encoder
from tutti.models.model import Model

CONFIG = ConceptListenerConfig(
    tagger="any",
    tagger_fingerprint="",
    labels=("rock", "rock (msd)", "vocals", "no vocals"),
    concepts={"rock": {"rock": 1, "rock (msd)": 1}, "vocals": {"vocals": 1, "no vocals": -1}},
    n_vector=2,
)


def test_labels_of_one_concept_are_averaged_and_absences_turned_round() -> None:
    heard = ConceptListener(CONFIG).from_predictions(np.array([[7.0, 8.0]]), np.array([[0.5, 0.9, 0.9, 0.1]]))
    nine = np.log(9)
    np.testing.assert_allclose(heard, [[nine / 2, nine, 7, 8]], rtol=1e-5)


def test_certainty_is_bounded_and_what_was_not_heard_stays_so() -> None:
    assert log_odds(np.array([1.0]))[0] == pytest.approx(np.log(9999), rel=1e-3)
    assert np.isnan(log_odds(np.array([np.nan]))).all()


def test_predictions_of_another_tagger_are_refused() -> None:
    with pytest.raises(ShapeError, match="has 2 dimensions and 4 labels"):
        ConceptListener(CONFIG).from_predictions(np.zeros((1, 2)), np.zeros((1, 5)))


def test_hearing_a_file_gives_what_its_stored_predictions_give(small_model: Model, sine_wav: Path) -> None:
    listener = ConceptListener.of(small_model)
    track = Track(track_id="sine", audio=sine_wav)
    heard = listener.encode(items_of([track, Track(track_id="unheard")]))
    said = listener.from_predictions(small_model.embed(sine_wav), small_model.predict(sine_wav))
    np.testing.assert_allclose(heard.vectors[0], said, rtol=1e-5)
    assert heard.presence.tolist() == [True, False]
    assert heard.vectors.shape == (2, listener.embed_dim)


def test_a_listener_is_saved_without_the_tagger_and_loaded_again(small_model: Model, tmp_path: Path) -> None:
    listener = ConceptListener.of(small_model)
    listener.save(tmp_path / "listener")
    again = load_encoder(tmp_path / "listener")
    assert isinstance(again, ConceptListener)
    assert again.fingerprint == listener.fingerprint
    assert [file.name for file in (tmp_path / "listener").iterdir()] == ["config.json"]


def listener_in(folder: Path, tagger: Model) -> ConceptListener:
    """The listener of a tagger that was written to a folder, itself written and loaded again."""
    tagger.save(folder)
    ConceptListener.of(Model.load(folder)).save(folder.parent / "listener")
    return ConceptListener.load(folder.parent / "listener")


def test_a_tagger_outside_the_zoo_is_found_again_in_its_folder(small_model: Model, tmp_path: Path) -> None:
    again = listener_in(tmp_path / "run" / "model", small_model)
    assert again.model.fingerprint == small_model.fingerprint
    assert again.name == small_model.name
    assert again.fingerprint == ConceptListener.of(small_model).fingerprint  # wherever it lies


def test_a_tagger_of_the_zoo_is_found_by_its_name(small_model: Model, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TUTTI_MODELS", str(tmp_path))
    again = listener_in(tmp_path / small_model.name, small_model)
    assert again.config.tagger_folder is None
    assert again.model.fingerprint == small_model.fingerprint


def test_a_moved_tagger_is_found_in_the_zoo_or_told_of(small_model: Model, tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "run" / "model"
    again = listener_in(folder, small_model)
    (tmp_path / "new").mkdir()
    folder.rename(tmp_path / "new" / small_model.name)
    with pytest.raises(ModelError, match=rf"neither in {re.escape(str(folder))} nor in the zoo") as caught:
        _ = again.model
    assert "TUTTI_MODELS" in str(caught.value.hint)
    monkeypatch.setenv("TUTTI_MODELS", str(tmp_path / "new"))
    assert again.model.fingerprint == small_model.fingerprint


def test_another_version_of_the_tagger_is_refused_when_something_is_heard(small_model: Model, sine_wav: Path) -> None:
    other = dataclasses.replace(ConceptListener.of(small_model).config, tagger_fingerprint="older")
    with pytest.raises(ModelError, match="made with older"):
        ConceptListener(other, small_model).encode(items_of([Track(track_id="sine", audio=sine_wav)]))


def test_concepts_of_unknown_labels_are_refused() -> None:
    with pytest.raises(ConfigError, match="'jazz' is none"):
        dataclasses.replace(CONFIG, concepts={"jazz": {"jazz": 1}})
    with pytest.raises(ConfigError, match="a concept has none"):
        dataclasses.replace(CONFIG, concepts={"jazz": {}})
