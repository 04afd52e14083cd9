"""The store of decoded sounds: the same samples as the files, decoded once, whatever happens on the way."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tutti.audio import store_writing
from tutti.audio.decoding import read_waveform
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import WaveformStore, open_store, prepare_store
from tutti.errors import ConfigError, ShapeError
from tutti.files import lock_file


@pytest.fixture
def recordings(tmp_path: Path) -> list[Recording]:
    """Half a second of noise, a quarter of a second of it, and a file that is no sound."""
    noise = 0.3 * np.random.default_rng(0).standard_normal((4000, 2)).clip(-1, 1)
    soundfile.write(tmp_path / "long.wav", noise, 8000)
    soundfile.write(tmp_path / "short.flac", noise[:2000], 8000)
    (tmp_path / "text.mp3").write_text("la la la")
    return [Recording.from_file(tmp_path / name, key=name) for name in ("long.wav", "text.mp3", "short.flac")]


@pytest.fixture
def by_split(tmp_path: Path) -> dict[str, list[Recording]]:
    """Twelve sounds of different lengths in three splits."""
    noise = 0.3 * np.random.default_rng(1).standard_normal(6000).clip(-1, 1)
    paths = [tmp_path / f"{number:02}.wav" for number in range(12)]
    for number, path in enumerate(paths):
        soundfile.write(path, noise[: 1000 + 333 * number], 8000)
    some = [Recording.from_file(path, key=path.stem) for path in paths]
    return {"train": some[:8], "valid": some[8:10], "test": some[10:]}


@pytest.fixture
def decoded_keys(monkeypatch) -> list[str]:
    """The keys of all sounds that are decoded from now on."""
    keys, decode = [], store_writing.decode

    def listening(recording, *rest):
        keys.append(recording.key)
        return decode(recording, *rest)

    monkeypatch.setattr(store_writing, "decode", listening)
    return keys


def store_of(recordings, folder: Path, sample_rate: int = 8000) -> WaveformStore:
    return open_store(recordings, folder, sample_rate=sample_rate, resampling=Resampling())


def prepare(by_split, folder: Path, **options) -> WaveformStore:
    return prepare_store(by_split, folder, sample_rate=8000, resampling=Resampling(), **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Killed(BaseException):
    """As sudden as a signal, as far as Python can tell."""


def killed_after(n_sounds: int, by_split, folder: Path, **options) -> None:
    def on_progress(progress) -> None:
        if progress.n_done >= n_sounds:
            raise Killed

    with pytest.raises(Killed):
        prepare(by_split, folder, on_progress=on_progress, **options)


@pytest.mark.parametrize("sample_rate", [8000, 5000])
def test_an_excerpt_is_the_same_stretch_of_the_file_to_sixteen_bits(recordings, tmp_path, sample_rate):
    store = store_of(recordings, tmp_path / "store", sample_rate)
    decoded, _ = read_waveform(recordings[0].path, sample_rate=sample_rate)
    assert store.n_samples[0] == len(decoded)
    cut = store.excerpts([0, 0], [100, 1500], n_samples=900)
    expected = np.stack([decoded[100:1000], decoded[1500:2400]]).clip(-1, 1)
    np.testing.assert_allclose(cut, expected, atol=0.5001 / 32767)


def test_a_sound_shorter_than_the_excerpt_is_repeated(recordings, tmp_path):
    store = store_of(recordings, tmp_path / "store")
    (excerpt,) = store.excerpts([1], [0], n_samples=5000)
    np.testing.assert_array_equal(excerpt[:2000], excerpt[2000:4000])


@pytest.mark.parametrize("start", [-1, 3001])
def test_no_excerpt_reaches_into_the_neighbouring_sound(recordings, tmp_path, start):
    with pytest.raises(ShapeError, match=r"beyond the 4000 samples of long\.wav"):
        store_of(recordings, tmp_path / "store").excerpts([0], [start], n_samples=1000)


def test_what_cannot_be_decoded_is_listed_with_its_reason(recordings, tmp_path):
    store = store_of(recordings, tmp_path / "store")
    assert store.keys == ("long.wav", "short.flac")
    assert "text.mp3" in store.failures["text.mp3"]


def test_a_sound_that_is_not_made_of_numbers_fails_alone(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.full(100, np.nan), 8000, subtype="FLOAT")
    store = store_of([Recording.from_file(tmp_path / "nan.wav", key="nan")], tmp_path / "store")
    assert len(store) == 0
    assert "not finite" in store.failures["nan"]


def test_a_decoder_that_breaks_in_its_own_way_stops_nothing(recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(store_writing, "mix_down", lambda _: 1 / 0)
    store = store_of(recordings, tmp_path / "store")
    assert "ZeroDivisionError" in store.failures["long.wav"]


def test_each_split_is_a_file_of_plain_samples_and_a_run_of_rows(by_split, tmp_path):
    store = prepare(by_split, tmp_path / "store")
    assert store.splits == {"train": range(8), "valid": range(8, 10), "test": range(10, 12)}
    samples = np.fromfile(tmp_path / "store" / "valid.i16", dtype="<i2")
    np.testing.assert_array_equal(samples, np.concatenate([store.sound(8), store.sound(9)]))
    assert store.keys[8:10] == ("08", "09")


def test_the_number_of_jobs_leaves_no_trace(by_split, tmp_path):
    prepare(by_split, tmp_path / "one", jobs=1)
    prepare(by_split, tmp_path / "five", jobs=5)
    assert contents(tmp_path / "one") == contents(tmp_path / "five")


@pytest.mark.parametrize("n_sounds", [1, 7, 8, 12])
def test_an_interrupted_preparation_goes_on_where_it_stopped(by_split, tmp_path, decoded_keys, n_sounds):
    prepare(by_split, tmp_path / "straight")
    decoded_keys.clear()
    killed_after(n_sounds, by_split, tmp_path / "store", jobs=1)
    decoded_keys.clear()
    prepare(by_split, tmp_path / "store", jobs=2)
    assert decoded_keys == [f"{number:02}" for number in range(n_sounds, 12)]
    assert contents(tmp_path / "store") == contents(tmp_path / "straight")


@pytest.mark.parametrize("tail", [b"half a sound", b""])
def test_a_half_written_sound_is_dropped(by_split, tmp_path, tail):
    prepare(by_split, tmp_path / "straight")
    killed_after(3, by_split, tmp_path / "store", jobs=1)
    partial, journal = tmp_path / "store" / "train.i16.partial", tmp_path / "store" / "train.journal"
    partial.write_bytes(partial.read_bytes()[: None if tail else -10] + tail)
    journal.write_bytes(journal.read_bytes() + b'["03", "unfini')
    prepare(by_split, tmp_path / "store")
    assert contents(tmp_path / "store") == contents(tmp_path / "straight")


def test_a_file_that_changes_while_a_preparation_is_interrupted_costs_its_own_decoding(
    by_split, tmp_path, decoded_keys
):
    killed_after(6, by_split, tmp_path / "store", jobs=1)
    soundfile.write(tmp_path / "01.wav", np.zeros(700), 8000)
    decoded_keys.clear()
    prepare(by_split, tmp_path / "store", jobs=1)
    assert decoded_keys == ["01", "06", "07", "08", "09", "10", "11"]
    prepare(by_split, tmp_path / "straight")
    assert contents(tmp_path / "store") == contents(tmp_path / "straight")


@pytest.mark.parametrize("moment", ["samples in place", "index in place"])
def test_a_kill_between_samples_and_index_loses_nothing(by_split, tmp_path, decoded_keys, monkeypatch, moment):
    prepare(by_split, tmp_path / "straight")
    write = store_writing.StoreIndex.write

    def killed(index, folder):
        if moment == "index in place":
            write(index, folder)
        if index.splits:
            raise Killed
        write(index, folder)

    monkeypatch.setattr(store_writing.StoreIndex, "write", killed)
    with pytest.raises(Killed):
        prepare(by_split, tmp_path / "store")
    monkeypatch.setattr(store_writing.StoreIndex, "write", write)
    decoded_keys.clear()
    prepare(by_split, tmp_path / "store")
    assert not decoded_keys
    assert contents(tmp_path / "store") == contents(tmp_path / "straight")


@pytest.mark.slow
def test_a_killed_process_leaves_what_the_next_one_goes_on_with(by_split, tmp_path):
    prepare(by_split, tmp_path / "straight")
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom tutti.audio.recording import Recording\n"
        "from tutti.audio.resampling import Resampling\nfrom tutti.audio.store import prepare_store\n"
        f"some = [Recording.from_file(Path({str(tmp_path)!r}) / f'{{n:02}}.wav', key=f'{{n:02}}') for n in range(12)]\n"
        "by_split = {'train': some[:8], 'valid': some[8:10], 'test': some[10:]}\n"
        f"prepare_store(by_split, Path({str(tmp_path)!r}) / 'store',"
        " sample_rate=8000, resampling=Resampling(), on_progress=lambda _: time.sleep(0.3))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    journal = tmp_path / "store" / "train.journal"
    while not journal.exists() or journal.read_text().count("\n") < 3:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    prepare(by_split, tmp_path / "store")
    assert contents(tmp_path / "store") == contents(tmp_path / "straight")


def test_a_changed_an_added_a_moved_and_a_removed_file_cost_their_own_decoding(by_split, tmp_path, decoded_keys):
    prepare(by_split, tmp_path / "store")
    soundfile.write(tmp_path / "05.wav", np.zeros(900), 8000)
    shutil.copy(tmp_path / "03.wav", tmp_path / "new.wav")
    moved, *train = by_split["train"]
    added = Recording.from_file(tmp_path / "new.wav", key="new")
    changed = by_split | {"train": [added, *train], "valid": [*by_split["valid"], moved], "test": by_split["test"][:1]}
    decoded_keys.clear()
    store = prepare(changed, tmp_path / "store")
    assert sorted(decoded_keys) == ["05", "new"]
    assert store.n_samples[store.keys.index("05")] == 900
    prepare(changed, tmp_path / "straight")
    assert contents(tmp_path / "store") == contents(tmp_path / "straight")


def test_a_moved_dataset_is_not_decoded_again(by_split, tmp_path, decoded_keys):
    prepare(by_split, tmp_path / "store")
    (tmp_path / "elsewhere").mkdir()
    moved = {
        split: [Recording.from_file(shutil.move(one.path, tmp_path / "elsewhere"), key=one.key) for one in some]
        for split, some in by_split.items()
    }
    decoded_keys.clear()
    prepare(moved, tmp_path / "store")
    assert not decoded_keys


def test_a_missing_file_is_decoded_once_it_is_there(recordings, tmp_path):
    away = tmp_path / "away.wav"
    away.write_bytes(recordings[0].path.read_bytes())
    recordings[0].path.unlink()
    assert "no such file" in store_of(recordings, tmp_path / "store").failures["long.wav"]
    away.rename(recordings[0].path)
    assert "long.wav" in store_of(recordings, tmp_path / "store").keys


def test_a_store_that_holds_more_than_is_asked_for_is_opened_as_it_is(by_split, tmp_path, decoded_keys):
    prepare(by_split, tmp_path / "store")
    before = contents(tmp_path / "store")
    decoded_keys.clear()
    store = store_of({"train": by_split["train"][2:5]}, tmp_path / "store")
    assert len(store) == 12
    assert not decoded_keys
    assert contents(tmp_path / "store") == before


def test_an_unchanged_store_is_opened_and_a_changed_file_is_decoded_anew(recordings, tmp_path, decoded_keys):
    first = store_of(recordings, tmp_path / "store").excerpts([0], [0], n_samples=50)
    decoded_keys.clear()
    np.testing.assert_array_equal(store_of(recordings, tmp_path / "store").excerpts([0], [0], n_samples=50), first)
    assert not decoded_keys
    soundfile.write(tmp_path / "long.wav", np.zeros(900), 8000)
    assert store_of(recordings, tmp_path / "store").n_samples[0] == 900
    assert decoded_keys == ["long.wav"]


def test_several_threads_read_what_one_does(by_split, tmp_path):
    store = prepare(by_split, tmp_path / "store")
    wanted = [([row, 11 - row], [row * 10, 5]) for row in range(12)] * 20
    alone = [store.excerpts(*places, n_samples=900) for places in wanted]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda places: store.excerpts(*places, n_samples=900), wanted))
    np.testing.assert_array_equal(together, alone)


def test_a_store_travels_to_another_process_as_its_folder(by_split, tmp_path):
    store = prepare(by_split, tmp_path / "store")
    pickled = pickle.dumps(store)
    assert len(pickled) < 1000
    np.testing.assert_array_equal(pickle.loads(pickled).sound(11), store.sound(11))


def test_a_published_npy_waveform_is_read_at_16_khz_and_a_hostile_one_is_listed(tmp_path):
    waveform = 0.1 * np.random.default_rng(0).standard_normal(3000).astype(np.float32)
    np.save(tmp_path / "fine.npy", waveform)
    np.save(tmp_path / "pickle.npy", np.asarray([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "stereo.npy", np.zeros((2, 3000)))
    recordings = [Recording.from_file(path, key=path.stem) for path in sorted(tmp_path.glob("*.npy"))]
    store = store_of(recordings, tmp_path / "store", 16_000)
    np.testing.assert_allclose(store.excerpts([0], [0], n_samples=3000)[0], waveform, atol=0.5001 / 32767)
    assert sorted(store.failures) == ["pickle", "stereo"]


def test_a_folder_of_something_else_is_left_alone(recordings, tmp_path):
    with pytest.raises(ConfigError, match="no store"):
        store_of(recordings, tmp_path)


def test_a_store_at_another_rate_is_left_alone(recordings, tmp_path):
    store_of(recordings, tmp_path / "store")
    with pytest.raises(ConfigError, match=r"8000 Hz.* 16000 Hz"):
        store_of(recordings, tmp_path / "store", 16_000)


def test_two_sounds_of_one_key_are_refused(recordings, tmp_path):
    with pytest.raises(ConfigError, match=r"two sounds are called 'long\.wav'"):
        store_of([*recordings, recordings[0]], tmp_path / "store")


def test_a_store_has_one_writer(recordings, tmp_path):
    (tmp_path / "store").mkdir()
    with (tmp_path / "store" / ".writer").open("a+") as holder:
        assert lock_file(holder)
        with pytest.raises(ConfigError, match="another process"):
            store_of(recordings, tmp_path / "store")


def test_a_store_cut_short_says_so(recordings, tmp_path):
    store_of(recordings, tmp_path / "store")
    os.truncate(tmp_path / "store" / "all.i16", 100)
    with pytest.raises(ConfigError, match="100 bytes"):
        store_of(recordings, tmp_path / "store")


@pytest.mark.parametrize(
    ("index", "message"), [("{", "damaged"), ("[]", "damaged"), (json.dumps({"format": 99}), "format 99")]
)
def test_an_index_that_cannot_be_understood_says_so(recordings, tmp_path, index, message):
    store_of(recordings, tmp_path / "store")
    (tmp_path / "store" / "index.json").write_text(index)
    with pytest.raises(ConfigError, match=message):
        store_of(recordings, tmp_path / "store")


def test_a_store_of_the_first_format_is_made_anew(recordings, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "index.json").write_text(json.dumps({"format": 1, "origin": "", "keys": []}))
    (tmp_path / "store" / "waveforms.i16").write_bytes(b"old")
    assert len(store_of(recordings, tmp_path / "store")) == 2
    assert not (tmp_path / "store" / "waveforms.i16").exists()
