"""The thesaurus is whole and says what a musician would."""

from __future__ import annotations

from collections import Counter

import pytest

from tutti.text.spelling import plain
from tutti.text.thesaurus import load_thesaurus

THESAURUS = load_thesaurus()


def test_every_name_leads_to_one_term_only() -> None:
    names = Counter(
        name
        for entry in THESAURUS.entries
        for name in {plain(entry.term), *entry.same, *entry.near, *entry.makers, *entry.absent}
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_every_description_is_made_of_known_terms() -> None:
    terms = {entry.term for entry in THESAURUS.entries}
    assert [(entry.term, name) for entry in THESAURUS.entries for name in entry.means if name not in terms] == []


def test_every_weight_lies_between_minus_one_and_one_and_something_is_asked_for() -> None:
    for entry in THESAURUS.entries:
        assert all(-1 <= weight <= 1 and weight for weight in entry.means.values())
        assert not entry.means or max(entry.means.values()) > 0


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("DnB", "drum and bass"),
        ("drum & bass", "drum and bass"),
        ("rap", "hip hop"),
        ("hiphop", "hip hop"),
        ("R'n'B", "rnb"),
        ("woman", "female vocals"),
        ("lullabies", "relaxing"),
        ("acousticguitar", "acoustic guitar"),
        ("8-bit", "chiptune"),
    ],
)
def test_a_name_leads_to_its_term(name: str, term: str) -> None:
    sense = THESAURUS.find(name)
    assert sense is not None
    assert sense.entry.term == term


def test_instrumental_is_the_absence_of_vocals() -> None:
    sense = THESAURUS.find("instrumental")
    assert sense is not None
    assert (sense.entry.term, sense.relation) == ("vocals", "absent")


def test_a_word_that_is_not_about_music_is_not_found() -> None:
    assert THESAURUS.find("xyzzy") is None


def test_opposites_describe_each_other_negatively() -> None:
    entries = {entry.term: entry for entry in THESAURUS.entries}
    for one, other in (("slow", "fast"), ("loud", "quiet"), ("happy", "sad")):
        assert entries[one].means[other] < 0
