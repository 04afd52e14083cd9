"""``tutti datasets``: what the datasets are, and what of one is on this disk."""

import json

import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.datasets import DATASETS


def test_the_list_names_every_dataset_with_its_licence(tutti):
    ending = tutti("datasets", "list")
    assert ending.code == 0
    for dataset in DATASETS.values():
        assert dataset.name in ending.stdout
        assert dataset.licence in ending.stdout
    listed = json.loads(tutti("datasets", "list", "--json").stdout)
    assert [one["name"] for one in listed] == [*DATASETS]


def test_a_dataset_is_shown_with_citation_labels_in_order_and_files(tutti):
    shown = tutti("datasets", "show", "magnatagatune").stdout
    assert "ISMIR 2009" in shown
    assert "country; metal; female voice; choral" in shown
    assert "train 15,244, valid 1,529, test 4,332" in shown
    facts = json.loads(tutti("datasets", "show", "magnatagatune", "--json").stdout)
    assert [one["name"] for one in facts["protocols"]] == ["filtered", "unfiltered"]


def test_an_unknown_dataset_is_answered_with_the_nearest(tutti, tmp_path):
    ending = tutti("datasets", "check", "mtgjamendo", "--root", tmp_path)
    assert ending.code == 1
    assert ending.stderr.splitlines()[0] == "error: there is no dataset called 'mtgjamendo'"
    assert "did you mean 'mtg-jamendo'?" in ending.stderr


@pytest.mark.parametrize("name", DATASETS)
def test_a_fixture_is_written_checked_and_made_a_catalogue(tutti, tmp_path, name):
    root = tmp_path / "root"
    assert tutti("datasets", "fixture", name, "-o", root).code == 0
    ending = tutti("datasets", "check", name, "--root", root)
    assert ending.code == 0
    assert ending.stdout.splitlines()[0].startswith(f"a fixture of {name} in {root}")
    assert ending.stdout.splitlines()[-1] == "complete"
    ending = tutti("datasets", "catalogue", name, "--root", root, "-o", tmp_path / "catalogue")
    assert ending.code == 0
    assert "left out 0" in ending.stdout
    assert len(Catalogue.open(tmp_path / "catalogue")) >= 3


@pytest.mark.parametrize("name", DATASETS)
def test_an_empty_root_is_answered_in_a_screen_with_what_to_fetch_from_where(tutti, tmp_path, name):
    ending = tutti("datasets", "check", name, "--root", tmp_path / "nothing")
    assert ending.code == 1
    lines = ending.stdout.splitlines()
    assert len(lines) <= 20
    assert any(line.startswith("fetch from http") for line in lines)
    assert lines[-2:] == [f"there is no folder {tmp_path / 'nothing'}", "not complete"]


def test_a_half_downloaded_root_is_told_by_split(tutti, tmp_path):
    root = tmp_path / "root"
    tutti("datasets", "fixture", "mtg-jamendo", "-o", root)
    (root / "audio" / "41" / "241.mp3").unlink()
    (root / "audio" / "15" / "215.mp3").write_bytes(b"")
    ending = tutti("datasets", "check", "mtg-jamendo", "--root", root)
    assert ending.code == 1
    assert "missing: 1 sounds of train, such as 241.mp3" in ending.stdout
    assert "broken: 1 sounds of test are empty, such as 215.mp3" in ending.stdout
    found = json.loads(tutti("datasets", "check", "mtg-jamendo", "--root", root, "--json").stdout)
    assert found["is_complete"] is False
    assert [split["n_sounds"] for split in found["splits"]] == [0, 1, 0]
    ending = tutti("datasets", "catalogue", "mtg-jamendo", "--root", root, "-o", tmp_path / "catalogue")
    assert "valid 1; left out 2" in ending.stdout


def test_a_catalogue_of_nothing_is_refused_in_two_lines_and_leaves_nothing(tutti, tmp_path):
    ending = tutti("datasets", "catalogue", "fma", "--root", tmp_path, "-o", tmp_path / "catalogue")
    assert ending.code == 1
    assert [line.partition(":")[0] for line in ending.stderr.splitlines()] == ["error", "hint"]
    assert not (tmp_path / "catalogue").exists()


def test_a_protocol_with_a_catch_warns_before_it_is_used(tutti, tmp_path):
    root = tmp_path / "root"
    tutti("datasets", "fixture", "million-song", "-o", root)
    ending = tutti("datasets", "catalogue", "million-song", "--root", root, "-o", tmp_path / "catalogue")
    assert "mind: the same artists occur in several splits" in ending.stderr


def test_the_sets_of_sentences_are_listed_with_those_that_are_invented(tutti):
    listed = tutti("datasets", "sentences").stdout
    assert [line.split()[:2] for line in listed.splitlines()[1:]] == [
        ["alm", "5"],
        ["isear", "7"],
        ["world-tales", "5"],
        ["world-situations", "7"],
    ]


def test_a_fixture_of_sentences_says_what_was_written_and_how_to_read_it(tutti, tmp_path):
    ending = tutti("datasets", "sentences", "isear", "--fixture", tmp_path / "root")
    told, command = ending.stdout.splitlines()[0].split("; try: tutti ")
    assert told == f"{tmp_path / 'root'}\ta fixture of isear"
    assert "mind: train has" in tutti(*command.split()).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["world-talse"], "did you mean 'world-tales'?"),
        (["tales"], "known: alm, isear, world-situations, world-tales"),
        (["world-tales", "--fixture", "root"], "no files to imitate"),
        (["alm", "-o", "alm.tsv"], "say where alm lies: --root DIR"),
    ],
)
def test_sentences_that_make_no_sense_are_refused_in_two_lines(tutti, arguments, words):
    ending = tutti("datasets", "sentences", *arguments)
    assert (ending.code, len(ending.stderr.splitlines())) == (1, 2)
    assert words in ending.stderr
