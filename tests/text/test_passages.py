"""Long texts in passages."""

from __future__ import annotations

from tutti.text.passages import passages_of


def test_a_short_text_is_one_passage_and_an_empty_one_none() -> None:
    assert passages_of("Calm piano.\n\nAt night.") == ["Calm piano. At night."]
    assert passages_of("  ") == []


def test_no_word_of_a_long_text_is_cut_or_lost() -> None:
    words = [f"word{i}" for i in range(2_000)]
    passages = passages_of(" ".join(words))
    assert {word for passage in passages for word in passage.split()} == set(words)
    assert all(len(passage) <= 1000 for passage in passages)


def test_passages_begin_and_end_with_sentences() -> None:
    sentences = [f"Sentence {i} is of middling length, and says nothing." for i in range(200)]
    passages = passages_of(" ".join(sentences))
    assert all(passage.startswith("Sentence ") and passage.endswith(" says nothing.") for passage in passages)
    assert {sentence for sentence in sentences if any(sentence in one for one in passages)} == set(sentences)
    assert all(len(passage) <= 1000 for passage in passages)


def test_long_sentences_are_cut_between_words_and_the_next_one_begins_a_passage() -> None:
    text = f"Short. {'word ' * 300}end. {'Another one. ' * 100}"
    first, second, third, *_ = passages_of(text)
    assert first.endswith(" word")
    assert second.startswith("word ")
    assert second.endswith("Another one.")
    assert third.startswith("Another one.")


def test_neighbours_overlap() -> None:
    first, second, *_ = passages_of(" ".join(f"word{i}" for i in range(500)))
    assert set(first.split()[-15:]) <= set(second.split())


def test_of_a_book_passages_are_read_from_beginning_to_end() -> None:
    book = " ".join(f"word{i}" for i in range(200_000))
    passages = passages_of(book)
    assert len(passages) == 64
    assert passages[0].startswith("word0 ")
    assert passages[-1].endswith("word199999")


def test_a_text_without_spaces_is_read_too() -> None:
    passages = passages_of("静" * 2_500)
    assert max(map(len, passages)) == 1000
