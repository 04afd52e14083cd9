"""Encoders of texts: published sizes, whatever people write, alone and among others, saved and loaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tutti.data.items import Item, items_of
from tutti.data.track import Track
from tutti.errors import ConfigError, LinkingError, ModelError, UnknownNameError
from tutti.models.encoder_kinds import load_encoder
from tutti.models.text_readers import FAILURES, TextReader, open_reader
from tutti.models.texts import TextConfig, TextEncoder, build_text_network
from tutti.text.entities import Entity
from tutti.text.entities.gazetteer import Gazetteer
from tutti.text.sentences import SentenceEncoder

REVIEWS = [
    "A slow blues with piano.", "Fast punk, loud guitars.", "A slow jazz ballad on the piano.", "Loud metal guitars.",
    "静かなピアノの曲。", "賑やかなロックの曲。",
]  # fmt: skip
SMALL = TextConfig(widths=(16, 8))


class Tokenizer:
    cls_token_id, sep_token_id = 101, 102

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": [len(word) for word in text.split()]}


class LanguageModel(torch.nn.Module):
    config = SimpleNamespace(hidden_size=3)

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(scale))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        number = input_ids.float() * self.scale
        return SimpleNamespace(last_hidden_state=torch.stack([number, torch.ones_like(number), number**2], dim=-1))


class Outage:
    """A service that is down."""

    fingerprint = "outage"

    def __init__(self) -> None:
        self.n_asked = 0

    def link(self, text: str) -> list[Entity]:
        self.n_asked += 1
        raise LinkingError("nobody answers", hint="start it")

    def save(self, folder: Path) -> None:
        raise AssertionError


def items(texts: Sequence[str]) -> list[Item]:
    return [Item(item_id=str(number), title="", text=text) for number, text in enumerate(texts)]


def encoder(config: TextConfig = SMALL, reader: TextReader | None = None) -> TextEncoder:
    reader = (reader or TextReader(config)).fit(REVIEWS)
    torch.manual_seed(0)
    return TextEncoder(config, reader, build_text_network(config, reader.n_inputs))


@pytest.mark.parametrize(("n_outputs", "n_parameters"), [(250, 25_190_650), (50, 24_780_850)])
def test_the_network_has_the_published_size(n_outputs, n_parameters):
    with torch.device("meta"):
        network = build_text_network(TextConfig(), 10_000)
        head = torch.nn.Linear(network.embed_dim, n_outputs)
    assert sum(one.numel() for part in (network, head) for one in part.parameters()) == n_parameters


def test_inputs_are_dropped_in_training_only():
    network = build_text_network(TextConfig(widths=(64,)), 64)
    inputs = torch.ones(1, 64)
    assert not torch.equal(network(inputs), network(inputs))
    network.eval()
    assert torch.equal(network(inputs), network(inputs))


def test_a_text_has_the_same_vector_alone_and_among_others():
    made = encoder()
    many = items(REVIEWS * 7)
    together = made.encode(many)
    assert together.presence.all()
    for row in (0, 5, 20, 41):
        np.testing.assert_array_equal(made.encode([many[row]]).vectors[0], together.vectors[row])


def test_what_cannot_be_read_is_absent_and_told_and_never_zeros():
    found = encoder().encode(items(["", " \n\t", "xylophones", "slow", "slow \ufffd\ufffd blues"]))
    assert found.presence.tolist() == [False, False, False, True, True]
    assert np.isnan(found.vectors[:3]).all()
    assert np.isfinite(found.vectors[3:]).all()
    assert set(found.problems) == {"2", "4"}
    assert "none of its words is known" in found.problems["2"]
    assert found.problems["4"].startswith("2 characters of its text are no valid UTF-8")


def test_a_japanese_text_and_one_of_five_megabytes_are_read():
    found = encoder().encode(items(["とても静かなピアノ", "slow piano. " * 450_000, "slow piano. " * 125]))
    assert found.presence.all()
    np.testing.assert_array_equal(found.vectors[1], found.vectors[2])  # 1,500 characters of it


def test_no_items_give_no_vectors():
    assert encoder().encode([]).vectors.shape == (0, 8)


def test_without_layers_the_weights_of_words_are_the_vector():
    made = encoder(TextConfig(widths=()))
    assert made.embed_dim == made.reader.n_inputs
    np.testing.assert_allclose(np.linalg.norm(made.encode(items(REVIEWS)).vectors, axis=1), 1, atol=1e-6)


def test_transform_gives_what_read_does_with_gaps_where_nothing_is_known():
    reader = TextReader(SMALL).fit(REVIEWS)
    matrix = reader.transform([REVIEWS[0], "", "xylophones"])
    assert np.isnan(matrix[1:]).all()
    np.testing.assert_array_equal(matrix[:1], reader.read(REVIEWS).inputs[np.array([0])])


def test_categories_of_entities_are_words_that_the_reader_learns(tmp_path: Path):
    config = TextConfig(reader="tfidf+entities", widths=(8,), max_share=1.0)
    linker = Gazetteer({"piano": ["Keyboard instruments"], "punk": ["Rock music"]})
    made = encoder(config, TextReader(config, linker=linker))
    assert {"keyboard_instruments", "rock_music"} <= set(made.reader._learned.names)
    made.save(tmp_path / "encoder")
    again = load_encoder(tmp_path / "encoder")
    np.testing.assert_array_equal(again.encode(items(REVIEWS)).vectors, made.encode(items(REVIEWS)).vectors)


def test_names_of_the_catalogue_are_found_where_the_recipe_says_so():
    config = TextConfig(reader="tfidf+entities", max_share=1.0)
    reader = open_reader(config, items_of([Track(track_id="1", artist="Velvet Foxes", country="Cuba")])).fit(
        ["Like Velvet Foxes.", "Like nobody."]
    )
    assert {"artists", "artists_from_cuba"} <= set(reader._learned.names)
    with pytest.raises(ConfigError, match="names no artists"):
        open_reader(config, [])


def test_a_service_that_is_down_costs_its_categories_and_not_the_text():
    config = TextConfig(reader="tfidf+entities", widths=(8,))
    outage = Outage()
    reader = TextReader(config, terms=TextReader(SMALL).fit(REVIEWS).terms, linker=outage)
    made = TextEncoder(config, reader, build_text_network(config, reader.n_inputs))
    found = made.encode(items(REVIEWS))
    assert found.presence.all()
    assert set(found.problems.values()) == {"read without entities: nobody answers"}
    assert len(found.problems) == len(REVIEWS)
    assert outage.n_asked == FAILURES


def test_a_language_model_reads_sentences(tmp_path: Path):
    config = TextConfig(reader="sentences", widths=())
    model = SentenceEncoder(LanguageModel(), Tokenizer())
    reader = TextReader(config, sentences=model)
    made = TextEncoder(config, reader, build_text_network(config, reader.n_inputs))
    found = made.encode(items([*REVIEWS, ""]))
    assert found.presence.tolist() == [True] * 6 + [False]
    np.testing.assert_allclose(found.vectors[:6], model.encode(REVIEWS), atol=1e-6)
    np.testing.assert_allclose(found.vectors[2], made.encode(items(REVIEWS[2:3])).vectors[0], atol=1e-6)
    made.save(tmp_path / "encoder")
    again = TextEncoder.load(tmp_path / "encoder", sentences=model)
    assert again.fingerprint == made.fingerprint
    with pytest.raises(ModelError, match="read otherwise"):
        TextEncoder.load(tmp_path / "encoder", sentences=SentenceEncoder(LanguageModel(2.0), Tokenizer()))


def test_an_encoder_is_saved_whole_and_loaded_as_it_was(tmp_path: Path):
    made = encoder()
    made.save(tmp_path / "encoder")
    again = load_encoder(tmp_path / "encoder")
    assert (again.fingerprint, again.name, again.modality) == (made.fingerprint, "text", "text")
    np.testing.assert_array_equal(again.encode(items(REVIEWS)).vectors, made.encode(items(REVIEWS)).vectors)
    other = encoder(TextConfig(widths=(16, 8), n_characters=10))
    assert other.fingerprint != made.fingerprint


def test_other_folders_are_not_overwritten(tmp_path: Path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ModelError, match="is no encoder"):
        encoder().save(tmp_path)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"format": 2}, "format 2"), ({"kind": "tutti tagger"}, "tutti tagger"), ({"n_inputs": 3}, "cannot be used"),
        ({"widths": "many"}, "wrong at 'widths"), ({"read_by": ""}, "read otherwise"), ({"dropout": 2}, "no share"),
    ],
)  # fmt: skip
def test_a_damaged_encoder_is_refused(change, error, tmp_path: Path):
    encoder().save(tmp_path / "encoder")
    path = tmp_path / "encoder" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelError, match=error):
        TextEncoder.load(tmp_path / "encoder")


@pytest.mark.parametrize(
    "settings", [{"n_characters": 0}, {"n_terms": 0}, {"max_share": 0.0}, {"widths": (0,)}, {"dropout": 1.0}]
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ConfigError):
        TextConfig(**settings)


def test_an_unknown_reader_is_refused_and_one_that_learned_nothing_says_so():
    with pytest.raises(UnknownNameError, match="tfidf"):
        TextConfig(reader="tf-idf")
    with pytest.raises(ConfigError, match="learned no words"):
        TextReader(SMALL).read(["a text"])
    with pytest.raises(ConfigError, match="without an entity linker"):
        TextReader(TextConfig(reader="tfidf+entities"))


@pytest.mark.slow
def test_distilbert_in_a_folder_is_a_reader(tmp_path: Path):
    transformers = pytest.importorskip("transformers", reason="the extra text is not installed")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "slow", "loud", "piano", "guitars"]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary))
    transformers.BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path / "distilbert")
    torch.manual_seed(0)
    settings = transformers.DistilBertConfig(vocab_size=9, dim=8, n_layers=1, n_heads=2, hidden_dim=16)
    transformers.DistilBertModel(settings).save_pretrained(tmp_path / "distilbert")
    config = TextConfig(reader="sentences", sentences=str(tmp_path / "distilbert"), widths=(4,))
    reader = open_reader(config)
    made = TextEncoder(config, reader, build_text_network(config, reader.n_inputs))
    made.save(tmp_path / "encoder")
    found = load_encoder(tmp_path / "encoder").encode(items(["slow piano", "loud guitars", ""]))
    assert found.presence.tolist() == [True, True, False]
    assert not np.allclose(found.vectors[0], found.vectors[1])
    np.testing.assert_allclose(made.encode(items(["loud guitars"])).vectors[0], found.vectors[1], atol=1e-6)
