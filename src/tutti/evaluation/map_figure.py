"""The picture of a map of items: a panel for each projection, and for each kind of things where there are several.

The page is ``tutti.serve.map_page``.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tutti.errors import ConfigError, import_extra
from tutti.evaluation.maps import ItemMap
from tutti.files import atomic_file

# Okabe and Ito's, told apart by colour-blind readers; their yellow is too pale for dots on white
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D1F")
OTHER = "0.75"
FORMATS = (".png", ".svg")
TAGS = "tags"  # the kind of things whose names are written beside them
PANEL_INCHES, DPI = 5.0, 150


def check_picture(path: Path) -> None:
    """Make sure that a map can be drawn into a file, before it is made.

    Raises:
        ConfigError: The path ends otherwise than in .png or .svg.
        MissingExtraError: matplotlib is not installed.
    """
    _figures_for(path)


def _figures_for(path: Path) -> ModuleType:
    if path.suffix not in FORMATS:
        raise ConfigError(f"{path.name} is no figure's name", hint=f"end it with {' or '.join(FORMATS)}")
    return import_extra("matplotlib.figure", extra="figures", purpose="drawing the map")


def draw_map(drawn: ItemMap, path: Path) -> None:
    """Draw the map.

    Args:
        drawn: The map.
        path: A .png or .svg file.

    Raises:
        ConfigError: The path ends otherwise.
        MissingExtraError: matplotlib is not installed.
    """
    figures = _figures_for(path)
    kinds = list(dict.fromkeys(drawn.kinds)) or [""]
    wanted = [(projection, kind) for projection in drawn.points for kind in kinds]
    figure = figures.Figure(figsize=(PANEL_INCHES * len(wanted), PANEL_INCHES + 1.0), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, len(wanted)))
    of_kind = np.array(drawn.kinds or [""] * len(drawn.items))
    colours = np.array([label or "" for label in drawn.colours])
    size = float(np.clip(4_000 / len(drawn.items), 6, 40))
    dots: dict[str, Any] = {}
    for panel, (projection, kind) in zip(panels, wanted, strict=True):
        for label, colour in [("", OTHER), *zip(drawn.legend, PALETTE, strict=False)]:
            some = drawn.points[projection][(colours == label) & (of_kind == kind)]
            if len(some):
                name = label or "others"
                dots[name] = panel.scatter(some[:, 0], some[:, 1], s=size, color=colour, label=name, linewidths=0)
        for index in np.flatnonzero(of_kind == kind).tolist() if kind == TAGS else ():
            name, place = drawn.items[index].title, drawn.points[projection][index]
            panel.annotate(name, place, (0, 4), textcoords="offset points", fontsize="x-small", ha="center")
        title = f"{projection}: {kind}" if kind else projection
        panel.set(title=title, xticks=[], yticks=[], aspect="equal", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        panel.spines[["top", "right", "bottom", "left"]].set_color("0.8")
    ncols = min(5 * len(wanted), len(dots))
    figure.legend(dots.values(), dots.keys(), loc="outside lower center", ncols=ncols, fontsize="small", frameon=False)
    figure.suptitle(f"{drawn.model}: {drawn.setting}", fontsize="small")
    with atomic_file(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], dpi=DPI)
