"""Speech Commands, version 2: one-second recordings of 35 spoken words, as the harmonic CNN is tested on speech.

Layout below the root, as the archive unpacks::

    backward/0165e0e8_nohash_0.wav …     a folder for each word; the file's name begins with the speaker's
    _background_noise_/                  noises to mix in, which belong to no split
    validation_list.txt, testing_list.txt

Whatever the two lists do not name is for training. Speakers are told as artists, so that the check for leaks sees that
no speaker is in two splits.

References:
    Warden, "Speech Commands: A dataset for limited-vocabulary speech recognition", arXiv:1804.03209, 2018.
    Won, Chun, Nieto and Serra, "Data-driven harmonic filters for audio representation learning", ICASSP 2020.
"""

from __future__ import annotations

from pathlib import Path

from tutti.data.datasets.dataset import Dataset, Protocol, RemoteFile, read_list
from tutti.data.datasets.fixtures import write_sound
from tutti.data.track import Track
from tutti.errors import DatasetError
from tutti.files import write_text

# fmt: off
LABELS = (
    "backward", "bed", "bird", "cat", "dog", "down", "eight", "five", "follow", "forward", "four", "go", "happy",
    "house", "learn", "left", "marvin", "nine", "no", "off", "on", "one", "right", "seven", "sheila", "six", "stop",
    "three", "tree", "two", "up", "visual", "wow", "yes", "zero",
)
# fmt: on
LISTS = {"valid": "validation_list.txt", "test": "testing_list.txt"}
ARCHIVE = "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz"
SPEAKER_ENDS = "_nohash_"


def load(root: Path) -> list[Track]:
    """All recordings of the 35 words: those of the two lists, and for training the others that are there."""
    listed = {
        line.strip(): split
        for split, name in LISTS.items()
        for line in read_list(root / name, what=f"the official list of {split}")
    }
    strangers = [relative for relative in listed if relative.partition("/")[0] not in LABELS]
    if strangers:
        raise DatasetError(
            f"{root} lists {strangers[0]!r}, which is none of the 35 words of version 2", hint="fetch version 0.02"
        )
    there = [path.relative_to(root).as_posix() for word in LABELS for path in sorted((root / word).glob("*.wav"))]
    by_split = dict.fromkeys(there, "train") | listed
    return [_track(root, relative, split) for relative, split in sorted(by_split.items())]


def _track(root: Path, relative: str, split: str) -> Track:
    word, _, name = relative.partition("/")
    return Track(
        track_id=relative.removesuffix(".wav"),
        artist=name.partition(SPEAKER_ENDS)[0],
        audio=root / relative,
        tags=(word,),
        split=split,
    )


def write_fixture(folder: Path) -> None:
    """A word by each of three speakers, one in each split, and a noise that belongs to none."""
    names = {"train": "backward/0165e0e8", "valid": "left/2a89ad5c", "test": "zero/ffd2ba2f"}
    for pitch, (split, name) in zip((150, 200, 250), names.items(), strict=True):
        relative = f"{name}{SPEAKER_ENDS}0.wav"
        write_sound(folder / relative, pitch=pitch, duration=1.0)
        if split in LISTS:
            write_text(folder / LISTS[split], f"{relative}\n")
    write_sound(folder / "_background_noise_" / "white_noise.wav", pitch=1, duration=2.0)


SPEECH_COMMANDS = Dataset(
    name="speech-commands",
    title="Speech Commands",
    description="105,829 recordings of one second at most, 16,000 Hz mono, of 35 words by 2,618 speakers; version 2.",
    citation="Warden, “Speech Commands: A dataset for limited-vocabulary speech recognition”, arXiv:1804.03209, 2018.",
    licence="CC BY 4.0",
    homepage="https://arxiv.org/abs/1804.03209",
    files=(
        RemoteFile(
            path="backward/",
            url=ARCHIVE,
            what="the archive, unpacked, with a folder for each word (this one is new in version 2)",
        ),
        *(RemoteFile(path=name, url=ARCHIVE, what=f"official list of {split}") for split, name in LISTS.items()),
    ),
    protocols={
        "official": Protocol(
            name="official",
            description="35 words, official lists; all that they do not name is train, background noise is left out.",
            load=load,
            labels=LABELS,
            task="classes",
            n_tracks={"train": 84_843, "valid": 9_981, "test": 11_005},
        )
    },
    write_fixture=write_fixture,
)
