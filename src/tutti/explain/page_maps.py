"""Each kind of map as the rows that a page shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tutti.explain.attention import AttentionMap
from tutti.explain.contribution import ContributionMap
from tutti.explain.figures import column_edges, on_bands_of
from tutti.explain.gradcam import ClassMap
from tutti.explain.page import PageMap
from tutti.explain.spectrograms import Spectrogram
from tutti.explain.taggrams import Taggram

MAX_OVERLAY_COLUMNS = 240


def taggram_rows(made: Taggram, sound: Spectrogram) -> PageMap:
    """A row for each label; beside it, the average."""
    return PageMap(
        caption=f"How probable each tag is in the {made.window:.1f} s around each moment; beside it, on average.",
        labels=made.labels,
        edges=column_edges(made.times, start=made.start, end=made.start + made.duration),
        values=made.probabilities.T,
        shown=tuple(f"{value:.2f}" for value in made.probabilities.mean(axis=0)),
    )


def contribution_rows(made: ContributionMap, sound: Spectrogram) -> PageMap:
    """A row for each label; beside it, what is heard with attention as it is."""
    return PageMap(
        caption=(
            "How probable each tag is with all attention of the last layer on one moment; "
            "beside it, with attention as it is."
        ),
        labels=made.labels,
        edges=column_edges(made.times, start=sound.start, end=sound.start + sound.duration),
        values=made.probabilities.T,
        shown=tuple(f"{value:.2f}" for value in made.whole),
        mark=made.joined_at,
    )


def attention_rows(made: AttentionMap, sound: Spectrogram) -> PageMap:
    """One row, relative to its largest weight."""
    heads = f"{len(made.heads)} heads" if len(made.heads) > 1 else f"head {made.heads[0]}"
    highest = float(made.values.max())
    return PageMap(
        caption=f"Attention of layer {made.layer} of {made.n_layers}, {heads}; the strongest weighs {highest:.3f}.",
        labels=("attention",),
        edges=column_edges(made.times, start=sound.start, end=sound.start + sound.duration),
        values=made.values[None] / (highest or 1.0),
        shown=("",),
    )


def class_rows(made: Sequence[ClassMap], sound: Spectrogram) -> PageMap:
    """A row for each label, the map's maximum over all bands; its map over the spectrogram while it is chosen."""
    # A map's frames are finer than a page can show; what is shown is the maximum of some neighbours.
    stride = -(-len(made[0].times) // MAX_OVERLAY_COLUMNS)
    starts = np.arange(0, len(made[0].times), stride)
    overlays = [np.maximum.reduceat(on_bands_of(one, sound), starts, axis=1) for one in made]
    middles = np.add.reduceat(made[0].times, starts) / np.diff([*starts, len(made[0].times)])
    over = "" if made[0].frequencies is None else " The chosen tag's map lies over the spectrogram."
    return PageMap(
        caption=(
            f"Where each tag is heard (Grad-CAM of {made[0].layer}), each map relative to its largest value; "
            f"beside it, how probable it is in this excerpt.{over}"
        ),
        labels=tuple(one.label for one in made),
        edges=column_edges(middles, start=sound.start, end=sound.start + sound.duration),
        values=np.stack([overlay.max(axis=0) for overlay in overlays]).astype(np.float32),
        shown=tuple(f"{one.probability:.2f}" for one in made),
        overlays=None if made[0].frequencies is None else np.stack(overlays).astype(np.float32),
    )
