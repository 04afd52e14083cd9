"""Whether a text is English, as the sentence encoder at hand reads it: by its letters, and by its commonest words.

Which language another text is in is only guessed at, to name it in a remark; nothing is translated.
"""

from __future__ import annotations

import unicodedata
from collections import Counter

from tutti.text.spelling import plain

# Of the letters: where more are of another script, little is left that could be read.
MOST_FOREIGN = 0.3
FEWEST_WORDS = 2  # of another language that must stand out against English ones
SCRIPTS = {
    "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "CJK": "Chinese or Japanese", "HANGUL": "Korean",
    "CYRILLIC": "Cyrillic letters", "GREEK": "Greek", "ARABIC": "Arabic letters", "HEBREW": "Hebrew",
    "DEVANAGARI": "Devanagari letters", "THAI": "Thai",
}  # fmt: skip
# Words that are common there and are none, or rare, in English queries; plain, as ``spelling.plain`` leaves them.
COMMON = {
    "German": "und der das ein eine mit ohne fur nicht ist im den dem von musik zum zur wie bei auf ich",
    "French": "le les des une et avec sans pour dans est pas du au aux qui musique chanson sur je",
    "Spanish": "el los las una y con sin para en es del que por musica cancion muy mas lo",
    "Italian": "il gli una e con senza per di che della nel musica canzone molto non sul",
    "Portuguese": "os um uma e com sem para em da do nao que musica muito na no",
    "Dutch": "het een en met zonder voor van niet op muziek liedje de is",
    "Swedish": "och en ett med utan for pa inte som musik att ar av",
    "Finnish": "ja on ei ilman kanssa musiikki hidas joka se",
}
ENGLISH_WORDS = frozenset(
    [
        "the", "and", "of", "a", "an", "with", "without", "for", "in", "on", "at", "is", "it", "to", "no", "not",
        "that", "this", "some", "like", "from", "by", "as", "very", "i", "my"
    ]
)  # fmt: skip


def foreign_language(text: str) -> str | None:
    """The language or script that a text seems to be in, where that is not English; None where it may be.

    A word or two prove nothing, and count as English unless their letters are of another script.

    >>> foreign_language("ruhige Musik mit Klavier und ohne Gesang"), foreign_language("calm piano, no vocals")
    ('German', None)
    """
    return foreign_script(text) or _by_words(plain(text).split())


def foreign_script(text: str) -> str | None:
    """What script most letters of a text are of, where more than three in ten are not Latin; None otherwise.

    >>> foreign_script("静かなピアノ"), foreign_script("Antonín Dvořák")
    ('Japanese', None)
    """
    letters = [unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha()]
    foreign = Counter(
        SCRIPTS.get(script, "another script") for script in letters if script not in ("LATIN", "FULLWIDTH")
    )
    if not letters or foreign.total() <= MOST_FOREIGN * len(letters):
        return None
    return "Japanese" if "Japanese" in foreign else foreign.most_common(1)[0][0]


def has_no_spaces(text: str) -> bool:
    """Whether a text is in a script that writes words without spaces between them, even in part."""
    unspaced = ("CJK", "HIRAGANA", "KATAKANA", "THAI")
    return any(unicodedata.name(letter, "").startswith(unspaced) for letter in text if letter.isalpha())


def _by_words(words: list[str]) -> str | None:
    n_english = sum(word in ENGLISH_WORDS for word in words)
    counts = {language: sum(word in common.split() for word in words) for language, common in COMMON.items()}
    likeliest = max(counts, key=lambda language: counts[language])
    is_foreign = counts[likeliest] >= FEWEST_WORDS and counts[likeliest] > n_english
    return likeliest if is_foreign else None
