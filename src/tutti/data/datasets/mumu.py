"""MuMu: 31,471 albums with 250 labels of Amazon's taxonomy, their reviews and covers, and 147,295 of their tracks.

The mapping, the reviews and the covers' addresses are published; covers must be fetched, sounds are those of the
Million Song Dataset. A track carries its album's labels, and its reviews joined in the order of the file. Splits are
published apart from the mapping; without them, the protocol ``artists`` draws one of its own.

Layout below the root, as the archives unpack; lists may lie in the root itself::

    MuMu_dataset/MuMu_dataset_multi-label.csv    the mapping: ``COLUMNS``
    MuMu_dataset/amazon_metadata_MuMu.json       amazon_id, imUrl, …
    MuMu_dataset/amazon_reviews_MuMu.json        see ``tutti.data.datasets.reviews``; any *reviews*.json serves
    splits/items_index_train_MuMu-albums.tsv     ids of albums; val and test; MuMu-tracks: ids of tracks
    covers/<name>.jpg         named by amazon_id, by album_mbid, or as at the end of imUrl
    audio/R/A/B/<id>.mp3      as of the Million Song Dataset

References:
    Oramas, Nieto, Barbieri and Serra, "Multi-label music genre classification from audio, text and images using deep
    features", ISMIR 2017.
    Oramas, Barbieri, Nieto and Serra, "Multimodal deep learning for music genre classification", TISMIR 1(1), 2018.
"""

from __future__ import annotations

import csv
import dataclasses
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tutti.data.artist_splits import split_by_artist
from tutti.data.datasets.albums import album_remarks, picture_of, pictures_below
from tutti.data.datasets.dataset import (
    Dataset,
    Protocol,
    RemoteFile,
    first_existing,
    missing_or_broken,
    read_list,
    sounds_folder,
)
from tutti.data.datasets.fixtures import write_cover, write_sound
from tutti.data.datasets.million_song import PREVIEWS, read_previews, sound_path
from tutti.data.datasets.reviews import read_entries, read_reviews
from tutti.data.track import Track
from tutti.errors import DatasetError
from tutti.files import write_text

# fmt: off
LABELS = (
    "Acid Jazz", "Acoustic Blues", "Adult Alternative", "Adult Contemporary", "Africa", "Album-Oriented Rock (AOR)",
    "Alt Industrial", "Alternative Metal", "Alternative Rock", "Ambient", "Ambient Pop", "American Alternative",
    "American Punk", "Americana", "Arena Rock", "Argentina", "Australia & New Zealand", "Avant Garde & Free Jazz",
    "Ballets & Dances", "Bass", "Bebop", "Big Beat", "Blue-Eyed Soul", "Bluegrass", "Blues", "Blues Rock", "Bolero",
    "Bossa Nova", "Brazil", "Brazilian Jazz", "Britain", "British & Celtic Folk", "British Alternative", "British Folk",
    "British Invasion", "British Isles", "British Metal", "British Punk", "Britpop", "Broadway & Vocalists", "Cabaret",
    "Cajun & Zydeco", "Caribbean & Cuba", "Celtic Folk", "Celtic New Age", "Chamber Music", "Chamber Pop",
    "Chicago Blues", "Children's Music", "Christian", "Christmas", "Classic Big Band", "Classic Country", "Classic R&B",
    "Classic Rock", "Classical", "Colombia", "Comedic Music", "Comedy & Spoken Word", "Concertos",
    "Contemporary Big Band", "Contemporary Blues", "Contemporary Folk", "Contemporary R&B", "Continental Europe",
    "Cool Jazz", "Country", "Country & Bluegrass", "Country Rock", "Cowboy", "Cuba", "Dance & Electronic", "Dance Hall",
    "Dance Pop", "Death Metal", "Delta Blues", "Disco", "Doo Wop", "Dream Pop", "Drum & Bass", "Dub", "East Coast",
    "East Coast Blues", "Easy Listening", "Electric Blues", "Electronic Pop", "Electronica", "Emo", "Euro Pop",
    "Europe", "European Jazz", "Experimental Rap", "Far East & Asia", "Flamenco", "Folk", "Folk Rock", "Forms & Genres",
    "France", "French Pop", "Funk", "Gangsta & Hardcore", "Garage Punk", "Germany", "Girl Groups", "Glam", "Gospel",
    "Goth", "Goth & Industrial", "Hard Rock", "Hard Rock & Metal", "Hardcore", "Hardcore & Punk", "Harmonica Blues",
    "Holiday & Wedding", "House", "IDM", "India & Pakistan", "Indie & Lo-Fi", "Indie Rock", "Industrial",
    "Industrial Dance", "Instrumental", "International Rap", "Ireland", "Irish Folk", "Italian Pop", "Italy",
    "Jam Bands", "Jamaica", "Jamaican Ska", "Jangle Pop", "Jazz", "Jazz Fusion", "Jump Blues", "Latin Hip-Hop",
    "Latin Jazz", "Latin Music", "Latin Pop", "Latin Rock", "Lo-Fi", "Mambo", "Meditation", "Memphis Blues", "Merengue",
    "Metal", "Middle East", "Modern Blues", "Modern Postbebop", "Motown", "Movie Scores", "Movie Soundtracks",
    "Musicals", "Nashville Sound", "Neotraditional", "New Age", "New Jack", "New Orleans Blues", "New Orleans Jazz",
    "New Wave", "New Wave & Post-Punk", "Noels", "North America", "Northern", "Norway", "Old School",
    "Old-Time Country", "Oldies", "Oldies & Retro", "Opera & Classical Vocal", "Outlaw Country", "Piano Blues", "Pop",
    "Pop & Contemporary", "Pop Metal", "Pop Rap", "Post Hardcore", "Post-Punk", "Power Pop", "Progressive",
    "Progressive Metal", "Progressive Rock", "Proto Punk", "Psychedelic Rock", "Punk", "Punk Revival", "Punk-Pop",
    "Quiet Storm", "R&B", "Rap & Hip-Hop", "Rap Rock", "Reggae", "Regional Blues", "Roadhouse Country", "Rock",
    "Rock & Alternative", "Rock Guitarists", "Rockabilly", "Rocksteady", "Roots Rock", "Salsa", "Samba", "Scandinavia",
    "Scotland", "Shoegazing", "Singer-Songwriters", "Ska", "Ska Punk", "Slide Guitar", "Smooth Jazz", "Soft Rock",
    "Soul", "Soul-Jazz & Boogaloo", "Soundtracks", "South & Central America", "South Africa", "Southern Gospel",
    "Southern Rap", "Southern Rock", "Southern Soul", "Spain", "Special Interest", "Surf Rock", "Sweden", "Swedish Pop",
    "Swing Jazz", "Symphonies", "Techno", "Teen Pop", "Texas Blues", "Third Wave Ska", "Thrash & Speed Metal",
    "Today's Country", "Traditional", "Traditional Blues", "Traditional Folk", "Traditional Jazz & Ragtime",
    "Traditional Pop", "Traditional Vocal Pop", "Trance", "Tributes", "Trip-Hop", "Urban & Contemporary", "Vocal Blues",
    "Vocal Jazz", "Vocal Non-Opera", "Vocal Pop", "West Coast", "Western Swing", "World Dance", "World Music",
)
# fmt: on
FOLDER = "MuMu_dataset"
MAPPING, METADATA, REVIEWS = "MuMu_dataset_multi-label.csv", "amazon_metadata_MuMu.json", "amazon_reviews_MuMu.json"
COLUMNS = ("amazon_id", "album_mbid", "MSD_track_id", "recording_mbid", "artist_mbid", "genres")
FILE_OF_SPLIT = {"train": "train", "valid": "val", "test": "test"}
SHARES = {"train": 0.8, "valid": 0.1, "test": 0.1}
SEED = 0
REPOSITORY = "https://zenodo.org/record/831189"


def load(root: Path, *, items: str) -> list[Track]:
    """The tracks of the published splits.

    Args:
        root: Where the dataset lies.
        items: What the lists of the splits name: ``albums``, by either of their ids, or ``tracks``.

    Raises:
        DatasetError: A list is missing or broken, or names nothing that the mapping knows.
    """
    rows = list(_rows(_mapping(root)))
    split_of: dict[str, str] = {}
    for split in FILE_OF_SPLIT:
        path = root / split_list(split, items)
        ids = [line.strip() for line in read_list(path, what=f"the {items} of {split}")]
        known = {row[name] for row in rows for name in _keys(items)}
        if not known.intersection(ids):
            raise DatasetError(
                f"{path} names no {items[:-1]} that {MAPPING} knows, such as {ids[0][:40]!r}",
                hint="fetch the splits and the mapping of one release",
            )
        split_of |= dict.fromkeys(ids, split)
    splits = [next((split_of[row[name]] for name in _keys(items) if row[name] in split_of), None) for row in rows]
    return _tracks(root, rows, splits)


def load_artists(root: Path) -> list[Track]:
    """All tracks, whole artists at random in 80, 10 and 10 of a hundred, by a fixed seed."""
    rows = list(_rows(_mapping(root)))
    tracks = _tracks(root, rows, [None] * len(rows))
    dealt = split_by_artist(tracks, seed=SEED, shares=SHARES)
    split_of = {track.track_id: split for split, some in dealt.items() for track in some}
    return [dataclasses.replace(track, split=split_of[track.track_id]) for track in tracks]


def remarks(root: Path, tracks: Sequence[Track]) -> tuple[str, ...]:
    """What is amiss with splits, covers and reviews at hand, counted."""
    n_silent = sum(not track.texts for track in tracks)
    told = (f"{n_silent:,} of {len(tracks):,} tracks have no review",) if n_silent else ()
    return (*album_remarks(tracks), *told, *read_reviews(_reviews(root)).remarks())


def split_list(split: str, items: str) -> str:
    """Where a list lies below the root."""
    return f"splits/items_index_{FILE_OF_SPLIT[split]}_MuMu-{items}.tsv"


def _keys(items: str) -> tuple[str, ...]:
    return ("MSD_track_id",) if items == "tracks" else ("amazon_id", "album_mbid")


def _mapping(root: Path) -> Path:
    return first_existing(root / FOLDER / MAPPING, root / MAPPING)


def _reviews(root: Path) -> Path:
    """The file of reviews, by its name or by one that says so."""
    others = [path for folder in (root / FOLDER, root) for path in sorted(folder.glob("*reviews*.json"))]
    return first_existing(root / FOLDER / REVIEWS, *others)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows of the mapping by column."""
    what = "the mapping of tracks to albums and labels"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                raise DatasetError(
                    f"{path}, {what}, lacks the column {lacking[0]}", hint=f"fetch the published one: {REPOSITORY}"
                )
            for row in reader:
                if any(row[name] is None for name in COLUMNS) or not row["MSD_track_id"]:
                    raise DatasetError(f"{path}, line {reader.line_num}, is no track", hint="fetch it again, whole")
                yield {name: row[name].strip() for name in COLUMNS}
    except (OSError, UnicodeDecodeError, csv.Error) as cause:
        raise missing_or_broken(path, cause, what=what) from None


def _tracks(root: Path, rows: Sequence[dict[str, str]], splits: Sequence[str | None]) -> list[Track]:
    """Tracks; of one that is listed twice, the first row counts."""
    pictures, addresses = pictures_below(root / "covers"), _addresses(root)
    texts = read_reviews(_reviews(root)).texts
    sounds, previews = sounds_folder(root, "audio", "A"), read_previews(root)
    place = {label: number for number, label in enumerate(LABELS)}
    tracks: dict[str, Track] = {}
    for row, split in zip(rows, splits, strict=True):
        album, track_id = row["amazon_id"], row["MSD_track_id"]
        genres = {genre for genre in map(str.strip, row["genres"].split(",")) if genre}
        if unknown := sorted(genres.difference(place)):
            raise DatasetError(
                f"{_mapping(root)} gives {track_id} the label {unknown[0]!r}, which is none of {len(LABELS)}",
                hint=f"fetch the published one: {REPOSITORY}",
            )
        track = Track(
            track_id=track_id,
            artist=row["artist_mbid"] or None,
            album=album or None,
            audio=sound_path(sounds, track_id, previews),
            cover=picture_of(pictures, album, row["album_mbid"], addresses.get(album, "")),
            texts={"review": texts[album]} if album in texts else {},
            tags=tuple(sorted(genres, key=place.__getitem__)),
            split=split,
        )
        tracks.setdefault(track_id, track)
    return list(tracks.values())


def _addresses(root: Path) -> dict[str, str]:
    """Addresses of covers by album, where the file that tells them is at hand."""
    path = first_existing(root / FOLDER / METADATA, root / METADATA)
    if not path.exists():
        return {}
    entries = read_entries(path, what="what Amazon says of the albums")
    return {str(one["amazon_id"]): str(one["imUrl"]) for one in entries if one.get("amazon_id") and one.get("imUrl")}


FIXTURE_ALBUMS = (  # split, labels, reviews
    ("train", "Jazz,Bebop", ("A warm, swinging record. The horns never hurry.", "“Très bien”, said all.")),
    ("valid", "Rock,Pop,Surf Rock", ("Loud guitars; the drums never hurry.",)),
    ("test", "World Music,Brazil,Samba,Jazz", ("サンバの名盤。", "A warm record.")),
    # As many as it takes to draw a split of our own.
    *(("train", genre, (f"{genre}, as one knows it.",)) for genre in ("Blues", "Country", "Folk", "Gospel", "Metal")),
    *(("train", genre, (f"{genre}, and much of it.",)) for genre in ("Reggae", "Soul")),
)


def write_fixture(root: Path) -> None:
    """Eleven tracks of ten albums, with covers, reviews and both kinds of splits."""
    rows: list[str] = [",".join(COLUMNS)]
    entries: list[dict[str, str]] = []
    reviews: list[dict[str, str]] = []
    lists: dict[str, list[str]] = defaultdict(list)
    for number, (split, genres, texts) in enumerate(FIXTURE_ALBUMS):
        album = f"B0000FIX{number:02}"
        tracks = [f"TRMUM{letter}U128F00000{number}" for letter in ("AB" if number == 0 else "A")]
        for track in tracks:
            rows.append(f'{album},mbid-album-{number},{track},mbid-{track},mbid-artist-{number},"{genres}"')
            write_sound(root.joinpath("audio", *track[2:5]) / f"{track}.mp3", pitch=40.0 * (len(rows) + 1))
        entries.append({"amazon_id": album, "imUrl": f"https://example.org/covers/{album}.jpg"})
        reviews += [{"amazon_id": album, "reviewText": text} for text in texts]
        write_cover(root / "covers" / f"{album}.jpg", colour=(200 - 20 * number, 20 * number, 120))
        lists[split_list(split, "albums")].append(album)
        lists[split_list(split, "tracks")] += tracks
    write_text(root / FOLDER / MAPPING, "\n".join(rows) + "\n")
    write_text(root / FOLDER / METADATA, json.dumps(entries) + "\n")
    write_text(root / FOLDER / REVIEWS, json.dumps(reviews, ensure_ascii=False) + "\n")
    for path, ids in lists.items():
        write_text(root / path, "\n".join(ids) + "\n")


def _protocol(items: str, description: str) -> Protocol:
    return Protocol(
        name=items,
        description=description,
        load=partial(load, items=items),
        labels=LABELS,
        needs_sounds=False,
        remarks=remarks,
    )


MUMU = Dataset(
    name="mumu",
    title="MuMu",
    description="147,295 tracks of 31,471 albums with 250 labels, 447,583 reviews and the covers' addresses.",
    citation=(
        "S. Oramas, O. Nieto, F. Barbieri and X. Serra, “Multi-label music genre classification from audio, text and "
        "images using deep features”, ISMIR 2017"
    ),
    licence="for research, see the homepage; covers and previews: copyrighted, not given out",
    homepage=REPOSITORY,
    files=(
        RemoteFile(
            path=f"{FOLDER}/{MAPPING}", url=REPOSITORY, what="albums, artists and labels of tracks", or_at=(MAPPING,)
        ),
        *(
            RemoteFile(path=split_list(split, items), url=REPOSITORY, what=f"{items} of {split}", protocols=(items,))
            for items in ("albums", "tracks")
            for split in FILE_OF_SPLIT
        ),
        RemoteFile(
            path=f"{FOLDER}/{REVIEWS}", url=REPOSITORY, what="reviews of albums", or_at=(REVIEWS,), is_optional=True
        ),
        RemoteFile(
            path=f"{FOLDER}/{METADATA}", url=REPOSITORY, what="covers' addresses", or_at=(METADATA,), is_optional=True
        ),
        RemoteFile(
            path="covers/",
            url=REPOSITORY,
            what="covers, fetched from the addresses in the metadata",
            is_optional=True,
            is_covers=True,
        ),
        dataclasses.replace(PREVIEWS, is_optional=True),
    ),
    protocols={
        "albums": _protocol("albums", "The published split of albums, 80, 10 and 10 of a hundred, by artist."),
        "tracks": _protocol("tracks", "The published split of tracks."),
        "artists": Protocol(
            name="artists",
            description="Without the published splits: whole artists at random, 80, 10 and 10 of a hundred, seed 0.",
            load=load_artists,
            labels=LABELS,
            warning="this split is tutti's own; scores on the published one do not compare",
            needs_sounds=False,
            remarks=remarks,
        ),
    },
    write_fixture=write_fixture,
)
