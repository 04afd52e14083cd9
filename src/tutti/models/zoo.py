"""The zoo: where a model lies on this machine, pulling a published checkpoint, and loading either as a model.

A model that ships inside this package is found there first, and needs neither cache nor network. A published checkpoint
is looked for as a bundle in the cache, as a bundle in a subfolder of the further folders, then
as a published file in one of those, under its published checksum; only then is it fetched. What is found as a
published file is converted once, to a bundle in the cache. The table itself is ``tutti.models.zoo_table``,
the transfer ``tutti.models.downloads``.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

import platformdirs
from safetensors import SafetensorError

from tutti.errors import DownloadError, ModelError, unknown_name
from tutti.files import sha256_of
from tutti.models.downloads import Patience, Progress, RemoteFile, download, one_at_a_time, writing
from tutti.models.model import Model, move_network
from tutti.models.model_folders import CONFIG, MULTIMODAL, SPACE_MODEL, TAGGER, kind_in
from tutti.models.published import import_checkpoint
from tutti.models.zoo_table import PUBLISHER, Entry, published_checkpoints

logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).parent / "shipped"


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where models lie and where they come from.

    Attributes:
        cache: Folder of bundles that the zoo has pulled or converted, by name.
        folders: Further folders to look in, read only: bundles in subfolders by name, and published files
            called ``<dataset>-<architecture>.pth``.
        mirror: Address to take instead of the publisher's, with the same paths below it.
        shipped: Folder of the bundles inside this package, by name; read only.
    """

    cache: Path
    folders: tuple[Path, ...] = ()
    mirror: str | None = None
    shipped: Path = field(default_factory=lambda: SHIPPED)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The places that ``TUTTI_CACHE``, ``TUTTI_MODELS`` and ``TUTTI_MIRROR`` name."""
        cache = environment.get("TUTTI_CACHE")
        folders = environment.get("TUTTI_MODELS", "").split(os.pathsep)
        return cls(
            cache=(Path(cache) if cache else platformdirs.user_cache_path("tutti")) / "models",
            folders=tuple(Path(folder).expanduser() for folder in folders if folder),
            mirror=environment.get("TUTTI_MIRROR") or None,
        )


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """Where a model was found.

    Attributes:
        state: ``shipped`` inside this package; ``cached``; a ``bundle`` or a published ``file`` in one of the further
            folders; ``refused``, a file of the right name but with another checksum than published; ``absent``.
        path: The bundle's folder or the file.
    """

    state: Literal["shipped", "cached", "bundle", "file", "refused", "absent"]
    path: Path | None = None


class Zoo:
    """The shipped models and the published checkpoints as seen from this machine."""

    def __init__(
        self,
        places: Places | None = None,
        *,
        table: Mapping[str, Entry] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.places = places or Places.from_environment()
        self._table = published_checkpoints() if table is None else table
        self._patience = patience

    def entries(self, *, commercial_ok: bool = False) -> list[Entry]:
        """The published checkpoints, or only those whose weights may be used commercially."""
        return [entry for entry in self._table.values() if entry.commercial_ok or not commercial_ok]

    def entry(self, name: str) -> Entry:
        """The published checkpoint of this name.

        Raises:
            UnknownNameError: There is none.
        """
        if name not in self._table:
            raise unknown_name("published model", name, self._table)
        return self._table[name]

    def shipped_bundles(self) -> dict[str, Path]:
        """Bundles inside this package that describe items, by name."""
        configs = sorted(self.places.shipped.glob(f"[!.]*/{CONFIG}"))
        return {one.parent.name: one.parent for one in configs if kind_in(one.parent) != SPACE_MODEL}

    def spaces(self) -> dict[str, Path]:
        """Space models by name: inside this package, in the cache and in the further folders."""
        found: dict[str, Path] = {}
        for folder in (self.places.shipped, self.places.cache, *self.places.folders):
            for config in sorted(folder.glob(f"[!.]*/{CONFIG}")):
                if kind_in(config.parent) == SPACE_MODEL:
                    found.setdefault(config.parent.name, config.parent)
        return found

    def own_bundles(self) -> dict[str, Path]:
        """Bundles in the cache and the further folders that are in no table and not shipped, by name."""
        found: dict[str, Path] = {}
        shipped = self.shipped_bundles()
        for folder in (self.places.cache, *self.places.folders):
            for config in sorted(folder.glob(f"[!.]*/{CONFIG}")):
                name = config.parent.name
                is_part = kind_in(config.parent) not in (None, TAGGER, MULTIMODAL)  # an encoder, a space
                if name not in self._table and name not in shipped and not is_part:
                    found.setdefault(name, config.parent)
        return found

    def whereabouts(self, name: str) -> Whereabouts:
        """Where a model lies on this machine. Nothing is fetched or written."""
        if (self.places.shipped / name / CONFIG).is_file():
            return Whereabouts(state="shipped", path=self.places.shipped / name)
        if (self.places.cache / name / CONFIG).is_file():
            return Whereabouts(state="cached", path=self.places.cache / name)
        for folder in self.places.folders:
            if (folder / name / CONFIG).is_file():
                return Whereabouts(state="bundle", path=folder / name)
        refused: Path | None = None
        if name in self._table:
            entry = self._table[name]
            for file in (folder / entry.file_name for folder in self.places.folders):
                if _has_checksum(file, entry):
                    return Whereabouts(state="file", path=file)
                if file.is_file():
                    refused = refused or file
        return Whereabouts(state="refused" if refused else "absent", path=refused)

    def find(self, name: str) -> Path | None:
        """A bundle's folder, or a published file with the published checksum; None where neither is at hand.

        Raises:
            ModelError: There is only a file of the right name with another checksum.
        """
        found = self.whereabouts(name)
        if found.state == "refused":
            assert found.path is not None
            raise ModelError(
                f"{found.path} is not the published file of {name}: its sha256 is {sha256_of(found.path)}, "
                f"published is {self._table[name].sha256}",
                hint=f"replace it or move it away, or fetch the published one: tutti models pull {name}",
            )
        return found.path

    def path(self, name: str, *, progress: Progress | None = None) -> Path:
        """The folder of a model's bundle, which is pulled or converted first where needed.

        Raises:
            UnknownNameError: It is neither published nor in any of the folders.
            ModelError: The file at hand is damaged or has another checksum than published.
            DownloadError: It cannot be fetched, or the cache cannot be written to.
        """
        found = self.find(name)
        if found is None:
            return self.pull(name, progress=progress)
        if found.is_dir():
            return found
        return self._convert(self.entry(name), found)

    def pull(self, name: str, *, progress: Progress | None = None, force: bool = False) -> Path:
        """Fetch a published checkpoint where it is not at hand, and convert it to a bundle in the cache.

        A shipped model is at hand always; nothing is fetched or written.

        Args:
            name: Of a published checkpoint, or of a shipped model.
            progress: Called with the bytes so far and the bytes in all.
            force: Fetch it again in any case, in the place of a damaged one.

        Returns:
            The folder of the bundle.

        Raises:
            UnknownNameError: There is no such checkpoint.
            DownloadError: It cannot be fetched, or the cache cannot be written to.
        """
        found = self.whereabouts(name)
        if found.state == "shipped" and found.path is not None:
            return found.path
        entry = self.entry(name)
        if found.path is not None and not force:
            if found.path.is_dir():
                return found.path
            if found.state == "file":
                return self._convert(entry, found.path)
        return self._fetch(entry, progress, force=force)

    def load(self, name_or_folder: str | Path, *, device: str = "cpu", progress: Progress | None = None) -> Model:
        """A model by its name, or from a bundle's folder; a shipped or published name goes before a folder's.

        A published checkpoint that is not at hand is pulled. Where the cache cannot be written to, a
        published file from the further folders is converted in memory, and a warning is logged once.

        Raises:
            UnknownNameError: There is neither a model of this name nor such a folder.
            ModelError: The bundle or file is damaged, too new, or has another checksum than published.
            DownloadError: It cannot be fetched.
        """
        name = str(name_or_folder)
        is_name = Path(name).name == name and name not in ("", ".", "..")
        found = self.find(name) if is_name else None
        if found is None and name not in self._table:
            if Path(name_or_folder).exists():
                return Model.load(name_or_folder, device=device)
            known = [*self.shipped_bundles(), *self._table, *self.own_bundles()]
            raise unknown_name("model or folder of a bundle", name, known)
        if found is not None and found.is_file():
            model = self._convert_or_import(self.entry(name), found)
            move_network(model.network, device)
            return model
        return Model.load(found or self.pull(name, progress=progress), device=device)

    def _fetch(self, entry: Entry, progress: Progress | None, *, force: bool) -> Path:
        bundle, file = self.places.cache / entry.name, self.places.cache / entry.file_name
        with writing(file, entry.n_bytes), one_at_a_time(bundle):
            if force or not (bundle / CONFIG).is_file():
                address = entry.address
                if self.places.mirror is not None:
                    address = address.replace(PUBLISHER, self.places.mirror.rstrip("/"))
                remote = RemoteFile(address=address, sha256=entry.sha256, n_bytes=entry.n_bytes)
                download(remote, file, progress=progress, patience=self._patience)
                _save(_import(entry, file), bundle)
                file.unlink()
        return bundle

    def _convert(self, entry: Entry, file: Path) -> Path:
        bundle = self.places.cache / entry.name
        with writing(bundle, entry.n_bytes), one_at_a_time(bundle):
            if not (bundle / CONFIG).is_file():
                _save(_import(entry, file), bundle)
        return bundle

    def _convert_or_import(self, entry: Entry, file: Path) -> Model:
        try:
            return Model.load(self._convert(entry, file))
        except DownloadError as cause:
            _warn_once(f"{cause.message}: {entry.name} is converted anew from {file} each time ({cause.hint})")
            return _import(entry, file)


def entries(*, commercial_ok: bool = False) -> list[Entry]:
    """See :meth:`Zoo.entries`."""
    return Zoo().entries(commercial_ok=commercial_ok)


def entry(name: str) -> Entry:
    """See :meth:`Zoo.entry`."""
    return Zoo().entry(name)


def find(name: str) -> Path | None:
    """See :meth:`Zoo.find`."""
    return Zoo().find(name)


def path(name: str) -> Path:
    """See :meth:`Zoo.path`."""
    return Zoo().path(name)


def pull(name: str, *, progress: Progress | None = None, force: bool = False) -> Path:
    """See :meth:`Zoo.pull`."""
    return Zoo().pull(name, progress=progress, force=force)


def load_model(name_or_folder: str | Path, *, device: str = "cpu", progress: Progress | None = None) -> Model:
    """See :meth:`Zoo.load`."""
    return Zoo().load(name_or_folder, device=device, progress=progress)


def _has_checksum(file: Path, entry: Entry) -> bool:
    return file.is_file() and file.stat().st_size == entry.n_bytes and sha256_of(file) == entry.sha256


def _import(entry: Entry, file: Path) -> Model:
    scores = {
        metric: {"value": value, "dataset": entry.data.title, "split": "test", "published": True}
        for metric, value in entry.scores.items()
    }
    return import_checkpoint(
        file,
        architecture=entry.architecture,
        labels=entry.labels,
        name=entry.name,
        base_rates=dict(entry.base_rates or {}),
        licence=f"{entry.licence}, {entry.holder}",
        source=f"{entry.address}, sha256 {entry.sha256}",
        paper=entry.paper,
        training={"dataset": entry.data.title, "terms of the dataset": entry.data.terms},
        scores=scores,
    )


def _save(model: Model, bundle: Path) -> None:
    try:
        model.save(bundle)
    except SafetensorError as cause:  # what the system said when the weights were written is inside its text
        raise DownloadError(
            f"{bundle} cannot be written: {cause}", hint="make room, or set TUTTI_CACHE to another folder"
        ) from None


@functools.cache
def _warn_once(message: str) -> None:
    logger.warning(message)
