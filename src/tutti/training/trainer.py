"""The one trainer: phases of epochs of a scheme's batches, validation, early stopping, best weights, logs, resuming.

Read :func:`fit` and :func:`_train` from top to bottom. What a batch is, what is lost and how well it goes, a
:class:`Scheme` says; there are no callbacks. Phases are ``phases``'s matter, what lies between two epochs
``checkpoints``'s, devices, processes and precision ``devices``'s.

The run's folder receives, each file whole or not at all::

    checkpoint.pt    after every epoch all that it takes to go on: weights, average, best, optimiser, history
    metrics.csv      a line an epoch
    tensorboard/     the same, for TensorBoard

Every epoch begins with a random state that follows from the seed and its number, so that a run resumed after
a kill ends with the same weights as one that was left alone.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn

from tutti.errors import ConfigError, unknown_name
from tutti.training.checkpoints import CHECKPOINT, History, RunState
from tutti.training.devices import (
    Accelerator,
    Precision,
    build_fabric,
    in_all_processes,
    logs_closed,
    setup,
    unsound_convolutions_refused,
)
from tutti.training.loading import Batch, Draw, loaded, on_device
from tutti.training.phases import Monitor, Phase, TrainingProtocol, find_protocol, scale_phases
from tutti.training.progress import steps_shown
from tutti.training.rates import learning_mode
from tutti.training.schedules import SCHEDULES

if TYPE_CHECKING:
    from lightning_fabric import Fabric

EPOCHS, PATIENCE = 60, 15  # of runs that follow no protocol


class Scheme(Protocol):
    """What is learned, and from what. Each scheme is a file beside this one."""

    n_steps: int
    """Batches an epoch."""

    def draws(self, epoch: int) -> Sequence[Draw]:
        """What the batches of an epoch are made of, the same whenever it is asked for again."""

    def load(self, draw: Draw) -> Batch:
        """The batch of a draw, still unaltered. Called in several threads at once."""

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The batch, on its device by now, changed at random: augmented, mixed. Called in several threads at once."""

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """What to lower, a scalar: a mean over the batch."""

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Losses, and scores of which more is better. The network is in evaluation mode."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a network is trained: in one phase, in phases of its own, or after a published protocol.

    Attributes:
        protocol: A name in ``phases.PROTOCOLS``: it brings phases, what to monitor and patience.
        phases: Instead of a protocol; without either there is one phase of the optimiser below.
        epochs: At most; phases are scaled to it. None is 60, or what the phases add up to.
        optimizer: ``adam``, ``adamw`` or ``sgd``; with this and the next three, phases take no part.
        learning_rate: The schedule's factor multiplies it.
        weight_decay: As the optimiser understands it.
        schedule: A name in ``SCHEDULES``.
        reload_best: Whether each phase but the first begins with the best weights so far; None leaves it to the phases.
        gradient_clip: The largest norm of the gradient; None leaves it alone.
        average_decay: Validate and keep a moving average of the weights with this decay a step; 0 keeps the weights.
        monitor: What tells the best epoch: the validation's ``loss`` of tracks or ``excerpt_loss`` (less is better), or
            one of its scores (more). None leaves it to the protocol; without one it is ``loss``.
        patience: Stop after this many epochs without a better one; 0 never stops early. None leaves it to the protocol;
            without one it is 15.
        precision: As Fabric names it. Front ends always compute in float32.
        accelerator: As Fabric names it.
        devices: Processes that share each batch, each on a device of its own, or on processors.
        sync_batchnorm: Normalise with the statistics of all processes; on GPUs only.
        loaders: Threads, in each process, that make the next batches; 0 makes none ahead.
    """

    protocol: str | None = None
    phases: tuple[Phase, ...] = ()
    epochs: int | None = None
    optimizer: Literal["adam", "adamw", "sgd"] = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    schedule: str = "cosine"
    reload_best: bool | None = None
    gradient_clip: float | None = None
    average_decay: float = 0.0
    monitor: Monitor | None = None
    patience: int | None = None
    precision: Precision = "32-true"
    accelerator: Accelerator = "auto"
    devices: int = 1
    sync_batchnorm: bool = False
    loaders: int = 2

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES:
            raise unknown_name("schedule of the learning rate", self.schedule, SCHEDULES)
        for name in ("epochs", "learning_rate", "gradient_clip", "devices"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"{name}={value:g} is not positive", hint="give a positive number")
        for name in ("patience", "loaders", "weight_decay"):
            if (getattr(self, name) or 0) < 0:
                raise ConfigError(f"{name}={getattr(self, name):g} is negative", hint="give 0 or more")
        if not 0 <= self.average_decay < 1:
            raise ConfigError(
                f"average_decay={self.average_decay:g} lies outside [0, 1)", hint="give 0 for none, or 0.99"
            )
        if self.sync_batchnorm and self.accelerator == "cpu":
            raise ConfigError(
                "batch normalisation cannot be synchronised between processes on processors",
                hint="leave out training.sync_batchnorm, or train on GPUs",
            )
        self._check_phases()

    def _check_phases(self) -> None:
        if self.protocol is not None and self.phases:
            raise ConfigError(
                f"both the protocol {self.protocol} and {len(self.phases)} phases were given",
                hint="leave out one of them",
            )
        if self.protocol is not None:
            find_protocol(self.protocol)
        if self.protocol is not None or self.phases:
            for field in dataclasses.fields(self):
                if field.name in ("optimizer", "learning_rate", "weight_decay", "schedule"):
                    value = getattr(self, field.name)
                    if value != field.default:
                        raise ConfigError(
                            f"{field.name}={value} was given beside {self.protocol or 'phases'}, which has its own",
                            hint=f"leave out training.{field.name}, or write training.phases yourself",
                        )
        self.resolved()

    def resolved(self) -> TrainingProtocol:
        """Phases, monitor and patience as they are carried out.

        >>> [phase.epochs for phase in TrainingConfig(protocol="won2020", epochs=20).resolved().phases]
        [8, 2, 2, 8]
        """
        if self.protocol is not None:
            found = find_protocol(self.protocol)
        else:
            alone = Phase(
                epochs=self.epochs or EPOCHS,
                optimizer=self.optimizer,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                schedule=self.schedule,
            )
            phases = self.phases or (alone,)
            found = TrainingProtocol(source="the recipe", phases=phases, monitor="loss", patience=PATIENCE)
        phases = found.phases if self.epochs is None else scale_phases(found.phases, self.epochs)
        if self.reload_best is not None:
            phases = tuple(dataclasses.replace(phase, from_best=self.reload_best) for phase in phases)
        patience = found.patience if self.patience is None else (self.patience or None)
        return dataclasses.replace(found, phases=phases, monitor=self.monitor or found.monitor, patience=patience)


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
        scheme: Batches, loss, validation. Picklable where there are several processes.
        config: The settings.
        folder: Of the run; it must belong to runs of these very settings.
        seed: Of dropout and all else that the network draws.
        quiet: Show no progress on stderr.

    Raises:
        ConfigError: The scheme does not give the score to monitor, the loss is not a number, or this machine lacks what
            the settings ask for.
        ModelError: The checkpoint is damaged or of another network.
    """
    fabric = build_fabric(config.accelerator, config.precision, devices=config.devices, folder=folder)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a quarter faster, also on CPUs
    job = _Job(network=network, scheme=scheme, config=config, folder=folder, seed=seed, quiet=quiet)
    in_all_processes(fabric, functools.partial(_train, job=job))
    # Several processes leave the result in the checkpoint; one does too.
    run = RunState(network, config.resolved(), fabric, average_decay=config.average_decay)
    run.resume(folder / CHECKPOINT)
    network.load_state_dict(run.best_state)
    network.eval()
    return run.history()


@dataclass(frozen=True, kw_only=True)
class _Job:
    """What a process is to do: the arguments of :func:`fit`."""

    network: nn.Module
    scheme: Scheme
    config: TrainingConfig
    folder: Path
    seed: int
    quiet: bool


def _train(fabric: Fabric, *, job: _Job) -> None:
    """All epochs of a run that are not done yet, in one of its processes."""
    scheme, config = job.scheme, job.config
    # What spawned processes are given lies in memory that they share: each learns on a copy of its own.
    network = job.network if fabric.world_size == 1 else copy.deepcopy(job.network)
    trained = setup(fabric, network, sync_batchnorm=config.sync_batchnorm)
    protocol = config.resolved()
    run = RunState(network, protocol, fabric, average_decay=config.average_decay)
    run.resume(job.folder / CHECKPOINT)
    n_steps, n_done = protocol.n_epochs * scheme.n_steps, len(run.epochs) * scheme.n_steps
    with (
        logs_closed(fabric),
        steps_shown(n_steps, done=n_done, quiet=job.quiet or not fabric.is_global_zero) as shown,
        unsound_convolutions_refused(fabric, network, config.precision),
    ):
        for number in range(len(run.epochs) + 1, protocol.n_epochs + 1):
            if run.out_of_patience():
                break
            began = time.perf_counter()
            run.begin_epoch(number)
            losses = []
            for loss in _learn(fabric, trained, run, job):
                losses.append(loss)
                shown.advance()
            train_loss = _mean_loss(fabric, losses)
            run.finish_epoch(_validate(fabric, scheme, run.kept), train_loss, time.perf_counter() - began)
            if fabric.is_global_zero:
                run.save(job.folder)
            fabric.log_dict({k: v for k, v in run.epochs[-1].row().items() if k != "epoch"}, step=number)
            shown.describe(run.told())
    fabric.barrier()


def _learn(fabric: Fabric, trained: nn.Module, run: RunState, job: _Job) -> Iterator[Tensor]:
    """The next epoch's steps; the loss of each."""
    scheme, config, number = job.scheme, job.config, len(run.epochs) + 1
    optimizer = cast(torch.optim.Optimizer, fabric.setup_optimizers(run.optimizer))
    _seed(job.seed, number, fabric.global_rank)
    learning_mode(trained)
    draws = (draw.share(fabric.global_rank, fabric.world_size) for draw in scheme.draws(number))
    load = functools.partial(_load, scheme, device=fabric.device)
    for step, (draw, batch) in enumerate(loaded(draws, load, n_threads=config.loaders)):
        run.set_learning_rate(number, step, scheme.n_steps)
        optimizer.zero_grad()
        loss = scheme.loss(trained, batch) * draw.weight
        _step(fabric, trained, optimizer, loss, config.gradient_clip)
        run.update_average((number - 1) * scheme.n_steps + step)
        yield loss.detach()


def _step(
    fabric: Fabric, network: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, gradient_clip: float | None
) -> None:
    fabric.backward(loss)
    if gradient_clip is not None:
        fabric.clip_gradients(network, optimizer, max_norm=gradient_clip)
    optimizer.step()


def _load(scheme: Scheme, draw: Draw, *, device: torch.device) -> Batch:
    return scheme.alter(on_device(scheme.load(draw), device), draw)


def _seed(seed: int, epoch: int, rank: int) -> None:
    """What the network draws follows from the run's seed and the epoch, and differs between processes."""
    origin = (seed, epoch, rank) if rank else (seed, epoch)
    torch.manual_seed(int(np.random.SeedSequence(origin).generate_state(1)[0]))


def _validate(fabric: Fabric, scheme: Scheme, network: nn.Module) -> dict[str, float]:
    """Of the first process, whose normalisation statistics are the ones that are kept."""
    valid: dict[str, float] = {}
    if fabric.is_global_zero:
        with torch.inference_mode(), fabric.autocast():
            valid = scheme.validate(network.eval())
    broadcast: dict[str, float] = fabric.broadcast(valid)
    return broadcast


def _mean_loss(fabric: Fabric, losses: Sequence[Tensor]) -> float:
    mean = cast(Tensor, fabric.all_reduce(torch.stack(list(losses)).mean(), reduce_op="mean")).item()
    if not math.isfinite(mean):
        hint = "lower training.learning_rate, or set training.gradient_clip=1.0"
        raise ConfigError(f"the training loss became {mean}", hint=hint)
    return float(mean)
