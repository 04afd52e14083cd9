"""Which moods answer which emotions: as published, by valence and arousal, by word vectors, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tutti.data.emotion_mapping import (
    MAPPINGS,
    label_vectors,
    map_by_affects,
    map_by_vectors,
    published_mapping,
    read_affects,
    read_manual_mapping,
)
from tutti.errors import ConfigError, UnknownNameError
from tutti.text.word_vectors import WordVectors

MOODS = ("happy", "funny", "sad", "tender", "exciting", "angry", "scary")
# Table 5.5 as printed, a row an emotion: by valence and arousal, by word vectors, by hand.
PRINTED = """
anger | angry | angry | angry
fearful | sad | scary | scary
happy | happy | happy | exciting, funny, happy
sad | sad | sad | sad
surprised | exciting | happy | exciting
disgust | angry | angry | angry, scary
fear | angry | angry | scary
guilt | sad | angry | angry, sad
joy | exciting | tender | exciting, funny, happy
sadness | sad | tender | sad
shame | angry | sad | angry, sad
"""


@pytest.mark.parametrize("line", PRINTED.strip().splitlines())
def test_the_published_mappings_are_those_of_table_5_5(line):
    emotion, *cells = (cell.strip() for cell in line.split("|"))
    for name, cell in zip(MAPPINGS, cells, strict=True):
        assert published_mapping(name).moods_of[emotion] == tuple(cell.split(", "))


def test_published_mappings_name_no_mood_that_audioset_has_not():
    named = {mood for name in MAPPINGS for moods in published_mapping(name).moods_of.values() for mood in moods}
    assert named <= {*MOODS}


def test_songs_answer_a_text_where_their_mood_is_among_the_mapped():
    mapping = published_mapping("manual")
    relevant = mapping.relevant(["guilt", "joy"], ["sad", "funny", "angry", "tender"])
    assert relevant.tolist() == [[True, False, True, False], [False, True, False, False]]
    with pytest.raises(UnknownNameError):
        mapping.relevant(["boredom"], ["sad"])


def test_the_nearest_mood_by_valence_and_arousal_is_found_by_euclidean_distance():
    affects = {"joy": (0.9, 0.8), "guilt": (0.2, 0.4), "happy": (1.0, 0.5), "sad": (0.1, 0.2), "angry": (0.1, 0.9)}
    mapping = map_by_affects(["joy", "guilt"], ["happy", "sad", "angry"], affects, source="by hand")
    assert mapping.moods_of == {"joy": ("happy",), "guilt": ("sad",)}
    assert mapping.name == "valence-arousal"


def test_the_nearest_mood_by_word_vectors_is_found_by_the_angle():
    vectors = WordVectors(
        ["joy", "happy", "sad"], np.array([[1.0, 1.0], [9.0, 8.0], [0.0, 1.0]], dtype=np.float32), name="toy"
    )
    mapping = map_by_vectors(["joy"], ["sad", "happy"], label_vectors(vectors, ["joy", "sad", "happy"]), source="toy")
    assert mapping.moods_of == {"joy": ("happy",)}
    with pytest.raises(ConfigError, match="'shame'"):
        label_vectors(vectors, ["shame"])


@pytest.mark.parametrize(("map_emotions", "known"), [(map_by_affects, (0.9, 0.8)), (map_by_vectors, np.ones(2))])
def test_without_moods_nothing_can_be_mapped(map_emotions, known):
    with pytest.raises(ConfigError, match="no moods of music"):
        map_emotions(["joy"], [], {"joy": known}, source="mine")


def test_a_lexicon_of_either_version_gives_values_from_0_to_1(tmp_path):
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("Word\tValence\tArousal\tDominance\njoy\t0.9\t0.8\t0.5\nsad\t0.1\t0.3\t0.2\n")
    second.write_text("term\tvalence\tarousal\tdominance\njoy\t0.8\t0.6\t0.0\nsad\t-0.8\t-0.4\t-0.6\n")
    for path in (first, second):
        found = read_affects(path, ["sad", "joy"])
        assert list(found) == ["sad", "joy"]
        assert np.allclose([*found.values()], [[0.1, 0.3], [0.9, 0.8]])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("joy\t0.9\t0.8\t0.5\n", "no line of 'sad'"),
        ("sad\t0.9\t0.8\njoy\tmuch\t0.1\n", "line 2"),
        ("sad\t0.9\tnan\n", "line 1"),
        ("sad\t9\t5\n", "line 1"),
        ("", "no line"),
    ],
)
def test_a_lexicon_that_makes_no_sense_is_refused_in_words(tmp_path, text, told):
    path = tmp_path / "vad.txt"
    path.write_text(text)
    with pytest.raises(ConfigError, match=told) as caught:
        read_affects(path, ["sad"])
    assert caught.value.hint


def test_a_mapping_by_hand_is_read_from_a_table(tmp_path):
    path = tmp_path / "mapping.tsv"
    path.write_text("emotion\tmoods\nguilt\tangry, sad\njoy\tHappy\n")
    mapping = read_manual_mapping(path, emotions=("guilt", "joy"), moods=MOODS)
    assert mapping.moods_of == {"guilt": ("angry", "sad"), "joy": ("happy",)}


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("guilt\n", ConfigError, "line 1"),
        ("guilt\t,\n", ConfigError, "line 1"),
        ("guilt\tgrumpy\n", UnknownNameError, "grumpy"),
        ("joy\thappy\n", ConfigError, "no line for guilt"),
    ],
)
def test_a_mapping_by_hand_with_gaps_is_refused_in_words(tmp_path, text, error, told):
    path = tmp_path / "mapping.tsv"
    path.write_text(text)
    with pytest.raises(error, match=told):
        read_manual_mapping(path, emotions=("guilt",), moods=MOODS)


def test_an_unknown_mapping_is_told_with_its_nearest_name():
    with pytest.raises(UnknownNameError) as caught:
        published_mapping("manuel")
    assert "manual" in str(caught.value.hint)
