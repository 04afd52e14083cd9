"""DCASE 2017, task 4: ten-second clips of traffic and warning sounds, with the labels of whole clips only.

The clips come from YouTube by way of AudioSet. Not all are to be had any more, so that two copies of the dataset seldom
agree; ``tutti datasets check`` tells which clips a copy lacks.

Layout below the root::

    groundtruth_weak_label_training_set.csv, …_testing_set.csv, …_evaluation_set.csv
        without header, tab-separated: file, start, end, label; a row for each label of a file
    training/, testing/, evaluation/     Y<file>; the organisers' own long names of the folders serve too

The split is that of the harmonic CNN's code: the official testing set joins the training set, a tenth of each class's
rows becomes valid, and the evaluation set is test.

References:
    Mesaros et al., "DCASE 2017 challenge setup: tasks, datasets and baseline system", DCASE Workshop 2017.
    Won, Chun, Nieto and Serra, "Data-driven harmonic filters for audio representation learning", ICASSP 2020.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tutti.data.datasets.dataset import Dataset, Protocol, RemoteFile, read_list
from tutti.data.datasets.fixtures import write_sound
from tutti.data.track import Track
from tutti.errors import DatasetError
from tutti.files import write_text

LABELS = (
    *("Train horn", "Air horn, truck horn", "Car alarm", "Reversing beeps", "Ambulance (siren)"),
    *("Police car (siren)", "Fire engine, fire truck (siren)", "Civil defense siren", "Screaming", "Bicycle"),
    *("Skateboard", "Car", "Car passing by", "Bus", "Truck", "Motorcycle", "Train"),
)
# Our names of the folders, and the organisers'.
FOLDERS = {
    "training": (
        "training",
        "unbalanced_train_segments_training_set_audio_formatted_and_segmented_downloads",
    ),
    "testing": ("testing", "unbalanced_train_segments_testing_set_audio_formatted_and_segmented_downloads"),
    "evaluation": ("evaluation", "evaluation_set_formatted_audio_segments"),
}
HOMEPAGE = "https://dcase.community/challenge2017/task-large-scale-sound-event-detection"
REPOSITORY = "https://github.com/ankitshah009/Task-4-Large-scale-weakly-supervised-sound-event-detection-for-smart-cars"
# Size and MD5 as dcase_util expects them; for the evaluation set none is published.
PUBLISHED = {
    "training": (2_942_866, "1a98a76221fa5b5a85aaee9dbf02a2bf"),
    "testing": (34_199, "b742b4d6517c82595e09a65d470ff811"),
    "evaluation": (None, None),
}
VALID_SHARE = 0.1
VALID_SEED = 123

Row = tuple[str, str, str]  # official set, file, label


def load(root: Path) -> list[Track]:
    """All clips of the three lists, each with its labels."""
    rows = [row for name in FOLDERS for row in _rows(root, name)]
    developing = [row for row in rows if row[0] != "evaluation"]
    valid = _valid_files(developing)
    labels: dict[tuple[bool, str], list[str]] = {}
    sets: dict[tuple[bool, str], str] = {}
    for official, file, label in rows:
        key = (official == "evaluation", file)
        labels.setdefault(key, []).append(label)
        sets.setdefault(key, official)
    return [
        Track(
            track_id=file.removesuffix(".wav"),
            audio=_audio(root, sets[is_test, file], file),
            tags=tuple(sorted(set(some), key=LABELS.index)),
            split="test" if is_test else "valid" if file in valid else "train",
        )
        for (is_test, file), some in labels.items()
    ]


def _rows(root: Path, official: str) -> list[Row]:
    path = root / _list_name(official)
    rows = []
    for line in read_list(path, what=f"weak labels of the official {official} set"):
        cells = line.rstrip("\n").split("\t")
        if len(cells) < 4 or cells[3].strip() not in LABELS:
            raise DatasetError(
                f"{path} has the line {line!r}; wanted are file, start, end and one of the 17 labels, tab-separated",
                hint="fetch it again",
            )
        rows.append((official, cells[0], cells[3].strip()))
    return rows


def _valid_files(rows: list[Row]) -> set[str]:
    """Files that are held out: of each class a tenth of its rows, as ``DataFrame.sample`` draws them."""
    chosen: set[str] = set()
    for label in LABELS:
        files = [file for _, file, own in rows if own == label]
        # pandas draws from NumPy's old generator; another one would give another split.
        order = np.random.RandomState(VALID_SEED).permutation(len(files))
        chosen.update(files[place] for place in order[: round(VALID_SHARE * len(files))])
    return chosen


def _audio(root: Path, official: str, file: str) -> Path:
    folders = [root / name for name in FOLDERS[official]]
    folder = next((folder for folder in folders if folder.is_dir()), folders[0])
    return folder / f"Y{file}"


def _list_name(official: str) -> str:
    return f"groundtruth_weak_label_{official}_set.csv"


def write_fixture(folder: Path) -> None:
    """Seven clips: it takes six rows of a class until a tenth of them, rounded, is one clip for valid."""
    files = [f"clip{number}_30.000_40.000.wav" for number in range(7)]
    members = {"training": files[:5], "testing": files[5:6], "evaluation": files[6:]}
    for official, some in members.items():
        lines = [f"{file}\t30.000\t40.000\tTrain horn\n" for file in some]
        lines += [f"{some[0]}\t30.000\t40.000\tCar\n"]
        write_text(folder / _list_name(official), "".join(lines))
        for file in some:
            write_sound(folder / official / f"Y{file}", pitch=300 + 50 * files.index(file), duration=1.0)


DCASE2017 = Dataset(
    name="dcase2017",
    title="DCASE 2017, task 4",
    description=(
        "Ten-second clips of 17 warning and vehicle sounds, weakly labelled: 51,172 for training, 488 for testing and "
        "1,103 for evaluation as published."
    ),
    citation=(
        "Mesaros, Heittola, Diment, Elizalde, Shah, Vincent, Raj and Virtanen, “DCASE 2017 challenge setup: tasks, "
        "datasets and baseline system”, DCASE Workshop 2017."
    ),
    licence="lists: Apache-2.0; clips: as their owners on YouTube set it",
    homepage=HOMEPAGE,
    files=(
        *(
            RemoteFile(
                path=_list_name(official),
                url=REPOSITORY,
                what=f"weak labels of the official {official} set",
                size=size,
                md5=md5,
            )
            for official, (size, md5) in PUBLISHED.items()
        ),
        *(
            RemoteFile(path=f"{folder}/", url=HOMEPAGE, what=f"clips of the official {official} set", source=source)
            for official, folders in FOLDERS.items()
            for source, folder in zip(("here", "organisers"), folders, strict=True)
        ),
    ),
    protocols={
        "won2020": Protocol(
            name="won2020",
            description=(
                "17 classes; official training and testing sets joined, of which a tenth of each class's rows is valid "
                "(seed 123); test is the official evaluation set."
            ),
            load=load,
            labels=LABELS,
        )
    },
    write_fixture=write_fixture,
)
