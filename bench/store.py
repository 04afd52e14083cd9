"""The store of decoded sounds: how fast it is filled, and how fast random excerpts come out of it.

    python bench/store.py [--sounds 300] [--seconds 30] [--pairs 7]

Reading is compared with what the published code does: one ``.npy`` file of floats for each track, mapped, of which an
excerpt is cut. All pages are in memory. Filling decodes MP3s of 30 s at 44.1 kHz, stereo, with one thread and with two.
"""

from __future__ import annotations

import argparse
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from pairs import describe_machine, time_in_turn
from sounds import write_sound

from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import WaveformStore, prepare_store

SAMPLE_RATE = 16_000
N_EXCERPT = 59_049  # 3.69 s, as the short-chunk CNN hears them
BATCH = 16
N_DRAWN = 4_000


def make_store(folder: Path, *, n_sounds: int, seconds: float) -> WaveformStore:
    noise = np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE)).astype(np.float32)
    recordings = [
        Recording.from_waveform(0.1 * np.roll(noise, 997 * number), SAMPLE_RATE, key=str(number))
        for number in range(n_sounds)
    ]
    return prepare_store({"train": recordings}, folder, sample_rate=SAMPLE_RATE, resampling=Resampling())


def write_npys(store: WaveformStore, folder: Path) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{key}.npy" for key in store.keys]
    for row, path in enumerate(paths):
        np.save(path, store.sound(row).astype(np.float32) / 32_767)
    return paths


def measure_reading(folder: Path, *, n_sounds: int, seconds: float, n_pairs: int) -> None:
    store = make_store(folder / "store", n_sounds=n_sounds, seconds=seconds)
    paths = write_npys(store, folder / "npy")
    random = np.random.default_rng(1)
    rows = random.integers(0, n_sounds, size=(N_DRAWN // BATCH, BATCH))
    starts = random.integers(0, store.n_samples[rows] - N_EXCERPT)
    batches = list(zip(rows.tolist(), starts.tolist(), strict=True))

    def from_store(batch: tuple[list[int], list[int]]) -> NDArray[np.float32]:
        return store.excerpts(*batch, n_samples=N_EXCERPT)

    def from_npys(batch: tuple[list[int], list[int]]) -> NDArray[np.float32]:
        places = zip(*batch, strict=True)
        return np.stack([np.load(paths[row], mmap_mode="r")[start : start + N_EXCERPT] for row, start in places])

    def ours() -> None:
        for batch in batches:
            from_store(batch)

    def theirs() -> None:
        for batch in batches:
            from_npys(batch)

    def in_threads() -> None:
        with ThreadPoolExecutor(2) as pool:
            for _ in pool.map(from_store, batches):
                pass

    difference = max(np.abs(from_store(batch) - from_npys(batch)).max() for batch in batches[:20])
    ours(), theirs()
    pairs = time_in_turn(ours, theirs, n_pairs=n_pairs)
    threads = time_in_turn(in_threads, ours, n_pairs=n_pairs)
    drawn = len(batches) * BATCH
    print(f"\nrandom excerpts of {N_EXCERPT} samples, batches of {BATCH}; largest difference {difference:.1e}")
    print(f"store, one thread   {drawn / median(pairs.ours):8.0f} a second, {pairs} against .npy files")
    print(f"store, two threads  {drawn / median(threads.ours):8.0f} a second, {threads} against one thread")
    print(f".npy files          {drawn / median(pairs.theirs):8.0f} a second")


def measure_filling(folder: Path, *, n_files: int, n_pairs: int) -> None:
    paths = [
        write_sound(folder / f"{number}.mp3", seconds=30, sample_rate=44_100, n_channels=2) for number in range(n_files)
    ]
    recordings = {"train": [Recording.from_file(path) for path in paths]}
    stores = iter(range(10_000))

    def fill(jobs: int) -> None:
        place = folder / f"store{next(stores)}"
        prepare_store(recordings, place, sample_rate=SAMPLE_RATE, resampling=Resampling(), jobs=jobs)

    fill(1)
    pairs = time_in_turn(lambda: fill(2), lambda: fill(1), n_pairs=n_pairs)
    print(f"\nfilling a store with {n_files} MP3s of 30 s")
    print(f"one thread  {n_files / median(pairs.theirs):6.1f} files a second")
    print(f"two threads {n_files / median(pairs.ours):6.1f} files a second, {pairs}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sounds", type=int, default=300, help="in the store that is read")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each")
    parser.add_argument("--files", type=int, default=16, help="to fill a store with")
    parser.add_argument("--pairs", type=int, default=7)
    options = parser.parse_args()
    print(describe_machine("numpy", "soundfile", "soxr"))
    with tempfile.TemporaryDirectory() as folder:
        measure_reading(Path(folder), n_sounds=options.sounds, seconds=options.seconds, n_pairs=options.pairs)
        measure_filling(Path(folder), n_files=options.files, n_pairs=options.pairs)


if __name__ == "__main__":
    main()
