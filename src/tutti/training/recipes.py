"""Recipes: everything about a training run, as a TOML file that states only what differs from the defaults.

Each section is the dataclass that stands beside what it configures; this module puts them together, reads
files and overrides (``key=value`` with dotted keys), and says in words what is wrong with them.
``tutti.training.runs`` carries a recipe out.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from tutti.audio.augmentation import AugmentationConfig
from tutti.data.labels import SPLITS, LabelConfig
from tutti.errors import ConfigError, TuttiError, UnknownNameError, unknown_name
from tutti.evaluation.intervals import Bootstrap
from tutti.models.bundles import Excerpting, Task
from tutti.models.taggers import find_architecture
from tutti.training.regularisation import SCHEMES_WITH_ANSWERS, RegularisationConfig
from tutti.training.schemes import SCHEMES, SchemeConfig
from tutti.training.supervised import SupervisedConfig
from tutti.training.trainer import TrainingConfig
from tutti.training.transfer import StartConfig

Option = bool | int | float | str


@dataclass(frozen=True, kw_only=True)
class DataConfig(LabelConfig):
    """What is learned from: a catalogue whose tracks have splits, and which of their tags.

    Attributes:
        task: ``tags``: a track may carry any number of labels; ``classes``: exactly one of them.
        catalogue: Its folder.
        store: Where decoded sounds are kept; None keeps them in the run's folder. Runs can share one.
    """

    task: Task = "tags"
    catalogue: Path | None = None
    store: Path | None = None


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Which network is trained.

    Attributes:
        name: What catalogues will call the model; None names it after the recipe.
        architecture: A name in ``tutti.models.taggers.ARCHITECTURES``.
        options: Fields of the architecture's configuration that differ from the published size.
        excerpts: Which excerpts of a sound the trained model hears.
        start: A trained model to begin with; without the section all weights follow from the seed.
    """

    name: str | None = None
    architecture: str = "short_chunk_resnet"
    options: dict[str, Option] = field(default_factory=dict)
    excerpts: Excerpting = field(default_factory=Excerpting)
    start: StartConfig | None = None

    def __post_init__(self) -> None:
        find_architecture(self.architecture).configure(**self.options)


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """How the trained model is scored.

    Attributes:
        split: Of the catalogue.
        n_resamples: Of the bootstrap.
        seed: Of the bootstrap.
        threshold: A label is given where its probability is at least this.
        tune_on: Another split, on which thresholds are tuned for F1.
    """

    split: str = "test"
    n_resamples: int = 1000
    seed: int = 0
    threshold: float = 0.5
    tune_on: str | None = None

    def __post_init__(self) -> None:
        if self.tune_on is not None and self.tune_on not in SPLITS:
            raise unknown_name("split", self.tune_on, SPLITS)
        if self.tune_on == self.split:
            raise ConfigError(
                f"thresholds tuned on {self.tune_on} would be scored on the same tracks",
                hint="set evaluation.tune_on = 'valid' and evaluation.split = 'test'",
            )
        if self.split not in SPLITS:
            raise unknown_name("split", self.split, SPLITS)
        Bootstrap(n_resamples=self.n_resamples, seed=self.seed)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A training run.

    Attributes:
        name: Of the recipe.
        output: Folder of the run; None is ``runs/<name>``.
        seed: Of everything random.
        data: What is learned from.
        model: Which network.
        scheme: What a batch and its loss are.
        training: The trainer's settings.
        augmentation: How excerpts are changed at random while training; without the section they are not.
        regularisation: Terms beside the scheme's loss, of sounds that need no labels.
        evaluation: How the result is scored.
    """

    name: str
    output: Path | None = None
    seed: int = 0
    data: DataConfig = field(default_factory=DataConfig)
    model: NetworkConfig = field(default_factory=NetworkConfig)
    scheme: SchemeConfig = field(default_factory=SupervisedConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    augmentation: AugmentationConfig | None = None
    regularisation: RegularisationConfig | None = None
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)

    def __post_init__(self) -> None:
        monitor = self.training.monitor
        if monitor == "accuracy" and self.data.task != "classes":
            raise ConfigError(
                "training.monitor = 'accuracy' is of classes, and data.task is 'tags'",
                hint="monitor pr_auc_macro or loss, or set data.task = 'classes'",
            )
        if self.training.devices > self.scheme.n_answers:
            raise ConfigError(
                f"{self.training.devices} devices cannot share a batch of {self.scheme.n_answers}",
                hint="raise scheme.batch_size, or lower training.devices",
            )
        if self.regularisation is not None:
            self._check_regularisation(self.regularisation)

    def _check_regularisation(self, settings: RegularisationConfig) -> None:
        if self.scheme.name not in SCHEMES_WITH_ANSWERS:
            raise ConfigError(
                f"regularisation is about answers on labels, and the scheme {self.scheme.name} gives none",
                hint=f"leave out regularisation, or set scheme.name to one of {', '.join(SCHEMES_WITH_ANSWERS)}",
            )
        if settings.consistency is not None and self.augmentation is None:
            raise ConfigError(
                "consistency compares answers on two alterations of an excerpt, and this recipe alters none",
                hint="add a section [augmentation]",
            )

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.output or Path("runs") / self.name

    def to_json(self) -> dict[str, Any]:
        """The complete recipe as plain values."""
        plain: dict[str, Any] = _adapter().dump_python(self, mode="json", by_alias=True)
        return plain


def read_recipe(path: Path, overrides: Iterable[str] = ()) -> Recipe:
    """The recipe of a file, with some settings replaced.

    Args:
        path: A TOML file. Without a ``name`` the recipe is named after the file.
        overrides: Such as ``training.epochs=3``, ``output=runs/try`` or ``data.labels=["rock", "jazz"]``.

    Raises:
        ConfigError: The file cannot be read, or a setting is unknown, of a wrong type, or makes no sense.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as cause:
        reason = getattr(cause, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"the recipe {path} cannot be read: {reason.lower()}", hint="check the path") from None
    except tomllib.TOMLDecodeError as cause:
        raise ConfigError(f"the recipe {path} is not TOML: {cause}", hint="quote texts; see toml.io") from None
    table.setdefault("name", path.stem)
    for setting in overrides:
        override(table, setting)
    return parse_recipe(table, origin=str(path))


def parse_recipe(table: Mapping[str, Any], *, origin: str = "the recipe") -> Recipe:
    """The recipe that plain values describe.

    Raises:
        ConfigError: A setting is unknown, of a wrong type, or makes no sense.
    """
    try:
        table = _with_scheme(table)
        _check_keys(table, Recipe, place=(), origin=origin)
        # JSON's strict mode: no number out of a text, but a path out of one.
        return _adapter().validate_json(json.dumps(table, default=str), strict=True)
    except ValidationError as error:
        raise _in_words(error.errors()[0], origin) from None
    except UnknownNameError as error:  # no ValueError, so pydantic lets it through
        raise ConfigError(f"{origin}: {error.message}", hint=error.hint) from None


@functools.cache
def _adapter() -> TypeAdapter[Recipe]:
    return TypeAdapter(Recipe)  # made once: it takes much longer than a recipe


def override(table: dict[str, Any], setting: str) -> None:
    """Replace a setting of a recipe that is still plain values.

    Args:
        table: Of the recipe; it is changed.
        setting: Such as ``training.epochs=3``.

    Raises:
        ConfigError: It is not of that form, or goes below a setting.
    """
    key, equals, text = setting.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"{setting!r} is no setting", hint="write key=value, such as training.epochs=3")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a text without its quotes, as one types it in a shell
    *sections, last = key.strip().split(".")
    for section in sections:
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{setting!r}: {section!r} is a setting, not a section", hint="see the recipe")
    table[last] = value


def _with_scheme(table: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with the scheme named.

    Raises:
        UnknownNameError: There is no such scheme.
    """
    scheme = table.get("scheme", {})
    if not isinstance(scheme, Mapping):
        return dict(table)  # said in words by what checks the types
    name = scheme.get("name", SupervisedConfig.name)
    if name not in SCHEMES:
        raise unknown_name("training scheme", str(name), SCHEMES)
    return {**table, "scheme": {**scheme, "name": name}}


def _check_keys(table: Mapping[str, Any], kind: type, *, place: tuple[str, ...], origin: str) -> None:
    """Refuse keys that the dataclass does not have, offering the nearest that it has."""
    known = _sections(kind)
    if kind is Recipe and isinstance(table.get("scheme"), Mapping):
        known["scheme"] = SCHEMES[table["scheme"]["name"]]
    for key, value in table.items():
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1)
            elsewhere = [path for path in _all_settings() if path.split(".")[-1] == key]
            suggestion = [".".join((*place, near)) for near in nearest] or elsewhere
            raise ConfigError(
                f"{origin} has an unknown setting {'.'.join((*place, key))!r}",
                hint=(f"did you mean {suggestion[0]!r}? " if suggestion else "") + f"known: {', '.join(known)}",
            )
        section = known[key]
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, float) and not math.isfinite(one):
                setting = ".".join((*place, key))
                raise ConfigError(f"{origin}: {setting} = {one} is no finite number", hint=f"correct {setting}")
            if section is not None and isinstance(one, Mapping):
                _check_keys(one, section, place=(*place, key), origin=origin)


def _sections(kind: type) -> dict[str, type | None]:
    """The fields of a dataclass, and the dataclass that each holds, alone, in a list, or not always."""
    found: dict[str, type | None] = {}
    for name, hint in get_type_hints(kind).items():
        held = [one for one in (hint, *get_args(hint)) if isinstance(one, type) and dataclasses.is_dataclass(one)]
        found[name.rstrip("_")] = held[0] if held else None  # ``from`` is a word of Python
    return found


def _settings(kind: type, place: str = "") -> list[str]:
    """Dotted names of all settings below a dataclass."""
    names = []
    for name, section in _sections(kind).items():
        names += [place + name] if section is None else _settings(section, f"{place}{name}.")
    return names


def _all_settings() -> list[str]:
    """Dotted names of all settings of recipes, whatever their scheme."""
    schemes = [name for kind in SCHEMES.values() for name in _settings(kind, "scheme.")]
    return list(dict.fromkeys([*_settings(Recipe), *schemes]))


def _in_words(error: ErrorDetails, origin: str) -> ConfigError:
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, TuttiError):
        return ConfigError(f"{origin}: {cause.message}", hint=cause.hint)
    known = set(_all_settings()) | set(_sections(Recipe)) | {"training.phases"}
    # pydantic's places number the items of lists and end in names of alternatives of a union; ours are the settings
    parts = [part for part in error["loc"] if isinstance(part, str)]
    if parts[:1] == ["scheme"] and set(parts[1:2]) <= set(SCHEMES):
        del parts[1:2]
    place = next(
        (".".join(parts[:n]) for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in known),
        ".".join(parts),
    )
    wanted = error["msg"].removeprefix("Input should be ").replace("an object", "a section")
    if error["type"] == "missing":
        return ConfigError(f"{origin} does not say {place!r}", hint=f"add {place} = …")
    return ConfigError(
        f"{origin}: {place} = {json.dumps(error['input'], default=str)} is wrong; wanted {wanted}",
        hint=f"correct {place} in the file or on the command line",
    )
