"""The log-mel front end against librosa's, on the same sound with the same settings.

python bench/frontend.py [--seconds 30] [--batch 16] [--pairs 15]
"""

from __future__ import annotations

import argparse
from statistics import median

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from pairs import describe_machine, time_in_turn

from tutti.audio.frontends import MelConfig, MelSpectrogram

CONFIG = MelConfig()


def with_librosa(waveforms: NDArray[np.float32]) -> NDArray[np.float32]:
    power = librosa.feature.melspectrogram(
        y=waveforms,
        sr=CONFIG.sample_rate,
        n_fft=CONFIG.n_fft,
        hop_length=CONFIG.hop_length,
        n_mels=CONFIG.n_mels,
        fmin=CONFIG.fmin,
        fmax=CONFIG.fmax,
        htk=True,
        norm=None,
        pad_mode="reflect",
    )
    return librosa.power_to_db(power, top_db=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each sound")
    parser.add_argument("--batch", type=int, default=2, help="sounds in a batch")
    parser.add_argument("--pairs", type=int, default=15)
    options = parser.parse_args()

    n_samples = round(options.seconds * CONFIG.sample_rate)
    noise = np.random.default_rng(0).standard_normal((options.batch, n_samples))
    waveforms = (0.1 * noise).astype(np.float32)
    frontend = MelSpectrogram(CONFIG)

    def ours() -> NDArray[np.float32]:
        with torch.inference_mode():
            return frontend(torch.from_numpy(waveforms)).numpy()

    def theirs() -> NDArray[np.float32]:
        return with_librosa(waveforms)

    print(describe_machine("librosa", "numpy"))
    difference = float(np.abs(ours() - theirs()).max())
    pairs = time_in_turn(ours, theirs, n_pairs=options.pairs)
    sound = options.batch * options.seconds
    print(f"{options.batch} sounds of {options.seconds:g} s; largest difference {difference:.1e} dB")
    print(f"tutti   {sound / median(pairs.ours):8.0f} times real time")
    print(f"librosa {sound / median(pairs.theirs):8.0f} times real time")
    print(f"tutti is {pairs}")


if __name__ == "__main__":
    main()
