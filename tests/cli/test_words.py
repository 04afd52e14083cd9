"""``tutti words``: a table, JSON, and trouble in two lines."""

import json

import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track


@pytest.fixture
def catalogue(tmp_path):
    texts = [("loud guitars by Velvet Foxes", "rock"), ("soft piano", "jazz")]
    made = Catalogue.create(tmp_path / "catalogue")
    made.put_tracks(
        Track(track_id=f"{number:02}", artist="Velvet Foxes", texts={"review": text}, tags=(tag,), split="train")
        for number in range(6)
        for text, tag in [texts[number % 2]]
    )
    return tmp_path / "catalogue"


def test_words_are_printed_the_most_telling_first(tutti, catalogue):
    ending = tutti("words", catalogue, "--label", "rock", "-n", 2, "--least", 2)
    assert (ending.code, ending.stderr) == (0, "")
    header, first, _ = ending.stdout.splitlines()
    assert header.split("\t")[:4] == ["label", "word", "bits", "speaks"]
    assert first.split("\t")[0] == "rock"
    assert first.split("\t")[2] == "1.0000"


def test_categories_of_the_catalogues_names_are_words_too(tutti, catalogue):
    ending = tutti("words", catalogue, "--entities", "catalogue", "--least", 2, "-n", 20, "--json")
    found = json.loads(ending.stdout)
    assert found["n_items"] == 6
    assert "artists" in {one["word"] for one in found["labels"]["rock"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label", "rok"], "did you mean 'rock'"),
        (["--read", "lyrics"], "none of 6 items has a text and tags"),
        (["--level", "song"], "known: album, track"),
        (["--split", "test"], "none of 0 items"),
        (["--split", "tset"], "did you mean 'test'? known: all, test, train, valid"),
        (["--entities", "none.tsv"], "none.tsv cannot be read"),
    ],
)
def test_trouble_is_told_in_two_lines(tutti, catalogue, arguments, message):
    ending = tutti("words", catalogue, "--least", 2, *arguments)
    assert (ending.code, ending.stdout) == (1, "")
    lines = ending.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "hint"]
    assert message in ending.stderr
