"""The same as ``item_page`` as a figure for papers: labels, shares, cover, words and tracks on one sheet."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import import_extra
from tutti.explain.cover_maps import lay_over
from tutti.explain.figures import ORANGE, STYLE, WIDTH, check_suffix, save_figure
from tutti.explain.items import ABSENT, ItemExplanation
from tutti.explain.seconds import TrackSeconds

BLUE, GREY = "#2166ac", "0.55"
N_LABELS, N_WORDS, N_TRACKS = 5, 12, 8
LABEL_HEIGHT, COVER_HEIGHT, TRACK_HEIGHT, REST_HEIGHT = 0.17, 2.2, 0.42, 0.75  # inches; the rest: title and axis
LONGEST = 28  # letters of a track's or a word's name
NAMES = {"audio": "sound", "image": "cover", "text": "text"}


def draw_item(made: ItemExplanation, path: Path, *, n_labels: int = N_LABELS) -> None:
    """Draw an explanation. Orange speaks for the label, blue against it.

    Args:
        made: What to show; of a long album the tracks in which most happens.
        path: A file ending in .png or .svg.
        n_labels: How many of the most probable labels to show beside the one that is explained.

    Raises:
        MissingExtraError: matplotlib is not installed.
        ConfigError: The file's suffix is another.
    """
    check_suffix(path)
    matplotlib = import_extra("matplotlib", extra="figures", purpose="drawing a figure")
    figures = import_extra("matplotlib.figure", extra="figures", purpose="drawing a figure")
    tracks = _shown(made)
    n_rows = max(5, len(made.shares.top(n_labels, always=made.label)), 2 * len(made.shares.modalities))
    is_empty = made.cover is None and made.words is None
    heights = [
        LABEL_HEIGHT * n_rows + 0.3,
        REST_HEIGHT if is_empty else COVER_HEIGHT,
        REST_HEIGHT + TRACK_HEIGHT * len(tracks),
    ]
    with matplotlib.rc_context(STYLE):
        figure = figures.Figure(figsize=(WIDTH, sum(heights) + 1.2), layout="constrained")
        figure.suptitle(made.title, x=0.01, ha="left", fontsize=9, parse_math=False)
        upper, middle, lower = figure.subfigures(3, 1, height_ratios=heights, hspace=0.03)
        left, right = upper.subplots(1, 2)
        _draw_labels(left, made, n_labels)
        _draw_shares(right, made)
        left, right = middle.subplots(1, 2, width_ratios=(1, 1.4))
        _draw_cover(left, made)
        _draw_words(right, made)
        if tracks:
            _draw_tracks(lower.subplots(len(tracks), 1, squeeze=False)[:, 0], tracks, made)
        else:
            _draw_absence(lower.subplots(), made, "audio")
        save_figure(figure, path)


def _shown(made: ItemExplanation) -> list[TrackSeconds]:
    """The tracks in which most happens, in their order."""
    heard = [one for one in made.seconds if np.isfinite(one.values).any()]
    most = sorted(heard, key=lambda one: -float(np.nanmax(np.abs(one.values))))[:N_TRACKS]
    return [one for one in heard if one in most]


def _draw_labels(axes: Any, made: ItemExplanation, n_labels: int) -> None:
    labels = made.shares.top(n_labels, always=made.label)
    values = [float(made.shares.whole[made.shares.column(label)]) for label in labels]
    colours = [ORANGE if label == made.label else "#f0c29b" for label in labels]
    bars = axes.barh(range(len(labels)), values, color=colours)
    axes.bar_label(bars, fmt="%.2f", padding=2)
    axes.set_yticks(range(len(labels)), [_short(label) for label in labels], parse_math=False)
    if made.unit != "value":
        axes.set_xlim(0, 1.12)
    axes.set_title("prediction", loc="left")
    _bars_only(axes)


def _draw_shares(axes: Any, made: ItemExplanation) -> None:
    shares = made.shares
    lost = shares.contributions[:, shares.column(made.label)]
    colours = [ORANGE if value > 0 else BLUE for value in lost]
    axes.barh(range(len(lost)), np.nan_to_num(lost), color=colours)
    _around_zero(axes, lost, room=2.8)
    for row, value in enumerate(lost):
        told = f"{value:+.3f}" if math.isfinite(value) else _untold(made, row)
        if shares.weights is not None and shares.presence[row]:
            told += f"  (weight {100 * shares.weights[row]:.0f} %)"
        shown, side = (value, "right" if value < 0 else "left") if math.isfinite(value) else (0.0, "left")
        gap = (3 if side == "left" else -3, 0)
        axes.annotate(told, (shown, row), gap, textcoords="offset points", va="center", ha=side)
    axes.set_yticks(range(len(lost)), [NAMES.get(one, one) for one in shares.modalities])
    axes.set_title(f"what “{made.label}” loses without it", loc="left", parse_math=False)
    _bars_only(axes)


def _untold(made: ItemExplanation, row: int) -> str:
    return "all there is" if made.shares.presence[row] else made.absence(made.shares.modalities[row])


def _draw_cover(axes: Any, made: ItemExplanation) -> None:
    if made.cover is None:
        _draw_absence(axes, made, "image")
        return
    pair = [made.cover.seen, lay_over(made.cover.seen, made.cover.values)]
    gap = np.full((made.cover.seen.shape[0], max(1, made.cover.seen.shape[1] // 16), 3), 255, dtype=np.uint8)
    axes.imshow(np.concatenate([pair[0], gap, pair[1]], axis=1), interpolation="nearest")
    axes.set_anchor("NW")
    axes.set_title("the cover, and what speaks for the label", loc="left")
    axes.set_axis_off()


def _draw_words(axes: Any, made: ItemExplanation) -> None:
    found = [] if made.words is None else made.words.top(N_WORDS)
    if not found:
        _draw_absence(axes, made, "text", otherwise="no word of the text changes anything")
        return
    values = np.array([one.value for one in found])
    axes.barh(range(len(values)), values, color=[ORANGE if value > 0 else BLUE for value in values])
    axes.set_yticks(range(len(values)), [_short(" ".join(one.text.split())) for one in found], parse_math=False)
    _around_zero(axes, values, room=1.1)
    axes.set_title(f"words ({made.unit})", loc="left")
    axes.tick_params(axis="x", labelsize=7)
    axes.locator_params(axis="x", nbins=5)
    _bars_only(axes, with_scale=True)


def _draw_tracks(rows: Any, tracks: list[TrackSeconds], made: ItemExplanation) -> None:
    """Bars over time, all on one scale; each track as wide as it is long."""
    largest = max(float(np.nanmax(np.abs(one.values))) for one in tracks) or 1.0
    longest = max(one.duration for one in tracks)
    for axes, one in zip(rows, tracks, strict=True):
        starts, widths = one.edges[:-1], np.diff(one.edges)
        for begin, width in zip(starts[np.isnan(one.values)], widths[np.isnan(one.values)], strict=True):
            axes.axvspan(begin, begin + width, color="0.92", linewidth=0)
        colours = [ORANGE if value > 0 else BLUE for value in one.values]
        axes.bar(starts, np.nan_to_num(one.values), widths, align="edge", color=colours)
        axes.plot([0, one.duration], [0, 0], color=GREY, linewidth=0.6)
        axes.set_xlim(0, longest)
        axes.set_ylim(-largest, largest)
        axes.set_yticks([])
        axes.set_ylabel(_short(one.track.name), rotation=0, ha="right", va="center", parse_math=False)
        axes.spines[["left", "right", "top", "bottom"]].set_visible(False)
        axes.tick_params(axis="x", length=0 if axes is not rows[-1] else 2.5, labelbottom=axes is rows[-1])
    rows[-1].set_xlabel("time (s)")
    left_out = len(made.seconds) - len(tracks)
    of_these = f"; not drawn: {left_out} of {len(made.seconds)} tracks" if left_out else ""
    rows[0].set_title(f"seconds ({made.unit}, at most {largest:.2g}; grey: not heard{of_these})", loc="left")


def _draw_absence(axes: Any, made: ItemExplanation, modality: str, *, otherwise: str | None = None) -> None:
    told = made.notes.get(modality, otherwise or ABSENT[modality])
    if modality not in made.shares.modalities:
        told = f"{made.model} takes no account of it"
    where = {"ha": "center", "va": "center", "transform": axes.transAxes}
    axes.text(0.5, 0.5, "\n".join(textwrap.wrap(told, 48)), color=GREY, style="italic", parse_math=False, **where)
    axes.set_title(NAMES[modality], loc="left")
    axes.set_axis_off()


def _around_zero(axes: Any, values: NDArray[np.floating[Any]], *, room: float) -> None:
    """As far on both sides as the largest value, times ``room`` for the numbers beside the bars."""
    known = values[np.isfinite(values)]
    largest = float(np.abs(known).max(initial=0.0)) or 1.0
    axes.set_xlim(-room * largest if (known < 0).any() else -0.1 * largest, room * largest)
    axes.axvline(0, color=GREY, linewidth=0.6)


def _bars_only(axes: Any, *, with_scale: bool = False) -> None:
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    if not with_scale:
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
