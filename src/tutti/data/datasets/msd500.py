"""MSD500: 158,323 songs of the Million Song Dataset with cleaned tags of last.fm, for finding music by tags.

1,352 tags as typed became 500: 294 of genre, 94 of mood, 36 of location, 34 of language, 21 of instrument, 14 of
activity and 7 decades, 3.1 a song; each has at least 100 songs, and songs with more than 20 tags or without play counts
are left out. MSD100 has the 100 most frequent tags and about 115,000 songs, MSD50 the 50 most frequent and, in the
paper, 39,402 songs for which the authors had listening data of their own.

The published split was drawn without a seed, so ``released`` and ``released-50`` read the authors' lists, and scores
compare with these only. The other protocols draw artists with a seed, 70, 15 and 15 of a hundred, anew until every tag
has 100 songs in each split; where the rarest tag has fewer than 1,000 songs, a tenth of them must do, and where no draw
has as many, half of that: rare tags of few artists are hard to deal out. The check tells the fewest. The authors' code
keeps annotations with a score of 50 and more, the thesis all but those of 0, as ``msd100-thesis`` and ``msd500-thesis``
do. The code also drops tags that are no single word of the word vectors of Google News; nothing here does.

Layout below the root::

    track_tags.tsv         song, tag as typed, cleaned tag, category, score; `tutti datasets clean-tags` writes one
    song_to_artist.pkl     a pickled dictionary; song_to_artist.tsv, song and artist, serves as well
    existing_ids.npy, binaries.npy, tags.npy, train_ids.npy, valid_ids.npy, test_ids.npy    released; MSD50: sub_…
    audio/R/A/B/<id>.mp3   as of the Million Song Dataset

References:
    Won, Oramas, Nieto, Gouyon, Serra, "Multimodal metric learning for tag-based music retrieval", ICASSP 2021; the
    authors' code.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pickle
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tutti.data.artist_splits import artist_of, split_with_floor
from tutti.data.datasets.dataset import Dataset, Protocol, RemoteFile, first_existing, missing_or_broken, sounds_folder
from tutti.data.datasets.fixtures import write_sound
from tutti.data.datasets.million_song import HOMEPAGE as SOUNDS_HOMEPAGE
from tutti.data.datasets.million_song import PREVIEWS, read_names, read_previews, sound_path
from tutti.data.pickles import load_array, load_pickle, load_texts
from tutti.data.tag_cleanup import SCORE_FILTERS, ScoreFilter
from tutti.data.track import Track
from tutti.errors import ConfigError, DatasetError
from tutti.files import write_text
from tutti.text.word_vectors import WordVectors

REPOSITORY = "https://github.com/minzwon/tag-based-music-retrieval"
TAGS, ARTISTS = "track_tags.tsv", "song_to_artist.pkl"
SHARES: Mapping[str, float] = {"train": 0.7, "valid": 0.15, "test": 0.15}
LEAST = 100  # songs of each tag in each split
SEED = 0
N_TRIES = 300  # draws, until half as many songs must do
BETWEEN = "//"  # of a row and a song's id in the released lists


def load(root: Path, *, n_tags: int | None = None, score_filter: ScoreFilter = "code") -> list[Track]:
    """Songs with their tags, split by artist.

    Args:
        root: Where the dataset lies.
        n_tags: The most frequent ones; None takes all.
        score_filter: See ``tutti.data.tag_cleanup``.
    """
    artists = read_artists(root)
    tags: dict[str, dict[str, None]] = {}
    for song, tag, score in read_track_tags(root / TAGS):
        if song in artists and SCORE_FILTERS[score_filter](score):
            tags.setdefault(song, {})[tag] = None
    counts = Counter(tag for some in tags.values() for tag in some)
    kept = sorted(counts, key=lambda tag: (-counts[tag], tag))[:n_tags]
    if len(kept) < 2:
        raise DatasetError(
            f"{root / TAGS} holds {len(kept)} tags of songs whose artist is known",
            hint=f"fetch all lists: {REPOSITORY}",
        )
    is_kept = frozenset(kept)
    sorted_tags = {song: tuple(sorted(is_kept & some.keys())) for song, some in tags.items()}
    tracks = _tracks(root, {song: some for song, some in sorted_tags.items() if some}, artists)
    split_of = _split(tracks, least=min(LEAST, counts[kept[-1]] // 10))
    return [dataclasses.replace(track, split=split_of[artist_of(track)]) for track in tracks]


def _split(tracks: Sequence[Track], *, least: int) -> dict[str, str]:
    """The split of each artist, with ``least`` songs of each tag in each split where a draw has them, or half of it."""
    while least:
        with contextlib.suppress(ConfigError):
            return split_with_floor(tracks, seed=SEED, shares=SHARES, least=least, n_tries=N_TRIES)
        least //= 2
    return split_with_floor(tracks, seed=SEED, shares=SHARES, least=0)


def load_released(root: Path, *, prefix: str = "") -> list[Track]:
    """Songs, tags and splits of the authors' lists.

    Args:
        root: Where the dataset lies.
        prefix: ``sub_`` for MSD50.
    """
    names = load_texts(root / f"{prefix}tags.npy", what="the tags")
    ids = load_texts(root / f"{prefix}existing_ids.npy", what="the songs")
    path = root / f"{prefix}binaries.npy"
    targets = load_array(path, what="the tags of each song")
    if targets.shape != (len(ids), len(names)) or targets.dtype.kind not in "biuf":
        raise DatasetError(
            f"{path} has shape {targets.shape} and type {targets.dtype}, for {len(ids)} songs and {len(names)} tags",
            hint=f"fetch all lists from one version: {REPOSITORY}",
        )
    artists = read_artists(root) if _artists_path(root).exists() else {}
    tracks: list[Track] = []
    for split in SHARES:
        path = root / f"{prefix}{split}_ids.npy"
        rows = [_row(path, one, ids) for one in load_texts(path, what=f"the songs of {split}")]
        tags = {ids[row]: tuple(names[column] for column in np.flatnonzero(targets[row] > 0)) for row in rows}
        tracks += [dataclasses.replace(one, split=split) for one in _tracks(root, tags, artists)]
    return tracks


def _row(path: Path, entry: str, ids: Sequence[str]) -> int:
    row, _, song = entry.partition(BETWEEN)
    if not row.isdigit() or int(row) >= len(ids) or ids[int(row)] != song:
        raise DatasetError(
            f"{path} has {entry!r:.60}, which is no row and song of existing_ids.npy",
            hint=f"fetch all lists from one version: {REPOSITORY}",
        )
    return int(row)


def _tracks(root: Path, tags: Mapping[str, tuple[str, ...]], artists: Mapping[str, str]) -> list[Track]:
    names, previews, sounds = read_names(root), read_previews(root), sounds_folder(root, "audio", "A")
    return [
        Track(
            track_id=song,
            title=names.get(song, ("", None))[1],
            artist=artists.get(song) or names.get(song, (None, ""))[0],
            audio=sound_path(sounds, song, previews),
            tags=some,
        )
        for song, some in tags.items()
    ]


def read_track_tags(path: Path) -> Iterator[tuple[str, str, float]]:
    """Song, cleaned tag and score of each annotation; a first line without a score is a header.

    The categories of the same table are read by ``tutti.data.tag_categories``.

    Raises:
        DatasetError: The table is missing, or a line is no annotation.
    """
    what = "the tags of the songs"
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                cells = [cell.strip() for cell in line.rstrip("\n").split("\t")]
                try:
                    song, _, tag, _, score = cells
                    value = float(score)
                except ValueError:
                    if (number == 1 and len(cells) == 5) or not any(cells):
                        continue
                    raise DatasetError(
                        f"{path}, line {number}, is no song, tag, cleaned tag, category and score: {line[:40]!r}",
                        hint=f"fetch it again: {REPOSITORY}",
                    ) from None
                yield song, tag.lower(), value
    except (OSError, UnicodeDecodeError) as cause:
        raise missing_or_broken(path, cause, what=what) from None


def read_artists(root: Path) -> dict[str, str]:
    """The artist of each song.

    Raises:
        DatasetError: The list is missing or broken.
    """
    path = _artists_path(root)
    if path.suffix == ".tsv":
        try:
            lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
            return dict(line.split("\t") for line in lines)
        except (OSError, ValueError) as cause:
            raise missing_or_broken(path, cause, what="the artists of the songs") from None
    found = load_pickle(path, what="the artists of the songs")
    if not isinstance(found, dict) or not all(isinstance(one, bytes | str) for pair in found.items() for one in pair):
        raise DatasetError(f"{path} holds no dictionary of artists", hint=f"fetch it again: {REPOSITORY}")
    return {_text(song): _text(artist) for song, artist in found.items()}


def _artists_path(root: Path) -> Path:
    return first_existing(root / ARTISTS, root / "song_to_artist.tsv")


def read_word_vectors(root: Path, name: str = "google") -> WordVectors:
    """The released vectors of the tags, in the order of the labels' scores.

    Args:
        root: Where ``google_emb.pkl`` or ``music_emb.pkl`` lies.
        name: ``google`` or ``music``.

    Raises:
        DatasetError: The file is missing, damaged, or no dictionary of vectors.
    """
    path = root / f"{name}_emb.pkl"
    found = load_pickle(path, what="the word vectors of the tags")
    try:
        vectors = np.stack([np.asarray(vector, dtype=np.float32).ravel() for vector in found.values()])
        return WordVectors([_text(tag) for tag in found], vectors, name=f"{name} (released)")
    except (AttributeError, ValueError, TypeError) as cause:
        raise DatasetError(f"{path} holds no dictionary of vectors: {cause}", hint=f"fetch it: {REPOSITORY}") from None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def remarks(root: Path, tracks: Sequence[Track]) -> tuple[str, ...]:
    """Songs of each tag in the smallest split, and songs whose sound does not count."""
    counts = {
        (split, tag): n
        for split in SHARES
        for tag, n in Counter(tag for track in tracks if track.split == split for tag in track.tags).items()
    }
    tags = {tag for track in tracks for tag in track.tags}
    least = min(counts.get((split, tag), 0) for split in SHARES for tag in tags)
    return () if least >= LEAST else (f"some tag has {least} songs in a split; the published floor is {LEAST}",)


# Two tags each, so that every split of artists has every tag of one song at least once in train.
FIXTURE_SONGS = (
    ("TRAAAAK128F9318786", "ARFIXT01187B9AAAAA", (("Rock", "rock", "genre"), ("sad", "sad", "mood"))),
    ("TRAAABD128F429CF47", "ARFIXT02187B9AAAAA", (("hip hop", "hip-hop", "genre"), ("sad songs", "sad", "mood"))),
    ("TRAAADZ128F9348C2E", "ARFIXT03187B9AAAAA", (("rock music", "rock", "genre"),)),
    ("TRAAAEF128F4273421", "ARFIXT04187B9AAAAA", (("HipHop", "hip-hop", "genre"), ("1980s", "80s", "decade"))),
    ("TRAAAFD128F92F423A", "ARFIXT05187B9AAAAA", (("rock", "rock", "genre"), ("80s", "80s", "decade"))),
    ("TRAAAGR128F425B14B", "ARFIXT06187B9AAAAA", (("rock", "rock", "genre"), ("hip hop", "hip-hop", "genre"))),
)


def write_fixture(root: Path) -> None:
    """Six songs of six artists with four tags, in the tables and in the released lists."""
    lines = []
    for number, (song, _, tags) in enumerate(FIXTURE_SONGS):
        lines += ["\t".join((song, *tag, "100")) for tag in tags]
        write_sound(root.joinpath("audio", *song[2:5]) / f"{song}.mp3", pitch=98.0 * (number + 2), sample_rate=22_050)
    lines.append("\t".join((FIXTURE_SONGS[0][0], "hiphop", "hip-hop", "genre", "0")))  # nobody meant it
    write_text(root / TAGS, "\n".join(lines) + "\n")
    artists = {song: artist for song, artist, _ in FIXTURE_SONGS}
    (root / ARTISTS).write_bytes(pickle.dumps(artists, 2))
    names = sorted({clean for *_, tags in FIXTURE_SONGS for _, clean, _ in tags})
    ids = [song for song, *_ in FIXTURE_SONGS]
    targets = np.array(
        [[float(any(name == one for _, one, _ in tags)) for name in names] for *_, tags in FIXTURE_SONGS]
    )
    rows = {"train": range(4), "valid": range(4, 5), "test": range(5, 6)}
    for prefix in ("", "sub_"):
        np.save(root / f"{prefix}tags.npy", np.array(names))
        np.save(root / f"{prefix}existing_ids.npy", np.array(ids))
        np.save(root / f"{prefix}binaries.npy", targets)
        for split, some in rows.items():
            np.save(root / f"{prefix}{split}_ids.npy", np.array([f"{row}{BETWEEN}{ids[row]}" for row in some]))


DRAWN = ("msd100", "msd500", "msd50", "msd100-thesis", "msd500-thesis")


def _protocol(name: str, description: str, read: Callable[[Path], list[Track]], warning: str) -> Protocol:
    return Protocol(
        name=name,
        description=description,
        load=read,
        labels=None,
        warning=warning,
        remarks=remarks,
    )


def _drawn(name: str, n_tags: int | None, score_filter: ScoreFilter = "code") -> Protocol:
    which = "All tags" if n_tags is None else f"The {n_tags} most frequent tags"
    scores = "a score of 50 and more" if score_filter == "code" else "any score above 0"
    return _protocol(
        name,
        f"{which}, with {scores}; artists drawn with a seed.",
        partial(load, n_tags=n_tags, score_filter=score_filter),
        "the published split was drawn without a seed: published scores compare with released and released-50 only",
    )


def _released(name: str, prefix: str, which: str) -> Protocol:
    warning = "scores compare with published ones only where listening data and sounds are the same as the authors'"
    return _protocol(name, f"The authors' lists of {which}.", partial(load_released, prefix=prefix), warning)


def _lists(prefix: str, protocol: str) -> tuple[RemoteFile, ...]:
    wanted = {"tags": "the tags", "existing_ids": "the songs", "binaries": "the tags of each song"}
    wanted |= {f"{split}_ids": f"the songs of {split}" for split in SHARES}
    return tuple(
        RemoteFile(path=f"{prefix}{name}.npy", url=REPOSITORY, what=what, protocols=(protocol,))
        for name, what in wanted.items()
    )


MSD500 = Dataset(
    name="msd500",
    title="MSD500",
    description="Songs of the Million Song Dataset with 500 cleaned tags of last.fm in seven categories.",
    citation=(
        "M. Won, S. Oramas, O. Nieto, F. Gouyon and X. Serra, “Multimodal metric learning for tag-based music "
        "retrieval”, ICASSP 2021"
    ),
    licence="annotations: for research, see the homepage; previews: copyrighted, no longer given out",
    homepage=REPOSITORY,
    files=(
        RemoteFile(path=TAGS, url=REPOSITORY, what="tags, categories and scores of the songs", protocols=DRAWN),
        RemoteFile(
            path=ARTISTS,
            url=REPOSITORY,
            what="the artist of each song",
            protocols=DRAWN,
            or_at=("song_to_artist.tsv",),
        ),
        *_lists("", "released"),
        *_lists("sub_", "released-50"),
        PREVIEWS,
        RemoteFile(path="unique_tracks.txt", url=SOUNDS_HOMEPAGE, what="artists and titles", is_optional=True),
    ),
    protocols={
        one.name: one
        for one in (
            _drawn("msd100", 100),
            _released("released", "", "MSD100"),
            _released("released-50", "sub_", "MSD50"),
            _drawn("msd500", None),
            _drawn("msd50", 50),
            _drawn("msd100-thesis", 100, "thesis"),
            _drawn("msd500-thesis", None, "thesis"),
        )
    },
    write_fixture=write_fixture,
)
