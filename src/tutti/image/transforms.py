"""Covers as a network takes them: the middle of a picture, or in training a random crop, turned and coloured by chance.

Reading a file safely is ``tutti.image.covers``' business. Both ways start from the same small square, which
:func:`square_picture` makes of a picture once, so that what is trained on a store and what is predicted from a file
meet the same numbers. The published training crops are cut from the original instead; covers are nearly always square,
and of a square one the two differ in sharpness only.

References:
    Oramas et al., "Multimodal deep learning for music genre classification", TISMIR 1(1), 2018, and the authors' code,
    a fork of fb.resnet.torch; Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural
    networks", NeurIPS 2012, section 4.1 (lighting).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from tutti.errors import ConfigError, ShapeError

# Of ImageNet's pictures, values in 0..1, red, green, blue.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Principal components of their colours, one in each column, and what varies along each.
COMPONENTS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))
VARIATION = (0.2175, 0.0188, 0.0045)
LUMINANCE = (0.299, 0.587, 0.114)
CROP_TRIES = 10
MIN_SIDE = 8


def square_picture(picture: Image.Image, side: int) -> NDArray[np.uint8]:
    """The middle of a picture, its shorter side brought to ``side`` pixels by bicubic interpolation.

    The square is cut before it is made smaller or larger, which gives the same and needs no memory for the ends of a
    picture that is a thousand times as wide as high.

    Args:
        picture: RGB.
        side: Of the square, pixels.

    Returns:
        Shape (3, side, side).
    """
    width, height = picture.size
    shorter = min(width, height)
    left, top = (width - shorter) / 2, (height - shorter) / 2
    box = (left, top, left + shorter, top + shorter)
    small = picture.resize((side, side), Image.Resampling.BICUBIC, box=box)
    return np.ascontiguousarray(np.asarray(small, dtype=np.uint8).transpose(2, 0, 1))


@dataclass(frozen=True, kw_only=True)
class CoverAugmentation:
    """What is random about a cover in training; the published values.

    Attributes:
        min_area: A crop has at least this share of the picture's area, at most all of it.
        max_aspect: It is at most this many times as wide as high, or as high as wide.
        jitter: Brightness, contrast and saturation are each scaled by a factor within this of 1.
        lighting: Standard deviation of the noise along the principal components of colours.
        flip: How often left and right change places.
    """

    min_area: float = 0.08
    max_aspect: float = 4 / 3
    jitter: float = 0.4
    lighting: float = 0.1
    flip: float = 0.5

    def __post_init__(self) -> None:
        for name, low, high in (("min_area", 1e-3, 1), ("max_aspect", 1, 4), ("jitter", 0, 1), ("flip", 0, 1)):
            if not low <= getattr(self, name) <= high:
                raise ConfigError(
                    f"{name}={getattr(self, name):g} of the covers' augmentation lies outside [{low:g}, {high:g}]",
                    hint="the published values are the defaults",
                )
        if not 0 <= self.lighting < float("inf"):
            raise ConfigError(f"lighting={self.lighting:g} is negative or no number", hint="0 leaves it out")


@dataclass(frozen=True, kw_only=True)
class CoverTransforms:
    """From squares of 8-bit colours to a network's input.

    Attributes:
        side: Of the input, pixels.
        resized: Of the squares that both ways start from; None is 8/7 of ``side``, as 256 is of 224.
        augmentation: What is random in training.
    """

    side: int = 224
    resized: int | None = None
    augmentation: CoverAugmentation = field(default_factory=CoverAugmentation)

    def __post_init__(self) -> None:
        if self.side < MIN_SIDE:
            raise ConfigError(f"side={self.side} pixels is too small for covers", hint=f"give {MIN_SIDE} or more")
        if self.square_side < self.side:
            raise ConfigError(
                f"squares of {self.square_side} pixels have no middle of {self.side}",
                hint=f"set resized to {self.side} or more, or leave it out",
            )

    @property
    def square_side(self) -> int:
        """Of the squares that both ways start from, pixels."""
        return round(self.side * 8 / 7) if self.resized is None else self.resized

    def test(self, pictures: Tensor) -> Tensor:
        """The middle of each picture.

        Args:
            pictures: Squares, 8-bit. Shape ``[batch, 3, square_side, square_side]``.

        Returns:
            Standardised. Shape ``[batch, 3, side, side]``.

        Raises:
            ShapeError: The pictures have another shape.
        """
        return standardise(self.middle(pictures).float() / 255)

    def middle(self, pictures: Tensor) -> Tensor:
        """What of each picture a network sees, still 8-bit; shapes and errors as of :meth:`test`."""
        self._check(pictures)
        first = (self.square_side - self.side) // 2
        return pictures[..., first : first + self.side, first : first + self.side]

    def train(self, pictures: Tensor, *, generator: torch.Generator) -> Tensor:
        """A random crop of each, with random colours, perhaps mirrored; shapes and errors as of :meth:`test`.

        Args:
            pictures: On any device.
            generator: On the CPU; the same one gives the same whatever the device.
        """
        self._check(pictures)
        return torch.stack([self._altered(one.float() / 255, generator) for one in pictures])

    def _altered(self, picture: Tensor, generator: torch.Generator) -> Tensor:
        settings = self.augmentation
        crop = random_crop(picture, self.side, settings, generator=generator)
        lit = lighting_noise(colour_jitter(crop, settings.jitter, generator=generator), settings, generator=generator)
        is_mirrored = _uniform(generator, 0, 1) < settings.flip
        return standardise(lit.flip(-1) if is_mirrored else lit)

    def _check(self, pictures: Tensor) -> None:
        wanted = (3, self.square_side, self.square_side)
        if pictures.ndim != 4 or tuple(pictures.shape[1:]) != wanted or pictures.dtype != torch.uint8:
            raise ShapeError(
                f"covers of shape {tuple(pictures.shape)} and type {pictures.dtype} came, "
                f"8-bit squares [batch, {', '.join(map(str, wanted))}] were wanted",
                hint="make them with square_picture or open_pictures, with side=transforms.square_side",
            )


def standardise(pictures: Tensor) -> Tensor:
    """Values in 0..1 by the mean and deviation of ImageNet's. Shape ``[..., 3, height, width]``."""
    mean, deviation = (torch.tensor(one, device=pictures.device)[:, None, None] for one in (MEAN, DEVIATION))
    return (pictures - mean) / deviation


def random_crop(picture: Tensor, side: int, settings: CoverAugmentation, *, generator: torch.Generator) -> Tensor:
    """A random part of a picture, brought to a square by bicubic interpolation; after ten misses, the whole of it.

    Args:
        picture: In 0..1, a square. Shape ``[3, height, height]``.
        side: Of the result, pixels.
        settings: Its area and its shape.
        generator: On the CPU.

    Returns:
        In 0..1. Shape ``[3, side, side]``.
    """
    whole = picture.shape[-1]
    height = width = whole
    for _ in range(CROP_TRIES):
        area = _uniform(generator, settings.min_area, 1) * whole**2
        aspect = _uniform(generator, 1 / settings.max_aspect, settings.max_aspect)
        tall, wide = round((area / aspect) ** 0.5), round((area * aspect) ** 0.5)
        if _uniform(generator, 0, 1) < 0.5:
            tall, wide = wide, tall
        if 0 < tall <= whole and 0 < wide <= whole:
            height, width = tall, wide
            break
    top = int(_uniform(generator, 0, whole - height + 1))
    left = int(_uniform(generator, 0, whole - width + 1))
    crop = picture[None, :, top : top + height, left : left + width]
    resized = F.interpolate(crop, (side, side), mode="bicubic", align_corners=False, antialias=True)
    return resized[0].clamp(0, 1)


def colour_jitter(picture: Tensor, strength: float, *, generator: torch.Generator) -> Tensor:
    """Brightness, contrast and saturation, in random order, each scaled by a random factor.

    Brightness fades into black, contrast into the picture's mean grey, saturation into its own greys. Values may leave
    0..1, as published.

    Args:
        picture: In 0..1. Shape ``[3, height, width]``.
        strength: Factors lie within this of 1.
        generator: On the CPU.
    """
    if not strength:
        return picture
    towards: tuple[Callable[[Tensor], Tensor], ...] = (torch.zeros_like, lambda one: _grey(one).mean(), _grey)
    for which in torch.randperm(len(towards), generator=generator).tolist():
        factor = _uniform(generator, 1 - strength, 1 + strength)
        picture = factor * picture + (1 - factor) * towards[which](picture)
    return picture


def lighting_noise(picture: Tensor, settings: CoverAugmentation, *, generator: torch.Generator) -> Tensor:
    """One random colour, drawn along the principal components of ImageNet's, added to all of a picture."""
    if not settings.lighting:
        return picture
    amounts = settings.lighting * torch.randn(3, generator=generator)
    colour = torch.tensor(COMPONENTS) @ (amounts * torch.tensor(VARIATION))
    return picture + colour.to(picture.device)[:, None, None]


def _grey(picture: Tensor) -> Tensor:
    """How light each pixel is. Shape ``[1, height, width]``."""
    weights = torch.tensor(LUMINANCE, device=picture.device)[:, None, None]
    return (picture * weights).sum(dim=0, keepdim=True)


def _uniform(generator: torch.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand((), generator=generator))
