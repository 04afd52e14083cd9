"""Plain forms of words, so that "Hip-Hop", "hip hop" and "HIP HOP" are one, and the nearest of a list of words.

What words mean is in ``tutti.text.thesaurus``.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

APOSTROPHES = re.compile("['’‘ʼ`´]")
NOT_A_WORD = re.compile(r"[^\w]+|_+")
# Words so short are one letter away from too many others.
SHORTEST_CORRECTED = 4


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


def nearest(word: str, known: Iterable[str], *, cutoff: float, count: int = 1) -> list[str]:
    """The known words spelt most like this one, best first; none for words of three letters or fewer.

    Args:
        word: In its plain form, as are the known ones.
        known: Where to look. Equally near ones come in alphabetical order.
        cutoff: How alike they must be, 0 to 1: twice the letters in common over the letters of both.
        count: How many at most.

    >>> nearest("saxofone", ["saxophone", "xylophone", "sax"], cutoff=0.75)
    ['saxophone']
    """
    if len(word) < SHORTEST_CORRECTED:
        return []
    candidates = sorted({other for other in known if len(other) >= SHORTEST_CORRECTED})
    return difflib.get_close_matches(word, candidates, n=count, cutoff=cutoff)
