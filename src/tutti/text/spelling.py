"""Plain forms of words, so that "Hip-Hop", "hip hop" and "HIP HOP" are one, and the nearest of a list of words.

What words mean is in ``tutti.text.thesaurus``.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

APOSTROPHES = re.compile("['’‘ʼ`´]")
NOT_A_WORD = re.compile(r"[\W_]+")
# Words so short are one letter away from too many others.
SHORTEST_CORRECTED = 5
# Share of letters in common (twice those over the letters of both): one letter of six wrong.
SURE, VAGUE = 0.84, 0.6


def plain(text: str) -> str:
    """Lower case, without accents and punctuation, words separated by one space.

    >>> plain("Drum & Bass"), plain("Antonín Dvořák"), plain("rock'n'roll"), plain("R&B")
    ('drum and bass', 'antonin dvorak', 'rocknroll', 'r and b')
    """
    folded = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    unmarked = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return NOT_A_WORD.sub(" ", APOSTROPHES.sub("", unmarked)).strip()


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
    if len(word) < SHORTEST_CORRECTED:
        return None
    candidates = [other for other in known if len(other) >= SHORTEST_CORRECTED and other[0] == word[0]]
    swapped = sorted(other for other in candidates if _are_swapped(word, other))
    if swapped:
        return swapped[0]
    found = difflib.get_close_matches(word, sorted(set(candidates)), n=1, cutoff=SURE)
    return found[0] if found else None


def reminiscent(word: str, known: Iterable[str], *, count: int = 3) -> list[str]:
    """Known words that look a little like this one, best first: to suggest, not to take for it."""
    return difflib.get_close_matches(word, sorted(set(known)), n=count, cutoff=VAGUE)


def _are_swapped(one: str, other: str) -> bool:
    """Whether two neighbouring letters make the only difference."""
    different = [i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    if len(one) != len(other) or len(different) != 2 or different[1] != different[0] + 1:
        return False
    first, second = different
    return one[first] == other[second] and one[second] == other[first]
