"""GTZAN: a thousand half-minute clips of ten genres, the most used and most faulty genre dataset.

Use the protocol ``filtered``: its lists were made by hand to leave out repetitions and distortions, and to keep artists
apart. The protocol ``random`` is there to repeat older figures.

Layout below the root, as the archive unpacks, with the lists beside it::

    genres/blues/blues.00000.wav …      or genres_original/, and .au instead of .wav, in other copies
    train_filtered.txt, valid_filtered.txt, test_filtered.txt

References:
    Tzanetakis and Cook, "Musical genre classification of audio signals", IEEE Transactions on Speech and Audio
    Processing 10(5), 2002.
    Sturm, "The GTZAN dataset: Its contents, its faults, their effects on evaluation, and its future use",
    arXiv:1306.1461, 2013.
    Kereliuk, Sturm and Larsen, "Deep learning and music adversaries", IEEE Transactions on Multimedia 17(11), 2015.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from tutti.data.datasets.dataset import Dataset, Protocol, RemoteFile, read_list
from tutti.data.datasets.fixtures import write_sound
from tutti.data.track import Track
from tutti.errors import DatasetError
from tutti.files import write_text

LABELS = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
FOLDERS = ("genres", "genres_original")
NAME = re.compile(rf"({'|'.join(LABELS)})\.(\d{{5}})")
LISTS = "https://github.com/jongpillee/music_dataset_split/tree/master/GTZAN_split"
CHECKSUMS = {
    "train": "2b04966cef1486f1a7767b74271533fa23e220388db804a1937835e1fc4fa3fa",
    "valid": "f8fbee7c52397a0e0f3a91dc54fedecb2e27f5bdc9a9daeab8cb10d077e26956",
    "test": "09cafa6a89ce0a27f30ed250d56ecb4d03c22fffb5a693f96c7ae655ee02ac72",
}
CLIPS_PER_GENRE = 100
N_TRAIN, N_VALID = 80, 10  # of each genre's clips; the rest is test
RANDOM_SEED = 0


def load_filtered(root: Path) -> list[Track]:
    """The tracks of the fault-filtered lists."""
    tracks = []
    for split in CHECKSUMS:
        path = root / f"{split}_filtered.txt"
        for line in read_list(path, what=f"the fault-filtered list of {split}"):
            name = Path(line.strip()).stem
            if not NAME.fullmatch(name):
                raise DatasetError(f"{path} lists {line!r}, which is no clip of GTZAN", hint="fetch the list again")
            tracks.append(_track(root, name, split))
    return tracks


def load_random(root: Path) -> list[Track]:
    """All clips that are there, shuffled genre by genre with a fixed seed: 80, 10 and 10 of each."""
    names = {path.stem for folder in FOLDERS for path in (root / folder).glob("*/*.*")}
    clips = sorted(name for name in names if NAME.fullmatch(name))
    if not clips:
        raise DatasetError(f"there are no clips in {root / FOLDERS[0]}", hint="unpack the archive there")
    return [_track(root, name, _random_split(name)) for name in clips]


def _random_split(name: str) -> str:
    genre, number = name.split(".")
    order = np.random.default_rng((RANDOM_SEED, LABELS.index(genre))).permutation(CLIPS_PER_GENRE)
    place = int(order[int(number) % CLIPS_PER_GENRE])
    return "train" if place < N_TRAIN else "valid" if place < N_TRAIN + N_VALID else "test"


def _track(root: Path, name: str, split: str) -> Track:
    genre = name.partition(".")[0]
    places = [root / folder / genre / f"{name}{suffix}" for folder in FOLDERS for suffix in (".wav", ".au")]
    audio = next((place for place in places if place.exists()), places[0])
    return Track(track_id=name, audio=audio, tags=(genre,), split=split)


def write_fixture(folder: Path) -> None:
    """Three clips, one in each split by either protocol."""
    names = ("blues.00001", "jazz.00010", "rock.00006")
    for name, split, pitch in zip(names, CHECKSUMS, (110, 220, 440), strict=True):
        relative = f"{name.partition('.')[0]}/{name}.wav"
        write_sound(folder / FOLDERS[0] / relative, pitch=pitch, sample_rate=22_050)
        write_text(folder / f"{split}_filtered.txt", f"{relative}\n")


GTZAN = Dataset(
    name="gtzan",
    title="GTZAN",
    description="A thousand clips of 30 s, a hundred of each of ten genres, 22,050 Hz mono, gathered in 2000 and 2001.",
    citation=(
        "Tzanetakis and Cook, “Musical genre classification of audio signals”, IEEE Transactions on Speech and Audio "
        "Processing 10(5), 2002. Filtered lists: Kereliuk, Sturm and Larsen, “Deep learning and music adversaries”, "
        "IEEE Transactions on Multimedia 17(11), 2015."
    ),
    licence="none stated; excerpts of commercial recordings, for research",
    homepage="http://marsyas.info/downloads/datasets.html",
    files=(
        RemoteFile(
            path="genres/",
            url="https://huggingface.co/datasets/marsyas/gtzan",
            what="the clips: genres.tar.gz, unpacked",
            source="original",
        ),
        RemoteFile(
            path="genres_original/",
            url="https://www.kaggle.com/datasets/andradaolteanu/gtzan-dataset-music-genre-classification",
            what="the clips of the copy on Kaggle, in which jazz.00054.wav is broken",
            source="Kaggle",
        ),
        *(
            RemoteFile(
                path=f"{split}_filtered.txt",
                url=LISTS,
                what=f"fault-filtered list of {split}",
                sha256=checksum,
                protocols=("filtered",),
            )
            for split, checksum in CHECKSUMS.items()
        ),
    ),
    protocols={
        "filtered": Protocol(
            name="filtered",
            description="The fault-filtered split: 930 clips without the repetitions and distortions that Sturm found.",
            load=load_filtered,
            labels=LABELS,
            task="classes",
            n_tracks={"train": 443, "valid": 197, "test": 290},
        ),
        "random": Protocol(
            name="random",
            description="All clips, 80 train, 10 valid and 10 test of each genre, shuffled with a fixed seed.",
            load=load_random,
            labels=LABELS,
            task="classes",
            n_tracks={"train": 800, "valid": 100, "test": 100},
            warning=(
                "scores on this split are too high: about one clip in twenty repeats another exactly, more come from "
                "the same recordings and artists, about one in ten is mislabelled, and some are distorted (Sturm "
                "2013); use the protocol filtered"
            ),
        ),
    },
    write_fixture=write_fixture,
)
