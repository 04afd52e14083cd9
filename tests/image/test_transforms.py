"""From squares of colours to a network's input: what is certain in prediction, what is random in training."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from PIL import Image

from tutti.errors import ConfigError, ShapeError
from tutti.image.transforms import (
    COMPONENTS,
    VARIATION,
    CoverAugmentation,
    CoverTransforms,
    colour_jitter,
    lighting_noise,
    random_crop,
    square_picture,
    standardise,
)

QUIET = CoverAugmentation(min_area=1, max_aspect=1, jitter=0, lighting=0, flip=0)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize(("width", "height"), [(64, 128), (128, 64), (64, 64)])
def test_a_square_is_the_middle_of_the_picture_resized_as_published(width: int, height: int) -> None:
    whole = noise(width, height).resize((width // 2, height // 2), Image.Resampling.BICUBIC)
    left, top = (whole.width - 32) // 2, (whole.height - 32) // 2
    expected = np.asarray(whole.crop((left, top, left + 32, top + 32))).transpose(2, 0, 1)
    # Pillow rounds to 8 bits between its two passes, of which noise makes the most: a step or two of 255.
    assert np.abs(square_picture(noise(width, height), 32).astype(int) - expected).max() <= 2


def test_one_pixel_and_a_strip_become_squares() -> None:
    assert (square_picture(Image.new("RGB", (1, 1), (9, 8, 7)), 40) == np.array([9, 8, 7])[:, None, None]).all()
    assert square_picture(Image.new("RGB", (20_000, 1)), 256).shape == (3, 256, 256)


def test_prediction_sees_the_middle_224_of_256_standardised() -> None:
    transforms = CoverTransforms()
    assert transforms.square_side == 256
    pictures = torch.arange(256, dtype=torch.uint8).repeat(1, 3, 256, 1)
    seen = transforms.test(pictures)
    assert seen.shape == (1, 3, 224, 224)
    assert seen[0, 0, 0, 0] == pytest.approx((16 / 255 - 0.485) / 0.229)
    assert seen[0, 2, 5, -1] == pytest.approx((239 / 255 - 0.406) / 0.225)


def test_without_anything_random_training_sees_the_whole_square() -> None:
    transforms = CoverTransforms(side=32, resized=32, augmentation=QUIET)
    pictures = torch.from_numpy(square_picture(noise(32, 32), 32))[None]
    assert torch.allclose(transforms.train(pictures, generator=seeded()), transforms.test(pictures), atol=1e-5)


def test_the_same_generator_gives_the_same_and_another_something_else() -> None:
    transforms = CoverTransforms(side=32)
    pictures = torch.from_numpy(square_picture(noise(40, 40), transforms.square_side))[None].repeat(2, 1, 1, 1)
    first, again, other = (transforms.train(pictures, generator=seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)
    assert not torch.allclose(first[0], first[1])


def test_half_of_the_pictures_are_mirrored() -> None:
    settings = CoverAugmentation(min_area=1, max_aspect=1, jitter=0, lighting=0)
    ramp = torch.arange(32, dtype=torch.uint8).repeat(400, 3, 32, 1)
    seen = CoverTransforms(side=32, resized=32, augmentation=settings).train(ramp, generator=seeded())
    share = (seen[:, 0, 0, 0] > seen[:, 0, 0, -1]).float().mean().item()
    assert 0.4 < share < 0.6


def test_crops_have_the_published_areas_and_shapes() -> None:
    # The columns of one ramp and the rows of the other tell how wide and how high a crop was.
    across = torch.linspace(0, 1, 200).repeat(200, 1)
    picture = torch.stack([across, across.T, across])
    generator = seeded()
    crops = torch.stack([random_crop(picture, 16, CoverAugmentation(), generator=generator) for _ in range(300)])
    wide = (crops[:, 0, 0, -1] - crops[:, 0, 0, 0]) * 16 / 15
    high = (crops[:, 1, -1, 0] - crops[:, 1, 0, 0]) * 16 / 15
    area, aspect = wide * high, wide / high
    assert 0.07 < area.min() < 0.15
    assert area.max() > 0.85
    assert 0.70 < aspect.min() < 0.85
    assert 1.18 < aspect.max() < 1.43


def test_jitter_keeps_the_hue_and_greys_stay_grey() -> None:
    generator = seeded()
    grey = torch.full((3, 4, 4), 0.5)
    for _ in range(20):
        jittered = colour_jitter(grey, 0.4, generator=generator)
        assert torch.allclose(jittered[0], jittered[2], atol=1e-6)
        # Of one grey, contrast and saturation change nothing: only the brightness is left.
        assert 0.3 - 1e-6 <= jittered[0, 0, 0] <= 0.7 + 1e-6
    colour = torch.tensor([0.6, 0.4, 0.2])[:, None, None].expand(3, 4, 4)
    hues = [
        colorsys.rgb_to_hsv(*colour_jitter(colour, 0.2, generator=generator)[:, 0, 0].tolist())[0] for _ in range(5)
    ]
    assert np.allclose(hues, colorsys.rgb_to_hsv(0.6, 0.4, 0.2)[0], atol=1e-4)


def test_the_noise_of_lighting_lies_along_the_components_of_colours() -> None:
    generator, black = seeded(), torch.zeros(3, 1, 1)
    added = torch.stack([lighting_noise(black, CoverAugmentation(), generator=generator)[:, 0, 0] for _ in range(4000)])
    along = (added @ torch.tensor(COMPONENTS)).std(dim=0)
    assert torch.allclose(along, 0.1 * torch.tensor(VARIATION), rtol=0.05)
    assert torch.allclose(torch.tensor(COMPONENTS).T @ torch.tensor(COMPONENTS), torch.eye(3), atol=1e-3)


def test_standardised_values_are_those_of_imagenet() -> None:
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    assert torch.allclose(standardise(mean), torch.zeros(3, 1, 1))


@pytest.mark.parametrize("pictures", [torch.zeros(2, 3, 256, 256), torch.zeros(2, 3, 64, 64, dtype=torch.uint8)])
def test_pictures_of_another_kind_are_refused(pictures: torch.Tensor) -> None:
    with pytest.raises(ShapeError, match=r"8-bit squares \[batch, 3, 256, 256\] were wanted"):
        CoverTransforms().test(pictures)


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"min_area": 0}, {"jitter": 2}, {"flip": -1}, {"max_aspect": 0.5}, {"lighting": -1}):
        with pytest.raises(ConfigError):
            CoverAugmentation(**wrong)
    with pytest.raises(ConfigError, match="no middle of 224"):
        CoverTransforms(resized=200)
    with pytest.raises(ConfigError, match="too small"):
        CoverTransforms(side=2)
