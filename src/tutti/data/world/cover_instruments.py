"""The twelve instruments as they are drawn on covers, each in a square from -0.5 to 0.5 around its middle.

An instrument is a shape in ``ink`` with its details in ``detail``. Which covers show one is decided in ``covers``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tutti.data.world.cover_canvas import Canvas, Color, Points, box, ellipse, smooth


def _microphone(canvas: Canvas, ink: Color, detail: Color) -> None:
    canvas = canvas.frame(0.0, 0.0, 1.0, turn=0.5)
    canvas.tube(np.array([(0.0, -0.12), (0.0, 0.5)]), (0.2, 0.1), ink)
    canvas.disc(0.0, -0.26, 0.2, ink)
    for place in (-0.1, 0.0, 0.1):
        reach = float(np.sqrt(0.19**2 - place**2))
        canvas.stroke([(place, -0.26 - reach), (place, -0.26 + reach)], 0.014, detail)
        canvas.stroke([(-reach, -0.26 + place), (reach, -0.26 + place)], 0.014, detail)
    canvas.fill(box(-0.15, -0.12, 0.15, -0.07), ink)
    canvas.stroke([(-0.15, -0.12), (0.15, -0.12)], 0.014, detail)
    canvas.fill(box(-0.022, 0.06, 0.022, 0.15), detail)


def _neck(canvas: Canvas, ink: Color, detail: Color, *, top: float) -> None:
    """Neck, head and pegs of a guitar, and strings down to the bridge."""
    canvas.fill(box(-0.03, top + 0.08, 0.03, 0.1), ink)
    canvas.fill([(-0.045, top), (0.045, top), (0.04, top + 0.13), (-0.04, top + 0.13)], ink)
    for side in (-0.065, 0.065):
        for row in range(3):
            canvas.disc(side, top + 0.025 + 0.038 * row, 0.014, ink)
    for place in (-0.014, 0.0, 0.014):
        canvas.stroke([(place, top + 0.1), (place, 0.3)], 0.004, detail)


def _acoustic_guitar(canvas: Canvas, ink: Color, detail: Color) -> None:
    canvas = canvas.frame(0.0, 0.0, 1.15, turn=0.45)
    half = [(0.0, -0.06), (0.12, -0.05), (0.165, 0.03), (0.125, 0.13), (0.2, 0.24), (0.2, 0.38), (0.1, 0.48)]
    canvas.fill(_mirrored(half, end=(0.0, 0.5)), ink)
    canvas.disc(0.0, 0.12, 0.07, detail)
    canvas.fill(box(-0.09, 0.32, 0.09, 0.35), detail)
    _neck(canvas, ink, detail, top=-0.5)


def _electric_guitar(canvas: Canvas, ink: Color, detail: Color) -> None:
    canvas = canvas.frame(0.0, 0.0, 1.12, turn=0.6)
    outline = [(0.04, 0.02), (0.1, -0.1), (0.17, -0.1), (0.14, 0.1), (0.2, 0.3), (0.13, 0.46), (-0.06, 0.49)]
    outline += [(-0.2, 0.4), (-0.15, 0.18), (-0.19, -0.02), (-0.14, -0.06), (-0.05, 0.06)]
    canvas.fill(smooth(outline, closed=True), ink)
    for place in (0.12, 0.21):
        canvas.fill(box(-0.06, place, 0.06, place + 0.035), detail)
    canvas.fill(box(-0.05, 0.31, 0.05, 0.34), detail)
    canvas.disc(0.12, 0.3, 0.022, detail)
    canvas.disc(0.1, 0.38, 0.022, detail)
    _neck(canvas, ink, detail, top=-0.5)


def _mirrored(half: list[tuple[float, float]], *, end: tuple[float, float]) -> Points:
    """A closed outline from its right half, whose first point and ``end`` lie in the middle."""
    return smooth([*half, end, *[(-x, y) for x, y in half[:0:-1]]], closed=True)


def _keys(canvas: Canvas, bounds: tuple[float, float, float, float], white: Color, black: Color) -> None:
    """Two octaves of keys between left, top, right and bottom."""
    left, top, right, bottom = bounds
    canvas.fill(box(left, top, right, bottom), white)
    step = (right - left) / 14
    for key in range(1, 14):
        place = left + key * step
        canvas.stroke([(place, top), (place, bottom)], 0.007, black)
        if key % 7 not in (0, 3):
            canvas.fill(box(place - 0.3 * step, top, place + 0.3 * step, top + 0.6 * (bottom - top)), black)


def _piano(canvas: Canvas, ink: Color, detail: Color) -> None:
    lid = [(-0.5, 0.05), (-0.5, -0.36), (-0.42, -0.48), (-0.2, -0.44), (-0.02, -0.3), (0.22, -0.22), (0.42, -0.14)]
    canvas.fill(np.concatenate([smooth(lid), [(0.5, 0.05)]]), ink)
    canvas.stroke(smooth([(-0.4, -0.06), (-0.4, -0.32), (-0.24, -0.34), (0.0, -0.2), (0.3, -0.08)]), 0.012, detail)
    canvas.fill(box(-0.5, 0.03, 0.5, 0.36), ink)
    _keys(canvas, (-0.47, 0.08, 0.47, 0.33), detail, ink)


def _organ(canvas: Canvas, ink: Color, detail: Color) -> None:
    for number, place in enumerate(np.linspace(-0.42, 0.42, 7).tolist()):
        top = -0.5 + 0.09 * abs(number - 3)
        canvas.fill([(place - 0.05, top), (place + 0.05, top), (place + 0.05, 0.28), (place, 0.38)], ink)
        canvas.fill([(place - 0.05, top), (place, 0.38), (place - 0.05, 0.28)], ink)
        canvas.fill([(place - 0.032, 0.22), (place, 0.1), (place + 0.032, 0.22)], detail)
        canvas.stroke([(place - 0.05, top + 0.03), (place + 0.05, top + 0.03)], 0.01, detail)
    canvas.fill(box(-0.5, 0.36, 0.5, 0.48), ink)


def _synthesizer(canvas: Canvas, ink: Color, detail: Color) -> None:
    canvas.fill(box(-0.5, -0.28, 0.5, 0.3), ink)
    for column in range(5):
        for row in range(2):
            x, y = -0.42 + 0.1 * column, -0.19 + 0.11 * row
            canvas.ring(x, y, 0.034, width=0.012, color=detail)
            canvas.stroke([(x, y), (x + 0.012 * (column - 2), y - 0.028)], 0.012, detail)
    canvas.fill(box(0.1, -0.23, 0.45, -0.04), detail)
    places = np.linspace(0.12, 0.43, 40)
    canvas.stroke(np.stack([places, -0.135 + 0.06 * np.sin(40 * places)], axis=1), 0.012, ink)
    _keys(canvas, (-0.46, 0.03, 0.46, 0.27), detail, ink)


def _violin(canvas: Canvas, ink: Color, detail: Color) -> None:
    canvas = canvas.frame(-0.06, 0.0, 1.1, turn=-0.4)
    half = [(0.0, -0.08), (0.1, -0.06), (0.135, 0.02), (0.13, 0.09), (0.08, 0.15), (0.08, 0.22), (0.16, 0.28)]
    canvas.fill(_mirrored([*half, (0.18, 0.38), (0.11, 0.48)], end=(0.0, 0.5)), ink)
    canvas.tube(np.array([(0.0, -0.4), (0.0, 0.12)]), (0.035, 0.06), ink)
    canvas.disc(0.0, -0.44, 0.05, ink)
    canvas.disc(0.0, -0.44, 0.018, detail)
    for side in (-1, 1):
        hole = [(0.075 * side, 0.13), (0.05 * side, 0.16), (0.07 * side, 0.25), (0.045 * side, 0.28)]
        canvas.stroke(smooth(hole), 0.014, detail)
        canvas.stroke([(0.012 * side, -0.36), (0.012 * side, 0.36)], 0.005, detail)
    canvas.fill([(-0.03, 0.34), (0.03, 0.34), (0.015, 0.46), (-0.015, 0.46)], detail)
    canvas.stroke(smooth([(0.36, -0.46), (0.3, 0.0), (0.26, 0.48)]), 0.016, ink)
    canvas.stroke([(0.385, -0.44), (0.285, 0.46)], 0.006, ink)


def _flute(canvas: Canvas, ink: Color, detail: Color) -> None:
    canvas = canvas.frame(0.0, 0.0, 1.0, turn=-0.7)
    canvas.fill(box(-0.62, -0.035, 0.6, 0.035), ink)
    canvas.fill(box(-0.62, -0.045, -0.3, 0.045), ink)
    canvas.fill(ellipse(-0.47, -0.03, 0.13, 0.06), ink)
    canvas.fill(ellipse(-0.47, -0.03, 0.05, 0.028), detail)
    canvas.stroke([(-0.3, -0.045), (-0.3, 0.045)], 0.012, detail)
    for place in (*np.linspace(-0.18, 0.16, 6).tolist(), 0.3, 0.38, 0.46):
        canvas.disc(place, -0.03, 0.034, ink)
        canvas.disc(place, -0.03, 0.018, detail)
    canvas.stroke([(-0.22, 0.055), (0.5, 0.055)], 0.012, ink)


def _saxophone(canvas: Canvas, ink: Color, detail: Color) -> None:
    body = smooth([(-0.26, -0.46), (-0.1, -0.44), (-0.04, -0.3), (0.0, 0.0), (0.02, 0.26), (0.12, 0.42), (0.25, 0.34)])
    canvas.tube(body, (0.03, 0.04, 0.055, 0.08, 0.11, 0.14, 0.15), ink)
    canvas.tube(smooth([(0.2, 0.4), (0.27, 0.3), (0.29, 0.15), (0.31, -0.06)]), (0.14, 0.15, 0.18, 0.34), ink)
    canvas.fill([(-0.36, -0.43), (-0.25, -0.48), (-0.25, -0.43), (-0.35, -0.4)], ink)
    for number in range(6):
        x, y = -0.03 + 0.008 * number, -0.2 + 0.085 * number
        canvas.disc(x, y, 0.026 + 0.002 * number, detail)
        canvas.disc(x, y, 0.012, ink)
    canvas.stroke([(0.055, -0.16), (0.1, 0.24)], 0.014, ink)
    canvas.fill(_bell(0.315, -0.065), detail)


def _bell(x: float, y: float) -> Points:
    """The mouth of a saxophone's bell, seen aslant."""
    outline: Points = ellipse(0.0, 0.0, 0.3, 0.06) @ np.array([(0.98, 0.2), (-0.2, 0.98)]) + (x, y)
    return outline


def _trumpet(canvas: Canvas, ink: Color, detail: Color) -> None:
    canvas = canvas.frame(0.0, 0.0, 1.0, turn=-0.3)
    canvas.tube(smooth([(-0.5, -0.08), (0.15, -0.08), (0.36, -0.08), (0.5, -0.08)]), (0.04, 0.05, 0.1, 0.38), ink)
    loop = [(0.1, -0.08), (0.26, -0.04), (0.28, 0.06), (0.16, 0.14), (-0.2, 0.14), (-0.3, 0.08), (-0.26, -0.04)]
    canvas.tube(smooth(loop), (0.04, 0.04, 0.04), ink)
    canvas.fill([(-0.54, -0.13), (-0.48, -0.1), (-0.48, -0.06), (-0.54, -0.03)], ink)
    for place in (-0.12, -0.03, 0.06):
        canvas.fill(box(place - 0.034, -0.17, place + 0.034, 0.22), ink)
        canvas.stroke([(place, -0.17), (place, -0.25)], 0.02, ink)
        canvas.fill(box(place - 0.035, -0.28, place + 0.035, -0.25), ink)
        canvas.stroke([(place - 0.034, -0.01), (place + 0.034, -0.01)], 0.012, detail)
        canvas.stroke([(place - 0.034, 0.12), (place + 0.034, 0.12)], 0.012, detail)


def _vibraphone(canvas: Canvas, ink: Color, detail: Color) -> None:
    for number, place in enumerate(np.linspace(-0.46, 0.46, 11).tolist()):
        reach = 0.36 - 0.018 * number
        canvas.fill(box(place - 0.034, -reach, place + 0.034, reach), ink)
        canvas.disc(place, -0.6 * reach, 0.011, detail)
        canvas.disc(place, 0.6 * reach, 0.011, detail)
    for x, y, end in ((-0.12, -0.05, -0.34), (0.16, 0.1, 0.42)):
        canvas.stroke([(x, y), (end, 0.5)], 0.034, detail)
        canvas.stroke([(x, y), (end, 0.5)], 0.018, ink)
        canvas.disc(x, y, 0.068, detail)
        canvas.disc(x, y, 0.052, ink)


def _drums(canvas: Canvas, ink: Color, detail: Color) -> None:
    for x, reach, slope in ((-0.36, 0.15, 0.1), (0.36, 0.15, -0.1)):
        canvas.stroke([(x, -0.36), (x * 0.95, 0.46)], 0.016, ink)
        canvas.stroke([(x - reach, -0.36 + slope / 2), (x + reach, -0.36 - slope / 2)], 0.026, ink)
    for x in (-0.15, 0.15):
        canvas.fill(box(x - 0.12, -0.26, x + 0.12, -0.08), ink)
        canvas.fill(ellipse(x, -0.26, 0.24, 0.09), detail)
        canvas.fill(ellipse(x, -0.255, 0.2, 0.065), ink)
    canvas.disc(0.0, 0.18, 0.29, ink)
    canvas.ring(0.0, 0.18, 0.25, width=0.016, color=detail)
    canvas.disc(0.0, 0.18, 0.07, detail)
    for x in (-0.36, 0.36):
        canvas.fill(box(x - 0.12, 0.12, x + 0.12, 0.36), ink)
        canvas.stroke([(x - 0.12, 0.17), (x + 0.12, 0.17)], 0.014, detail)
        canvas.stroke([(x - 0.12, 0.31), (x + 0.12, 0.31)], 0.014, detail)


# By the names in ``taxonomy.INSTRUMENTS``.
INSTRUMENT_DRAWINGS: dict[str, Callable[[Canvas, Color, Color], None]] = {
    "vocals": _microphone,
    "acoustic guitar": _acoustic_guitar,
    "electric guitar": _electric_guitar,
    "piano": _piano,
    "organ": _organ,
    "synthesizer": _synthesizer,
    "violin": _violin,
    "flute": _flute,
    "saxophone": _saxophone,
    "trumpet": _trumpet,
    "vibraphone": _vibraphone,
    "drums": _drums,
}
