"""From frames to words: a codebook of terms by streaming K-means, and how often each term occurs.

Frames of the whole catalogue are never in memory at once: the codebook learns from some hundred tracks at a time. What
artists make of the terms is ``artist_groups``'s matter.

References:
    Sculley, "Web-scale k-means clustering", WWW 2010.
    Kim, Won, Serra and Liem, "Transfer learning of artist group factors to musical genre classification", WWW 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, import_extra

Frames = NDArray[np.float32]
MOST_FRAMES = 1 << 18  # of one step: bounds memory where tracks are long


def learn_terms(
    tracks: Iterable[Frames],
    *,
    n_terms: int,
    n_at_once: int,
    seed: int,
    what: str = "frames",
    tell: Callable[[str], None] = lambda _: None,
) -> Frames:
    """The codebook: the centres of clusters of frames. Shape (n_terms, features).

    Args:
        tracks: The frames of each track, shape (frames, features); passed once, and held some hundred at a time.
        n_terms: Clusters.
        n_at_once: Tracks of one step; the first takes as many more as there must be for ``n_terms`` frames.
        seed: Of the first centres.
        what: What the frames are called in messages.
        tell: Receives a line in the end.

    Raises:
        ConfigError: There are fewer frames than terms.
        MissingExtraError: scikit-learn is not installed.
    """
    cluster = import_extra("sklearn.cluster", extra="train", purpose="learning terms")
    learner = cluster.MiniBatchKMeans(n_clusters=n_terms, random_state=seed)
    n_frames = 0
    for some in _steps(tracks, n_at_once=n_at_once, least=n_terms):
        n_frames += len(some)
        if n_frames < n_terms:
            break  # the first step takes as many tracks as it needs, so these are all
        learner.partial_fit(some)
    if n_frames < n_terms:
        raise ConfigError(
            f"{n_terms} terms cannot be learned from {n_frames} {what}",
            hint=f"set scheme.groups.n_terms to {max(1, n_frames // 4)} or fewer, or learn from more tracks",
        )
    tell(f"{n_terms} terms from {n_frames} {what}")
    centres: Frames = np.asarray(learner.cluster_centers_, dtype=np.float32)
    return centres


def _steps(tracks: Iterable[Frames], *, n_at_once: int, least: int) -> Iterator[Frames]:
    """Frames of so many tracks together, the first time also so many frames."""
    held: list[Frames] = []
    n_held = 0
    is_first = True
    for frames in tracks:
        held.append(frames)
        n_held += len(frames)
        if (len(held) >= n_at_once or n_held >= MOST_FRAMES) and (not is_first or n_held >= least):
            yield np.concatenate(held)
            held, n_held, is_first = [], 0, False
    if n_held:
        yield np.concatenate(held)


def count_terms(frames: Frames, terms: Frames) -> NDArray[np.int64]:
    """How many of the frames are nearest to each term. Shape (n_terms,).

    Args:
        frames: Shape (frames, features).
        terms: The codebook. Shape (n_terms, features).
    """
    offsets = (terms.astype(np.float64) ** 2).sum(axis=1) / 2
    counts = np.zeros(len(terms), dtype=np.int64)
    for begin in range(0, len(frames), 4096):
        nearest = (offsets - frames[begin : begin + 4096].astype(np.float64) @ terms.T).argmin(axis=1)
        counts += np.bincount(nearest, minlength=len(terms))
    return counts


def learn_topics(bags: NDArray[np.float64], *, n_topics: int, seed: int) -> NDArray[np.float64]:
    """Topics by latent Dirichlet allocation: how much each term belongs to each. Shape (n_topics, terms).

    Args:
        bags: How often each artist uses each term. Shape (artists, terms).
        n_topics: Topics.
        seed: Of the variational inference.

    References:
        Blei, Ng and Jordan, "Latent Dirichlet allocation", JMLR 3, 2003; online inference: Hoffman et al., NIPS 2010.
    """
    decomposition = import_extra("sklearn.decomposition", extra="train", purpose="learning topics")
    learner = decomposition.LatentDirichletAllocation(n_components=n_topics, random_state=seed)
    topics: NDArray[np.float64] = learner.fit(bags).components_
    return topics


def infer_topics(bags: NDArray[np.float64], topics: NDArray[np.float64], *, seed: int) -> Frames:
    """How much of each topic is in each bag; rows sum to 1. Shape (artists, n_topics).

    A row follows from its bag and the topics alone, whatever its company.

    Args:
        bags: Shape (artists, terms).
        topics: Of :func:`learn_topics`.
        seed: As there.
    """
    decomposition = import_extra("sklearn.decomposition", extra="train", purpose="inferring topics")
    learner = decomposition.LatentDirichletAllocation(n_components=len(topics), random_state=seed)
    learner.partial_fit(np.ones((1, topics.shape[1])))  # makes it whole; what it learned is replaced
    learner.components_ = topics
    learner.exp_dirichlet_component_ = np.exp(_expected_log(topics))
    shares = learner.transform(bags)
    found: Frames = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return found


def _expected_log(topics: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of the logarithm of Dirichlet distributed rows."""
    special = import_extra("scipy.special", extra="train", purpose="inferring topics")
    expected: NDArray[np.float64] = special.psi(topics) - special.psi(topics.sum(axis=1, keepdims=True))
    return expected
