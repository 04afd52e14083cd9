"""Projections that are fitted in one step, no network trained: principal components and canonical correlations.

Both place any modality by itself, as a learned space does (``spaces``), and take rows of NaN for items without it.

References:
    Hotelling, "Relations between two sets of variates", Biometrika 28, 1936.
    Vinod, "Canonical ridge and econometrics of joint production", Journal of Econometrics 4(2), 1976.
    Wu, Fuentes and Bello, 2021 (principal components as the untranslated baseline).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, ModelError
from tutti.models.model_folders import fingerprint_of
from tutti.models.projection_files import complete_rows, present_rows, read_projection, save_projection

Floats = NDArray[np.float64]
BLOCK_ROWS = 4096  # taken to float64 at once: vectors may be many


@dataclass(frozen=True, kw_only=True, eq=False)
class _Linear:
    """For each modality: subtract a mean, multiply by a matrix.

    Attributes:
        means: Of each modality. Shape (dimensions,).
        matrices: Of each modality. Shape (dimensions, embed_dim).
    """

    means: Mapping[str, Floats]
    matrices: Mapping[str, Floats]

    KIND: ClassVar[str]

    @property
    def modalities(self) -> tuple[str, ...]:
        """That can be placed."""
        return tuple(self.means)

    @property
    def dims(self) -> dict[str, int]:
        """Of each modality's vectors."""
        return {modality: len(mean) for modality, mean in self.means.items()}

    @property
    def embed_dim(self) -> int:
        """Dimensions of the space."""
        return int(next(iter(self.matrices.values())).shape[1])

    @property
    def fingerprint(self) -> str:
        """Changes whenever the points do."""
        return fingerprint_of(json.dumps({"kind": self.KIND}), self._arrays())

    def project(self, modality: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The points of vectors of one modality; NaN where the vectors are.

        Args:
            modality: Whose vectors.
            vectors: Shape ``[items, dimensions]``; NaN in the rows of items without the modality.

        Raises:
            UnknownNameError: The projection does not know the modality.
            ShapeError: The vectors have other dimensions.
        """
        present = present_rows(vectors, modality=modality, dims=self.dims)
        points = np.full((len(vectors), self.embed_dim), np.nan, dtype=np.float32)
        points[present] = (vectors[present] - self.means[modality]) @ self.matrices[modality]
        return points

    def save(self, folder: Path) -> None:
        """Write the projection into a folder of its own.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        save_projection(folder, kind=self.KIND, settings={"modalities": self.modalities}, arrays=self._arrays())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The projection in a folder.

        Raises:
            ModelError: There is none of this kind, or a damaged or newer one.
        """
        settings, arrays = read_projection(folder, kind=cls.KIND)
        try:
            means = {modality: arrays[f"{modality}.mean"] for modality in settings["modalities"]}
            matrices = {modality: arrays[f"{modality}.matrix"] for modality in settings["modalities"]}
            more = cls._more(arrays)
            fits = len({one.shape[1] for one in matrices.values()}) == 1
            fits = fits and all((len(means[one]),) == matrices[one].shape[:1] for one in means)
        except (KeyError, TypeError, IndexError) as cause:
            raise ModelError(f"the projection in {folder} lacks {cause}", hint="fit it anew") from None
        if not fits:
            raise ModelError(f"the projection in {folder} has arrays that do not fit", hint="fit it anew")
        return cls(means=means, matrices=matrices, **more)

    def _arrays(self) -> dict[str, Floats]:
        means = {f"{modality}.mean": mean for modality, mean in self.means.items()}
        return means | {f"{modality}.matrix": matrix for modality, matrix in self.matrices.items()}

    @classmethod
    def _more(cls, _arrays: Mapping[str, Floats]) -> dict[str, Any]:
        """What a kind of projection keeps besides, by the names of its attributes."""
        return {}


class PrincipalComponents(_Linear):
    """Of each modality the directions in which its vectors differ most; modalities know nothing of each other.

    Axes of different modalities have nothing in common: this is the baseline that a space has to beat.
    """

    KIND: ClassVar[str] = "tutti principal components"

    @classmethod
    def fit(cls, vectors: Mapping[str, NDArray[np.float32]], *, embed_dim: int = 128) -> Self:
        """The components of each modality, from the items that have it.

        Each component's sign makes its largest weight positive.

        Args:
            vectors: Of each modality, NaN where it is absent. Shape (items, dimensions).
            embed_dim: Components that are kept.

        Raises:
            ConfigError: A modality has fewer dimensions or items than components.
        """
        means, matrices = {}, {}
        for modality, all_rows in vectors.items():
            rows = all_rows[np.isfinite(all_rows).all(axis=1)]
            if embed_dim < 1 or embed_dim > min(rows.shape):
                raise ConfigError(
                    f"{len(rows)} vectors of {modality} with {rows.shape[1]} dimensions have no {embed_dim} components",
                    hint="give embed_dim, at most the smaller of the two numbers",
                )
            means[modality] = rows.mean(axis=0, dtype=np.float64)
            matrices[modality] = _signed(_principal_axes(rows, means[modality])[:, :embed_dim])
        return cls(means=means, matrices=matrices)


class LinearMaps(_Linear):
    """Means and matrices that come from elsewhere, such as from what dimensions are known to mean."""

    KIND: ClassVar[str] = "tutti linear maps"


@dataclass(frozen=True, kw_only=True, eq=False)
class CanonicalCorrelations(_Linear):
    """Of two modalities the directions in which they go together most, the strongest first.

    Attributes:
        correlations: Of each direction, over the items that it was fitted on, made smaller by the regularisation.
            Shape (embed_dim,).
    """

    KIND: ClassVar[str] = "tutti canonical correlations"

    correlations: Floats

    @classmethod
    def fit(cls, pairs: Mapping[str, NDArray[np.float32]], *, embed_dim: int = 32, regularisation: float = 0.1) -> Self:
        """The shared directions of two modalities, from the items that have both.

        Without regularisation, points of the fitted items have unit variance; with as many dimensions as items, or
        more, they then go together perfectly whatever the modalities are.

        Args:
            pairs: Of each modality, NaN where it is absent. Shape (items, dimensions).
            embed_dim: Directions that are kept.
            regularisation: Added to the variance in every direction, as a share of the modality's mean variance.

        Raises:
            ConfigError: There are not two modalities, too few complete pairs, or the settings make no sense.
            ShapeError: The two are not of the same items.
        """
        complete = complete_rows(pairs)
        largest = min(complete.sum() - 1, *(vectors.shape[1] for vectors in pairs.values()))
        if len(pairs) != 2 or not 1 <= embed_dim <= largest:
            raise ConfigError(
                f"{complete.sum()} complete pairs of {' and '.join(pairs)} have no {embed_dim} shared directions",
                hint=f"give two modalities, and embed_dim from 1 to {max(1, largest)}",
            )
        if regularisation < 0:
            raise ConfigError(f"regularisation={regularisation:g} is negative", hint="give 0.1, or 0 for none")
        rows = {modality: vectors[complete] for modality, vectors in pairs.items()}
        means = {modality: some.mean(axis=0, dtype=np.float64) for modality, some in rows.items()}
        first, second = zip(rows.values(), means.values(), strict=True)
        left, right = (_whitening(_covariance(one, one), regularisation) for one in (first, second))
        axes, correlations, other_axes = np.linalg.svd(left @ _covariance(first, second) @ right)
        both = _signed(np.concatenate([left @ axes[:, :embed_dim], right @ other_axes[:embed_dim].T]))
        matrices = dict(zip(pairs, np.split(both, [len(left)]), strict=True))
        return cls(means=means, matrices=matrices, correlations=correlations[:embed_dim])

    def _arrays(self) -> dict[str, Floats]:
        return super()._arrays() | {"correlations": self.correlations}

    @classmethod
    def _more(cls, arrays: Mapping[str, Floats]) -> dict[str, Any]:
        return {"correlations": arrays["correlations"]}


def _whitening(covariance: Floats, regularisation: float) -> Floats:
    """The symmetric matrix that gives vectors the identity as their covariance; what never varies stays at 0."""
    n_dims = len(covariance)
    ridge = regularisation * np.trace(covariance) / n_dims
    variances, axes = np.linalg.eigh(covariance + ridge * np.eye(n_dims))
    varies = variances > variances.max() * n_dims * np.finfo(np.float64).eps
    scales = np.divide(1, np.sqrt(variances, where=varies, out=np.ones(n_dims)), where=varies, out=np.zeros(n_dims))
    whitening: Floats = (axes * scales) @ axes.T
    return whitening


def _principal_axes(rows: NDArray[Any], mean: Floats) -> Floats:
    """Directions as columns, that of the largest variance first. Shape (dimensions, directions)."""
    axes: Floats
    if len(rows) < rows.shape[1]:
        axes = np.linalg.svd(rows - mean, full_matrices=False)[2].T
    else:
        axes = np.linalg.eigh(_covariance((rows, mean), (rows, mean)))[1][:, ::-1]
    return axes


def _covariance(first: tuple[NDArray[Any], Floats], second: tuple[NDArray[Any], Floats]) -> Floats:
    """Of the rows of two matrices, each given with its mean. Shape (dimensions of first, dimensions of second)."""
    (rows, mean), (other_rows, other_mean) = first, second
    total: Floats = np.zeros((rows.shape[1], other_rows.shape[1]))
    for begin in range(0, len(rows), BLOCK_ROWS):
        some = slice(begin, begin + BLOCK_ROWS)
        total += (rows[some] - mean).T @ (other_rows[some] - other_mean)
    return total / (len(rows) - 1)


def _signed(matrix: Floats) -> Floats:
    """The matrix with each column's largest weight positive, so that a fit is the same everywhere."""
    largest = matrix[np.abs(matrix).argmax(axis=0), np.arange(matrix.shape[1])]
    signed: Floats = matrix * np.where(largest < 0, -1.0, 1.0)
    return signed
