"""What projections that are networks have in common: points in blocks of one size, and a folder to come back from.

Which networks there are: ``spaces`` and ``tag_song``; projections that are fitted instead are in ``projections``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.errors import ModelError
from tutti.models.model_folders import arrays_of, fingerprint_of
from tutti.models.projection_files import read_projection, save_projection

ROWS = 256  # placed at once, always as many: a point does not depend on its company


class ProjectionNetwork(nn.Module):
    """A :class:`tutti.models.encoders.Projection` that follows from settings and parameters."""

    KIND: ClassVar[str]

    def settings(self) -> dict[str, Any]:
        """Plain values from which :meth:`of_settings` makes the network again."""
        raise NotImplementedError

    @classmethod
    def of_settings(cls, settings: Mapping[str, Any]) -> Self:
        """The untrained network that settings describe."""
        raise NotImplementedError

    @property
    def fingerprint(self) -> str:
        """Changes whenever the points do."""
        return fingerprint_of(json.dumps(self.settings(), sort_keys=True), arrays_of(self))

    def save(self, folder: Path) -> None:
        """Write the space into a folder of its own.

        Raises:
            ModelError: The folder exists and holds something else.
        """
        save_projection(folder, kind=self.KIND, settings=self.settings(), arrays=arrays_of(self))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The space in a folder, ready to place.

        Raises:
            ModelError: There is none, or a damaged or newer one.
        """
        settings, arrays = read_projection(folder, kind=cls.KIND)
        try:
            space = cls.of_settings(settings)
            space.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
        except (KeyError, TypeError, ValueError, RuntimeError) as cause:
            told = str(cause).splitlines()[0]
            raise ModelError(f"the space in {folder} is damaged: {told}", hint="train it anew") from None
        return space.eval()

    @torch.inference_mode()
    def placed_in_blocks(
        self, place: Callable[..., Tensor], vectors: NDArray[np.float32], *others: NDArray[Any]
    ) -> NDArray[np.float32]:
        """Points of vectors, placed in blocks of one size, so that a point does not depend on its company.

        Args:
            place: Of this network, which is not in training meanwhile, from tensors of all arrays to points.
            vectors: Shape ``[items, dimensions]``, at least one.
            others: What else is known of the items, the same number of rows.
        """
        was_training, device = self.training, next((one.device for one in self.parameters()), torch.device("cpu"))
        self.eval()
        placed = []
        for begin in range(0, len(vectors), ROWS):
            some = [one[begin : begin + ROWS] for one in (vectors, *others)]
            blocks = [torch.from_numpy(np.resize(one, (ROWS, one.shape[1]))).to(device) for one in some]
            placed.append(place(*blocks)[: len(some[0])].float().cpu().numpy())
        self.train(was_training)
        return np.concatenate(placed)
