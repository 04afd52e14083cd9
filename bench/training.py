"""Steps a second of training, against a plain re-statement of the published loop.

    python bench/training.py [--threads 2] [--batch 16] [--channels 128] [--steps 4] [--pairs 3]
    python bench/training.py --precision bf16-mixed
    python bench/training.py --curve curve.csv --channels 16 --steps 60
    python bench/training.py --augment
    python bench/training.py --device cuda --batch 64 --steps 50 --precision bf16-mixed

Both ways train the same short-chunk ResNet from the same weights on the same excerpts, with Adam and binary
cross-entropy. The plain loop computes in float32 and reads each excerpt from a .npy file of the whole track when its
batch is due, nothing ahead; it is our own re-statement of the manner of the authors' code, not their code. Ours is the
trainer's own loop over the memory-mapped store. Runs alternate; the ratio is the median over pairs. The share of peak
compares the operations of convolutions and products a second with those of one large product, measured alike.

``--curve`` writes the loss of each step of both ways. ``--augment`` times making the augmented batches alone.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import torch
from pairs import describe_machine, seconds_of, time_in_turn
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from tutti.audio.augmentation import Augmentation, AugmentationConfig
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import WaveformStore, open_store
from tutti.models.tagger import Tagger
from tutti.models.taggers import build_tagger
from tutti.training.checkpoints import RunState
from tutti.training.devices import build_fabric, setup
from tutti.training.loading import loaded
from tutti.training.supervised import LabelledSounds, SupervisedConfig, SupervisedTagging
from tutti.training.trainer import TrainingConfig, _Job, _learn, _seed

SAMPLE_RATE, N_SAMPLES, SECONDS, N_LABELS = 16_000, 59_049, 30, 50
RATE, DECAY = 1e-4, 1e-4  # of Adam, as published


def make_sounds(folder: Path, n_tracks: int) -> tuple[WaveformStore, np.ndarray, list[Path]]:
    """Tones with labels that tell their pitch, as a store and as .npy files. Targets have shape (tracks, labels)."""
    random = np.random.default_rng(0)
    recordings, files = [], []
    pitches = random.integers(N_LABELS, size=(n_tracks, 3))
    time = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    for track, chosen in enumerate(pitches):
        waveform = 0.05 * random.standard_normal(len(time))
        waveform += sum(0.2 * np.sin(2 * np.pi * 110 * 2 ** (pitch / 12) * time) for pitch in chosen)
        files.append(folder / f"{track}.npy")
        np.save(files[-1], waveform.clip(-1, 1).astype(np.float32))
        recordings.append(Recording.from_waveform(np.load(files[-1]), SAMPLE_RATE, key=str(track)))
    store = open_store(recordings, folder / "store", sample_rate=SAMPLE_RATE, resampling=Resampling())
    targets = np.zeros((n_tracks, N_LABELS), dtype=bool)
    np.put_along_axis(targets, pitches, True, axis=1)
    return store, targets, files


def network(n_channels: int, device: torch.device) -> Tagger:
    torch.manual_seed(0)
    return build_tagger("short_chunk_resnet", N_LABELS, n_channels=n_channels).to(device)


class Plain:
    """The published loop's manner: crop, stack, compute, update, one after the other, in float32."""

    def __init__(self, scheme: SupervisedTagging, files: list[Path], targets: np.ndarray, model: Tagger) -> None:
        self.scheme, self.files, self.model = scheme, files, model
        self.targets = targets.astype(np.float32)
        self.device = next(model.parameters()).device
        self.optimizer = torch.optim.Adam(model.parameters(), lr=RATE, weight_decay=DECAY)

    def steps(self) -> Iterator[Tensor]:
        _seed(1, 1, 0)  # of dropout, as in ours
        self.model.train()
        for draw in self.scheme.draws(1):
            excerpts, labels = [], []
            for row, start in zip(*draw.excerpts, strict=True):
                whole = np.load(self.files[row], mmap_mode="r")
                excerpts.append(torch.from_numpy(np.array(whole[start : start + N_SAMPLES])))
                labels.append(torch.from_numpy(self.targets[row]))
            waveforms, wanted = torch.stack(excerpts).to(self.device), torch.stack(labels).to(self.device)
            loss = functional.binary_cross_entropy(torch.sigmoid(self.model(waveforms)), wanted)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            yield loss.detach()


class Ours:
    """The trainer's loop over one epoch."""

    def __init__(self, scheme: SupervisedTagging, model: Tagger, folder: Path, config: TrainingConfig) -> None:
        self.fabric = build_fabric(config.accelerator, config.precision, devices=1, folder=folder)
        self.fabric.launch()
        model.to(memory_format=torch.channels_last)
        self.job = _Job(network=model, scheme=scheme, config=config, folder=folder, seed=1, quiet=True)
        self.trained = setup(self.fabric, model, sync_batchnorm=False)
        self.run = RunState(model, config.resolved(), self.fabric, average_decay=0.0)
        self.run.begin_epoch(1)

    def steps(self) -> Iterator[Tensor]:
        return _learn(self.fabric, self.trained, self.run, self.job)


def losses_of(way: Plain | Ours) -> list[float]:
    losses = list(way.steps())
    if losses[0].is_cuda:
        torch.cuda.synchronize()
    return [loss.item() for loss in losses]


def operations_of_a_step(model: Tagger, batch: int, device: torch.device) -> float:
    """Of convolutions and matrix products, forward and backward; a multiplication and its addition are two."""
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(batch, N_SAMPLES, device=device)).sum().backward()
    model.zero_grad()
    return float(counter.get_total_flops())


def peak(device: torch.device, precision: str) -> float:
    """Operations a second of a large matrix product in the precision of the computation."""
    size = 8192 if device.type == "cuda" else 2048
    dtype = torch.bfloat16 if precision.startswith("bf16") else torch.float32
    dtype = torch.float16 if precision.startswith("16") else dtype
    matrix = torch.randn(size, size, device=device, dtype=dtype)

    def multiply() -> None:
        for _ in range(5):
            matrix @ matrix
        if device.type == "cuda":
            torch.cuda.synchronize()

    multiply()
    return 5 * 2 * size**3 / min(seconds_of(multiply) for _ in range(3))


def write_curve(path: Path, ways: dict[str, list[float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["step", *ways])
        writer.writerows(zip(range(1, 1 + len(next(iter(ways.values())))), *ways.values(), strict=True))


def time_augmentation(scheme: SupervisedTagging, batch: int, config: TrainingConfig) -> None:
    """How many excerpts a second the loaders make, each of their threads computing with one."""

    def make() -> None:
        for _ in loaded(scheme.draws(1), lambda d: scheme.alter(scheme.load(d), d), n_threads=config.loaders):
            pass

    make()
    seconds = median(seconds_of(make) for _ in range(3))
    print(f"{scheme.n_steps * batch / seconds:.0f} excerpts a second from {config.loaders} loaders")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--channels", type=int, default=128, help="of the first block; 128 is published")
    parser.add_argument("--steps", type=int, default=4, help="in each run")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--precision", default="32-true", choices=["32-true", "bf16-mixed", "16-mixed"])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--curve", type=Path, help="write the losses of both ways here instead of timing")
    parser.add_argument("--augment", action="store_true", help="time making augmented batches alone")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    config = TrainingConfig(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        precision=options.precision,
        epochs=1,
        optimizer="adam",
        learning_rate=RATE,
        weight_decay=DECAY,
        schedule="constant",
    )
    print(describe_machine("lightning-fabric"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store, targets, files = make_sounds(folder, n_tracks=options.batch)
        sounds = LabelledSounds(store=store, rows=np.arange(len(store)), targets=targets)
        settings = SupervisedConfig(batch_size=options.batch, excerpts_per_track=options.steps)
        augment = Augmentation(AugmentationConfig(), sample_rate=SAMPLE_RATE) if options.augment else None
        scheme = SupervisedTagging(sounds, sounds, settings, n_samples=N_SAMPLES, seed=0, augment=augment)
        if options.augment:
            time_augmentation(scheme, options.batch, config)
            return
        plain = Plain(scheme, files, targets, network(options.channels, device))
        ours = Ours(scheme, network(options.channels, device), folder, config)
        if options.curve:
            write_curve(options.curve, {"plain": losses_of(plain), "tutti": losses_of(ours)})
            return
        first = losses_of(ours), losses_of(plain)  # warms up
        print(f"loss of the first and the last step: ours {first[0][0]:.4f}, {first[0][-1]:.4f};", end=" ")
        print(f"plain {first[1][0]:.4f}, {first[1][-1]:.4f}")
        pairs = time_in_turn(lambda: losses_of(ours), lambda: losses_of(plain), n_pairs=options.pairs)
        rates = [options.steps / median(seconds) for seconds in (pairs.ours, pairs.theirs)]
        share = operations_of_a_step(plain.model, options.batch, device) * rates[0] / peak(device, options.precision)
        print(f"{options.precision}: {rates[0]:.3f} steps a second, plain {rates[1]:.3f}; {pairs}; {share:.0%} of peak")


if __name__ == "__main__":
    main()
