"""Documents against cuts made by hand, in several scripts, of several sizes, and with bytes that are no text."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutti.errors import ConfigError
from tutti.text.documents import cut_at_sentence, decoded, read_document, read_text_file


def test_texts_are_joined_in_order_and_empty_ones_passed_over():
    assert read_document([" First. ", "", "\n", "Second."]).text == "First.\n\nSecond."


def test_an_incomplete_last_sentence_is_dropped():
    text = "A fine album. Its third track, though, drags on. Still: buy it!"
    assert read_document(text, n_characters=55).text == "A fine album. Its third track, though, drags on."
    assert not read_document(text).is_cut


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It lasts 3.5 minutes of U.S.A. punk rock", "It lasts 3.5 minutes of U.S.A."),
        ('He says: "never again." Then he sings', 'He says: "never again."'),
        ("What a record?! Truly the best there is", "What a record?!"),
        ("One paragraph without a stop\n\nand another", "One paragraph without a stop"),
    ],
)
def test_a_sentence_ends_where_a_reader_would_end_it(text, wanted):
    assert cut_at_sentence(text, n_characters=len(text) - 9) == wanted


def test_a_sentence_that_just_fits_is_kept():
    assert cut_at_sentence("Loud. Fast. Good.", n_characters=11) == "Loud. Fast."


def test_a_japanese_text_ends_with_a_full_stop_that_no_space_follows():
    text = "静かなピアノの曲です。" * 300
    document = read_document(text)
    assert document.text.endswith("。")
    assert 1489 <= len(document.text) <= 1500
    assert document.is_cut


def test_a_text_without_sentences_ends_with_a_word_and_one_without_spaces_anywhere():
    assert cut_at_sentence("and on and on and on", n_characters=15) == "and on and on"
    assert cut_at_sentence("ラ" * 100, n_characters=15) == "ラ" * 15


def test_one_short_sentence_before_a_long_one_is_not_all_that_is_read():
    assert len(cut_at_sentence("Wow. " + "so good " * 400, n_characters=1500)) > 1490


def test_five_megabytes_are_cut_as_fast_as_a_page():
    text = "word " * (1 << 20)
    start = time.perf_counter()
    assert len(read_document(text).text) <= 1500
    assert time.perf_counter() - start < 0.5


def test_bytes_that_are_no_utf_8_are_replaced_and_counted(tmp_path: Path):
    path = tmp_path / "review.txt"
    path.write_bytes(b"\xef\xbb\xbfCaf\xe9 jazz \xff\x00 at its best.")
    document = read_document(read_text_file(path))
    assert document.text == "Caf\N{REPLACEMENT CHARACTER} jazz \N{REPLACEMENT CHARACTER}  at its best."
    assert document.n_replaced == 2


def test_lone_surrogates_do_not_survive():
    document = read_document("a \ud800 b")
    document.text.encode()
    assert document.n_replaced == 1


def test_only_the_beginning_of_a_file_is_read_and_no_character_split(tmp_path: Path):
    path = tmp_path / "review.txt"
    path.write_text("é" * 100, encoding="utf-8")
    assert read_text_file(path, most_bytes=11) == "é" * 5
    assert decoded("é".encode()[:1]) == "\N{REPLACEMENT CHARACTER}"


def test_a_missing_file_and_a_length_of_nothing_are_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_text_file(tmp_path / "none.txt")
    with pytest.raises(ConfigError, match="0 characters"):
        read_document("text", n_characters=0)


@given(st.text(max_size=300), st.integers(1, 100))
def test_whatever_the_text_its_beginning_is_kept_and_fits(text, n_characters):
    cut = cut_at_sentence(text, n_characters=n_characters)
    assert len(cut) <= n_characters or cut == text
    assert text.startswith(cut)
