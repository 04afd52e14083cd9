"""VGG16, Keras' ResNet-50 and OpenL3's network of pictures as encoders of covers, with weights from a user's ONNX file.

What is seen is the middle of a picture, as of every cover (``tutti.image.transforms``); the paper's code gives whole
frames to the networks that take any size. ResNets through transformers, which can learn on, are in
``tutti.models.covers``.

References:
    Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015 (VGG16).
    Cramer, Wu, Salamon and Bello, "Look, listen, and learn more", ICASSP 2019 (OpenL3).
    Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification", 2021, table 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.data.items import Item
from tutti.data.pictures import first_readable
from tutti.data.track import Modality
from tutti.errors import unknown_name
from tutti.image.transforms import CoverTransforms
from tutti.models.encoders import Encoded, Progress, gathered
from tutti.models.extractors.onnx_files import (
    COLOURS_LAST,
    NETWORK,
    OnnxNetwork,
    Wanted,
    read_onnx_settings,
    write_onnx_folder,
)
from tutti.models.model_folders import fingerprint_of

KIND = "tutti picture extractor"
SIDE = 224
# Blue, green, red of ImageNet, as Caffe's networks had them and Keras keeps them.
MEANS = np.array([103.939, 116.779, 123.68], dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class PictureNetwork:
    """A published network.

    Attributes:
        title: As its makers call it.
        colours: ``caffe``: blue, green, red from 0 to 255, less their means; ``unit``: red, green, blue from -1 to 1.
        embed_dim: Of its vectors.
        source: Where its weights are published, for conversion to ONNX.
    """

    title: str
    colours: Literal["caffe", "unit"]
    embed_dim: int
    source: str


_KERAS, _OPENL3 = "https://keras.io/api/applications", "https://github.com/marl/openl3"
PICTURE_NETWORKS: dict[str, PictureNetwork] = {
    "vgg16": PictureNetwork(title="VGG16, mean over the picture", colours="caffe", embed_dim=512, source=_KERAS),
    "resnet50-keras": PictureNetwork(title="Keras' ResNet-50", colours="caffe", embed_dim=2048, source=_KERAS),
    "openl3-image-512": PictureNetwork(title="OpenL3 of pictures", colours="unit", embed_dim=512, source=_OPENL3),
    "openl3-image-8192": PictureNetwork(title="OpenL3 of pictures", colours="unit", embed_dim=8192, source=_OPENL3),
}


class PictureExtractor:
    """A :class:`tutti.models.encoders.ModalityEncoder` around a published network.

    Args:
        network: A name in ``PICTURE_NETWORKS``.
        weights: The ONNX file.

    Raises:
        UnknownNameError: There is no such network.
        ModelError: The file is missing, no ONNX, or of another network.
        MissingExtraError: onnxruntime is not installed.
    """

    modality: Modality = "image"

    def __init__(self, network: str, weights: Path) -> None:
        if network not in PICTURE_NETWORKS:
            raise unknown_name("extractor of pictures", network, PICTURE_NETWORKS)
        self.network, self.facts = network, PICTURE_NETWORKS[network]
        self._transforms = CoverTransforms(side=SIDE)
        self._onnx = OnnxNetwork(Path(weights), Wanted.of_pictures(SIDE, embed_dim=self.facts.embed_dim))

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
        """Of the network's file, and of what it sees of a picture."""
        told = f"{self.facts.colours} {SIDE} {self._transforms.square_side} {self._onnx.sha256}"
        return fingerprint_of(told)

    def encode(self, items: Sequence[Item], *, progress: Progress | None = None) -> Encoded:
        """The vector of the first cover of each item that can be read; see the protocol."""
        vectors: dict[str, NDArray[np.float32]] = {}
        problems: dict[str, str] = {}
        for begin in range(0, len(items), self._onnx.batch_size):
            some = items[begin : begin + self._onnx.batch_size]
            found = {item.item_id: first_readable(item.covers, side=self._transforms.square_side) for item in some}
            problems |= {key: cover.problem for key, cover in found.items() if cover.problem is not None}
            seen = {key: cover.picture for key, cover in found.items() if cover.picture is not None}
            if seen:
                vectors |= dict(zip(seen, self.encode_pictures(np.stack(list(seen.values()))), strict=True))
            if progress is not None:
                progress(begin + len(some), len(items))
        return gathered(items, vectors, problems, embed_dim=self.embed_dim)

    def encode_pictures(self, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Vectors of squares as :func:`tutti.image.transforms.square_picture` makes them.

        Args:
            squares: Shape (pictures, 3, 256, 256).

        Returns:
            Shape (pictures, embed_dim).
        """
        pictures = self._transforms.middle(torch.from_numpy(squares)).numpy().astype(np.float32)
        inputs = _coloured(pictures.transpose(0, 2, 3, 1), self.facts.colours)  # (pictures, height, width, colours)
        return self._onnx(inputs if self._onnx.layout == COLOURS_LAST else inputs.transpose(0, 3, 1, 2))

    def save(self, folder: Path) -> None:
        """Write configuration and weights into a folder of its own.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        write_onnx_folder(Path(folder), {"kind": KIND, "network": self.network}, self._onnx)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The encoder that :meth:`save` wrote.

        Raises:
            ModelError: There is none, or a damaged or newer one.
            MissingExtraError: onnxruntime is not installed.
        """
        settings = read_onnx_settings(Path(folder), kind=KIND)
        return cls(str(settings["network"]), Path(folder) / NETWORK)


def _coloured(pictures: NDArray[np.float32], colours: str) -> NDArray[np.float32]:
    """Red, green and blue from 0 to 255 as a network wants them. Shape (pictures, height, width, 3)."""
    if colours == "unit":
        return pictures / np.float32(127.5) - np.float32(1)
    return pictures[..., ::-1] - MEANS
