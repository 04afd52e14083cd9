"""Labelled sentences: tables of a user's own, what is amiss in them, and splits that are drawn."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tutti.data.sentences import MOST_CHARACTERS, Sentence, gather, read_sentences, stratified_splits
from tutti.errors import DatasetError, UnknownNameError


def written(folder: Path, *lines: str | bytes) -> Path:
    path = folder / "mine.tsv"
    path.write_bytes(b"\n".join(line.encode() if isinstance(line, str) else line for line in lines) + b"\n")
    return path


def test_a_table_with_splits_is_read_as_it_stands(tmp_path):
    path = written(tmp_path, "text\temotion\tsplit", 'He said "no".\tanger\ttrain', "What a day!\tJoy\ttest")
    read = read_sentences(path)
    assert [(one.text, one.emotion, one.split) for one in read.sentences] == [
        ('He said "no".', "anger", "train"),
        ("What a day!", "joy", "test"),
    ]
    assert read.emotions == ("anger", "joy")
    assert read.counts == {"train": 1, "test": 1}
    assert read.remarks == ()


def test_splits_that_a_table_has_not_are_drawn_and_stay_the_same(tmp_path):
    lines = [f"Text {number} of {emotion}.\t{emotion}" for emotion in ("joy", "fear") for number in range(20)]
    read = read_sentences(written(tmp_path, *lines))
    assert read.counts == {"train": 28, "valid": 6, "test": 6}
    assert read == read_sentences(written(tmp_path, *lines))
    assert read != read_sentences(written(tmp_path, *lines), seed=1)
    assert Counter(one.emotion for one in read.of_split("test")) == {"joy": 3, "fear": 3}


def test_a_stratified_split_of_isears_size_has_the_published_counts():
    labels = [f"emotion {number % 7}" for number in range(7666)]
    assert Counter(stratified_splits(labels)) == {"train": 5366, "valid": 1150, "test": 1150}


def test_what_is_amiss_with_texts_is_counted_in_words(tmp_path):
    long = "It went on and on. " * 110_000  # 2 MB
    lines = [
        "Good.\tjoy",
        "\tjoy",
        b"caf\xe9 noir\tjoy",
        "静かな夜に一人で泣いた。\tjoy",
        f"{long}\tjoy",
        "Hm.\tboredom",
    ]
    read = read_sentences(written(tmp_path, *lines), emotions=("fear", "joy"))
    assert len(read.sentences) == 4
    assert max(len(one.text) for one in read.sentences) <= MOST_CHARACTERS
    assert read.emotions == ("joy",)
    remarks = "; ".join(read.remarks)
    for told in ("1 texts are empty", "'boredom'", "no UTF-8", "cut after 20,000", "not in Latin letters"):
        assert told in remarks


def test_a_text_that_stands_in_two_splits_is_told_of():
    twice = [
        Sentence(sentence_id=split, text="No response.", emotion="joy", split=split) for split in ("train", "test")
    ]
    assert "1 texts stand in more than one split" in gather("mine", twice).remarks


def test_a_split_can_be_another_one_over_again():
    one = Sentence(sentence_id="1", text="Alas!", emotion="sad", split="test")
    read = gather("tales", [one], same_as={"valid": "test"})
    assert read.of_split("test") == (one,)
    assert [again.text for again in read.of_split("valid")] == ["Alas!"]
    assert read.remarks == ()
    with pytest.raises(UnknownNameError):
        read.of_split("dev")


def test_a_written_table_is_read_as_it_was(tmp_path):
    lines = [f"Text {number} of joy.\tjoy" for number in range(10)]
    read = read_sentences(written(tmp_path, *lines))
    read.write(tmp_path / "mine.tsv")
    again = read_sentences(tmp_path / "mine.tsv")
    assert [(one.text, one.split) for one in again.sentences] == [(one.text, one.split) for one in read.sentences]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "no sentence"),
        (["a text alone"], "line 1"),
        (["a\tjoy", "b\tjoy\ttrain"], "line 1"),
        (["a\tjoy\tdev"], "line 1"),
        (["a\tb\tc\td"], "line 1"),
        (["\x00\x01\x02"], "no text"),
        (["Hm.\tboredom"], "with one of the emotions fear"),
    ],
)
def test_what_is_no_table_of_sentences_is_refused_in_words(tmp_path, lines, told):
    with pytest.raises(DatasetError, match=told) as caught:
        read_sentences(written(tmp_path, *lines), emotions=("fear",) if "Hm" in str(lines) else None)
    assert caught.value.hint


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="no such file"):
        read_sentences(tmp_path / "none.tsv")


def test_latin_letters_with_accents_are_no_remark_and_other_alphabets_are():
    texts = ("Ça m'a réjoui, über alles, señor", "Мне было грустно", "I heard a song: 曲")
    found = gather("mine", [Sentence(sentence_id=text, text=text, emotion="joy") for text in texts])
    (remark,) = found.remarks
    assert remark.startswith("1 texts are not in Latin letters")
