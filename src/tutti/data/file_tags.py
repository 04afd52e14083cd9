"""What a sound file says of itself: title, artist, album, year, genres, and the picture inside it.

Read with tinytag, which knows ID3, Vorbis comments, MP4 atoms, ASF, RIFF and AIFF. Files of other kinds have
no tags as far as we are concerned. Broken tags never keep a sound from being used: they come as a
``problem``. Pictures come as they are; whether one is any good is ``tutti.data.track_covers``' question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tinytag import TinyTag, UnsupportedFormatError

from tutti.data.track import Problem

# Longer texts are no title or name; some programs hide whole documents in tags.
MAX_CHARACTERS = 500
GENRE_SEPARATORS = re.compile(r"[;,/|\0]")


@dataclass(frozen=True, kw_only=True)
class FileTags:
    """What is written in a sound file; any of it may be missing.

    Attributes:
        title: Of the track.
        artist: The performer, else the album's.
        album: The release.
        year: Of the release, 1000 to 2999.
        genres: One or several, in the file's words, each once.
        cover: Bytes of the picture on the front, else of any picture inside.
        problem: Why nothing could be read.
    """

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    year: int | None = None
    genres: tuple[str, ...] = ()
    cover: bytes | None = None
    problem: Problem | None = None


def read_file_tags(path: Path) -> FileTags:
    """The tags of a sound file. Never raises for what is inside it.

    Raises:
        OSError: The file cannot be opened.
    """
    with path.open("rb") as file:
        try:
            tag = TinyTag.get(file_obj=file, filename=path, tags=True, duration=False, image=True)
        except UnsupportedFormatError:
            return FileTags()
        except Exception as cause:  # its readers wrap most of what damage leads them into, not all
            reason = (str(cause) or type(cause).__name__).partition("\n")[0]
            return FileTags(
                problem=Problem(path=path, kind="tags", reason=f"its tags cannot be read: {reason}", skipped=False)
            )
    image = tag.images.front_cover or tag.images.any
    return FileTags(
        title=clean_text(tag.title),
        artist=clean_text(tag.artist) or clean_text(tag.albumartist),
        album=clean_text(tag.album),
        year=parse_year(tag.year),
        genres=split_genres([tag.genre or "", *tag.other.get("genre", [])]),
        cover=image.data if image is not None and image.data else None,
    )


def clean_text(text: str | None) -> str | None:
    """A text on one line, without control characters and surrounding blanks; None when nothing is left.

    >>> clean_text(" A\\0 tune\\r\\n\\0")
    'A tune'
    """
    if text is None:
        return None
    # Lone surrogates come from broken UTF-16 and cannot be stored.
    valid = text.encode("utf-8", "replace").decode("utf-8")
    printable = "".join(letter if letter.isprintable() else " " for letter in valid)
    return " ".join(printable.split())[:MAX_CHARACTERS] or None


def parse_year(text: str | None) -> int | None:
    """The year in a date of any form; None where there is none from 1000 to 2999.

    >>> parse_year("1987-05-02"), parse_year("2. 5. 1987"), parse_year("87"), parse_year("0000")
    (1987, 1987, None, None)
    """
    found = re.search(r"(?<!\d)[12]\d{3}(?!\d)", text or "")
    if found is None:
        found = re.match(r"[12]\d{3}(?=\d{4}$)", (text or "").strip())  # 19870502
    return int(found[0]) if found else None


def split_genres(texts: list[str]) -> tuple[str, ...]:
    """Single genres, each once, in order.

    >>> split_genres(["Rock; Pop/Folk", "rock"])
    ('Rock', 'Pop', 'Folk')
    """
    cleaned = [clean_text(part) for text in texts for part in GENRE_SEPARATORS.split(text)]
    first_spelling: dict[str, str] = {}
    for genre in cleaned:
        if genre is not None:
            first_spelling.setdefault(genre.casefold(), genre)
    return tuple(first_spelling.values())
