"""Aggregate diversity: how many different labels a model gives at all, over all items.

A model that always names the same common labels may score well and is dull; ADiv@N is the share of the labels that are
among the N highest of at least one item. It says nothing about whether they are right: ``multilabel`` does.

Its intervals are not bootstrapped. A resample repeats items in place of others, and repeated items reach no new label,
so every resample reaches fewer labels than the items do. The count of distinct labels among items is the count of
distinct species among samples, whose variance ecology has in closed form.

References:
    Oramas, Barbieri, Nieto, Serra, "Multimodal deep learning for music genre classification", TISMIR 1(1), 2018,
    section 7.3.
    Colwell, Mao and Chang, "Interpolating, extrapolating, and comparing incidence-based species accumulation curves",
    Ecology 85(10), 2004: the variance of the count, and the estimate of labels not reached (Chao's).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ShapeError

DEPTHS = (1, 3, 5)  # published


def adiv_at_k(scores: NDArray[Any], *, k: int) -> float:
    """Share of the labels that are among the k highest of at least one item; never falls as k grows.

    Args:
        scores: Higher is likelier; of equals the first label comes first. Shape (items, labels).
        k: From 1 to the number of labels.

    Returns:
        From k / labels, where all items have the same, to 1.

    Raises:
        ShapeError: The scores are no matrix of finite numbers, or k is out of range.

    >>> adiv_at_k(np.array([[0.9, 0.1, 0.2, 0.3], [0.8, 0.1, 0.7, 0.2]]), k=2)
    0.75
    """
    reached = _items_by_label(scores, k) > 0
    return float(reached.mean())


def adiv_interval(scores: NDArray[Any], *, k: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of ADiv@k over other items of the same kind, as many.

    Wide where many labels hang on a single item; without any such label it is the value alone.

    Args:
        scores: Shape (items, labels).
        k: As of :func:`adiv_at_k`.
        level: Share of draws of items that lie inside, if counts were normally distributed.

    Raises:
        ShapeError: As of :func:`adiv_at_k`.
    """
    counts = _items_by_label(scores, k)
    n_reached, n_labels = float((counts > 0).sum()), len(counts)
    deviation = math.sqrt(n_reached * (1 - n_reached / _reachable(counts, len(scores))))
    margin = NormalDist().inv_cdf((1 + level) / 2) * deviation
    # even if all items had the same, they would reach k
    return max(float(k), n_reached - margin) / n_labels, min(float(n_labels), n_reached + margin) / n_labels


def _reachable(counts: NDArray[np.int64], n_items: int) -> float:
    """An estimate of how many labels would be reached with items without end: from those that few items reach."""
    n_reached, n_once, n_twice = ((counts > 0).sum(), (counts == 1).sum(), (counts == 2).sum())
    unseen = (n_items - 1) / n_items * n_once * (n_once - 1) / (2 * (n_twice + 1))
    return float(min(len(counts), n_reached + unseen))


def _items_by_label(scores: NDArray[Any], k: int) -> NDArray[np.int64]:
    """How many items have each label among their k highest. Shape (labels,)."""
    if scores.ndim != 2 or scores.size == 0 or not np.isfinite(scores).all():
        raise ShapeError(f"scores of shape {scores.shape} must be finite numbers, (items, labels)")
    if not 1 <= k <= scores.shape[1]:
        raise ShapeError(f"k={k} lies outside 1 to {scores.shape[1]} labels", hint="lower k")
    highest = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.bincount(highest.ravel(), minlength=scores.shape[1])
