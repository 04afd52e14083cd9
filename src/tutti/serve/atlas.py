"""The map of a catalogue: tracks that a model hears as alike lie side by side.

Vectors are projected to the plane by UMAP, or where it is not installed on their principal components
(``tutti.evaluation.maps``). The drawing is made here; the page's script is ``report.js``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.errors import MissingExtraError
from tutti.evaluation.maps import FEWEST, TITLES, place
from tutti.serve.figures import N_COLOURS

MOST_TRACKS = 2_000
WIDTH, HEIGHT, MARGIN = 800, 560, 24
N_TAGS_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Atlas:
    """Where tracks lie, and what colours them.

    Attributes:
        model: Whose vectors they are.
        track_ids: One a point.
        points: From 0 to 1. Shape (tracks, 2).
        tags: The most probable labels of each with their probabilities, the highest first.
        colours: The label that sets each track most apart from the others, where it is among the most common such
            labels, else None.
        n_tracks: Of the whole catalogue, of which at most ``MOST_TRACKS`` are drawn.
        projection: How the vectors came to the plane, in words.
    """

    model: str
    track_ids: tuple[str, ...]
    points: NDArray[np.float32]
    tags: tuple[tuple[tuple[str, float], ...], ...]
    colours: tuple[str | None, ...]
    n_tracks: int
    projection: str

    @property
    def legend(self) -> list[str]:
        """The labels that have a colour, the most common first."""
        counts = Counter(colour for colour in self.colours if colour is not None)
        return [label for label, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def draw_atlas(catalogue: Catalogue, model: str, *, seed: int = 0) -> Atlas:
    """The map of what a model has described; an even sample of a large catalogue.

    Raises:
        UnknownNameError: The model has described nothing here.
    """
    predictions = catalogue.predictions(model)
    labels = catalogue.models()[model].labels
    n_tracks = len(predictions)
    rows = np.unique(np.linspace(0, n_tracks - 1, min(n_tracks, MOST_TRACKS)).round().astype(int))
    probabilities = predictions.probabilities[rows]
    points, projection = project(predictions.vectors[rows], seed=seed)
    return Atlas(
        model=model,
        track_ids=tuple(predictions.track_ids[row] for row in rows),
        points=points,
        tags=tuple(_most_probable(row, labels) for row in probabilities),
        colours=_colours(probabilities, labels),
        n_tracks=n_tracks,
        projection=projection,
    )


def project(vectors: NDArray[np.float32], *, seed: int) -> tuple[NDArray[np.float32], str]:
    """Vectors to points of the unit square, near ones near each other, and the name of the projection.

    Args:
        vectors: Shape (tracks, embed_dim).
        seed: Of UMAP. Fewer than ``FEWEST`` tracks do without it.

    Returns:
        Points of shape (tracks, 2), and ``UMAP`` or ``principal components``: where UMAP is not installed the map is
        coarser, and says so.
    """
    if len(vectors) >= FEWEST:
        try:
            return place(vectors, method="umap", seed=seed), TITLES["umap"]
        except MissingExtraError:
            pass
    return place(vectors, method="pca"), TITLES["pca"]


def _most_probable(probabilities: NDArray[np.float32], labels: Sequence[str]) -> tuple[tuple[str, float], ...]:
    best = np.argsort(-probabilities, kind="stable")[:N_TAGS_SHOWN]
    return tuple((labels[column], float(probabilities[column])) for column in best)


def _colours(probabilities: NDArray[np.float32], labels: Sequence[str]) -> tuple[str | None, ...]:
    """The label whose odds exceed its average over the catalogue the most, among the most common such labels."""
    if not probabilities.size:  # no tracks, or a model without labels
        return (None,) * len(probabilities)
    bounded = np.clip(probabilities.astype(np.float64), 1e-4, 1 - 1e-4)
    log_odds = np.log(bounded / (1 - bounded))
    leading = (log_odds - log_odds.mean(axis=0)).argmax(axis=1)
    common = {column for column, _ in Counter(sorted(leading.tolist())).most_common(N_COLOURS)}
    return tuple(labels[column] if column in common else None for column in leading)


def atlas_svg(atlas: Atlas) -> str:
    """The drawing, a circle for each track; ``report.js`` adds what happens on touching one."""
    number_of = {label: number for number, label in enumerate(atlas.legend)}
    circles = [
        f'<circle class="{_colour_class(colour, number_of)}" data-track="{index}" '
        f'cx="{MARGIN + x * (WIDTH - 2 * MARGIN):.1f}" cy="{MARGIN + y * (HEIGHT - 2 * MARGIN):.1f}" r="5"/>'
        for index, ((x, y), colour) in enumerate(zip(atlas.points.tolist(), atlas.colours, strict=True))
    ]
    label = f"map of {len(circles)} tracks; near ones sound alike to {atlas.model}"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">{"".join(circles)}</svg>'


def atlas_legend(atlas: Atlas) -> str:
    """A button for each coloured label, which lights up its tracks."""
    buttons = [
        f'<button type="button" class="key c{number}" data-colour="c{number}">{escape(label)}</button>'
        for number, label in enumerate(atlas.legend)
    ]
    if None in atlas.colours:
        buttons.append('<button type="button" class="key other" data-colour="other">others</button>')
    return "".join(buttons)


def _colour_class(colour: str | None, number_of: dict[str, int]) -> str:
    return "other" if colour is None else f"c{number_of[colour]}"
