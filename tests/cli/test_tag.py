"""``tutti tag``: tags without a catalogue."""

import json

import numpy as np
import pytest
import soundfile


def test_json_is_a_list_of_path_model_n_excerpts_and_all_tags(tutti, bundle, sine_wav, noise_wav, small_model):
    ending = tutti("tag", sine_wav, noise_wav, "--model", bundle, "--json")
    assert (ending.code, ending.stderr) == (0, "")
    found = json.loads(ending.stdout)
    assert [list(one) for one in found] == [["path", "model", "n_excerpts", "tags"]] * 2
    assert [(one["path"], one["model"], one["n_excerpts"]) for one in found] == [
        (str(sine_wav), "small", 4),
        (str(noise_wav), "small", 4),
    ]
    expected = dict(zip(small_model.labels, small_model.predict(sine_wav).tolist(), strict=True))
    assert found[0]["tags"] == pytest.approx(expected)


def test_people_see_the_most_probable_tags(tutti, bundle, sine_wav):
    ending = tutti("tag", sine_wav, "--model", bundle, "--top", 2)
    path, tags = ending.stdout.splitlines()
    assert path == str(sine_wav)
    words = tags.replace("small:", "").split()
    assert len(words) == 4
    assert float(words[1]) >= float(words[3])


def test_excerpts_are_chosen_by_count_or_hop(tutti, bundle, noise_wav):
    for arguments, n_excerpts in ((("--excerpts", 2), 2), (("--hop", 0.5), 6)):
        ending = tutti("tag", noise_wav, "--model", bundle, "--json", *arguments)
        assert json.loads(ending.stdout)[0]["n_excerpts"] == n_excerpts


def test_files_that_fail_are_reported_and_the_others_tagged(tutti, bundle, sine_wav, tmp_path):
    (tmp_path / "text.mp3").write_text("la la la")
    ending = tutti("tag", tmp_path / "text.mp3", sine_wav, tmp_path / "nowhere.wav", "--model", bundle, "--json")
    assert ending.code == 0
    assert [one["path"] for one in json.loads(ending.stdout)] == [str(sine_wav)]
    lines = ending.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines[:4]] == ["error", "hint", "error", "hint"]
    assert "text.mp3" in lines[0]
    assert "nowhere.wav" in lines[2]
    assert lines[4] == "2 of 3 files could not be heard"


def test_silent_files_are_failures_and_truncated_ones_a_remark(tutti, bundle, tmp_path):
    soundfile.write(tmp_path / "silent.wav", [0.0] * 8000, 8000)
    cut = tmp_path / "cut.flac"
    soundfile.write(cut, 0.1 * np.random.default_rng(0).standard_normal(32_000), 8000)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    ending = tutti("tag", tmp_path / "silent.wav", cut, "--model", bundle, "--json")
    assert ending.code == 0
    assert [one["path"] for one in json.loads(ending.stdout)] == [str(cut)]
    lines = ending.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines[:3]] == ["remark", "error", "hint"]
    assert "cut.flac" in lines[0]
    assert "silent.wav is silent" in lines[1]
    assert lines[3] == "1 of 2 files could not be heard"
    assert tutti("tag", tmp_path / "silent.wav", "--model", bundle).code == 1


def test_it_ends_with_1_when_no_file_could_be_heard(tutti, bundle, tmp_path):
    assert tutti("tag", tmp_path / "nowhere.wav", "--model", bundle).code == 1


def test_an_unknown_model_is_answered_with_the_nearest(tutti, sine_wav):
    ending = tutti("tag", sine_wav, "--model", "musicnn-mta")
    assert (ending.code, ending.stdout) == (1, "")
    assert ending.stderr.startswith("error: ")
    assert "did you mean 'musicnn-mtat'?" in ending.stderr


def test_a_bundle_that_is_damaged_is_told_in_two_lines(tutti, bundle, sine_wav):
    (bundle / "config.json").write_text("{")
    ending = tutti("tag", sine_wav, "--model", bundle)
    assert ending.code == 1
    assert [line.partition(":")[0] for line in ending.stderr.splitlines()] == ["error", "hint"]


def test_names_in_any_script_stay_readable(tutti, bundle, tmp_path):
    soundfile.write(tmp_path / "ลาวดวงเดือน.wav", [0.1, -0.1] * 4000, 8000)
    assert "ลาวดวงเดือน.wav" in tutti("tag", tmp_path / "ลาวดวงเดือน.wav", "--model", bundle, "--json").stdout


def test_the_dance_of_the_sugar_plum_fairy_is_classical(tutti, shared, tmp_path, monkeypatch):
    monkeypatch.setenv("TUTTI_MODELS", str(shared / "checkpoints"))
    monkeypatch.setenv("TUTTI_CACHE", str(tmp_path / "cache"))
    (recording,) = (shared / "audio").glob("*Sugar*.ogg")
    ending = tutti("tag", recording, "--model", "musicnn-mtat", "--json")
    assert ending.code == 0, ending.stderr
    (found,) = json.loads(ending.stdout)
    best = list(found["tags"])[:5]
    assert best[0] == "classical"
    assert {"strings", "violin"} <= set(best)
    assert found["n_excerpts"] == 16
