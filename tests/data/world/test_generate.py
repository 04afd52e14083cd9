"""A generated world: the same seed gives the same bytes, however often it is stopped, and no folder is spoilt."""

import dataclasses
import json

import pytest
import soundfile

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.data.world import generate
from tutti.data.world.config import WorldConfig, world_config
from tutti.data.world.generate import generate_world, plan_world
from tutti.errors import CatalogueError, ConfigError, UnknownNameError
from tutti.files import sha256_of

SMALL = WorldConfig(n_tracks=16, duration=1.5, missing=0.2)


def contents(catalogue):
    """Everything in a world but the times of its files."""
    files = {
        path.name: sha256_of(path) for path in sorted(catalogue.folder.glob("*/*.*")) if path.parent.name != "tables"
    }
    tracks = [
        dataclasses.replace(
            track,
            audio=track.audio.name,
            cover=track.cover and track.cover.name,
            file=dataclasses.replace(track.file, modified_ns=0),
        )
        for track in catalogue.tracks()
    ]
    listens = sorted((one.user, one.track_id, one.plays) for one in catalogue.listens())
    return files, tracks, listens, catalogue.facts()


@pytest.fixture(scope="module")
def small_world(tmp_path_factory):
    return generate_world(SMALL, tmp_path_factory.mktemp("world") / "small", jobs=1)


def test_the_same_seed_gives_the_same_bytes_with_one_process_or_two(small_world, tmp_path):
    assert contents(generate_world(SMALL, tmp_path / "again", jobs=2)) == contents(small_world)


def test_another_seed_gives_another_world(small_world):
    other = plan_world(dataclasses.replace(SMALL, seed=1))
    assert {plan.song.title for plan in other} != {track.title for track in small_world.tracks()}


def test_a_world_that_was_stopped_is_completed_and_equals_an_undisturbed_one(small_world, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(done, total):
        if done == 5:
            raise StoppedError

    with pytest.raises(StoppedError):
        generate_world(SMALL, tmp_path / "stopped", jobs=1, progress=stop)
    assert len(Catalogue.open(tmp_path / "stopped")) == 0
    assert contents(generate_world(SMALL, tmp_path / "stopped", jobs=1)) == contents(small_world)


def test_a_finished_world_is_left_as_it_is(small_world, monkeypatch):
    before = [track.file for track in small_world.tracks()]
    made = []
    monkeypatch.setattr(generate, "_store", lambda *arguments: made.append(arguments))
    generate_world(SMALL, small_world.folder, jobs=1)
    assert [track.file for track in small_world.tracks()] == before


def test_a_folder_with_something_else_is_refused(small_world, tmp_path):
    with pytest.raises(CatalogueError, match="another world: its seed differs"):
        generate_world(SMALL, small_world.folder, seed=5)
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(CatalogueError, match="not empty"):
        generate_world(SMALL, tmp_path)
    music = Catalogue.create(tmp_path / "music")
    music.put_tracks([Track(track_id="mine")])
    with pytest.raises(CatalogueError, match="not of a generated world"):
        generate_world(SMALL, music.folder)


def test_rows_say_what_the_files_hold(small_world):
    for track in small_world.tracks():
        sound = soundfile.info(track.audio)
        assert (sound.channels, sound.samplerate, sound.duration) == (2, 22_050, track.duration)
        assert (track.file.size, track.file.content_hash) == (track.audio.stat().st_size, sha256_of(track.audio))
        with soundfile.SoundFile(track.audio) as file:
            assert (file.title, file.artist, file.date) == (track.title, track.artist, str(track.year))
    assert {track.audio.parent for track in small_world.tracks()} == {small_world.folder / "audio"}


def test_modalities_are_missing_at_the_rate_asked_for():
    plans = plan_world(WorldConfig(n_tracks=600, missing=0.3, missing_audio=0.1))
    for modality, rate in {"image": 0.3, "text": 0.3, "tags": 0.3, "listening": 0.3, "audio": 0.1}.items():
        assert abs(sum(modality in plan.missing for plan in plans) / 600 - rate) < 0.06
    assert all(not plan.texts for plan in plans if "text" in plan.missing)


def test_what_is_missing_is_absent_and_no_placeholder(tmp_path):
    catalogue = generate_world(
        WorldConfig(n_tracks=16, duration=1.0, missing=0.5, missing_audio=0.5), tmp_path / "w", jobs=1
    )
    facts, played = catalogue.facts(), {one.track_id for one in catalogue.listens()}
    for track in catalogue.tracks():
        missing = facts[track.track_id]["missing"]
        assert (track.audio is None) == (track.file is None) == (track.duration is None) == ("audio" in missing)
        assert (track.cover is None) == ("image" in missing)
        assert not (track.texts and "text" in missing)
        assert not (track.track_id in played and "listening" in missing)
        assert track.cover is None or track.cover.exists()
        assert len(missing) < 5


def test_facts_are_plain_json(small_world):
    facts = small_world.facts()
    assert facts.keys() == {track.track_id for track in small_world.tracks()}
    wanted = {"genre", "parent_genre", "valence", "arousal", "instruments", "tempo", "metre", "mode", "artist", "tags"}
    assert all(wanted <= one.keys() for one in json.loads(json.dumps(facts)).values())


def test_a_misspelt_preset_or_knob_is_an_error_with_the_nearest_name():
    with pytest.raises(UnknownNameError, match="did you mean 'demo'"):
        world_config("dmeo")
    with pytest.raises(ConfigError, match="did you mean 'missing'"):
        world_config("tiny", mising=0.1)
    with pytest.raises(ConfigError, match="audio=2"):
        world_config("tiny", audio=2.0)
