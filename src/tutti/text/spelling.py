"""Plain forms of words, so that "Hip-Hop", "hip hop" and "HIP HOP" are one, and the nearest of a list of words.

What words mean is in ``tutti.text.thesaurus``.
"""

from __future__ import annotations

import difflib
import functools
import heapq
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

APOSTROPHES = "'’‘ʼ`´"
# Marks whose names begin so are no part of a word: accents, what chooses how a character is drawn, musical signs, and
# the vowels that Semitic scripts mostly leave out. Those of other scripts spell it: the vowels of संगीत and of เสียง.
NO_SPELLING = ("COMBINING", "VARIATION", "MUSICAL", "ARABIC", "HEBREW", "SYRIAC")
VOICED = "\u3099\u309a"  # the marks of か in が and of は in ぱ, which are named like accents
# Words so short are one letter away from too many others.
SHORTEST_CORRECTED = 5
# Share of letters in common (twice those over the letters of both): one letter of six wrong.
SURE, VAGUE = 0.84, 0.6
N_LETTERS = 32
LONGEST_REMEMBERED = 100  # characters of phrases that are made plain again and again
MOST_COMPARED = 300


def plain(text: str) -> str:
    """Lower case, without accents and punctuation, words separated by one space.

    Marks that spell a word are no accents: those that make other syllables of Japanese ones, the vowels of Indian
    scripts, the tones of Thai.

    >>> plain("Drum & Bass"), plain("Antonín Dvořák"), plain("rock'n'roll"), plain("R&B"), plain("संगीत")
    ('drum and bass', 'antonin dvorak', 'rocknroll', 'r and b', 'संगीत')
    """
    return _plain_of_short(text) if len(text) <= LONGEST_REMEMBERED else _plain(text)


@functools.lru_cache(maxsize=8_192)
def _plain_of_short(text: str) -> str:
    return _plain(text)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    composed = unicodedata.normalize("NFC", folded.translate(_SPELT))
    for mark in VOICED:  # of no syllable that it makes another of
        composed = composed.replace(mark, "")
    return " ".join(composed.split())


class _Spelt(dict[int, str]):
    """What is left of each character: itself, nothing of accents, a space of what is in no word. Found out once."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        is_mark = unicodedata.category(letter).startswith("M")
        if letter in APOSTROPHES or (is_mark and unicodedata.name(letter).startswith(NO_SPELLING)):
            spelt = letter if letter in VOICED else ""
        else:
            spelt = letter if is_mark or letter.isalnum() else " "
        self[code] = spelt
        return spelt


_SPELT = _Spelt()


def forms(phrase: str) -> tuple[str, ...]:
    """A plain phrase, and the same with its last word in the singular or plural.

    >>> forms("electric guitars"), forms("ballad")
    (('electric guitars', 'electric guitar'), ('ballad', 'ballads'))
    """
    if phrase.endswith("ies") and len(phrase) > 5:
        return phrase, phrase[:-3] + "y", phrase[:-1]
    if phrase.endswith("s") and not phrase.endswith("ss") and len(phrase) > 3:
        return phrase, phrase[:-1]
    return phrase, phrase + "s"


def corrected(word: str, known: Iterable[str]) -> str | None:
    """The known word that a plain word is most probably a misspelling of; None where none is near enough.

    The first letter must be right, and the word have five letters or more: one wrong letter turns most shorter words
    into other words. Two neighbouring letters may have changed places.

    >>> corrected("saxaphone", ["saxophone", "xylophone"]), corrected("pinao", ["piano"]), corrected("sharp", ["harp"])
    ('saxophone', 'piano', None)
    """
    return Spellings(other for other in known if other[:1] == word[:1]).corrected(word)


def reminiscent(word: str, known: Iterable[str], *, count: int = 3) -> list[str]:
    """Known words that look a little like this one, best first: to suggest, not to take for it."""
    return Spellings(known).reminiscent(word, count=count)


class Spellings:
    """Known words, prepared to be compared with many others.

    What ``difflib.get_close_matches`` finds, found faster: how many letters two words share, in whatever order, bounds
    how alike they can be, and is counted for all words at once; the 300 with the most are compared letter by letter.

    Args:
        known: The words.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._words = sorted(set(known))
        self._lengths = np.array([len(word) for word in self._words], dtype=np.int64)
        self._letters = _letters(self._words, self._lengths)
        # Words too short to be a correction have none.
        self._initials = np.array([ord(one[0]) if len(one) >= SHORTEST_CORRECTED else 0 for one in self._words])

    def corrected(self, word: str) -> str | None:
        """The known word that a plain word is most probably a misspelling of, see :func:`corrected`."""
        if len(word) < SHORTEST_CORRECTED:
            return None
        near = np.flatnonzero((self._lengths == len(word)) & (self._shared(word) == len(word)))
        swapped = (self._words[row] for row in near if self._words[row][0] == word[0])
        first = next((other for other in swapped if _are_swapped(word, other)), None)
        if first is not None:
            return first
        alike = self._alike(word, count=1, least=SURE, candidates=self._initials == ord(word[0]))
        return alike[0] if alike else None

    def reminiscent(self, word: str, *, count: int = 3) -> list[str]:
        """Known words that look a little like this one, best first."""
        return self._alike(word, count=count, least=VAGUE)

    def _alike(self, word: str, *, count: int, least: float, candidates: NDArray[np.bool_] | None = None) -> list[str]:
        """The words with the most letters in common in the same order, best first."""
        bounds = 2.0 * self._shared(word) / np.maximum(self._lengths + len(word), 1)
        rows = np.flatnonzero(bounds >= least if candidates is None else (bounds >= least) & candidates)
        matcher = difflib.SequenceMatcher(b=word)
        best: list[tuple[float, str]] = []
        for row in rows[np.argsort(-bounds[rows], kind="stable")[:MOST_COMPARED]]:
            if len(best) == count and bounds[row] < best[-1][0]:
                break
            matcher.set_seq1(self._words[row])
            if matcher.quick_ratio() >= least and (ratio := matcher.ratio()) >= least:
                best = heapq.nlargest(count, [*best, (ratio, self._words[row])])
        return [other for _, other in best]

    def _shared(self, word: str) -> NDArray[np.int64]:
        """How many letters each known word shares with a word at most. Shape (words,)."""
        wanted = _letters([word], np.array([len(word)]))
        return np.asarray(np.minimum(self._letters, wanted).sum(axis=1, dtype=np.int64))


def _letters(words: Sequence[str], lengths: NDArray[np.int64]) -> NDArray[np.uint8]:
    """How often each letter stands in each word, rare letters counted as one of 32. Shape (words, 32)."""
    codes = np.frombuffer("".join(words).encode("utf-32-le", errors="surrogatepass"), dtype=np.uint32) % N_LETTERS
    places = np.repeat(np.arange(len(words)), lengths) * N_LETTERS + codes
    counts = np.bincount(places, minlength=len(words) * N_LETTERS).reshape(len(words), N_LETTERS)
    return np.minimum(counts, 255).astype(np.uint8)


def _are_swapped(one: str, other: str) -> bool:
    """Whether two neighbouring letters make the only difference."""
    different = [i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    if len(one) != len(other) or len(different) != 2 or different[1] != different[0] + 1:
        return False
    first, second = different
    return one[first] == other[second] and one[second] == other[first]
