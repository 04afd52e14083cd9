"""Which moods of music answer which emotion of a text: by valence and arousal, by word vectors, or by hand.

Texts and music are labelled in different words (*guilt* here, *tender* there). A mapping says which pairs are right,
both to learn from and to be scored by. The three mappings of the paper are here as published; others are made from a
user's own lexicon, word vectors or table.

References:
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021.
    Won, "Representation learning for music classification and retrieval", PhD thesis, 2021, table 5.5.
    Mohammad, "Obtaining reliable human ratings of valence, arousal, and dominance for 20,000 English words", ACL 2018.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, unknown_name
from tutti.text.tab_separated import read_lines
from tutti.text.word_vectors import WordVectors

BoolMatrix = NDArray[np.bool_]
Affects = Mapping[str, tuple[float, float]]
LabelVectors = Mapping[str, NDArray[np.float32]]

VALENCE_AROUSAL, WORD_VECTORS, MANUAL = "valence-arousal", "word-vectors", "manual"
MAPPINGS = (VALENCE_AROUSAL, WORD_VECTORS, MANUAL)
# Table 5.5: by valence and arousal, by word vectors, by hand. Anger, of both sets of texts, is answered alike.
TABLE_5_5: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "anger": ("angry", "angry", ("angry",)),
    "fearful": ("sad", "scary", ("scary",)),
    "happy": ("happy", "happy", ("exciting", "funny", "happy")),
    "sad": ("sad", "sad", ("sad",)),
    "surprised": ("exciting", "happy", ("exciting",)),
    "disgust": ("angry", "angry", ("angry", "scary")),
    "fear": ("angry", "angry", ("scary",)),
    "guilt": ("sad", "angry", ("angry", "sad")),
    "joy": ("exciting", "tender", ("exciting", "funny", "happy")),
    "sadness": ("sad", "tender", ("sad",)),
    "shame": ("angry", "sad", ("angry", "sad")),
}


@dataclass(frozen=True, kw_only=True)
class EmotionMapping:
    """Which moods of music answer each emotion of a text.

    Attributes:
        name: ``valence-arousal``, ``word-vectors`` or ``manual``.
        moods_of: By emotion, one mood or several.
        source: Where it comes from, in words.
    """

    name: str
    moods_of: Mapping[str, tuple[str, ...]]
    source: str

    def relevant(self, emotions: Sequence[str], moods: Sequence[str]) -> BoolMatrix:
        """Whether each song answers each text. Shape (texts, songs).

        Args:
            emotions: One a text.
            moods: One a song.

        Raises:
            UnknownNameError: An emotion is not mapped.
        """
        for emotion in dict.fromkeys(emotions):
            if emotion not in self.moods_of:
                raise unknown_name(f"emotion in the {self.name} mapping", emotion, self.moods_of)
        kinds = sorted(set(moods))
        answers = {one: np.array([kind in self.moods_of[one] for kind in kinds], dtype=bool) for one in set(emotions)}
        numbers = {kind: number for number, kind in enumerate(kinds)}
        of_song = np.array([numbers[mood] for mood in moods], dtype=int)
        rows = [answers[emotion][of_song] for emotion in emotions]
        return np.stack(rows) if rows else np.zeros((0, len(moods)), dtype=bool)


def published_mapping(name: str) -> EmotionMapping:
    """One of the three mappings of table 5.5, for the emotions of Alm and ISEAR and the moods of AudioSet.

    Raises:
        UnknownNameError: There is no such mapping.

    >>> published_mapping("manual").moods_of["guilt"]
    ('angry', 'sad')
    """
    if name not in MAPPINGS:
        raise unknown_name("mapping of emotions", name, MAPPINGS)
    column = MAPPINGS.index(name)
    cells = {emotion: row[column] for emotion, row in TABLE_5_5.items()}
    moods_of = {emotion: (cell,) if isinstance(cell, str) else cell for emotion, cell in cells.items()}
    return EmotionMapping(name=name, moods_of=moods_of, source="Won 2021, table 5.5")


def map_by_affects(emotions: Sequence[str], moods: Sequence[str], affects: Affects, *, source: str) -> EmotionMapping:
    """The mood that is nearest in valence and arousal, by Euclidean distance; of equals the first.

    Args:
        emotions: Of the texts.
        moods: Of the music.
        affects: Valence and arousal of each emotion and each mood.
        source: Where these come from.

    Raises:
        ConfigError: One has no valence and arousal, or there are no moods.
    """
    _check_labels(emotions, moods, affects, "valence and arousal", source)
    asked = np.array([affects[one] for one in emotions], dtype=np.float64).reshape(-1, 2)
    answers = np.array([affects[one] for one in moods], dtype=np.float64)
    distances = np.linalg.norm(asked[:, None] - answers[None], axis=2)
    return _nearest(VALENCE_AROUSAL, emotions, moods, -distances, source)


def map_by_vectors(
    emotions: Sequence[str], moods: Sequence[str], vectors: LabelVectors, *, source: str
) -> EmotionMapping:
    """The mood whose word vector is nearest by cosine; of equals the first.

    Args:
        emotions: Of the texts.
        moods: Of the music.
        vectors: Of each emotion and each mood, see :func:`label_vectors`.
        source: Where these come from.

    Raises:
        ConfigError: One has no vector, or there are no moods.
    """
    _check_labels(emotions, moods, vectors, "word vector", source)
    asked, answers = (np.stack([vectors[one] for one in some]) for some in (emotions, moods))
    lengths = np.linalg.norm(asked, axis=1)[:, None] * np.linalg.norm(answers, axis=1)[None]
    return _nearest(WORD_VECTORS, emotions, moods, asked @ answers.T / np.maximum(lengths, 1e-12), source)


def read_manual_mapping(path: Path, *, emotions: Sequence[str], moods: Sequence[str]) -> EmotionMapping:
    """A mapping by hand: lines of an emotion, a tab, and moods with commas between them.

    Args:
        path: The table; a first line ``emotion<TAB>moods`` is a header.
        emotions: That must be mapped; others may be.
        moods: That may be named.

    Raises:
        ConfigError: It cannot be read, a line has another form, or an emotion is not mapped.
        UnknownNameError: A mood is none of these.
    """
    moods_of: dict[str, tuple[str, ...]] = {}
    for number, cells in read_lines(path, what="mapping of emotions"):
        if number == 1 and [cell.casefold() for cell in cells] == ["emotion", "moods"]:
            continue
        given = tuple(one.strip().casefold() for one in cells[-1].split(",") if one.strip())
        if len(cells) != 2 or not cells[0] or not given:
            raise ConfigError(
                f"{path}, line {number}, is {' | '.join(cells)[:80]!r}; wanted are an emotion, a tab, and its moods",
                hint="write such as: guilt<TAB>angry, sad",
            )
        for mood in given:
            if mood not in moods:
                raise unknown_name("mood of the music", mood, moods)
        moods_of[cells[0].casefold()] = given
    missing = [one for one in emotions if one not in moods_of]
    if missing:
        raise ConfigError(
            f"{path} has no line for {', '.join(missing)}", hint=f"add lines such as: {missing[0]}<TAB>{moods[0]}"
        )
    return EmotionMapping(name=MANUAL, moods_of=moods_of, source=path.name)


def read_affects(path: Path, words: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Valence and arousal of words, 0 to 1, from a file of the NRC VAD lexicon or of its form.

    The lexicon is not part of this package: its makers give it away for research, on their page
    https://saifmohammad.com/WebPages/nrc-vad.html. Its first version rates from 0 to 1, its second from -1 to 1, which
    is brought to 0 to 1 here.

    Args:
        path: Word, valence, arousal and, not read, dominance, tab-separated; a header may stand first.
        words: That are wanted.

    Raises:
        ConfigError: It cannot be read, a line has another form, or a word is not in it.
    """
    rated: dict[str, tuple[float, float]] = {}
    lowest = 0.0
    for number, cells in read_lines(path, what="lexicon of valence and arousal"):
        try:
            valence, arousal = float(cells[1]), float(cells[2])
        except (IndexError, ValueError):
            if number == 1:
                continue  # the header
            raise _no_rating(path, number, cells) from None
        if not (-1 <= valence <= 1 and -1 <= arousal <= 1):
            raise _no_rating(path, number, cells)
        lowest = min(lowest, valence, arousal)
        rated.setdefault(cells[0].casefold(), (valence, arousal))
    _check_known(words, rated, "line", str(path))
    if lowest < 0:
        rated = {word: ((one + 1) / 2, (other + 1) / 2) for word, (one, other) in rated.items()}
    return {word: rated[word] for word in words}


def label_vectors(vectors: WordVectors, words: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """The word vectors of emotions and moods.

    Raises:
        ConfigError: A word is not among them.
    """
    _check_known(words, {word: None for word in words if word in vectors}, "vector", vectors.name)
    return {word: vectors[word] for word in words}


def _nearest(
    name: str, emotions: Sequence[str], moods: Sequence[str], similarity: NDArray[np.floating], source: str
) -> EmotionMapping:
    best = similarity.argmax(axis=1) if len(emotions) else []
    moods_of = {emotion: (moods[place],) for emotion, place in zip(emotions, best, strict=True)}
    return EmotionMapping(name=name, moods_of=moods_of, source=source)


def _check_labels(
    emotions: Sequence[str], moods: Sequence[str], known: Mapping[str, object], what: str, source: str
) -> None:
    if not moods:
        raise ConfigError(
            "there are no moods of music that emotions could be mapped to",
            hint="give tracks that have a mood for their only tag",
        )
    _check_known((*emotions, *moods), known, what, source)


def _check_known(words: Sequence[str], known: Mapping[str, object], what: str, source: str) -> None:
    missing = [word for word in dict.fromkeys(words) if word not in known]
    if missing:
        told = ", ".join(repr(word) for word in missing)
        raise ConfigError(f"{source} has no {what} of {told}", hint="give one that knows these words")


def _no_rating(path: Path, number: int, cells: Sequence[str]) -> ConfigError:
    return ConfigError(
        f"{path}, line {number}, is {' | '.join(cells)[:60]!r}; wanted are a word, its valence and its arousal, each "
        "from 0 to 1 or from -1 to 1, tab-separated",
        hint="give a file such as NRC-VAD-Lexicon.txt",
    )
