"""Names lead to what they mean, other words to what the nearest names mean."""

from __future__ import annotations

import numpy as np
import pytest

from tutti.errors import ShapeError
from tutti.text.lexicon import Lexicon, meanings_of
from tutti.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary({"model": ["piano", "techno", "electronic", "drums", "vocals"]})


@pytest.fixture
def lexicon() -> Lexicon:
    """Two names of opposite directions."""
    return Lexicon(
        names=("piano", "techno"),
        concepts=("piano", "techno"),
        meanings=np.eye(2, dtype=np.float32),
        vectors=np.array([[1.0, 0.0], [-1.0, 0.0]], dtype=np.float32),
    )


def test_a_name_is_found_in_the_plural_and_another_word_is_not(lexicon: Lexicon) -> None:
    np.testing.assert_array_equal(lexicon.find("pianos"), [1, 0])
    assert lexicon.find("zither") is None


def test_other_words_mean_what_their_nearest_names_mean_by_a_softmax_of_cosines(lexicon: Lexicon) -> None:
    meanings, cosines = lexicon.nearest(np.array([[0.5, 0.0], [0.0, 1.0]], dtype=np.float32), temperature=0.5)
    share = np.exp(1.0) / (np.exp(1.0) + np.exp(-1.0))  # cosines of 0.5 and -0.5, divided by 0.5
    np.testing.assert_allclose(meanings, [[share, 1 - share], [0.5, 0.5]], atol=1e-6)
    np.testing.assert_allclose(cosines, [0.5, 0.0], atol=1e-6)


def test_a_name_that_is_taken_out_leaves_the_others_as_they_were(lexicon: Lexicon) -> None:
    less = lexicon.without(["piano"])
    assert less.names == ("techno",)
    assert less.find("piano") is None
    np.testing.assert_array_equal(less.find("techno"), lexicon.find("techno"))


def test_rows_that_do_not_fit_the_names_are_refused(lexicon: Lexicon) -> None:
    with pytest.raises(ShapeError, match="2 names of 2 concepts have meanings"):
        Lexicon(names=lexicon.names, concepts=lexicon.concepts, meanings=np.eye(3)[:2], vectors=lexicon.vectors)


def test_a_term_that_is_heard_means_itself_and_any_other_what_it_sounds_like() -> None:
    meanings = meanings_of(VOCABULARY)
    concepts = list(VOCABULARY.concepts)
    assert meanings["piano"][concepts.index("piano")] == 1
    assert np.count_nonzero(meanings["piano"]) == 1
    drum_and_bass = meanings["dnb"]
    assert drum_and_bass[concepts.index("drums")] > 0
    assert drum_and_bass[concepts.index("electronic")] > 0


def test_a_name_of_an_absence_means_the_opposite() -> None:
    meanings = meanings_of(VOCABULARY)
    np.testing.assert_array_equal(meanings["instrumental"], -meanings["vocals"])


def test_every_meaning_has_length_1_and_nothing_unheard_is_in_the_lexicon() -> None:
    meanings = meanings_of(VOCABULARY)
    np.testing.assert_allclose(np.linalg.norm(list(meanings.values()), axis=1), 1, atol=1e-6)
    assert "opera" in meanings  # vocals are heard of it
    assert "harp" not in meanings
