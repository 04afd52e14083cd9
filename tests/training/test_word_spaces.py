"""A space that is made of a tagger: what is asked for lies near to where it is heard."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.pseudo_captions import PseudoCaptionConfig
from tutti.data.records import ModelRecord, Predictions
from tutti.data.track import Track
from tutti.errors import ConfigError, ModelError
from tutti.models.bundles import Excerpting, ModelConfig
from tutti.models.concept_listener import ConceptListener
from tutti.models.model import Model
from tutti.models.space_models import SpaceModel, SpaceModelConfig
from tutti.models.taggers import build_tagger
from tutti.training import word_spaces
from tutti.training.word_spaces import (
    WordSpaceConfig,
    calibration,
    captions_of,
    fit_maps,
    heard_in,
    make_reader,
    make_word_space,
    read_about,
)

LABELS = ("piano", "techno", "vocals", "no vocals")
SHORT = WordSpaceConfig(captions=PseudoCaptionConfig(per_track=2))


class Letters:
    """A sentence encoder that only counts letters."""

    fingerprint = "letters"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        counts = np.array(
            [[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz0123456789"] for text in texts]
        )
        return (counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)).astype(np.float32)


@pytest.fixture(scope="module")
def tagger() -> Model:
    """Untrained, with labels that are words of music."""
    options = {"n_channels": 4, "n_mels": 32, "sample_rate": 8000, "n_samples": 4000}
    config = ModelConfig(
        name="words", architecture="short_chunk_resnet", labels=LABELS, options=options, excerpts=Excerpting(count=2)
    )
    return Model(config, build_tagger(config.architecture, len(LABELS), **options))


@pytest.fixture(scope="module")
def heard(tagger: Model) -> np.ndarray:
    """Forty tracks, of which the first is full of piano, the second of techno, the third of voices."""
    probabilities = np.random.default_rng(0).uniform(0.2, 0.4, size=(40, 4))
    probabilities[[0, 1, 2], [0, 1, 2]] = 0.95
    probabilities[2, 3] = 0.01
    return ConceptListener.of(tagger).from_predictions(np.zeros((40, tagger.embed_dim)), probabilities)


@pytest.fixture(scope="module")
def space(tagger: Model, heard: np.ndarray) -> SpaceModel:
    return make_word_space(tagger, heard, Letters(), SHORT, about=SpaceModelConfig(name="words"))


@pytest.mark.parametrize(("query", "row"), [("piano", 0), ("a techno track", 1), ("singing", 2), ("rave", 1)])
def test_words_lie_near_the_sounds_in_which_they_are_heard(
    space: SpaceModel, heard: np.ndarray, query: str, row: int
) -> None:
    similarity = space.place_vectors("audio", heard) @ space.place_texts([query])[0]
    assert np.mean(similarity > similarity[row]) < 0.2  # of three dimensions, some tracks point there by chance


def test_what_is_not_wanted_comes_among_the_last(space: SpaceModel, heard: np.ndarray) -> None:
    for query in ("no vocals", "instrumental", "music without singing"):
        similarity = space.place_vectors("audio", heard) @ space.place_texts([query])[0]
        assert np.mean(similarity < similarity[2]) < 0.2


def test_what_captions_ask_for_on_average_is_removed_and_sums_of_texts_stay_sums(
    tagger: Model, heard: np.ndarray, space: SpaceModel
) -> None:
    captions = captions_of(heard, make_reader(tagger, Letters(), SHORT), SHORT)
    mean = np.nanmean(captions.reshape(-1, captions.shape[-1]), axis=0)
    np.testing.assert_allclose(space.projection.project("text", mean[None]), 0, atol=1e-5)
    one, other = np.eye(3, dtype=np.float32)[:2]
    placed = space.projection.project("text", np.stack([one, other, one - other]))
    np.testing.assert_allclose(placed[2], placed[0] - placed[1], atol=1e-6)


def test_centring_instead_puts_the_mean_of_captions_into_the_middle(tagger: Model, heard: np.ndarray) -> None:
    config = dataclasses.replace(SHORT, removed=0.0, centring=1.0)
    captions = captions_of(heard, make_reader(tagger, Letters(), config), config)
    asked = captions.reshape(-1, captions.shape[-1])
    placed = fit_maps(heard, captions, config).project("text", asked[np.isfinite(asked).all(axis=1)])
    np.testing.assert_allclose(placed.mean(axis=0), 0, atol=1e-5)


def test_of_the_tagger_only_its_probabilities_count(space: SpaceModel) -> None:
    listener = space.encoders["audio"]
    said = np.array([[0.3, 0.3, 0.3, 0.3]])
    nothing = space.place_vectors("audio", listener.from_predictions(np.zeros((1, listener.config.n_vector)), said))
    other = space.place_vectors("audio", listener.from_predictions(np.ones((1, listener.config.n_vector)), said))
    np.testing.assert_array_equal(nothing, other)


def test_cosines_of_what_does_not_belong_together_are_kept(space: SpaceModel) -> None:
    told = space.config.calibration
    unmatched, matched = (told[key]["text-audio"] for key in ("unmatched", "matched"))
    assert unmatched == sorted(unmatched)
    assert len(unmatched) == len(matched) == 41
    assert np.median(unmatched) < np.median(matched)
    assert told["unmatched_std"] > 0


def test_of_very_many_tracks_an_even_choice_says_what_cosines_mean(
    tagger: Model, space: SpaceModel, heard: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    captions = captions_of(heard, make_reader(tagger, Letters(), SHORT), SHORT)
    assert calibration(space, heard, captions) == space.config.calibration
    monkeypatch.setattr(word_spaces, "MOST_CALIBRATED", 4)
    rows = [0, 13, 26, 39]
    assert calibration(space, heard, captions) == calibration(space, heard[rows], captions[rows])


def test_a_saved_space_places_alike(space: SpaceModel, heard: np.ndarray, tmp_path: Path) -> None:
    space.save(tmp_path / "words")
    again = SpaceModel.load(tmp_path / "words")
    assert again.fingerprint == space.fingerprint
    np.testing.assert_array_equal(again.place_vectors("audio", heard), space.place_vectors("audio", heard))


def test_two_tracks_are_the_least(tagger: Model, heard: np.ndarray) -> None:
    with pytest.raises(ConfigError, match="1 tracks say nothing about music at large"):
        make_word_space(tagger, heard[:1], Letters(), SHORT, about=SpaceModelConfig(name="words"))


def test_a_catalogue_is_read_as_the_tagger_described_it(tagger: Model, tmp_path: Path) -> None:
    catalogue = Catalogue.create(tmp_path / "catalogue")
    with pytest.raises(ConfigError, match="holds nothing that words"):
        heard_in(catalogue, tagger)
    catalogue.put_tracks([Track(track_id="a"), Track(track_id="b", duplicate_of="a")])
    facts = {"model": tagger.name, "fingerprint": tagger.fingerprint, "embed_dim": tagger.embed_dim}
    catalogue.put_model(ModelRecord(**facts, labels=LABELS, config={}))
    said = Predictions(
        track_ids=("a", "b"),
        probabilities=np.full((2, 4), 0.5, dtype=np.float32),
        vectors=np.ones((2, tagger.embed_dim), dtype=np.float32),
        fingerprints=(tagger.fingerprint,) * 2,
        content_hashes=("1", "1"),
        n_excerpts=(1, 1),
    )
    catalogue.put_predictions(tagger.name, said)
    assert heard_in(catalogue, tagger).shape == (1, 3 + tagger.embed_dim)  # copies count once


def test_a_card_says_what_a_file_says(tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text('licence = "MIT"\nlimits = ["none"]\n')
    (tmp_path / "scores.json").write_text(json.dumps({"songs": 1.0}))
    about = read_about(tmp_path / "card.toml", name="words", scores=tmp_path / "scores.json")
    assert (about.name, about.licence, about.limits, about.scores) == ("words", "MIT", ("none",), {"songs": 1.0})


def test_a_card_that_cannot_be_read_or_says_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_about(tmp_path / "none.toml", name="words")
    (tmp_path / "card.toml").write_text("colour = 1\n")
    with pytest.raises(ModelError, match="colour"):
        read_about(tmp_path / "card.toml", name="words")
