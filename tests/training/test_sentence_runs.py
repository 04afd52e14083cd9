"""Recipes of sentence-to-music: a run from command to bundle, tables of one's own, and what does not fit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError, UnknownNameError
from tutti.evaluation.emotion_retrieval import EmotionRetrievalReport
from tutti.evaluation.session import evaluate_model
from tutti.models.sentence_retrieval import SentenceRetriever
from tutti.models.space_models import SpaceModel
from tutti.training.recipes import parse_recipe, read_recipe
from tutti.training.runs import train
from tutti.training.sentence_config import SentenceMusicConfig
from tutti.training.sentence_runs import sentence_music

SMALL = {"n_channels": 1, "n_mels": 16, "sample_rate": 8000, "n_samples": 5000, "hop_length": 16, "n_fft": 64}
TABLE = {
    "name": "sentences",
    "model": {"name": "few-moods"},
    "scheme": {
        "name": "sentence-to-music",
        "n_sentences": 40,
        "batch_size": 8,
        "heads": {"metric": 8, "embed_dim": 4, "shared": [8, 8, 8]},
        "audio": {"encoder": None, "options": SMALL},
    },
    "training": {"epochs": 2, "loaders": 0, "accelerator": "cpu"},
    "evaluation": {"n_resamples": 20},
}


@pytest.fixture(scope="session")
def small_world(tones: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The tones, with the facts of a world: high ones are happy, noisy ones excite."""
    catalogue = Catalogue.create(tmp_path_factory.mktemp("sentences") / "small-world")
    catalogue.put_tracks(tones.tracks())
    facts = {
        one.track_id: {"valence": 0.8 if "low" not in one.tags else -0.7, "arousal": 0.8 * ("noisy" in one.tags) - 0.3}
        for one in tones.tracks()
    }
    catalogue.put_facts(facts)
    return catalogue


@pytest.fixture
def recipe(small_world: Catalogue, tiny_distilbert: Path, tmp_path: Path):
    """A recipe by its strategy."""
    reading = {"n_tokens": 16, "overlap": 4}

    def made(strategy: str):
        table = json.loads(json.dumps(TABLE))
        table["scheme"] |= {"strategy": strategy, "text": {"model": str(tiny_distilbert), "reading": reading}}
        table |= {"output": str(tmp_path / strategy), "data": {"catalogue": str(small_world.folder)}}
        return parse_recipe(table)

    return made


def test_a_learned_space_is_kept_for_search_and_scored_by_every_mapping(recipe):
    run = train(recipe("two-branch"), quiet=True)
    assert isinstance(run.model, SpaceModel)
    assert isinstance(run.report, EmotionRetrievalReport)
    assert run.report.model == "few-moods"
    assert len(run.history.epochs) == 2
    assert sorted(path.name for path in (run.folder / "mappings").iterdir()) == ["manual", "valence-arousal"]
    kept, space = SentenceRetriever.load(run.folder / "retriever"), SpaceModel.load(run.bundle)
    facts = {"dataset", "split", "mapping", "seed", "training_seed", "n_items", "n_texts", "n_songs", "metrics"}
    assert facts <= set(kept.config.scores)
    assert facts <= set(space.config.scores)
    points = space.place_texts(["my sad night"])
    expected = kept.places_of({"text": kept.text_vectors(["my sad night"])})["text"]
    np.testing.assert_allclose(points, expected / np.linalg.norm(expected), atol=1e-6)


def test_what_makes_no_space_is_kept_as_a_retriever(recipe, small_world):
    run = train(recipe("valence-arousal"), quiet=True)
    assert isinstance(run.model, SentenceRetriever)
    assert SentenceRetriever.load(run.bundle).strategy == "valence-arousal"
    assert not (run.folder / "model").exists()
    with pytest.raises(ConfigError, match=r"scored where it learns: see report.md of its run"):
        evaluate_model(str(run.bundle), small_world.folder)


def test_a_model_beside_the_scheme_s_networks_is_refused(recipe):
    made = recipe("two-branch")
    other = dataclasses.replace(made, model=dataclasses.replace(made.model, architecture="fcn"))
    with pytest.raises(ConfigError, match=r"from scheme.text and scheme.audio"):
        train(other, quiet=True)


@pytest.mark.parametrize("name", ["sentences-tiny", "sentences-demo"])
def test_the_recipes_can_be_read(name, root):
    assert read_recipe(root / "recipes" / "world" / f"{name}.toml").scheme.name == "sentence-to-music"


@pytest.fixture
def own_table(tmp_path: Path) -> Path:
    path = tmp_path / "own.tsv"
    rows = [f"sentence {n}\t{'bored' if n % 2 else 'angry'}" for n in range(40)]
    path.write_text("\n".join(["text\temotion", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def moody(small_world: Catalogue, tmp_path: Path) -> Catalogue:
    """Tracks with a mood for their only tag."""
    tracks = [
        dataclasses.replace(one, tags=("calm" if n % 2 else "wild",), split=("train", "valid", "test")[n % 3])
        for n, one in enumerate(small_world.tracks())
    ]
    catalogue = Catalogue.create(tmp_path / "moody")
    catalogue.put_tracks(tracks)
    return catalogue


def test_labels_of_one_s_own_want_a_source_that_maps_them(own_table, moody, tmp_path):
    config = SentenceMusicConfig(strategy="two-branch", sentences=str(own_table), mapping="valence-arousal")
    with pytest.raises(ConfigError, match="nothing says which of the moods calm, wild answer angry, bored"):
        sentence_music(config, moody)
    lexicon = tmp_path / "vad.txt"
    lexicon.write_text("angry\t0.1\t0.9\t0.5\nbored\t0.3\t0.1\t0.5\ncalm\t0.8\t0.1\t0.5\nwild\t0.6\t0.9\t0.5\n")
    data = sentence_music(dataclasses.replace(config, lexicon=lexicon), moody)
    assert data.mapping.moods_of == {"angry": ("wild",), "bored": ("calm",)}
    assert set(data.mood_names) == {"calm", "wild"}


def test_what_would_not_be_read_is_refused(small_world, tmp_path):
    for name in ("lexicon", "word_vectors"):
        config = SentenceMusicConfig(sentences="world-tales", **{name: tmp_path / "file.txt"})
        with pytest.raises(ConfigError, match=f"{name} would not be read"):
            sentence_music(config, small_world)


def test_a_catalogue_without_moods_is_refused(own_table, tmp_path):
    catalogue = Catalogue.create(tmp_path / "tagged")
    catalogue.put_tracks([Track(track_id="a", tags=("calm", "piano"), split="train")])
    with pytest.raises(ConfigError, match="none has exactly one tag"):
        sentence_music(SentenceMusicConfig(sentences=str(own_table)), catalogue)


def test_a_mapping_by_hand_is_taken(own_table, moody, tmp_path):
    by_hand = tmp_path / "by-hand.tsv"
    by_hand.write_text("angry\twild\nbored\tcalm, wild\n")
    config = SentenceMusicConfig(
        strategy="two-branch", sentences=str(own_table), mapping="manual", mapping_table=by_hand
    )
    assert sentence_music(config, moody).mapping.moods_of["bored"] == ("calm", "wild")
    with pytest.raises(ConfigError, match=r"scheme\.mapping is 'word-vectors'"):
        SentenceMusicConfig(mapping_table=by_hand)


def test_songs_without_splits_get_some_by_artist_and_the_scores_say_so(recipe, moody, own_table, tmp_path):
    unsplit = Catalogue.create(tmp_path / "unsplit")
    unsplit.put_tracks(
        dataclasses.replace(one, split=None, artist=f"artist {n // 2}") for n, one in enumerate(moody.tracks())
    )
    (tmp_path / "by-hand.tsv").write_text("angry\twild\nbored\tcalm\n")
    made = recipe("two-branch")
    scheme = dataclasses.replace(
        made.scheme, sentences=str(own_table), mapping="manual", mapping_table=tmp_path / "by-hand.tsv"
    )
    told: list[str] = []
    data = dataclasses.replace(made.data, catalogue=unsplit.folder)
    run = train(dataclasses.replace(made, scheme=scheme, data=data), quiet=True, tell=told.append)
    assert "no track has a split: splits are drawn by artist, seed 0, 20 of train, 6 of valid, 6 of test" in told
    assert run.report.n_songs == 6
    assert "split test (drawn by artist, seed 0)" in run.report.line()


def test_names_that_do_not_exist_are_refused(small_world):
    with pytest.raises(UnknownNameError, match="kind of sentences"):
        sentence_music(SentenceMusicConfig(sentences="world-novels"), small_world)
    with pytest.raises(UnknownNameError, match="strategy"):
        SentenceMusicConfig(strategy="fourth-branch")
