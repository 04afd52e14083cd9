"""Batches made ahead: threads cut, move and change the next ones while the network computes.

Batches come in the order of their draws, however long each takes, so that overlap changes no result. All that is
random in a batch is in its :class:`Draw`.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tutti.training.sampling import ExcerptBatch, shuffled_batches

Batch = Sequence[Tensor]
N_AHEAD = 3  # batches made or in the making while one is learned from


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What a batch is to be made of; small, so that an epoch's are drawn at once.

    Attributes:
        excerpts: To cut.
        seed: Of what else is random in the batch; no other batch of the run has it.
        mix: Share that each excerpt keeps where pairs are mixed; 1 mixes none.
        ramp: Share of their weight that terms have which come in slowly (``regularisation``).
        weight: Of the batch's loss: other than 1 where processes have unequal shares of a batch.
    """

    excerpts: ExcerptBatch
    seed: tuple[int, ...]
    mix: float = 1.0
    ramp: float = 1.0
    weight: float = 1.0

    def share(self, rank: int, n_ranks: int) -> Draw:
        """The part of the batch that one of several processes learns from.

        Weights are such that the mean of the processes' gradients is the gradient of the whole batch. A process for
        which nothing is left hears the first excerpt with weight 0, since all must take part in every step.
        """
        if n_ranks == 1:
            return self
        n_excerpts = len(self.excerpts.rows)
        rows, starts = self.excerpts.rows[rank::n_ranks], self.excerpts.starts[rank::n_ranks]
        weight = len(rows) * n_ranks / n_excerpts
        if not len(rows):
            rows, starts = self.excerpts.rows[:1], self.excerpts.starts[:1]
        share = ExcerptBatch(rows=rows, starts=starts)
        return dataclasses.replace(self, excerpts=share, seed=(*self.seed, rank), weight=weight)

    def generator(self) -> torch.Generator:
        """Fresh from the seed, on the CPU."""
        return torch.Generator().manual_seed(int(np.random.SeedSequence(self.seed).generate_state(1)[0]))


def shuffled_draws(n_things: int, batch_size: int, *, seed: int, epoch: int) -> list[Draw]:
    """An epoch's batches of things that are taken whole, each once, in random order.

    Args:
        n_things: What there is.
        batch_size: The largest batch.
        seed: Of the run.
        epoch: Another one gives another order.
    """
    starts = np.zeros((1, n_things), dtype=np.int64)
    batches = shuffled_batches(starts, batch_size, seed=seed, epoch=epoch)
    return [Draw(excerpts=some, seed=(seed, epoch, step)) for step, some in enumerate(batches)]


def loaded(draws: Iterable[Draw], load: Callable[[Draw], Batch], *, n_threads: int) -> Iterator[tuple[Draw, Batch]]:
    """The batches of some draws, in order, the next ones in the making.

    Args:
        draws: Of an epoch.
        load: Makes a batch; called in several threads at once.
        n_threads: 0 makes each batch when it is asked for.
    """
    if not n_threads:
        yield from ((draw, load(draw)) for draw in draws)
        return
    n_computing = torch.get_num_threads()
    under_way: deque[tuple[Draw, Future[Batch]]] = deque()
    pool = ThreadPoolExecutor(n_threads, "loader", initializer=lambda: torch.set_num_threads(1))
    try:
        for draw in draws:
            under_way.append((draw, pool.submit(load, draw)))
            if len(under_way) > N_AHEAD:
                yield _first(under_way)
        while under_way:
            yield _first(under_way)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(n_computing)  # the loaders' one thread each is also what new threads would get


def _first(under_way: deque[tuple[Draw, Future[Batch]]]) -> tuple[Draw, Batch]:
    draw, future = under_way.popleft()
    return draw, future.result()


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on a device; to an accelerator from pinned memory, so that nobody waits for the copy."""
    if device.type == "cuda":
        return [tensor.pin_memory().to(device, non_blocking=True) for tensor in batch]
    return [tensor.to(device) for tensor in batch]
