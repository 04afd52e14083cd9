"""Plain forms and misspellings."""

from __future__ import annotations

import difflib

import pytest

from tutti.text.spelling import Spellings, corrected, forms, plain, reminiscent


@pytest.mark.parametrize("written", ["Hip-Hop", "hip hop", "HIP_HOP", "  hip   hop! "])
def test_ways_to_write_a_word_have_one_plain_form(written: str) -> None:
    assert plain(written) == "hip hop"


def test_accents_do_not_matter_but_other_scripts_stay() -> None:
    assert plain("Sigur Rós") == plain("sigur ros")
    assert plain("東京 Jazz") == "東京 jazz"
    assert plain("が ピアノ 음악") == "が ピアノ 음악"


@pytest.mark.parametrize("word", ["संगीत", "क्षितिज", "இசை", "ดนตรี", "เสียงช้า", "ភ្លេង", "སྒྲ"])
def test_the_vowels_and_tones_of_other_scripts_belong_to_their_words(word: str) -> None:
    assert plain(f"  {word}! ") == word
    assert plain(f"{word} – {word}") == f"{word} {word}"


def test_what_hangs_on_a_letter_without_spelling_a_word_goes() -> None:
    assert plain("مُوسِيقَى") == "موسيقى"
    assert plain("Άννα й") == "αννα и"
    assert plain("I ❤️ 1️⃣") == "i 1"
    assert plain("あ゛ あ゙") == "あ あ"


def test_a_plain_form_is_its_own_plain_form() -> None:
    for text in ("R&B", "rock'n'roll", "Beyoncé – Déjà Vu (Live)", "80's", "हिन्दी संगीत", "あ゛が"):
        assert plain(plain(text)) == plain(text)


def test_singular_and_plural_are_forms_of_each_other() -> None:
    assert "pianos" in forms("piano")
    assert "piano" in forms("pianos")
    assert "lullaby" in forms("lullabies")
    assert forms("bass")[0] == "bass"
    assert "bas" not in forms("bass")


@pytest.mark.parametrize(("typed", "meant"), [("pinao", "piano"), ("regae", "reggae"), ("clasical", "classical")])
def test_a_misspelling_is_corrected(typed: str, meant: str) -> None:
    assert corrected(typed, ["classical", "piano", "reggae", "techno"]) == meant


@pytest.mark.parametrize("word", ["sharp", "core", "back", "xyzzy"])
def test_another_word_is_not_corrected(word: str) -> None:
    assert corrected(word, ["harp", "score", "black", "jazzy"]) is None


def test_words_that_look_alike_are_suggested_best_first() -> None:
    assert reminiscent("jaz", ["jazz", "jazzy", "metal"])[0] == "jazz"


def test_prepared_words_are_found_as_difflib_finds_them():
    known = ["saxophone", "xylophone", "telephone", "piano", "pianist", "banjo", "björk", "日本", "a", ""]
    prepared = Spellings(known)
    for word in ("saxaphone", "pianos", "bjorks", "日本語", "zzz"):
        assert prepared.reminiscent(word) == difflib.get_close_matches(word, sorted(known), n=3, cutoff=0.6)


def test_no_words_are_like_nothing():
    assert Spellings([]).corrected("piano") is None
    assert Spellings([]).reminiscent("piano") == []
