"""Transfer: a network begins with weights of a trained one, part by part; parts may stay as they are or learn slower.

A part is a module of the network by its name, ``frontend``, ``encoder``, ``head``, or one within, such as
``encoder.layers.0``. How rates and frozen parts reach the optimiser is in ``rates``.

References:
    Won, thesis 2021, section 4.2, on transfer between music tasks.
    Pan and Yang, "A survey on transfer learning", IEEE TKDE 22, 2010.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from tutti.errors import ConfigError, unknown_name
from tutti.models.bundles import ModelConfig
from tutti.models.tagger import Tagger
from tutti.models.taggers import build_tagger, find_architecture
from tutti.models.zoo import load_model
from tutti.training.rates import rate_of, set_rates

HEAD = "head"
HEARD = ("sample_rate", "n_fft", "hop_length", "n_mels", "mel_scale")  # options that change what an encoder hears


@dataclass(frozen=True, kw_only=True)
class StartConfig:
    """Which trained model a network begins with, and how its parts then learn.

    Attributes:
        from_: Folder of a bundle, or a model's name, as ``tutti models list`` shows them; in a recipe, ``from``.
        parts: Which parts load; None loads all, the head only where it predicts the very same labels.
        frozen: Loaded parts that stay as they are, also the statistics of their normalisation.
        rates: Factor of the learning rate of further parts.
    """

    from_: Annotated[str, Field(alias="from")]
    parts: tuple[str, ...] | None = None
    frozen: tuple[str, ...] = ()
    rates: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.parts is not None and not self.parts:
            raise ConfigError(
                f"no part of {self.from_} would load: parts is empty",
                hint="leave out model.start.parts for all of it, or leave out model.start",
            )
        for part, rate in self.rates.items():
            if not (math.isfinite(rate) and rate > 0):
                raise ConfigError(
                    f"the rate {rate:g} of the part {part!r} is not positive",
                    hint="give a factor of the learning rate, such as 0.1; what is to stay as it is goes into frozen",
                )
            if part in self.frozen:
                raise ConfigError(
                    f"the part {part!r} is frozen and has a rate of {rate:g}", hint="leave it out of one of the two"
                )


def build_network(
    config: ModelConfig, start: StartConfig | None = None, *, seed: int, tell: Callable[[str], None] = lambda _: None
) -> Tagger:
    """The network with which training begins: from its seed, and from a trained one where a start is given.

    Args:
        config: Architecture, options and labels.
        start: None leaves all parts as the seed made them.
        seed: Of the parts that do not load.
        tell: Receives a line about what loads.

    Raises:
        ConfigError: The trained model does not fit, or nothing would be left to learn.
        UnknownNameError: There is no such model, or no such part.
        ModelError: The trained model is damaged.
    """
    torch.manual_seed(seed)
    network = build_tagger(config.architecture, len(config.labels), **config.options)
    if start is None:
        return network
    model = load_model(start.from_)
    _check_model(model.config, config, start)
    for part in (*(start.parts or ()), *start.frozen, *start.rates):
        _check_part(network, part, config.architecture)
    parts = _parts(model.config, config, start)
    for part in start.frozen:
        if not any(_is_within(part, loaded) for loaded in parts):
            raise ConfigError(
                f"the part {part!r} is to stay as it is, but does not load from {start.from_}",
                hint="leave it out of model.start.frozen: it would stay at random",
            )
    state = _loaded(network, model.network.state_dict(), parts, start, _differences(model.config, config))
    if HEAD in parts:
        order = [model.config.labels.index(label) for label in config.labels]
        state |= {name: tensor[order] for name, tensor in state.items() if _is_within(name, HEAD)}
    network.load_state_dict(state, strict=False)
    set_rates(network, {**dict.fromkeys(start.frozen, 0.0), **start.rates})
    _check_learning(network, start)
    frozen = f"; as they are stay {', '.join(start.frozen)}" if start.frozen else ""
    tell(f"starting from {model.name}: {', '.join(parts)}{'' if HEAD in parts else '; the head is new'}{frozen}")
    return network


def keeps_head(config: ModelConfig, start: StartConfig | None) -> bool:
    """Whether the head is loaded, and not new."""
    return start is not None and HEAD in _parts(load_model(start.from_).config, config, start)


def _check_model(theirs: ModelConfig, ours: ModelConfig, start: StartConfig) -> None:
    """See that the encoder is of the same kind, and will hear what it learned to hear."""
    if theirs.architecture != ours.architecture:
        raise ConfigError(
            f"{start.from_} is a {theirs.architecture}, and the recipe trains a {ours.architecture}",
            hint=f"set model.architecture = {theirs.architecture!r}",
        )
    for name, (known, asked) in _differences(theirs, ours).items():
        if name in HEARD:
            unit = " Hz" if name == "sample_rate" else ""
            raise ConfigError(
                f"{start.from_} hears sounds with {name} {known}{unit}, and the recipe has {asked}{unit}",
                hint=f"set model.options.{name} = {known!r}",
            )


def _differences(theirs: ModelConfig, ours: ModelConfig) -> dict[str, tuple[Any, Any]]:
    """Options of an architecture in which two models differ: theirs and ours."""
    configure = find_architecture(ours.architecture).configure
    pair = configure(**theirs.options), configure(**ours.options)
    known, asked = (dataclasses.asdict(options) for options in pair)
    return {name: (known[name], asked[name]) for name in known if known[name] != asked[name]}


def _check_part(network: Tagger, part: str, architecture: str) -> None:
    names = [name for name, _ in (*network.named_modules(), *network.named_parameters()) if name]
    if part not in names:
        raise unknown_name(f"part of {architecture}", part, [name for name in names if name.count(".") <= 1])


def _parts(theirs: ModelConfig, ours: ModelConfig, start: StartConfig) -> tuple[str, ...]:
    """The parts that load: those asked for, or all, the head where it fits.

    Raises:
        ConfigError: A head is asked for that predicts something else.
    """
    fits = bool(ours.labels) and theirs.task == ours.task and set(theirs.labels) == set(ours.labels)
    if start.parts is None:
        return ("frontend", "encoder", HEAD) if fits else ("frontend", "encoder")
    if not fits and any(_is_within(part, HEAD) for part in start.parts):
        missing = [label for label in ours.labels if label not in theirs.labels]
        why = f"does not know {missing[0]!r}" if missing else f"has {len(theirs.labels)} of the task {theirs.task}"
        raise ConfigError(
            f"the head of {start.from_} does not predict the recipe's {len(ours.labels)} labels: it {why}",
            hint="leave the head out of model.start.parts: it will be new",
        )
    if any(part.startswith(f"{HEAD}.") for part in start.parts):
        raise ConfigError(f"half a head is asked of {start.from_}", hint="name 'head' in model.start.parts")
    return start.parts


def _loaded(
    network: Tagger,
    tensors: Mapping[str, Tensor],
    parts: Sequence[str],
    start: StartConfig,
    differences: Mapping[str, tuple[Any, Any]],
) -> dict[str, Tensor]:
    """The tensors of the parts that load, seen to be exactly what the network's parts want."""
    wanted = {n: t.shape for n, t in network.state_dict().items() if any(_is_within(n, part) for part in parts)}
    found = {n: t for n, t in tensors.items() if any(_is_within(n, part) for part in parts)}
    for name in sorted({*wanted, *found}):
        ours = tuple(wanted[name]) if name in wanted else "none"
        theirs = tuple(found[name].shape) if name in found else "none"
        if ours != theirs:
            settings = [f"model.options.{option} = {known!r}" for option, (known, _) in differences.items()]
            raise ConfigError(
                f"{start.from_} does not fit the recipe's network: {name} has shape {theirs}, wanted {ours}",
                hint=f"set {', '.join(settings)}" if settings else "name fewer parts in model.start.parts",
            )
    return found


def _check_learning(network: Tagger, start: StartConfig) -> None:
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise ConfigError(
            f"nothing is left to learn: every part of the network is frozen ({', '.join(start.frozen)})",
            hint="leave a part out of model.start.frozen, such as the head",
        )


def _is_within(name: str, part: str) -> bool:
    return rate_of(name, {part: 0.0}) == 0
