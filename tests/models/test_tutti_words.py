"""The space inside this package: what it may weigh, what it says of itself, and that words find sounds."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tutti.audio.recording import Recording
from tutti.models.concept_listener import ConceptListener
from tutti.models.inference import analyse
from tutti.models.space_models import SpaceModel, load_space_model
from tutti.models.zoo import Places, Zoo, load_model
from tutti.text.sentences import is_available
from tutti.text.vocabulary import Vocabulary

NAME, MEGABYTES = "tutti-words", 3

needs_sentences = pytest.mark.skipif(not is_available(), reason="no weights of a sentence encoder are at hand")


@pytest.fixture(scope="module")
def space() -> SpaceModel:
    return load_space_model(NAME)


def test_the_default_space_ships_and_is_as_small_as_promised(tmp_path: Path) -> None:
    folder = Zoo(Places(cache=tmp_path / "cache", mirror="http://127.0.0.1:9")).spaces()[NAME]
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) <= MEGABYTES * 1e6


def test_it_understands_the_default_model_as_it_ships(space: SpaceModel) -> None:
    tagger = load_model("tutti-small")
    assert space.encoders["audio"].fingerprint == ConceptListener.of(tagger).fingerprint
    assert space.modalities == ("audio", "text")


def test_its_concepts_are_those_that_search_has(space: SpaceModel) -> None:
    tagger = load_model("tutti-small")
    vocabulary = Vocabulary({tagger.name: tagger.labels}, label_sets=["mtat", "jamendo", "msd"])
    assert space.encoders["text"].config.concepts == tuple(vocabulary.concepts)


def test_it_says_its_licence_its_limits_what_it_learned_from_and_its_scores(space: SpaceModel) -> None:
    config = space.config
    assert config.licence.startswith("Apache-2.0")
    assert config.limits
    assert config.data
    assert config.scores["words find songs"]["n_items"] == 47
    assert set(config.calibration) == {"unmatched", "unmatched_mean", "unmatched_std", "matched"}


def test_a_sound_is_placed_by_what_was_said_of_it_without_the_text_extra(space: SpaceModel, sine_wav: Path) -> None:
    tagger, listener = load_model("tutti-small"), space.encoders["audio"]
    (analysis,) = analyse([Recording.from_file(sine_wav, key="sine")], [tagger])
    said = analysis.results[tagger.name]
    points = space.place_vectors("audio", listener.from_predictions(said.vectors[None], said.probabilities[None]))
    assert np.linalg.norm(points[0]) == pytest.approx(1, abs=1e-5)


@needs_sentences
@pytest.mark.slow
def test_words_that_mean_the_same_lie_together_and_their_absence_opposite(space: SpaceModel) -> None:
    rap, hip_hop, opera, singing, silent = space.place_texts(["rap", "hip-hop", "opera", "singing", "no vocals"])
    assert rap @ hip_hop > 0.9 > 0.3 > rap @ opera
    assert singing @ silent < -0.5


@needs_sentences
@pytest.mark.slow
@pytest.mark.parametrize("text", ["tax return form", "photosynthesis in plants", "asdf qwer", ""])
def test_what_is_not_about_music_has_no_place(space: SpaceModel, text: str) -> None:
    assert np.isnan(space.place_texts([text])).all()


@needs_sentences
@pytest.mark.slow
def test_captions_find_their_songs(space: SpaceModel, shared: Path) -> None:
    """Among half of the captioned songs, whose statistics, but not whose captions, took part in making the space."""
    with (shared / "songs" / "songs.csv").open(encoding="utf-8", newline="") as file:
        captioned = [(row["file"], row["caption"]) for row in csv.DictReader(file) if row["caption"].strip()]
    captions = dict(captioned[::2])  # 24; decoding them takes most of the time
    recordings = [Recording.from_file(shared / "songs" / name, key=name) for name in captions]
    said = {one.recording.key: one.results["tutti-small"] for one in analyse(recordings, [load_model("tutti-small")])}
    vectors, probabilities = (
        np.stack([getattr(said[name], what) for name in captions]) for what in ("vectors", "probabilities")
    )
    sounds = space.place_vectors("audio", space.encoders["audio"].from_predictions(vectors, probabilities))
    similarity = space.place_texts(list(captions.values())) @ sounds.T
    ranks = (similarity > np.diag(similarity)[:, None]).sum(axis=1) + 1
    assert np.mean(ranks <= 10) >= 0.85
    assert np.mean(1 / ranks) >= 0.48
