"""Eight motifs for the background of a cover, one for each parent genre, each different every time it is drawn.

Which motif a cover gets is decided in ``covers``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tutti.data.world.cover_canvas import Canvas, Palette, box, smooth


def _shards(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Rock: broken glass around the point where it was hit, and a bolt."""
    x, y = rng.uniform(0.25, 0.75, 2).tolist()
    colors = (*palette.inks, palette.dark, palette.inks[0])
    angles = np.sort(rng.uniform(0.0, 2 * np.pi, int(rng.integers(13, 24))))
    for number, (start, end) in enumerate(zip(angles, np.roll(angles, -1), strict=True)):
        reach, inner = rng.uniform(0.45, 1.5), rng.uniform(0.0, 0.12)
        end = end if end > start else end + 2 * np.pi
        middle = start + 0.5 * min(end - start, 0.9)
        tips = [(inner, middle), (reach, start + 0.05), (0.8 * reach, min(end, start + 0.9) - 0.03)]
        outline = [(x + radius * np.cos(angle), y + radius * np.sin(angle)) for radius, angle in tips]
        canvas.fill(outline, colors[number % len(colors)], opacity=float(rng.uniform(0.75, 1.0)))
    heights = np.linspace(-0.05, 1.05, int(rng.integers(5, 8)))
    zigzag = [(x + (-1) ** number * rng.uniform(0.04, 0.13), height) for number, height in enumerate(heights)]
    canvas.tube(np.array(zigzag), (0.09, 0.07, 0.02), palette.contrast)


def _dots(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Pop: a screen of dots that swell, over big round balloons."""
    for ink in palette.inks[1:]:
        x, y, radius = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), rng.uniform(0.2, 0.42)
        canvas.disc(x, y, radius, ink)
    count = int(rng.integers(9, 15))
    angle, phase = rng.uniform(0.0, 2 * np.pi), rng.uniform(0.0, 0.5)
    for row in range(-1, count + 1):
        for column in range(-1, count + 1):
            x, y = (column + 0.5 * (row % 2)) / (count - 1), row / (count - 1)
            swell = 0.5 + 0.5 * np.cos(2.6 * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)) + phase * 3)
            canvas.disc(x, y, 0.07 / count + 0.44 * float(swell) / count, palette.inks[0])


def _signals(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Electronic: a grid that runs to the horizon, or ridges of waves one before the other."""
    if rng.random() < 0.5:
        horizon, count = rng.uniform(0.35, 0.6), int(rng.integers(9, 15))
        canvas.fill(box(0.0, horizon, 1.0, 1.0), palette.dark)
        vanishing = rng.uniform(0.2, 0.8)
        for place in np.linspace(-2.5, 3.5, 2 * count):
            canvas.stroke([(vanishing + (place - vanishing) * 0.12, horizon), (place, 1.0)], 0.005, palette.inks[0])
        for place in np.linspace(0.0, 1.0, count) ** 2.2:
            canvas.stroke([(0.0, horizon + place * (1 - horizon)), (1.0, horizon + place * (1 - horizon))], 0.005,
                          palette.inks[0])  # fmt: skip
        heights = np.sort(rng.uniform(0.04, 0.95, int(rng.integers(4, 8))) * horizon)
        for number, height in enumerate(heights):
            canvas.fill(box(0.0, height, 1.0, height + 0.012 * (number + 1)), palette.inks[number % 3], opacity=0.8)
        return
    places = np.linspace(-0.02, 1.02, 70)
    count = int(rng.integers(12, 20))
    centre, spread = rng.uniform(0.35, 0.65), rng.uniform(0.1, 0.22)
    for number, base in enumerate(np.linspace(0.14, 1.02, count)):
        hump = np.exp(-0.5 * ((places - centre) / spread) ** 2) * rng.uniform(0.03, 0.1)
        ripple = np.sin(places * rng.uniform(25, 60) + rng.uniform(0, 6)) + np.sin(places * rng.uniform(60, 110))
        ridge = np.stack([places, base - hump * (1.2 + 0.5 * ripple)], axis=1)
        canvas.fill(np.concatenate([ridge, [(1.02, base + 0.1), (-0.02, base + 0.1)]]), palette.ground)
        canvas.stroke(ridge, 0.008, palette.inks[number % 2 * 2])


def _street(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Hip hop: blocks of houses with windows, and strokes of a thick marker that drips."""
    left = -0.02
    while left < 1.0:
        width, height = rng.uniform(0.1, 0.22), rng.uniform(0.25, 0.7)
        canvas.fill(box(left, 1.0 - height, left + width, 1.0), palette.dark if rng.random() < 0.5 else palette.inks[1])
        for row in range(int(height / 0.075)):
            for column in range(int(width / 0.055)):
                if rng.random() < 0.45:
                    x, y = left + 0.02 + 0.055 * column, 1.03 - height + 0.075 * row
                    canvas.fill(box(x, y, x + 0.025, y + 0.035), palette.inks[2])
        left += width + rng.uniform(-0.01, 0.015)
    for number in range(int(rng.integers(2, 4))):
        heights = rng.uniform(0.12, 0.75, 5)
        path = smooth(list(zip(np.linspace(rng.uniform(-0.1, 0.2), rng.uniform(0.8, 1.1), 5), heights, strict=True)))
        color = (palette.inks[0], palette.contrast, palette.inks[2])[number]
        canvas.tube(path, (0.03, 0.1, 0.06, 0.11, 0.03), color)
        for x, y in path[rng.integers(8, len(path) - 8, 3)]:
            end = y + rng.uniform(0.08, 0.25)
            canvas.stroke([(x, y), (x, end)], 0.014, color)
            canvas.disc(float(x), float(end), 0.011, color)


def _circles(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Jazz: a column of colour and circles that come off the beat, in the manner of the sleeves of the fifties."""
    edge = rng.uniform(0.28, 0.5)
    column = box(0.0, 0.0, edge, 1.0) if rng.random() < 0.5 else box(1.0 - edge, 0.0, 1.0, 1.0)
    canvas.fill(column, palette.inks[1])
    rows, columns = int(rng.integers(3, 5)), int(rng.integers(3, 5))
    for row in range(rows):
        for place in range(columns):
            if rng.random() < 0.22:
                continue
            x, y = (place + 0.5 + 0.3 * (row % 2)) / columns, (row + 0.5) / rows
            radius = rng.choice([0.22, 0.34, 0.46]) / max(rows, columns)
            color = (*palette.inks, palette.contrast)[int(rng.integers(4))]
            if rng.random() < 0.3:
                canvas.ring(x, y, radius, width=0.022, color=color)
            else:
                canvas.disc(x, y, radius, color)
                half = box(x - radius, y - radius, x, y + radius)
                if rng.random() < 0.4:
                    canvas.fill(half, palette.ground, opacity=0.35)
    height = rng.uniform(0.1, 0.9)
    canvas.fill(box(0.0, height, 1.0, height + 0.018), palette.contrast)


def _hills(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Folk: hills one behind the other with firs on them, under a sun or a moon."""
    x, y = rng.uniform((0.15, 0.12), (0.85, 0.35)).tolist()
    canvas.disc(x, y, rng.uniform(0.07, 0.15), palette.light)
    places = np.linspace(-0.02, 1.02, 50)
    layers = (*palette.inks[::-1], palette.dark)
    for number, color in enumerate(layers):
        base = 0.42 + 0.15 * number + rng.uniform(-0.03, 0.03)
        waves = 0.07 * np.sin(places * rng.uniform(2, 6) + rng.uniform(0, 6.3))
        waves = waves + 0.02 * np.sin(places * rng.uniform(9, 18) + rng.uniform(0, 6.3))
        ridge = np.stack([places, base + waves], axis=1)
        canvas.fill(np.concatenate([ridge, [(1.02, 1.02), (-0.02, 1.02)]]), color, opacity=0.92)
        for x, y in ridge[rng.integers(2, 48, int(rng.integers(1, 4)) * number)]:
            height = rng.uniform(0.05, 0.07) * (1 + 0.45 * number)
            for tier in range(3):
                top = y - height * (1 - 0.25 * tier)
                reach = height * (0.16 + 0.07 * tier)
                canvas.fill([(x, top), (x + reach, top + 0.45 * height), (x - reach, top + 0.45 * height)], color)
            canvas.fill(box(x - 0.006, y - 0.2 * height, x + 0.006, y + 0.03), color)


def _staves(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Classical: an arcade, and a staff with notes that waves before it."""
    count, top = int(rng.integers(3, 6)), rng.uniform(0.14, 0.3)
    width = 1.0 / count
    for bay in range(count):
        middle = (bay + 0.5) * width
        for depth, color in enumerate((palette.inks[1], palette.inks[2], palette.dark)):
            radius = width * (0.47 - 0.1 * depth)
            canvas.disc(middle, top + 0.5 * width, radius, color)
            canvas.fill(box(middle - radius, top + 0.5 * width, middle + radius, 1.0), color)
    places = np.linspace(-0.02, 1.02, 50)
    height, phase = rng.uniform(0.45, 0.65), rng.uniform(0, 6.3)
    wave = height + rng.uniform(0.05, 0.14) * np.sin(places * rng.uniform(3, 6) + phase)
    canvas.tube(np.stack([places, wave + 0.07], axis=1), (0.22, 0.22), palette.ground, opacity=0.85)
    for line in range(5):
        canvas.stroke(np.stack([places, wave + 0.035 * line], axis=1), 0.005, palette.contrast)
    for place in rng.choice(np.arange(4, 46, 3), int(rng.integers(5, 9)), replace=False):
        x, y = places[place], wave[place] + 0.0175 * rng.integers(0, 9)
        canvas.disc(x, y, 0.021, palette.contrast)
        canvas.stroke([(x + 0.018, y), (x + 0.018, y - 0.13)], 0.007, palette.contrast)


def _sunburst(canvas: Canvas, palette: Palette, rng: np.random.Generator) -> None:
    """Latin: the rays of a sun, and fans of palm leaves that grow in from the corners."""
    x, y = rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.9)
    count = int(rng.integers(10, 18))
    for ray in range(count):
        start, end = 2 * np.pi * (ray + np.array([0.0, 0.5])) / count
        outline = [(x, y), (x + 2 * np.cos(start), y + 2 * np.sin(start)), (x + 2 * np.cos(end), y + 2 * np.sin(end))]
        canvas.fill(outline, palette.inks[1])
    radius = rng.uniform(0.14, 0.24)
    canvas.disc(x, y, radius + 0.03, palette.ground)
    canvas.disc(x, y, radius, palette.inks[0])
    corners = [(0.0, 1.0, -0.25), (1.0, 1.0, -0.75), (0.0, 0.0, 0.25), (1.0, 0.0, 0.75)]
    for corner in rng.choice(4, int(rng.integers(2, 4)), replace=False):
        left, top, heading = corners[corner]
        color = (palette.dark, palette.inks[2])[int(rng.integers(2))]
        for spread in np.linspace(-0.3, 0.3, int(rng.integers(5, 8))):
            angle, reach = np.pi * (heading + spread), rng.uniform(0.35, 0.52)
            tip = (left + reach * np.cos(angle), top + reach * np.sin(angle) + 0.06)
            bend = (left + 0.55 * reach * np.cos(angle), top + 0.55 * reach * np.sin(angle) - 0.03)
            canvas.tube(smooth([(left, top), bend, tip]), (0.012, 0.06, 0.08, 0.05, 0.0), color)


# By the names in ``taxonomy.PARENTS``.
MOTIFS: dict[str, Callable[[Canvas, Palette, np.random.Generator], None]] = {
    "rock": _shards,
    "pop": _dots,
    "electronic": _signals,
    "hip hop": _street,
    "jazz": _circles,
    "folk": _hills,
    "classical": _staves,
    "latin": _sunburst,
}
