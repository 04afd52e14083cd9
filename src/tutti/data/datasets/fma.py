"""FMA: the Free Music Archive, a hundred thousand tracks under open licences, in four sizes with one split.

Layout below the root, as the archives unpack::

    fma_metadata/tracks.csv, genres.csv     tracks.csv has three header rows: group, column, and ``track_id``
    fma_small/000/000002.mp3 …              of the size in use: fma_small, fma_medium, fma_large, fma_full

``small`` and ``medium`` have one top genre a track, ``large`` and ``full`` any number of 161 genres. Six clips of the
small set are known to be cut short or not to decode (98565, 98567, 98569, 99134, 108925, 133297); preparing it lists
those that do not.

References:
    Defferrard, Benzi, Vandergheynst and Bresson, "FMA: A dataset for music analysis", ISMIR 2017.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import get_args

from tutti.data.datasets.dataset import Dataset, Protocol, RemoteFile, Task, missing_or_broken
from tutti.data.datasets.fixtures import write_sound
from tutti.data.track import Split, Track
from tutti.errors import DatasetError
from tutti.files import write_text

SMALL = ("Electronic", "Experimental", "Folk", "Hip-Hop", "Instrumental", "International", "Pop", "Rock")
MEDIUM = (
    *("Blues", "Classical", "Country", "Easy Listening", "Electronic", "Experimental", "Folk", "Hip-Hop"),
    *("Instrumental", "International", "Jazz", "Old-Time / Historic", "Pop", "Rock", "Soul-RnB", "Spoken"),
)
SIZES = ("small", "medium", "large", "full")
# What set.subset says of a track that belongs to a size: each size holds those before it.
SUBSETS = {"small": {"small"}, "medium": {"small", "medium"}}
SPLITS = {"training": "train", "validation": "valid", "test": "test"}
COUNTS = {
    "small": (6_400, 800, 800),
    "medium": (19_922, 2_505, 2_573),
    "large": (84_353, 11_263, 10_958),
    "full": (84_353, 11_263, 10_958),
}
SHA1 = {
    "metadata": "f0df49ffe5f2a6008d7dc83c6915b31835dfe733",
    "small": "ade154f733639d52e35e32f5593efe5be76c6d70",
    "medium": "c67b69ea232021025fca9231fc1c7c1a063ab50b",
    "large": "497109f4dd721066b5ce5e5f250ec604dc78939e",
    "full": "0f0ace23fbe9ba30ecb7e95f763e435ea802b8ab",
}
TRACKS, GENRES = "fma_metadata/tracks.csv", "fma_metadata/genres.csv"
COLUMNS = {
    "split": ("set", "split"),
    "subset": ("set", "subset"),
    "genre_top": ("track", "genre_top"),
    "genres": ("track", "genres"),
    "genres_all": ("track", "genres_all"),
    "title": ("track", "title"),
    "duration": ("track", "duration"),
    "artist": ("artist", "name"),
    "album": ("album", "title"),
}
SUBGENRE = "genre:"  # begins the tags of genres that were given directly
LONGEST_CELL = 1 << 24  # characters; biographies exceed the csv module's own limit


def load(root: Path, *, size: str, subgenres: bool = False) -> list[Track]:
    """The tracks of a size, each with its top genre (small, medium) or all its genres (large, full).

    With subgenres, the genres that a track was given directly follow its top genre as ``genre:Punk``.
    """
    titles = _genre_titles(root / GENRES) if subgenres or size not in SUBSETS else {}
    tracks = []
    for row in _track_rows(root / TRACKS):
        if size in SUBSETS and row["subset"] not in SUBSETS[size]:
            continue
        try:
            tags = (row["genre_top"],) if size in SUBSETS else tuple(titles[one] for one in _ids(row["genres_all"]))
            if subgenres:
                tags = (*tags, *(SUBGENRE + titles[one] for one in _ids(row["genres"])))
            tracks.append(_track(root, row, size, tags))
        except (KeyError, ValueError) as cause:
            number = row["track_id"]
            raise DatasetError(
                f"{root / TRACKS} has a broken row for track {number}: {cause!r}", hint="fetch fma_metadata.zip again"
            ) from None
    return tracks


def _track(root: Path, row: dict[str, str], size: str, tags: tuple[str, ...]) -> Track:
    name = f"{int(row['track_id']):06}"
    return Track(
        track_id=name,
        title=row["title"] or None,
        artist=row["artist"] or None,
        album=row["album"] or None,
        audio=root / f"fma_{size}" / name[:3] / f"{name}.mp3",
        tags=tuple(tag for tag in tags if tag),
        split=SPLITS[row["split"]],
        duration=float(row["duration"]) if size == "full" and row["duration"] else None,
    )


def _ids(text: str) -> list[int]:
    """A list of numbers, as it stands in a cell."""
    return [int(number) for number in json.loads(text or "[]")]


def _track_rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows of tracks.csv, with the columns that are wanted here by our names."""
    rows = _csv_rows(path, what="the table of tracks")
    heads = [next(rows, []) for _ in range(3)]
    names = list(zip(*heads[:2], strict=False))
    missing = [".".join(column) for column in COLUMNS.values() if column not in names]
    if missing or not heads[2] or heads[2][0] != "track_id":
        lacking = f"the column {missing[0]}" if missing else "its third header row"
        raise DatasetError(f"{path} lacks {lacking}", hint="fetch fma_metadata.zip again, of the release of May 2017")
    places = {ours: names.index(column) for ours, column in COLUMNS.items()}
    for row in rows:
        if len(row) < len(names):
            raise DatasetError(f"{path} breaks off after track {row[0] if row else '?'}", hint="unpack it again")
        yield {"track_id": row[0], **{ours: row[place] for ours, place in places.items()}}


def _genre_titles(path: Path) -> dict[int, str]:
    rows = _csv_rows(path, what="the table of genres")
    head = next(rows, [])
    try:
        number, title = head.index("genre_id"), head.index("title")
        return {int(row[number]): row[title] for row in rows}
    except (ValueError, IndexError) as cause:
        raise missing_or_broken(path, cause, what="the table of genres") from None


def _csv_rows(path: Path, *, what: str) -> Iterator[list[str]]:
    limit = csv.field_size_limit(LONGEST_CELL)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.reader(file)
    except (OSError, UnicodeDecodeError, csv.Error) as cause:
        raise missing_or_broken(path, cause, what=what) from None
    finally:
        csv.field_size_limit(limit)


def write_fixture(folder: Path) -> None:
    """Three tracks, one in each split, in all four sizes."""
    head = [
        ["", *column] for column in (["set", "set", "track", "track", "track", "track", "track", "artist", "album"],)
    ]
    head += [
        ["", "split", "subset", "genre_top", "genres", "genres_all", "title", "duration", "name", "title"],
        ["track_id"],
    ]
    rows = [
        ["2", "training", "small", "Hip-Hop", "[21]", "[21]", "Food", "2", "AWOL", "AWOL - A Way Of Life"],
        [
            "1017",
            "validation",
            "small",
            "Rock",
            "[25]",
            "[12, 25]",
            "Paper Boats",
            "2",
            "The Fixtures",
            'Called "Ours"',
        ],
        ["140", "test", "small", "Folk", "[17]", "[17]", "Queen, of the Wires", "2", "Alec K.", "Every Man"],
    ]
    (folder / TRACKS).parent.mkdir(parents=True)
    with (folder / TRACKS).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*head, *rows])
    genres = ["genre_id,#tracks,parent,title,top_level", "12,2,0,Rock,12", "17,1,0,Folk,17", "21,1,0,Hip-Hop,21"]
    write_text(folder / GENRES, "\n".join([*genres, "25,1,12,Punk,12"]) + "\n")
    for size in SIZES:
        for pitch, row in zip((262, 330, 392), rows, strict=True):
            name = f"{int(row[0]):06}"
            write_sound(folder / f"fma_{size}" / name[:3] / f"{name}.mp3", pitch=pitch, sample_rate=44_100)


def _protocol(size: str) -> Protocol:
    task: Task = "classes" if size in SUBSETS else "tags"
    labels = {"small": SMALL, "medium": MEDIUM}.get(size)
    what = {
        "small": "8,000 clips of 30 s, eight top genres of a thousand each.",
        "medium": "25,000 clips of 30 s, sixteen top genres, unbalanced.",
        "large": "106,574 clips of 30 s, any number of 161 genres.",
        "full": "106,574 whole tracks, any number of 161 genres.",
    }
    return Protocol(
        name=size,
        description=f"{what[size]} The official split, by which no artist is in two splits.",
        load=partial(load, size=size),
        labels=labels,
        task=task,
        n_tracks=dict(zip(get_args(Split), COUNTS[size], strict=True)),
    )


MEDIUM_GENRES = Protocol(
    name="medium-genres",
    description="As medium, and the genres that a track was given directly as further tags, such as genre:Punk: what "
    "artist group factors are made of.",
    load=partial(load, size="medium", subgenres=True),
    labels=MEDIUM,
    task="classes",
    n_tracks=dict(zip(get_args(Split), COUNTS["medium"], strict=True)),
)

FMA = Dataset(
    name="fma",
    title="Free Music Archive",
    description="106,574 tracks by 16,341 artists under Creative Commons licences, with 161 genres in a hierarchy.",
    citation="Defferrard, Benzi, Vandergheynst and Bresson, “FMA: A dataset for music analysis”, ISMIR 2017.",
    licence="metadata: CC BY 4.0; sounds: each under the licence that its artist chose",
    homepage="https://github.com/mdeff/fma",
    files=(
        *(
            RemoteFile(
                path=path,
                url="https://os.unil.cloud.switch.ch/fma/fma_metadata.zip",
                what=f"{what}, in fma_metadata.zip (SHA-1 {SHA1['metadata']})",
                protocols=protocols,
            )
            for path, what, protocols in (
                (TRACKS, "table of tracks", ()),
                (GENRES, "table of genres", ("large", "full", MEDIUM_GENRES.name)),
            )
        ),
        *(
            RemoteFile(
                path=f"fma_{size}/",
                url=f"https://os.unil.cloud.switch.ch/fma/fma_{size}.zip",
                what=f"the sounds, fma_{size}.zip unpacked (SHA-1 {SHA1[size]})",
                protocols=(size, MEDIUM_GENRES.name) if size == "medium" else (size,),
            )
            for size in SIZES
        ),
    ),
    protocols={**{size: _protocol(size) for size in SIZES}, MEDIUM_GENRES.name: MEDIUM_GENRES},
    write_fixture=write_fixture,
)
