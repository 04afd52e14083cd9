"""MSD-I: thirty thousand songs of the Million Song Dataset with the cover of their album and one of fifteen genres.

One table is published; covers must be fetched from the addresses in it, sounds are those of the Million Song Dataset.
The paper says that no artist and no album is in two splits; the check counts those that are, and albums whose tracks
have different genres, and the protocol ``apart`` leaves all of them out. The paper's text counts 30,713 tracks, its
table 30,933.

Layout below the root::

    MSD-I_dataset.tsv         msd_track_id  genre  image_url  album_index  set  msd_artist_id
    covers/<name>.jpg         named by msd_track_id, by album_index, or as at the end of image_url
    audio/R/A/B/<id>.mp3      as of the Million Song Dataset; its unique_tracks.txt and split/ are read where they are

References:
    Oramas, Barbieri, Nieto and Serra, "Multimodal deep learning for music genre classification", TISMIR 1(1), 2018.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from tutti.data.datasets.albums import album_remarks, apart, picture_of, pictures_below
from tutti.data.datasets.dataset import Dataset, Protocol, RemoteFile, read_list, sounds_folder
from tutti.data.datasets.fixtures import write_cover, write_sound
from tutti.data.datasets.million_song import HOMEPAGE as SOUNDS_HOMEPAGE
from tutti.data.datasets.million_song import PREVIEWS, read_names, read_previews, sound_path
from tutti.data.track import Track
from tutti.errors import DatasetError
from tutti.files import write_text

# fmt: off
LABELS = (
    "Blues", "Country", "Electronic", "Folk", "Jazz", "Latin", "Metal", "New Age", "Pop", "Punk", "Rap", "Reggae",
    "RnB", "Rock", "World",
)
# fmt: on
LIST = "MSD-I_dataset.tsv"
COLUMNS = ("msd_track_id", "genre", "image_url", "album_index", "set", "msd_artist_id")
SPLITS = {"train": "train", "val": "valid", "test": "test"}
REPOSITORY = "https://zenodo.org/record/1240485"


def load(root: Path) -> list[Track]:
    """The tracks of the table; of one that is listed twice, the first row counts."""
    label_of = {_letters(label): label for label in LABELS}
    pictures = pictures_below(root / "covers")
    names, previews, sounds = read_names(root), read_previews(root), sounds_folder(root, "audio", "A")
    tracks: dict[str, Track] = {}
    for number, row in _rows(root / LIST):
        track_id, album = row["msd_track_id"], row["album_index"]
        try:
            genre, split = label_of[_letters(row["genre"])], SPLITS[row["set"]]
        except KeyError as cause:
            raise DatasetError(
                f"{root / LIST}, line {number}: {cause} is neither a genre nor a set of MSD-I", hint="fetch it again"
            ) from None
        track = Track(
            track_id=track_id,
            title=names.get(track_id, ("", None))[1],
            artist=row["msd_artist_id"] or None,
            album=album or None,
            audio=sound_path(sounds, track_id, previews),
            cover=picture_of(pictures, track_id, album, row["image_url"]),
            tags=(genre,),
            split=split,
        )
        tracks.setdefault(track_id, track)
    return list(tracks.values())


def load_apart(root: Path) -> list[Track]:
    """The tracks whose album has one genre, and whose album and artist are in no earlier split."""
    return apart(load(root))


def remarks(root: Path, tracks: Sequence[Track]) -> tuple[str, ...]:
    """What is amiss with the table and the covers at hand, counted."""
    return album_remarks(tracks)


def _letters(name: str) -> str:
    """A genre's letters: it is written New Age, Newage and New_Age."""
    return "".join(filter(str.isalpha, name.casefold()))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and rows of the table by column."""
    what = "the table of tracks"
    header, *lines = (line.split("\t") for line in read_list(path, what=what))
    header = [name.strip() for name in header]
    lacking = [name for name in COLUMNS if name not in header]
    if lacking:
        raise DatasetError(
            f"{path}, {what}, lacks the column {lacking[0]}; it has {', '.join(header)[:80]}",
            hint=f"fetch the published one: {REPOSITORY}",
        )
    for number, cells in enumerate(lines, start=2):
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        if any(name not in row for name in COLUMNS) or not row["msd_track_id"]:
            raise DatasetError(f"{path}, line {number}, breaks off: it is no track", hint="fetch it again, whole")
        yield number, row


# Two albums of one artist, one of another; the genre's letters alone count.
FIXTURE_ROWS = (
    ("TRAAAED128E0783FAB", "Jazz", "0", "train", "ARFIXT01187B9AAAAA"),
    ("TRAAAFD128F92F423A", "Jazz", "0", "train", "ARFIXT01187B9AAAAA"),
    ("TRAAAGR128F425B14B", "Newage", "1", "train", "ARFIXT01187B9AAAAA"),
    ("TRAAAHZ128E0799171", "Rock", "2", "val", "ARFIXT02187B9AAAAA"),
    ("TRAAAVO128F93133D4", "Jazz", "3", "test", "ARFIXT03187B9AAAAA"),
)


def write_fixture(root: Path) -> None:
    """Five tracks of four albums, each with a sound and a cover."""
    lines = ["\t".join(COLUMNS)]
    for number, (track_id, genre, album, split, artist) in enumerate(FIXTURE_ROWS):
        address = f"https://example.org/covers/cover{album}.jpg"
        lines.append("\t".join((track_id, genre, address, album, split, artist)))
        write_sound(root.joinpath("audio", *track_id[2:5]) / f"{track_id}.mp3", pitch=110.0 * (number + 2))
        write_cover(root / "covers" / f"cover{album}.jpg", colour=(40 * int(album), 90, 200 - 40 * int(album)))
    write_text(root / LIST, "\n".join(lines) + "\n")


MSD_I = Dataset(
    name="msd-i",
    title="MSD-I",
    description="Thirty thousand songs of the Million Song Dataset with their album's cover and one of 15 genres.",
    citation=(
        "S. Oramas, F. Barbieri, O. Nieto and X. Serra, “Multimodal deep learning for music genre classification”, "
        "TISMIR 1(1), 2018"
    ),
    licence="annotations: for research, see the homepage; covers and previews: copyrighted, not given out",
    homepage=REPOSITORY,
    files=(
        RemoteFile(path=LIST, url=REPOSITORY, what="genre, cover's address, album, split and artist of each track"),
        RemoteFile(
            path="covers/",
            url=REPOSITORY,
            what="covers, fetched from the addresses in the table",
            is_optional=True,
            is_covers=True,
        ),
        dataclasses.replace(PREVIEWS, is_optional=True),
        RemoteFile(path="unique_tracks.txt", url=SOUNDS_HOMEPAGE, what="titles", is_optional=True),
    ),
    protocols={
        "official": Protocol(
            name="official",
            description="The published split, 70, 15 and 15 of a hundred.",
            load=load,
            labels=LABELS,
            task="classes",
            warning="it is said to keep albums and artists apart; `tutti datasets check` counts those that are not",
            needs_sounds=False,
            remarks=remarks,
        ),
        "apart": Protocol(
            name="apart",
            description="The same without albums of several genres, and without tracks whose album or artist is in an "
            "earlier split.",
            load=load_apart,
            labels=LABELS,
            task="classes",
            needs_sounds=False,
            remarks=remarks,
        ),
    },
    write_fixture=write_fixture,
)
