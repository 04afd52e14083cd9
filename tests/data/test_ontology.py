"""The graph of AudioSet's labels, and relevance by hand on a small one."""

import json

import numpy as np
import pytest

from tutti.data.ontology import Ontology, read_ontology
from tutti.errors import DatasetError, UnknownNameError

SMALL = Ontology.from_children(
    {"Music": ["Strings", "Drums"], "Strings": ["Violin", "Cello"], "Drums": ["Cymbal"], "Weather": ["Rain"]}
)


@pytest.fixture(scope="session")
def audioset(shared) -> Ontology:
    return read_ontology(shared / "datasets" / "audioset" / "ontology.json")


def test_the_graph_of_audioset_has_the_diameter_of_the_paper(audioset):
    assert (len(audioset.names), len(audioset.roots)) == (632, 7)
    assert audioset.diameter == 21
    assert np.isfinite(audioset.distances).all()
    assert audioset.distance("Thunder", "Field recording") == 21


def test_a_root_above_all_would_give_another_diameter(audioset):
    places = tuple(audioset.place(root) for root in audioset.roots)
    rooted = Ontology(
        names=(*audioset.names, "everything"), ids=(*audioset.ids, "everything"), children=(*audioset.children, places)
    )
    assert rooted.diameter == 11


@pytest.mark.parametrize(
    ("first", "second", "steps"),
    [
        ("Acoustic guitar", "Electric guitar", 2),
        ("Violin, fiddle", "Cello", 2),
        ("Drum kit", "Cymbal", 2),
        ("Piano", "Guitar", 4),
        ("Violin, fiddle", "Choir", 3),
        ("Choir", "Singing", 1),
        ("Singing", "Musical instrument", 2),
        ("Tools", "Musical instrument", 3),
        ("Female singing", "Guitar", 5),
        ("Guitar", "Drill", 7),
    ],
)
def test_labels_of_audioset_lie_as_far_apart_as_the_facts_say(audioset, first, second, steps):
    assert audioset.distance(first, second) == audioset.distance(second, first) == steps


def test_kinds_of_a_label_are_counted_at_any_depth(audioset):
    labels = ("Musical instrument", "Singing", "Tools", "Music")
    assert [len(audioset.descendants(label)) for label in labels] == [91, 9, 8, 188]


def test_a_label_is_found_by_its_id_or_however_its_name_is_written(audioset):
    assert audioset.place("/m/04rlf") == audioset.place("Music") == audioset.place("music")
    assert audioset.place("violin fiddle") == audioset.place("Violin, fiddle")


def test_relevance_is_the_diameter_less_the_distance_of_the_nearest_labels():
    relevance = SMALL.relevance([["Violin"], ["Violin", "Cymbal"]], [["Violin"], ["Cello"], ["Drums"], ["Cymbal"]])
    assert SMALL.diameter == 4
    assert relevance.tolist() == [[4, 2, 1, 0], [4, 2, 3, 4]]


def test_items_with_only_top_labels_cannot_be_judged():
    relevance = SMALL.relevance([["Violin", "Music"], ["Music"]], [["music"], ["Cello", "Music"], []])
    np.testing.assert_array_equal(relevance, [[np.nan, 2, np.nan], [np.nan] * 3])


def test_top_labels_take_part_where_none_are_removed():
    assert SMALL.relevance([["Music"]], [["Violin"]], removed=()).tolist() == [[2]]


def test_labels_that_no_way_joins_have_nothing_to_do_with_each_other():
    assert SMALL.distance("Rain", "Violin") is None
    assert SMALL.relevance([["Rain"]], [["Violin"], ["Rain"]]).tolist() == [[0, 4]]


def test_no_queries_or_items_are_no_trouble():
    assert SMALL.relevance([], [["Violin"]]).shape == (0, 1)
    assert SMALL.relevance([["Violin"]], []).shape == (1, 0)


def test_a_circle_of_children_ends():
    assert Ontology.from_children({"a": ["b"], "b": ["a"]}).descendants("a") == ("b",)


def test_an_unknown_label_is_refused_with_the_nearest_known():
    with pytest.raises(UnknownNameError) as caught:
        SMALL.relevance([["Violine"]], [["Violin"]])
    assert "did you mean 'Violin'" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "{}",
        "[]",
        '[{"name": "a"}]',
        '["a"]',
        json.dumps([{"id": "a", "name": "A", "child_ids": ["b"]}]),
        json.dumps([{"id": "a", "name": "A"}, {"id": "a", "name": "B"}]),
    ],
)
def test_a_broken_file_is_refused_in_words(tmp_path, text):
    path = tmp_path / "ontology.json"
    path.write_text(text)
    with pytest.raises(DatasetError, match=r"ontology\.json"):
        read_ontology(path)
    with pytest.raises(DatasetError, match="there is no ontology"):
        read_ontology(tmp_path / "nowhere.json")
