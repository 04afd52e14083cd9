"""Reviews of albums from a JSON file: an array, or one object a line; each a review, or an album with its reviews.

Texts of an album are joined in the order of the file. Bytes that are no UTF-8 become U+FFFD, empty reviews are left
out, and what goes beyond ``LONGEST_TEXT`` is not kept; all three are counted. Which part of a text a model reads is
decided in ``tutti.text``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tutti.data.datasets.dataset import missing_or_broken
from tutti.errors import DatasetError

# Characters of an album. The paper reads 1,500; a catalogue repeats the text with each of the album's tracks.
LONGEST_TEXT = 3_000
BETWEEN = "\n\n"
WHAT = "reviews of albums"
IDS = ("amazon_id", "amazon-id", "asin", "product-id", "product_id")
TEXTS = ("reviewText", "review_text", "review", "text")
REPLACED = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, kw_only=True)
class Reviews:
    """What a file of reviews holds.

    Attributes:
        texts: By album, its reviews one after the other.
        n_reviews: In the file, empty ones too.
        n_empty: Of these, how many say nothing.
        n_replaced: How many held bytes that are no UTF-8, or half characters.
        n_cut: Albums whose text goes on beyond ``LONGEST_TEXT``.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    n_reviews: int = 0
    n_empty: int = 0
    n_replaced: int = 0
    n_cut: int = 0

    def remarks(self) -> tuple[str, ...]:
        """What is amiss, in words."""
        counted = (
            (self.n_empty, "are empty"),
            (self.n_replaced, "hold bytes that are no UTF-8, read as U+FFFD"),
        )
        told = [f"{count:,} of {self.n_reviews:,} reviews {what}" for count, what in counted if count]
        if self.n_cut:
            told.append(f"of {self.n_cut:,} albums, only the first {LONGEST_TEXT:,} characters of reviews are kept")
        return tuple(told)


def read_reviews(path: Path) -> Reviews:
    """The reviews of a file; of none at all, nothing.

    Raises:
        DatasetError: The file is no JSON, or holds something other than reviews.
    """
    if not path.exists():
        return Reviews()
    parts: dict[str, list[str]] = defaultdict(list)
    sizes: dict[str, int] = defaultdict(int)
    counts = dict.fromkeys(("n_reviews", "n_empty", "n_replaced"), 0)
    for album, raw in _reviews(path):
        text = _whole_characters(raw)
        counts["n_reviews"] += 1
        counts["n_empty"] += not text
        counts["n_replaced"] += REPLACED in text
        if text:
            if sizes[album] < LONGEST_TEXT:
                parts[album].append(text[:LONGEST_TEXT])
            sizes[album] += len(text) + len(BETWEEN)
    if counts["n_reviews"] and counts["n_empty"] == counts["n_reviews"]:
        raise DatasetError(f"{path}, {WHAT}, has no texts", hint=f"a text is named by one of {', '.join(TEXTS)}")
    texts = {album: BETWEEN.join(some)[:LONGEST_TEXT] for album, some in parts.items()}
    return Reviews(texts=texts, n_cut=sum(size > LONGEST_TEXT + len(BETWEEN) for size in sizes.values()), **counts)


def read_entries(path: Path, *, what: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON file: of an array, or one a line.

    Raises:
        DatasetError: The file is neither.
    """
    try:
        with path.open("rb") as file:
            begins = file.read(64).lstrip()
        yield from _array(path) if begins.startswith(b"[") else _lines(path)
    except (OSError, ValueError, RecursionError) as cause:
        raise missing_or_broken(path, cause, what=what) from None


def _array(path: Path) -> Iterator[dict[str, Any]]:
    for entry in json.loads(path.read_bytes().decode("utf-8", errors="replace")):
        yield _object(entry)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield _object(json.loads(line.decode("utf-8", errors="replace")))


def _object(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise ValueError(f"it holds {str(entry)[:40]!r} where an object belongs")
    return entry


def _reviews(path: Path) -> Iterator[tuple[str, str]]:
    """Album and text of each review."""
    for entry in read_entries(path, what=WHAT):
        album = _first(entry, IDS)
        if album is None:
            held = ", ".join(map(str, entry))[:80]
            raise DatasetError(
                f"{path}, {WHAT}, has an entry without an album: it holds {held or 'nothing'}",
                hint=f"an album is named by one of {', '.join(IDS)}",
            )
        several = entry.get("reviews")
        for review in several if isinstance(several, list) else [entry]:
            text = review if isinstance(review, str) else _first(_object(review), TEXTS)
            yield str(album), str(text or "")


def _first(entry: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((entry[name] for name in names if entry.get(name) is not None), None)


def _whole_characters(text: str) -> str:
    """The text without half characters, which JSON can write and nobody can store, and without space around it."""
    return text.encode("utf-8", errors="surrogatepass").decode("utf-8", errors="replace").strip()
