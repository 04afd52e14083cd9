"""The scheme fusion: what a step learns from, what is left out at random, and which settings contradict each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tutti.errors import ConfigError, TuttiError
from tutti.models.fusion import KINDS, FusionConfig, build_fusion
from tutti.models.readouts import ClassReadout, TagReadout, ValueReadout
from tutti.training.fusion import FusionSchemeConfig, ItemLearning, JointNetwork, SoundStage, SpaceStage
from tutti.training.loading import Draw
from tutti.training.views import MatrixView

N = 12


def views_of(presence: np.ndarray) -> list[MatrixView]:
    """Streams of random vectors; NaN stands where they are absent."""
    rng = np.random.default_rng(0)
    views = []
    for modality, here in zip(("audio", "image", "text"), presence.T, strict=True):
        matrix = np.where(here[:, None], rng.standard_normal((len(presence), 4)), np.nan).astype(np.float32)
        views.append(MatrixView(modality, matrix, here))  # type: ignore[arg-type]
    return views


def learning(presence: np.ndarray | None = None, *, wanted: np.ndarray | None = None, **settings: Any) -> ItemLearning:
    """Of twelve items, the last four of which validate."""
    here = np.ones((N, 3), dtype=np.bool_) if presence is None else presence
    labels = np.random.default_rng(1).integers(0, 2, (N, 5)).astype(np.float32) if wanted is None else wanted
    return ItemLearning(
        views_of(here), labels, **{"train": np.arange(8), "valid": np.arange(8, N), "batch_size": 4, **settings}
    )


def network_for(scheme: ItemLearning, kind: str = "gated", readout: Any = None) -> JointNetwork:
    torch.manual_seed(0)
    config = FusionConfig(kind=kind, embed_dim=8)  # type: ignore[arg-type]
    fusion = build_fusion([4, 4, 4], readout or TagReadout(5), config)
    return JointNetwork([view.network for view in scheme.views], fusion)


def some_missing() -> np.ndarray:
    presence = np.random.default_rng(2).random((N, 3)) < 0.5
    presence[~presence.any(axis=1), 1] = True
    return presence


def test_an_epoch_shows_every_item_once_and_the_next_in_another_order() -> None:
    scheme = learning()
    seen = [np.concatenate([draw.excerpts.rows for draw in scheme.draws(epoch)]).tolist() for epoch in (0, 1)]
    assert sorted(seen[0]) == sorted(seen[1]) == list(range(8))
    assert seen[0] != seen[1]


def test_a_batch_holds_inputs_only_of_the_items_that_have_them() -> None:
    scheme = learning(some_missing())
    for draw in scheme.draws(0):
        presence, wanted, *inputs = scheme.load(draw)
        rows = scheme.train[draw.excerpts.rows]
        assert presence.tolist() == scheme.presence[rows].tolist()
        assert wanted.tolist() == scheme.wanted[rows].tolist()
        assert [len(one) for one in inputs] == presence.sum(dim=0).tolist()
        assert all(bool(one.isfinite().all()) for one in inputs)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_modality_dropout_always_leaves_one_and_invents_none(share: float) -> None:
    scheme = learning(some_missing(), modality_dropout=share, batch_size=8)
    kept, had = 0, 0
    for epoch in range(60):
        for draw in scheme.draws(epoch):
            before, left = scheme.presence[scheme.train[draw.excerpts.rows]], scheme.load(draw)[0].numpy()
            assert left.any(axis=1).all()
            assert not (left & ~before).any()
            rich = before.sum(axis=1) > 1
            kept, had = kept + left[rich].sum(), had + before[rich].sum()
    # Of n modalities (1 - share) stay; where all would go, which happens share ** n times, one does.
    assert 1 - share < kept / had < 1 - share + share**2 / 2 + 0.1


def test_both_streams_of_a_modality_are_left_out_together() -> None:
    presence = np.ones((N, 2), dtype=np.bool_)
    vectors = np.ones((N, 4), dtype=np.float32)
    names = ("audio", "audio", "text")
    views = [MatrixView(one, vectors, presence[:, 0]) for one in names]  # type: ignore[arg-type]
    scheme = ItemLearning(
        views,
        np.ones((N, 1), np.float32),
        train=np.arange(8),
        valid=np.arange(8, N),
        batch_size=8,
        modality_dropout=0.5,
    )
    left = np.concatenate([scheme.load(draw)[0].numpy() for epoch in range(20) for draw in scheme.draws(epoch)])
    np.testing.assert_array_equal(left[:, 0], left[:, 1])
    assert 0 < left[:, 2].mean() < 1


def test_the_same_seed_draws_the_same_batches_and_another_does_not() -> None:
    def batches(seed: int) -> list[list[torch.Tensor]]:
        scheme = learning(some_missing(), modality_dropout=0.5, seed=seed)
        return [scheme.load(draw) for draw in scheme.draws(3)]

    for one, again in zip(batches(0), batches(0), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert any(not torch.equal(a[1], b[1]) for a, b in zip(batches(0), batches(1), strict=True))


def test_items_without_any_modality_are_not_learned_from() -> None:
    presence = np.ones((N, 3), dtype=np.bool_)
    presence[[2, 5, 9]] = False
    scheme = learning(presence)
    assert scheme.train.tolist() == [0, 1, 3, 4, 6, 7]
    assert scheme.valid.tolist() == [8, 10, 11]


def test_a_split_of_which_nothing_can_be_read_is_refused_in_words() -> None:
    presence = np.ones((N, 3), dtype=np.bool_)
    presence[8:] = False
    with pytest.raises(ConfigError, match="no item of the split valid has any of audio, image, text"):
        learning(presence)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_learns_from_what_is_there_and_nan_reaches_no_weight(kind: str) -> None:
    scheme = learning(some_missing(), modality_dropout=0.3)
    network = network_for(scheme, kind)
    loss = torch.stack([scheme.loss(network, scheme.load(draw)) for draw in scheme.draws(0)]).sum()
    loss.backward()
    gradients = [one.grad for one in network.parameters() if one.grad is not None]
    assert gradients
    assert all(bool(one.isfinite().all()) for one in gradients)
    assert any(bool((one != 0).any()) for one in gradients)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fusion_learns_what_only_one_modality_tells(kind: str) -> None:
    covers = views_of(np.ones((N, 3), dtype=np.bool_))[1].learn(np.arange(N), seed=()).numpy()
    wanted = np.repeat(covers[:, :1] > 0, 5, axis=1).astype(np.float32)
    scheme = learning(wanted=wanted, valid=np.arange(8))  # whether it learns at all, not whether that carries over
    network = network_for(scheme, kind)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    with torch.inference_mode():
        before = scheme.validate(network.eval())
    for epoch in range(20):
        for draw in scheme.draws(epoch):
            optimiser.zero_grad()
            scheme.loss(network.train(), scheme.load(draw)).backward()
            optimiser.step()
    with torch.inference_mode():
        after = scheme.validate(network.eval())
    assert after["loss"] < before["loss"]
    assert after["pr_auc_macro"] == 1


def test_validation_tells_areas_of_tags_accuracy_of_classes_and_only_the_loss_of_values() -> None:
    classes = np.eye(5, dtype=np.float32)[np.arange(N) % 5]
    values = np.random.default_rng(0).standard_normal((N, 5)).astype(np.float32)
    values[::3, 0] = np.nan
    with torch.inference_mode():
        scheme = learning(some_missing())
        scores = scheme.validate(network_for(scheme).eval())
        assert {"loss", "roc_auc_macro", "pr_auc_macro"} <= set(scores)
        scheme = learning(wanted=classes)
        assert 0 <= scheme.validate(network_for(scheme, readout=ClassReadout(5)).eval())["accuracy"] <= 1
        scheme = learning(wanted=values)
        scores = scheme.validate(network_for(scheme, readout=ValueReadout(np.zeros(5), np.ones(5))).eval())
    assert list(scores) == ["loss"]
    assert np.isfinite(scores["loss"])


def test_a_single_item_of_a_modality_passes_a_layer_that_normalises_over_batches() -> None:
    layer = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    network = JointNetwork([layer, nn.Identity()], build_fusion([4, 4], TagReadout(2), FusionConfig())).train()
    presence = torch.tensor([[True, False], [False, True], [False, True]])
    fused = network(presence, torch.ones(1, 4), torch.ones(2, 4))
    assert bool(fused.outputs.isfinite().all())
    assert layer.training


def test_a_batch_in_which_nobody_has_a_modality_passes() -> None:
    scheme = learning()
    presence = torch.tensor([[True, False, False]] * 2)
    fused = network_for(scheme)(presence, torch.ones(2, 4), torch.zeros(0), torch.zeros(0))
    assert bool(fused.outputs.isfinite().all())


def test_items_are_represented_by_their_streams_with_nan_where_absent() -> None:
    scheme = learning(some_missing())
    vectors = scheme.represent(network_for(scheme), np.arange(N))
    present = np.stack([one.isfinite().all(dim=1).numpy() for one in vectors], axis=1)
    assert present.tolist() == scheme.presence.tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"modalities": ()}, "empty or names one twice"),
        ({"modalities": ("audio", "audio")}, "names one twice"),
        ({"modalities": ("audio", "smell")}, "smell"),
        ({"level": "song"}, "song"),
        ({"target": "colours"}, "colours"),
        ({"audio": SoundStage(target="colours")}, "colours"),  # type: ignore[arg-type]
        ({"target": "values"}, "do not go together"),
        ({"values": ("valence",)}, "do not go together"),
        ({"modality_dropout": 1.0}, r"outside \[0, 1\)"),
        ({"batch_size": 0}, "not positive"),
        ({"n_factors": 0}, "not positive"),
        ({"streams": "space"}, "needs a space"),
        ({"space": SpaceStage()}, "leaves the space unused"),
        ({"space": SpaceStage(), "streams": "both", "way": "joint"}, "vectors of two modalities"),
        ({"space": SpaceStage(), "streams": "both", "modalities": ("audio",)}, "vectors of two modalities"),
        ({"space": SpaceStage(kind="cca"), "streams": "both"}, "are of two modalities"),
        ({"fused": ("audio",)}, "without a space"),
        ({"modalities": ("audio", "text"), "fused": ("image",)}, "is not part of"),
        ({"way": "joint", "audio": SoundStage(encoder="some/model")}, r"scheme\.audio\.encoder would be ignored"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_with_a_way_out(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(TuttiError, match=message) as caught:
        FusionSchemeConfig(**settings)
    assert caught.value.hint


def test_a_draw_is_a_small_thing_that_says_everything() -> None:
    scheme = learning()
    draw = scheme.draws(0)[0]
    assert isinstance(draw, Draw)
    assert len(scheme.draws(0)) == scheme.n_steps == 2
