"""What a training run knows between two epochs, and the file that keeps it: ``checkpoint.pt``.

Written after every epoch, whole or not at all; read again by the same command. What an epoch does is
``trainer``'s matter.
"""

from __future__ import annotations

import copy
import csv
import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from tutti.errors import ConfigError, ModelError
from tutti.files import atomic_file
from tutti.training.phases import Phase, TrainingProtocol, build_optimizer, continue_optimizer
from tutti.training.rates import parameter_groups
from tutti.training.schedules import PLATEAU, SCHEDULES, plateau

if TYPE_CHECKING:
    from lightning_fabric import Fabric

CHECKPOINT, METRICS = "checkpoint.pt", "metrics.csv"
CHECKPOINT_FORMAT = 2
LOSSES = ("loss", "excerpt_loss")  # of a validation: less is better

State = dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """How one epoch went.

    Attributes:
        epoch: Its number, from 1.
        learning_rate: Of its last step, of parts that learn at no other rate.
        train_loss: Mean over its batches.
        valid: What the scheme's validation gave.
        seconds: It took.
    """

    epoch: int
    learning_rate: float
    train_loss: float
    valid: dict[str, float]
    seconds: float

    def row(self) -> dict[str, float]:
        """A line of ``metrics.csv``."""
        valid = {f"valid_{name}": value for name, value in self.valid.items()}
        values = {"epoch": self.epoch, "learning_rate": self.learning_rate, "train_loss": self.train_loss}
        return {**values, **valid, "seconds": self.seconds}


@dataclass(frozen=True, kw_only=True)
class History:
    """How a run went.

    Attributes:
        epochs: One after the other.
        best: The epoch whose weights the network has now.
        stopped_early: Whether patience ran out.
    """

    epochs: tuple[Epoch, ...]
    best: Epoch
    stopped_early: bool


class RunState:
    """The state of a run between epochs: all that a checkpoint holds.

    Attributes:
        kept: The network that is validated and kept: the trained one, or the moving average of its weights.
        optimizer: Of the phase that the last epoch belonged to.
        epochs: Those that are done.
        best_state: Parameters of the best epoch.
    """

    optimizer: torch.optim.Optimizer

    def __init__(self, network: nn.Module, protocol: TrainingProtocol, fabric: Fabric, *, average_decay: float) -> None:
        self._network = network
        self._protocol = protocol
        self._fabric = fabric
        self._average_decay = average_decay
        self.kept = copy.deepcopy(network) if average_decay else network
        self.best_state: State = {}
        self.best_number = 0
        self.epochs: list[Epoch] = []

    @property
    def best(self) -> Epoch:
        """The best epoch so far."""
        return self.epochs[self.best_number - 1]

    def phase_of(self, number: int) -> tuple[Phase, int]:
        """The phase of an epoch, and how many epochs of the run lie before that phase."""
        before = 0
        for phase in self._protocol.phases:
            if number <= before + phase.epochs:
                return phase, before
            before += phase.epochs
        raise AssertionError(f"epoch {number} of {before}")

    def begin_epoch(self, number: int) -> None:
        """Where the epoch is the first of a phase, put the best weights back and take the phase's optimiser."""
        phase, before = self.phase_of(number)
        if number != before + 1:
            return
        if before and phase.from_best:
            self._network.load_state_dict(self.best_state)
            self.kept.load_state_dict(self.best_state)
        if before and self.phase_of(before)[0].optimizer == phase.optimizer:
            continue_optimizer(self.optimizer, phase)
        else:
            self.optimizer = build_optimizer(phase, parameter_groups(self._network))

    def set_learning_rate(self, number: int, step: int, n_steps: int) -> None:
        """Move the rate to where the phase's schedule has it at a step, from 0, of an epoch's ``n_steps``."""
        phase, before = self.phase_of(number)
        share = ((number - 1 - before) * n_steps + step) / (phase.epochs * n_steps)
        factor = SCHEDULES[phase.schedule](share)
        if phase.schedule == PLATEAU:
            factor = plateau([_goodness(epoch.valid, self._protocol.monitor) for epoch in self.epochs[before:]])
        for group in self.optimizer.param_groups:
            group["lr"] = phase.learning_rate * factor * group.get("rate", 1.0)

    def update_average(self, step: int) -> None:
        """Move the average towards the weights; less slowly at first, when it knows little."""
        if self.kept is self._network:
            return
        decay = min(self._average_decay, (1 + step) / (10 + step))
        current = self._network.state_dict()
        for name, average in self.kept.state_dict().items():
            if average.is_floating_point():
                average.lerp_(current[name], 1 - decay)
            else:
                average.copy_(current[name])

    def finish_epoch(self, valid: dict[str, float], train_loss: float, seconds: float) -> None:
        """Write down how the epoch went, and keep the weights that the network has now if it is the best."""
        monitor = self._protocol.monitor
        if monitor not in valid:
            raise ConfigError(
                f"this scheme's validation does not give {monitor!r}",
                hint=f"set training.monitor to one of {', '.join(valid)}",
            )
        first = self.optimizer.param_groups[0]
        epoch = Epoch(
            epoch=len(self.epochs) + 1,
            learning_rate=first["lr"] / first.get("rate", 1.0),
            train_loss=train_loss,
            valid=valid,
            seconds=seconds,
        )
        self.epochs.append(epoch)
        if not self.best_state or _goodness(valid, monitor) > _goodness(self.best.valid, monitor):
            self.best_number = epoch.epoch
            self.best_state = {name: tensor.clone() for name, tensor in self.kept.state_dict().items()}

    def told(self) -> str:
        """The last epoch and the best one, in a line."""
        last, best, monitor = self.epochs[-1], self.best, self._protocol.monitor
        return (
            f"epoch {last.epoch}: loss {last.train_loss:.3f}, valid {monitor} {last.valid[monitor]:.3f} "
            f"(best {best.valid[monitor]:.3f}, epoch {best.epoch})"
        )

    def out_of_patience(self) -> bool:
        """Whether too many epochs have passed since the best."""
        patience = self._protocol.patience
        return patience is not None and len(self.epochs) - self.best_number >= patience

    def history(self) -> History:
        """How the run went."""
        stopped = len(self.epochs) < self._protocol.n_epochs
        return History(epochs=tuple(self.epochs), best=self.best, stopped_early=stopped)

    def save(self, folder: Path) -> None:
        """Write the checkpoint and the table of epochs."""
        state = {
            "format": CHECKPOINT_FORMAT,
            "network": self._network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "precision": self._fabric.strategy.precision.state_dict(),  # the scale of half precision's losses
            "kept": self.kept.state_dict(),
            "best_state": self.best_state,
            "best_number": self.best_number,
            "epochs": [dataclasses.asdict(epoch) for epoch in self.epochs],
        }
        with atomic_file(folder / CHECKPOINT) as partial:
            torch.save(state, partial)
        rows = [epoch.row() for epoch in self.epochs]
        with (
            atomic_file(folder / METRICS) as partial,
            partial.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def resume(self, checkpoint: Path) -> None:
        """Go on from a checkpoint, if there is one.

        Raises:
            ModelError: It is damaged, or of another network.
        """
        if not checkpoint.exists():
            return
        try:
            state: Mapping[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
            if state["format"] != CHECKPOINT_FORMAT:
                raise ValueError(f"its format is {state['format']}, not {CHECKPOINT_FORMAT}")
            self._network.load_state_dict(state["network"])
            self.kept.load_state_dict(state["kept"])
            self.best_state, self.best_number = state["best_state"], state["best_number"]
            self.epochs = [Epoch(**epoch) for epoch in state["epochs"]]
            phase, _ = self.phase_of(len(self.epochs))
            self.optimizer = build_optimizer(phase, parameter_groups(self._network))
            self.optimizer.load_state_dict(state["optimizer"])
            self._fabric.strategy.precision.load_state_dict(state["precision"])
        except Exception as cause:  # whatever a damaged file makes torch raise
            raise ModelError(
                f"{checkpoint} cannot be resumed: {type(cause).__name__}: {str(cause).splitlines()[0]}",
                hint="remove the run's folder and train anew",
            ) from cause


def _goodness(valid: Mapping[str, float], monitor: str) -> float:
    value = -valid[monitor] if monitor in LOSSES else valid[monitor]
    return -math.inf if math.isnan(value) else value
