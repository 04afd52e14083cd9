"""Terms of blended queries, as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutti.errors import QueryError
from tutti.search.terms import Query, Term, parse_term, parse_terms, parse_weights


@pytest.mark.parametrize(
    ("text", "kind", "value", "weight"),
    [
        ("calm piano", "words", "calm piano", 1.0),
        ("artist:Ella Moon", "artist", "Ella Moon", 1.0),
        ("0.5*artist:Ella Moon", "artist", "Ella Moon", 0.5),
        (" 2 * listener: ana ", "listener", "ana", 2.0),
        (".5*lyrics:rain on the window", "lyrics", "rain on the window", 0.5),
        ("song.mp3", "sound", "song.mp3", 1.0),
        ("3*Cover.JPG", "image", "Cover.JPG", 3.0),
        ("story.txt", "text", "story.txt", 1.0),
        ("track:M*A*S*H", "track", "M*A*S*H", 1.0),
        ("ALBUM:Warehouse", "album", "Warehouse", 1.0),
        ("M*A*S*H", "words", "M*A*S*H", 1.0),
    ],
)
def test_a_term_has_a_weight_a_kind_and_a_value(text: str, kind: str, value: str, weight: float) -> None:
    term = parse_term(text)
    assert (term.kind, term.value, term.weight) == (kind, value, weight)


@pytest.mark.parametrize("weight", ["0", "nan", "inf", "-1", "1,5", "1e9", "0.5x"])
def test_what_is_no_weight_is_refused(weight: str) -> None:
    with pytest.raises(QueryError, match="is no weight for"):
        parse_term(f"{weight}*artist:X")


@pytest.mark.parametrize("text", ["", "  ", "2*", "artist:", "2*artist: "])
def test_an_empty_term_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match=r"empty|nothing behind"):
        parse_term(text)


@pytest.mark.parametrize(("typed", "meant"), [("artits", "artist"), ("user", "listener"), ("cover", "image")])
def test_an_unknown_kind_suggests_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(QueryError, match=typed) as caught:
        parse_term(f"{typed}:X")
    assert caught.value.hint is not None
    assert f"did you mean {meant}:" in caught.value.hint


def test_what_stands_behind_minus_is_negative_and_a_path_is_a_file() -> None:
    wanted, unwanted = parse_terms([Path("a/cover.png")], ["artist:X"])
    assert (wanted.kind, wanted.is_negative) == ("image", False)
    assert (unwanted.kind, unwanted.is_negative) == ("artist", True)


def test_words_come_first_and_nothing_in_them_is_a_weight_or_a_kind() -> None:
    words, artist = parse_terms(["artist:X"], words="2*artist:Ella")
    assert (words.kind, words.value, words.weight) == ("words", "2*artist:Ella", 1.0)
    assert artist.value == "X"
    assert parse_terms(words="  ") == ()


def test_a_term_made_in_python_takes_the_sign_of_its_list() -> None:
    (term,) = parse_terms([], [Term(kind="artist", value="X", weight=2)])
    assert term == Term(kind="artist", value="X", weight=2, is_negative=True)


def test_weights_of_modalities_may_be_0_and_nothing_else_that_is_odd() -> None:
    assert parse_weights(["audio=2", " text = 0"]) == {"audio": 2.0, "text": 0.0}
    for text in ("audio", "audio=", "=2", "audio=nan", "audio=-1", "audio=much"):
        with pytest.raises(QueryError, match="no weight"):
            parse_weights([text])


@pytest.mark.parametrize("settings", [{"k": 0}, {"diversity": 1.5}, {"diversity": float("nan")}, {"terms": ()}])
def test_a_query_that_makes_no_sense_is_refused(settings: dict) -> None:
    with pytest.raises(QueryError):
        Query(**{"terms": (Term(kind="words", value="jazz"),), **settings})
