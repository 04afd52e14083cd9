"""Statistics for standardising, taken from the sounds that are learned from."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import open_store
from tutti.models.taggers import build_tagger
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train
from tutti.training.sounds import Sounds
from tutti.training.standardisation import standardise

RATE, N_SAMPLES = 22_050, 20_000


@pytest.fixture
def sounds(tmp_path) -> Sounds:
    """Six noises of unlike loudness and length; the first is not to be learned from."""
    rng = np.random.default_rng(0)
    noises = [rng.uniform(-scale, scale, 19_000 + 2000 * number) for number, scale in enumerate(np.linspace(0.1, 1, 6))]
    recordings = [Recording.from_waveform(one, RATE, key=str(number)) for number, one in enumerate(noises)]
    store = open_store({"train": recordings}, tmp_path, sample_rate=RATE, resampling=Resampling())
    return Sounds(store=store, rows=np.arange(1, 6))


def middles(sounds: Sounds) -> torch.Tensor:
    lengths = sounds.store.n_samples[sounds.rows]
    starts = [max(0, int(length) - N_SAMPLES) // 2 for length in lengths]
    return torch.from_numpy(sounds.store.excerpts(sounds.rows.tolist(), starts, n_samples=N_SAMPLES))


@pytest.mark.parametrize(
    ("name", "options"), [("cqt_cnn_4x96_low", {"hop_length": 128, "n_channels": 2}), ("timbre_mlp", {})]
)
def test_the_middles_of_the_training_sounds_become_standard(name, options, sounds):
    network = build_tagger(name, 3, n_samples=N_SAMPLES, **options)
    assert standardise(network, sounds, n_samples=N_SAMPLES)
    standard = network.encoder.standardisation(network.frontend(middles(sounds)))
    torch.testing.assert_close(standard.mean(dim=0), torch.zeros(standard.shape[1:]), atol=1e-3, rtol=0)
    deviations = standard.std(dim=0, correction=0)
    is_kept = network.encoder.standardisation.deviation != 1
    assert is_kept.float().mean() > 0.9
    torch.testing.assert_close(deviations[is_kept], torch.ones(int(is_kept.sum())), atol=1e-2, rtol=0)


def test_what_a_trained_model_was_fitted_on_stays(sounds):
    network = build_tagger("timbre_mlp", 3, n_samples=N_SAMPLES)
    standardise(network, sounds, n_samples=N_SAMPLES)
    before = network.encoder.standardisation.mean.clone()
    louder = Sounds(store=sounds.store, rows=np.array([5]))
    assert not standardise(network, louder, n_samples=N_SAMPLES)
    assert torch.equal(network.encoder.standardisation.mean, before)


def test_networks_that_do_not_ask_for_it_stay_as_they_are(sounds):
    assert not standardise(build_tagger("cqt_cnn", 3, standardise=False), sounds, n_samples=N_SAMPLES)
    assert not standardise(build_tagger("short_chunk_resnet", 3, n_channels=4), sounds, n_samples=N_SAMPLES)


@pytest.mark.slow
def test_a_run_saves_them_with_the_model(table):
    table["model"] = {"architecture": "timbre_mlp", "options": {"n_samples": 22_050}}
    table["training"] |= {"epochs": 60, "learning_rate": 0.03}
    run = train(parse_recipe(table), quiet=True)
    saved = load_file(run.bundle / "model.safetensors")
    assert saved["encoder.standardisation.is_fitted"] == 1
    assert saved["encoder.standardisation.mean"].abs().max() > 1
    assert run.report.metrics["roc_auc_macro"].value > 0.9  # low and high, pure and noisy are a matter of timbre
