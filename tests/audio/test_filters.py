"""High-pass and low-pass filters: what passes, what vanishes, and that they equal recursive filters."""

import math

import pytest
import torch

from tutti.audio.filters import fast_length, high_pass, low_pass

RATE = 16_000


def tone(hertz: float) -> torch.Tensor:
    return torch.sin(2 * math.pi * hertz * torch.arange(RATE) / RATE)


def level_db(waveforms: torch.Tensor) -> torch.Tensor:
    """Of the middle, relative to a sine of amplitude 1."""
    return 20 * torch.log10(waveforms[:, RATE // 4 : -RATE // 4].std(dim=1) * math.sqrt(2))


@pytest.mark.parametrize(("keep", "sign"), [(high_pass, 1), (low_pass, -1)])
def test_a_tone_on_the_right_side_passes_and_one_on_the_other_loses_12_db_an_octave(keep, sign):
    cutoff = 1000.0
    tones = torch.stack([tone(cutoff * 2 ** (sign * octaves)) for octaves in (2, 0, -2, -3)])
    passed, at_cutoff, two_away, three_away = level_db(keep(tones, torch.full((4,), cutoff), sample_rate=RATE))
    assert passed.item() == pytest.approx(0, abs=0.1)
    assert at_cutoff.item() == pytest.approx(-3.01, abs=0.05)
    assert two_away < -23.5
    assert three_away - two_away < -11.5


def test_every_excerpt_has_its_own_cutoff():
    tones = tone(1000).repeat(3, 1)
    levels = level_db(low_pass(tones, torch.tensor([250.0, 1000.0, 4000.0]), sample_rate=RATE))
    torch.testing.assert_close(levels, torch.tensor([-24.3, -3.0, 0.0]), atol=0.3, rtol=0)


@pytest.mark.parametrize(("keep", "numerator"), [(low_pass, (1, 2, 1)), (high_pass, (1, -2, 1))])
def test_samples_are_those_of_the_recursive_filter(keep, numerator):
    cutoff, waveform = 300.0, torch.randn(400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    # By hand, from the bilinear transform of 1 / (1 + √2 s + s²) or s² / …
    k = math.tan(math.pi * cutoff / RATE)
    scale = (k * k if keep is low_pass else 1.0) / (1 + math.sqrt(2) * k + k * k)
    a1 = 2 * (k * k - 1) / (1 + math.sqrt(2) * k + k * k)
    a2 = (1 - math.sqrt(2) * k + k * k) / (1 + math.sqrt(2) * k + k * k)
    x, y = [0.0, 0.0, *waveform.tolist()], [0.0, 0.0]
    for n in range(2, len(x)):
        fed = scale * sum(b * x[n - i] for i, b in enumerate(numerator))
        y.append(fed - a1 * y[n - 1] - a2 * y[n - 2])
    filtered = keep(waveform.float()[None], torch.tensor([cutoff]), sample_rate=RATE)[0]
    torch.testing.assert_close(filtered, torch.tensor(y[2:]), atol=2e-6, rtol=0)


@pytest.mark.parametrize("n_samples", [1, 17, 1000, 59_049, 464_000])
def test_a_fast_length_is_long_enough_even_and_has_small_factors_only(n_samples):
    length = fast_length(n_samples)
    assert n_samples <= length <= max(2, 1.1 * n_samples + 2)
    rest = length
    for prime in (2, 3, 5):
        while rest % prime == 0:
            rest //= prime
    assert (rest, length % 2) == (1, 0)
