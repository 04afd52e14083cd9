"""Conditions."""

from __future__ import annotations

import numpy as np
import pytest

from tutti.errors import QueryError
from tutti.search.corpus import Corpus
from tutti.search.filters import asked, compared, matching
from tutti.search.library import Library


def found(library: Library, where: str | None) -> list[str]:
    corpus = Corpus.load(library)
    return [corpus.track_ids[row] for row in np.flatnonzero(matching(library, corpus, where))]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, "abcd"),
        ("artist = 'Circuit'", "c"),
        ("year < 1990", "abd"),
        ("artist LIKE 'Circuit%' AND year > 1990", "c"),
        ("lower(title) LIKE '%rain%'", "d"),
        ("album IS NOT NULL", "c"),
        ("year > 2050", ""),
    ],
)
def test_a_condition_selects_tracks(small_library: Library, where: str | None, expected: str) -> None:
    assert found(small_library, where) == list(expected)


@pytest.mark.parametrize(
    ("where", "meant"), [("artits = 'X'", "artist"), ("path LIKE 'x'", "audio"), ("genre = 'rock'", "tags")]
)
def test_a_mistyped_column_is_named_with_the_nearest(small_library: Library, where: str, meant: str) -> None:
    with pytest.raises(QueryError, match="no column") as caught:
        found(small_library, where)
    assert caught.value.hint is not None
    assert f"did you mean '{meant}'?" in caught.value.hint


@pytest.mark.parametrize(
    "where", ["", "year <", "1=1; DROP TABLE tracks", "year < 'abc", "title", "); DELETE FROM tracks --"]
)
def test_nonsense_and_tricks_are_refused_and_change_nothing(small_library: Library, where: str) -> None:
    with pytest.raises(QueryError):
        found(small_library, where)
    assert len(small_library) == 4


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("'; DROP TABLE tracks", "more than a condition"),
        ("year > (SELECT 1)", "'SELECT' makes"),
        ("year > 0 UNION ALL select * from facts", "'UNION' makes"),
        ("random() < 0.5", "'random'"),
        ("pg_sleep (10) is null", "'pg_sleep'"),
        ("year > 0 -- and so on", "comment"),
        ("year > 0 /* or so */", "comment"),
    ],
)
def test_what_is_more_than_a_condition_is_told_apart(small_library: Library, where: str, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        found(small_library, where)
    assert words in caught.value.message


def test_a_mistyped_function_is_named_with_the_nearest(small_library: Library) -> None:
    with pytest.raises(QueryError, match="'lowr'") as caught:
        found(small_library, "lowr(title) = 'x'")
    assert "did you mean lower?" in str(caught.value.hint)


def test_words_of_queries_are_no_trouble_in_a_name(small_library: Library) -> None:
    assert found(small_library, "title = 'Select (Drop) -- Union'") == []
    assert found(small_library, "artist in ('Circuit') and not (year < 1990)") == ["c"]


def test_a_quote_in_a_name_is_no_trouble(small_library: Library) -> None:
    assert found(small_library, "artist = 'O''Brien'") == []


@pytest.mark.parametrize(
    "where",
    [
        "year > 1960",
        "year<=1961 AND artist = 'Bill Tree'",
        "artist <> 'Circuit' and year != 1958",
        "album = 'Warehouse'",
        "album != 'Warehouse'",
        "title = 'O''Brien and year > 3'",
        "year >= -5",
        "duration > 10",
    ],
)
def test_comparisons_answered_from_memory_are_those_of_the_catalogue(small_library: Library, where: str) -> None:
    corpus = Corpus.load(small_library)
    met = compared(where, corpus.tracks)
    assert met is not None
    assert np.array_equal(met, asked(small_library, corpus, where))


@pytest.mark.parametrize(
    "where",
    ["year > 1960 or year < 3", "title > 'a'", "year = 'x'", "title = 3", "not year > 3", "(year > 3)", "year > 3 and"],
)
def test_everything_else_is_asked_of_the_catalogue(small_library: Library, where: str) -> None:
    assert compared(where, Corpus.load(small_library).tracks) is None


def test_an_answer_that_is_remembered_cannot_be_spoilt(small_library: Library) -> None:
    corpus = Corpus.load(small_library)
    matching(small_library, corpus, "year > 0")[:] = False
    assert matching(small_library, corpus, "year > 0").all()
