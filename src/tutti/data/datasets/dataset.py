"""The form that every research dataset takes here: what it is, where it comes from, its protocols, and its check.

A dataset is one module beside this one, with one :class:`Dataset` in it and a line in ``DATASETS``. Reading a dataset's
lists is that module's own work; whether a copy on disk is whole is ``tutti.data.datasets.check``'s, making a catalogue
of it is done here. Nothing is ever downloaded: the licences want to be read first.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tutti.data.track import Track
from tutti.errors import ConfigError, DatasetError, unknown_name
from tutti.files import atomic_folder, is_occupied, write_text

if TYPE_CHECKING:
    from tutti.data.catalogue import Catalogue
    from tutti.data.datasets.check import Check

FIXTURE = "tutti-fixture.json"
SPLITS = ("train", "valid", "test")
Task = Literal["tags", "classes"]


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file, or a folder of sounds or pictures, that somebody must fetch before the dataset can be read.

    Attributes:
        path: Where it belongs below the dataset's root, with forward slashes; a folder's ends in one.
        url: Where to get it, or the page that says how.
        what: What it is, in a few words.
        size: Bytes, where published.
        md5: Of its bytes, where published.
        sha256: Of its bytes, where published, or measured on the published file.
        protocols: Which protocols need it; empty: all of them.
        source: Files of different sources stand for one another: those of one source are enough. None: always needed.
        or_at: Where else it may lie.
        is_optional: Whether the dataset can be read without it; ``what`` says what it adds.
        is_covers: Whether it is a folder of pictures, not of sounds.
    """

    path: str
    url: str
    what: str
    size: int | None = None
    md5: str | None = None
    sha256: str | None = None
    protocols: tuple[str, ...] = ()
    source: str | None = None
    or_at: tuple[str, ...] = ()
    is_optional: bool = False
    is_covers: bool = False

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, of sounds unless it is one of covers."""
        return self.path.endswith("/")


def no_remarks(root: Path, tracks: Sequence[Track]) -> tuple[str, ...]:
    """Of datasets in which nothing is known to be amiss."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """One way of using a dataset: which tracks are in which split, and which labels in which order.

    Attributes:
        name: Unique within the dataset.
        description: One sentence.
        load: From the dataset's root to all listed tracks, whether or not their sounds are there: ``audio`` is where
            the sound lies or belongs, ``tags`` are exactly as in ``labels``. Raises DatasetError where a list is
            missing or broken.
        labels: In the published order; None where only the files tell: then all tags, sorted.
        task: ``tags`` where a track has any number of labels, ``classes`` where it has exactly one.
        n_tracks: Of each split, where published.
        unreadable: Ids of listed tracks whose published sounds are known to be broken; they are left out.
        warning: What one should know before using it.
        needs_sounds: False where covers or texts will do: a track without a sound is kept for them.
        remarks: From the root and its tracks to what is amiss with the copy at hand, counted, in words.
    """

    name: str
    description: str
    load: Callable[[Path], list[Track]]
    labels: tuple[str, ...] | None
    task: Task = "tags"
    n_tracks: Mapping[str, int] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()
    warning: str | None = None
    needs_sounds: bool = True
    remarks: Callable[[Path, Sequence[Track]], tuple[str, ...]] = no_remarks


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A research dataset.

    Attributes:
        name: What commands and recipes call it.
        title: What papers call it.
        description: What it holds, in a sentence or two.
        citation: Authors, title, venue, year.
        licence: Of the sounds and of the annotations, as far as stated by their makers.
        homepage: Where it is described.
        files: What must be fetched.
        protocols: By name; the first is the one that is meant when none is named.
        write_fixture: Writes two or three short synthesised tracks, in the layout that every protocol reads.
    """

    name: str
    title: str
    description: str
    citation: str
    licence: str
    homepage: str
    files: tuple[RemoteFile, ...]
    protocols: Mapping[str, Protocol]
    write_fixture: Callable[[Path], None]

    def protocol(self, name: str | None = None) -> Protocol:
        """The protocol of this name, or the default one.

        Raises:
            UnknownNameError: There is none.
        """
        if name is None:
            return next(iter(self.protocols.values()))
        if name not in self.protocols:
            raise unknown_name(f"protocol of {self.name}", name, self.protocols)
        return self.protocols[name]

    def labels(self, root: Path | str, protocol: str | None = None) -> tuple[str, ...]:
        """Labels in order, from the files where these alone tell.

        Raises:
            DatasetError: They must be read from files that are missing or broken.
        """
        wanted = self.protocol(protocol)
        if wanted.labels is not None:
            return wanted.labels
        return tuple(sorted({tag for track in wanted.load(Path(root)) for tag in track.tags}))

    def check(self, root: Path | str, protocol: str | None = None) -> Check:
        """What of the dataset is below ``root``, what is missing, broken or of another version."""
        from tutti.data.datasets.check import check_dataset

        return check_dataset(self, Path(root), self.protocol(protocol))

    def catalogue(self, root: Path | str, folder: Path | str, protocol: str | None = None) -> Catalogue:
        """A catalogue of the dataset's tracks, made anew; tracks without a sound become problems of the catalogue.

        They are left out of it, unless the protocol keeps them for their covers and texts.

        Args:
            root: Where the dataset lies.
            folder: Of the catalogue: new or empty.
            protocol: Which one; None means the first.

        Raises:
            DatasetError: A list is missing or broken, or no track has a sound.
            CatalogueError: The folder holds something already.
        """
        from tutti.data.datasets.ingestion import write_catalogue

        return write_catalogue(self, Path(root), Path(folder), self.protocol(protocol))

    def make_fixture(self, folder: Path | str) -> None:
        """Write a root with two or three tracks, and a note that says so; :meth:`check` finds it whole.

        Raises:
            ConfigError: The folder holds something already.
        """
        with new_folder(Path(folder)) as partial:
            self.write_fixture(partial)
            counts = {name: count_splits(one.load(partial)) for name, one in self.protocols.items()}
            note = {"dataset": self.name, "made_by": "tutti datasets fixture", "n_tracks": counts}
            write_text(partial / FIXTURE, json.dumps(note, indent=1) + "\n")


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder, which becomes ``folder`` when the block ends without an error.

    Raises:
        ConfigError: The folder holds something already.
    """
    if is_occupied(folder):
        raise ConfigError(f"{folder} holds something already", hint="name a new or an empty folder")
    with atomic_folder(folder) as partial:
        yield partial


def chosen_source(files: Iterable[RemoteFile], root: Path, protocol: str) -> str | None:
    """Of sources that stand for one another, the most complete one; the first listed among equals."""
    is_there: dict[str, list[bool]] = {}
    for file in files:
        if file.source is not None and (not file.protocols or protocol in file.protocols):
            is_there.setdefault(file.source, []).append((root / file.path).exists())
    return max(is_there, key=lambda source: sum(is_there[source]) / len(is_there[source]), default=None)


def first_existing(*paths: Path) -> Path:
    """The first of some paths that exists; where none does, the first."""
    return next((path for path in paths if path.exists()), paths[0])


def sounds_folder(root: Path, name: str, first: str) -> Path:
    """The folder of sounds below a root; the root itself where its archive was unpacked there, ``first`` first."""
    return root if (root / first).is_dir() and not (root / name).is_dir() else root / name


def count_splits(tracks: list[Track]) -> dict[str, int]:
    """How many tracks each split has, train first."""
    names = dict.fromkeys([*SPLITS, *(track.split or "none" for track in tracks)])
    counts = {name: sum((track.split or "none") == name for track in tracks) for name in names}
    return {name: count for name, count in counts.items() if count}


def fixture_counts(root: Path, protocol: Protocol) -> dict[str, int] | None:
    """Tracks of each split that a fixture was made with; None where the root is no fixture.

    Raises:
        DatasetError: The fixture's note is damaged.
    """
    try:
        note = json.loads((root / FIXTURE).read_text(encoding="utf-8"))
        return {str(split): int(count) for split, count in note["n_tracks"][protocol.name].items()}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise DatasetError(f"{root / FIXTURE} is damaged: {cause}", hint="make the fixture anew") from None


def read_list(path: Path, *, what: str) -> list[str]:
    """Lines of a text file in UTF-8 without their ends, empty ones left out.

    Raises:
        DatasetError: It is missing, empty, or no text.
    """
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as cause:
        raise missing_or_broken(path, cause, what=what) from None
    if not lines:
        raise DatasetError(f"{path}, {what}, is empty", hint="fetch it again")
    return lines


def missing_or_broken(path: Path, cause: Exception, *, what: str) -> DatasetError:
    """The error for a file that cannot be read."""
    if isinstance(cause, FileNotFoundError | NotADirectoryError):
        return DatasetError(
            f"there is no {path}: {what}", hint="tutti datasets check says what is missing and where to get it"
        )
    reason = (str(cause) or type(cause).__name__).partition("\n")[0]
    return DatasetError(f"{path}, {what}, cannot be read: {reason}", hint="fetch it again, whole")
