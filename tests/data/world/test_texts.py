from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest

from tutti.data.world.chance import Stream, generator
from tutti.data.world.config import WorldConfig
from tutti.data.world.latent import Song, draw_songs
from tutti.data.world.taxonomy import GENRES, INSTRUMENTS, MOODS, PARENTS
from tutti.data.world.texts import (
    GENRE_NOUNS,
    MOOD_ADJECTIVES,
    MOOD_LINES,
    NOT_GENRE_LINES,
    PLAYERS,
    biographer,
    write_biography,
    write_texts,
)

CONFIG = WorldConfig(n_tracks=120, seed=0, text=0.5)


@cache
def songs() -> list[Song]:
    return draw_songs(CONFIG)


@cache
def world(text: float = 0.5, seed: int = 0) -> list[dict[str, str]]:
    """The texts of the same tracks, written by another chance where ``seed`` differs."""
    config = replace(CONFIG, text=text, seed=seed)
    return [write_texts(song, config, generator(seed, Stream.TEXT, song.index)) for song in songs()]


def prose() -> list[str]:
    return [texts[kind] for texts in world() for kind in ("review", "biography", "caption")]


def stems(lines: tuple[str, ...]) -> list[str]:
    """The longest stretch of each line that no slot changes."""
    return [max(re.split(r"\{\w+\}|a\(n\)", line), key=len) for line in lines]


def test_the_same_track_is_written_about_in_the_same_words() -> None:
    again = [write_texts(song, CONFIG, generator(0, Stream.TEXT, song.index)) for song in songs()]
    assert again == world()


def test_another_seed_gives_other_texts() -> None:
    assert not {texts["review"] for texts in world()} & {texts["review"] for texts in world(seed=1)}


def test_only_tracks_with_a_voice_have_lyrics() -> None:
    assert [("lyrics" in texts) for texts in world()] == ["vocals" in song.instruments for song in songs()]


def test_an_artist_has_one_biography_that_no_other_artist_has() -> None:
    biographies: dict[int, set[str]] = {}
    for song, texts in zip(songs(), world(), strict=True):
        biographies.setdefault(song.artist.index, set()).add(texts["biography"])
    assert all(len(versions) == 1 for versions in biographies.values())
    assert len(set.union(*biographies.values())) == len(biographies)


def test_a_biography_tells_the_artist_s_name_home_country_and_first_year() -> None:
    for song, texts in zip(songs(), world(), strict=True):
        artist = song.artist
        assert all(fact in texts["biography"] for fact in (artist.name, artist.home, artist.country, str(artist.since)))


def test_a_biography_names_the_artist_s_genre_not_that_of_a_stray_track() -> None:
    artist = replace(songs()[0].artist, genre="salsa")
    told = [write_biography(artist, biographer(replace(artist, index=index), CONFIG), share=1.0) for index in range(60)]
    named = [any(word in text for tag in ("salsa", "latin") for word in GENRE_NOUNS[tag]) for text in told]
    assert all(named)


def test_a_review_has_40_to_120_words_however_much_it_tells() -> None:
    for text in (0.0, 1.0):
        lengths = [len(texts["review"].split()) for texts in world(text)]
        assert min(lengths) >= 40
        assert max(lengths) <= 120


def test_no_sentence_stands_twice_in_a_review() -> None:
    for texts in world(1.0):
        sentences = re.split(r"(?<=[.!?])\s", texts["review"])
        assert len(set(sentences)) == len(sentences)


def test_a_caption_is_one_sentence() -> None:
    for texts in world():
        assert re.fullmatch(r"[A-Z][^.!?{}]+\.", texts["caption"])


def test_hardly_any_two_captions_are_alike() -> None:
    counts = Counter(texts["caption"] for texts in world())
    assert sum(count for count in counts.values() if count > 1) <= 0.02 * len(world())


def test_articles_suit_the_word_that_follows_them() -> None:
    for text in prose():
        assert not re.search(r"\b[Aa] [aeiou]|\b[Aa]n [^aeiouAEIOU]", text), text


def test_united_countries_have_their_article() -> None:
    for text in prose():
        assert not re.search(r"(?<![Tt]he )United (States|Kingdom)", text), text


def test_sentences_begin_with_a_capital_and_leave_no_slot_open() -> None:
    for text in prose():
        assert not re.search(r"[{}]|\(n\)|  ", text), text
        assert all(re.match(r"[A-Z“]", sentence) for sentence in re.split(r"(?<=[.!?]) ", text)), text


@pytest.mark.parametrize("raw", ["edm", "klassik", "feel good", "hiphop", "dnb", "musica latina"])
def test_tags_as_listeners_type_them_stay_out_of_prose(raw: str) -> None:
    assert not any(re.search(rf"\b{raw}\b", text) for text in prose())


def test_every_tag_has_words_fit_for_prose() -> None:
    assert set(GENRE_NOUNS) == {*PARENTS, *GENRES}
    assert set(MOOD_ADJECTIVES) == set(MOODS)
    assert set(PLAYERS) == set(INSTRUMENTS)


def test_what_a_track_is_said_not_to_be_is_never_its_genre() -> None:
    marks = stems(NOT_GENRE_LINES)
    checked = 0
    for song, texts in zip(songs(), world(), strict=True):
        own = [word.lower() for tag in (song.genre, song.parent) for word in GENRE_NOUNS[tag]]
        for sentence in re.split(r"(?<=[.!?]) ", texts["review"]):
            if any(mark in sentence for mark in marks):
                # The words of another genre may hold those of this one: "indie rock", "rock".
                others = [word for tag in GENRE_NOUNS for word in GENRE_NOUNS[tag] if word.lower() not in own]
                assert any(re.search(rf"(?i)\b{re.escape(word)}\b", sentence) for word in others), sentence
                checked += 1
    assert checked > 10


def test_the_text_knob_sets_how_often_moods_are_told() -> None:
    marks = stems(MOOD_LINES)
    told = [
        sum(any(mark in texts["review"] for mark in marks) for texts in world(text)) / len(songs())
        for text in (0.0, 0.25, 1.0)
    ]
    assert told[0] == 0.0
    assert 0.3 < told[1] < 0.7
    assert told[2] > 0.95


def test_moods_and_instruments_that_are_told_apply() -> None:
    moods = {word: tag for tag, words in MOOD_ADJECTIVES.items() for word in words}
    players = {word: tag for tag, words in PLAYERS.items() for word in words}
    for song, texts in zip(songs(), world(1.0), strict=True):
        words = texts["caption"]
        assert all(tag in song.moods for word, tag in moods.items() if re.search(rf"\b{word}\b", words)), words
        found = (tag for word, tag in players.items() if re.search(rf"\b{word}\b", words))
        assert all(tag in song.instruments for tag in found), words
