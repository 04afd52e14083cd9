"""Music for sentences: published values, what they say, settings, data, and a small run of the whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.datasets import find_dataset, find_sentence_set
from tutti.data.emotion_mapping import MAPPINGS
from tutti.data.track import Track
from tutti.errors import CatalogueError, ConfigError, UnknownNameError
from tutti.evaluation.emotion_retrieval import EmotionRetrievalReport
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Estimate
from tutti.models.sentence_music import STRATEGIES
from tutti.papers.commands import Order, carry_out, listing
from tutti.papers.experiment import ExperimentOrder
from tutti.papers.won2021_sentence_data import read_data, read_settings
from tutti.papers.won2021_sentences import (
    EXPERIMENTS,
    TABLE_5_6,
    TABLE_5_7,
    judge_manners,
    judge_scores,
    silhouette,
)

KEYS = ("won2021/table5.6", "won2021/table5.7", "won2021/figure5.5")


def report_of(precision: float, mrr: float, mapping: str) -> EmotionRetrievalReport:
    values = {"p_at_5_macro": precision, "mrr_macro": mrr}
    return EmotionRetrievalReport(
        **{"model": "m", "dataset": "d", "split": "test", "mapping": mapping, "mapped_by": "table 5.5"},
        **{"n_texts": 1, "n_songs": 1, "n_silent": 0, "n_unheard": 0, "depth": 5, "emotions": (), "chance": values},
        bootstrap=Bootstrap(),
        metrics={name: Estimate(value=one, low=one, high=one) for name, one in values.items()},
    )


def published_reports() -> dict[str, dict[str, dict[str, EmotionRetrievalReport]]]:
    return {
        name: {
            strategy: {mapping: report_of(*pair, mapping) for mapping, pair in zip(MAPPINGS, by_set[name], strict=True)}
            for strategy, by_set in TABLE_5_6.items()
        }
        for name in ("alm", "isear")
    }


def test_the_three_exhibits_are_listed_with_all_that_they_want():
    listed = {one["key"]: one for one in json.loads(listing(as_json=True))}
    assert tuple(one.key for one in EXPERIMENTS) == KEYS
    assert all(listed[key]["datasets"] == ["audioset-mood", "alm", "isear"] for key in KEYS)


def test_every_strategy_has_its_published_row():
    assert tuple(TABLE_5_6) == tuple(TABLE_5_7) == STRATEGIES
    values = np.array([TABLE_5_6[one][name] for one in STRATEGIES for name in ("alm", "isear")])
    assert values.shape == (12, 3, 2)
    assert TABLE_5_6["valence-arousal"]["alm"][2] == (0.6100, 0.7398)
    assert TABLE_5_6["three-branch"]["isear"][1] == (0.4317, 0.4953)
    # The highest of each column, which are printed bold.
    best = {
        name: np.array([TABLE_5_6[one][name] for one in STRATEGIES]).max(axis=0).tolist() for name in ("alm", "isear")
    }
    assert best["alm"] == [[0.4325, 0.6282], [0.5095, 0.5863], [0.6100, 0.7398]]
    assert best["isear"] == [[0.3440, 0.5247], [0.4317, 0.4953], [0.6218, 0.7668]]


def test_the_statements_hold_of_the_published_values_themselves():
    reports = published_reports()
    assert [one.holds for one in judge_scores(reports)] == [True, True, True]
    precision = {one: some["word-vectors"].metrics["p_at_5_macro"].value for one, some in reports["alm"].items()}
    manners = {"valence-arousal": 0.0, "word-vectors": 0.3, "two-branch": 0.4, "three-branch": 0.1}
    assert [one.holds for one in judge_manners(manners, precision)] == [True, True]


def test_what_was_not_run_cannot_be_told():
    assert [one.holds for one in judge_scores({})] == [None, None, None]
    assert [one.holds for one in judge_manners({}, {})] == [None, None]
    some = published_reports()
    del some["alm"]["multi-head"]
    assert [one.holds for one in judge_scores(some)] == [True, None, None]


def test_published_settings_are_the_papers_and_others_are_given_as_on_the_command_line(tmp_path: Path):
    settings = read_settings(ExperimentOrder(folder=tmp_path))
    text, audio = settings.learning.text, settings.learning.audio
    assert (text.model, text.reading.pooling, text.learn) == ("distilbert-base-uncased", "first", True)
    assert (audio.encoder, audio.architecture, audio.learn) == (None, "emotion_resnet", True)
    given = ('strategies=["two-branch"]', "learning.text.model=mine", "learning.training.epochs=3", "vad=v.txt")
    settings = read_settings(ExperimentOrder(folder=tmp_path, settings=given))
    assert settings.strategies == ("two-branch",)
    assert settings.learning.text.reading.pooling == "mean"
    settings = read_settings(ExperimentOrder(folder=tmp_path, settings=("learning.text.model=minilm",)))
    assert (settings.learning.text.model, settings.learning.text.reading.pooling) == (None, "mean")
    given = ("learning.text.model=mine", "learning.text.reading.pooling=first")
    assert read_settings(ExperimentOrder(folder=tmp_path, settings=given)).learning.text.reading.pooling == "first"
    for wrong in ("epochs=3", "n_sentences=many", "learning=3", "learning.text.reading=3"):
        with pytest.raises(ConfigError, match="makes no sense"):
            read_settings(ExperimentOrder(folder=tmp_path, settings=(wrong,)))
    with pytest.raises(ConfigError, match="gamma=-1 is negative") as caught:
        read_settings(ExperimentOrder(folder=tmp_path, settings=("learning.gamma=-1",)))
    assert "cross-entropy" in str(caught.value.hint)
    with pytest.raises(UnknownNameError, match="two-branches"):
        read_settings(ExperimentOrder(folder=tmp_path, settings=('strategies=["two-branches"]',)))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("given", "smoke", "told"),
    [
        (("vad=NRC.txt",), True, "vad=NRC.txt would change nothing: a generated world"),
        (("word_vectors=own.bin",), True, "word_vectors=own.bin would change nothing"),
        (("catalogue=worlds/demo", "vad=NRC.txt"), False, "vad=NRC.txt would change nothing"),
        (("n_sentences=5",), False, "n_sentences=5 would change nothing: of your own"),
    ],
)
def test_a_file_that_would_not_be_read_is_refused_before_anything_is_done(key, given, smoke, told, tmp_path: Path):
    with pytest.raises(ConfigError, match=told):
        carry_out(Order(key=key, folder=tmp_path / "out", settings=given, smoke=smoke))
    assert not (tmp_path / "out").exists()


def test_a_smoke_run_keeps_to_the_catalogue_it_is_given(tmp_path: Path):
    with pytest.raises(CatalogueError, match="none"):
        carry_out(Order(key=KEYS[0], folder=tmp_path / "out", settings=(f"catalogue={tmp_path / 'none'}",), smoke=True))


def test_without_data_the_order_says_what_it_wants(tmp_path: Path):
    with pytest.raises(ConfigError, match="alm is wanted"):
        carry_out(Order(key=KEYS[0], folder=tmp_path / "out"))
    find_sentence_set("alm").make_fixture(tmp_path / "alm")
    order = Order(
        key=KEYS[0], folder=tmp_path / "out", data=(f"alm={tmp_path / 'alm'}",), settings=('sentences=["alm"]',)
    )
    with pytest.raises(ConfigError, match="audioset-mood is wanted"):
        carry_out(order)


def test_data_of_ones_own_are_joined_with_a_lexicon(tmp_path: Path):
    find_sentence_set("alm").make_fixture(tmp_path / "alm")
    find_dataset("audioset-mood").make_fixture(tmp_path / "music")
    words = ("anger", "fearful", "happy", "sad", "surprised", "angry", "exciting", "funny", "scary", "tender")
    (tmp_path / "vad.txt").write_text("".join(f"{word}\t0.5\t0.{n}\t0.5\n" for n, word in enumerate(words)))
    order = ExperimentOrder(
        folder=tmp_path / "out",
        data=tmp_path / "music",
        others={"alm": tmp_path / "alm"},
        settings=('sentences=["alm"]', f"vad={tmp_path / 'vad.txt'}"),
    )
    (data,) = read_data(order, read_settings(order)).values()
    assert data.name == "alm+catalogue"
    assert data.affects["tender"] == (0.5, 0.9)
    assert data.label_vectors == {}


def test_a_silhouette_is_high_where_moods_lie_apart():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(40, 3)).astype(np.float32)
    moods = ["sad"] * 20 + ["happy"] * 20
    apart = noise + 20 * np.repeat(np.eye(2, 3, dtype=np.float32), 20, axis=0)
    assert silhouette(apart, moods) > 0.8 > 0.2 > silhouette(noise, moods)
    assert np.isnan(silhouette(noise, ["sad"] * 40))


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS[::2])
def test_a_small_run_goes_all_the_way_and_is_taken_up_again(key: str, tmp_path: Path):
    settings = ('sentences=["isear"]', 'strategies=["classification", "word-vectors", "three-branch"]')
    order = Order(key=key, folder=tmp_path / "out", settings=settings, smoke=True)
    told: list[str] = []
    done = carry_out(order, quiet=True, tell=told.append)
    assert not done.comparison.failures
    text = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    assert "Smoke run on a tiny generated world" in text
    assert ("| Classification | manual | 0.000 [0.000, 0.000] | 0.0000 |" in text) == key.endswith("table5.6")
    assert bool([*(tmp_path / "out").glob("*.png")]) == key.endswith("figure5.5")
    carry_out(Order(key=key, folder=tmp_path / "out", settings=settings, smoke=True, resume=True), quiet=True)
    assert (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8") == text


def test_a_strategy_that_lacks_something_fails_alone_and_is_told(tmp_path: Path):
    from tutti.papers.won2021_sentences import compare_strategies

    def learn(strategy: str, *_: object, **__: object) -> None:
        raise ConfigError(f"{strategy} learns the word vector of every label", hint="give a source of them")

    world = Catalogue.create(tmp_path / "world")
    splits = ("train", "valid", "test")
    world.put_tracks(Track(track_id=split, audio=tmp_path / f"{split}.wav", split=split) for split in splits)
    world.put_facts({split: {"valence": 0.5, "arousal": 0.5} for split in splits})
    settings = ('strategies=["three-branch"]', f"catalogue={world.folder}")
    order = ExperimentOrder(folder=tmp_path / "out", smoke=True, quiet=True, settings=settings)
    done = compare_strategies(EXPERIMENTS[0], order, learn=learn)
    assert set(done.comparison.failures) == {"alm, three-branch", "isear, three-branch"}
    assert "- failed: alm, three-branch: three-branch learns" in (tmp_path / "out" / "comparison.md").read_text()
