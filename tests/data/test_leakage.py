"""Leaks between splits: who straddles, what is heard twice, and what the real lists say."""

import shutil

import numpy as np
import pytest
import soundfile

from tutti.audio.fingerprints import fingerprint
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import prepare_store
from tutti.data.datasets import find_dataset
from tutti.data.leakage import Heard, find_leaks, name_leakage, shared_sounds
from tutti.data.sources import Source, find_source
from tutti.data.track import Track

RATE = 8_000


def tracks_of(*rows: tuple[str, str | None, str | None]) -> list[Track]:
    """Tracks with a split, an artist and an album each."""
    return [
        Track(track_id=str(number), split=split, artist=artist, album=album)
        for number, (split, artist, album) in enumerate(rows)
    ]


def music(seed: int) -> np.ndarray:
    """Eight seconds of chords, each sound its own."""
    random = np.random.default_rng(seed)
    times = np.arange(RATE // 2) / RATE
    pitches = 220 * 2 ** (random.integers(0, 36, size=(16, 4, 1)) / 12)
    chords = sum(np.sin(2 * np.pi * pitches * n * times) / n for n in (1, 2, 3)).sum(axis=1) * np.exp(-3 * times)
    return 0.1 * chords.ravel() + 0.002 * random.standard_normal(chords.size)


@pytest.fixture
def source(tmp_path) -> Source:
    """Two tracks to learn from; to test on, one of them, its middle as Ogg, another recording, and no sound."""
    sounds = {
        "a.wav": music(1),
        "b.wav": music(2),
        "again.flac": music(1),
        "middle.ogg": 0.5 * music(2)[RATE:-RATE],
        "other.wav": music(3),
    }
    for name, waveform in sounds.items():
        soundfile.write(tmp_path / name, (32_767 * waveform).astype(np.int16), RATE)
    (tmp_path / "broken.mp3").write_text("no sound")
    names = [*sounds, "broken.mp3"]
    tracks = [
        Track(track_id=name.partition(".")[0], audio=tmp_path / name, split="train" if name[0] in "ab" else "test")
        for name in names
    ]
    tracks[2] = Track(track_id="again", audio=tmp_path / "again.flac", split="test")
    tracks[5] = Track(track_id="broken", audio=tmp_path / "broken.mp3", split="test")
    return Source(name="mine", protocol=None, tracks=tuple(tracks))


def test_an_artist_in_two_splits_leaks_all_tracks_of_the_second():
    found = name_leakage(
        tracks_of(
            ("train", "Ann", "A"),
            ("test", "Ann", "B"),
            ("test", "Ann", "B"),
            ("test", "Bob", "A"),
            ("test", None, None),
        )
    )
    assert found.straddling == {"Ann": ("train", "test")}
    assert found.n_leaking == {"test": 2}
    assert found.n_tracks == {"train": 1, "test": 3}
    assert found.n_unnamed == 1
    assert found.share("test") == pytest.approx(2 / 3)


def test_an_artist_in_valid_and_test_straddles_but_was_not_learned_from():
    found = name_leakage(tracks_of(("train", "Ann", None), ("valid", "Bob", None), ("test", "Bob", None)))
    assert found.straddling == {"Bob": ("valid", "test")}
    assert found.n_leaking == {"test": 0, "valid": 0}


def test_albums_of_one_title_by_two_artists_are_two_albums():
    rows = ("train", "Ann", "Greatest Hits"), ("test", "Bob", "Greatest Hits"), ("valid", "Ann", "Greatest Hits")
    found = name_leakage(tracks_of(*rows), what="albums")
    assert list(found.straddling) == ["Ann: Greatest Hits"]


def test_without_names_nothing_is_claimed():
    (line,) = name_leakage(tracks_of(("train", None, None))).lines()
    assert "cannot be told" in line


@pytest.mark.parametrize("way", ["from a store", "from files"])
def test_the_same_samples_and_the_same_recording_are_told_apart(source, tmp_path, way):
    store = None
    if way == "from a store":
        recordings = {
            split: [Recording.from_file(track.audio, key=track.track_id) for track in tracks]
            for split, tracks in source.by_split().items()
        }
        store = prepare_store(recordings, tmp_path / "store", sample_rate=RATE, resampling=Resampling())
    sounds = find_leaks(source, store=store, listen=store is None).sounds
    assert sounds is not None
    assert [(one.first, one.second, one.kind) for one in sounds.shared] == [
        ("a", "again", "exact"),
        ("b", "middle", "near"),
    ]
    assert (sounds.n_heard, sounds.n_failed) == (5, 1)


def test_copies_within_a_split_are_no_leak():
    prints = fingerprint(music(1).astype(np.float32), RATE)
    heard = [Heard(track, "same", prints) for track in tracks_of(*[("train", None, None)] * 3)]
    assert not shared_sounds(heard)


def test_the_report_says_it_in_lines_in_markdown_and_in_json(source):
    report = find_leaks(source, listen=True)
    assert report.lines()[0] == "mine: train 2, test 4"
    assert "1 pairs across splits are the same sample for sample, 1 more" in "\n".join(report.lines())
    assert "- artists: none are known" in report.to_markdown()
    assert report.to_json()["sounds"]["shared"][0]["splits"] == ["train", "test"]


def test_sounds_that_were_not_compared_are_said_not_to_be(source):
    assert find_leaks(source).lines()[-1] == "sounds: not compared"


def test_the_real_mtg_jamendo_divides_artists(shared, tmp_path):
    folder = tmp_path / "splits" / "split-0"
    folder.mkdir(parents=True)
    for path in (shared / "datasets" / "mtg-jamendo").glob("*.tsv"):
        shutil.copy(path, folder)
    for protocol in ("top50tags-split0", "moodtheme-split0"):
        report = find_leaks(find_source("mtg-jamendo", root=tmp_path, protocol=protocol))
        assert [one.n_names > 1000 for one in report.names] == [True, True]
        assert not any(one.straddling for one in report.names)


def test_the_real_magnatagatune_divides_albums_but_not_artists(shared, tmp_path):
    shutil.copytree(shared / "datasets" / "magnatagatune", tmp_path / "split")
    (tmp_path / "split").chmod(0o755)
    np.save(tmp_path / "split" / "y_train_pub.npy", np.ones((15_244, 50)))  # of train, only the labels are not at hand
    artists, albums = find_leaks(find_source("magnatagatune", root=tmp_path)).names
    # counted once with a shell script from the names of the files
    assert artists.n_leaking == {"test": 2_680, "valid": 914}
    assert albums.n_names == 446
    assert not albums.straddling


def test_the_million_song_dataset_tells_its_artists_by_unique_tracks(tmp_path):
    find_dataset("million-song").make_fixture(tmp_path / "msd")
    names = tmp_path / "msd" / "unique_tracks.txt"
    names.write_text(names.read_text().replace("Nobody Else", "The Fixtures"))
    artists, _ = find_leaks(find_source("million-song", root=tmp_path / "msd")).names
    assert artists.straddling == {"The Fixtures": ("train", "test")}
    assert artists.n_leaking == {"test": 1, "valid": 0}
