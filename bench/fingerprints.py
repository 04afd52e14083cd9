"""How well fingerprints find a recording again, and how fast they are made and compared.

    python bench/fingerprints.py MUSIC… [--files 24]

Of each file a stretch of 30 s is taken, and the same again from 10 s later, changed as the row says, so that 20 s are
shared. Found are pairs of a stretch and its own copy, false are pairs of different files. Give different pieces of
music: two mixes of one would count as false.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from pairs import describe_machine

from tutti.audio.decoding import read_waveform
from tutti.audio.fingerprints import Fingerprint, find_matches, fingerprint
from tutti.audio.resampling import Resampling, resample
from tutti.data.folder import scan

SAMPLE_RATE = 16_000
SECONDS, LATER = 30, 10

Waveform = NDArray[np.float32]


def coded(waveform: Waveform, form: str, level: float) -> Waveform:
    file = io.BytesIO()
    soundfile.write(file, waveform, SAMPLE_RATE, format=form, compression_level=level)
    file.seek(0)
    return np.asarray(soundfile.read(file, dtype="float32")[0])


def faster(waveform: Waveform, factor: float) -> Waveform:
    return resample(waveform, SAMPLE_RATE, round(SAMPLE_RATE / factor), resampling=Resampling())


CHANGES: dict[str, Callable[[Waveform], Waveform]] = {
    "nothing": lambda waveform: waveform,
    "12 dB quieter": lambda waveform: waveform / 4,
    "MP3, small": lambda waveform: coded(waveform, "MP3", 0.95),
    "Ogg Vorbis, small": lambda waveform: coded(waveform, "OGG", 0.9),
    "noise 20 dB below": lambda waveform: waveform + noise_like(waveform, -20),
    "noise 6 dB below": lambda waveform: waveform + noise_like(waveform, -6),
    "played 1% faster": lambda waveform: faster(waveform, 1.01),
    "played 3% faster": lambda waveform: faster(waveform, 1.03),
}


def noise_like(waveform: Waveform, decibels: float) -> Waveform:
    level = float(np.sqrt(np.mean(waveform**2))) * 10 ** (decibels / 20)
    return (level * np.random.default_rng(0).standard_normal(len(waveform))).astype(np.float32)


def stretches(paths: Sequence[Path]) -> list[Waveform]:
    """The middle 40 s of each file that is as long as that."""
    found = []
    for path in paths:
        waveform, _ = read_waveform(path, sample_rate=SAMPLE_RATE)
        n_samples = (SECONDS + LATER) * SAMPLE_RATE
        if len(waveform) >= n_samples:
            begin = (len(waveform) - n_samples) // 2
            found.append(waveform[begin : begin + n_samples])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", nargs="+", type=Path, help="folders or files")
    parser.add_argument("--files", type=int, default=24, help="take so many, evenly spread over the list")
    options = parser.parse_args()
    print(describe_machine("numpy", "soxr"))
    files = [found.path for found in scan(*options.music).files]
    chosen = [files[i * len(files) // options.files] for i in range(options.files)] if options.files else files
    sounds = stretches(list(dict.fromkeys(chosen)))
    began = time.perf_counter()
    originals = [fingerprint(sound[: SECONDS * SAMPLE_RATE], SAMPLE_RATE) for sound in sounds]
    rate = len(sounds) / (time.perf_counter() - began)
    print(f"{len(sounds)} stretches of {SECONDS} s; {rate:.0f} fingerprints a second")
    for name, change in CHANGES.items():
        copies: list[Fingerprint] = [fingerprint(change(sound[LATER * SAMPLE_RATE :]), SAMPLE_RATE) for sound in sounds]
        began = time.perf_counter()
        matches = list(find_matches([*originals, *copies], ["original"] * len(sounds) + ["copy"] * len(sounds)))
        spent = time.perf_counter() - began
        own = [match for match in matches if match.second - match.first == len(sounds)]
        print(
            f"{name:18} found {len(own)} of {len(sounds)}, false {len(matches) - len(own)}, compared in {spent:.1f} s"
        )


if __name__ == "__main__":
    main()
