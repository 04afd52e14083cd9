"""``tutti datasets prepare`` and ``tutti datasets leaks``: sounds into a store, and what splits share."""

import json

import pytest


@pytest.fixture
def root(tutti, tmp_path):
    assert tutti("datasets", "fixture", "fma", "-o", tmp_path / "fma").code == 0
    return tmp_path / "fma"


def test_a_store_is_made_with_progress_and_summed_up(tutti, root, tmp_path):
    ending = tutti("datasets", "prepare", "fma", "--root", root, "-o", tmp_path / "store", "--rate", 8000, "--jobs", 2)
    assert ending.code == 0
    assert "3 sounds (train 1, valid 1, test 1)" in ending.stdout
    assert "3/3" in ending.stderr
    again = tutti(
        "datasets", "prepare", "fma", "--root", root, "-o", tmp_path / "store", "--rate", 8000, "-q", "--json"
    )
    assert again.stderr == ""
    assert json.loads(again.stdout)["n_sounds"] == {"train": 1, "valid": 1, "test": 1}


def test_a_broken_file_is_named_at_the_end_and_stops_nothing(tutti, root, tmp_path):
    (root / "fma_small" / "000" / "000140.mp3").write_bytes(b"none")
    ending = tutti("datasets", "prepare", "fma", "--root", root, "-o", tmp_path / "store")
    assert ending.code == 0
    assert "1 sounds could not be decoded" in ending.stdout
    assert "test\t000140\t" in ending.stderr


def test_nothing_that_could_be_decoded_is_a_failure_in_two_lines(tutti, root, tmp_path):
    ending = tutti("datasets", "prepare", "gtzan", "--root", root, "-o", tmp_path / "store", "-q")
    assert (ending.code, ending.stdout) == (1, "")
    assert [line.partition(":")[0] for line in ending.stderr.splitlines()] == ["error", "hint"]
    assert not (tmp_path / "store").exists()


def test_leaks_are_told_from_metadata_and_from_sounds(tutti, root, tmp_path):
    (root / "fma_small" / "000" / "000140.mp3").write_bytes((root / "fma_small" / "000" / "000002.mp3").read_bytes())
    told = tutti("datasets", "leaks", "fma", "--root", root)
    assert told.code == 0
    assert "artists: 0 of 3 are in more than one split" in told.stdout
    assert "sounds: not compared" in told.stdout
    heard = tutti("datasets", "leaks", "fma", "--root", root, "--listen", "-q")
    assert "000002 (train) and 000140 (test): the same samples" in heard.stdout


def test_leaks_of_a_store_are_told_in_markdown_and_in_json(tutti, root, tmp_path):
    tutti("datasets", "prepare", "fma", "--root", root, "-o", tmp_path / "store", "-q")
    arguments = ("datasets", "leaks", "fma", "--root", root, "--store", tmp_path / "store", "-q")
    assert "| artists | test | 0 of 1 | 0.0% |" in tutti(*arguments, "--markdown").stdout
    assert json.loads(tutti(*arguments, "--json").stdout)["sounds"]["n_heard"] == 3
