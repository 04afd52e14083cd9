"""Augmentation: excerpts a second through the whole chain and through each effect, and the pitch shift it stands on.

python bench/augmentation.py [--preset code] [--seconds 3.69] [--batch 32] [--rounds 5] [--device cpu] [--pitch]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from pairs import describe_machine
from torch import Tensor

from tutti.audio.augmentation import PROBABILITIES, Augmentation, AugmentationConfig
from tutti.audio.deformations import shift_pitch as shift_pitch_well
from tutti.audio.pitch_shift import shift_pitch

RATE = 16_000
SEMITONES = (-7.0, -2.3, 0.5, 7.0)


def per_second(work: Callable[[], Tensor], n_excerpts: int, *, n_rounds: int) -> float:
    """Excerpts a second, median over the rounds: of processor time on a CPU, of wall-clock time on a device."""
    seconds = []
    for _ in range(n_rounds + 1):
        on_device = torch.cuda.is_available()
        clock = time.perf_counter if on_device else time.process_time
        began = clock()
        work()
        if on_device:
            torch.cuda.synchronize()
        seconds.append(clock() - began)
    return n_excerpts / median(seconds[1:])


def measure_chain(options: argparse.Namespace) -> None:
    waveforms = 0.1 * torch.randn(options.batch, round(options.seconds * RATE), device=options.device)
    print(
        f"{options.batch} excerpts of {options.seconds:g} s at {RATE} Hz on {options.device}, preset {options.preset}"
    )
    chains = {"whole chain": AugmentationConfig(preset=options.preset)}
    none = dict.fromkeys(PROBABILITIES["code"], 0.0)
    for effect in none:
        chains[f"{effect} alone, always"] = AugmentationConfig(
            preset=options.preset, probabilities=none | {effect: 1.0}
        )
    for name, config in chains.items():
        augment = Augmentation(config, sample_rate=RATE)
        generator = torch.Generator().manual_seed(0)
        speed = per_second(
            lambda a=augment, g=generator: a(waveforms, generator=g), len(waveforms), n_rounds=options.rounds
        )
        print(f"{name:27s} {speed:9.0f} excerpts a second")


def one_by_one(waveforms: Tensor, semitones: Tensor) -> Tensor:
    """By Signalsmith Stretch, which takes one sound at a time, on the CPU."""
    shifted = [shift_pitch_well(row.numpy(), RATE, float(by)) for row, by in zip(waveforms, semitones, strict=True)]
    return torch.stack([torch.from_numpy(row) for row in shifted])


def all_at_once(waveforms: Tensor, semitones: Tensor) -> Tensor:
    return shift_pitch(waveforms, semitones, sample_rate=RATE)


def measure_pitch(options: argparse.Namespace) -> None:
    n_samples, semitones = round(options.seconds * RATE), torch.tensor(SEMITONES)
    noise = 0.1 * torch.randn(len(SEMITONES), n_samples)
    for name, shift in (("WSOLA, ours", all_at_once), ("Signalsmith Stretch", one_by_one)):
        speed = per_second(lambda s=shift: s(noise, semitones), len(noise), n_rounds=options.rounds)
        print(f"{name}: {speed:.0f} excerpts a second on the CPU")
        for hertz in (110.0, 440.0, 1500.0):
            tone = 0.5 * torch.sin(2 * torch.pi * hertz * torch.arange(n_samples) / RATE)
            shifted = shift(tone.repeat(len(SEMITONES), 1), semitones)[:, 4000:-4000]
            spectra = torch.fft.rfft(shifted * torch.hann_window(shifted.shape[1])).abs().square()
            frequencies = torch.fft.rfftfreq(shifted.shape[1], 1 / RATE)
            beside = (frequencies - hertz * torch.exp2(semitones / 12)[:, None]).abs() > 5.0
            impurity = 10 * torch.log10((spectra * beside).sum(dim=1) / spectra.sum(dim=1))
            level = 20 * torch.log10(shifted.std(dim=1) / tone.std())
            print(
                f"  a tone of {hertz:4.0f} Hz by {', '.join(map(str, SEMITONES))} semitones: "
                f"{impurity.max():.0f} dB beside it, level {level.min():+.2f} to {level.max():+.2f} dB"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="code", choices=sorted(PROBABILITIES))
    parser.add_argument("--seconds", type=float, default=59_049 / RATE)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--pitch", action="store_true", help="compare ways to shift the pitch instead")
    options = parser.parse_args()
    torch.manual_seed(0)
    print(describe_machine("python-stretch"))
    (measure_pitch if options.pitch else measure_chain)(options)


if __name__ == "__main__":
    main()
