"""``tutti wordvectors``: catalogues and files in, a file of vectors out, which then tells how it reads a tag."""

from __future__ import annotations

import json

import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.music_texts import texts_of
from tutti.data.track import Track

pytest.importorskip("gensim")


@pytest.fixture
def catalogue(tmp_path):
    made = Catalogue.create(tmp_path / "catalogue")
    made.put_tracks(
        Track(
            track_id=f"t{number}",
            texts={"review": f"Soft piano music number {number}", "biography": "Plays hip hop and piano"},
            tags=("jazz", "rap"),
            split="train" if number else "test",
        )
        for number in range(12)
    )
    return tmp_path / "catalogue"


def test_texts_that_tracks_share_are_read_once(catalogue):
    tracks = Catalogue.open(catalogue).tracks()
    assert len(texts_of(tracks)) == 13
    assert texts_of(tracks, kinds=("tags",)) == ["jazz, rap"]


def test_vectors_are_trained_on_catalogues_and_files_and_read_tags(tutti, catalogue, tmp_path):
    (tmp_path / "more.txt").write_text("Jazz and piano and saxophone.\n" * 6)
    options = ("-o", tmp_path / "own.bin", "--dimensions", "5", "--split", "train")
    ending = tutti("wordvectors", "train", catalogue, tmp_path / "more.txt", *options)
    assert ending.code == 0, ending.stderr
    assert "words and phrases in 5 dimensions" in ending.stdout
    assert "pass 5 of 5" in ending.stderr
    ending = tutti("wordvectors", "read", tmp_path / "own.bin", "saxaphone", "zzzz", "--json")
    first, second = map(json.loads, ending.stdout.splitlines())
    assert first["read_as"][0]["how"] == "spelling"
    assert first["read_as"][0]["via"] == ["saxophone"]
    assert (second["is_known"], second["nearest"]) == (False, {})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("train", "none"), "there is no catalogue or text"),
        (("train", "catalogue", "--read", "captions, plots"), "have no captions, plots to learn"),
        (("train", "catalogue", "--algorithm", "glove"), "known: cbow, skipgram"),
        (("train", "catalogue", "--split", "trian"), "did you mean 'train'? known: all, test, train, valid"),
        (("read", "none", "rock"), "there is no file of word vectors"),
    ],
)
def test_trouble_is_told_in_two_lines(tutti, catalogue, tmp_path, arguments, told):
    paths = {"none": tmp_path / "none", "catalogue": catalogue}
    given = [paths.get(one, one) for one in arguments]
    if arguments[0] == "train":
        given += ["-o", tmp_path / "own.bin"]
    ending = tutti("wordvectors", *given)
    assert ending.code == 1
    assert ending.stderr.startswith("error: ")
    assert "hint: " in ending.stderr
    assert told in ending.stderr
    assert not (tmp_path / "own.bin").exists()


@pytest.mark.parametrize("name", ["own.xyz", "own.docx", "own.gz", "own", "own.txt.zip"])
def test_an_ending_that_means_no_format_is_refused_before_anything_is_read(tutti, tmp_path, name):
    ending = tutti("wordvectors", "train", tmp_path / "none", "-o", tmp_path / name)
    assert (ending.code, ending.stdout) == (1, "")
    assert ending.stderr.splitlines() == [
        f"error: no word vectors can be written as {name}",
        "hint: end its name in .bin, .txt or .vec; .gz on top compresses it",
    ]
    assert not (tmp_path / name).exists()
