"""Losses of spaces by hand, what a batch holds, and spaces learned from vectors that share a cause."""

import csv

import numpy as np
import pytest
import torch
from torch import nn

from tutti.errors import ConfigError, ShapeError, UnknownNameError
from tutti.models.spaces import SpaceNetwork
from tutti.training.schedules import plateau
from tutti.training.spaces import (
    PROTOCOLS,
    SpaceLearning,
    SpaceProtocol,
    SpaceTraining,
    in_batch_loss,
    train_space,
    two_negatives_loss,
)


def related(n_items: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Two modalities made of three causes that they share."""
    causes = np.random.default_rng(seed).standard_normal((n_items, 3))
    mixes = np.random.default_rng(99)
    return {
        modality: np.tanh(causes @ mixes.standard_normal((3, n_dims))).astype(np.float32)
        for modality, n_dims in {"audio": 8, "image": 6}.items()
    }


def quick(preset: str, **changes) -> SpaceTraining:
    settings = {"embed_dim": 8, "n_hidden": 32, "batch_size": 32, "epochs": 12, "learning_rate": 5e-3}
    return SpaceTraining(preset=preset, accelerator="cpu", **settings | changes)


def found_first(space: SpaceNetwork, pairs: dict[str, np.ndarray]) -> float:
    first, second = (space.project(modality, vectors) for modality, vectors in pairs.items())
    first, second = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (first, second))
    return float(((first @ second.T).argmax(axis=1) == np.arange(len(first))).mean())


def test_the_loss_in_batches_is_the_margin_where_all_points_are_one():
    points = torch.ones(5, 3)
    assert in_batch_loss(points, points).item() == pytest.approx(1)


def test_the_loss_in_batches_is_0_where_pairs_are_at_right_angles_to_all_others():
    assert in_batch_loss(torch.eye(4), torch.eye(4)).item() == 0


def test_in_batches_the_first_modality_asks_alone_unless_told_otherwise():
    first, second = torch.tensor([[1.0, 0], [0, 1]]), torch.tensor([[1.0, 0], [0.8, 0.6]])
    # Cosines: rows ask. 1 0.8 / 0 0.6. By hand: from the rows 0.8 and 0.4, from the columns 0 and 1.2.
    assert in_batch_loss(first, second).item() == pytest.approx(0.6)
    assert in_batch_loss(first, second, symmetric=True).item() == pytest.approx(0.6)
    second = torch.tensor([[1.0, 0], [-0.8, 0.6]])  # 1 -0.8 / 0 0.6: rows 0 and 0.4, columns 0 and 0
    assert in_batch_loss(first, second).item() == pytest.approx(0.2)
    assert in_batch_loss(first, second, symmetric=True).item() == pytest.approx(0.1)


def test_one_pair_has_nothing_to_be_told_from():
    with pytest.raises(ShapeError, match="two items or more"):
        in_batch_loss(torch.eye(1), torch.eye(1))


def test_two_negatives_are_punished_above_the_margin_only():
    first, second = torch.tensor([[1.0, 0]]), torch.tensor([[0.0, 2]])
    unlike, alike = torch.tensor([[-1.0, 0]]), torch.tensor([[0.6, 0.8]])
    # The pair's cosine is 0: a loss of 1. A first_other has 0.8 with second, a second_other 0.6 with first.
    assert two_negatives_loss(first, unlike, second, unlike).item() == pytest.approx(1)
    assert two_negatives_loss(first, alike, second, alike).item() == pytest.approx(1 + 0.3 + 0.1)
    assert two_negatives_loss(first, alike, second, alike, margin=0.7).item() == pytest.approx(1 + 0.1)


def test_negatives_are_other_items_drawn_for_each_modality_anew():
    numbers = {name: np.arange(50, dtype=np.float32)[:, None] for name in ("audio", "image")}
    scheme = SpaceLearning(numbers, numbers, SpaceProtocol(), seed=0)
    first, second = zip(*(scheme.load(draw) for draw in scheme.draws(1)), strict=True)
    items, others = zip(*(one.chunk(2) for one in first), strict=True)
    _, others_seen = zip(*(one.chunk(2) for one in second), strict=True)
    assert sorted(torch.cat(items).ravel().tolist()) == list(range(50))
    assert not (torch.cat(items) == torch.cat(others)).any()
    assert (torch.cat(others) != torch.cat(others_seen)).any()


def test_the_same_epoch_is_drawn_the_same_twice():
    scheme = SpaceLearning(related(40), related(40), SpaceProtocol(), seed=3)
    one, other = (scheme.load(scheme.draws(2)[1]) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("preset", PROTOCOLS)
def test_a_space_learns_which_vectors_belong_together(tmp_path, preset):
    train, valid, test = related(400, 1), related(60, 2), related(60, 3)
    space = train_space(train, valid, quick(preset), folder=tmp_path, seed=0, quiet=True)
    assert not space.training
    assert found_first(space, test) > 0.2  # 0.017 by chance


def test_a_space_learned_twice_from_one_seed_is_the_same(tmp_path):
    spaces = [
        train_space(
            related(60), related(20, 1), quick("wu2021-code", epochs=2), folder=tmp_path / n, seed=4, quiet=True
        )
        for n in "ab"
    ]
    assert spaces[0].fingerprint == spaces[1].fingerprint


def test_the_rate_falls_where_the_validation_stands_still_also_after_an_interruption(tmp_path):
    pairs, folder = (related(60), related(20, 1)), tmp_path
    for epochs in (3, 60):
        config = quick("wu2021-code", learning_rate=1e-9, epochs=epochs, patience=0)
        train_space(*pairs, config, folder=folder, seed=0, quiet=True)
    with (folder / "metrics.csv").open() as file:
        rates, losses = zip(
            *((float(row["learning_rate"]), float(row["valid_loss"])) for row in csv.DictReader(file)), strict=True
        )
    assert len(rates) == 60
    assert min(rates) < 0.5e-9
    known = [[-loss for loss in losses[:epoch]] for epoch in range(60)]
    np.testing.assert_allclose(rates, [1e-9 * plateau(before) for before in known])


def test_items_that_lack_a_modality_take_no_part(tmp_path):
    train, valid = related(60), related(20, 1)
    holed = {modality: np.concatenate([one, np.ones_like(one[:9])]) for modality, one in train.items()}
    holed["audio"][60:64] = np.nan
    holed["image"][64:] = np.nan
    config = quick("oramas2018", epochs=2)
    spaces = [
        train_space(pairs, valid, config, folder=tmp_path / name, seed=0, quiet=True)
        for name, pairs in {"complete": train, "holed": holed}.items()
    ]
    assert spaces[0].fingerprint == spaces[1].fingerprint


def test_three_modalities_share_a_space_too(tmp_path):
    train, valid = related(60), related(20, 1)
    train["text"], valid["text"] = train["image"][:, :4], valid["image"][:, :4]
    space = train_space(train, valid, quick("oramas2018", epochs=1), folder=tmp_path, seed=0, quiet=True)
    assert space.modalities == ("audio", "image", "text")


def test_validation_tells_the_loss_and_the_cosine_of_pairs():
    class Same(nn.Module):
        """Points that are all one."""

        def __init__(self):
            super().__init__()
            self.one = nn.Parameter(torch.ones(1))

        def forward(self, *vectors):
            return tuple(self.one.expand(len(some), 2) for some in vectors)

    found = SpaceLearning(related(50), related(50), PROTOCOLS["wu2021-code"], seed=0).validate(Same())
    assert found == {"loss": pytest.approx(1), "cosine": pytest.approx(1)}


def test_published_settings_are_kept_unless_they_are_changed():
    paper, code = PROTOCOLS["wu2021-paper"], PROTOCOLS["wu2021-code"]
    assert (paper.batch_size, paper.learning_rate, paper.schedule) == (4096, 1e-3, "constant")
    assert (code.batch_size, code.learning_rate, code.schedule) == (2048, 1e-4, "plateau")
    changed = SpaceTraining(preset="wu2021-code", batch_size=64, embed_dim=16).resolved()
    assert (changed.batch_size, changed.space.embed_dim, changed.space.n_hidden) == (64, 16, 256)
    assert SpaceTraining(preset="wu2021-code", patience=0).trainer_config().resolved().patience is None


def test_too_few_pairs_and_pairs_that_do_not_fit_are_refused(tmp_path):
    config = quick("oramas2018")
    holed = related(10)
    holed["audio"][1:] = np.nan
    with pytest.raises(ConfigError, match="1 items have audio and image to learn from"):
        train_space(holed, related(10), config, folder=tmp_path, seed=0)
    with pytest.raises(ShapeError, match="validated by image"):
        train_space(related(10), dict(reversed(related(10).items())), config, folder=tmp_path, seed=0)
    assert not list(tmp_path.iterdir())


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(UnknownNameError, match="wu2022"):
        SpaceTraining(preset="wu2022")
    with pytest.raises(ConfigError, match="alone in its batch"):
        SpaceTraining(batch_size=2)
    with pytest.raises(ConfigError, match="same from both sides"):
        SpaceTraining(symmetric=True)
    with pytest.raises(ConfigError, match="margin"):
        SpaceTraining(margin=3)
