"""Reverberation: the filters are those of the design, the tail decays as its settings say."""

import pytest
import torch

from tutti.audio.reverberation import ALL_PASSES, COMBS, WET_GAIN, Rooms, reverberate

RATE = 16_000


def rooms(*settings: tuple[float, float, float]) -> Rooms:
    columns = torch.tensor(settings, dtype=torch.float64).T
    return Rooms(reverberance=columns[0], damping=columns[1], room_size=columns[2])


def answer(waveforms: torch.Tensor, *settings: tuple[float, float, float]) -> torch.Tensor:
    return reverberate(waveforms, rooms(*settings), sample_rate=RATE) - waveforms


def click(n_rows: int, n_samples: int = 2 * RATE) -> torch.Tensor:
    waveforms = torch.zeros(n_rows, n_samples)
    waveforms[:, 0] = 1.0
    return waveforms


def energy_db(waveforms: torch.Tensor, start: float, end: float) -> torch.Tensor:
    return 10 * torch.log10(waveforms[:, round(start * RATE) : round(end * RATE)].square().sum(dim=1))


def by_recursion(waveform: list[float], reverberance: float, damping: float, room_size: float) -> list[float]:
    """The textbook form, sample by sample."""
    scale = (0.1 + 0.9 * room_size / 100) * RATE / 44_100
    feedback, pole = 1 - 0.7 * (0.02 / 0.7) ** (reverberance / 100), 0.2 + 0.3 * damping / 100
    wet = [0.0] * len(waveform)
    for length in COMBS:
        line, low = [0.0] * round(length * scale), 0.0
        for n, sample in enumerate(waveform):
            out = line[n % len(line)]
            low = out * (1 - pole) + low * pole
            line[n % len(line)] = sample + feedback * low
            wet[n] += out
    for length in ALL_PASSES:
        line = [0.0] * round(length * scale)
        for n, sample in enumerate(wet):
            out = line[n % len(line)]
            line[n % len(line)] = sample + 0.5 * out
            wet[n] = out - sample
    return [WET_GAIN * sample for sample in wet]


@pytest.mark.parametrize("settings", [(50.0, 50.0, 100.0), (100.0, 0.0, 20.0)])
def test_samples_are_those_of_the_recursive_filters(settings):
    waveform = 0.3 * torch.randn(3000, generator=torch.Generator().manual_seed(0))
    expected = torch.tensor(by_recursion(waveform.tolist(), *settings))
    assert expected.std() > 0.01
    # What comes round through the FFT is 80 dB below the answer, and more where the excerpt is longer.
    torch.testing.assert_close(answer(waveform[None], settings)[0], expected, atol=5e-5, rtol=0)


def test_the_tail_decays_and_rings_longer_with_more_reverberance():
    tails = answer(click(3), (25.0, 50.0, 100.0), (60.0, 50.0, 100.0), (99.0, 50.0, 100.0))
    early, middle, late = (energy_db(tails, start, start + 0.5) for start in (0.05, 0.7, 1.4))
    assert (early > middle).all()
    assert (middle > late).all()
    fall = early - late
    assert fall[0] > fall[1] + 10
    assert fall[1] > fall[2] + 10


def test_a_larger_room_answers_later_and_damping_takes_the_treble():
    tails = answer(click(3), (80.0, 0.0, 100.0), (80.0, 0.0, 10.0), (80.0, 100.0, 100.0))
    first = [int(torch.nonzero(tail.abs() > 1e-4)[0]) for tail in tails]
    assert first[0] == pytest.approx(1116 * RATE / 44_100, abs=1)
    assert first[1] < 0.25 * first[0]
    treble = [torch.fft.rfft(tail)[2 * 4000 :].abs().square().sum().item() for tail in tails]
    assert treble[2] < 0.7 * treble[0]


def test_a_ring_longer_than_the_excerpt_does_not_come_back_at_its_beginning():
    waveforms = torch.zeros(1, RATE)
    waveforms[:, 500] = 1.0
    assert answer(waveforms, (100.0, 0.0, 100.0))[:, :500].abs().max() < 1e-6


def test_silence_stays_silence():
    assert not reverberate(torch.zeros(1, 4000), rooms((99.0, 0.0, 99.0)), sample_rate=RATE).any()
