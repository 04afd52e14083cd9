"""What is written about the tracks of a catalogue, to learn word vectors from: each text once.

Training itself is in ``tutti.text.word_training``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tutti.data.catalogue import Catalogue
from tutti.data.items import TAGS
from tutti.data.labels import SPLITS
from tutti.data.track import Track
from tutti.errors import ConfigError, unknown_name
from tutti.text.word_training import Corpus

KINDS = ("review", "biography", "caption", "lyrics")


def texts_of(tracks: Iterable[Track], *, kinds: Sequence[str] = KINDS) -> list[str]:
    """Texts of tracks, in their order; what several tracks share, such as a biography, once.

    Args:
        tracks: With or without texts.
        kinds: Of text that are read; ``tags`` reads a track's tags as one sentence.
    """
    found: dict[str, None] = {}
    for track in tracks:
        for kind in kinds:
            text = ", ".join(track.tags) if kind == TAGS else track.texts.get(kind, "")
            if text.strip():
                found[text] = None
    return list(found)


def open_corpus(sources: Sequence[Path], *, kinds: Sequence[str] = KINDS, split: str = "all") -> Corpus:
    """The texts of catalogues and of files, as sentences.

    Args:
        sources: Folders of catalogues, and files of text.
        kinds: Of text that are read of a catalogue.
        split: Only the tracks of this split, or of ``all``. Files have no splits and are read whole.

    Raises:
        UnknownNameError: There is no such split.
        ConfigError: There is a file that is missing, or nothing to read at all.
        CatalogueError: A folder is no catalogue.
    """
    if split not in (*SPLITS, "all"):
        raise unknown_name("split", split, (*SPLITS, "all"))
    texts: list[str] = []
    files: list[Path] = []
    for source in map(Path, sources):
        if source.is_dir():
            tracks = Catalogue.open(source).tracks()
            texts += texts_of((track for track in tracks if split in ("all", track.split)), kinds=kinds)
        elif source.exists():
            files.append(source)
        else:
            raise ConfigError(f"there is no catalogue or text {source}", hint="check the path")
    if not texts and not files:
        told = "" if split == "all" else f" of the split {split}"
        raise ConfigError(
            f"the tracks{told} have no {', '.join(kinds)} to learn words from",
            hint=f"name other kinds of text, such as {', '.join(KINDS)}, or files",
        )
    return Corpus(texts, files)
