"""Maps over covers: evidence adds up to the score, and lies where the picture holds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tutti.errors import ConfigError, ImageError, ShapeError, UnknownNameError
from tutti.explain.cover_maps import cover_map, draw_cover_map, evidence, lay_over, seen_cover
from tutti.image.transforms import square_picture
from tutti.models.covers import CoverConfig, CoverEncoder, CoverNetwork, build_cover_network

SIDE = 64


@pytest.fixture(scope="module")
def encoder() -> CoverEncoder:
    torch.manual_seed(0)
    config = CoverConfig(side=SIDE, n_channels=4)
    return CoverEncoder(config, build_cover_network(config))


@pytest.fixture(scope="module")
def red_finder() -> CoverEncoder:
    """A network of two stages whose only channel is how red a place is, four and eight pixels wide."""
    seeing, joining = torch.nn.Conv2d(3, 1, 5, stride=4, padding=2, bias=False), torch.nn.AvgPool2d(1, stride=2)
    with torch.no_grad():
        seeing.weight.zero_()
        seeing.weight[0, :, 2, 2] = torch.tensor([1.0, -0.5, -0.5])
    return CoverEncoder(CoverConfig(side=SIDE), CoverNetwork(torch.nn.Sequential(seeing, joining), 1))


@pytest.fixture(scope="module")
def cover() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8))


def with_red(left: int, top: int) -> Image.Image:
    """A white cover of the size that needs no resizing, with a red square of 16 pixels."""
    picture = np.full((73, 73, 3), 255, dtype=np.uint8)
    picture[top : top + 16, left : left + 16] = (255, 0, 0)
    return Image.fromarray(picture)


def test_the_evidence_of_all_places_adds_up_to_a_linear_score(encoder: CoverEncoder, cover: Image.Image) -> None:
    weights = torch.linspace(-1, 1, encoder.embed_dim)
    cells = evidence(encoder, cover, lambda vector: vector[0] @ weights + 7)
    assert cells.shape == (2, 2)
    vector = encoder.encode_pictures([square_picture(cover, encoder.transforms.square_side)])[0]
    assert cells.mean() == pytest.approx(float(vector @ weights.numpy()), rel=1e-4)


@pytest.mark.parametrize("form", ["gap", "gradcam"])
@pytest.mark.parametrize(("left", "top"), [(8, 8), (44, 8), (8, 44), (44, 44), (28, 28)])
def test_a_map_is_brightest_where_the_picture_holds_the_evidence(
    red_finder: CoverEncoder, form: str, left: int, top: int
) -> None:
    values = cover_map(red_finder, with_red(left, top), lambda vector: vector[0, 0], form=form)  # type: ignore[arg-type]
    assert values.shape == (SIDE, SIDE)
    assert (values.min(), values.max()) == (0, 1)
    rows, columns = np.nonzero(values > 0.5)
    offset = (73 - SIDE) // 2
    assert abs(rows.mean() - (top + 7.5 - offset)) < 5
    assert abs(columns.mean() - (left + 7.5 - offset)) < 5


def test_an_earlier_stage_draws_a_finer_map(red_finder: CoverEncoder) -> None:
    maps = {
        stage: cover_map(red_finder, with_red(28, 28), lambda vector: vector[0, 0], form="gradcam", stage=stage)
        for stage in (0, 1)
    }
    offset = (73 - SIDE) // 2
    inside = np.zeros((SIDE, SIDE), dtype=bool)
    inside[28 - offset : 44 - offset, 28 - offset : 44 - offset] = True
    outside = {stage: values[~inside].sum() for stage, values in maps.items()}
    assert outside[0] < outside[1]


def test_what_speaks_against_a_score_is_not_shown_by_gradcam(red_finder: CoverEncoder) -> None:
    against = cover_map(red_finder, with_red(28, 28), lambda vector: -vector[0, 0], form="gradcam")
    assert against[32, 32] == 0


def test_a_score_that_is_a_sigmoid_is_explained_too(encoder: CoverEncoder, cover: Image.Image) -> None:
    torch.manual_seed(0)
    readout = torch.nn.Sequential(torch.nn.Linear(encoder.embed_dim, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1))
    values = cover_map(encoder, cover, lambda vector: torch.sigmoid(readout(vector))[0, 0])
    assert values.max() == 1


def test_where_no_place_says_more_the_map_is_empty(encoder: CoverEncoder, red_finder: CoverEncoder) -> None:
    grey = Image.new("RGB", (10, 10), "grey")
    assert not cover_map(red_finder, grey, lambda vector: vector[0, 0]).any()
    assert not cover_map(encoder, grey, lambda vector: torch.ones(1)).any()


def test_published_networks_are_explained_as_well(cover: Image.Image) -> None:
    pytest.importorskip("transformers", reason="the extra text is not installed")
    torch.manual_seed(0)
    config = CoverConfig(architecture="resnet50", depths=(1, 1), side=SIDE)
    encoder = CoverEncoder(config, build_cover_network(config))
    cells = evidence(encoder, cover, lambda vector: vector.sum(), stage=-1)
    assert cells.shape == (8, 8)
    assert evidence(encoder, cover, lambda vector: vector.sum(), stage=0).shape == (16, 16)


def test_what_is_seen_is_the_middle_and_a_map_colours_it(red_finder: CoverEncoder, tmp_path: Path) -> None:
    picture = with_red(28, 28)
    seen = seen_cover(red_finder, picture)
    assert np.array_equal(seen, np.asarray(picture)[4:68, 4:68])
    values = cover_map(red_finder, picture, lambda vector: vector[0, 0])
    laid = lay_over(seen, values).astype(int)
    assert (laid[0, 0] == 255).all()
    assert laid[31, 31, 0] > laid[31, 31, 2] + 80
    draw_cover_map(seen, values, tmp_path / "map.png", title="red $5")
    with Image.open(tmp_path / "map.png") as drawn:
        assert drawn.size[0] > 1000


def test_bad_questions_are_met_in_words(red_finder: CoverEncoder, encoder: CoverEncoder, tmp_path: Path) -> None:
    picture = with_red(8, 8)
    with pytest.raises(UnknownNameError, match="form of a cover map"):
        cover_map(encoder, picture, torch.sum, form="cam")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="the last stage only"):
        cover_map(encoder, picture, torch.sum, stage=0)
    with pytest.raises(ConfigError, match="no stage 9"):
        cover_map(encoder, picture, torch.sum, form="gradcam", stage=9)
    with pytest.raises(ShapeError, match="one number was wanted"):
        cover_map(encoder, picture, lambda vector: vector)
    with pytest.raises(ImageError):
        cover_map(encoder, tmp_path / "missing.png", torch.sum)
    with pytest.raises(ShapeError, match="does not lie over"):
        lay_over(np.zeros((8, 8, 3), np.uint8), np.zeros((9, 9), np.float32))
    with pytest.raises(ConfigError, match="no figure can be written"):
        draw_cover_map(
            seen_cover(red_finder, picture), np.zeros((SIDE, SIDE), np.float32), tmp_path / "a.bmp", title=""
        )
