"""InfoNCE over items with any of their modalities, by hand and by torch; what is masked; mixtures; two processes."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from tutti.errors import ConfigError, ShapeError
from tutti.models.spaces import MapConfig, SpaceNetwork, find_space
from tutti.training.joint_learning import (
    JointLearning,
    PlacedBatch,
    SpaceItems,
    contrastive_loss,
    mixtures,
    related_items,
)
from tutti.training.spaces import SpaceTraining, train_space

DIMS = {"audio": 8, "text": 6, "image": 5}


def points(*modalities: str, n_items: int = 6, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [functional.normalize(torch.randn(n_items, 4, generator=generator), dim=1) for _ in modalities]


def related(n_items: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Three modalities made of three causes that they share."""
    causes, mixes = np.random.default_rng(seed).standard_normal((n_items, 3)), np.random.default_rng(99)
    return {
        name: np.tanh(causes @ mixes.standard_normal((3, n_dims))).astype(np.float32) for name, n_dims in DIMS.items()
    }


def quick(**changes) -> SpaceTraining:
    settings = {"embed_dim": 8, "n_hidden": 16, "batch_size": 64, "epochs": 15, "learning_rate": 1e-2}
    return SpaceTraining(preset="contrastive", accelerator="cpu", **settings | changes)


def test_of_two_pairs_the_loss_is_what_one_computes_by_hand():
    own = PlacedBatch.of([torch.eye(2), torch.tensor([[0.6, 0.8], [0.0, 1.0]])])
    # Cosines 0.6 0 / 0.8 1 at temperature 0.5. Rows: log(1 + e^-1.2), log(1 + e^-0.4); columns: e^0.4, e^-2.
    by_hand = np.log1p(np.exp([-1.2, -0.4, 0.4, -2.0])).mean()
    assert contrastive_loss(own, temperature=0.5).item() == pytest.approx(by_hand, abs=1e-6)


def test_of_complete_items_the_loss_is_the_mean_cross_entropy_of_all_pairs_both_ways():
    some = points(*DIMS)
    target = torch.arange(6)
    wanted = [
        functional.cross_entropy(one @ other.T / 0.1, target) for one in some for other in some if one is not other
    ]
    found = contrastive_loss(PlacedBatch.of(some), temperature=0.1)
    torch.testing.assert_close(found, torch.stack(wanted).mean())


def test_an_item_without_a_modality_takes_part_in_its_other_pairs_only():
    audio, text, image = points(*DIMS)
    text[4:], image[:3] = torch.nan, torch.nan
    # the pair audio and text by hand: four items ask with both; all six sounds answer, four texts do
    to_text = functional.cross_entropy(audio[:4] @ text[:4].T, torch.arange(4))
    to_audio = functional.cross_entropy(text[:4] @ audio.T, torch.arange(4))
    found = contrastive_loss(PlacedBatch.of([audio, text]), temperature=1.0)
    torch.testing.assert_close(found, (to_text + to_audio) / 2)
    assert torch.isfinite(contrastive_loss(PlacedBatch.of([audio, text, image]), temperature=1.0))


def test_items_of_one_group_are_not_told_from_each_other():
    some = points("audio", "text", n_items=3)
    groups = torch.tensor([[0, 7, -1], [1, 7, -1], [2, 8, -1]])
    own = PlacedBatch.of(some, groups)
    cosines = some[0] @ some[1].T
    cosines[0, 1] = cosines[1, 0] = -torch.inf
    wanted = (
        functional.cross_entropy(cosines, torch.arange(3)) + functional.cross_entropy(cosines.T, torch.arange(3))
    ) / 2
    torch.testing.assert_close(contrastive_loss(own, temperature=1.0), wanted)
    assert related_items(groups, groups).int().tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]


def test_a_modality_of_no_weight_changes_nothing():
    some = points(*DIMS)
    alone = contrastive_loss(PlacedBatch.of(some[:2]), temperature=0.2)
    torch.testing.assert_close(contrastive_loss(PlacedBatch.of(some), temperature=0.2, weights=[1, 1, 0]), alone)


def test_the_shares_of_a_batch_add_up_to_the_whole_with_its_gradients():
    whole = [one.requires_grad_() for one in points("audio", "text")]
    together = PlacedBatch.of(whole)
    contrastive_loss(together, temperature=0.3).backward(retain_graph=True)
    expected = [one.grad.clone() for one in whole]
    parts = []
    for rows, first in ((slice(0, 4), 0), (slice(4, 6), 4)):  # of two processes with four items and two
        own = PlacedBatch(points=together.points[rows], presence=together.presence[rows], groups=together.groups[rows])
        share = contrastive_loss(own, together, first=first, temperature=0.3)
        parts.append(share * (rows.stop - rows.start) * 2 / 6)  # the trainer's weight of a share
    gradients = torch.autograd.grad(torch.stack(parts).mean(), whole, retain_graph=True)
    for found, wanted in zip(gradients, expected, strict=True):
        torch.testing.assert_close(found, wanted)


def test_mixtures_lie_among_the_variants_that_there_are_and_keep_their_length():
    variants = np.full((500, 3, 2), np.nan, dtype=np.float32)
    variants[:, 0], variants[:400, 2] = (1, 0), (0, 1)
    variants[499] = np.nan
    mixed = mixtures(variants, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(mixed[:499], axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(mixed[400:499], np.tile([1, 0], (99, 1)))
    assert np.isnan(mixed[499]).all()
    first = mixed[:400, 0]
    assert 0.15 < (first == 1).mean() < 0.35  # one of two texts alone, a quarter of the time each
    assert 0.4 < ((first > 0) & (first < 1)).mean() < 0.6


def test_texts_are_mixed_anew_in_every_epoch_and_the_same_when_it_is_drawn_again():
    vectors = related(40)
    variants = {"text": np.stack([vectors["text"], -vectors["text"][:, ::-1]], axis=1)}
    items = SpaceItems(vectors=vectors, variants=variants)
    scheme = JointLearning(items, items, batch_size=64, seed=0)
    (first,), (second,) = scheme.draws(1), scheme.draws(2)
    one, again, other = (scheme.load(draw) for draw in (first, first, second))
    assert torch.equal(one[2], again[2])
    assert not torch.allclose(one[2][one[0][:, 0].argsort()], other[2][other[0][:, 0].argsort()])
    torch.testing.assert_close(one[1][one[0][:, 0].argsort()], torch.from_numpy(vectors["audio"]))


def test_a_space_is_learned_from_items_with_any_of_their_modalities(tmp_path):
    train, valid, test = related(400, 1), related(60, 2), related(60, 3)
    for place, name in enumerate(DIMS):
        train[name][place::4] = np.nan
        valid[name][place::5] = np.nan
    config = quick(maps={"text": MapConfig(n_hidden=32)}, weights={"image": 0.5}, dropout=0.0, epochs=20)
    space = train_space(train, valid, config, folder=tmp_path, seed=0, quiet=True)
    placed = {name: space.project(name, vectors) for name, vectors in test.items()}
    for first, second in (("audio", "text"), ("image", "text")):
        nearest = (placed[first] @ placed[second].T).argmax(axis=1)
        assert (nearest == np.arange(60)).mean() > 0.2  # 0.017 by chance
    assert 0.01 < space.temperature.item() < 1
    assert space.temperature.item() != pytest.approx(0.07, abs=1e-4)


def test_a_learned_space_comes_back_from_its_folder_with_its_temperature(tmp_path):
    space = train_space(related(40), related(20, 1), quick(epochs=1), folder=tmp_path / "run", seed=0, quiet=True)
    space.save(tmp_path / "space")
    again = SpaceNetwork.load(tmp_path / "space")
    assert again.fingerprint == space.fingerprint
    assert again.temperature.item() == space.temperature.item()


def test_a_batch_in_which_nobody_has_a_modality_trains_all_parts_with_finite_gradients():
    vectors = related(12)
    vectors["image"][:] = np.nan
    vectors["text"][1:] = np.nan
    torch.manual_seed(0)
    network = SpaceNetwork(DIMS, find_space("contrastive")).train()
    items = SpaceItems(vectors=vectors)
    full = SpaceItems(vectors=related(12))
    scheme = JointLearning(full, full, batch_size=12, seed=0)
    batch = [torch.arange(12)[:, None], *(torch.from_numpy(one) for one in items.vectors.values())]
    scheme.loss(network, batch).backward()
    assert all(one.grad is not None and torch.isfinite(one.grad).all() for one in network.parameters())


def test_arrays_that_do_not_fit_and_items_alone_are_refused():
    alone = {name: np.full_like(some, np.nan) if name != "audio" else some for name, some in related(8).items()}
    items = SpaceItems(vectors=related(8))
    with pytest.raises(ConfigError, match="0 items have two of audio, text, image to learn from"):
        JointLearning(SpaceItems(vectors=alone), items, batch_size=8, seed=0)
    with pytest.raises(ShapeError, match="two modalities or more"):
        SpaceItems(vectors={"audio": np.zeros((3, 2), dtype=np.float32)})
    with pytest.raises(ShapeError, match="variants of text"):
        SpaceItems(vectors=related(8), variants={"text": np.zeros((8, 3), dtype=np.float32)})
    with pytest.raises(ConfigError, match="contrastive loss"):
        SpaceTraining(temperature=0.1)


@pytest.mark.slow
def test_two_processes_learn_the_space_of_one(tmp_path):
    train, valid = related(91, 1), related(30, 2)
    train["image"][::3] = np.nan
    spaces = [
        train_space(
            train,
            valid,
            quick(dropout=0.0, epochs=3, batch_size=31, devices=n),
            folder=tmp_path / str(n),
            seed=0,
            quiet=True,
        )
        for n in (1, 2)
    ]
    one, two = (dict(space.named_parameters()) for space in spaces)
    for name, parameter in one.items():
        torch.testing.assert_close(two[name], parameter, atol=2e-4, rtol=2e-3, msg=name)
