"""Research sets of sentences: the same questions for each, and what is particular to Alm and to ISEAR."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutti.data.datasets import SENTENCE_SETS, find_sentence_set
from tutti.data.datasets.alm import ALM
from tutti.data.datasets.isear import ISEAR
from tutti.data.datasets.sentence_sets import SentenceSet
from tutti.data.sentences import read_sentences
from tutti.errors import ConfigError, DatasetError, UnknownNameError

EVERY = pytest.mark.parametrize("sentences", SENTENCE_SETS.values(), ids=SENTENCE_SETS)


@EVERY
def test_it_says_what_it_is_whom_to_cite_and_what_is_allowed(sentences: SentenceSet):
    for words in (sentences.title, sentences.description, sentences.citation, sentences.licence):
        assert words.strip() == words
        assert words
    assert sentences.homepage.startswith("http")
    assert all(file.url.startswith("http") and file.what for file in sentences.files)
    assert list(sentences.emotions) == sorted(sentences.emotions)


@EVERY
def test_its_fixture_has_every_split_and_its_emotions(sentences: SentenceSet, tmp_path: Path):
    sentences.make_fixture(tmp_path / "root")
    read = sentences.read(tmp_path / "root")
    assert set(read.counts) == {"train", "valid", "test"}
    assert read.emotions == sentences.emotions
    assert len({one.sentence_id for one in read.sentences}) == len(read.sentences)
    assert sentences.count_remarks(read)  # a fixture is not the whole
    with pytest.raises(ConfigError, match="something already"):
        sentences.make_fixture(tmp_path / "root")


@EVERY
def test_what_is_missing_is_told_with_its_place(sentences: SentenceSet, tmp_path: Path):
    with pytest.raises(DatasetError, match="there is no") as caught:
        sentences.read(tmp_path)
    assert "tutti datasets" in str(caught.value.hint)


def test_an_unknown_set_is_told_with_its_nearest_name():
    with pytest.raises(UnknownNameError) as caught:
        find_sentence_set("isaer")
    assert "isear" in str(caught.value.hint)


def test_alm_is_split_by_author_and_valid_is_test_which_is_said(tmp_path: Path):
    ALM.make_fixture(tmp_path / "root")
    read = ALM.read(tmp_path / "root")
    assert {one.author for one in read.of_split("train")} == {"Grimms", "HCAndersen"}
    assert {one.author for one in read.of_split("test")} == {"Potter"}
    assert [one.text for one in read.of_split("valid")] == [one.text for one in read.of_split("test")]
    assert any("valid is test" in remark for remark in read.remarks)


def test_alm_tells_of_lines_that_are_no_sentence_and_of_bytes_that_are_none(tmp_path: Path):
    ALM.make_fixture(tmp_path / "root")
    tale = tmp_path / "root" / "Potter" / "agree-sent" / "invented.agree"
    tale.write_bytes(b"0@4@A caf\xe9 by the pond, user@home.\n1@9@No such code.\nno sentence\n")
    read = ALM.read(tmp_path / "root")
    assert [one.text for one in read.of_split("test")] == ["A caf\N{REPLACEMENT CHARACTER} by the pond, user@home."]
    remarks = "; ".join(read.remarks)
    assert "2 lines are no sentence with its code, such as one of Potter/agree-sent/invented.agree" in remarks
    assert "1 texts have bytes that are no UTF-8" in remarks


def test_isears_marks_of_line_ends_are_read_as_spaces(tmp_path: Path):
    ISEAR.make_fixture(tmp_path / "root")
    read = ISEAR.read(tmp_path / "root")
    assert "I fell asleep in the lecture for the first time, and snored." in [one.text for one in read.sentences]


@pytest.mark.parametrize(
    "table",
    [
        'ID|Field1|SIT\n1|joy|We won, "at last".\n2|guilt|"I lied.\n3|anger|Nothing, but noise.\n',
        'ID|Field1|SIT\n1|joy|"We won, ""at last""."\n2|guilt|I lied.\n3|anger|"Nothing, but noise."\n',
        'joy,"We won, ""at last""."\nguit,I lied.\nanger,"Nothing, but noise."\n',
        'joy,We won, "at last".\nguilt,"I lied.\nanger,Nothing, but noise.\n',
    ],
)
def test_isear_is_read_from_any_of_the_tables_that_go_round(table, tmp_path: Path):
    (tmp_path / "isear.csv").write_text(table)
    read = ISEAR.read(tmp_path)
    told = {one.emotion: one.text.replace('"', "") for one in read.sentences}
    assert told == {"joy": "We won, at last.", "guilt": "I lied.", "anger": "Nothing, but noise."}


def test_isears_splits_change_with_the_seed_alone(tmp_path: Path):
    ISEAR.make_fixture(tmp_path / "root")
    assert ISEAR.read(tmp_path / "root") == ISEAR.read(tmp_path / "root")
    assert ISEAR.read(tmp_path / "root") != ISEAR.read(tmp_path / "root", seed=1)


def test_a_table_without_emotions_is_refused(tmp_path: Path):
    (tmp_path / "isear.csv").write_text("a,b\nc,d\n")
    with pytest.raises(DatasetError, match="no situation"):
        ISEAR.read(tmp_path)


def test_the_command_lists_shows_checks_and_writes_a_set_of_sentences(tmp_path: Path):
    from typer.testing import CliRunner

    from tutti.cli.main import app

    def told(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["datasets", "sentences", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "isear" in told()
    assert "1,040" in told("alm", "--fixture", str(tmp_path / "root"))
    shown = told("alm", "--root", str(tmp_path / "root"), "-o", str(tmp_path / "alm.tsv"))
    assert "alm: train 4, valid 3, test 3" in shown
    assert "mind: train has 4 sentences, published are 1,040" in shown
    assert (tmp_path / "alm.tsv").read_text().count("\n") == 1 + 4 + 3 + 3
    told("world-tales", "-o", str(tmp_path / "tales.tsv"))
    assert read_sentences(tmp_path / "tales.tsv").counts == {"train": 600, "valid": 200, "test": 200}
