"""Drawings for pages, as HTML and SVG that take their colours from the page's style sheet, light or dark.

They know nothing of catalogues or models: numbers come in, markup goes out.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from PIL import Image

from tutti.errors import ImageError
from tutti.image.covers import read_cover

WIDTH, HEIGHT = 420, 250
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 34
N_COLOURS = 8


def thumbnail(cover: Path | None, *, side: int) -> str | None:
    """A square picture of a cover as a data address, None where there is no cover that can be read.

    Args:
        cover: The picture's file.
        side: Pixels.
    """
    if cover is None:
        return None
    try:
        picture = read_cover(cover)
    except ImageError:
        return None
    edge = min(picture.size)
    left, top = (picture.width - edge) // 2, (picture.height - edge) // 2
    square = picture.crop((left, top, left + edge, top + edge))
    small = square.resize((side, side), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    small.save(encoded, format="JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(encoded.getvalue()).decode("ascii")


def line_chart(title: str, series: Mapping[str, Sequence[float]], *, marked: int | None = None) -> str:
    """Curves over epochs 1, 2, 3, …, with a legend.

    Args:
        title: What the numbers are.
        series: By name, a value for each epoch; NaN leaves a gap.
        marked: The epoch that a vertical line marks as the one kept.
    """
    values = [value for curve in series.values() for value in curve if math.isfinite(value)]
    n_epochs = max((len(curve) for curve in series.values()), default=0)
    if not values:
        return ""
    low, high, step = _round_range(min(values), max(values))
    frame = _Frame(n_epochs, low, high)
    parts = [_grid(frame, step), _epoch_axis(frame)]
    if marked is not None:
        x = frame.x(marked)
        parts.append(
            f'<line class="marked" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}">'
            f"<title>epoch {marked}: the weights that were kept</title></line>"
        )
    parts += [_curve(frame, curve, number) for number, curve in enumerate(series.values())]
    legend = "".join(
        f'<span class="key c{number % N_COLOURS}">{escape(name)}</span>' for number, name in enumerate(series)
    )
    return (
        f'<figure class="chart"><figcaption>{escape(title)} <span class="keys">{legend}</span></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)} by epoch">'
        f"{''.join(parts)}</svg></figure>"
    )


def interval_bar(value: float | None, low: float | None, high: float | None, *, chance: float) -> str:
    """A bar from 0 to a score between 0 and 1, its interval, and a line where guessing would land."""
    if value is None:
        return '<span class="bar none">none</span>'
    whisker = ""
    if low is not None and high is not None:
        whisker = f'<i class="whisker" style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"></i>'
        words = f"{value:.3f}, between {low:.3f} and {high:.3f}"
    else:
        words = f"{value:.3f}"
    return (
        f'<span class="bar" title="{words}; by chance {chance:.2f}">'
        f'<i class="fill" style="width:{100 * value:.1f}%"></i>{whisker}'
        f'<i class="chance" style="left:{100 * chance:.1f}%"></i></span><span class="value">{value:.2f}</span>'
    )


class _Frame:
    """Where epochs and values lie in the drawing."""

    def __init__(self, n_epochs: int, low: float, high: float) -> None:
        self.n_epochs, self.low, self.high = n_epochs, low, high

    def x(self, epoch: float) -> float:
        share = (epoch - 1) / max(self.n_epochs - 1, 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _round_range(low: float, high: float) -> tuple[float, float, float]:
    """A range with round ends around two values, and the distance of its three to six marks."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 3))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 5)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return low, high if high > low else low + step, step


def _grid(frame: _Frame, step: float) -> str:
    digits = max(0, -math.floor(math.log10(step)))
    marks = [frame.low + number * step for number in range(round((frame.high - frame.low) / step) + 1)]
    return "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{frame.y(mark):.1f}" y2="{frame.y(mark):.1f}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{frame.y(mark) + 4:.1f}" text-anchor="end">{mark:.{digits}f}</text>'
        for mark in marks
    )


def _epoch_axis(frame: _Frame) -> str:
    step = max(1, math.ceil(frame.n_epochs / 8))
    ticks = "".join(
        f'<text class="tick" x="{frame.x(epoch):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{epoch}</text>'
        for epoch in range(1, frame.n_epochs + 1, step)
    )
    middle = (LEFT + WIDTH - RIGHT) / 2
    return f'{ticks}<text class="tick" x="{middle:.0f}" y="{HEIGHT - 4}" text-anchor="middle">epoch</text>'


def _curve(frame: _Frame, curve: Sequence[float], number: int) -> str:
    points = [(frame.x(epoch), frame.y(value)) for epoch, value in enumerate(curve, start=1) if math.isfinite(value)]
    colour = f"c{number % N_COLOURS}"
    if len(points) == 1:
        return f'<circle class="{colour}" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="4"/>'
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{colour}" points="{joined}"/>'
