"""Recordings: a file and the same samples in memory are one sound; what is no waveform is refused."""

import numpy as np
import pytest

from tutti.audio.decoding import BLOCK_FRAMES
from tutti.audio.recording import Recording
from tutti.errors import AudioError


def blocks_of(recording: Recording) -> list[np.ndarray]:
    with recording.open() as sound:
        return list(sound.blocks())


def test_a_waveform_comes_in_the_same_blocks_as_its_file(tmp_path, write_sound, chirp):
    path = write_sound(tmp_path / "chirp.wav", chirp(4.0))
    from_file = blocks_of(Recording.from_file(path))
    waveform = np.concatenate(from_file).T  # (channels, samples)
    from_memory = blocks_of(Recording.from_waveform(waveform, 44_100))
    assert [len(block) for block in from_file] == [BLOCK_FRAMES, BLOCK_FRAMES, 176_400 - 2 * BLOCK_FRAMES]
    for ours, theirs in zip(from_memory, from_file, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_reading_may_begin_anywhere():
    recording = Recording.from_waveform(np.arange(100, dtype=np.float32) / 100, 8000)
    with recording.open() as sound:
        (block,) = sound.blocks(start=40)
    np.testing.assert_array_equal(block[:, 0], np.arange(40, 100, dtype=np.float32) / 100)


def test_mono_and_channels_first_are_both_understood():
    mono, stereo = Recording.from_waveform([0.0, 0.5], 8000), Recording.from_waveform(np.zeros((2, 9)), 8000)
    assert mono.memory.waveform.shape == (2, 1)
    assert stereo.memory.waveform.shape == (9, 2)
    assert stereo.memory.waveform.dtype == np.float32


def test_a_recording_can_be_played_twice(sine_wav):
    recording = Recording.from_file(sine_wav)
    for first, second in zip(blocks_of(recording), blocks_of(recording), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("waveform", "sample_rate", "words"),
    [
        (np.zeros(9, np.int16), 8000, "this one holds int16"),
        (np.zeros((1, 2, 3)), 8000, r"this one \(1, 2, 3\)"),
        (np.float32(0.5), 8000, "a waveform has shape"),
        (np.zeros(9), 0, "0 is no sample rate"),
        (np.zeros(9), 44.1, "44.1 is no sample rate"),
    ],
)
def test_what_is_no_waveform_is_refused_with_a_remedy(waveform, sample_rate, words):
    with pytest.raises(AudioError, match=words) as caught:
        Recording.from_waveform(waveform, sample_rate)
    assert caught.value.hint


def test_a_file_goes_by_its_path_unless_it_is_called_otherwise(tmp_path):
    assert Recording.from_file(tmp_path / "a.wav").key == str(tmp_path / "a.wav")
    assert Recording.from_file(tmp_path / "a.wav", key="a").key == "a"
