"""Finding tracks by names and typed tags."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tutti.search.names import Names
from tutti.search.postings import plain_column
from tutti.text.spelling import plain

TITLES = ["Für Elise", "Drum & Bass Anthem", "Don’t Stop", None, "東京 Jazz", "R&B_Night – Déjà Vu"]


@pytest.fixture
def names() -> Names:
    n = len(TITLES)
    return Names(
        pa.table(
            {
                "title": TITLES,
                "artist": ["Beethoven", None, "Fleetwood Mac", "X", "", "The Jazz Man"],
                "album": pa.array([None] * n, pa.string()),
                "audio": [f"/music/some folder/{i:02} - my.song.flac" for i in range(n)],
                "tags": [["Classical"], [], ["rock", "70s"], [], None, ["R&B", "late night"]],
            }
        )
    )


def test_columns_are_made_plain_exactly_as_words_are(names: Names) -> None:
    for row, title in enumerate(TITLES):
        if title is not None:
            assert names.named(plain(title))["title"][row]


def test_no_letter_of_any_script_is_spelt_otherwise_in_a_column() -> None:
    letters = [f"a{chr(code)}b" for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    column = plain_column(pa.array([*letters, None, ""])).to_pylist()
    assert column[-2:] == [None, "  "]
    assert [one for one, spelt in zip(letters, column[:-2], strict=True) if spelt != f" {plain(one)} "] == []


@pytest.mark.parametrize("title", ["夜が明ける", "ガンダム", "한국 노래", "Große Straße", "Ο φίλος μας", "मेरा गीत"])
def test_names_of_other_scripts_are_found_as_they_are_written(title: str) -> None:
    names = Names(
        pa.table({"title": [title], "artist": [title], "album": [title], "audio": [f"{title}.mp3"], "tags": [[title]]})
    )
    assert all(flags.all() for flags in names.named(plain(title)).values())
    assert names.tagged([plain(title)]).all()


def test_only_whole_words_count(names: Names) -> None:
    assert names.containing("bass")["title"].sum() == 1
    assert names.containing("bas")["title"].sum() == 0
    assert names.containing("jazz")["artist"].tolist() == [False] * 5 + [True]


def test_words_of_a_script_without_spaces_are_found_inside_a_name(names: Names) -> None:
    assert np.flatnonzero(names.containing("東京")["title"]).tolist() == [4]
    assert np.flatnonzero(names.containing("京")["title"]).tolist() == [4]
    assert not names.named("京")["title"].any()


def test_a_file_name_counts_without_its_folder_and_ending(names: Names) -> None:
    assert names.containing("my song")["file"].all()
    assert not names.containing("folder")["file"].any()
    assert not names.containing("flac")["file"].any()


def test_typed_tags_are_found_whole_in_singular_and_plural(names: Names) -> None:
    assert np.flatnonzero(names.tagged(["r and b"])).tolist() == [5]
    assert np.flatnonzero(names.tagged(["late nights"])).tolist() == [5]
    assert not names.tagged(["late"]).any()


def test_phrases_and_words_are_what_can_be_found(names: Names) -> None:
    assert {"fur elise", "fleetwood mac", "late night"} <= names.phrases
    assert {"elise", "mac", "night"} <= names.words


def test_an_empty_catalogue_has_no_names() -> None:
    columns = {name: pa.array([], pa.string()) for name in ("title", "artist", "album", "audio")}
    names = Names(pa.table({**columns, "tags": pa.array([], pa.list_(pa.string()))}))
    assert names.words == names.phrases == frozenset()
    assert names.tagged(["rock"]).shape == (0,)
