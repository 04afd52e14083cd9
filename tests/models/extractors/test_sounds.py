"""Published networks from ONNX files as encoders: whichever way they were exported, whatever the sounds are."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import torch

from tutti.audio.patches import YAMNET, LogMelPatches
from tutti.audio.recording import Recording
from tutti.data.items import Item
from tutti.data.track import Track
from tutti.errors import ConfigError, ModelError, UnknownNameError
from tutti.models.encoder_kinds import load_encoder
from tutti.models.extractors.sounds import EXTRACTORS, SoundExtractor


def noise(seconds, rate=16_000, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate))).astype(np.float32)


@pytest.fixture
def items(tmp_path):
    """An album of two tracks, of which one is damaged; a single one; one without sound."""
    tracks = {}
    for seed, name in enumerate(("first", "single"), start=1):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, noise(1.2 + seed, seed=seed), 16_000, subtype="FLOAT")
        tracks[name] = Track(track_id=name, audio=path)
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    tracks["broken"] = Track(track_id="broken", audio=tmp_path / "broken.wav")
    return [
        Item(item_id="album", title="album", tracks=(tracks["first"], tracks["broken"])),
        Item(item_id="single", title="single", tracks=(tracks["single"],)),
        Item(item_id="silent film", title="silent film"),
    ]


@pytest.mark.parametrize(
    "shape", [(None, 96, 64), (None, 1, 96, 64), (None, 96, 64, 1), (1, 96, 64), (4, 96, 64)], ids=str
)
def test_patches_are_understood_however_the_file_arranges_them(write_onnx, shape):
    path = write_onnx(*shape, n_outputs=1024)
    extractor = SoundExtractor("yamnet", path)
    waveform = noise(15_600 / 16_000)
    patch = LogMelPatches(YAMNET)(torch.from_numpy(waveform)[None]).numpy().reshape(-1)
    expected = patch @ (np.random.default_rng(0).standard_normal((96 * 64, 1024)) / np.sqrt(96 * 64))
    (found,) = extractor.frames(Recording.from_waveform(waveform, 16_000))
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("shape", [(None, 15_600), (15_600,), (None, None), (None, 1, 15_600)], ids=str)
def test_a_file_that_computes_its_own_spectrogram_is_given_waveforms(write_onnx, shape):
    path = write_onnx(*(shape if shape != (None, None) else (None, 15_600)), n_outputs=1024)
    extractor = SoundExtractor("yamnet", path, hop=0.1)
    waveform = noise(1.175)
    found = extractor.frames(Recording.from_waveform(waveform, 16_000))
    matrix = np.random.default_rng(0).standard_normal((15_600, 1024)) / np.sqrt(15_600)
    assert found.shape == (3, 1024)
    np.testing.assert_allclose(found[2], waveform[3200:] @ matrix, atol=1e-4)


@pytest.mark.parametrize("network", EXTRACTORS)
def test_every_extractor_gives_its_published_dimensions(write_onnx, network, items):
    facts = EXTRACTORS[network]
    path = write_onnx(None, *facts.patches.shape, n_outputs=min(facts.embed_dim, 1024))
    if facts.embed_dim > 1024:  # a file of a smaller network, to keep the test small
        with pytest.raises(ModelError, match="6144 dimensions"):
            SoundExtractor(network, path)
        return
    found = SoundExtractor(network, path).encode(items)
    assert found.vectors.shape == (3, facts.embed_dim)
    assert found.presence.tolist() == [True, True, False]


def test_bad_files_are_told_of_and_absent_sounds_are_nan(write_onnx, items):
    found = SoundExtractor("vggish", write_onnx(None, 96, 64, n_outputs=128)).encode(items)
    assert "broken" in found.problems["album"]
    assert np.isfinite(found.vectors[:2]).all()
    assert np.isnan(found.vectors[2]).all()


def test_a_silent_sound_has_no_vector_and_a_truncated_one_is_told_of(write_onnx, tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(32_000), 16_000)
    soundfile.write(tmp_path / "whole.wav", noise(4), 16_000)
    (tmp_path / "cut.wav").write_bytes((tmp_path / "whole.wav").read_bytes()[:64_000])
    tracks = {name: Track(track_id=name, audio=tmp_path / f"{name}.wav") for name in ("silent", "cut")}
    items = [Item(item_id=name, title=name, tracks=(track,)) for name, track in tracks.items()]
    found = SoundExtractor("vggish", write_onnx(None, 96, 64, n_outputs=128)).encode(items)
    assert found.presence.tolist() == [False, True]
    assert "is silent" in found.problems["silent"]
    assert "what there is of it was heard" in found.problems["cut"]


def test_an_item_has_the_same_vector_alone_and_among_others(write_onnx, items):
    extractor = SoundExtractor("yamnet", write_onnx(None, 96, 64, n_outputs=1024), hop=0.1)
    together = extractor.encode(items).vectors
    alone = [extractor.encode([item]).vectors[0] for item in items]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_saved_extractor_gives_the_same_vectors(write_onnx, items, tmp_path):
    extractor = SoundExtractor("vggish", write_onnx(None, 96, 64, n_outputs=128), hop=0.5)
    extractor.save(tmp_path / "saved")
    again = load_encoder(tmp_path / "saved")
    assert (again.name, again.fingerprint) == ("vggish", extractor.fingerprint)
    np.testing.assert_array_equal(again.encode(items).vectors, extractor.encode(items).vectors)
    other_hop = SoundExtractor("vggish", tmp_path / "saved" / "network.onnx", hop=0.96)
    assert other_hop.fingerprint != extractor.fingerprint


def test_of_several_outputs_the_one_of_the_right_size_is_taken(write_onnx):
    extractor = SoundExtractor("yamnet", write_onnx(None, 96, 64, n_outputs=1024, more=(521,)))
    assert extractor.frames(Recording.from_waveform(noise(1.0), 16_000)).shape == (2, 1024)


def test_files_that_will_not_do_are_refused_in_words(write_onnx, tmp_path):
    with pytest.raises(ModelError, match="there is no file"):
        SoundExtractor("vggish", tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("no network", encoding="utf-8")
    with pytest.raises(ModelError, match="no ONNX file that can be run"):
        SoundExtractor("vggish", tmp_path / "text.onnx")
    with pytest.raises(ModelError, match="takes input") as caught:
        SoundExtractor("vggish", write_onnx(None, 40, 40, n_outputs=128))
    assert "(batch, 96, 64)" in str(caught.value.hint)
    with pytest.raises(ModelError, match="128 dimensions"):
        SoundExtractor("vggish", write_onnx(None, 96, 64, n_outputs=99))


def test_an_unknown_network_and_no_step_are_refused(write_onnx, tmp_path):
    with pytest.raises(UnknownNameError, match="'yamnets'"):
        SoundExtractor("yamnets", tmp_path / "any.onnx")
    with pytest.raises(ConfigError, match="no step"):
        SoundExtractor("yamnet", write_onnx(None, 96, 64, n_outputs=1024), hop=0)


def test_a_damaged_folder_is_no_extractor(write_onnx, tmp_path):
    folder = tmp_path / "saved"
    SoundExtractor("vggish", write_onnx(None, 96, 64, n_outputs=128)).save(folder)
    (folder / "network.onnx").unlink()
    with pytest.raises(ModelError, match="there is no file"):
        SoundExtractor.load(folder)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be read"):
        SoundExtractor.load(folder)
    (tmp_path / "letter").mkdir()
    (tmp_path / "letter" / "dear.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(ModelError, match="is no encoder"):
        SoundExtractor("vggish", write_onnx(None, 96, 64, n_outputs=128)).save(tmp_path / "letter")
