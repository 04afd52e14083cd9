"""The one trainer: epochs of a scheme's batches, validation, early stopping, best weights, logs, resuming.

Read :func:`fit` from top to bottom. What a batch is, what is lost and how well it goes, a :class:`Scheme`
says; there are no callbacks. Devices and precision are Lightning Fabric's matter.

The run's folder receives, each file whole or not at all::

    checkpoint.pt    after every epoch all that it takes to go on: weights, average, best, optimiser, history
    metrics.csv      a line an epoch
    tensorboard/     the same, for TensorBoard

Every epoch begins with a random state that follows from the seed and its number, so that a run resumed after
a kill ends with the same weights as one that was left alone.
"""

from __future__ import annotations

import copy
import csv
import dataclasses
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from tutti.errors import ConfigError, ModelError, import_extra, unknown_name
from tutti.files import atomic_file
from tutti.training.progress import steps_shown
from tutti.training.schedules import SCHEDULES

if TYPE_CHECKING:
    from lightning_fabric import Fabric

CHECKPOINT, METRICS = "checkpoint.pt", "metrics.csv"
CHECKPOINT_FORMAT = 1
OPTIMIZERS: dict[str, type[torch.optim.Adam]] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
LOSS = "loss"

Batch = Sequence[Tensor]
State = dict[str, Tensor]


class Scheme(Protocol):
    """What is learned, and from what. Each scheme is a file beside this one."""

    n_steps: int
    """Batches an epoch."""

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, the same ones whenever it is asked for again."""

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """What to lower, a scalar."""

    def validate(self, network: nn.Module) -> dict[str, float]:
        """``loss``, and scores of which more is better. The network is in evaluation mode."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a network is trained.

    Attributes:
        epochs: At most.
        optimizer: ``adam`` or ``adamw``.
        learning_rate: The schedule's factor multiplies it.
        weight_decay: As the optimiser understands it.
        schedule: A name in ``SCHEDULES``.
        gradient_clip: The largest norm of the gradient; None leaves it alone.
        average_decay: Validate and keep a moving average of the weights with this decay a step; 0 keeps the weights.
        monitor: What tells the best epoch: ``loss`` of the validation (less is better) or one of its scores (more).
        patience: Stop after this many epochs without a better one; None never stops early.
        precision: As Fabric names it.
        accelerator: As Fabric names it.
    """

    epochs: int = 60
    optimizer: Literal["adam", "adamw"] = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    schedule: str = "cosine"
    gradient_clip: float | None = None
    average_decay: float = 0.0
    monitor: Literal["loss", "pr_auc_macro", "roc_auc_macro"] = "loss"
    patience: int | None = 15
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise unknown_name("schedule of the learning rate", self.schedule, SCHEDULES)
        for name in ("epochs", "learning_rate", "gradient_clip", "patience"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"{name}={value:g} is not positive", hint="give a positive number")
        if not 0 <= self.average_decay < 1:
            raise ConfigError(
                f"average_decay={self.average_decay:g} lies outside [0, 1)", hint="give 0 for none, or 0.99"
            )


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """How one epoch went.

    Attributes:
        epoch: Its number, from 1.
        learning_rate: Of its last step.
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


def fit(
    network: nn.Module,
    scheme: Scheme,
    config: TrainingConfig,
    *,
    folder: Path,
    seed: int,
    quiet: bool = False,
) -> History:
    """Train a network in place, going on from the folder's checkpoint where there is one.

    Args:
        network: Fresh from its seed; it ends with the weights of the best epoch.
        scheme: Batches, loss, validation.
        config: The settings.
        folder: Of the run; it must belong to runs of these very settings.
        seed: Of dropout and all else that the network draws.
        quiet: Show no progress on stderr.

    Raises:
        ConfigError: The scheme does not give the score to monitor, or the loss is not a number.
        ModelError: The checkpoint is damaged or of another network.
    """
    fabric = _fabric(config, folder)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a quarter faster, also on CPUs
    optimizer_class = OPTIMIZERS[config.optimizer]
    optimizer = optimizer_class(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    trained, optimizer = fabric.setup(network, optimizer)
    run = _Run(network, optimizer, config)
    run.resume(folder / CHECKPOINT)
    n_steps = config.epochs * scheme.n_steps
    with steps_shown(n_steps, done=len(run.epochs) * scheme.n_steps, quiet=quiet) as shown:
        for number in range(len(run.epochs) + 1, config.epochs + 1):
            if run.out_of_patience():
                break
            began = time.perf_counter()
            torch.manual_seed(int(np.random.SeedSequence((seed, number)).generate_state(1)[0]))
            losses = []
            trained.train()
            for step, batch in enumerate(scheme.batches(number), start=(number - 1) * scheme.n_steps):
                run.set_learning_rate(step / n_steps)
                losses.append(_step(fabric, trained, optimizer, scheme, batch, config.gradient_clip))
                run.update_average(step)
                shown.advance()
            train_loss = _mean_loss(losses)
            with torch.inference_mode(), fabric.autocast():
                valid = scheme.validate(run.kept.eval())
            run.finish_epoch(valid, train_loss, time.perf_counter() - began)
            run.save(folder)
            fabric.log_dict({k: v for k, v in run.epochs[-1].row().items() if k != "epoch"}, step=number)
            shown.describe(run.told())
    network.load_state_dict(run.best_state)
    network.eval()
    return History(epochs=tuple(run.epochs), best=run.best, stopped_early=len(run.epochs) < config.epochs)


def _fabric(config: TrainingConfig, folder: Path) -> Fabric:
    purpose = "training"
    lightning_fabric = import_extra("lightning_fabric", extra="train", purpose=purpose)
    loggers = import_extra("lightning_fabric.loggers", extra="train", purpose=purpose)
    import_extra("tensorboard", extra="train", purpose=purpose)
    fabric: Fabric = lightning_fabric.Fabric(
        accelerator=config.accelerator,
        devices=1,
        precision=config.precision,
        loggers=loggers.TensorBoardLogger(folder, name="tensorboard", version="", default_hp_metric=False),
    )
    fabric.launch()
    return fabric


def _step(
    fabric: Fabric,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    scheme: Scheme,
    batch: Batch,
    gradient_clip: float | None,
) -> Tensor:
    optimizer.zero_grad()
    loss = scheme.loss(network, [tensor.to(fabric.device) for tensor in batch])
    fabric.backward(loss)
    if gradient_clip is not None:
        fabric.clip_gradients(network, optimizer, max_norm=gradient_clip)
    optimizer.step()
    return loss.detach()


def _mean_loss(losses: Sequence[Tensor]) -> float:
    mean = torch.stack(list(losses)).mean().item()
    if not math.isfinite(mean):
        hint = "lower training.learning_rate, or set training.gradient_clip=1.0"
        raise ConfigError(f"the training loss became {mean}", hint=hint)
    return mean


class _Run:
    """The state of a run between epochs: all that a checkpoint holds."""

    def __init__(self, network: nn.Module, optimizer: torch.optim.Optimizer, config: TrainingConfig) -> None:
        self._network = network
        self._optimizer = optimizer
        self._config = config
        self.kept = copy.deepcopy(network) if config.average_decay else network  # that is validated and kept
        self.best_state: State = {}
        self.best_number = 0
        self.epochs: list[Epoch] = []

    @property
    def best(self) -> Epoch:
        """The best epoch so far."""
        return self.epochs[self.best_number - 1]

    def set_learning_rate(self, done: float) -> None:
        """Move the rate to where the schedule has it after a share of the run."""
        for group in self._optimizer.param_groups:
            group["lr"] = self._config.learning_rate * SCHEDULES[self._config.schedule](done)

    def update_average(self, step: int) -> None:
        """Move the average towards the weights; less slowly at first, when it knows little."""
        if self.kept is self._network:
            return
        decay = min(self._config.average_decay, (1 + step) / (10 + step))
        current = self._network.state_dict()
        for name, average in self.kept.state_dict().items():
            if average.is_floating_point():
                average.lerp_(current[name], 1 - decay)
            else:
                average.copy_(current[name])

    def finish_epoch(self, valid: dict[str, float], train_loss: float, seconds: float) -> None:
        """Write down how the epoch went, and keep the weights that the network has now if it is the best."""
        monitor = self._config.monitor
        if monitor not in valid:
            raise ConfigError(
                f"this scheme's validation does not give {monitor!r}",
                hint=f"monitor one of {', '.join(valid)}",
            )
        epoch = Epoch(
            epoch=len(self.epochs) + 1,
            learning_rate=self._optimizer.param_groups[0]["lr"],
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
        last, best, monitor = self.epochs[-1], self.best, self._config.monitor
        return (
            f"epoch {last.epoch}: loss {last.train_loss:.3f}, valid {monitor} {last.valid[monitor]:.3f} "
            f"(best {best.valid[monitor]:.3f}, epoch {best.epoch})"
        )

    def out_of_patience(self) -> bool:
        """Whether too many epochs have passed since the best."""
        patience = self._config.patience
        return patience is not None and len(self.epochs) - self.best_number >= patience

    def save(self, folder: Path) -> None:
        """Write the checkpoint and the table of epochs."""
        state = {
            "format": CHECKPOINT_FORMAT,
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
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
        """Go on from a checkpoint, if there is one."""
        if not checkpoint.exists():
            return
        try:
            state: Mapping[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
            if state["format"] != CHECKPOINT_FORMAT:
                raise ValueError(f"its format is {state['format']}, not {CHECKPOINT_FORMAT}")
            self._network.load_state_dict(state["network"])
            self._optimizer.load_state_dict(state["optimizer"])
            self.kept.load_state_dict(state["kept"])
            self.best_state, self.best_number = state["best_state"], state["best_number"]
            self.epochs = [Epoch(**epoch) for epoch in state["epochs"]]
        except Exception as cause:  # whatever a damaged file makes torch raise
            raise ModelError(
                f"{checkpoint} cannot be resumed: {type(cause).__name__}: {str(cause).splitlines()[0]}",
                hint="remove the run's folder and train anew",
            ) from cause


def _goodness(valid: Mapping[str, float], monitor: str) -> float:
    value = -valid[monitor] if monitor == LOSS else valid[monitor]
    return -math.inf if math.isnan(value) else value
