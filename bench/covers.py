"""How many covers one core reads, alters for training and encodes in a second of its time.

Run as ``OMP_NUM_THREADS=1 python bench/covers.py``. Covers are those of the generated world, 256 pixels a side, weights
are random. ResNets need the extra ``text``. Ratios between the rows mean more than the numbers.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from tutti.data.pictures import first_readable
from tutti.data.world.config import world_config
from tutti.data.world.covers import draw_cover
from tutti.data.world.generate import plan_world
from tutti.models.covers import CoverConfig, CoverEncoder, build_cover_network

N_COVERS = 16
CONFIGS = (
    CoverConfig(side=64, n_channels=16),
    CoverConfig(side=224, n_channels=16),
    CoverConfig(architecture="resnet50"),
    CoverConfig(architecture="resnet101"),
)


def a_second(work: Callable[[], object]) -> float:
    """Covers of which the work is done in a second of the processor."""
    work()
    begin = time.process_time()
    work()
    return N_COVERS / (time.process_time() - begin)


def main() -> None:
    """Print a line for each network."""
    torch.set_num_threads(1)
    world = world_config("tiny", seed=0)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.png" for number in range(N_COVERS)]
        for path, plan in zip(paths, plan_world(world), strict=False):
            draw_cover(plan.song, world, np.random.default_rng(0)).save(path)
        print("network       side   read  altered  encoded, covers a second")
        for config in CONFIGS:
            encoder = CoverEncoder(config, build_cover_network(config))
            side = encoder.transforms.square_side
            squares = [first_readable([path], side=side).picture for path in paths]
            pictures = [one for one in squares if one is not None]
            tensor = torch.from_numpy(np.stack(pictures))
            read = a_second(lambda side=side: [first_readable([path], side=side) for path in paths])
            altered = a_second(
                lambda encoder=encoder, tensor=tensor: encoder.transforms.train(tensor, generator=torch.Generator())
            )
            encoded = a_second(lambda encoder=encoder, pictures=pictures: encoder.encode_pictures(pictures))
            print(f"{config.architecture:<13} {config.side:4d} {read:6.0f} {altered:8.0f} {encoded:8.1f}")


if __name__ == "__main__":
    main()
