"""What a cover is drawn with: a palette that sounds like a mood, and a canvas with pens for smooth shapes.

What is drawn is decided in ``covers``, ``cover_motifs`` and ``cover_instruments``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Color = tuple[int, int, int]
Points = NDArray[np.float64]  # [points, 2], x to the right and y down

# How far the other inks stand from the first on the colour circle, degrees: neighbours, opposites, a split opposite.
HARMONIES = ((28.0, -32.0), (180.0, 24.0), (150.0, -150.0), (-25.0, 165.0))


def oklch(lightness: float, chroma: float, hue: float) -> Color:
    """The sRGB colour of a place in OKLCH; what lies outside sRGB is brought in by taking chroma away.

    Args:
        lightness: As seen, 0 to 1.
        chroma: 0 for grey; 0.2 is vivid.
        hue: Degrees; 30 is red, 90 yellow, 150 green, 260 blue.

    References:
        Ottosson, "A perceptual color space for image processing", 2020.
    """
    for share in (1.0, 0.85, 0.7, 0.55, 0.4, 0.2):
        linear = _oklab_to_linear(lightness, share * chroma, math.radians(hue))
        if linear.min() > -0.002 and linear.max() < 1.002:
            break
    linear = np.clip(linear, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = np.round(255.0 * encoded).astype(int).tolist()
    return red, green, blue


def _oklab_to_linear(lightness: float, chroma: float, angle: float) -> Points:
    a, b = chroma * math.cos(angle), chroma * math.sin(angle)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return np.array(
        [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ]
    )


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Six colours that go together.

    Attributes:
        ground: What the sheet is painted with.
        inks: Three colours for shapes, the first the most like the mood.
        light: Nearly white.
        dark: Nearly black.
        contrast: Whichever of the two stands out from the ground.
    """

    ground: Color
    inks: tuple[Color, Color, Color]
    light: Color
    dark: Color
    contrast: Color


def mood_palette(
    valence: float, arousal: float, *, turn: float, harmony: int, tint: tuple[float, float] = (0.0, 0.0)
) -> Palette:
    """The colours of a mood: happy is light and warm, sad dark and blue, arousal makes colours vivid.

    Args:
        valence: -1 to 1.
        arousal: -1 to 1.
        turn: Added to the hue, turns of the colour circle.
        harmony: Which of ``HARMONIES`` gives the other inks.
        tint: Added to valence and arousal where it makes colours lighter and more vivid, but leaves the hue.
    """
    # Once round the circle of moods is once round the colours: yellow is happy, red aroused, blue sad, green calm.
    hue = 105.0 - math.degrees(math.atan2(arousal, valence)) + 360.0 * turn
    # A dark yellow is brown, so yellows are lighter than the mood asks for.
    golden = 0.1 * max(math.cos(math.radians(hue - 80.0)), 0.0)
    usual = 0.53 + 0.28 * valence + 0.04 * arousal + golden
    lightness = float(np.clip(usual + 0.28 * tint[0], 0.22, 0.9))
    chroma = 0.085 + 0.06 * float(np.clip(arousal + tint[1], -1.0, 1.0))
    second, third = HARMONIES[harmony]
    # Inks lie on the side of the ground where there is room.
    step = 0.22 if usual < 0.55 else -0.2
    inks = (
        oklch(lightness + step, chroma + 0.06, hue),
        oklch(lightness + 0.55 * step, chroma + 0.04, hue + second),
        oklch(lightness + 1.35 * step, chroma + 0.03, hue + third),
    )
    light, dark = oklch(0.96, 0.02, hue + third), oklch(0.2, 0.035, hue)
    contrast = light if usual < 0.62 else dark
    return Palette(ground=oklch(lightness, chroma, hue), inks=inks, light=light, dark=dark, contrast=contrast)


def smooth(points: Sequence[tuple[float, float]], *, closed: bool = False, steps: int = 10) -> Points:
    """A curve through points (Catmull-Rom), ``steps`` points for each stretch."""
    knots = np.asarray(points, dtype=np.float64)
    ends = (knots[-1:], knots[:2]) if closed else (2 * knots[:1] - knots[1:2], 2 * knots[-1:] - knots[-2:-1])
    knots = np.concatenate([ends[0], knots, ends[1]])
    before, start, end, after = knots[:-3], knots[1:-2], knots[2:-1], knots[3:]
    place = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None, None]
    curve = start + 0.5 * place * (end - before)
    curve = curve + place**2 * (before - 2.5 * start + 2 * end - 0.5 * after)
    curve = curve + place**3 * (1.5 * (start - end) + 0.5 * (after - before))
    path = curve.transpose(1, 0, 2).reshape(-1, 2)
    return path if closed else np.concatenate([path, knots[-2:-1]])


def ellipse(x: float, y: float, width: float, height: float) -> Points:
    """The outline of an ellipse around a point."""
    angle = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)
    return np.stack([x + 0.5 * width * np.cos(angle), y + 0.5 * height * np.sin(angle)], axis=1)


def box(left: float, top: float, right: float, bottom: float) -> Points:
    """The corners of a box."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


class Canvas:
    """A sheet and a frame on it, in which coordinates count: at first the unit square, y down."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        # In this mode a pen on an RGB sheet lets shine through what lies below.
        self._draw = ImageDraw.Draw(image, "RGBA")
        self._origin = np.zeros(2)
        self._size = float(image.width)
        self._turn = np.eye(2)

    def frame(self, x: float, y: float, size: float, *, turn: float = 0.0) -> Canvas:
        """The same sheet seen from a point of it, in units of ``size`` and turned clockwise by radians."""
        canvas = Canvas(self.image)
        canvas._origin = self._map(np.array([(x, y)]))[0]
        canvas._size = self._size * size
        cosine, sine = math.cos(turn), math.sin(turn)
        canvas._turn = self._turn @ np.array([(cosine, -sine), (sine, cosine)])
        return canvas

    def fill(self, outline: Points | Sequence[tuple[float, float]], color: Color, *, opacity: float = 1.0) -> None:
        """Fill a polygon."""
        self._draw.polygon(self._pixels(outline), fill=(*color, round(255 * opacity)))

    def stroke(
        self, path: Points | Sequence[tuple[float, float]], width: float, color: Color, *, opacity: float = 1.0
    ) -> None:
        """Draw along a path."""
        pixels = max(1, round(width * self._size))
        self._draw.line(self._pixels(path), fill=(*color, round(255 * opacity)), width=pixels, joint="curve")

    def disc(self, x: float, y: float, radius: float, color: Color, *, opacity: float = 1.0) -> None:
        """Fill a circle."""
        self._draw.ellipse(self._bounds(x, y, radius), fill=(*color, round(255 * opacity)))

    def ring(self, x: float, y: float, radius: float, *, width: float, color: Color) -> None:
        """Draw a circle whose line lies within the radius."""
        self._draw.ellipse(self._bounds(x, y, radius), outline=(*color, 255), width=max(1, round(width * self._size)))

    def tube(self, path: Points, widths: Sequence[float], color: Color, *, opacity: float = 1.0) -> None:
        """Fill along a path, as wide as ``widths`` say at even distances from its start to its end."""
        heading = np.gradient(path, axis=0)
        normal = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
        normal /= np.maximum(np.hypot(normal[:, 0], normal[:, 1]), 1e-9)[:, None]
        half = 0.5 * np.interp(np.linspace(0, len(widths) - 1, len(path)), np.arange(len(widths)), widths)[:, None]
        self.fill(np.concatenate([path + half * normal, (path - half * normal)[::-1]]), color, opacity=opacity)

    def _map(self, points: Points | Sequence[tuple[float, float]]) -> Points:
        mapped: Points = self._origin + self._size * np.asarray(points, dtype=np.float64) @ self._turn.T
        return mapped

    def _pixels(self, points: Points | Sequence[tuple[float, float]]) -> list[Any]:
        return [tuple(point) for point in self._map(points).tolist()]

    def _bounds(self, x: float, y: float, radius: float) -> list[float]:
        (left, top), reach = self._map([(x, y)])[0], radius * self._size
        return [left - reach, top - reach, left + reach, top + reach]
