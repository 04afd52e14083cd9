"""Captions that nobody wrote say what is heard, differ, and come again with the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from tutti.data.pseudo_captions import PseudoCaptionConfig, pseudo_captions
from tutti.errors import ConfigError, ShapeError
from tutti.text.lexicon import Lexicon

NAMES = ("grand piano", "piano music", "techno", "rave", "hushed", "loud")
MEANINGS = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]], dtype=np.float32)
LEXICON = Lexicon(
    names=NAMES, concepts=("piano", "techno", "loud"), meanings=MEANINGS, vectors=np.ones((6, 4), dtype=np.float32)
)
PIANO = np.array([[3.0, -1.0, -0.5]], dtype=np.float32)


def test_captions_name_what_is_heard_by_any_of_its_names() -> None:
    captions = pseudo_captions(PIANO, LEXICON, PseudoCaptionConfig(per_track=50, n_names=(1, 2)))[0]
    told = " ".join(captions)
    assert "grand piano" in told
    assert "piano music" in told
    assert "techno" not in told


def test_a_higher_temperature_strays_further() -> None:
    config = PseudoCaptionConfig(per_track=50, n_names=(1, 2), temperature=10.0)
    assert any("rave" in caption for caption in pseudo_captions(PIANO, LEXICON, config)[0])


def test_the_same_seed_gives_the_same_captions_and_another_others() -> None:
    tracks = np.repeat(PIANO, 5, axis=0)
    assert pseudo_captions(tracks, LEXICON) == pseudo_captions(tracks, LEXICON)
    assert pseudo_captions(tracks, LEXICON) != pseudo_captions(tracks, LEXICON, PseudoCaptionConfig(seed=1))


def test_no_name_comes_twice_in_a_caption_and_their_number_is_kept_to() -> None:
    config = PseudoCaptionConfig(per_track=40, n_names=(2, 3), temperature=1.0)
    for caption in pseudo_captions(PIANO, LEXICON, config)[0]:
        counts = [caption.count(name) for name in NAMES]
        assert max(counts) == 1
        assert 2 <= sum(counts) <= 3


def test_a_track_of_which_nothing_is_known_is_described_all_the_same() -> None:
    assert len(pseudo_captions(np.zeros((1, 3), dtype=np.float32), LEXICON)[0]) == 4


def test_settings_and_evidence_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be drawn"):
        PseudoCaptionConfig(n_names=(3, 2))
    with pytest.raises(ShapeError, match="3 concepts"):
        pseudo_captions(np.zeros((2, 5), dtype=np.float32), LEXICON)
