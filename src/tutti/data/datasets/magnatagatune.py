"""MagnaTagATune: 25,863 clips of 29 s from Magnatune, tagged by players of a game.

Two protocols circulate and are never to be mixed. ``filtered`` leaves out clips without any of the fifty most frequent
tags, ``unfiltered`` keeps them as clips to which no label applies. Both split by folder: 0 to b train, c valid, d to f
test. Three sources tell the same of the filtered one: the annotations themselves, and the lists of two papers. Their
fifty columns are not in the same order: ``female voice`` and ``metal`` (47 and 48) are swapped.

Layout::

    annotations_final.csv       clip_id, 188 tags, mp3_path; separated by tabs
    clip_info_final.csv         clip_id, title, artist, album, …, mp3_path; optional
    mp3/<folder>/<name>.mp3     the clips; <folder>/<name>.mp3 serves too
    split/                      either set of published lists, in place of annotations_final.csv
"""

from __future__ import annotations

import csv
import pickle
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.datasets.dataset import (
    Dataset,
    Protocol,
    RemoteFile,
    chosen_source,
    missing_or_broken,
    read_list,
    sounds_folder,
)
from tutti.data.datasets.fixtures import write_sound
from tutti.data.pickles import load_array, load_pickle, load_texts
from tutti.data.track import Track
from tutti.errors import DatasetError

# fmt: off
LABELS = (
    "guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast", "piano", "ambient",
    "beat", "violin", "vocal", "synth", "female", "indian", "opera", "male", "singing", "vocals", "no vocals",
    "harpsichord", "loud", "quiet", "flute", "woman", "male vocal", "no vocal", "pop", "soft", "sitar", "solo", "man",
    "classic", "choir", "voice", "new age", "dance", "male voice", "female vocal", "beats", "harp", "cello", "no voice",
    "weird", "country", "metal", "female voice", "choral",
)
# fmt: on
SPLIT_OF_FOLDER = {
    **dict.fromkeys("0123456789ab", "train"),
    **dict.fromkeys("c", "valid"),
    **dict.fromkeys("def", "test"),
}
SPLITS = ("train", "valid", "test")
# Their mp3 files are published empty or broken.
UNREADABLE = frozenset(
    {
        "6/norine_braun-now_and_zen-08-gently-117-146",
        "8/jacob_heringman-josquin_des_prez_lute_settings-19-gintzler__pater_noster-204-233",
        "9/american_baroque-dances_and_suites_of_rameau_and_couperin-25-le_petit_rien_xiveme_ordre_couperin-88-117",
    }
)
CLIP_NAME = re.compile(r"(?P<artist>.+?)-(?P<album>.+)-\d+-(?P<title>.+)-\d+-\d+")

HOMEPAGE = "https://mirg.city.ac.uk/codeapps/the-magnatagatune-dataset"
LEE = "https://github.com/jongpillee/music_dataset_split/tree/master/MTAT_split"
WON = "https://github.com/minzwon/sota-music-tagging-models/tree/master/split/mtat"
# Measured on the files of those repositories.
SHA256 = {
    "train_list_pub.cP": "76c9eec0fdd3d7533adda0cb4be4844996ed7469586b337bfc97f863fd3ec09a",
    "valid_list_pub.cP": "b3528613a6832ce49f11628fd21103dbf266e43086b465798221519ae64c2917",
    "test_list_pub.cP": "43edc3b8951f7c9e613f618ab828ab80036b2e2e604bb20a93e623b186b63b30",
    "y_valid_pub.npy": "f6e4d6c5b51c47766dd1c611be423d92a266d8b974990d38e6201953be080411",
    "y_test_pub.npy": "80af41037ae7ad8285864a5e91cbd31e59cdda0d86ab5e1d7124d1afc3cc1821",
    "top50_tags.txt": "f54e613d7a687de34a19cf99d1d1d252466134f11da8c9f31efbd365a77a29ff",
    "tags.npy": "26bee55306d732ccb4616d74e9270223077101043c49eae4670021a0b72b107c",
    "valid.npy": "c144ccf4911b1f633b2dd1cb7f3c494c9a216e79d56adb52f092e39b59559952",
    "test.npy": "b2bcedc2d087946ae24d1be302569494697d56a6ebf56345febe5ac658f254da",
}


def _list_file(name: str, source: str, url: str, what: str) -> RemoteFile:
    return RemoteFile(
        path=f"split/{name}", url=url, what=what, sha256=SHA256.get(name), protocols=("filtered",), source=source
    )


FILES = (
    RemoteFile(
        path="annotations_final.csv",
        url=HOMEPAGE,
        what="188 tags of each clip",
        protocols=("filtered",),
        source="annotations",
    ),
    RemoteFile(path="annotations_final.csv", url=HOMEPAGE, what="188 tags of each clip", protocols=("unfiltered",)),
    *(_list_file(f"{split}_list_pub.cP", "lists of Lee et al.", LEE, f"clips of {split}") for split in SPLITS),
    *(_list_file(f"y_{split}_pub.npy", "lists of Lee et al.", LEE, f"labels of {split}") for split in SPLITS),
    _list_file("top50_tags.txt", "lists of Lee et al.", LEE, "order of those labels"),
    *(_list_file(f"{split}.npy", "lists of Won et al.", WON, f"clips of {split}") for split in SPLITS),
    _list_file("binary.npy", "lists of Won et al.", WON, "labels of all clips; made by their mtat_read.py"),
    _list_file("tags.npy", "lists of Won et al.", WON, "order of those labels"),
    RemoteFile(path="clip_info_final.csv", url=HOMEPAGE, what="artists and titles in full", is_optional=True),
    RemoteFile(path="mp3/", url=HOMEPAGE, what="the clips, folders 0 to f, of mp3.zip.001 to 003", or_at=("0/",)),
)


def load_filtered(root: Path) -> list[Track]:
    """The clips with at least one of the labels, from whichever source is at hand."""
    source = chosen_source(FILES, root, "filtered")
    if source == "lists of Lee et al.":
        listed = {split: read_lee(root / "split", split) for split in SPLITS}
    elif source == "lists of Won et al.":
        listed = {split: read_won(root / "split", split) for split in SPLITS}
    else:
        tagged = read_annotations(root)
        listed = {split: {clip: tags for clip, tags in tagged.items() if tags} for split in SPLITS}
        listed = {split: _of_split(clips, split) for split, clips in listed.items()}
        listed["train"] = {clip: tags for clip, tags in listed["train"].items() if clip not in UNREADABLE}
    return _tracks(root, listed)


def load_unfiltered(root: Path) -> list[Track]:
    """All clips, from the annotations."""
    tagged = read_annotations(root)
    return _tracks(root, {split: _of_split(tagged, split) for split in SPLITS})


def read_annotations(root: Path) -> dict[str, tuple[str, ...]]:
    """The labels of every clip, by ``folder/name`` without suffix, from ``annotations_final.csv``."""
    path = root / "annotations_final.csv"
    rows = _read_table(path, what="the tags of all clips", columns=("mp3_path", *LABELS))
    return {_clip(row["mp3_path"]): tuple(label for label in LABELS if row[label] == "1") for row in rows}


def read_lee(folder: Path, split: str) -> dict[str, tuple[str, ...]]:
    """The labels of a split's clips from the lists of Lee et al., whose label order is that of their own file."""
    order = read_list(folder / "top50_tags.txt", what="the order of the labels")
    names = [re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower() for name in order]
    clips = load_pickle(folder / f"{split}_list_pub.cP", what=f"the clips of {split}")
    targets = load_array(folder / f"y_{split}_pub.npy", what=f"the labels of {split}")
    return _labelled(folder, [_clip(clip.decode()) for clip in clips], targets, names)


def read_won(folder: Path, split: str) -> dict[str, tuple[str, ...]]:
    """The labels of a split's clips from the lists of Won et al.: each names its row of the common targets."""
    names = load_texts(folder / "tags.npy", what="the order of the labels")
    lines = [line.split("\t") for line in load_texts(folder / f"{split}.npy", what=f"the clips of {split}")]
    targets = load_array(folder / "binary.npy", what="the labels of all clips")
    try:
        rows = [int(row) for row, _ in lines]
        chosen = targets[rows]
    except (ValueError, IndexError) as cause:
        raise DatasetError(
            f"{folder / split}.npy does not fit binary.npy: {cause}", hint="fetch both from the same version"
        ) from None
    return _labelled(folder, [_clip(path) for _, path in lines], chosen, names)


def _labelled(
    folder: Path, clips: Sequence[str], targets: NDArray[Any], names: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    if {*names} != {*LABELS} or targets.shape != (len(clips), len(names)):
        raise DatasetError(
            f"the lists in {folder} are of another version: {len(clips)} clips, {len({*names} & {*LABELS})} of the "
            f"{len(LABELS)} labels, targets of shape {targets.shape}",
            hint="fetch all of them from one place: tutti datasets check magnatagatune says which",
        )
    columns = [names.index(label) for label in LABELS]
    marked = targets[:, columns] > 0
    return {clip: tuple(np.array(LABELS)[row].tolist()) for clip, row in zip(clips, marked, strict=True)}


def _of_split(tagged: Mapping[str, tuple[str, ...]], split: str) -> dict[str, tuple[str, ...]]:
    return {clip: tags for clip, tags in tagged.items() if SPLIT_OF_FOLDER.get(clip[0]) == split}


def _clip(path: str) -> str:
    """``folder/name`` without a suffix, from a path to a clip's mp3 or npy."""
    return path.strip().rpartition(".")[0]


def _tracks(root: Path, listed: Mapping[str, Mapping[str, tuple[str, ...]]]) -> list[Track]:
    facts, sounds = _read_clip_info(root), sounds_folder(root, "mp3", "0")
    return [
        _track(sounds / f"{clip}.mp3", clip, tags, split, facts.get(clip))
        for split, clips in listed.items()
        for clip, tags in clips.items()
    ]


def _track(audio: Path, clip: str, tags: tuple[str, ...], split: str, facts: Mapping[str, str] | None) -> Track:
    if facts is None:
        parts = CLIP_NAME.fullmatch(clip.partition("/")[2])
        facts = {key: value.replace("_", " ").strip() for key, value in parts.groupdict().items()} if parts else {}
    return Track(
        track_id=clip,
        title=facts.get("title") or None,
        artist=facts.get("artist") or None,
        album=facts.get("album") or None,
        audio=audio,
        tags=tags,
        split=split,
    )


def _read_clip_info(root: Path) -> dict[str, dict[str, str]]:
    path = root / "clip_info_final.csv"
    if not path.exists():
        return {}
    rows = _read_table(path, what="artists and titles", columns=("mp3_path", "title", "artist", "album"))
    return {_clip(row["mp3_path"]): row for row in rows if row["mp3_path"]}


def _read_table(path: Path, *, what: str, columns: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a table separated by tabs, with the wanted columns."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error) as cause:
        raise missing_or_broken(path, cause, what=what) from None
    lacking = [column for column in columns if rows and rows[0].get(column) is None]
    if not rows or lacking:
        found = f"it lacks the column {lacking[0]!r}" if lacking else "it has no rows"
        raise DatasetError(f"{path} is of another version: {found}", hint=f"fetch the published one: {HOMEPAGE}")
    cut = next((number for number, row in enumerate(rows, start=2) if None in row.values()), None)
    if cut is not None:
        raise DatasetError(f"{path} is damaged: row {cut} ends too early", hint="fetch it again, whole")
    return rows


def write_fixture(root: Path) -> None:
    """Four clips in the published layout, one of them without a label, with all three sources of lists."""
    clips = {
        "0/the_fixtures-first_album-01-a_tune-0-29": ("guitar", "slow", "female voice"),
        "c/the_fixtures_too-second-02-a_march-30-59": ("loud", "drums"),
        "f/nobody_else-third_album-03-the_end-88-117": ("metal", "no vocals"),
        "f/nobody_else-third_album-04-silence-0-29": (),
    }
    for number, clip in enumerate(clips):
        write_sound(root / "mp3" / f"{clip}.mp3", pitch=110.0 * (number + 2))
    columns = ["clip_id", "no piano", *sorted(LABELS), "mp3_path"]
    with (root / "annotations_final.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")
        table.writerow(columns)
        for number, (clip, tags) in enumerate(clips.items()):
            table.writerow([number + 2, 0, *(int(label in tags) for label in sorted(LABELS)), f"{clip}.mp3"])
    _write_lists(root / "split", {clip: tags for clip, tags in clips.items() if tags})


def _write_lists(folder: Path, clips: Mapping[str, tuple[str, ...]]) -> None:
    """Both sets of lists, as published: old pickles, another label order, spellings in camel case."""
    folder.mkdir()
    swapped = [*LABELS[:47], LABELS[48], LABELS[47], LABELS[49]]
    camel = [re.sub(r" (\w)", lambda found: found[1].upper(), label) for label in swapped]
    (folder / "top50_tags.txt").write_text("\n".join(camel) + "\n", encoding="utf-8")
    np.save(folder / "tags.npy", np.array(LABELS))
    np.save(folder / "binary.npy", np.array([[float(label in tags) for label in LABELS] for tags in clips.values()]))
    for split in SPLITS:
        chosen = _of_split(clips, split)
        names = [f"{clip}.npy".encode() for clip in chosen]
        (folder / f"{split}_list_pub.cP").write_bytes(pickle.dumps(names, 2))
        targets = np.array([[float(label in tags) for label in swapped] for tags in chosen.values()])
        np.save(folder / f"y_{split}_pub.npy", targets)
        rows = [list(clips).index(clip) for clip in chosen]
        np.save(
            folder / f"{split}.npy", np.array([f"{row}\t{clip}.mp3" for row, clip in zip(rows, chosen, strict=True)])
        )


MAGNATAGATUNE = Dataset(
    name="magnatagatune",
    title="MagnaTagATune",
    description="25,863 clips of 29 s from the label Magnatune, tagged by players of the game TagATune.",
    citation=(
        "E. Law, K. West, M. Mandel, M. Bay and J. S. Downie, "
        '"Evaluation of algorithms using games: the case of music tagging", ISMIR 2009'
    ),
    licence="sounds: CC BY-NC-SA, by Magnatune; annotations: none stated",
    homepage=HOMEPAGE,
    files=FILES,
    protocols={
        "filtered": Protocol(
            name="filtered",
            description="12:1:3 by folder; clips without any of the 50 most frequent tags left out.",
            load=load_filtered,
            labels=LABELS,
            n_tracks={"train": 15_244, "valid": 1_529, "test": 4_332},
        ),
        "unfiltered": Protocol(
            name="unfiltered",
            description="12:1:3 by folder; clips without any of the 50 most frequent tags kept, with no label.",
            load=load_unfiltered,
            labels=LABELS,
            n_tracks={"train": 18_709, "valid": 1_825, "test": 5_329},
            unreadable=UNREADABLE,
            warning="scores on it are not comparable with those of most papers since 2017, which use `filtered`",
        ),
    },
    write_fixture=write_fixture,
)
