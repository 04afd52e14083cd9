"""A map of items as one HTML page: coloured by label, covers on pointing at a dot, a button for each projection.

Where items lie says ``tutti.evaluation.maps``. Style and script are those of the report page, whose own map is
``atlas``'s.
"""

from __future__ import annotations

import json
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray

from tutti.data.items import Item
from tutti.evaluation.maps import ItemMap
from tutti.files import write_text
from tutti.serve import figures
from tutti.serve.sections import address

SIDE, MARGIN = 800, 24  # of the drawing
COVER_SIDE = 64  # pixels
N_TAGS_SHOWN = 4


def write_map(drawn: ItemMap, output: Path) -> Path:
    """Write the page, and say where it is.

    Args:
        drawn: The map.
        output: The page's file, or a folder for its ``index.html``.
    """
    page = output if output.suffix == ".html" else output / "index.html"
    folder = resources.files("tutti.serve")
    scripts = [(folder / name).read_text(encoding="utf-8") for name in ("report.js", "map.js")]
    filled = Template((folder / "map.html").read_text(encoding="utf-8")).substitute(
        title=escape(f"{drawn.model} on {drawn.dataset}"),
        note=_note(drawn),
        switch=_switch(drawn),
        legend=_legend(drawn),
        drawing=_drawing(drawn),
        data=_data(drawn, page),
        style=(folder / "report.css").read_text(encoding="utf-8"),
        script="\n".join(scripts),
    )
    write_text(page, filled)
    return page


def _note(drawn: ItemMap) -> str:
    of_several = "; of several, the rarest of the most common ones" if drawn.coloured_by == "tag" else ""
    return (
        f"Items whose vectors by <b>{escape(drawn.model)}</b> are alike lie close together ({escape(drawn.setting)}). "
        f"The colour is the {escape(drawn.coloured_by.replace('_', ' '))}{of_several}. Distances between groups, and "
        f"their sizes, mean little.{_fitted_on(drawn)} Point at an item to see it, click to hear it."
    )


def _fitted_on(drawn: ItemMap) -> str:
    first, *others = dict.fromkeys(drawn.kinds or ("",))
    if not others:
        return ""
    return f" The map was made of the {escape(first)} alone; {escape(' and '.join(others))} were placed on it."


def _switch(drawn: ItemMap) -> str:
    if len(drawn.points) == 1:
        return f"<span>{escape(next(iter(drawn.points)))}</span>"
    return "".join(
        f'<button type="button" class="key" data-projection="{number}" aria-pressed="{str(number == 0).lower()}">'
        f"{escape(title)}</button>"
        for number, title in enumerate(drawn.points)
    )


def _legend(drawn: ItemMap) -> str:
    buttons = [
        f'<button type="button" class="key c{number}" data-colour="c{number}">{escape(label)}</button>'
        for number, label in enumerate(drawn.legend)
    ]
    for number, kind in enumerate(dict.fromkeys(drawn.kinds)):
        buttons.append(
            f'<button type="button" class="key kind{number}" data-colour="kind{number}">{escape(kind)}</button>'
        )
    if None in drawn.colours:
        buttons.append('<button type="button" class="key other" data-colour="other">others</button>')
    return "".join(buttons)


def _drawing(drawn: ItemMap) -> str:
    """A circle for each item, which knows its place in every projection."""
    kinds = list(dict.fromkeys(drawn.kinds))
    class_of = {label: f"c{number}" for number, label in enumerate(drawn.legend)}
    placed = [_in_pixels(points) for points in drawn.points.values()]
    circles = []
    for index, colour in enumerate(drawn.colours):
        places = [f"{x:.1f} {y:.1f}" for x, y in (points[index] for points in placed)]
        x, y = places[0].split()
        known = "".join(f' data-p{number}="{place}"' for number, place in enumerate(places))
        css = "other" if colour is None else class_of[colour]
        css += f" kind{kinds.index(drawn.kinds[index])}" if kinds else ""
        circles.append(f'<circle class="{css}" data-track="{index}" cx="{x}" cy="{y}" r="5"{known}/>')
    label = f"map of {len(circles)} items; near ones are alike to {drawn.model}"
    return f'<svg viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{escape(label)}">{"".join(circles)}</svg>'


def _in_pixels(points: NDArray[np.float32]) -> list[list[float]]:
    """Up is up: the picture's rows run downwards, the points' second number upwards."""
    across, up = points[:, 0], 1 - points[:, 1]
    placed: list[list[float]] = (MARGIN + np.stack([across, up], axis=1) * (SIDE - 2 * MARGIN)).tolist()
    return placed


def _data(drawn: ItemMap, page: Path) -> str:
    rows = [_row(item, page) for item in drawn.items]
    # A title may hold "</script>": no "<" of the data reaches the page as itself.
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _row(item: Item, page: Path) -> dict[str, str | list[str] | None]:
    covers = (figures.thumbnail(cover, side=COVER_SIDE) for cover in item.covers)
    sounds = [track.audio for track in item.sounds]
    return {
        "title": item.title,
        "artist": item.artist or "",
        "tags": list(item.tags[:N_TAGS_SHOWN]),
        "cover": next((one for one in covers if one is not None), None),
        "audio": address(sounds[0], page=page) if sounds else None,
    }
