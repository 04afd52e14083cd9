"""Where a run is computed: Lightning Fabric, made from the settings, in one process or several.

Several processes are spawned by the process that asked for them, so that a command, a script and a notebook's
script need nothing but a number. A script must stand under ``if __name__ == "__main__":`` as for all spawning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn.functional import all_gather

from tutti.errors import ConfigError, TuttiError, import_extra

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Accelerator = Literal["auto", "cpu", "gpu"]
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
PURPOSE = "training"
Network = TypeVar("Network", bound=nn.Module)


def build_fabric(accelerator: Accelerator, precision: Precision, *, devices: int, folder: Path) -> Fabric:
    """Fabric with a TensorBoard logger in the run's folder.

    Raises:
        ConfigError: This machine has no such device, or not as many, or they do not know the precision.
        MissingExtraError: The extra ``train`` is not installed.
    """
    lightning_fabric = import_extra("lightning_fabric", extra="train", purpose=PURPOSE)
    loggers = import_extra("lightning_fabric.loggers", extra="train", purpose=PURPOSE)
    import_extra("tensorboard", extra="train", purpose=PURPOSE)
    kind = _present(accelerator)
    _check(kind, precision, devices)
    fabric: Fabric = lightning_fabric.Fabric(
        accelerator=kind,
        devices=devices,
        strategy="ddp_spawn" if devices > 1 else "auto",
        precision=precision,
        loggers=loggers.TensorBoardLogger(folder, name="tensorboard", version="", default_hp_metric=False),
    )
    return fabric


@contextmanager
def logs_closed(fabric: Fabric) -> Iterator[None]:
    """Close the log when the block ends, however it ends: each open one is a file and a thread."""
    try:
        yield
    finally:
        for logger in fabric.loggers:
            logger.finalize("finished")


def _present(accelerator: Accelerator) -> str:
    if accelerator != "auto":
        return accelerator
    if torch.cuda.is_available():
        return "gpu"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _check(kind: str, precision: Precision, devices: int) -> None:
    if kind == "cpu":
        if precision == "16-mixed":
            raise ConfigError(
                "processors do not compute in half precision, 16-mixed",
                hint="set training.precision to bf16-mixed or 32-true",
            )
        return
    n_present = torch.cuda.device_count() if kind == "gpu" else 1
    if devices > n_present:
        raise ConfigError(
            f"{devices} devices were asked for, this machine has {n_present} of kind {kind}",
            hint=f"set training.devices={max(1, n_present)}, or training.accelerator=cpu",
        )


def in_all_processes(fabric: Fabric, work: Callable[[Fabric], None]) -> None:
    """Call a function in every process: here, or in spawned ones, whose expected errors are raised here.

    Args:
        fabric: Not launched yet.
        work: Must be picklable where there are several processes.
    """
    if fabric.world_size == 1:
        fabric.launch()
        work(fabric)
        return
    error = fabric.launch(_report_errors, work)  # type: ignore[arg-type]  # it hands on further arguments
    if error is not None:
        raise error


def _report_errors(fabric: Fabric, work: Callable[[Fabric], None]) -> TuttiError | None:
    try:
        work(fabric)
    except TuttiError as error:  # every process meets the same one
        # An error holds the frames that it came through, they hold the network, and that holds the group.
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    finally:
        if distributed.is_initialized():  # its threads must not outlive Python: a process would abort now and then
            distributed.destroy_process_group()
    return None


def gathered(rows: Tensor) -> tuple[Tensor, int]:
    """The rows of all processes, one's under the other's, with gradients to all of them.

    Gradients are those of the sum of what all processes lower. It must be called in all processes at once, such as by a
    loss; where there is one process, nothing happens.

    Args:
        rows: Of this process; others may have more or less. Shape ``[rows, …]``.

    Returns:
        Shape ``[rows of all, …]``, and where those of this process begin.
    """
    if not (distributed.is_available() and distributed.is_initialized()) or distributed.get_world_size() == 1:
        return rows, 0
    rank, n_processes = distributed.get_rank(), distributed.get_world_size()
    counts = _gathered_as_they_are(torch.tensor(len(rows), device=rows.device), n_processes)
    sizes = [int(count) for count in counts]
    filled = rows.new_zeros(max(sizes), *rows.shape[1:])
    filled[: len(rows)] = rows
    with_gradients: Callable[[Tensor], Sequence[Tensor]] = all_gather
    parts = with_gradients(filled) if rows.requires_grad else _gathered_as_they_are(filled, n_processes)
    together = torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])
    return together, sum(sizes[:rank])


def _gathered_as_they_are(rows: Tensor, n_processes: int) -> list[Tensor]:
    parts = [torch.empty_like(rows) for _ in range(n_processes)]
    distributed.all_gather(parts, rows)
    return parts


def setup(fabric: Fabric, network: Any, *, sync_batchnorm: bool) -> Any:
    """The network on its device, wrapped for training."""
    if sync_batchnorm and fabric.world_size > 1:
        network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
    return fabric.setup_module(network)


def unwrapped(network: nn.Module, kind: type[Network]) -> Network:
    """The network itself, where Fabric and several processes have wrapped it."""
    found: Any = network
    while not isinstance(found, kind):
        found = found.module
    return found


@contextmanager
def unsound_convolutions_refused(fabric: Fabric, network: nn.Module, precision: Precision) -> Iterator[None]:
    """Raise an error, as long as the block lasts, where a processor would compute a wrong gradient.

    In bfloat16 on processors, torch's convolutions with a stride leave the gradient of weights that meet only padding
    uninitialised where the input is one frame wide (seen in torch 2.13 with oneDNN, with and without AMX).
    Published sizes never come to that, very short excerpts do.
    """
    hooks = []
    if fabric.device.type == "cpu" and precision == "bf16-mixed":
        strided = [one for one in network.modules() if isinstance(one, nn.Conv2d | nn.Conv1d) and max(one.stride) > 1]
        hooks = [one.register_forward_pre_hook(_refuse_one_frame) for one in strided]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _refuse_one_frame(conv: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    if inputs[0].shape[-1] == 1:
        raise ConfigError(
            f"torch computes wrong gradients in bf16-mixed on processors where {conv} hears a single frame",
            hint="set training.precision=32-true, or give longer excerpts with model.options.n_samples",
        )
