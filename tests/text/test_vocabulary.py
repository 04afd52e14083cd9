"""Labels of several models become one vocabulary."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tutti.text.thesaurus import load_thesaurus
from tutti.text.vocabulary import Vocabulary


@pytest.mark.parametrize(
    "labels",
    [
        ["female vocal", "female voice", "female vocalists", "woman", "female"],
        ["genre---hiphop", "Hip-Hop", "rap"],
        ["genre---newage", "new age"],
        ["synth", "instrument---synthesizer"],
        ["beat", "beats"],
        ["choir", "choral"],
    ],
)
def test_labels_of_one_thing_become_one_concept(labels: list[str]) -> None:
    vocabulary = Vocabulary({f"model-{i}": [label] for i, label in enumerate(labels)})
    assert len(vocabulary) == 1


def test_labels_of_an_absence_count_against_the_concept() -> None:
    vocabulary = Vocabulary({"one": ["vocals", "no vocals", "no voice"], "two": ["instrumental"]})
    (concept,) = vocabulary.concepts.values()
    assert [source.is_absence for source in concept.sources] == [False, True, True, True]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("instrument---acousticguitar", "acoustic guitar"),
        ("genre---drumnbass", "drum and bass"),
        ("genre---instrumentalpop", "instrumental pop"),
        ("mood/theme---relaxing", "relaxing"),
        ("Progressive rock", "progressive rock"),
        ("no voice", "no vocals"),
        ("zither-core", "zither core"),
    ],
)
def test_a_label_has_a_readable_name(label: str, name: str) -> None:
    assert Vocabulary({"model": [label]}).readable(label) == name


def test_narrower_labels_stay_apart_from_the_wider_one() -> None:
    vocabulary = Vocabulary({"model": ["house", "deep house", "heavy metal", "metal"]})
    assert len(vocabulary) == 4


def test_a_phrase_finds_its_concept_in_the_plural_and_by_other_names() -> None:
    vocabulary = Vocabulary({"model": ["violin", "hiphop", "no vocals"]})
    assert [vocabulary.find(phrase)[0].name for phrase in ("violins", "Rap")] == ["violin", "hip hop"]
    assert vocabulary.find("instrumental")[1]
    assert vocabulary.find("guitar") is None


def test_no_label_of_the_published_models_keeps_its_machine_spelling(shared: Path) -> None:
    labels = json.loads((shared / "checkpoints" / "labels.json").read_text())
    vocabulary = Vocabulary(labels)
    longest_word = max(len(word) for name in vocabulary.concepts for word in name.split())
    assert longest_word <= len("instrumental")
    assert not any("---" in name for name in vocabulary.concepts)
    assert len(vocabulary) < sum(map(len, labels.values())) - 30


def test_two_opinions_of_one_thing_in_one_model_become_one_concept() -> None:
    labels = {"model": ["rock", "rock (msd)", "guitar (acoustic)"]}
    vocabulary = Vocabulary(labels, label_sets=["mtat", "msd"])
    assert list(vocabulary.concepts) == ["guitar acoustic", "rock"]
    assert [source.label for source in vocabulary.concepts["rock"].sources] == ["rock", "rock (msd)"]
    assert vocabulary.readable("rock (msd)") == "rock"


def test_every_label_of_the_default_model_is_a_term_of_the_thesaurus(root: Path) -> None:
    recipe = tomllib.loads((root / "recipes" / "tutti-small" / "tutti-small.toml").read_text())
    labels, terms = list(recipe["scheme"]["merge"]), {entry.term for entry in load_thesaurus().entries}
    vocabulary = Vocabulary({"tutti-small": labels}, label_sets=recipe["scheme"]["teachers"])
    assert set(vocabulary.concepts) <= terms
    assert len(labels) > len(vocabulary)
