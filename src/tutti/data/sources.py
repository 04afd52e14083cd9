"""Where a command's tracks come from: a research dataset by its name, or a catalogue by its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tutti.data.catalogue import Catalogue
from tutti.data.datasets import DATASETS, find_dataset
from tutti.data.datasets.dataset import SPLITS
from tutti.data.track import Track
from tutti.errors import ConfigError

UNSPLIT = "all"  # what the tracks without a split are called together


@dataclass(frozen=True, kw_only=True)
class Source:
    """Some tracks, and what they are called.

    Attributes:
        name: Of the dataset, or of the catalogue's folder.
        protocol: Of the dataset; None of a catalogue.
        tracks: All of them.
    """

    name: str
    protocol: str | None
    tracks: tuple[Track, ...]

    def by_split(self) -> dict[str, list[Track]]:
        """The tracks of each split: train, valid and test first; those without one under ``all``."""
        split_of = [track.split or UNSPLIT for track in self.tracks]
        order = [*(split for split in SPLITS if split in split_of), *sorted({*split_of} - {*SPLITS})]
        splits: dict[str, list[Track]] = {split: [] for split in order}
        for track, split in zip(self.tracks, split_of, strict=True):
            splits[split].append(track)
        return splits


def find_source(name: str | Path, *, root: Path | None = None, protocol: str | None = None) -> Source:
    """The tracks of a dataset or of a catalogue.

    Args:
        name: Of a dataset in ``DATASETS``, or a catalogue's folder.
        root: Where the dataset lies; a catalogue needs none.
        protocol: Of the dataset; None means its first.

    Raises:
        ConfigError: A dataset without a root, or a catalogue with a protocol.
        DatasetError: A list of the dataset is missing or broken.
        CatalogueError: The folder holds no catalogue.
        UnknownNameError: There is neither a dataset nor a folder of this name, or no such protocol.
    """
    if str(name) not in DATASETS and Path(name).exists():
        if root is not None or protocol is not None:
            raise ConfigError(f"{name} is a catalogue, which has no root and no protocol", hint="leave them out")
        return Source(name=Path(name).resolve().name, protocol=None, tracks=tuple(Catalogue.open(name).tracks()))
    dataset = find_dataset(str(name))
    if root is None:
        raise ConfigError(f"it is not said where {name} lies", hint="add --root DIR")
    chosen = dataset.protocol(protocol)
    return Source(name=dataset.name, protocol=chosen.name, tracks=tuple(chosen.load(root)))
