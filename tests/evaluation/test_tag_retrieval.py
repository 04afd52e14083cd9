"""Tags that find music: against scikit-learn and by hand, by category, two at once."""

import json
from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.multilabel import pr_auc_by_label
from tutti.evaluation.tag_retrieval import (
    TagQueries,
    cosine_scores,
    expected_average_precision,
    resampled_precision,
    score_tag_retrieval,
)

QUICK = Bootstrap(n_resamples=100)
TAGS = ("rock", "jazz", "sad", "calm")


def queries(n_items: int = 60, *, skill: float = 2.0, **changes) -> TagQueries:
    rng = np.random.default_rng(0)
    targets = rng.random((n_items, len(TAGS))) < (0.5, 0.3, 0.4, 0.2)
    settings = {
        "model": "m",
        "dataset": "d",
        "split": "test",
        "tags": TAGS,
        "targets": targets,
        "scores": rng.standard_normal(targets.shape) + skill * targets,
        "categories": {"rock": "genre", "jazz": "genre", "sad": "mood"},
    }
    return TagQueries(**settings | changes)


def test_map_and_roc_auc_are_scikit_learns_averaged_over_tags():
    asked = queries()
    report = score_tag_retrieval(asked, bootstrap=QUICK)
    by_tag = list(zip(asked.targets.T, asked.scores.T, strict=True))
    assert report.metrics["map"].value == pytest.approx(np.mean([average_precision_score(*one) for one in by_tag]))
    assert report.metrics["roc_auc"].value == pytest.approx(np.mean([roc_auc_score(*one) for one in by_tag]))


def test_precision_counts_the_first_ten():
    asked = queries()
    report = score_tag_retrieval(asked, bootstrap=QUICK)
    first = np.argsort(-asked.scores[:, 0])[:10]
    assert report.tags[0].precision == pytest.approx(asked.targets[first, 0].mean())


def test_a_category_is_the_mean_of_its_tags_and_a_tag_without_one_is_in_none():
    report = score_tag_retrieval(queries(), bootstrap=QUICK)
    genre, mood = report.categories
    assert (genre.category, genre.n_tags, mood.category, mood.n_tags) == ("genre", 2, "mood", 1)
    assert genre.map.value == pytest.approx(
        np.mean([report.tags[0].average_precision, report.tags[1].average_precision])
    )


def test_intervals_surround_the_values():
    report = score_tag_retrieval(queries(), bootstrap=QUICK)
    for one in (report.metrics["map"], report.metrics["p_at_10"], report.categories[0].map):
        assert one.low <= one.value <= one.high
        assert one.low < one.high


def test_two_tags_at_once_are_answered_by_items_that_carry_both():
    asked = queries()
    report = score_tag_retrieval(asked, bootstrap=QUICK)
    first = report.two_tags[0]
    both = asked.targets[:, 0] & asked.targets[:, 2]
    assert (first.tag, first.n_relevant) == ("rock, sad", both.sum())
    assert first.average_precision == pytest.approx(
        average_precision_score(both, asked.scores[:, 0] + asked.scores[:, 2])
    )


def test_resampled_precision_by_hand_where_every_item_is_drawn_as_often():
    targets, scores = np.array([[True], [False], [True]]), np.array([[3.0], [2.0], [1.0]])

    class Thrice(Bootstrap):
        def weights(self, n_items, *, n_labels):
            yield np.array([[1, 1, 1], [2, 0, 1], [0, 3, 0]], dtype=np.int32)

    found = resampled_precision(targets, scores, bootstrap=Thrice(), k=2)
    assert found[:, 0].tolist() == [0.5, 1.0, 0.0]


@pytest.mark.parametrize(("n_relevant", "n_items"), [(1, 2), (1, 6), (3, 6), (5, 6), (2, 7)])
def test_chance_is_the_mean_over_all_orders(n_relevant, n_items):
    scores = -np.arange(n_items)
    orders = {*permutations([True] * n_relevant + [False] * (n_items - n_relevant))}
    mean = np.mean([average_precision_score(order, scores) for order in orders])
    assert expected_average_precision(n_relevant, n_items) == pytest.approx(mean)


def test_random_scores_reach_what_chance_does():
    rng = np.random.default_rng(0)
    targets = queries(20).targets
    many = [pr_auc_by_label(targets, rng.random(targets.shape)).mean() for _ in range(400)]
    report = score_tag_retrieval(queries(20), bootstrap=Bootstrap(n_resamples=5))
    assert report.metrics["map_chance"].value == pytest.approx(np.mean(many), abs=0.01)
    assert report.metrics["map_chance"].value > targets.mean() + 0.05  # the share of right items is not what they reach


def test_a_tag_that_all_items_carry_is_left_out_and_told():
    asked = queries()
    targets = asked.targets.copy()
    targets[:, 1] = True
    report = score_tag_retrieval(queries(targets=targets), bootstrap=QUICK)
    assert [one.tag for one in report.tags] == ["rock", "sad", "calm"]
    assert report.left_out == {"jazz": "no negatives"}


def test_the_report_says_on_what_and_is_written(tmp_path):
    report = score_tag_retrieval(queries(training_seed=3, failures={"x": "silent"}), bootstrap=QUICK)
    assert "d, split test, 60 items, 4 tags, training seed 3, bootstrap seed 0" in report.line()
    report.write(tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["metrics"]["map"]["value"] == report.metrics["map"].value
    page = (tmp_path / "report.md").read_text()
    assert "| two tags at once | " in page
    assert "- not placed: x: silent" in page


def test_cosines_do_not_depend_on_lengths():
    tags, items = np.array([[2.0, 0.0]], dtype=np.float32), np.array([[5.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    assert cosine_scores(tags, items).tolist() == [[1.0], [0.0]]


def test_what_cannot_be_scored_is_told():
    with pytest.raises(ConfigError, match="nothing to find"):
        score_tag_retrieval(queries(5), bootstrap=QUICK)
    with pytest.raises(ConfigError, match="nothing to find"):
        score_tag_retrieval(queries(targets=np.zeros((60, 4), dtype=bool)), bootstrap=QUICK)
    with pytest.raises(ShapeError, match="do not fit"):
        score_tag_retrieval(queries(tags=("rock",)), bootstrap=QUICK)
