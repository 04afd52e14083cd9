"""The chain of augmentation: each effect does what its name says, and nothing else happens."""

import dataclasses
import math

import pytest
import torch

from tutti.audio.augmentation import PROBABILITIES, RANGES, Augmentation, AugmentationConfig
from tutti.errors import ConfigError, ShapeError, UnknownNameError

RATE = 16_000
SILENT_CHAIN = dict.fromkeys(PROBABILITIES["code"], 0.0)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noise(n_rows: int = 6, n_samples: int = 8000) -> torch.Tensor:
    return 0.2 * torch.randn(n_rows, n_samples, generator=seeded(9))


def only(effect: str, **ranges: tuple[float, ...]) -> Augmentation:
    """The chain with one effect, which always happens."""
    config = AugmentationConfig(probabilities=SILENT_CHAIN | {effect: 1.0}, ranges=ranges)
    return Augmentation(config, sample_rate=RATE)


def test_a_chain_of_no_effects_changes_nothing():
    augment = Augmentation(AugmentationConfig(probabilities=SILENT_CHAIN), sample_rate=RATE)
    assert torch.equal(augment(noise(), generator=seeded()), noise())


def test_polarity_negates():
    assert torch.equal(only("polarity")(noise(), generator=seeded()), -noise())


def test_noise_has_the_share_of_the_excerpts_deviation_that_was_asked_for():
    waveforms = torch.sin(torch.arange(40_000) * 0.1).repeat(8, 1) * torch.linspace(0.1, 0.8, 8)[:, None]
    added = only("noise")(waveforms, generator=seeded()) - waveforms
    ratios = added.std(dim=1) / waveforms.std(dim=1)
    assert (ratios > 0.29).all()
    assert (ratios < 0.51).all()
    assert ratios.std() > 0.02  # each its own
    correlations = torch.corrcoef(torch.cat([added, waveforms[:1]])) - torch.eye(9)
    assert correlations.abs().max() < 0.03


def test_a_gain_is_exact_in_decibels_and_clamps():
    quieter = only("gain", gain_db=(-6.0, -6.0))(noise(), generator=seeded())
    torch.testing.assert_close(quieter, noise() * 10 ** (-6 / 20))
    louder = only("gain", gain_db=(20.0, 20.0))(noise(), generator=seeded())
    torch.testing.assert_close(louder, (10 * noise()).clamp(-1, 1))


def test_an_echo_comes_after_its_delay_in_the_published_mix():
    click = torch.zeros(3, 12_000)
    click[:, 1000] = 1.0
    echoed = only("delay", delay_ms=(250.0, 250.0))(click, generator=seeded())
    expected = torch.zeros(3, 12_000)
    expected[:, 1000], expected[:, 1000 + 4000] = 0.5, 0.25
    assert torch.equal(echoed, expected)


def test_delays_of_the_code_are_multiples_of_50_ms_and_all_of_them_occur():
    click = torch.zeros(200, 8000)
    click[:, 0] = 1.0
    echoed = only("delay")(click, generator=seeded())
    found = echoed[:, 1:].argmax(dim=1) + 1
    assert {round(int(sample) * 1000 / RATE) for sample in found} == {200, 250, 300, 350, 400, 450}


def test_one_filter_is_applied_of_the_two():
    time = torch.arange(16_000) / RATE
    tones = sum(torch.sin(2 * math.pi * hertz * time) for hertz in (60.0, 7000.0)).repeat(40, 1)
    spectra = torch.fft.rfft(only("filter")(tones, generator=seeded())).abs() / 8000
    has_low, has_high = spectra[:, 60] > 0.5, spectra[:, 7000] > 0.5
    assert (has_low ^ has_high).all()
    assert 10 < has_low.sum() < 30


def test_the_same_generator_gives_the_same_result_and_another_another():
    augment = Augmentation(AugmentationConfig(), sample_rate=RATE)
    first, again, other = (augment(noise(), generator=seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_company_does_not_change_an_excerpt():
    augment = Augmentation(AugmentationConfig(), sample_rate=RATE)
    many, few = augment(noise(12), generator=seeded(3)), augment(noise(12)[:5], generator=seeded(3))
    torch.testing.assert_close(many[:5], few, atol=1e-5, rtol=0)


@pytest.mark.parametrize("preset", PROBABILITIES)
def test_every_preset_gives_finite_excerpts_of_the_old_shape_and_leaves_the_input_alone(preset):
    augment = Augmentation(AugmentationConfig(preset=preset), sample_rate=RATE)
    waveforms = torch.cat([noise(20), torch.zeros(4, 8000)])
    before = waveforms.clone()
    augmented = augment(waveforms, generator=seeded())
    assert augmented.shape == waveforms.shape
    assert augmented.isfinite().all()
    assert torch.equal(waveforms, before)
    assert not augmented[20:].any()  # of silence, silence


def test_effects_occur_as_often_as_their_probabilities_say():
    config = AugmentationConfig(probabilities=SILENT_CHAIN | {"polarity": 0.8}, preset="thesis")
    ones = torch.ones(2000, 1)
    negated = Augmentation(config, sample_rate=RATE)(ones, generator=seeded()) < 0
    assert negated.float().mean().item() == pytest.approx(0.8, abs=0.03)


def test_the_presets_swap_the_ranges_of_the_filters():
    assert RANGES["code"]["high_pass_hz"] == RANGES["thesis"]["low_pass_hz"] == (200, 1200)
    assert RANGES["code"]["low_pass_hz"] == RANGES["thesis"]["high_pass_hz"] == (2200, 4000)


def test_a_configuration_says_everything_and_can_be_made_anew_from_itself():
    config = AugmentationConfig(preset="thesis", probabilities={"delay": 0.0}, ranges={"gain_db": (-3.0, 0.0)})
    assert config.probabilities == PROBABILITIES["thesis"] | {"delay": 0.0}
    assert config.ranges["gain_db"] == (-3.0, 0.0)
    assert AugmentationConfig(**dataclasses.asdict(config)) == config


def test_what_makes_no_sense_is_refused():
    with pytest.raises(UnknownNameError) as caught:
        AugmentationConfig(preset="theses")
    assert "did you mean 'thesis'" in caught.value.hint
    with pytest.raises(ConfigError, match="no effect called 'revreb'"):
        AugmentationConfig(probabilities={"revreb": 0.5})
    with pytest.raises(ConfigError, match="lies outside 0 to 1"):
        AugmentationConfig(probabilities={"reverb": 30})
    for values in ((5.0, -5.0), (1.0,), (-5.0, 5.0, 0.0), (-90.0, 0.0)):
        with pytest.raises(ConfigError, match="is no range between -24 and 24"):
            AugmentationConfig(ranges={"pitch_shift_semitones": values})
    with pytest.raises(ConfigError, match="more than half the sample rate"):
        Augmentation(AugmentationConfig(), sample_rate=6000)
    with pytest.raises(ShapeError, match=r"shape \(100,\)"):
        only("gain")(torch.zeros(100), generator=seeded())
