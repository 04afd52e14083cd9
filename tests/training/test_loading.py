"""Batches made ahead: in order, each of its own seed, shared between processes without loss."""

import threading
import time

import numpy as np
import pytest
import torch

from tutti.training.loading import Draw, loaded
from tutti.training.sampling import ExcerptBatch


def draws(n_draws, batch_size=5):
    rows = np.arange(batch_size)
    return [Draw(excerpts=ExcerptBatch(rows=rows + 10 * i, starts=rows), seed=(0, i)) for i in range(n_draws)]


@pytest.mark.parametrize("n_threads", [0, 1, 3])
def test_batches_come_in_the_order_of_their_draws_however_long_each_takes(n_threads):
    def load(draw):
        time.sleep(0.02 * (draw.seed[1] % 3))
        return [torch.tensor(draw.excerpts.rows)]

    found = [(draw.seed[1], batch[0][0].item()) for draw, batch in loaded(draws(9), load, n_threads=n_threads)]
    assert found == [(i, 10 * i) for i in range(9)]


def test_the_next_batch_is_in_the_making_while_one_is_learned_from():
    begun = [threading.Event() for _ in range(3)]
    batches = loaded(draws(3), lambda draw: (begun[draw.seed[1]].set(), [])[1], n_threads=1)
    next(batches)
    assert begun[1].wait(5)
    batches.close()


def test_what_goes_wrong_in_a_thread_is_raised_where_batches_are_taken():
    def load(draw):
        raise ValueError("no sound")

    with pytest.raises(ValueError, match="no sound"):
        next(loaded(draws(3), load, n_threads=2))


def test_making_batches_ahead_leaves_the_number_of_computing_threads_alone():
    before = torch.get_num_threads()
    list(loaded(draws(3), lambda draw: [], n_threads=2))
    found = []
    thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert (torch.get_num_threads(), found) == (before, [before])


@pytest.mark.parametrize("n_ranks", [1, 2, 3])
def test_the_shares_of_processes_make_up_the_batch_and_its_mean(n_ranks):
    (draw,) = draws(1, batch_size=5)
    shares = [draw.share(rank, n_ranks) for rank in range(n_ranks)]
    assert sorted(row for share in shares for row in share.excerpts.rows) == list(range(5))
    means = [share.weight * np.square(share.excerpts.rows).mean() for share in shares]
    assert np.mean(means) == pytest.approx(np.square(np.arange(5)).mean())


def test_a_process_without_a_share_takes_part_with_no_weight():
    share = draws(1, batch_size=1)[0].share(1, 2)
    assert (share.weight, len(share.excerpts.rows)) == (0, 1)


def test_random_numbers_of_a_batch_follow_from_its_seed_and_differ_between_batches_and_processes():
    first, second = draws(2)
    assert torch.equal(torch.rand(3, generator=first.generator()), torch.rand(3, generator=first.generator()))
    different = [second, first.share(0, 2), first.share(1, 2)]
    assert len({torch.rand(1, generator=draw.generator()).item() for draw in different}) == 3
