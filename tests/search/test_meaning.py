"""What phrases are taken for."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from tutti.search.meaning import Interpreter, Meaning
from tutti.search.names import Names
from tutti.text.vocabulary import Vocabulary

LABELS = [
    "genre---jazz",
    "piano",
    "techno",
    "drums",
    "beat",
    "electronic",
    "fast",
    "dance",
    "vocals",
    "slow",
    "quiet",
    "soft",
]


class FakeEncoder:
    """Takes a hullabaloo, and the Korean for a song, for fast; everything else is like nothing."""

    is_available = True

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), 2000), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row, 0 if text in ("hullabaloo", "fast", "노래") else 1 + sum(map(ord, text)) % 1999] = 1
        return vectors

    encode_terms = encode


def interpreter(labels: list[str] = LABELS, *, encoder: FakeEncoder | None = None) -> Interpreter:
    tracks = pa.table(
        {
            "title": ["Nocturne", "Paranoid Android"],
            "artist": ["Chopin", "Radiohead"],
            "album": pa.array([None, None], pa.string()),
            "audio": pa.array([None, None], pa.string()),
            "tags": [["bedtime 2019"], []],
        }
    )
    return Interpreter(Vocabulary({"m": labels}), Names(tracks), encoder=encoder)


def only(query: str, **options: object) -> Meaning:
    (meaning,) = interpreter(**options).interpret(query)  # type: ignore[arg-type]
    return meaning


def test_a_label_is_itself() -> None:
    meaning = only("jazz")
    assert (meaning.how, meaning.weights, meaning.via) == ("tag", {"jazz": 1.0}, None)


def test_another_name_is_a_synonym() -> None:
    meaning = only("singing")
    assert (meaning.how, meaning.weights, meaning.via) == ("synonym", {"vocals": 1.0}, "vocals")


def test_what_no_model_knows_is_described_by_what_they_know() -> None:
    meaning = only("dnb")
    assert meaning.how == "description"
    assert meaning.via == "drum and bass"
    assert {"techno", "drums", "fast"} <= set(meaning.weights) <= set(Vocabulary({"m": LABELS}).concepts)


def test_a_label_of_its_own_beats_the_description() -> None:
    assert only("dnb", labels=[*LABELS, "genre---drumnbass"]).weights == {"drum and bass": 1.0}


def test_a_description_that_models_can_hardly_hear_is_not_used() -> None:
    assert only("reggaeton", labels=["vocals"]).how == "unheard"


@pytest.mark.parametrize("query", ["instrumental", "no vocals", "without singing", "-voice", "voiceless"])
def test_absence_of_vocals_is_a_minus_however_it_is_said(query: str) -> None:
    meaning = only(query)
    assert meaning.is_negative
    assert meaning.weights == {"vocals": 1.0}


def test_not_instrumental_is_sung() -> None:
    assert not only("-instrumental").is_negative


def test_a_name_is_a_name() -> None:
    assert only("radiohead").how == "name"
    assert only("paranoid android").phrase == "paranoid android"
    assert only('"bedtime 2019"').same_tags == ("bedtime 2019",)


def test_a_composer_is_a_name_where_he_is_in_the_catalogue_and_a_sound_elsewhere() -> None:
    assert only("chopin").how == "name"
    assert only("satie").how == "description"


def test_a_misspelling_is_read_as_the_word_or_the_name() -> None:
    assert (only("tecnho").how, only("tecnho").via) == ("spelling", "techno")
    assert (only("radiohaed").via, only("radiohaed").names) == ("radiohead", ("radiohead",))


def test_sentence_vectors_find_what_no_list_has_where_they_are_installed() -> None:
    assert only("hullabaloo").how == "unknown"
    meaning = only("hullabaloo", encoder=FakeEncoder())
    assert (meaning.how, meaning.via) == ("sentence vectors", "fast")
    assert meaning.weights == pytest.approx({"fast": 1.0})


def test_words_in_a_script_that_the_encoder_does_not_read_are_not_guessed() -> None:
    assert only("노래", encoder=FakeEncoder()).how == "unknown"


def test_an_unknown_word_says_so_and_suggests() -> None:
    meaning = only("jaz")
    assert meaning.how == "unknown"
    assert "jazz" in meaning.suggestions


def test_a_catalogue_without_models_still_knows_its_names() -> None:
    assert only("radiohead", labels=[]).how == "name"
    assert only("techno", labels=[]).how == "unheard"
