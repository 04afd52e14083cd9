"""The harmonic front end: its notes, the shape of its filters, the published values, and what is learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tutti.audio.harmonic import HarmonicConfig, HarmonicFilters, HarmonicSpectrogram
from tutti.errors import ConfigError, UnknownNameError


@pytest.fixture(scope="module")
def published() -> np.ndarray:
    """The harmonic tensor of two tones and a noise, whose values in the published code are known."""
    n = np.arange(80_000, dtype=np.float64)
    noise = 2 * ((43758.5453 * np.sin(12.9898 * n)) % 1) - 1
    tones = 0.4 * np.sin(2 * np.pi * 220 * n / 16_000) + 0.3 * np.sin(2 * np.pi * 1760 * n / 16_000)
    waveform = torch.from_numpy(tones + 0.1 * noise).float()[None]
    with torch.inference_mode():
        return HarmonicSpectrogram(HarmonicConfig())(waveform)[0].numpy()


@pytest.mark.parametrize(
    ("place", "decibels"),
    [((0, 0, 0), 19.0458), ((0, 66, 50), 33.8516), ((3, 40, 100), -4.2678), ((5, 127, 312), 10.2067)],
)
def test_the_published_code_s_decibels_come_out(place, decibels, published):
    assert published.shape == (6, 128, 313)
    assert published[place] == pytest.approx(decibels, abs=2e-3)


def test_mean_and_spread_are_the_published_code_s(published):
    assert published.mean() == pytest.approx(3.81412, abs=1e-4)
    assert published.std() == pytest.approx(12.63331, abs=1e-4)


@pytest.mark.parametrize(
    ("n_harmonics", "n_bands"), [(1, 190), (2, 166), (3, 152), (4, 142), (5, 134), (6, 128), (7, 124)]
)
def test_more_harmonics_leave_fewer_notes(n_harmonics, n_bands):
    assert HarmonicConfig(n_harmonics=n_harmonics).n_bands == n_bands


def test_semitones_are_half_as_many_as_quarter_tones():
    assert HarmonicConfig(semitone_scale=1).n_bands == 64


def test_centres_begin_at_the_lowest_c_and_are_multiples_of_it():
    centres = HarmonicFilters(HarmonicConfig()).centres()
    assert centres[0, 0] == pytest.approx(32.7032, abs=1e-3)
    assert centres[0, -1] == pytest.approx(1280.97, abs=1e-2)
    assert centres[5, -1] == pytest.approx(7685.85, abs=1e-2)
    torch.testing.assert_close(centres[3], 4 * centres[0])


def test_a_filter_is_one_at_its_centre_and_zero_half_a_bandwidth_away():
    filters = HarmonicFilters(HarmonicConfig(n_fft=16_000, learnable="none"))  # a bin for each Hz
    responses = filters.responses()[:, 0, 48]  # two octaves above the lowest: 130.8 Hz
    centre, bandwidth = float(filters.centres()[0, 48]), float(filters.bandwidths()[0, 48])
    assert bandwidth == pytest.approx(0.1079 * centre + 24.7, rel=1e-5)
    heard = torch.nonzero(responses)[:, 0]
    assert (int(heard[0]), int(heard[-1])) == (np.ceil(centre - bandwidth / 2), np.floor(centre + bandwidth / 2))
    assert responses.max() == pytest.approx(1, abs=2 / bandwidth)


@pytest.mark.parametrize(
    ("q", "n_empty"), [(1.0, [1, 0, 0, 0, 0, 0]), (2.1386, [34, 21, 12, 10, 8, 3])], ids=["initial", "learned"]
)
def test_narrow_filters_between_two_bins_hear_nothing(q, n_empty):
    responses = HarmonicFilters(HarmonicConfig(q=q)).responses()
    assert (responses == 0).all(dim=0).sum(dim=1).tolist() == n_empty


@pytest.mark.parametrize(
    ("learnable", "names"),
    [
        ("none", []),
        ("q", ["filters.q"]),
        ("bandwidth", ["filters.alpha", "filters.beta", "filters.q"]),
        ("centres", ["filters.alpha", "filters.beta", "filters.notes", "filters.q"]),
    ],
)
def test_what_is_to_be_learned_is_a_parameter_and_gets_a_gradient(learnable, names):
    frontend = HarmonicSpectrogram(HarmonicConfig(learnable=learnable, n_harmonics=2))
    assert sorted(frontend.state_dict()) == names
    waveform = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (1, 4000)).astype(np.float32))
    decibels = frontend(waveform)
    assert decibels.shape == (1, 2, 166, 16)
    if names:
        decibels.mean().backward()
    for _, parameter in frontend.named_parameters():
        assert parameter.grad.isfinite().all()
        assert (parameter.grad != 0).any()


def test_fixed_filters_say_what_unlearned_ones_say():
    waveform = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (2, 4000)).astype(np.float32))
    fixed, learned = (HarmonicSpectrogram(HarmonicConfig(learnable=which)) for which in ("none", "centres"))
    torch.testing.assert_close(fixed(waveform), learned(waveform).detach(), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_harmonics": 8}, "n_harmonics=8"),
        ({"semitone_scale": 0}, "semitone_scale=0"),
        ({"q": 0.0}, "q=0"),
        ({"sample_rate": 300}, "sample_rate=300 leaves no note"),
    ],
)
def test_a_front_end_that_makes_no_sense_is_refused_with_its_value(options, words):
    with pytest.raises(ConfigError, match=words) as caught:
        HarmonicConfig(**options)
    assert caught.value.hint


def test_an_unknown_set_of_learnable_parameters_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError) as caught:
        HarmonicConfig(learnable="centre")
    assert "'centres'" in caught.value.hint
