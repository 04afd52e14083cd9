"""Reviews of albums: arrays, lines, albums with lists; what is empty, broken or endless is counted."""

from __future__ import annotations

import json
import time

import pytest

from tutti.data.datasets.reviews import LONGEST_TEXT, Reviews, read_reviews
from tutti.errors import DatasetError

ONE, TWO = {"amazon_id": "A", "reviewText": "First."}, {"amazon_id": "A", "reviewText": "Second."}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([ONE, TWO]),
        f"\n  {json.dumps([ONE, TWO], indent=1)}",
        f"{json.dumps(ONE)}\n\n{json.dumps(TWO)}\n",
        json.dumps([{"asin": "A", "reviews": ["First.", {"text": " Second. "}]}]),
    ],
)
def test_four_ways_of_writing_two_reviews_are_one_text(tmp_path, content):
    path = tmp_path / "reviews.json"
    path.write_text(content)
    assert read_reviews(path) == Reviews(texts={"A": "First.\n\nSecond."}, n_reviews=2)


def test_no_file_is_no_reviews(tmp_path):
    assert read_reviews(tmp_path / "none.json") == Reviews()
    assert Reviews().remarks() == ()


def test_a_text_of_exactly_the_longest_length_is_not_called_cut(tmp_path):
    path = tmp_path / "reviews.json"
    for extra, n_cut in ((0, 0), (1, 1)):
        path.write_text(json.dumps([{"asin": "A", "text": "x" * (LONGEST_TEXT + extra)}]))
        found = read_reviews(path)
        assert (len(found.texts["A"]), found.n_cut) == (LONGEST_TEXT, n_cut)


def test_five_megabytes_in_one_review_take_no_time_to_speak_of(tmp_path):
    path = tmp_path / "reviews.json"
    path.write_text(json.dumps([{"asin": "A", "text": "あ" * 1_700_000}], ensure_ascii=False), encoding="utf-8")
    began = time.perf_counter()
    assert len(read_reviews(path).texts["A"]) == LONGEST_TEXT
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("content", ["[" * 100_000, '{"asin": "A"', "null", "[[]]"])
def test_what_is_no_json_of_objects_is_refused_in_words(tmp_path, content):
    path = tmp_path / "reviews.json"
    path.write_text(content)
    with pytest.raises(DatasetError, match="reviews of albums, cannot be read") as caught:
        read_reviews(path)
    assert caught.value.hint
