"""VGGish, YAMNet and OpenL3 as encoders of sounds, with weights from an ONNX file that the user names.

A sound's vector is the mean over its patches, an album's that over its tracks. (The paper that compares these networks
does not say how it pools, and its code leaves the step out; the mean is our choice.) VGGish's principal components and
its rounding to 8 bits, made for storage, are left out.

References:
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021, table 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.audio.excerpts import Heard, listen
from tutti.audio.patches import OPENL3, VGGISH, YAMNET, LogMelPatches, PatchConfig
from tutti.audio.recording import Recording
from tutti.data.items import Item
from tutti.data.track import Modality, Track
from tutti.errors import AudioError, ConfigError, ModelError, unknown_name
from tutti.models.encoders import Encoded, Progress, gathered
from tutti.models.extractors.onnx_files import NETWORK, OnnxNetwork, Wanted, read_onnx_settings, write_onnx_folder
from tutti.models.model_folders import fingerprint_of

KIND = "tutti sound extractor"


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """A published network.

    Attributes:
        title: As its makers call it.
        patches: Its spectrogram.
        hop: Seconds from one patch to the next, as its program has it.
        embed_dim: Of its vectors.
        source: Where its weights are published, for conversion to ONNX.
    """

    title: str
    patches: PatchConfig
    hop: float
    embed_dim: int
    source: str


_AUDIOSET = "https://github.com/tensorflow/models/tree/master/research/audioset"
_OPENL3 = "https://github.com/marl/openl3"
EXTRACTORS: dict[str, Extractor] = {
    "vggish": Extractor(title="VGGish", patches=VGGISH, hop=0.96, embed_dim=128, source=f"{_AUDIOSET}/vggish"),
    "yamnet": Extractor(title="YAMNet", patches=YAMNET, hop=0.48, embed_dim=1024, source=f"{_AUDIOSET}/yamnet"),
    "openl3-512": Extractor(title="OpenL3, 256 bands", patches=OPENL3, hop=0.1, embed_dim=512, source=_OPENL3),
    "openl3-6144": Extractor(title="OpenL3, 256 bands", patches=OPENL3, hop=0.1, embed_dim=6144, source=_OPENL3),
}


class SoundExtractor:
    """A :class:`tutti.models.encoders.ModalityEncoder` around a published network.

    Args:
        network: A name in ``EXTRACTORS``.
        weights: The ONNX file.
        hop: Seconds from one patch to the next; None means the published program's.

    Raises:
        UnknownNameError: There is no such network.
        ConfigError: The hop is not positive.
        ModelError: The file is missing, no ONNX, or of another network.
        MissingExtraError: onnxruntime is not installed.
    """

    modality: Modality = "audio"

    def __init__(self, network: str, weights: Path, *, hop: float | None = None) -> None:
        self.facts = find_extractor(network)
        self.network, self.hop = network, self.facts.hop if hop is None else hop
        config = self.facts.patches
        if round(self.hop * config.sample_rate) < 1:
            raise ConfigError(f"hop={self.hop:g} s is no step", hint=f"give seconds, such as {self.facts.hop:g}")
        wanted = Wanted.of_patches(config.shape, n_samples=config.n_samples, embed_dim=self.facts.embed_dim)
        self._onnx = OnnxNetwork(Path(weights), wanted)
        self._patches = LogMelPatches(config).eval()

    @property
    def name(self) -> str:
        """Of the network."""
        return self.network

    @property
    def embed_dim(self) -> int:
        """Dimensions of the vectors."""
        return self.facts.embed_dim

    @property
    def fingerprint(self) -> str:
        """Of the network's file, its patches and their hop."""
        told = f"{self.facts.patches!r} {self.hop!r} {self._onnx.sha256}"
        return fingerprint_of(told)

    def frames(self, recording: Recording) -> NDArray[np.float32]:
        """A vector for each patch, in their order.

        Returns:
            Shape (patches, embed_dim).

        Raises:
            AudioError: Nothing can be decoded.
            ModelError: The network fails.
        """
        return np.concatenate([event for event in self._listen(recording) if not isinstance(event, Heard)])

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """The mean over patches, then over an item's tracks that can be heard; see the protocol."""
        heard: dict[str, NDArray[np.float32]] = {}
        problems: dict[str, str] = {}
        for done, item in enumerate(items, start=1):
            vectors = []
            for track in item.sounds:
                try:
                    vector, damage = self._mean(track)
                    vectors.append(vector)
                    if damage is not None:
                        told = f"{track.track_id}: {damage}; what there is of it was heard"
                        problems.setdefault(item.item_id, told)
                except ModelError:
                    raise
                except AudioError as error:
                    problems.setdefault(item.item_id, error.message)
                except Exception as error:  # a decoder's surprise must not end the run
                    problems.setdefault(item.item_id, f"{track.audio} cannot be decoded: {error}")
            if vectors:
                heard[item.item_id] = np.mean(vectors, axis=0)
            if progress is not None:
                progress(done, len(items))
        return gathered(items, heard, problems, embed_dim=self.embed_dim)

    def save(self, folder: Path) -> None:
        """Write configuration and weights into a folder of its own.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        settings = {"kind": KIND, "network": self.network, "hop": self.hop}
        write_onnx_folder(Path(folder), settings, self._onnx)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The encoder that :meth:`save` wrote.

        Raises:
            ModelError: There is none, or a damaged or newer one.
            MissingExtraError: onnxruntime is not installed.
        """
        settings = read_onnx_settings(Path(folder), kind=KIND)
        return cls(str(settings["network"]), Path(folder) / NETWORK, hop=settings.get("hop"))

    def _mean(self, track: Track) -> tuple[NDArray[np.float64], str | None]:
        """The mean over patches, and how the sound broke off, if it did."""
        assert track.audio is not None
        total, count, heard = np.zeros(self.embed_dim), 0, None
        for event in self._listen(Recording.from_file(track.audio, key=track.track_id)):
            if isinstance(event, Heard):
                heard = event
            else:
                total += event.sum(axis=0, dtype=np.float64)
                count += len(event)
        assert heard is not None
        if heard.is_silent:
            raise AudioError(f"{track.track_id} is silent: {heard.silence}", hint="leave it out, or write it anew")
        return total / count, heard.damage

    @torch.inference_mode()
    def _listen(self, recording: Recording) -> Iterator[NDArray[np.float32] | Heard]:
        """Vectors of full batches and of what remains: the same batches whatever the blocks in which a file is read.

        At the end comes what was heard.
        """
        spec, size = self.facts.patches.spec(self.hop), self._onnx.batch_size
        waiting = np.empty((0, self.facts.patches.n_samples), dtype=np.float32)
        for event in listen(recording, [spec]):
            if isinstance(event, Heard):
                if len(waiting):
                    yield self._vectors(waiting)
                yield event
                return
            waiting = np.concatenate([waiting, event.waveforms])
            n_ready = len(waiting) - len(waiting) % size
            if n_ready:
                yield self._vectors(waiting[:n_ready])
                waiting = waiting[n_ready:]

    def _vectors(self, waveforms: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._onnx.takes_waveforms:
            return self._onnx(waveforms)
        return self._onnx(self._patches(torch.from_numpy(waveforms)).numpy())


def find_extractor(name: str) -> Extractor:
    """The published network of this name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in EXTRACTORS:
        raise unknown_name("extractor", name, EXTRACTORS)
    return EXTRACTORS[name]
