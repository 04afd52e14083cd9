"""The contrastive losses against sums by hand, the queue and the slow copy against what they are meant to hold."""

import math

import pytest
import torch
from torch.nn import functional

from tutti.models.taggers import build_tagger
from tutti.training.contrastive_network import NOBODY, ContrastiveNetwork, info_nce, nt_xent
from tutti.training.phases import Phase, build_optimizer, continue_optimizer
from tutti.training.rates import parameter_groups

OPTIONS = {"n_channels": 4, "n_mels": 32, "sample_rate": 8000, "n_samples": 4000}


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def network(**settings) -> ContrastiveNetwork:
    torch.manual_seed(0)
    return ContrastiveNetwork(build_tagger("short_chunk_resnet", 0, **OPTIONS), dimensions=6, **settings)


def views(seed: int = 0, n_tracks: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(n_tracks, 2, 4000, generator=generator), torch.arange(n_tracks)


def test_nt_xent_is_equation_1_of_simclr_summed_by_hand():
    first, second, temperature = unit(3, 5), unit(3, 5, seed=1), 0.3
    both = [*first.double(), *second.double()]
    total = 0.0
    for i, view in enumerate(both):
        chances = [math.exp(float(view @ other) / temperature) for other in both]
        total -= math.log(chances[(i + 3) % 6] / (sum(chances) - chances[i]))
    loss = nt_xent(first, second, tracks=torch.arange(3), temperature=temperature)
    assert loss.item() == pytest.approx(total / 6, abs=1e-6)


def test_views_that_all_look_alike_are_found_by_chance_and_views_that_are_apart_at_once():
    alike = torch.ones(4, 2) / math.sqrt(2)
    assert nt_xent(alike, alike, tracks=torch.arange(4), temperature=0.1).item() == pytest.approx(math.log(7), abs=1e-6)
    apart = torch.eye(4)
    assert nt_xent(apart, apart, tracks=torch.arange(4), temperature=0.05).item() < 1e-6


def test_a_track_that_is_in_the_batch_twice_is_no_negative_of_its_own():
    first, second = unit(3, 5), unit(3, 5, seed=1)
    twice = [torch.cat([one, one[:1]]) for one in (first, second)]
    loss = nt_xent(*twice, tracks=torch.tensor([0, 1, 2, 0]), temperature=0.5)
    far = nt_xent(*twice, tracks=torch.arange(4), temperature=0.5)
    # the repeated views of track 0 must find one of two equal positives as if the other were not there
    both, total = [*first.double(), *second.double()], 0.0
    for i in (0, 3):
        chances = [math.exp(float(both[i] @ other) / 0.5) for other in both]
        total -= math.log(chances[(i + 3) % 6] / (sum(chances) - chances[i]))
    rows = [nt_xent_row(i, both) for i in (1, 2, 4, 5)]
    assert loss.item() == pytest.approx((2 * total + sum(rows)) / 8, abs=1e-6)
    assert far > loss


def nt_xent_row(i: int, both: list[torch.Tensor]) -> float:
    """Of a view of track 1 or 2, which meets each view of track 0 twice."""
    chances = [math.exp(float(both[i] @ other) / 0.5) * (1 + (k % 3 == 0)) for k, other in enumerate(both)]
    return -math.log(chances[(i + 3) % 6] / (sum(chances) - chances[i]))


def test_info_nce_asks_among_the_keys_of_the_batch_and_of_the_queue():
    queries, keys, queue = unit(2, 5), unit(2, 5, seed=1), unit(3, 5, seed=2)
    queued_tracks = torch.tensor([7, 0, NOBODY])  # of another track, of the first query's own, an empty place
    loss = info_nce(queries, keys, tracks=torch.tensor([0, 1]), queue=queue, queued_tracks=queued_tracks, temperature=1)
    candidates = [[keys[0], keys[1], queue[0]], [keys[1], keys[0], queue[0], queue[1]]]
    by_hand = [
        -math.log(math.exp(query @ some[0]) / sum(math.exp(query @ one) for one in some))
        for query, some in zip(queries, candidates, strict=True)
    ]
    assert loss.item() == pytest.approx(sum(by_hand) / 2, abs=1e-6)


def test_the_queue_holds_the_newest_keys_first_and_forgets_the_oldest():
    momentum = network(n_queued=5)
    momentum.train()
    for number in range(3):
        momentum(views(number)[0], torch.arange(3) + 10 * number)
    assert momentum.queued_tracks.tolist() == [20, 21, 22, 10, 11]
    torch.testing.assert_close(momentum.queue.norm(dim=1), torch.ones(5))


def test_validation_leaves_queue_and_slow_copy_as_they_are():
    momentum = network(n_queued=5)
    before = {name: tensor.clone() for name, tensor in momentum.state_dict().items()}
    momentum.eval()
    momentum(*views())
    assert all(torch.equal(before[name], tensor) for name, tensor in momentum.state_dict().items())


def test_the_slow_copy_follows_the_weights_and_gets_no_gradient():
    momentum = network(n_queued=4, momentum=0.5).train()
    momentum.n_steps.fill_(100)
    old = momentum.slow.projector[0].weight.clone()
    with torch.no_grad():
        momentum.branch.projector[0].weight.add_(1.0)
    momentum(*views()).backward()
    torch.testing.assert_close(momentum.slow.projector[0].weight, old + 0.5)
    assert all(one.grad is None for one in momentum.slow.parameters())


def test_the_slow_copy_follows_fast_at_first():
    momentum = network(n_queued=4, momentum=0.99).train()
    with torch.no_grad():
        momentum.branch.projector[0].weight.add_(1.0)
    before = momentum.slow.projector[0].weight.clone()
    momentum(*views())
    torch.testing.assert_close(momentum.slow.projector[0].weight, before + 0.9)


@pytest.mark.parametrize("n_queued", [0, 8])
def test_gradients_reach_encoder_and_projector(n_queued):
    learner = network(n_queued=n_queued).train()
    learner(*views()).backward()
    for name, parameter in learner.branch.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert learner.branch.projector[0].weight.grad.abs().sum() > 0


def test_biases_scales_and_offsets_do_not_decay_in_any_phase():
    learner = network()
    optimizer = build_optimizer(Phase(epochs=1, weight_decay=0.1), parameter_groups(learner))
    decayed = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in learner.named_parameters():
        assert decayed[id(parameter)] == (0.1 if parameter.ndim > 1 else 0.0), name
    continue_optimizer(optimizer, Phase(epochs=1, weight_decay=0.2))
    assert sorted(group["weight_decay"] for group in optimizer.param_groups) == [0.0, 0.2]
