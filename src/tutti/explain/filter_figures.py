"""Learned filters as figures: banks of harmonics, spectra of filters on waveforms, tall filters on spectrograms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tutti.errors import import_extra
from tutti.explain.figures import ORANGE, STYLE, TAG_COLOURS, WIDTH, check_suffix, save_figure
from tutti.explain.filters import Filters, HarmonicBank, SpectrogramFilters, WaveformFilters

N_COLUMNS, N_ROWS = 12, 3  # of tall filters, the strongest of all
LINE_COLOURS = ("#1b1b4f", "#3f4f9e", "#6f6fc0", "#a07fc8", "#c79bd0", "#e3b7cf", "#efd0d0")  # by harmonic


def draw_filters(filters: Filters, path: Path, *, title: str) -> None:
    """Draw what :func:`tutti.explain.filters.learned_filters` found.

    Args:
        filters: Of any kind.
        path: A file ending in .png or .svg.
        title: What stands above it.

    Raises:
        MissingExtraError: matplotlib is not installed.
        ConfigError: The file's suffix is another.
    """
    if isinstance(filters, HarmonicBank):
        _draw_bank(filters, path, title)
    elif isinstance(filters, WaveformFilters):
        _draw_spectra(filters, path, title)
    else:
        _draw_kernels(filters, path, title)


@contextmanager
def _figure(path: Path, height: float, *, title: str) -> Iterator[Any]:
    check_suffix(path)
    matplotlib = import_extra("matplotlib", extra="figures", purpose="drawing a figure")
    figures = import_extra("matplotlib.figure", extra="figures", purpose="drawing a figure")
    with matplotlib.rc_context(STYLE):
        figure = figures.Figure(figsize=(WIDTH, height), layout="constrained")
        figure.suptitle(title, x=0.01, ha="left", fontsize=8, parse_math=False)
        yield figure
        save_figure(figure, path)


def _draw_bank(bank: HarmonicBank, path: Path, title: str) -> None:
    """Some filters of each harmonic as triangles over frequency, and all bandwidths over centre frequency."""
    with _figure(path, 2.7, title=f"{title}, Q = {bank.q:.2f}") as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
        n_harmonics, n_bands = bank.centres.shape
        shown = np.linspace(0, n_bands - 1, 9).round().astype(int)
        for harmonic in range(n_harmonics):
            for centre, width in zip(bank.centres[harmonic, shown], bank.bandwidths[harmonic, shown], strict=True):
                feet = np.array([centre - width / 2, centre, centre + width / 2]) / 1000
                left.plot(feet, np.array([0, 0.9, 0]) - harmonic, color=LINE_COLOURS[harmonic], linewidth=0.9)
        left.set_yticks(-np.arange(n_harmonics), [f"{harmonic}" for harmonic in range(1, n_harmonics + 1)])
        left.set(xlabel="frequency (kHz)", ylabel="harmonic", xlim=(0, None))
        order = np.argsort(bank.centres.ravel())
        centres = bank.centres.ravel()[order] / 1000
        right.plot(centres, bank.bandwidths.ravel()[order], color=LINE_COLOURS[0], linewidth=1.4, label="this model")
        right.plot(
            centres,
            bank.untrained.ravel()[order],
            color=ORANGE,
            linewidth=1.2,
            linestyle=(0, (4, 2)),
            label="Glasberg and Moore (Q = 1)",
        )
        right.set(xlabel="centre frequency (kHz)", ylabel="bandwidth (Hz)", xlim=(0, None), ylim=(0, None))
        right.legend(frameon=False)


def _draw_spectra(filters: WaveformFilters, path: Path, title: str) -> None:
    with _figure(path, 2.8, title=f"{title}, {len(filters.spectra)} filters of {filters.n_taps} taps") as figure:
        axes = figure.subplots()
        extent = (0.5, len(filters.spectra) + 0.5, 0, filters.frequencies[-1] / 1000)
        image = axes.imshow(
            filters.spectra.T, origin="lower", aspect="auto", extent=extent, cmap=TAG_COLOURS, vmin=0, vmax=1
        )
        axes.set(xlabel="filter, by the frequency of its peak", ylabel="frequency (kHz)")
        bar = figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03)
        bar.set_label("magnitude (relative)")
        bar.outline.set_linewidth(0.4)


def _draw_kernels(filters: SpectrogramFilters, path: Path, title: str) -> None:
    """The strongest tall filters; each has its own scale of colours, white is 0."""
    n_shown = min(len(filters.kernels), N_COLUMNS * N_ROWS)
    n_rows = -(-n_shown // N_COLUMNS)
    _, n_bands, n_frames = filters.kernels.shape
    words = (
        f"{title}, the strongest {n_shown} of {len(filters.kernels)} filters of {n_bands} bands by {n_frames} frames"
    )
    with _figure(path, 0.4 + 1.35 * n_rows, title=words) as figure:
        panels = figure.subplots(n_rows, min(N_COLUMNS, n_shown), squeeze=False)
        for number, panel in enumerate(panels.ravel()):
            panel.set(xticks=[], yticks=[])
            if number >= n_shown:
                panel.set_axis_off()
                continue
            kernel = filters.kernels[number]
            most = np.abs(kernel).max()
            image = panel.imshow(kernel, origin="lower", aspect="auto", cmap="PuOr", vmin=-most, vmax=most)
        for row in panels:
            row[0].set_yticks([0, n_bands - 1], ["1", f"{n_bands}"])
        panels[n_rows // 2, 0].set_ylabel("band")
        milliseconds = 1000 * filters.frame_seconds * n_frames
        panels[-1, 0].set_xlabel(f"{milliseconds:.0f} ms")
        bar = figure.colorbar(image, ax=panels, pad=0.01, fraction=0.02, ticks=[-most, 0, most])
        bar.ax.set_yticklabels(["−", "0", "+"])
        bar.set_label("weight")
        bar.outline.set_linewidth(0.4)
