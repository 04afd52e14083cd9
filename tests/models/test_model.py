"""A model's predictions: from a path or a waveform, averaged or not, refused with a remedy."""

import numpy as np
import pytest
import soundfile

from tutti.audio.decoding import read_waveform
from tutti.errors import AudioError, ConfigError
from tutti.models.model import move_network
from tutti.models.taggers import build_tagger


def test_predictions_are_probabilities_one_a_label(small_model, sine_wav):
    probabilities = small_model.predict(sine_wav)
    assert (probabilities.dtype, probabilities.shape) == (np.float32, (3,))
    assert ((probabilities > 0) & (probabilities < 1)).all()
    assert small_model.embed(sine_wav).shape == (small_model.embed_dim,) == (16,)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
@pytest.mark.parametrize("seconds", [0.1, 0.5, 3.0, 9.0])
def test_a_path_and_its_waveform_give_the_same_to_the_last_bit(suffix, seconds, small_model, tmp_path):
    path = tmp_path / f"noise.{suffix}"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (round(seconds * 22_050), 2))
    soundfile.write(path, noise, 22_050)
    waveform, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    for method in (small_model.predict, small_model.embed):
        from_path = method(path)
        np.testing.assert_array_equal(method(str(path)), from_path)
        np.testing.assert_array_equal(method(waveform.T, sample_rate), from_path)
        np.testing.assert_array_equal(method(read_waveform(path)[0], sample_rate), from_path)


def test_the_average_is_the_mean_of_the_rows(small_model, noise_wav):
    for method in (small_model.predict, small_model.embed):
        rows = method(noise_wav, average=False)
        assert rows.shape[0] == 4
        assert rows.std(axis=0).max() > 0
        np.testing.assert_allclose(method(noise_wav), rows.mean(axis=0), rtol=1e-6)


def test_excerpts_may_be_chosen_anew_without_changing_the_model(small_model, noise_wav):
    hopping = small_model.with_excerpts(hop=0.5)
    assert hopping.predict(noise_wav, average=False).shape == (6, 3)
    assert small_model.with_excerpts(count=2).predict(noise_wav, average=False).shape == (2, 3)
    assert small_model.with_excerpts() is small_model
    assert hopping.fingerprint != small_model.fingerprint
    assert small_model.predict(noise_wav, average=False).shape == (4, 3)


def test_the_channels_are_averaged(small_model):
    left, right = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 9000)).astype(np.float32)
    mixed = (left + right) / 2
    np.testing.assert_array_equal(small_model.predict(np.stack([left, right]), 8000), small_model.predict(mixed, 8000))


def test_lists_and_double_precision_are_taken(small_model):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 5000).astype(np.float32)
    expected = small_model.predict(noise, 8000)
    np.testing.assert_array_equal(small_model.predict(noise.astype(np.float64), 8000), expected)
    np.testing.assert_array_equal(small_model.predict(noise.tolist(), 8000), expected)


def test_silence_and_a_single_sample_are_answered(small_model):
    for waveform in (np.zeros(9000, np.float32), np.ones(1, np.float32)):
        assert np.isfinite(small_model.predict(waveform, 8000)).all()


def test_integers_are_refused_with_the_line_that_converts_them(small_model):
    with pytest.raises(AudioError, match="this one holds int16") as caught:
        small_model.predict(np.zeros(9000, np.int16), 8000)
    assert "astype('float32') / 32768" in caught.value.hint


def test_a_waveform_needs_its_sample_rate_and_a_path_must_not_have_one(small_model, sine_wav):
    with pytest.raises(AudioError, match="needs its sample rate"):
        small_model.predict(np.zeros(9000, np.float32))
    with pytest.raises(AudioError, match="sample rate was given for the file"):
        small_model.predict(sine_wav, 22_050)


@pytest.mark.parametrize("waveform", [np.zeros(0), np.zeros((2, 0)), np.full(9000, np.nan)])
def test_what_cannot_be_heard_is_refused(waveform, small_model):
    with pytest.raises(AudioError):
        small_model.predict(waveform, 8000)


def test_a_missing_file_is_refused_by_name(small_model, tmp_path):
    with pytest.raises(AudioError, match=r"nowhere\.mp3 cannot be read: no such file"):
        small_model.predict(tmp_path / "nowhere.mp3")


@pytest.mark.parametrize("device", ["quark", "cuda:99"])
def test_a_device_that_is_not_here_is_told_with_one_that_is(device):
    with pytest.raises(ConfigError, match="nothing can be computed on the device") as caught:
        move_network(build_tagger("short_chunk_resnet", 2, n_channels=2), device)
    assert "cpu" in str(caught.value.hint)
