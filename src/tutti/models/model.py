"""A model ready for use: a trained tagger with its labels, for sounds of any length, format and sample rate."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from tutti.audio.excerpts import Spread
from tutti.audio.recording import Recording
from tutti.errors import AudioError, ConfigError, ModelError
from tutti.models.bundles import Excerpting, ModelConfig, fingerprint, read_config, read_network, save_bundle
from tutti.models.folding import folded
from tutti.models.inference import analyse
from tutti.models.tagger import Tagger


class Model:
    """A trained tagger. ``tutti.load_model`` gives one.

    Attributes:
        config: Everything about it but the weights.
        network: The torch module, in evaluation mode.
        folder: The bundle that it was loaded from, if it was.
    """

    def __init__(self, config: ModelConfig, network: Tagger, *, folder: Path | None = None) -> None:
        self.config = config
        self.network = network.eval()
        self.folder = folder

    @classmethod
    def load(cls, folder: Path | str, *, device: str = "cpu") -> Self:
        """The model of a bundle.

        Raises:
            ModelError: The folder holds no bundle, or a damaged or newer one.
            ConfigError: There is no such device here.
        """
        folder = Path(folder)
        config = read_config(folder)
        network = read_network(config, folder)
        move_network(network, device)
        return cls(config, network, folder=folder.absolute())

    def save(self, folder: Path | str) -> None:
        """Write the model as a bundle."""
        save_bundle(self.network, self.config, Path(folder))

    def with_excerpts(
        self, *, count: int | None = None, hop: float | None = None, spread: Spread | None = None
    ) -> Self:
        """The same model, hearing other excerpts; None keeps what it has.

        Args:
            count: Spread at most so many evenly.
            hop: Seconds from one excerpt to the next, instead of spreading them.
            spread: ``published`` to repeat published scores, see :mod:`tutti.audio.excerpts`.
        """
        if count is None and hop is None and spread is None:
            return self
        ours = self.config.excerpts
        excerpts = Excerpting(count=count or ours.count, hop=hop, spread=spread or ours.spread)
        config = dataclasses.replace(self.config, excerpts=excerpts)
        return type(self)(config, self.network, folder=self.folder)

    @property
    def name(self) -> str:
        """What catalogues call it."""
        return self.config.name

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the probabilities."""
        return self.config.labels

    @property
    def sample_rate(self) -> int:
        """Of the waveform that the network hears, Hz; other rates are resampled."""
        return self.config.sample_rate

    @property
    def n_samples(self) -> int:
        """Length of the excerpts that the network hears, in samples."""
        return self.config.n_samples

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return self.network.embed_dim

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever weights, labels, resampling or excerpts do."""
        return fingerprint(self.network, self.config)

    @cached_property
    def folded_network(self) -> Tagger:
        """The network in the form that predicts fastest, see :mod:`tutti.models.folding`."""
        return folded(self.network)

    def check_labels(self) -> None:
        """See that there is something to predict.

        Raises:
            ModelError: The model gives vectors only.
        """
        if not self.labels:
            raise ModelError(
                f"{self.name} gives vectors only: it has no labels to predict",
                hint="take its vectors (embed), or train a tagger that starts from it: [model.start] in a recipe",
            )

    def check_probabilities(self) -> None:
        """See that what the model predicts are probabilities of labels.

        Raises:
            ModelError: It gives vectors only, or values.
        """
        self.check_labels()
        if self.config.task == "values":
            raise ModelError(
                f"{self.name} gives {len(self.labels)} values, such as {self.labels[0]!r}, and no probabilities",
                hint="take the values (predict in Python), or a tagger",
            )

    def predict(
        self, source: ArrayLike | Path | str, sample_rate: int | None = None, *, average: bool = True
    ) -> NDArray[np.float32]:
        """Probabilities of the labels; of a model of classes they sum to one, of one of values they are its values.

        The sound is cut into excerpts of the model's length (:mod:`tutti.audio.excerpts`), whose probabilities are
        averaged.

        Args:
            source: A waveform of floats in [-1, 1], shape (samples,) or (channels, samples), or a sound file's path.
            sample_rate: Of the waveform, Hz; not for a path.
            average: False gives one row an excerpt.

        Returns:
            Shape (n_labels,), or (n_excerpts, n_labels).

        Raises:
            AudioError: The sound cannot be decoded or used.
            ModelError: The model has no labels.
        """
        self.check_labels()
        return self._analyse(source, sample_rate, "probabilities", average=average)

    def embed(
        self, source: ArrayLike | Path | str, sample_rate: int | None = None, *, average: bool = True
    ) -> NDArray[np.float32]:
        """The representation before the last layer; arguments as of :meth:`predict`.

        Returns:
            Shape (embed_dim,), or (n_excerpts, embed_dim).
        """
        return self._analyse(source, sample_rate, "vectors", average=average)

    def _analyse(
        self,
        source: ArrayLike | Path | str,
        sample_rate: int | None,
        what: Literal["probabilities", "vectors"],
        *,
        average: bool,
    ) -> NDArray[np.float32]:
        (analysis,) = analyse([as_recording(source, sample_rate)], [self], keep_excerpts=not average)
        if analysis.failure is not None:
            raise analysis.failure
        found: NDArray[np.float32] = getattr(analysis.results[self.name], what)
        return found


def as_recording(source: ArrayLike | Path | str, sample_rate: int | None) -> Recording:
    """A recording from what a user passes: a path, or a waveform with its sample rate.

    Raises:
        AudioError: A waveform without a sample rate, or a path with one.
    """
    if isinstance(source, str | Path):
        if sample_rate is not None:
            raise AudioError(
                f"a sample rate was given for the file {source}", hint="leave it out: files tell their own"
            )
        return Recording.from_file(source)
    if sample_rate is None:
        raise AudioError("a waveform needs its sample rate", hint="pass sample_rate=, in Hz")
    return Recording.from_waveform(source, sample_rate)


def move_network(network: Tagger, device: str) -> None:
    """Move a network to a device, as torch names it.

    Raises:
        ConfigError: Torch knows no such device, or there is none here.
    """
    try:
        network.to(torch.device(device))
    except (RuntimeError, AssertionError, NotImplementedError) as cause:
        reason = str(cause).partition("\n")[0].partition(". ")[0]
        raise ConfigError(
            f"nothing can be computed on the device {device!r}: {reason}", hint="cpu is always there; others: cuda, mps"
        ) from None
