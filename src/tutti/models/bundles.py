"""Bundles: a model as a folder with ``model.safetensors``, ``config.json`` and a model card, ``README.md``.

Saving is atomic, loading validates everything, and a bundle of a newer format is refused. ``docs/formats.md`` describes
the files for other programs.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from pydantic import ConfigDict
from safetensors import SafetensorError
from safetensors.torch import load_file

from tutti.audio.excerpts import DEFAULT_COUNT, ExcerptPlan, ExcerptSpec, Spread
from tutti.audio.resampling import Resampling
from tutti.errors import ConfigError, ModelError, unknown_name
from tutti.models.cards import model_card
from tutti.models.model_folders import (
    CONFIG,
    MULTIMODAL,
    TAGGER,
    WEIGHTS,
    arrays_of,
    check_format,
    checked_settings,
    fingerprint_of,
    settings_folder,
    write_parameters,
)
from tutti.models.tagger import Tagger
from tutti.models.taggers import build_tagger, find_architecture

FORMAT = 1
DUST = 1e-20
Task = Literal["tags", "classes"]
ModelTask = Literal[Task, "vectors", "values"]
CARD = "README.md"


@dataclass(frozen=True, kw_only=True)
class Excerpting:
    """Which excerpts of a sound the model hears, see :mod:`tutti.audio.excerpts`.

    Attributes:
        count: Spread at most this many evenly.
        hop: Seconds from one excerpt to the next; None spreads them evenly.
        spread: ``even``, or ``published`` to repeat published scores.
    """

    count: int = DEFAULT_COUNT
    hop: float | None = None
    spread: Spread = "even"


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Everything about a model but its weights.

    Attributes:
        name: What catalogues call it: letters, digits, ``-``, ``_`` and ``.``.
        architecture: A name in ``tutti.models.taggers.ARCHITECTURES``.
        labels: In the order of the outputs; none with the task ``vectors``.
        task: ``tags``: a sound may carry any number of labels, and each has its own probability (a sigmoid).
            ``classes``: it carries exactly one, and the probabilities sum to one (a softmax). ``vectors``: there
            are no labels and no head. ``values``: outputs are numbers of any size, such as the factors of a track, and
            are given as they are.
        options: Fields of the architecture's configuration that differ from the published size.
        resampling: How a sound is brought to the model's sample rate.
        excerpts: Which excerpts of a sound it hears.
        label_sources: For each label, whose labels it stands for, such as ``mtat:guitar``, where teachers taught it.
        base_rates: Share of training tracks that carry a label, where known.
        teachers: For each model that taught it, its licence and the terms of what that learned from.
        data: What it learned from, and how much of it, in sentences.
        limits: What it is not fit for, in sentences.
        licence: Of the weights.
        source: Where the weights come from.
        paper: Who described the model.
        training: How it was trained: the resolved recipe.
        scores: What it reached, each with dataset, split, seed and number of items.
    """

    name: str
    architecture: str
    labels: tuple[str, ...]
    task: ModelTask = "tags"
    options: dict[str, Any] = field(default_factory=dict)
    resampling: Resampling = field(default_factory=Resampling)
    excerpts: Excerpting = field(default_factory=Excerpting)
    label_sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    base_rates: dict[str, float] = field(default_factory=dict)
    teachers: dict[str, str] = field(default_factory=dict)
    data: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    licence: str = "unknown"
    source: str = "unknown"
    paper: str = ""
    training: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if not self.name or not all(letter.isalnum() or letter in "-_." for letter in self.name):
            raise ConfigError(
                f"{self.name!r} cannot name a model",
                hint="use letters, digits, '-', '_' and '.', such as musicnn-mtat",
            )
        if self.task not in get_args(ModelTask):
            raise unknown_name("task of a model", self.task, get_args(ModelTask))
        if self.task == "vectors" and self.labels:
            raise ConfigError(
                f"the model {self.name} gives vectors only, and has {len(self.labels)} labels",
                hint="leave the labels out, or set task to tags or classes",
            )
        if not self.labels and self.task != "vectors":
            raise ConfigError(f"the model {self.name} has no labels", hint="name at least one")
        if len(set(self.labels)) != len(self.labels):
            twice = next(label for label in self.labels if self.labels.count(label) > 1)
            raise ConfigError(f"the label {twice!r} of the model {self.name} occurs twice", hint="name each once")

    @property
    def sample_rate(self) -> int:
        """Of the waveform that the model hears, Hz."""
        return int(find_architecture(self.architecture).configure(**self.options).sample_rate)

    @property
    def n_samples(self) -> int:
        """Length of an excerpt, samples."""
        return int(find_architecture(self.architecture).configure(**self.options).n_samples)

    @property
    def excerpt_spec(self) -> ExcerptSpec:
        """What the model wants cut from a sound."""
        hop = self.excerpts.hop
        plan = ExcerptPlan(
            n_samples=self.n_samples,
            count=self.excerpts.count,
            hop=None if hop is None else max(1, round(hop * self.sample_rate)),
            spread=self.excerpts.spread,
        )
        return ExcerptSpec(sample_rate=self.sample_rate, resampling=self.resampling, plan=plan)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``config.json``."""
        return {"format": FORMAT, "kind": TAGGER, **dataclasses.asdict(self)}


def config_from_json(values: Mapping[str, Any], *, origin: str) -> ModelConfig:
    """The configuration that ``config.json`` holds.

    Args:
        values: The parsed file.
        origin: The file, for messages.

    Raises:
        ModelError: It is of a newer format, or something in it is missing or wrong.
    """
    settings = dict(values)
    version, kind = settings.pop("format", None), settings.pop("kind", None)
    if kind == MULTIMODAL:
        raise ModelError(
            f"{origin} describes a multimodal model, and a tagger is wanted",
            hint="tutti evaluate, explain and map take it; a sound by itself is heard by its encoders/audio",
        )
    if kind is not None and kind != TAGGER:
        raise ModelError(
            f"{origin} describes a {str(kind).removeprefix('tutti ')}, and a tagger is wanted",
            hint="name the folder of a tagger's bundle; what a run has made is told in its report.md",
        )
    if kind != TAGGER or not isinstance(version, int):
        raise ModelError(
            f"{origin} does not describe a tutti tagger",
            hint="import published checkpoints first: tutti models import",
        )
    check_format(version, newest=FORMAT, origin=origin)
    return checked_settings(ModelConfig, settings, origin=origin, what="bundle")


def save_bundle(network: Tagger, config: ModelConfig, folder: Path) -> None:
    """Write a bundle; an existing one is replaced at once when the new one is complete.

    Raises:
        ModelError: The folder exists and is no bundle.
    """
    plain = config.to_json()
    with settings_folder(Path(folder), plain, what="bundle") as partial:
        write_parameters(network, partial)
        (partial / CARD).write_text(model_card(plain), encoding="utf-8")


def read_config(folder: Path) -> ModelConfig:
    """The configuration of a bundle, without its weights.

    Raises:
        ModelError: The folder holds no bundle, or a damaged or newer one.
    """
    path = folder / CONFIG
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{folder} holds no model bundle: there is no {CONFIG}",
            hint="name a bundle's folder, or a published model: tutti models list",
        ) from None
    except (OSError, ValueError) as cause:
        raise ModelError(f"{path} cannot be read: {cause}", hint="take the bundle anew") from None
    if not isinstance(values, dict):
        raise ModelError(f"{path} does not describe a tutti tagger", hint="take the bundle anew")
    return config_from_json(values, origin=str(path))


def read_network(config: ModelConfig, folder: Path) -> Tagger:
    """The network of a bundle, ready to predict.

    Raises:
        ModelError: The weights are missing, damaged, or not of the configured architecture.
    """
    path = folder / WEIGHTS
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as cause:
        raise ModelError(f"{path} cannot be read: {cause}", hint="take the bundle anew") from None
    network = build_tagger(config.architecture, len(config.labels), **config.options)
    load_parameters(network, tensors, origin=str(path))
    return network.eval()


def load_parameters(network: Tagger, tensors: Mapping[str, torch.Tensor], *, origin: str) -> None:
    """Fill a network with parameters that must be exactly its own.

    Raises:
        ModelError: A parameter is missing, left over, or of another shape.
    """
    expected = network.state_dict()
    missing = sorted(set(expected) - set(tensors))
    left_over = sorted(set(tensors) - set(expected))
    other_shape = sorted(n for n in set(expected) & set(tensors) if expected[n].shape != tensors[n].shape)
    if not (missing or left_over or other_shape):
        network.load_state_dict({name: _without_dust(tensor) for name, tensor in tensors.items()})
        return
    findings = []
    if missing:
        findings.append(f"{len(missing)} parameters are missing, such as {missing[0]!r}")
    if left_over:
        findings.append(f"{len(left_over)} are unknown, such as {left_over[0]!r}")
    if other_shape:
        name = other_shape[0]
        findings.append(f"{name!r} has shape {tuple(tensors[name].shape)}, wanted {tuple(expected[name].shape)}")
    raise ModelError(
        f"{origin} does not fit the architecture: {'; '.join(findings)}",
        hint="name the architecture, size and labels that it was trained with",
    )


def _without_dust(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor with everything below ``DUST`` set to zero.

    Weight decay has left up to a third of some published checkpoints' weights at 1e-38 and below. They change no
    output, but processors compute with such denormal numbers some forty times slower.
    """
    if not tensor.is_floating_point():
        return tensor
    return torch.where(tensor.abs() < DUST, torch.zeros_like(tensor), tensor)


def fingerprint(network: Tagger, config: ModelConfig) -> str:
    """Sixteen hexadecimal digits that change whenever weights, labels, resampling or excerpts do."""
    settings = config.to_json()
    relevant = {key: settings[key] for key in ("architecture", "options", "labels", "resampling", "excerpts")}
    if config.task != "tags":  # what most models do goes without saying, so that their fingerprints stay
        relevant["task"] = config.task
    return fingerprint_of(json.dumps(relevant, sort_keys=True), arrays_of(network))
