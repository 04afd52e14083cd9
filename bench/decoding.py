"""Decoding, format by format, against librosa.load, and reading an excerpt against decoding the whole file.

    python bench/decoding.py [--minutes 4] [--pairs 7]

The files are synthesised: stereo at 44.1 kHz, mixed down and resampled to 16 kHz as a tagger wants them. The excerpt
is 3 s long and begins at two thirds of the file; it is read at the file's own rate, as is the whole of the comparison.
librosa reads m4a by a program that is not part of it, so there is no comparison for that format.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

import librosa
import numpy as np
from pairs import describe_machine, seconds_of, time_in_turn
from sounds import SUBTYPES, write_sound

from tutti.audio.decoding import read_waveform

FILE_RATE, MODEL_RATE = 44_100, 16_000
EXCERPT_SECONDS = 3.0


def compare_whole(path: Path, *, seconds: float, n_pairs: int) -> str:
    def ours() -> np.ndarray:
        return read_waveform(path, sample_rate=MODEL_RATE)[0]

    def theirs() -> np.ndarray:
        return librosa.load(path, sr=MODEL_RATE)[0]

    if path.suffix == ".m4a":
        ours()
        spent = median(seconds_of(ours) for _ in range(n_pairs))
        return f"{seconds / spent:5.0f} times real time"
    mine, other = ours(), theirs()
    n_samples = min(len(mine), len(other))
    difference = np.abs(mine[:n_samples] - other[:n_samples]).max()
    pairs = time_in_turn(ours, theirs, n_pairs=n_pairs)
    return f"{seconds / median(pairs.ours):5.0f} times real time; {pairs}; largest difference {difference:.1e}"


def compare_excerpt(path: Path, *, seconds: float, n_pairs: int) -> str:
    start = round(seconds * 2 / 3)

    def excerpt() -> np.ndarray:
        return read_waveform(path, start=start, duration=EXCERPT_SECONDS)[0]

    def whole() -> np.ndarray:
        return read_waveform(path)[0]

    stretch = whole()[start * FILE_RATE :][: round(EXCERPT_SECONDS * FILE_RATE)]
    difference = np.abs(excerpt() - stretch).max()
    pairs = time_in_turn(excerpt, whole, n_pairs=n_pairs)
    return f"{1000 * median(pairs.ours):6.1f} ms; {pairs}; largest difference {difference:.1e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=4.0, help="length of the files")
    parser.add_argument("--pairs", type=int, default=7)
    options = parser.parse_args()
    seconds = 60 * options.minutes

    print(describe_machine("librosa", "soundfile", "soxr", "av"))
    with tempfile.TemporaryDirectory() as folder:
        # Opus knows no 44.1 kHz; another rate would make its row another task.
        formats = [name for name in SUBTYPES if name != "opus"] + ["m4a"]
        paths = [
            write_sound(Path(folder) / f"sound.{name}", seconds=seconds, sample_rate=FILE_RATE, n_channels=2)
            for name in formats
        ]
        print(f"\nwhole files of {options.minutes:g} min, stereo, 44.1 kHz to mono, 16 kHz; tutti against librosa.load")
        for path in paths:
            print(f"{path.suffix[1:]:5}{compare_whole(path, seconds=seconds, n_pairs=options.pairs)}")
        print(f"\nan excerpt of {EXCERPT_SECONDS:g} s against decoding the whole")
        for path in paths:
            print(f"{path.suffix[1:]:5}{compare_excerpt(path, seconds=seconds, n_pairs=options.pairs)}")


if __name__ == "__main__":
    main()
