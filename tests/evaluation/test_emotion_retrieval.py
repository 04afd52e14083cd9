"""Music found by texts of an emotion: macro over emotions, silence and unheard songs, chance, intervals."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from tutti.data.emotion_mapping import EmotionMapping, published_mapping
from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.emotion_retrieval import EmotionQueries, expected_reciprocal_rank, score_emotions
from tutti.evaluation.intervals import Bootstrap

MAPPING = EmotionMapping(name="manual", moods_of={"joy": ("happy", "funny"), "fear": ("scary",)}, source="by hand")
MOODS = ("happy", "funny", "scary", "sad", "scary", "sad")
BOOTSTRAP = Bootstrap(n_resamples=200)


def queries(scores, emotions, moods=MOODS) -> EmotionQueries:
    return EmotionQueries(
        model="m", dataset="d", split="test", scores=np.array(scores, dtype=float), emotions=emotions, moods=moods
    )


def test_scores_are_averaged_by_emotion_and_then_over_emotions():
    # First joy text: right songs at ranks 1 and 2. Second: at 4 and 6. Fear: at 2 and 3. Worked by hand.
    scores = [[6, 5, 4, 3, 2, 1], [3, 1, 6, 5, 4, 2], [6, 1, 5, 2, 4, 3]]
    report = score_emotions(queries(scores, ("joy", "joy", "fear")), MAPPING, bootstrap=BOOTSTRAP)
    precision, mrr = {"joy": (2 / 5 + 1 / 5) / 2, "fear": 2 / 5}, {"joy": (1 + 1 / 4) / 2, "fear": 1 / 2}
    assert report.metrics["p_at_5_macro"].value == pytest.approx(np.mean([*precision.values()]))
    assert report.metrics["mrr_macro"].value == pytest.approx(np.mean([*mrr.values()]))
    assert report.metrics["p_at_5_micro"].value == pytest.approx((2 / 5 + 1 / 5 + 2 / 5) / 3)
    assert report.metrics["mrr_micro"].value == pytest.approx((1 + 1 / 4 + 1 / 2) / 3)
    assert {one.emotion: one.mrr.value for one in report.emotions} == pytest.approx(mrr)
    assert {one.emotion: (one.n_texts, one.n_relevant) for one in report.emotions} == {"joy": (2, 2), "fear": (1, 2)}


def test_an_emotion_with_many_texts_counts_no_more_than_one_with_few():
    good, bad = [6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6]
    few = score_emotions(queries([good, bad], ("joy", "fear")), MAPPING, bootstrap=BOOTSTRAP)
    many = score_emotions(queries([good] * 9 + [bad], ("joy",) * 9 + ("fear",)), MAPPING, bootstrap=BOOTSTRAP)
    assert many.metrics["mrr_macro"].value == pytest.approx(few.metrics["mrr_macro"].value)
    assert many.metrics["mrr_micro"].value > few.metrics["mrr_micro"].value


def test_a_text_that_retrieves_nothing_scores_0_and_is_counted():
    scores = [[6, 5, 4, 3, 2, 1], [np.nan] * 6]
    report = score_emotions(queries(scores, ("joy", "joy")), MAPPING, bootstrap=BOOTSTRAP)
    assert report.metrics["mrr_macro"].value == pytest.approx(0.5)
    assert report.n_silent == 1
    assert "1 texts retrieve nothing" in report.to_markdown()


def test_where_every_text_is_silent_all_scores_are_0_as_in_the_table():
    report = score_emotions(queries(np.full((2, 6), np.nan), ("joy", "fear")), MAPPING, bootstrap=BOOTSTRAP)
    assert report.metrics["p_at_5_macro"].value == report.metrics["mrr_macro"].value == 0.0


def test_a_song_that_could_not_be_heard_is_not_ranked():
    scores = np.array([[1.0, 6, 5, 4, 3, 2]])
    scores[:, 1] = np.nan
    report = score_emotions(queries(scores, ("joy",)), MAPPING, bootstrap=BOOTSTRAP)
    assert (report.n_songs, report.n_unheard) == (5, 1)
    assert report.metrics["mrr_macro"].value == pytest.approx(1 / 5)


def test_an_emotion_that_no_song_answers_is_left_out_and_told():
    report = score_emotions(
        queries([[1, 2], [2, 1]], ("joy", "fear"), moods=("happy", "sad")), MAPPING, bootstrap=BOOTSTRAP
    )
    assert report.left_out == {"fear": 1}
    assert report.metrics["mrr_macro"].value == pytest.approx(0.5)
    assert "no song answers fear: 1 texts left out" in report.to_markdown()
    with pytest.raises(ConfigError, match="none of 1 songs"):
        score_emotions(queries([[1]], ("fear",), moods=("sad",)), MAPPING, bootstrap=BOOTSTRAP)


@pytest.mark.parametrize(("n_relevant", "n_items"), [(1, 1), (1, 4), (2, 5), (3, 6)])
def test_chance_is_the_mean_over_all_orders(n_relevant, n_items):
    orders = itertools.permutations([True] * n_relevant + [False] * (n_items - n_relevant))
    expected = np.mean([1 / (order.index(True) + 1) for order in orders])
    assert expected_reciprocal_rank(n_relevant, n_items) == pytest.approx(expected)


def test_equal_scores_are_chance_and_not_the_order_of_the_catalogue():
    moods = ("happy",) * 50 + ("scary",) * 150
    report = score_emotions(queries(np.zeros((1, 200)), ("joy",), moods=moods), MAPPING, bootstrap=BOOTSTRAP)
    assert report.metrics["p_at_5_macro"].value < 1
    assert report.chance["p_at_5_macro"] == pytest.approx(0.25)


def test_a_report_tells_the_setting_and_intervals_hold_the_value(tmp_path):
    rng = np.random.default_rng(0)
    report = score_emotions(
        queries(rng.random((30, 6)), ("joy", "fear", "fear") * 10), MAPPING, bootstrap=Bootstrap(n_resamples=300)
    )
    for one in report.metrics.values():
        assert 0 <= one.low <= one.value <= one.high <= 1
    for told in ("d, split test", "30 texts", "6 songs", "manual mapping", "bootstrap seed 0"):
        assert told in report.line()
    report.write(tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["metrics"]["mrr_macro"]["value"] == pytest.approx(
        report.metrics["mrr_macro"].value
    )
    assert "| fear | scary | 20 | 2 |" in (tmp_path / "report.md").read_text()


def test_scores_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match="2 texts and 6 songs"):
        queries([[1, 2], [3, 4]], ("joy", "fear"))


def test_the_same_scores_are_judged_differently_by_the_published_mappings():
    moods = ("angry", "sad", "scary", "tender")
    asked = queries([[4, 3, 2, 1]], ("guilt",), moods=moods)
    found = {
        name: score_emotions(asked, published_mapping(name), bootstrap=BOOTSTRAP).metrics["mrr_macro"].value
        for name in ("valence-arousal", "word-vectors", "manual")
    }
    assert found == {"valence-arousal": 0.5, "word-vectors": 1.0, "manual": 1.0}
