"""Phases of a training run, and the protocols that papers published, each as a list of phases.

A phase is a number of epochs with one optimiser. Between phases the best weights so far may be put back, and the
optimiser's state is kept where the next phase has the same optimiser: so SGD keeps its momentum when only its
rate drops, as in the published code. The trainer carries phases out (``tutti.training.trainer``); batch sizes,
crops and losses are a scheme's matter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Literal

import torch
from torch import nn

from tutti.errors import ConfigError, unknown_name
from tutti.training.schedules import SCHEDULES

Monitor = Literal[
    "loss",
    "excerpt_loss",
    "pr_auc_macro",
    "roc_auc_macro",
    "accuracy",
    "top_1",
    "rank_correlation",
    "r2",
    "precision_at_5",
]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Some epochs with one optimiser.

    Attributes:
        epochs: How many.
        optimizer: ``adam``, ``adamw`` or ``sgd``.
        learning_rate: The schedule's factor multiplies it.
        weight_decay: As the optimiser understands it.
        momentum: Of SGD.
        nesterov: Nesterov's momentum, of SGD.
        schedule: A name in ``SCHEDULES``; it runs from the phase's beginning to its end.
        from_best: Begin with the best weights so far. In the first phase this means nothing.
    """

    epochs: int
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = 1e-4
    weight_decay: float = 0.0
    momentum: float = 0.0
    nesterov: bool = False
    schedule: str = "constant"
    from_best: bool = True

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise unknown_name("schedule of the learning rate", self.schedule, SCHEDULES)
        for name in ("epochs", "learning_rate"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}={getattr(self, name):g} is not positive", hint="give a positive number")
        if self.weight_decay < 0 or not 0 <= self.momentum < 1:
            raise ConfigError(
                f"weight_decay={self.weight_decay:g} and momentum={self.momentum:g} make no sense together",
                hint="weight decay is 0 or more, momentum lies in [0, 1)",
            )
        if self.optimizer != "sgd" and (self.momentum or self.nesterov):
            raise ConfigError(
                f"{self.optimizer} takes no momentum={self.momentum:g} and nesterov={self.nesterov}",
                hint="leave them out, or set optimizer = 'sgd'",
            )
        if self.nesterov and not self.momentum:
            raise ConfigError("nesterov needs a momentum, which is 0", hint="set momentum = 0.9")


@dataclass(frozen=True, kw_only=True)
class TrainingProtocol:
    """How a paper's models were trained.

    Attributes:
        source: Whose, and which of their accounts where these differ.
        phases: One after the other.
        monitor: What tells the best epoch.
        patience: Epochs without a better one after which to stop; None never stops early.
        batch_size: Published default; a recipe's scheme says which one is taken.
    """

    source: str
    phases: tuple[Phase, ...]
    monitor: Monitor
    patience: int | None = None
    batch_size: int = 16

    @property
    def n_epochs(self) -> int:
        """In all."""
        return sum(phase.epochs for phase in self.phases)


def _adam_then_sgd(epochs: Sequence[int], *, adam_decay: float, from_best: bool) -> tuple[Phase, ...]:
    """Adam, then SGD at three falling rates: the scheme of Won, Chun and Serra, 2019."""
    first = Phase(epochs=epochs[0], optimizer="adam", learning_rate=1e-4, weight_decay=adam_decay)
    falling = (
        Phase(
            epochs=n,
            optimizer="sgd",
            learning_rate=rate,
            weight_decay=1e-4,
            momentum=0.9,
            nesterov=True,
            from_best=from_best,
        )
        for n, rate in zip(epochs[1:], (1e-3, 1e-4, 1e-5), strict=True)
    )
    return (first, *falling)


PROTOCOLS: dict[str, TrainingProtocol] = {
    "won2020": TrainingProtocol(
        source="Won et al., SMC 2020: code and published checkpoints of the comparison of taggers",
        phases=_adam_then_sgd((80, 20, 20, 80), adam_decay=1e-4, from_best=True),
        monitor="excerpt_loss",
    ),
    "won2019-attention": TrainingProtocol(
        source="Won, Chun and Serra, 2019, code: the best weights were meant to be put back, but were not",
        phases=_adam_then_sgd((60, 20, 20, 900), adam_decay=0.0, from_best=False),
        monitor="roc_auc_macro",
        batch_size=8,
    ),
    "won2020-harmonic": TrainingProtocol(
        source="Won et al., ICASSP 2020, code: the best weights were meant to be put back, but were not",
        phases=_adam_then_sgd((60, 20, 20, 100), adam_decay=1e-4, from_best=False),
        monitor="excerpt_loss",
    ),
    "won2021-thesis": TrainingProtocol(
        source="Won, thesis 2021, section 3.5.2: rates drop at epochs 60, 80 and 100, from the best weights",
        phases=_adam_then_sgd((60, 20, 20, 100), adam_decay=1e-4, from_best=True),
        monitor="excerpt_loss",
    ),
    "won2021-transformer": TrainingProtocol(
        source="Won, Choi and Serra, ISMIR 2021, code",
        phases=(Phase(epochs=200, optimizer="adam", learning_rate=1e-4),),
        monitor="excerpt_loss",
        patience=40,
        batch_size=32,
    ),
    "won2021-transformer-thesis": TrainingProtocol(
        source="Won, thesis 2021: as the code, but stopped after 20 epochs",
        phases=(Phase(epochs=200, optimizer="adam", learning_rate=1e-4),),
        monitor="excerpt_loss",
        patience=20,
        batch_size=32,
    ),
    "won2021-emotion": TrainingProtocol(
        source="Won et al., ISMIR 2021 (sentence-to-music), code: of classification and regression",
        phases=(Phase(epochs=200, optimizer="adam", learning_rate=1e-4, weight_decay=1e-4),),
        monitor="loss",
        batch_size=32,
    ),
    "won2021-emotion-metric": TrainingProtocol(
        source="Won et al., ISMIR 2021 (sentence-to-music), code: of metric learning",
        phases=(Phase(epochs=100, optimizer="adam", learning_rate=1e-4, weight_decay=1e-4),),
        monitor="precision_at_5",
        batch_size=16,
    ),
}


def find_protocol(name: str) -> TrainingProtocol:
    """The protocol of this name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in PROTOCOLS:
        raise unknown_name("training protocol", name, PROTOCOLS)
    return PROTOCOLS[name]


def scale_phases(phases: Sequence[Phase], epochs: int) -> tuple[Phase, ...]:
    """The same phases in so many epochs: in proportion as near as whole epochs allow, none left out.

    Raises:
        ConfigError: There are more phases than epochs.

    >>> [phase.epochs for phase in scale_phases(PROTOCOLS["won2020"].phases, 10)]
    [4, 1, 1, 4]
    """
    if epochs < len(phases):
        raise ConfigError(
            f"{epochs} epochs cannot hold {len(phases)} phases", hint=f"set training.epochs to {len(phases)} or more"
        )
    total = sum(phase.epochs for phase in phases)
    ends = [0]
    for index, planned in enumerate(accumulate(phase.epochs for phase in phases), start=1):
        latest = epochs - (len(phases) - index)  # each phase after this one needs an epoch
        ends.append(min(max(round(planned * epochs / total), ends[-1] + 1), latest))
    lengths = [end - begin for begin, end in pairwise(ends)]
    return tuple(dataclasses.replace(phase, epochs=n) for phase, n in zip(phases, lengths, strict=True))


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}


def build_optimizer(phase: Phase, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The phase's optimiser, which has seen no step yet; parameters may come in groups (``rates``)."""
    optimizer = OPTIMIZERS[phase.optimizer](parameters, **_options(phase))
    _spare_from_decay(optimizer)
    return optimizer


def continue_optimizer(optimizer: torch.optim.Optimizer, phase: Phase) -> None:
    """Go on with an optimiser of the same kind, keeping its momentum, under the phase's settings."""
    for group in optimizer.param_groups:
        group |= _options(phase)
    _spare_from_decay(optimizer)


def _spare_from_decay(optimizer: torch.optim.Optimizer) -> None:
    """Leave the groups that say so without weight decay."""
    for group in optimizer.param_groups:
        if not group.get("decays", True):
            group["weight_decay"] = 0.0


def _options(phase: Phase) -> dict[str, float | bool]:
    options: dict[str, float | bool] = {"lr": phase.learning_rate, "weight_decay": phase.weight_decay}
    if phase.optimizer == "sgd":
        options |= {"momentum": phase.momentum, "nesterov": phase.nesterov}
    return options
