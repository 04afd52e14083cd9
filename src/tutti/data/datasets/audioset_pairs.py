"""Pairs of a sound and a picture of the same moment, such as a second of an AudioSet clip and a frame of its video.

AudioSet gives out no clips, so everybody's copy is another: this reads whatever pairs a folder has. Labels are needed
only where something is to be classified or retrieved; a space is learned without any.

Layout below the root::

    audio/<name>.wav      or another format of sound
    frames/<name>.jpg     or another format of picture; the same name makes a pair
    labels.tsv            without header: name, labels with semicolons between them, and, if wanted, the split
    ontology.json         AudioSet's, where labels are given by their ids; github.com/audioset/ontology

A split that is not given is drawn: a tenth of the names is valid and a tenth test (seed 42). Classes are those of the
paper on modality-agnostic classification, whose clips carry exactly one of them.

References:
    Gemmeke et al., "Audio Set: an ontology and human-labeled dataset for audio events", ICASSP 2017.
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021, section 3.2.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tutti.data.datasets.albums import pictures_below
from tutti.data.datasets.dataset import SPLITS, Dataset, Protocol, RemoteFile, read_list
from tutti.data.datasets.fixtures import write_cover, write_sound
from tutti.data.folder import EXTENSIONS
from tutti.data.ontology import read_ontology
from tutti.data.track import Track
from tutti.errors import DatasetError
from tutti.files import write_text

# Our class, and AudioSet's labels that it stands for.
CLASSES: dict[str, tuple[str, ...]] = {
    "accordion": ("Accordion",),
    "banjo": ("Banjo",),
    "cello": ("Cello",),
    "clarinet": ("Clarinet",),
    "cymbals": ("Cymbal",),
    "drums": ("Drum", "Drum kit"),
    "flute": ("Flute",),
    "guitar": ("Guitar",),
    "mandolin": ("Mandolin",),
    "organ": ("Organ",),
    "piano": ("Piano",),
    "saxophone": ("Saxophone",),
    "synthesizer": ("Synthesizer",),
    "trombone": ("Trombone",),
    "trumpet": ("Trumpet",),
    "ukulele": ("Ukulele",),
    "violin": ("Violin, fiddle",),
    "voice": ("Choir",),
}
CLASS_OF = {label: name for name, labels in CLASSES.items() for label in labels}
LABELS, ONTOLOGY = "labels.tsv", "ontology.json"
BETWEEN = ";"  # AudioSet's names have commas in them
SPLIT_SEED, SHARE = 42, 0.1
HOMEPAGE = "https://research.google.com/audioset/"


def load(root: Path) -> list[Track]:
    """All pairs, in the order of their names, with what labels there are."""
    sounds, pictures = _sounds_below(root / "audio"), pictures_below(root / "frames")
    labels, splits = _read_labels(root)
    names = sorted({*sounds, *pictures, *labels})
    if not names:
        raise DatasetError(
            f"{root} holds no pairs: there is neither a sound in audio/ nor a picture in frames/",
            hint="put each second of sound and its frame there, of the same name",
        )
    drawn = _draw_splits(names)
    return [
        Track(
            track_id=name,
            audio=sounds.get(name, root / "audio" / f"{name}.wav"),
            cover=pictures.get(name),
            tags=labels.get(name, ()),
            split=splits.get(name, drawn[name]),
        )
        for name in names
    ]


def load_instruments(root: Path) -> list[Track]:
    """The pairs that carry exactly one of the classes, as that class."""
    read_list(root / LABELS, what="labels of the pairs")
    found = [(track, instrument_class(track.tags)) for track in load(root)]
    kept = [
        Track(track_id=track.track_id, audio=track.audio, cover=track.cover, tags=(name,), split=track.split)
        for track, name in found
        if name is not None
    ]
    if not kept:
        raise DatasetError(
            f"{root / LABELS} has no clip with exactly one of the {len(CLASSES)} instruments",
            hint=f"name them as AudioSet does, such as {', '.join(list(CLASS_OF)[:3])}",
        )
    return kept


def instrument_class(labels: Sequence[str]) -> str | None:
    """The one of the eighteen classes that a clip carries; None where it carries none, or several.

    >>> instrument_class(("Drum", "Drum kit", "Music")), instrument_class(("Piano", "Cello"))
    ('drums', None)
    """
    found = {CLASS_OF[label] for label in labels if label in CLASS_OF}
    return found.pop() if len(found) == 1 else None


def remarks(root: Path, tracks: Sequence[Track]) -> tuple[str, ...]:
    """How many are no pairs, and how many have no label."""
    counted = (
        (sum(track.cover is None for track in tracks), "have no picture"),
        (sum(not track.tags for track in tracks), "have no label"),
    )
    return tuple(f"{count:,} of {len(tracks):,} {what}" for count, what in counted if count)


def _sounds_below(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in EXTENSIONS and not path.name.startswith("."):
                found.setdefault(path.stem, path)
    return found


def _draw_splits(names: Sequence[str]) -> dict[str, str]:
    order = np.random.default_rng(SPLIT_SEED).permutation(len(names))
    n_held_out = round(SHARE * len(names))
    held_out = dict.fromkeys(order[:n_held_out], "valid")
    held_out |= dict.fromkeys(order[n_held_out : 2 * n_held_out], "test")
    return {name: held_out.get(place, "train") for place, name in enumerate(names)}


def _read_labels(root: Path) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Labels and splits by name; none where there is no list."""
    path = root / LABELS
    if not path.exists():
        return {}, {}
    labels: dict[str, tuple[str, ...]] = {}
    splits: dict[str, str] = {}
    names = _names_of_ids(root / ONTOLOGY)
    for number, line in enumerate(read_list(path, what="labels of the pairs"), start=1):
        name, *cells = (cell.strip() for cell in line.split("\t"))
        if not name or not 1 <= len(cells) <= 2 or (len(cells) == 2 and cells[1] not in SPLITS):
            raise DatasetError(
                f"{path}, line {number}, is {line[:80]!r}; wanted are a name, labels with {BETWEEN!r} between them and "
                f"perhaps one of {', '.join(SPLITS)}, tab-separated",
                hint="correct the line",
            )
        given = (one.strip() for one in cells[0].split(BETWEEN))
        labels[name] = tuple(dict.fromkeys(names.get(one, one) for one in given if one))
        if len(cells) == 2:
            splits[name] = cells[1]
    return labels, splits


def _names_of_ids(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    ontology = read_ontology(path)
    return dict(zip(ontology.ids, ontology.names, strict=True))


def write_fixture(folder: Path) -> None:
    """Three pairs, one in each split, with two labels."""
    rows = (("drumming", "Drum;Drum kit", "train"), ("strings", "Cello", "valid"), ("singing", "/m/0l14jd", "test"))
    for number, (name, _, _) in enumerate(rows, start=1):
        write_sound(folder / "audio" / f"{name}.wav", pitch=150.0 * number, duration=1.0)
        write_cover(folder / "frames" / f"{name}.jpg", colour=(60 * number, 120, 250 - 60 * number))
    ontology = [
        {"id": "/m/04szw", "name": "Musical instrument", "child_ids": ["/m/0l14jd", "/m/026t6", "/m/01xqw"]},
        {"id": "/m/0l14jd", "name": "Choir", "child_ids": []},
        {"id": "/m/026t6", "name": "Drum", "child_ids": ["/m/02hnl"]},
        {"id": "/m/02hnl", "name": "Drum kit", "child_ids": []},
        {"id": "/m/01xqw", "name": "Cello", "child_ids": []},
    ]
    write_text(folder / ONTOLOGY, json.dumps(ontology, indent=1) + "\n")
    write_text(folder / LABELS, "".join("\t".join(row) + "\n" for row in rows))


_LIST = "name, labels with semicolons between them, and the split if it is not to be drawn"
AUDIOSET_PAIRS = Dataset(
    name="audioset-pairs",
    title="AudioSet pairs",
    description="Sounds and pictures of the same moment, from a folder of yours; labels and ontology as in AudioSet.",
    citation=(
        "Gemmeke, Ellis, Freedman, Jansen, Lawrence, Moore, Plakal and Ritter, “Audio Set: an ontology and "
        "human-labeled dataset for audio events”, ICASSP 2017."
    ),
    licence="labels and ontology: CC BY 4.0 and CC BY-SA 4.0; clips: as their owners on YouTube set it",
    homepage=HOMEPAGE,
    files=(
        RemoteFile(path="audio/", url=HOMEPAGE, what="sounds, named as their pictures"),
        RemoteFile(path="frames/", url=HOMEPAGE, what="pictures, named as their sounds", is_covers=True),
        RemoteFile(path=LABELS, url=HOMEPAGE, what=_LIST, protocols=("instruments",)),
        RemoteFile(path=LABELS, url=HOMEPAGE, what=_LIST, protocols=("pairs",), is_optional=True),
        RemoteFile(
            path=ONTOLOGY,
            url="https://github.com/audioset/ontology",
            what="the ontology, for labels that are ids, and to score retrieval",
            is_optional=True,
        ),
    ),
    protocols={
        "pairs": Protocol(
            name="pairs",
            description="All pairs, labelled or not, with AudioSet's labels as tags.",
            load=load,
            labels=None,
            remarks=remarks,
        ),
        "instruments": Protocol(
            name="instruments",
            description="18 classes of instruments; pairs with exactly one of them.",
            load=load_instruments,
            labels=tuple(CLASSES),
            task="classes",
            warning="the paper drew 1,000 pairs a class, nine tenths for training; which ones is not published",
            remarks=remarks,
        ),
    },
    write_fixture=write_fixture,
)
