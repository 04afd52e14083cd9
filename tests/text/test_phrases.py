"""Taking queries apart."""

from __future__ import annotations

import pytest

from tutti.errors import QueryError
from tutti.text.phrases import kept_and_rejected, parse

KNOWN = {
    "drum and bass", "drum", "bass", "jazz", "piano", "vocals", "drums", "hip hop", "guitar", "calm", "world music",
    "no woman no cry", "female vocals",
}  # fmt: skip


def taken_apart(text: str) -> str:
    phrases = parse(text, KNOWN.__contains__)
    return " | ".join(("-" if phrase.is_negative else "") + phrase.text for phrase in phrases)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("jazz piano -vocals", "jazz | piano | -vocals"),
        ("drum & bass", "drum and bass"),
        ("hip-hop", "hip hop"),
        ("jazz -hip-hop piano", "jazz | -hip hop | piano"),
        ("jazz −vocals", "jazz | -vocals"),
        ("calm piano, no vocals", "calm | piano | -vocals"),
        ("piano without any drums or guitar", "piano | -drums | -guitar"),
        ("piano without drums and guitar", "piano | -drums | -guitar"),
        ("no drums and a piano", "-drums | piano"),
        ("no drums, piano", "-drums | piano"),
        ("w/o vocals", "-vocals"),
        ("piano, no sung vocals", "piano | -sung | -vocals"),
        ("no squeaky old violins piano", "-squeaky old violins | piano"),
        ("no drums piano", "-drums | piano"),
        ("no calm jazz and piano", "-calm | -jazz | piano"),
        ("not calm piano", "-calm | piano"),
        ("-female vocals", "-female vocals"),
        ("some jazz music with a piano please", "jazz | piano"),
        ("world music", "world music"),
        ("no woman no cry", "no woman no cry"),
        ("jazz jazz", "jazz"),
        ("rainy sunday piano", "rainy sunday | piano"),
    ],
)
def test_a_query_falls_into_phrases(query: str, expected: str) -> None:
    assert taken_apart(query) == expected


def test_quoted_words_stay_together_even_when_each_is_known() -> None:
    (phrase,) = parse('-"jazz piano"', KNOWN.__contains__)
    assert (phrase.text, phrase.is_negative, phrase.is_quoted) == ("jazz piano", True, True)


def test_a_query_of_fillers_is_taken_as_it_stands() -> None:
    assert taken_apart("the the") == "the the"


@pytest.mark.parametrize("query", ["", "   ", "-", "?!,", '""'])
def test_a_query_without_a_word_is_refused(query: str) -> None:
    with pytest.raises(QueryError, match="query"):
        parse(query, KNOWN.__contains__)


def test_a_paragraph_of_two_megabytes_is_refused_in_words() -> None:
    with pytest.raises(QueryError, match="2,000"):
        parse("jazz " * 400_000, KNOWN.__contains__)


@pytest.mark.parametrize(
    ("query", "kept", "rejected"),
    [
        ("calm piano, no vocals", "calm piano", "vocals"),
        ("jazz -vocals with guitar", "jazz with guitar", "vocals"),
        ("piano without any drums or bass", "piano", "drums, bass"),
        ("no woman no cry", "no woman no cry", ""),
        ("jazz, no drums, piano", "jazz, piano", "drums"),
        ("no vocals", "", "vocals"),
        ("music without vocals", "", "vocals"),
    ],
)
def test_what_is_rejected_is_told_from_what_is_asked_for(query: str, kept: str, rejected: str) -> None:
    assert kept_and_rejected(query, KNOWN.__contains__) == (kept, rejected)
