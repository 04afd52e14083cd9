"""Indexing: what is heard and what is not, what is wrong with files, and runs that are cut short."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import CatalogueBusyError, CatalogueError, ConfigError
from tutti.models.bundles import Excerpting
from tutti.models.model import Model
from tutti.search import indexing
from tutti.search.index_report import IndexReport
from tutti.search.indexing import index

N_FILES = 5


def put_noise(path: Path, seed: int, seconds: float = 0.6, sample_rate: int = 8000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * sample_rate))
    soundfile.write(path, noise, sample_rate)
    return path


@pytest.fixture
def music(tmp_path) -> Path:
    """Five noises in two folders."""
    for number in range(N_FILES):
        put_noise(tmp_path / "music" / f"album {number % 2}" / f"{number}.flac", number)
    return tmp_path / "music"


@pytest.fixture
def catalogue(tmp_path) -> Catalogue:
    return Catalogue.create(tmp_path / "catalogue")


def other(model: Model, **changes: object) -> Model:
    return Model(dataclasses.replace(model.config, **changes), model.network)


def contents(catalogue: Catalogue) -> tuple:
    """Everything that a run stores, to compare."""
    said = {}
    for name in catalogue.models():
        found = catalogue.predictions(name)
        rows = zip(found.track_ids, found.content_hashes, found.fingerprints, found.n_excerpts, strict=True)
        said[name] = (list(rows), found.probabilities.tolist(), found.vectors.tolist())
    return catalogue.tracks(), catalogue.problems(), said


def problems_of(catalogue: Catalogue) -> dict[str, str]:
    return {problem.path.name: problem.kind for problem in catalogue.problems()}


# What is heard


def test_every_file_is_heard_once_and_described(music, catalogue, small_model):
    report = index([music], catalogue, [small_model], jobs=2)
    assert report.counts == {"heard": N_FILES, "new": N_FILES}
    assert [track.audio for track in sorted(catalogue.tracks(), key=lambda one: one.audio)] == sorted(
        music.rglob("*.flac")
    )
    assert all(track.duration == pytest.approx(0.6) for track in catalogue.tracks())
    assert list(catalogue.predictions("small").track_ids) == [track.track_id for track in catalogue.tracks()]


def test_the_index_stores_what_the_model_predicts_to_the_last_bit(music, catalogue, small_model):
    index([music], catalogue, [small_model])
    found = catalogue.predictions("small")
    for i, track in enumerate(catalogue.tracks()):
        np.testing.assert_array_equal(found.probabilities[i], small_model.predict(track.audio))
        np.testing.assert_array_equal(found.vectors[i], small_model.embed(track.audio))


def test_a_second_run_hears_nothing_and_changes_nothing(music, catalogue, small_model):
    index([music], catalogue, [small_model])
    before = contents(catalogue)
    report = index([music], catalogue, [small_model])
    assert report.counts == {"unchanged": N_FILES}
    assert contents(catalogue) == before


def test_a_touched_file_is_not_heard_again(music, catalogue, small_model):
    index([music], catalogue, [small_model])
    os.utime(music / "album 0" / "0.flac", ns=(1, 1_600_000_000_000_000_000))
    assert index([music], catalogue, [small_model]).counts == {"touched": 1, "unchanged": N_FILES - 1}
    assert index([music], catalogue, [small_model]).counts == {"unchanged": N_FILES}


def test_a_changed_file_is_heard_again_under_its_old_id(music, catalogue, small_model):
    index([music], catalogue, [small_model])
    before = catalogue.tracks()
    path = put_noise(music / "album 0" / "0.flac", seed=99, seconds=0.9)
    report = index([music], catalogue, [small_model])
    assert report.counts == {"changed": 1, "heard": 1, "unchanged": N_FILES - 1}
    assert [track.track_id for track in catalogue.tracks()] == [track.track_id for track in before]
    found, (row,) = catalogue.predictions("small"), [i for i, one in enumerate(catalogue.tracks()) if one.audio == path]
    np.testing.assert_array_equal(found.probabilities[row], small_model.predict(path))


def test_a_moved_file_keeps_id_and_predictions_unheard(music, catalogue, small_model):
    index([music], catalogue, [small_model])
    before, said = {track.track_id for track in catalogue.tracks()}, contents(catalogue)[2]
    (music / "album 0").rename(music / "renamed")
    report = index([music], catalogue, [small_model])
    assert report.counts == {"moved": 3, "unchanged": 2}
    assert {track.track_id for track in catalogue.tracks()} == before
    assert all(track.audio.exists() for track in catalogue.tracks())
    assert contents(catalogue)[2] == said


def test_a_deleted_file_takes_its_track_and_predictions_with_it(music, catalogue, small_model):
    index([music], catalogue, [small_model])
    (music / "album 0" / "0.flac").unlink()
    assert index([music], catalogue, [small_model]).counts == {"deleted": 1, "unchanged": N_FILES - 1}
    assert len(catalogue) == len(catalogue.predictions("small")) == N_FILES - 1


def test_a_copy_is_a_duplicate_and_not_heard(music, catalogue, small_model):
    index([music], catalogue, [small_model])
    shutil.copy(music / "album 0" / "0.flac", music / "copy.flac")
    assert index([music], catalogue, [small_model]).counts == {"duplicate": 1, "unchanged": N_FILES}
    (copy,) = [track for track in catalogue.tracks() if track.duplicate_of]
    assert catalogue.track(copy.duplicate_of).audio == music / "album 0" / "0.flac"
    assert copy.track_id not in catalogue.predictions("small").track_ids


def test_when_an_original_is_deleted_its_duplicate_is_heard(music, catalogue, small_model):
    shutil.copy(music / "album 0" / "0.flac", music / "copy.flac")
    index([music], catalogue, [small_model])
    (music / "album 0" / "0.flac").unlink()
    index([music], catalogue, [small_model])
    assert all(track.duplicate_of is None for track in catalogue.tracks())
    assert list(catalogue.predictions("small").track_ids) == [track.track_id for track in catalogue.tracks()]


def test_a_second_model_hears_only_what_it_has_not_heard(music, catalogue, small_model):
    first, second = other(small_model), other(small_model, name="second")
    index([music], catalogue, [first])
    first.__dict__["folded_network"] = None  # it could not hear anything any more
    assert index([music], catalogue, [first, second]).counts == {"heard": N_FILES, "unchanged": N_FILES}
    put_noise(music / "new.flac", seed=50)
    assert index([music], catalogue, [small_model, second]).counts == {"heard": 1, "new": 1, "unchanged": N_FILES}
    assert catalogue.predictions("small").track_ids == catalogue.predictions("second").track_ids
    assert len(catalogue.predictions("second")) == N_FILES + 1


def test_a_model_that_has_changed_hears_everything_again(music, catalogue, small_model):
    index([music], catalogue, [small_model])
    changed = other(small_model, excerpts=Excerpting(count=1))
    assert index([music], catalogue, [changed]).n_heard == N_FILES
    assert set(catalogue.predictions("small").fingerprints) == {changed.fingerprint}


def test_several_models_share_one_decoding(music, catalogue, small_model, monkeypatch):
    opened = []
    from tutti.audio.recording import Recording

    open_recording = Recording.open
    monkeypatch.setattr(Recording, "open", lambda self: opened.append(self.key) or open_recording(self))
    index([music], catalogue, [small_model, other(small_model, name="second", excerpts=Excerpting(hop=0.1))])
    assert len(opened) == len(set(opened)) == N_FILES


def test_without_models_tags_are_read_and_nothing_is_heard(music, catalogue):
    assert index([music], catalogue, []).counts == {"new": N_FILES}
    assert len(catalogue) == N_FILES


# Tracks that a dataset had listed without their files' state used to come a second time, under other ids.
def test_without_folders_the_catalogue_s_own_tracks_are_heard_and_keep_what_is_known(tmp_path, catalogue, small_model):
    known = Track(track_id="42", title="Known", split="test", audio=put_noise(tmp_path / "a.wav", 1), tags=("fine",))
    catalogue.put_tracks([known, Track(track_id="43", audio=tmp_path / "gone.wav"), Track(track_id="44")])
    assert index([], catalogue, [small_model]).n_heard == 1
    heard = catalogue.track("42")
    assert (heard.title, heard.split, heard.tags, heard.duration) == ("Known", "test", ("fine",), pytest.approx(0.6))
    assert problems_of(catalogue) == {"gone.wav": "access"}
    assert len(catalogue) == 3
    assert index([tmp_path], catalogue, [small_model]).counts == {"unchanged": 1}
    assert len(catalogue) == 3


def test_files_outside_the_named_folders_are_left_alone(music, catalogue, small_model, tmp_path):
    index([music], catalogue, [small_model])
    put_noise(tmp_path / "more" / "new.wav", 7)
    assert index([tmp_path / "more"], catalogue, [small_model]).counts == {"heard": 1, "new": 1}
    assert len(catalogue) == N_FILES + 1


# What is wrong with files


def test_every_bad_file_is_listed_with_its_reason_and_the_run_goes_on(music, catalogue, small_model):
    (music / "empty.mp3").touch()
    (music / "text.mp3").write_text("la la la")
    put_noise(music / "short.wav", 11, seconds=0.1)
    put_noise(music / "ลาวดวงเดือน.ogg", 12, seconds=1)
    soundfile.write(music / "silent.wav", np.zeros(8000), 8000)
    soundfile.write(music / "nan.wav", np.full(8000, np.nan), 8000, subtype="FLOAT")
    cut = put_noise(music / "cut.flac", 13, seconds=4)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    report = index([music], catalogue, [small_model])
    expected = {"unreadable": ["empty.mp3", "nan.wav", "text.mp3"], "silent": ["silent.wav"], "truncated": ["cut.flac"]}
    assert problems_of(catalogue) == {name: kind for kind, names in expected.items() for name in names}
    assert report.problems == {kind: len(names) for kind, names in expected.items()}
    assert all(problem.reason for problem in catalogue.problems())
    assert [problem.path.name for problem in catalogue.problems() if not problem.skipped] == ["cut.flac"]
    names = {track.audio.name for track in catalogue.tracks()}
    assert names >= {"short.wav", "ลาวดวงเดือน.ogg", "cut.flac"}
    assert len(names) == len(catalogue.predictions("small")) == N_FILES + 3


def test_a_broken_cover_is_a_problem_and_its_track_is_heard(music, catalogue, small_model):
    (music / "album 0" / "cover.jpg").write_bytes(b"\xff\xd8 no picture")
    index([music], catalogue, [small_model])
    assert problems_of(catalogue) == {"cover.jpg": "cover"}
    assert len(catalogue) == N_FILES


def test_a_file_that_failed_is_tried_again_only_when_it_has_changed(music, catalogue, small_model):
    (music / "text.mp3").write_text("la la la")
    index([music], catalogue, [small_model])
    before = contents(catalogue)
    assert index([music], catalogue, [small_model]).counts == {"failed before": 1, "unchanged": N_FILES}
    assert contents(catalogue) == before
    shutil.copy(put_noise(music.parent / "good.wav", 21), music / "text.mp3")
    assert index([music], catalogue, [small_model]).counts == {"heard": 1, "new": 1, "unchanged": N_FILES}
    assert catalogue.problems() == []


def test_the_copies_of_a_bad_file_are_bad_too(music, catalogue, small_model):
    for name in ("1.mp3", "2.mp3"):
        (music / name).write_text("la la la")
    index([music], catalogue, [small_model])
    assert problems_of(catalogue) == {"1.mp3": "unreadable", "2.mp3": "unreadable"}
    assert len(catalogue) == N_FILES


def test_a_track_whose_file_has_become_bad_goes(music, catalogue, small_model):
    index([music], catalogue, [small_model])
    (music / "album 0" / "0.flac").write_text("la la la")
    index([music], catalogue, [small_model])
    assert problems_of(catalogue) == {"0.flac": "unreadable"}
    assert len(catalogue) == len(catalogue.predictions("small")) == N_FILES - 1


def test_a_problem_goes_with_its_file(music, catalogue, small_model):
    (music / "text.mp3").write_text("la la la")
    index([music], catalogue, [small_model])
    (music / "text.mp3").unlink()
    index([music], catalogue, [small_model])
    assert catalogue.problems() == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_listed_and_heard_once_it_has_it(music, catalogue, small_model):
    (music / "album 0" / "0.flac").chmod(0)
    index([music], catalogue, [small_model])
    assert problems_of(catalogue) == {"0.flac": "access"}
    (music / "album 0" / "0.flac").chmod(0o600)
    assert index([music], catalogue, [small_model]).n_heard == 1
    assert catalogue.problems() == []


def test_a_folder_that_is_suddenly_empty_forgets_nothing(music, catalogue, small_model):
    index([music], catalogue, [small_model])
    before = contents(catalogue)
    shutil.rmtree(music)
    with pytest.raises(ConfigError, match="there is no folder"):
        index([music], catalogue, [small_model])
    music.mkdir()
    with pytest.raises(ConfigError, match=f"holds no sound files, the catalogue knows {N_FILES} tracks") as caught:
        index([music], catalogue, [small_model])
    assert "is its disk connected?" in caught.value.hint
    assert contents(catalogue) == before


def test_an_empty_catalogue_without_folders_and_two_models_of_one_name_are_refused(music, catalogue, small_model):
    with pytest.raises(CatalogueError, match="has no sound files yet"):
        index([], catalogue, [small_model])
    with pytest.raises(ConfigError, match="two models are called 'small'"):
        index([music], catalogue, [small_model, other(small_model)])


def test_a_second_run_at_the_same_time_is_refused(music, catalogue, small_model):
    with catalogue.writer(), pytest.raises(CatalogueBusyError, match="another process"):
        index([music], catalogue, [small_model])
    assert len(catalogue) == 0


# What a run tells


def test_progress_is_told_after_every_file(music, catalogue, small_model):
    (music / "text.mp3").write_text("la la la")
    shutil.copy(music / "album 0" / "0.flac", music / "copy.flac")
    told = []
    index([music], catalogue, [small_model], on_progress=told.append)
    assert [one.n_done for one in told] == list(range(1, N_FILES + 3))
    assert {one.n_files for one in told} == {N_FILES + 2}
    assert told[-1].n_problems == 1
    assert {one.path.name for one in told} == {path.name for path in music.rglob("*.*")}


def test_the_report_tells_counts_speed_and_the_time_of_every_stage(music, catalogue, small_model):
    report = index([music], catalogue, [small_model])
    assert list(report.stage_seconds) == ["scan", "decode", "front end", "model", "store"]
    assert min(report.stage_seconds.values()) > 0
    assert report.sound_seconds == pytest.approx(0.6 * N_FILES)
    shape = json.loads(json.dumps(report.to_json()))
    assert (shape["models"], shape["counts"]["heard"]) == (["small"], N_FILES)
    counts, speed, stages = report.lines()
    assert "5 heard, 5 new" in counts
    assert "times real time" in speed
    assert "front end" in stages


def test_a_report_of_a_run_with_problems_says_where_to_see_them(tmp_path):
    report = IndexReport(
        catalogue=tmp_path,
        models=(),
        counts={},
        problems={"silent": 2},
        sound_seconds=0,
        wall_seconds=1,
        stage_seconds={"scan": 0.5},
    )
    assert "no files" in report.lines()[0]
    assert report.lines()[-1] == f"problems: 2 silent; see them with: tutti stats {tmp_path}"


# Runs that are cut short


class PowerCutError(BaseException):
    """Ends a run like a power cut would."""


def let_time_pass(music: Path) -> None:
    """Change, touch, move, copy, delete and add files."""
    put_noise(music / "album 0" / "0.flac", 70, seconds=0.9)
    os.utime(music / "album 1" / "1.flac", ns=(1, 1_600_000_000_000_000_000))
    (music / "album 0" / "2.flac").rename(music / "moved.flac")
    shutil.copy(music / "album 1" / "3.flac", music / "copy.flac")
    (music / "album 0" / "4.flac").unlink()
    put_noise(music / "new.flac", 71)
    (music / "text.mp3").write_text("la la la")


# A run that was killed after storing what models said of a track, and before the track, used to lose its length.
@pytest.mark.parametrize("n_done", [0, 4, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 3, *range(5, 11)))])
def test_a_run_that_breaks_off_at_any_write_is_completed_by_the_next(
    n_done, music, catalogue, small_model, tmp_path, monkeypatch
):
    monkeypatch.setattr(indexing, "BATCH_TRACKS", 1)
    uninterrupted = Catalogue.create(tmp_path / "uninterrupted")
    for one in (catalogue, uninterrupted):
        index([music], one, [small_model], jobs=1)
    let_time_pass(music)
    index([music], uninterrupted, [small_model], jobs=1)
    writes, merge, delete = [], Catalogue.merge, Catalogue.delete

    def cut_off(original, self, *args, **settings):
        writes.append(args[0])
        if len(writes) > n_done:
            raise PowerCutError
        return original(self, *args, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(Catalogue, "merge", lambda *args, **settings: cut_off(merge, *args, **settings))
        patch.setattr(Catalogue, "delete", lambda *args, **settings: cut_off(delete, *args, **settings))
        with pytest.raises(PowerCutError):
            index([music], catalogue, [small_model], jobs=1)
    index([music], catalogue, [small_model], jobs=1)
    assert contents(catalogue) == contents(uninterrupted)


RUN = """
import sys, torch
torch.set_num_threads(1)
from tutti.search import indexing
indexing.BATCH_TRACKS = 8
from tutti.cli.main import main
sys.argv[0] = "tutti"
main()
"""


def start(*arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def n_tracks_in(folder: Path) -> int:
    return len(Catalogue.open(folder)) if (folder / "catalogue.json").exists() else 0


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_an_index_killed_again_and_again_ends_equal_to_one_left_alone(small_model, tmp_path):
    music, killed, alone = tmp_path / "music", tmp_path / "killed", tmp_path / "alone"
    for number in range(240):
        put_noise(music / f"{number % 7}" / f"{number}.wav", number % 230, seconds=4)  # ten are copies
    for number in range(20):
        (music / f"{number}.mp3").write_text(f"la la la {number}")
    small_model.save(tmp_path / "bundle")
    command = ("index", music, "--model", tmp_path / "bundle", "--quiet", "--jobs", 2, "--catalogue")
    delays, n_kills, n_tracks = random.Random(0), 0, []
    while n_kills < 6:
        process = start(*command, killed)
        lock = killed / ".writer"
        while process.poll() is None and not (lock.exists() and lock.read_text() == str(process.pid)):
            time.sleep(0.01)
        time.sleep(delays.uniform(0, 0.6))
        process.kill()
        n_kills += process.wait() == -signal.SIGKILL
        n_tracks.append(n_tracks_in(killed))
        assert n_tracks[-1] < 240, "everything was stored before six kills: give it more to do"
    assert sorted(n_tracks) == n_tracks  # nothing that was stored is lost
    assert n_tracks[-1] > 0, "no kill came after a first write"
    for folder in (killed, alone):
        process = start(*command, folder)
        assert (process.communicate(timeout=240), process.returncode) == ((None, None), 0)
    assert len(Catalogue.open(alone)) == 240
    assert contents(Catalogue.open(killed)) == contents(Catalogue.open(alone))


MEASURE = """
import resource, sys, torch
torch.set_num_threads(1)
from tutti.data.catalogue import Catalogue
from tutti.models.model import Model
from tutti.search.indexing import index
report = index([sys.argv[1]], Catalogue.create(sys.argv[2]), [Model.load(sys.argv[3])], jobs=1)
assert report.n_heard == 1
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, report.sound_seconds)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss is Linux's")
def test_a_file_of_an_hour_needs_no_more_memory_than_one_of_two_minutes(small_model, tmp_path):
    small_model.with_excerpts(hop=5.0).save(tmp_path / "bundle")
    minute = np.random.default_rng(0).uniform(-0.5, 0.5, 60 * 8000)
    megabytes = {}
    for n_minutes in (2, 60):
        path = tmp_path / f"{n_minutes}" / "long.wav"
        path.parent.mkdir()
        with soundfile.SoundFile(path, "w", 8000, 1) as file:
            for _ in range(n_minutes):
                file.write(minute)
        arguments = [path, tmp_path / f"catalogue {n_minutes}", tmp_path / "bundle"]
        output = subprocess.check_output([sys.executable, "-c", MEASURE, *map(str, arguments)], text=True)
        megabytes[n_minutes], seconds = map(float, output.split())
        assert seconds == 60 * n_minutes
    assert megabytes[60] - megabytes[2] < 20  # its samples alone are 110 MB
