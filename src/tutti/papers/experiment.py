"""What a published experiment is whose results were described in words: statements, and a way to find out again.

Tables and figures with printed values, which are made of training runs, are ``table``'s and ``figure``'s.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from tutti.data.catalogue import Catalogue
from tutti.data.datasets import find_dataset
from tutti.data.world.generate import generate_world
from tutti.errors import CatalogueError, ConfigError, TuttiError
from tutti.evaluation.intervals import Bootstrap
from tutti.files import write_text
from tutti.papers.comparison import JSON_FILE, MARKDOWN_FILE, SMOKE
from tutti.papers.table import Exhibit
from tutti.training.recipes import override

Wanted = TypeVar("Wanted")
CATALOGUE = "catalogue"  # in the folder of the results
SMOKE_RESAMPLES = 50
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Something that a work says of its own results.

    Attributes:
        text: In our words.
        where: Section of the work.
        criterion: When we say that it holds.
    """

    text: str
    where: str
    criterion: str


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A statement beside what was found here.

    Attributes:
        statement: The published one.
        ours: What was found, in words.
        holds: None where it cannot be told from what was run.
    """

    statement: Statement
    ours: str
    holds: bool | None


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What an experiment found.

    Attributes:
        exhibit: What was published.
        setting: Data, split, number of items, seed, in words.
        judged: Every statement.
        tables: Ours, as Markdown.
        values: Ours, as plain values.
        smoke: Whether it was run on the tiny world, only to see that it works.
        failures: Parts that failed, and why.
    """

    exhibit: Exhibit
    setting: str
    judged: tuple[Judged, ...]
    tables: str
    values: Mapping[str, Any]
    smoke: bool = False
    failures: Mapping[str, str] = field(default_factory=dict)

    def holds(self, judged: Judged) -> bool | None:
        """Whether a statement holds here; a smoke run tells nothing."""
        return None if self.smoke else judged.holds

    def to_markdown(self) -> str:
        """Statements first, then our tables."""
        lines = [f"# {self.exhibit.key}: {self.exhibit.title}", ""]
        lines += [f"{self.exhibit.source}. {self.exhibit.note}".strip(), "", f"{self.setting}.", ""]
        lines += [SMOKE, ""] if self.smoke else []
        lines += ["| published | where | ours | holds |", "| --- | --- | --- | --- |"]
        for one in self.judged:
            told = {True: "yes", False: "no", None: "cannot be told"}[self.holds(one)]
            stated = one.statement
            lines.append(f"| {stated.text} | {stated.where} | {one.ours} | {told}: {stated.criterion} |")
        lines += ["", self.tables.rstrip(), ""]
        lines += [f"- failed: {name}: {reason}" for name, reason in self.failures.items()]
        return "\n".join(lines).rstrip() + "\n"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "experiment": self.exhibit.key,
            "setting": self.setting,
            "smoke": self.smoke,
            "statements": [{**dataclasses.asdict(one), "holds": self.holds(one)} for one in self.judged],
            "values": dict(self.values),
            "failures": dict(self.failures),
        }

    def write(self, folder: Path) -> None:
        """Write ``comparison.json`` and ``comparison.md``."""
        write_text(folder / JSON_FILE, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_text(folder / MARKDOWN_FILE, self.to_markdown())

    def written(self, order: ExperimentOrder, files: Sequence[Path]) -> Outcome:
        """The same as an outcome, once it is written into the order's folder.

        Args:
            order: What was carried out.
            files: That were drawn beside it.
        """
        self.write(order.folder)
        for path in files:
            order.tell(f"wrote {path}")
        return Outcome(folder=order.folder, comparison=self)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What carrying out an experiment made.

    Attributes:
        folder: Of the results.
        comparison: Ours beside theirs.
    """

    folder: Path
    comparison: Findings


@dataclass(frozen=True, kw_only=True)
class ExperimentOrder:
    """How an experiment is to be carried out.

    Attributes:
        folder: Of the results; what it holds is taken as it is.
        data: The dataset's root; None where it is not at hand.
        others: Roots of what else the experiment wants, by name; without those that are not at hand.
        settings: ``key=value``.
        seed: Of everything random.
        smoke: Run it small, on a tiny generated world.
        quiet: Show no progress on stderr.
        tell: Receives a line at each stage.
    """

    folder: Path
    data: Path | None = None
    others: Mapping[str, Path] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    seed: int = 0
    smoke: bool = False
    quiet: bool = False
    tell: Tell = lambda _: None

    @property
    def bootstrap(self) -> Bootstrap:
        """How intervals are drawn."""
        return Bootstrap(n_resamples=SMOKE_RESAMPLES) if self.smoke else Bootstrap()

    def plain_settings(self, *, published: Mapping[str, Any], smoke: Mapping[str, Any]) -> dict[str, Any]:
        """Settings as plain values: published ones, or those of a smoke run, with the order's own.

        Raises:
            ConfigError: One of the order's is no setting.
        """
        plain = copy.deepcopy(dict(smoke if self.smoke else published))
        for setting in self.settings:
            override(plain, setting)
        return plain

    def refuse_unused(self, unused: Mapping[str, str], *, hint: str) -> None:
        """See :func:`refuse_unused`, of the order's own settings."""
        refuse_unused(self.settings, unused, hint=hint)

    def world(self, place: str | None) -> Catalogue:
        """The generated world in a folder; None makes a tiny one.

        Raises:
            CatalogueError: There is no catalogue.
        """
        if place is not None:
            return Catalogue.open(place)
        return generate_world("tiny", self.folder / CATALOGUE, seed=0, jobs=1)

    def root(self, dataset: str) -> Path:
        """Where the data lie.

        Args:
            dataset: That they are.

        Raises:
            ConfigError: They are not at hand.
        """
        if self.data is None:
            raise ConfigError(
                f"{dataset} is wanted, and is not here",
                hint=f"give --data {dataset}=FOLDER; what belongs there: tutti datasets show {dataset}",
            )
        return self.data

    def catalogue(self, dataset: str, *, protocol: str | None = None) -> Catalogue:
        """The data as a catalogue, which is made once.

        Args:
            dataset: That they are.
            protocol: Of the dataset; None means the first.

        Raises:
            ConfigError: They are not at hand.
            DatasetError: A list is missing or broken.
        """
        root, folder = self.root(dataset), self.folder / CATALOGUE
        try:
            return Catalogue.open(folder)
        except CatalogueError:
            chosen = find_dataset(dataset)
            self.tell(f"reading {chosen.title} from {root}")
            return chosen.catalogue(root, folder, protocol=protocol)


def refuse_unused(settings: Sequence[str], unused: Mapping[str, str], *, hint: str) -> None:
    """Refuse a setting that nothing would read, instead of going on without it.

    Args:
        settings: ``key=value``, as they were given.
        unused: Dotted names of those that are not read here, and why.
        hint: What to do instead.

    Raises:
        ConfigError: One of them was given.
    """
    for setting in settings:
        plain: dict[str, Any] = {}
        override(plain, setting)
        for name, reason in unused.items():
            if _is_set(plain, name):
                raise ConfigError(f"{setting} would change nothing: {reason}", hint=hint)


def _is_set(plain: Mapping[str, Any], name: str) -> bool:
    value: Any = plain
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return True


def checked_settings(wanted: type[Wanted], plain: Mapping[str, Any], *, hint: str) -> Wanted:
    """The settings that plain values describe.

    Args:
        wanted: A dataclass that checks itself.
        plain: Of :meth:`ExperimentOrder.plain_settings`.
        hint: Which settings there are.

    Raises:
        ConfigError: One is unknown or makes no sense.
    """
    try:
        return TypeAdapter(wanted).validate_python(dict(plain))
    except ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, TuttiError):
            raise ConfigError(cause.message, hint=cause.hint) from None
        place = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"the setting {place}={first['input']!r} makes no sense: {first['msg'].lower()}", hint=hint
        ) from None


@dataclass(frozen=True, kw_only=True)
class Experiment(Exhibit):
    """A published experiment.

    Attributes:
        dataset: A name in ``tutti.data.datasets.DATASETS``.
        statements: What the work says of it.
        carry_out: Finds out, and writes everything into the order's folder.
        others: Further datasets, or sets of sentences, that it wants.
    """

    dataset: str
    statements: tuple[Statement, ...]
    carry_out: Callable[[Experiment, ExperimentOrder], Outcome]
    others: tuple[str, ...] = ()
