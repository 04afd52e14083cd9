"""AudioSet's music of seven moods: ten-second clips that carry exactly one of them.

The songs that sentences ask for in the paper on matching music to stories. AudioSet gives out no clips, and fewer are
to be had every year, so that two copies seldom agree; ``tutti datasets check`` tells which clips a copy lacks.

Layout below the root::

    balanced_train_segments.csv, unbalanced_train_segments.csv, eval_segments.csv     as published
    audio/<id>.wav      or another format; Y<id>, <id>_30, <id>_30.000 and <id>_30000, with the start in seconds or
                        milliseconds, are found too
    splits/valid.txt    if wanted: ids of the training clips that are valid, one a line

Test are the clips of the evaluation segments. Which training clips the paper held out is not published; without a list,
as large a share as the paper's is drawn (seed 0).

References:
    Gemmeke et al., "Audio Set: an ontology and human-labeled dataset for audio events", ICASSP 2017.
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021, section 3.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tutti.data.datasets.dataset import Dataset, Protocol, RemoteFile, read_list
from tutti.data.datasets.fixtures import write_sound
from tutti.data.folder import EXTENSIONS
from tutti.data.track import Track
from tutti.errors import DatasetError
from tutti.files import write_text

# By AudioSet's id, in the order of its ontology.
MOOD_OF = {
    "/t/dd00031": "happy",
    "/t/dd00032": "funny",
    "/t/dd00033": "sad",
    "/t/dd00034": "tender",
    "/t/dd00035": "exciting",
    "/t/dd00036": "angry",
    "/t/dd00037": "scary",
}
LABELS = tuple(sorted(MOOD_OF.values()))  # alphabetical, as the paper's code numbers them
TRAIN_LISTS = ("balanced_train_segments.csv", "unbalanced_train_segments.csv")
TEST_LIST = "eval_segments.csv"
VALID_LIST = "splits/valid.txt"
# The paper: 16,995 clips, 16,104 train, 540 evaluation. Of the other 351 nothing is told; we take them for valid.
N_TRAIN, N_VALID = 16_104, 351
VALID_SEED = 0
HOMEPAGE = "https://research.google.com/audioset/download.html"


def load(root: Path) -> list[Track]:
    """All clips with exactly one of the moods, whether or not their sounds are there."""
    train = {clip: one for name in TRAIN_LISTS for clip, one in _clips(root / name).items()}
    test = _clips(root / TEST_LIST)
    valid = _valid(root, sorted(train.keys() - test.keys()))
    sounds = _sounds_below(root / "audio")
    tracks = []
    for clip, (start, mood) in (train | test).items():
        split = "test" if clip in test else "valid" if clip in valid else "train"
        audio = _find(sounds, clip, start) or root / "audio" / f"{clip}.wav"
        tracks.append(Track(track_id=clip, audio=audio, tags=(mood,), split=split))
    if not tracks:
        raise DatasetError(
            f"the lists in {root} have no clip with exactly one of the seven moods", hint="fetch AudioSet's own lists"
        )
    return tracks


def single_mood(ids: Sequence[str]) -> str | None:
    """The one mood that a clip carries; None where it carries none, or several.

    >>> single_mood(["/m/04rlf", "/t/dd00033"]), single_mood(["/t/dd00031", "/t/dd00035"])
    ('sad', None)
    """
    found = {MOOD_OF[one] for one in ids if one in MOOD_OF}
    return found.pop() if len(found) == 1 else None


def _clips(path: Path) -> dict[str, tuple[float, str]]:
    """Start in seconds and mood, by the id of the clip."""
    clips = {}
    for line in read_list(path, what="segments of AudioSet"):
        if line.startswith("#"):
            continue
        try:
            ((clip, start, _, labels),) = csv.reader([line], skipinitialspace=True)
            mood = single_mood([one.strip() for one in labels.split(",")])
            if mood is not None:
                clips[clip] = (float(start), mood)
        except (ValueError, csv.Error):
            raise DatasetError(
                f"{path} has the line {line[:80]!r}; wanted are id, start, end and labels in quotes",
                hint="fetch it again",
            ) from None
    return clips


def _valid(root: Path, train: Sequence[str]) -> set[str]:
    """The training clips that are held out: those of a list, or as many as the paper's share."""
    path = root / VALID_LIST
    if path.exists():
        return {line.strip() for line in read_list(path, what="ids of the clips that are valid")}
    n_valid = max(1, round(N_VALID / (N_TRAIN + N_VALID) * len(train)))
    return {train[place] for place in np.random.default_rng(VALID_SEED).permutation(len(train))[:n_valid].tolist()}


def _sounds_below(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in EXTENSIONS}


def _find(sounds: Mapping[str, Path], clip: str, start: float) -> Path | None:
    """Under any of the names that the tools that fetch AudioSet give."""
    endings = ("", f"_{start:g}", f"_{start:.3f}", f"_{round(1000 * start)}")
    names = (f"{letter}{clip}{ending}" for letter in ("", "Y") for ending in endings)
    return next((sounds[name] for name in names if name in sounds), None)


def write_fixture(folder: Path) -> None:
    """Four clips of one mood each, and one of two moods, which is left out."""
    rows = {
        TRAIN_LISTS[0]: [("aaaaaaaaaa0", 30, "/m/04rlf,/t/dd00031"), ("bbbbbbbbbb1", 0, "/t/dd00033")],
        TRAIN_LISTS[1]: [("-ccccccccc2", 120, "/t/dd00036,/m/04rlf"), ("two_moods-3", 5, "/t/dd00031,/t/dd00035")],
        TEST_LIST: [("dddddddddd4", 10, "/m/04rlf,/t/dd00037")],
    }
    for name, clips in rows.items():
        lines = ["# Segments csv", f"# num_ytids={len(clips)}", "# YTID, start_seconds, end_seconds, positive_labels"]
        lines += [f'{clip}, {start}.000, {start + 10}.000, "{labels}"' for clip, start, labels in clips]
        write_text(folder / name, "\n".join(lines) + "\n")
    for number, name in enumerate(
        ("aaaaaaaaaa0_30000.wav", "Ybbbbbbbbbb1.wav", "-ccccccccc2_120.000.flac", "dddddddddd4.wav")
    ):
        write_sound(folder / "audio" / name, pitch=200.0 + 60 * number, duration=1.0)


AUDIOSET_MOOD = Dataset(
    name="audioset-mood",
    title="AudioSet, music mood",
    description="Ten-second clips of music with exactly one of seven moods: 16,995 when the paper fetched them.",
    citation=(
        "Gemmeke, Ellis, Freedman, Jansen, Lawrence, Moore, Plakal and Ritter, “Audio Set: an ontology and "
        "human-labeled dataset for audio events”, ICASSP 2017."
    ),
    licence="lists: CC BY 4.0; clips: as their owners on YouTube set it",
    homepage=HOMEPAGE,
    files=(
        *(RemoteFile(path=name, url=HOMEPAGE, what="segments with their labels") for name in (*TRAIN_LISTS, TEST_LIST)),
        RemoteFile(path="audio/", url=HOMEPAGE, what="clips, named by their ids"),
        RemoteFile(
            path=VALID_LIST, url=HOMEPAGE, what="ids of the training clips that are to be valid", is_optional=True
        ),
    ),
    protocols={
        "won2021": Protocol(
            name="won2021",
            description="Clips with exactly one of the 7 moods; evaluation segments are test, valid is drawn (seed 0).",
            load=load,
            labels=LABELS,
            task="classes",
            warning=(
                "the paper had 16,104 clips to train and 540 to evaluate, of which its code uses 344; what it "
                "validated on is not published"
            ),
        )
    },
    write_fixture=write_fixture,
)
