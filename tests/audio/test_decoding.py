"""Decoding against what was written: every format whole, in excerpts, broken and absent."""

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tutti.audio.decoding import BLOCK_FRAMES, mix_down, open_sound, read_waveform
from tutti.audio.excerpts import ExcerptPlan, ExcerptSpec, Heard, listen
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.errors import AudioError

RATES = {"opus": 48_000, "webm": 48_000}
LOSSLESS = ("wav", "flac", "aiff", "mka")
LOSSY = ("ogg", "opus", "mp3", "m4a", "mp4", "webm")
# AAC is coded in frames of 1024 samples, and FFmpeg does not cut the last one off.
PADDING = {"m4a": 1024, "mp4": 1024}


def rate_of(suffix: str) -> int:
    return RATES.get(suffix, 44_100)


def hear(path: Path) -> Heard:
    spec = ExcerptSpec(sample_rate=8000, resampling=Resampling(), plan=ExcerptPlan(n_samples=8000))
    *_, heard = listen(Recording.from_file(path), [spec])
    assert isinstance(heard, Heard)
    return heard


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_a_lossless_file_gives_what_was_written_to_sixteen_bits(suffix, tmp_path, write_sound, chirp):
    waveform, sample_rate = read_waveform(write_sound(tmp_path / f"chirp.{suffix}", chirp(3.0)))
    assert (sample_rate, waveform.dtype, waveform.shape) == (44_100, np.float32, (3 * 44_100,))
    np.testing.assert_allclose(waveform, chirp(3.0).mean(axis=1), atol=1.01 / 32768)


@pytest.mark.parametrize("suffix", LOSSY)
def test_a_lossy_file_gives_nearly_what_was_written_and_nowhere_a_shift(suffix, tmp_path, write_sound, chirp):
    frames = chirp(3.0, rate_of(suffix))
    waveform, sample_rate = read_waveform(write_sound(tmp_path / f"chirp.{suffix}", frames, rate_of(suffix)))
    assert sample_rate == rate_of(suffix)
    assert 0 <= len(waveform) - len(frames) <= PADDING.get(suffix, 0)
    middle = slice(4800, len(frames) - 4800)
    error = waveform[middle] - frames.mean(axis=1)[middle]
    assert error.std() < 0.1 * frames.mean(axis=1).std()


def test_wma_gives_the_sound_but_for_a_packet_that_ffmpeg_drops(tmp_path, write_sound, chirp):
    waveform, _ = read_waveform(write_sound(tmp_path / "chirp.wma", chirp(3.0)))
    assert abs(len(waveform) - 3 * 44_100) <= 2048
    error = waveform[:100_000] - chirp(3.0).mean(axis=1)[2048:102_048]
    assert error.std() < 0.03 * waveform.std()


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "ogg", "opus", "mp3"])
@pytest.mark.parametrize("start", [0.0, 0.3, 1.7])
def test_an_excerpt_is_the_same_stretch_of_the_whole_to_the_last_bit(suffix, start, tmp_path, write_sound, chirp):
    path = write_sound(tmp_path / f"chirp.{suffix}", chirp(3.0, rate_of(suffix)), rate_of(suffix))
    whole, sample_rate = read_waveform(path)
    excerpt, _ = read_waveform(path, start=start, duration=0.5)
    np.testing.assert_array_equal(excerpt, whole[round(start * sample_rate) :][: sample_rate // 2])


def test_an_excerpt_of_aac_is_the_same_stretch_of_the_whole(tmp_path, write_sound, chirp):
    path = write_sound(tmp_path / "chirp.m4a", chirp(3.0))
    whole, _ = read_waveform(path)
    excerpt, _ = read_waveform(path, start=1.7, duration=0.5)
    np.testing.assert_allclose(excerpt, whole[74_970:97_020], atol=1e-4)


@pytest.mark.parametrize("suffix", ["webm", "mka"])
def test_an_excerpt_of_matroska_is_off_by_less_than_a_millisecond(suffix, tmp_path, write_sound):
    sample_rate = rate_of(suffix)
    frames = 0.2 * np.random.default_rng(0).standard_normal((3 * sample_rate, 2)).astype(np.float32)
    path = write_sound(tmp_path / f"noise.{suffix}", frames, sample_rate)
    whole, _ = read_waveform(path)
    excerpt, _ = read_waveform(path, start=1.7, duration=0.5)
    first = round(1.7 * sample_rate)
    errors = [np.abs(excerpt - whole[first + shift :][: len(excerpt)]).mean() for shift in range(-48, 49)]
    assert min(errors) < 0.05 * np.abs(excerpt).mean()


def test_reading_an_excerpt_does_not_decode_what_comes_before(tmp_path, monkeypatch):
    path = tmp_path / "long.flac"
    soundfile.write(path, np.zeros(8000 * 600), 8000)
    frames_read = []
    read = soundfile.SoundFile.read
    monkeypatch.setattr(
        soundfile.SoundFile, "read", lambda *args, **kw: frames_read.append(len(out := read(*args, **kw))) or out
    )
    read_waveform(path, start=500, duration=1)
    assert sum(frames_read) <= BLOCK_FRAMES


# soundfile seeks after each read, whereupon each block of an MP3 used to begin with a thousand wrong samples.
def test_an_mp3_read_in_blocks_equals_a_single_read(tmp_path, write_sound, chirp):
    path = write_sound(tmp_path / "chirp.mp3", chirp(5.0))
    with open_sound(path) as sound:
        blocks = list(sound.blocks())
    at_once, _ = soundfile.read(path, dtype="float32", always_2d=True)
    assert len(blocks) > 3
    np.testing.assert_array_equal(np.concatenate(blocks), at_once)


def test_the_mono_mix_is_the_average_of_the_channels():
    np.testing.assert_array_equal(mix_down(np.array([[1, 0], [0.5, -0.5]], np.float32)), [0.5, 0])
    np.testing.assert_array_equal(mix_down(np.array([[1, 0, 0.5]], np.float32)), [0.5])
    np.testing.assert_array_equal(mix_down(np.array([[0.25], [1]], np.float32)), [0.25, 1])


def test_another_sample_rate_is_given_when_asked_for(sine_wav):
    waveform, sample_rate = read_waveform(sine_wav, sample_rate=8000)
    assert (sample_rate, len(waveform)) == (8000, 16_000)
    assert np.abs(np.fft.rfft(waveform)).argmax() == 880  # 440 Hz in bins of half a Hz


def test_the_content_decides_and_not_the_name(tmp_path, write_sound, chirp):
    flac = write_sound(tmp_path / "chirp.flac", chirp(0.5))
    aac = write_sound(tmp_path / "chirp.m4a", chirp(0.5))
    for path in (flac.rename(tmp_path / "one.mp3"), aac.rename(tmp_path / "two.mp3")):
        assert read_waveform(path)[0].size >= 22_050


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.mkdir(), "is a directory"),
        (lambda path: None, "no such file"),
        (lambda path: path.write_text("la la la\n" * 99), "not a sound file that can be decoded"),
        (lambda path: path.write_bytes(bytes(5000)), "not a sound file that can be decoded"),
        (lambda path: soundfile.write(path, np.zeros((0, 2)), 8000, format="WAV"), "no sound"),
        (lambda path: soundfile.write(path, np.full(99, np.nan), 8000, "FLOAT", format="WAV"), "not finite"),
        (lambda path: soundfile.write(path, np.full(99, np.inf), 8000, "FLOAT", format="WAV"), "not finite"),
    ],
    ids=["empty", "folder", "missing", "text", "zero bytes", "no frames", "nan", "infinite"],
)
def test_what_holds_no_sound_is_refused_by_name_with_the_reason(make, words, tmp_path):
    make(tmp_path / "broken.mp3")
    with pytest.raises(AudioError, match=words) as caught:
        hear(tmp_path / "broken.mp3")
    assert "broken.mp3" in caught.value.message
    assert caught.value.hint


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused_with_the_reason(sine_wav):
    sine_wav.chmod(0)
    with pytest.raises(AudioError, match="permission denied"):
        hear(sine_wav)


def test_a_video_without_a_sound_track_holds_no_sound(tmp_path):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "silent.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(AudioError, match="holds no sound"):
        hear(tmp_path / "silent.mp4")


# An Ogg file of which only the last page's body was missing, and a cut WebM, used to pass for whole.
@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("suffix", ["wav", "aiff", "flac", "mp3", "ogg", "opus", "m4a", "mp4", "webm", "mka", "wma"])
def test_a_truncated_file_is_used_as_far_as_it_goes_and_said_to_be_cut_off(suffix, share, tmp_path, write_sound, chirp):
    path = write_sound(tmp_path / f"cut.{suffix}", chirp(4.0, rate_of(suffix)), rate_of(suffix))
    assert hear(path).damage is None
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    heard = hear(path)
    assert heard.damage is not None
    assert 0.8 < heard.duration < 3.9


@pytest.mark.parametrize("suffix", ["flac", "mp3", "ogg", "opus", "m4a", "webm", "mka"])
def test_a_file_damaged_in_the_middle_is_used_up_to_there_and_said_to_be(suffix, tmp_path, write_sound, chirp):
    path = write_sound(tmp_path / f"scratched.{suffix}", chirp(4.0, rate_of(suffix)), rate_of(suffix))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = np.random.default_rng(0).integers(0, 256, 2000, dtype=np.uint8).tobytes()
    path.write_bytes(content)
    heard = hear(path)
    assert heard.damage is not None
    assert heard.duration > 1.2


def test_what_was_decoded_before_the_damage_is_what_was_written(tmp_path, write_sound, chirp):
    path = write_sound(tmp_path / "cut.flac", chirp(4.0))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    read = chirp(0)
    with open_sound(path) as sound, contextlib.suppress(AudioError):
        for block in sound.blocks():
            read = np.concatenate([read, block])
    assert len(read) > 1.9 * 44_100
    np.testing.assert_allclose(read, chirp(4.0)[: len(read)], atol=1.01 / 32768)


def test_an_excerpt_after_the_end_is_refused(sine_wav):
    with pytest.raises(AudioError, match="no sound after 9 s"):
        read_waveform(sine_wav, start=9)
