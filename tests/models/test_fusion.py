"""Fusions: what is absent has no influence, late ones average, early ones are linear, attention is a share."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from tutti.errors import ConfigError, ShapeError, UnknownNameError
from tutti.models.fusion import KINDS, Fusion, FusionConfig, build_fusion, fusion_loss
from tutti.models.readouts import ClassReadout, FactorReadout, Readout, TagReadout

DIMS = (6, 3, 4)


def fusion_of(kind: str, *, dims: Sequence[int] = DIMS, readout: Readout | None = None, seed: int = 0) -> Fusion:
    torch.manual_seed(seed)
    config = FusionConfig(kind=kind, embed_dim=8, n_heads=2)  # type: ignore[arg-type]
    return build_fusion(dims, readout or TagReadout(5), config).eval()


def vectors_of(n_items: int, *, seed: int = 1) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n_items, dim, generator=generator) for dim in DIMS]


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_the_place_of_an_absent_modality_has_no_influence(kind: str) -> None:
    vectors, presence = vectors_of(2), torch.tensor([[True, False, True], [True, True, True]])
    fusion = fusion_of(kind)
    expected = fusion(vectors, presence).outputs
    vectors[1][0] = torch.nan
    torch.testing.assert_close(fusion(vectors, presence).outputs, expected)
    vectors[1][0] = 1e9
    torch.testing.assert_close(fusion(vectors, presence).outputs, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_no_gradient_is_lost_to_nan_where_a_modality_is_absent(kind: str) -> None:
    vectors, presence = vectors_of(3), torch.tensor([[True, False, True], [False, True, False], [True, True, True]])
    vectors[1][0], vectors[0][1], vectors[2][1] = torch.nan, torch.nan, torch.nan
    fusion = fusion_of(kind).train()
    fusion_loss(fusion(vectors, presence), presence, torch.ones(3, 5), fusion.readout).backward()
    gradients = [one.grad for one in fusion.parameters() if one.grad is not None]
    assert gradients
    assert all(bool(one.isfinite().all()) for one in gradients)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "early"])
def test_weights_are_shares_of_the_modalities_that_are_present(kind: str) -> None:
    presence = torch.tensor([[True, False, True], [False, True, False]])
    weights = fusion_of(kind)(vectors_of(2), presence).weights
    assert weights is not None
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2))
    assert (weights[~presence] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_comes_out_the_same_alone_as_among_others(kind: str) -> None:
    vectors = vectors_of(4)
    presence = torch.tensor([[True, True, True], [True, False, True], [False, True, False], [True, True, False]])
    fusion = fusion_of(kind)
    together = fusion(vectors, presence).outputs
    alone = fusion([one[2:3] for one in vectors], presence[2:3]).outputs
    torch.testing.assert_close(alone, together[2:3])


def test_early_fusion_is_the_published_linear_layer_over_unit_vectors() -> None:
    """Oramas et al., section 4.4: L2 normalisation, concatenation, one dense layer."""
    fusion, vectors = fusion_of("early"), vectors_of(3)
    side_by_side = torch.cat([one / one.norm(dim=1, keepdim=True) for one in vectors], dim=1)
    head = dict(fusion.named_parameters())
    expected = side_by_side @ head["head.weight"].T + head["head.bias"]
    torch.testing.assert_close(fusion(vectors, torch.ones(3, 3, dtype=torch.bool)).outputs, expected)


@pytest.mark.parametrize(
    ("dims", "n_outputs", "published"),
    [
        ((4096, 2048), 250, 1_536_250),
        ((4096, 2048), 50, 307_250),
        ((2048, 2048), 250, 1_024_250),
        ((2048, 2048), 50, 204_850),
        ((4096, 2048, 2048), 250, 2_048_250),
        ((4096, 2048, 2048), 50, 409_650),
    ],
)
def test_early_fusion_has_the_published_number_of_parameters(
    dims: tuple[int, ...], n_outputs: int, published: int
) -> None:
    readout = TagReadout(250) if n_outputs == 250 else FactorReadout(torch.rand(250, n_outputs))
    assert sum(one.numel() for one in fusion_of("early", dims=dims, readout=readout).parameters()) == published


def test_late_fusion_averages_the_probabilities_of_the_heads_that_are_present() -> None:
    fusion, vectors = fusion_of("late-mean"), vectors_of(2)
    presence = torch.tensor([[True, True, False], [True, True, True]])
    fused = fusion(vectors, presence)
    assert fused.each is not None
    alone = fused.each.sigmoid()
    torch.testing.assert_close(fused.outputs[0].sigmoid(), (alone[0, 0] + alone[0, 1]) / 2)
    torch.testing.assert_close(fused.outputs[1].sigmoid(), alone[1].mean(dim=0))


def test_late_fusion_of_classes_gives_probabilities_that_sum_to_one() -> None:
    fusion = fusion_of("late-weighted", readout=ClassReadout(5))
    outputs = fusion(vectors_of(4), torch.ones(4, 3, dtype=torch.bool)).outputs
    torch.testing.assert_close(outputs.exp().sum(dim=1), torch.ones(4))


def test_heads_of_late_fusion_learn_each_from_its_own_modality() -> None:
    fusion, vectors = fusion_of("late-learned").train(), vectors_of(2)
    presence = torch.tensor([[True, False, False], [True, False, False]])
    fusion_loss(fusion(vectors, presence), presence, torch.ones(2, 5), fusion.readout).backward()
    gradients = {name: one.grad for name, one in fusion.named_parameters() if name.startswith("heads")}
    assert gradients["heads.0.weight"].abs().sum() > 0  # type: ignore[union-attr]
    assert gradients["heads.1.weight"] is None or gradients["heads.1.weight"].abs().sum() == 0


@pytest.mark.parametrize("kind", ["gated", "attention"])
def test_a_learning_fusion_comes_to_trust_the_modality_that_tells(kind: str) -> None:
    """Two streams of noise and one that tells: after a little training, most weight lies on the latter."""
    generator = torch.Generator().manual_seed(0)
    wanted = (torch.rand(256, 2, generator=generator) > 0.5).float()
    vectors = [torch.randn(256, 8, generator=generator) for _ in range(2)]
    vectors.insert(1, torch.cat([wanted, 1 - wanted], dim=1) + 0.1)
    presence, readout = torch.ones(256, 3, dtype=torch.bool), TagReadout(2)
    torch.manual_seed(0)
    fusion = build_fusion((8, 4, 8), readout, FusionConfig(kind=kind, embed_dim=16))  # type: ignore[arg-type]
    optimizer = torch.optim.Adam(fusion.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        readout.loss(fusion(vectors, presence).outputs, wanted).backward()
        optimizer.step()
    weights = fusion(vectors, presence).weights
    assert weights is not None
    assert weights.mean(dim=0).argmax() == 1


def test_an_item_without_any_modality_is_refused() -> None:
    with pytest.raises(ShapeError, match="without any modality"):
        fusion_of("early")(vectors_of(1), torch.zeros(1, 3, dtype=torch.bool))


def test_a_fusion_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="earlier") as refused:
        FusionConfig(kind="earlier")  # type: ignore[arg-type]
    assert "did you mean 'early'?" in str(refused.value)


def test_heads_that_cannot_share_the_dimensions_are_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be shared"):
        FusionConfig(kind="attention", embed_dim=10, n_heads=4)


def test_early_fusion_with_a_hidden_layer_has_its_parameters_and_ignores_what_is_absent() -> None:
    torch.manual_seed(0)
    fusion = build_fusion(DIMS, TagReadout(5), FusionConfig(n_hidden=512)).eval()
    assert sum(one.numel() for one in fusion.parameters()) == (6 + 3 + 4 + 1) * 512 + (512 + 1) * 5
    vectors, presence = vectors_of(2), torch.tensor([[True, False, True], [True, True, True]])
    expected = fusion(vectors, presence).outputs
    vectors[1][0] = torch.nan
    torch.testing.assert_close(fusion(vectors, presence).outputs, expected)
    with pytest.raises(ConfigError, match="n_hidden=8 is no width"):
        FusionConfig(kind="gated", n_hidden=8)
