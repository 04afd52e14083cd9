"""Sentence vectors that are kept on disk: of lists of terms, which every process would otherwise read anew.

One file a list and encoder, in ``sentences`` below Tutti's cache; other terms or another encoder make another. A file
that cannot be used is made anew, and one that cannot be written is done without.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import platformdirs
from numpy.typing import NDArray

from tutti.files import atomic_file


class Encoder(Protocol):
    """As :class:`tutti.text.sentences.SentenceEncoder` is one."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors do."""

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors. Shape (texts, embed_dim)."""


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where vectors are kept: below ``TUTTI_CACHE``, or where the system keeps such things."""
    cache = environment.get("TUTTI_CACHE")
    return (Path(cache) if cache else platformdirs.user_cache_path("tutti")) / "sentences"


def kept_vectors(encoder: Encoder, terms: Sequence[str], *, folder: Path | None = None) -> NDArray[np.float32]:
    """An encoder's vectors of terms, from their file where there is one. Shape (terms, embed_dim).

    Args:
        encoder: Reads them otherwise.
        terms: In any order, which the rows have.
        folder: Of the files; None is :func:`cache_folder`.
    """
    name = hashlib.sha256("\0".join(terms).encode("utf-8")).hexdigest()[:16]
    file = (folder or cache_folder()) / f"{encoder.fingerprint}-{name}.npy"
    shape = (len(terms), encoder.embed_dim)
    with contextlib.suppress(OSError, ValueError, EOFError):
        kept = np.load(file, allow_pickle=False)
        if kept.shape == shape and kept.dtype == np.float32 and np.isfinite(kept).all():
            return np.asarray(kept)
    vectors = encoder.encode(terms)
    with contextlib.suppress(OSError), atomic_file(file) as partial, partial.open("wb") as written:
        np.save(written, vectors, allow_pickle=False)
    return vectors
