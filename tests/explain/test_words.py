"""Contributions of words, where the truth is known: a score that one word decides."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from tutti.errors import UnknownNameError
from tutti.explain.words import Contribution, WordContributions, word_contributions
from tutti.models.text_readers import TextReader
from tutti.models.texts import TextConfig, TextEncoder, build_text_network
from tutti.text.entities.gazetteer import Gazetteer

REVIEWS = ["A slow blues with piano.", "Fast punk, loud guitars.", "A slow jazz ballad.", "Loud metal guitars."]


def encoder(config: TextConfig | None = None, linker: Gazetteer | None = None) -> TextEncoder:
    """Its vectors are the words' weights, so that each word's column is known."""
    config = config or TextConfig(widths=(), max_share=1.0)
    reader = TextReader(config, linker=linker).fit(REVIEWS)
    return TextEncoder(config, reader, build_text_network(config, reader.n_inputs))


def score_of(made: TextEncoder, word: str):
    column = made.reader._learned.names.index(word)
    return lambda vector: vector[0, column]


def test_the_word_that_decides_contributes_all_of_the_score():
    made = encoder()
    found = word_contributions(made, "Loud guitars, and LOUD drums; slow piano.", score_of(made, "loud"))
    best = found.top(1)[0]
    assert (best.text, best.spans) == ("Loud", ((0, 4), (18, 22)))
    assert best.value == pytest.approx(found.score)
    values = {one.text: one.value for one in found.parts}
    assert values["guitars"] < 0  # without it, loud would weigh more in a vector of length 1
    assert values["drums"] == 0  # unknown to the reader


def test_sentences_are_parts_as_well():
    made = encoder()
    found = word_contributions(made, "Slow piano. Loud guitars!", score_of(made, "loud"), by="sentence")
    assert [one.text for one in found.parts] == ["Slow piano.", "Loud guitars!"]
    assert found.top(1)[0].text == "Loud guitars!"


def test_leaving_out_equals_a_text_without_the_word():
    made = encoder(TextConfig(widths=(8,), max_share=1.0))
    found = word_contributions(made, "slow loud piano", lambda vector: vector.sum())
    without = made.encode_texts(["slow piano"])[0].sum()
    assert found.parts[1].value == pytest.approx(found.score - without, abs=1e-5)


def test_a_name_takes_its_categories_along_and_is_looked_for_once():
    class Counting(Gazetteer):
        n_asked = 0

        def link(self, text):
            self.n_asked += 1
            return super().link(text)

    linker = Counting({"blues": ["Slow music"]})
    made = encoder(TextConfig(reader="tfidf+entities", widths=(), max_share=1.0), linker)
    linker.n_asked = 0
    found = word_contributions(made, "blues and piano", score_of(made, "slow_music"))
    assert linker.n_asked == 1
    assert found.top(1)[0].text == "blues"
    assert found.top(1)[0].value == pytest.approx(found.score)


def test_a_text_of_one_known_word_is_compared_with_no_text():
    made = encoder()
    score = score_of(made, "loud")
    assert math.isnan(word_contributions(made, "loud", score).parts[0].value)
    assert word_contributions(made, "loud", score, score_without_text=0.25).parts[0].value == pytest.approx(0.75)


@pytest.mark.parametrize("text", ["", "xylophones", "!!!"])
def test_a_text_that_says_nothing_has_no_parts(text):
    made = encoder()
    found = word_contributions(made, text, score_of(made, "loud"))
    assert found.parts == ()
    assert json.loads(json.dumps(found.to_json()))["score"] is None
    assert found.to_html() == text


def test_marks_are_safe_and_say_how_much():
    parts = (
        Contribution(text="rock", spans=((1, 5),), value=0.5),
        Contribution(text="slow", spans=((8, 12),), value=-0.25),
        Contribution(text="bad", spans=((13, 16),), value=np.nan),
    )
    page = WordContributions(text="<rock & slow bad>", score=1.0, parts=parts).to_html()
    assert page.startswith('&lt;<mark class="for" style="--weight:1.00" title="+0.500">rock</mark> &amp; ')
    assert '<mark class="against" style="--weight:0.50" title="-0.250">slow</mark> bad&gt;' in page


def test_five_megabytes_of_text_cost_no_more_than_what_is_read():
    made = encoder()
    found = word_contributions(made, "loud guitars and slow piano. " * 180_000, lambda vector: torch.zeros(()))
    assert len(found.text) <= 1500


def test_other_parts_are_refused():
    with pytest.raises(UnknownNameError, match="word"):
        word_contributions(encoder(), "loud", lambda vector: vector[0, 0], by="words")
