"""The Million Song Dataset: last.fm tags of 233,147 to 241,889 songs, with previews that one must have from elsewhere.

``conventional`` is the split of most papers up to 2020; the same artists occur in several of its splits. ``cals`` is
the cleaned one that divides artists; its fifty labels are others, in another order, and more than three thousand of its
test tracks are in the conventional test split, so that scores do not compare. ``cals-student`` adds the tracks without
labels that semi-supervised training learns from, as a split of their own.

Layout::

    split/              lists of the conventional split: old pickles of track ids, a dictionary of targets
    cals/               train_ids.npy, train_binaries.npy and so on
    unique_tracks.txt   artist and title of each track; optional
    audio/R/A/B/<id>.mp3   third to fifth letter of the id; wav and flac are found as well; or the previews' own layout,
                        audio/8/9/8947470.clip.mp3, where split/ holds the two dictionaries that lead there
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.datasets.dataset import (
    Dataset,
    Protocol,
    RemoteFile,
    first_existing,
    missing_or_broken,
    read_list,
    sounds_folder,
)
from tutti.data.datasets.fixtures import write_sound
from tutti.data.pickles import load_array, load_pickle, load_texts
from tutti.data.track import Track
from tutti.errors import DatasetError

# fmt: off
CONVENTIONAL_LABELS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s", "alternative rock", "jazz",
    "beautiful", "metal", "chillout", "male vocalists", "classic rock", "soul", "indie rock", "Mellow", "electronica",
    "80s", "folk", "90s", "chill", "instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic",
    "experimental", "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop", "sad", "House", "happy",
)
CALS_LABELS = (
    "rock", "pop", "indie", "alternative", "electronic", "hip-hop", "metal", "jazz", "punk", "folk",
    "alternative rock", "indie rock", "dance", "hard rock", "00s", "soul", "hardcore", "80s", "country", "classic rock",
    "punk rock", "blues", "chillout", "experimental", "heavy metal", "death metal", "90s", "reggae", "progressive rock",
    "ambient", "acoustic", "beautiful", "british", "rnb", "funk", "metalcore", "mellow", "world", "guitar", "trance",
    "indie pop", "christian", "house", "spanish", "latin", "psychedelic", "electro", "piano", "70s",
    "progressive metal",
)
# Previews that are published broken, as the comparison study of 2020 lists them.
UNREADABLE = frozenset((
    "TRADRNH128E0784511", "TRAIISZ128F42684BB", "TRAONEQ128F42A8AB7", "TRAQKCW128F9352A52", "TRBGHEU128F92D778F",
    "TRBGJIZ128F92E42BC", "TRCGBRK128F146A901", "TRCHYIF128F1464CE7", "TRCVDKQ128E0790C86", "TRDKNBI128F14682B0",
    "TREGWSL128F92C9D42", "TREQRIV128F1468B08", "TREUVBN128F1468AC9", "TREWVFM128F146816E", "TRFIYAF128F14688A6",
    "TRFWOAG128F14B12CB", "TRGYAEZ128F14A473F", "TRIXPOY128F14A46C7", "TRIXPRK128F1468472", "TRJKZDA12903CFBA43",
    "TRLAWQU128F1468AC8", "TRLNGQT128F1468261", "TRLUSKX128F14A4E50", "TRMIRQA128F92F11F1", "TRMOREL128F1468AC4",
    "TRMSPLW128F14A544A", "TRMVCVS128F1468256", "TRNDAXE128F934C50E", "TRNHIBI128EF35F57D", "TROCQVE128F1468AC6",
    "TROTUWC128F1468AB4", "TRPCXJI128F14688A8", "TRPKNDC128F145998B", "TRPNFAG128F146825F", "TRQKRKL128F1468AAE",
    "TRRUHEH128F1468AAD", "TRSRUXF128F1468784", "TRTNQKQ128F931C74D", "TRTTUYE128F4244068", "TRUINWL128F1468258",
    "TRUQZKD128F1468243", "TRVDOVF128F92DC7F3", "TRVLISA128F1468960", "TRVRHOY128F14680BC", "TRVWNOH128E0788B78",
    "TRWUHZQ128F1451979", "TRWVEYR128F1458A6F", "TRXBJBW128F92EBD96", "TRXMAVV128F146825C", "TRYDUYU128F92F6BE0",
    "TRYNMEX128F14A401D", "TRYNNNZ128F1468994", "TRYOLFS128F9308346", "TRYPGJX128F1468479", "TRZSPHR128F1468AAC",
))
# fmt: on
N_CONVENTIONAL_TRAIN = 201_680  # of the published list; the rest of it is valid
SPLITS = ("train", "valid", "test")
HOMEPAGE = "http://millionsongdataset.com"
PREVIEWS = RemoteFile(path="audio/", url=HOMEPAGE, what="previews, from whoever may share them with you", or_at=("A/",))
LEE = "https://github.com/jongpillee/music_dataset_split/tree/master/MSD_split"
CALS = "https://github.com/minzwon/semi-supervised-music-tagging-transformer/tree/master/data/splits"
SOUNDS = (".mp3", ".wav", ".flac")


def load_conventional(root: Path) -> list[Track]:
    """The tracks of the conventional split; the published list of train holds valid as well."""
    folder = root / "split"
    order = read_list(folder / "50tagList.txt", what="the order of the labels")
    if tuple(order) != CONVENTIONAL_LABELS:
        raise DatasetError(f"{folder}/50tagList.txt is of another version", hint=f"fetch the published one: {LEE}")
    ids = read_ids(folder / "filtered_list_train.cP")
    listed = {
        "train": ids[:N_CONVENTIONAL_TRAIN],
        "valid": ids[N_CONVENTIONAL_TRAIN:],
        "test": read_ids(folder / "filtered_list_test.cP"),
    }
    if len(ids) <= N_CONVENTIONAL_TRAIN:  # a fixture's list, or one cut off: the check will count
        listed |= {"train": ids[:-1], "valid": ids[-1:]}
    path = folder / "msd_id_to_tag_vector.cP"
    vectors = load_pickle(path, what="the labels of each track")
    return _tracks(root, listed, partial(_tags_from_vector, path, vectors))


def load_cals(root: Path, *, with_student: bool = False) -> list[Track]:
    """The tracks of the cleaned split by artist, with or without those that have no labels."""
    folder = root / "cals"
    listed: dict[str, list[str]] = {}
    tags: dict[str, tuple[str, ...]] = {}
    for split in SPLITS:
        ids = load_texts(folder / f"{split}_ids.npy", what=f"the tracks of {split}")
        targets = load_array(folder / f"{split}_binaries.npy", what=f"the labels of {split}")
        if targets.shape != (len(ids), len(CALS_LABELS)):
            raise DatasetError(
                f"{folder}/{split}_binaries.npy has shape {targets.shape}, for {len(ids)} tracks and "
                f"{len(CALS_LABELS)} labels",
                hint=f"fetch both lists of {split} from one version: {CALS}",
            )
        listed[split] = ids
        tags |= {one: _names(row, CALS_LABELS) for one, row in zip(ids, targets > 0, strict=True)}
    if with_student:
        listed["student"] = load_texts(folder / "student_ids.npy", what="tracks without labels")
    return _tracks(root, listed, lambda track_id: tags.get(track_id, ()))


def read_ids(path: Path) -> list[str]:
    """The track ids of an old pickle."""
    ids = load_pickle(path, what="a list of track ids")
    if not isinstance(ids, list) or not all(isinstance(one, bytes | str) for one in ids):
        raise DatasetError(f"{path} holds no list of track ids", hint=f"fetch the published one: {LEE}")
    return [_text(one) for one in ids]


def _tags_from_vector(path: Path, vectors: Any, track_id: str) -> tuple[str, ...]:
    try:
        vector = np.asarray(vectors[track_id.encode()]).ravel()
        if vector.size != len(CONVENTIONAL_LABELS):
            raise ValueError(f"it has {vector.size} labels")
        return _names(vector > 0, CONVENTIONAL_LABELS)
    except (KeyError, ValueError, TypeError, IndexError) as cause:
        raise DatasetError(
            f"{path} does not tell the labels of {track_id}: {cause}", hint=f"fetch all lists from one version: {LEE}"
        ) from None


def _names(marked: NDArray[np.bool_], labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(label for label, is_on in zip(labels, marked.tolist(), strict=True) if is_on)


def _tracks(root: Path, listed: Mapping[str, Iterable[str]], tags_of: Callable[[str], tuple[str, ...]]) -> list[Track]:
    names, previews, sounds = read_names(root), read_previews(root), sounds_folder(root, "audio", "A")
    tracks = []
    for split, ids in listed.items():
        for track_id in ids:
            artist, title = names.get(track_id, (None, None))
            audio = sound_path(sounds, track_id, previews)
            tags = tags_of(track_id)
            tracks.append(Track(track_id=track_id, title=title, artist=artist, audio=audio, tags=tags, split=split))
    return tracks


def sound_path(sounds: Path, track_id: str, previews: Mapping[str, str]) -> Path:
    """Where a track's sound lies, or belongs: by the letters of its id, or by the previews' own layout."""
    folder = sounds.joinpath(*track_id[2:5])
    candidates = [folder / f"{track_id}{suffix}" for suffix in SOUNDS]
    if track_id in previews:
        candidates.insert(0, sounds / previews[track_id])
    return first_existing(*candidates)


def read_previews(root: Path) -> dict[str, str]:
    """Paths of the previews by track id, where the two dictionaries that lead there are at hand."""
    paths = [root / "split" / name for name in ("MSD_id_to_7D_id.pkl", "7D_id_to_path.pkl")]
    if not all(path.exists() for path in paths):
        return {}
    preview_of, path_of = (load_pickle(path, what="where the previews lie") for path in paths)
    return {_text(track_id): _text(path_of[preview]) for track_id, preview in preview_of.items() if preview in path_of}


def read_names(root: Path) -> dict[str, tuple[str, str]]:
    """Artist and title by track id, where the dataset's own list is at hand."""
    path = root / "unique_tracks.txt"
    if not path.exists():
        return {}
    names = {}
    for line in read_list(path, what="artists and titles"):
        fields = line.split("<SEP>")
        if len(fields) != 4:
            raise missing_or_broken(path, ValueError(f"the line {line[:40]!r} is no track"), what="artists and titles")
        names[fields[0]] = (fields[2], fields[3])
    return names


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def write_fixture(root: Path) -> None:
    """Three tracks with labels, one a split, in both splits' lists, and one without."""
    ids = {"train": "TRAAAAK128F9318786", "valid": "TRAAABD128F429CF47", "test": "TRAAADZ128F9348C2E"}
    student = "TRAAAEF128F4273421"
    artists = {"train": "The Fixtures", "valid": "The Fixtures Too", "test": "Nobody Else"}
    for number, track_id in enumerate([*ids.values(), student]):
        folder = root.joinpath("audio", *track_id[2:5])
        write_sound(folder / f"{track_id}.mp3", pitch=98.0 * (number + 2), sample_rate=22_050)
    lines = [
        f"{track_id}<SEP>SO{number}<SEP>{artists[split]}<SEP>Song {number}"
        for number, (split, track_id) in enumerate(ids.items())
    ]
    (root / "unique_tracks.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    conventional = {"train": ("rock", "Mellow"), "valid": ("Hip-Hop",), "test": ("House", "happy")}
    folder = root / "split"
    folder.mkdir()
    (folder / "50tagList.txt").write_text("\n".join(CONVENTIONAL_LABELS) + "\n", encoding="utf-8")
    lists = {"train": [ids["train"], ids["valid"]], "test": [ids["test"]]}
    for name, listed in lists.items():
        content = pickle.dumps([one.encode() for one in listed], 2)
        (folder / f"filtered_list_{name}.cP").write_bytes(content)
    vectors = {
        ids[split].encode(): np.array([[float(label in tags)] for label in CONVENTIONAL_LABELS])
        for split, tags in conventional.items()
    }
    (folder / "msd_id_to_tag_vector.cP").write_bytes(pickle.dumps(vectors, 2))
    (root / "cals").mkdir()
    for split, tag in {"train": "rock", "valid": "hip-hop", "test": "house"}.items():
        np.save(root / "cals" / f"{split}_ids.npy", np.array([ids[split]]))
        np.save(root / "cals" / f"{split}_binaries.npy", np.array([[float(label == tag) for label in CALS_LABELS]]))
    np.save(root / "cals" / "student_ids.npy", np.array([student]))


def _conventional_file(name: str, what: str, *, sha256: str | None = None, is_optional: bool = False) -> RemoteFile:
    return RemoteFile(
        path=f"split/{name}", url=LEE, what=what, sha256=sha256, protocols=("conventional",), is_optional=is_optional
    )


def _cals_file(name: str, what: str, *protocols: str) -> RemoteFile:
    return RemoteFile(path=f"cals/{name}", url=CALS, what=what, protocols=protocols or ("cals", "cals-student"))


MILLION_SONG = Dataset(
    name="million-song",
    title="Million Song Dataset",
    description="Metadata of a million songs; tags from last.fm, previews from 7digital.",
    citation=(
        "T. Bertin-Mahieux, D. P. W. Ellis, B. Whitman and P. Lamere, "
        '"The Million Song Dataset", ISMIR 2011; CALS: M. Won, K. Choi and X. Serra, '
        '"Semi-supervised music tagging Transformer", ISMIR 2021'
    ),
    licence="metadata and tags: for research, see the homepage; previews: copyrighted, no longer given out",
    homepage=HOMEPAGE,
    files=(
        _conventional_file("filtered_list_train.cP", "tracks of train and valid"),
        _conventional_file(
            "filtered_list_test.cP",
            "tracks of test",
            sha256="084441297cdd59c944d104e940d864588e61458eaf8e7c1bf008cc9236e2a99a",
        ),
        _conventional_file("msd_id_to_tag_vector.cP", "labels of each track"),
        _conventional_file(
            "50tagList.txt",
            "order of the labels",
            sha256="3b0fd183e73f8a0e7e65b955f61ec3034e517a6427cacad8ec0c2f16394d0770",
        ),
        _conventional_file("MSD_id_to_7D_id.pkl", "which preview is which track's", is_optional=True),
        _conventional_file("7D_id_to_path.pkl", "where the previews lie", is_optional=True),
        *(_cals_file(f"{split}_ids.npy", f"tracks of {split}") for split in SPLITS),
        *(_cals_file(f"{split}_binaries.npy", f"labels of {split}") for split in SPLITS),
        _cals_file("student_ids.npy", "tracks without labels", "cals-student"),
        RemoteFile(path="unique_tracks.txt", url=HOMEPAGE, what="artists and titles, to find leaks", is_optional=True),
        PREVIEWS,
    ),
    protocols={
        "conventional": Protocol(
            name="conventional",
            description="The split of most papers; only tracks whose preview has more than 29.1 s.",
            load=load_conventional,
            labels=CONVENTIONAL_LABELS,
            n_tracks={"train": N_CONVENTIONAL_TRAIN, "valid": 11_774, "test": 28_435},
            unreadable=UNREADABLE,
            warning="the same artists occur in several splits: see how much with `tutti datasets leaks million-song`",
        ),
        "cals": Protocol(
            name="cals",
            description="Cleaned tags, split by artist.",
            load=load_cals,
            labels=CALS_LABELS,
            n_tracks={"train": 163_504, "valid": 34_730, "test": 34_913},
        ),
        "cals-student": Protocol(
            name="cals-student",
            description="The same, and 516,415 tracks without labels as the split `student`.",
            load=partial(load_cals, with_student=True),
            labels=CALS_LABELS,
            n_tracks={"train": 163_504, "valid": 34_730, "test": 34_913, "student": 516_415},
        ),
    },
    write_fixture=write_fixture,
)
