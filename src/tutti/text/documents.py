"""Documents: what of a text is read. Texts are joined in order and cut on the end of a sentence, in whatever language.

A text of any size costs the same, since only its beginning is looked at. Which words a document holds is the matter of
``terms``, whom it speaks of that of ``entities``.

References:
    Oramas et al., TISMIR 1(1), 2018, section 6.1: reviews in the order of time, cut at about 1,500 characters, an
    incomplete last sentence dropped.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tutti.errors import ConfigError

N_CHARACTERS = 1500
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MOST_BYTES = 1 << 20  # of a file: many times more than any document holds
BETWEEN = "\n\n"
SURROGATES = re.compile("[\ud800-\udfff]")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
CLOSING = "\"'”’»)\\]』」）】"
# A full stop of scripts without spaces ends a sentence wherever it stands, others only before a space: 3.5, R.E.M.
SENTENCE_END = re.compile(rf"[。！？｡．][{CLOSING}]*|[.!?…][{CLOSING}]*(?=\s|$)|(?=\n\s*\n)")
SPACE = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True)
class Document:
    """What is read of a text.

    Attributes:
        text: At most so many characters, the last sentence complete where that is possible.
        n_replaced: Characters that stand for bytes which were no UTF-8.
        is_cut: Whether the text goes on.
    """

    text: str
    n_replaced: int = 0
    is_cut: bool = False


def read_document(texts: str | Iterable[str], *, n_characters: int = N_CHARACTERS) -> Document:
    """The beginning of some texts, joined in order.

    Args:
        texts: One or several; empty ones are passed over.
        n_characters: Length at most.

    Raises:
        ConfigError: The length is not positive.
    """
    if n_characters < 1:
        raise ConfigError(f"a document of {n_characters} characters holds nothing", hint="give 1 or more")
    # Of each text, twice what is wanted: composing letters and their marks makes a text shorter.
    begins = (one.lstrip()[: 2 * n_characters + 2] for one in ([texts] if isinstance(texts, str) else texts))
    text = BETWEEN.join(begin for begin in map(cleaned, begins) if begin)
    cut = cut_at_sentence(text, n_characters=n_characters)
    return Document(text=cut, n_replaced=cut.count(REPLACEMENT), is_cut=len(cut) < len(text))


def cleaned(text: str) -> str:
    """A text in composed form, with what is no character replaced, and without spaces around it."""
    valid = SURROGATES.sub(REPLACEMENT, text)
    return unicodedata.normalize("NFC", CONTROLS.sub(" ", valid)).strip()


def cut_at_sentence(text: str, *, n_characters: int = N_CHARACTERS) -> str:
    """The longest beginning of so many characters at most that ends where a sentence ends.

    Where that would leave less than half of the room, as in a text without full stops, it ends where a word ends, and
    where there are no spaces either, in the middle of it.

    >>> cut_at_sentence("It swings. It really does.", n_characters=20)
    'It swings.'
    >>> cut_at_sentence("静かな曲。とても良い曲。", n_characters=8)
    '静かな曲。'
    """
    if len(text) <= n_characters:
        return text
    begin = text[: n_characters + 1]  # what follows the last character tells whether a sentence ends with it
    least = n_characters / 2
    for ends in (SENTENCE_END, SPACE):
        places = [found.end() if ends is SENTENCE_END else found.start() for found in ends.finditer(begin)]
        fitting = [place for place in places if least <= place <= n_characters]
        if fitting:
            return begin[: fitting[-1]].rstrip()
    end = n_characters
    while end > 1 and unicodedata.combining(text[end]):  # a letter keeps its marks
        end -= 1
    return text[:end].rstrip()


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where each sentence of a text begins and ends, without the spaces between them.

    >>> sentence_spans("It swings. It does!")
    [(0, 10), (11, 19)]
    """
    ends = [found.end() for found in SENTENCE_END.finditer(text)]
    spans = []
    for begin, end in itertools.pairwise([0, *ends, len(text)]):
        inside = text[begin:end]
        if inside.strip():
            start = begin + len(inside) - len(inside.lstrip())
            spans.append((start, start + len(inside.strip())))
    return spans


def read_text_file(path: Path, *, most_bytes: int = MOST_BYTES) -> str:
    """The beginning of a text file in UTF-8; bytes that are none are replaced.

    Args:
        path: The file.
        most_bytes: What is read of it.

    Raises:
        ConfigError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes)
    except OSError as cause:
        reason = (cause.strerror or str(cause)).lower()
        raise ConfigError(f"the text {path} cannot be read: {reason}", hint="check the path and its rights") from None
    return decoded(data, is_whole=len(data) < most_bytes)


def decoded(data: bytes, *, is_whole: bool = True) -> str:
    """Bytes as text, those that are no UTF-8 replaced by U+FFFD, which :class:`Document` counts.

    Args:
        data: UTF-8, with or without a mark of byte order.
        is_whole: False where more bytes follow: a character that is not complete at the end is left out.
    """
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    is_split = not is_whole and text.endswith(REPLACEMENT)
    return text[:-1] if is_split else text
