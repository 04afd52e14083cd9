"""Maps as figures for papers: PNG and SVG, with the spectrogram above or below them on the same axis of time.

Sounds are grey, the darker the louder; probabilities go from white to violet, what speaks for a tag is orange. All of
these can be told apart by the colour-blind and in grey print. Learned filters are drawn in ``filter_figures``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, import_extra
from tutti.explain.attention import AttentionMap
from tutti.explain.contribution import ContributionMap
from tutti.explain.gradcam import ClassMap
from tutti.explain.spectrograms import Spectrogram
from tutti.explain.taggrams import Taggram
from tutti.files import atomic_file

SUFFIXES = (".png", ".svg")
WIDTH = 7.5  # inches: two columns of most journals
SOUND_HEIGHT, ROW_HEIGHT, STRIP_HEIGHT = 1.7, 0.19, 0.5
SOUND_COLOURS, TAG_COLOURS = "Greys", "BuPu"
ORANGE = "#d95f02"
FREQUENCY_TICKS = (250, 500, 1000, 2000, 4000, 8000)  # Hz
STYLE = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.linewidth": 0.6,
    "axes.edgecolor": "0.35",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "tutti",
}


def draw_taggram(taggram: Taggram, sound: Spectrogram, path: Path, *, title: str) -> None:
    """The spectrogram and, below it, a row for each label of a taggram; choose labels with ``taggram.top``.

    Args:
        taggram: The map.
        sound: The same stretch of sound.
        path: A file ending in .png or .svg.
        title: What stands above it.

    Raises:
        MissingExtraError: matplotlib is not installed.
        ConfigError: The file's suffix is another.
    """
    edges = _columns(taggram.times, sound)
    with _figure(path, [SOUND_HEIGHT, _rows_height(taggram.labels)], title=title) as (upper, lower):
        _draw_sound(upper, sound)
        _draw_tags(lower, edges, taggram.labels, taggram.probabilities)
        _finish_time_axis(lower, sound)


def draw_contribution(contribution: ContributionMap, sound: Spectrogram, path: Path, *, title: str) -> None:
    """The spectrogram and, below it, what each moment says of each label; arguments as of :func:`draw_taggram`."""
    edges = _columns(contribution.times, sound)
    with _figure(path, [SOUND_HEIGHT, _rows_height(contribution.labels)], title=title) as (upper, lower):
        _draw_sound(upper, sound)
        _draw_tags(lower, edges, contribution.labels, contribution.probabilities)
        if contribution.joined_at is not None:
            for axes in (upper, lower):
                axes.axvline(contribution.joined_at, color=ORANGE, linewidth=1.2, linestyle=(0, (4, 2)))
        _finish_time_axis(lower, sound)


def draw_attention(attention: AttentionMap, sound: Spectrogram, path: Path, *, title: str) -> None:
    """The spectrogram and, below it, a strip of attention; arguments as of :func:`draw_taggram`."""
    with _figure(path, [SOUND_HEIGHT, STRIP_HEIGHT], title=title) as (upper, lower):
        _draw_sound(upper, sound)
        edges = _columns(attention.times, sound)
        mesh = lower.pcolormesh(edges, [0, 1], attention.values[None], cmap=TAG_COLOURS, vmin=0, rasterized=True)
        lower.set_yticks([0.5], [f"attention\n{_heads(attention)}"])
        lower.tick_params(axis="y", length=0)
        _colour_bar(mesh, lower, "weight")
        _finish_time_axis(lower, sound)


def draw_class_map(found: ClassMap, sound: Spectrogram, path: Path, *, title: str) -> None:
    """The spectrogram, a class-activation map laid over it, and the map's maximum over all bands below.

    A map that knows no frequencies is drawn below alone. Arguments as of :func:`draw_taggram`.
    """
    edges = _columns(found.times, sound)
    with _figure(path, [1.3 * SOUND_HEIGHT, STRIP_HEIGHT], title=title) as (upper, lower):
        _draw_sound(upper, sound)
        if found.frequencies is not None:
            shown = _colours("Oranges")(0.35 + 0.6 * on_bands_of(found, sound))
            shown[..., 3] = np.clip(1.6 * on_bands_of(found, sound), 0, 0.8)  # where nothing speaks, the sound shows
            upper.pcolorfast(edges, np.arange(len(sound.frequencies) + 1) - 0.5, shown)
        mesh = lower.pcolormesh(
            edges, [0, 1], found.values.max(axis=0, keepdims=True), cmap="Oranges", vmin=0, vmax=1, rasterized=True
        )
        lower.set_yticks([0.5], [found.label], parse_math=False)
        lower.tick_params(axis="y", length=0)
        _colour_bar(mesh, lower, "activation")
        _finish_time_axis(lower, sound)


@contextmanager
def _figure(path: Path, heights: list[float], *, title: str) -> Iterator[Any]:
    """Axes above each other, which share their axis of time; written to the file when the block ends."""
    check_suffix(path)
    matplotlib = import_extra("matplotlib", extra="figures", purpose="drawing a figure")
    figures = import_extra("matplotlib.figure", extra="figures", purpose="drawing a figure")
    with matplotlib.rc_context(STYLE):
        figure = figures.Figure(figsize=(WIDTH, sum(heights) + 0.75), layout="constrained")
        figure.get_layout_engine().set(h_pad=0.03, hspace=0.03)
        axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
        axes[0].set_title(title, loc="left", parse_math=False)
        yield axes
        save_figure(figure, path)


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure atomically, without the date, so that the same figure gives the same bytes."""
    metadata = {"Date": None} if path.suffix == ".svg" else None
    with atomic_file(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], dpi=200, metadata=metadata)


def check_suffix(path: Path) -> None:
    """Make sure that a figure can be written to a file.

    Raises:
        ConfigError: Its suffix is neither .png nor .svg.
    """
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"no figure can be written as {path.name}", hint=f"end its name in {' or '.join(SUFFIXES)}")


def _draw_sound(axes: Any, sound: Spectrogram) -> None:
    n_bands = len(sound.frequencies)
    extent = (sound.start, sound.start + sound.duration, -0.5, n_bands - 0.5)
    image = axes.imshow(
        sound.decibels, origin="lower", aspect="auto", extent=extent, cmap=SOUND_COLOURS, interpolation="nearest"
    )
    ticks = [hertz for hertz in FREQUENCY_TICKS if sound.frequencies[0] < hertz < 1.05 * sound.frequencies[-1]]
    places = np.interp(ticks, sound.frequencies, np.arange(n_bands))
    axes.set_yticks(places, [f"{hertz / 1000:g}" for hertz in ticks])
    axes.set_ylabel("frequency (kHz)")
    _colour_bar(image, axes, "level (dB)")


def _draw_tags(axes: Any, edges: NDArray[np.float64], labels: tuple[str, ...], values: NDArray[np.float32]) -> None:
    """A row for each label, the first on top."""
    mesh = axes.pcolormesh(
        edges, np.arange(len(labels) + 1) - 0.5, values.T, cmap=TAG_COLOURS, vmin=0, vmax=1, rasterized=True
    )
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_yticks(np.arange(1, len(labels)) - 0.5, minor=True)
    axes.grid(axis="y", which="minor", color="white", linewidth=1)
    axes.tick_params(axis="y", which="minor", length=0)
    _colour_bar(mesh, axes, "probability")


def _colour_bar(shown: Any, axes: Any, label: str) -> None:
    bar = axes.figure.colorbar(shown, ax=axes, pad=0.01, fraction=0.03, aspect=12)
    bar.set_label(label)
    bar.outline.set_linewidth(0.4)


def _finish_time_axis(axes: Any, sound: Spectrogram) -> None:
    axes.set_xlim(sound.start, sound.start + sound.duration)
    axes.set_xlabel("time (s)")


def column_edges(times: NDArray[np.float64], *, start: float, end: float) -> NDArray[np.float64]:
    """Between columns with these middles; the outermost reach to the ends of the sound. Shape (columns + 1,)."""
    between = (times[1:] + times[:-1]) / 2
    return np.concatenate([[min(start, times[0])], between, [max(end, times[-1])]])


def _columns(times: NDArray[np.float64], sound: Spectrogram) -> NDArray[np.float64]:
    return column_edges(times, start=sound.start, end=sound.start + sound.duration)


def on_bands_of(found: ClassMap, sound: Spectrogram) -> NDArray[np.float64]:
    """A class map at the spectrogram's bands, or the same at all of them where it knows no frequencies.

    Returns:
        Shape (bands of the spectrogram, frames of the map).
    """
    if found.frequencies is None:
        return np.repeat(found.values.astype(np.float64), len(sound.frequencies), axis=0)
    columns = found.values.T.astype(np.float64)
    return np.stack([np.interp(sound.frequencies, found.frequencies, column, right=0.0) for column in columns], axis=1)


def _colours(name: str) -> Any:
    matplotlib = import_extra("matplotlib", extra="figures", purpose="drawing a figure")
    return matplotlib.colormaps[name]


def _rows_height(labels: tuple[str, ...]) -> float:
    return max(STRIP_HEIGHT, ROW_HEIGHT * len(labels))


def _heads(attention: AttentionMap) -> str:
    heads = f"head {attention.heads[0]}" if len(attention.heads) == 1 else f"{len(attention.heads)} heads"
    return f"layer {attention.layer}, {heads}"
