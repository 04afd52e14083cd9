"""Ranks, ties, hubs and medians across modalities: by hand, by scikit-learn, and by shuffling."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, ndcg_score

from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.cross_modal import (
    Direction,
    Ranks,
    directions,
    median_estimate,
    paired_difference,
    ranks_of_partners,
    reciprocal_ranks,
    score_cross_modal,
    score_direction,
)
from tutti.evaluation.intervals import Bootstrap
from tutti.models.space_models import unit_rows

QUICK = Bootstrap(n_resamples=50)
AUDIO_TO_TEXT = Direction(asks=("audio",), answers=("text",))


def some_points(n_items: int = 40, *, noise: float = 0.6, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    causes = rng.standard_normal((n_items, 6))
    return {name: unit_rows(causes + noise * rng.standard_normal(causes.shape)) for name in ("audio", "text", "image")}


def test_ranks_count_what_is_nearer_and_what_ties():
    answering = np.array([[1, 0], [0, 1], [1, 0], [-1, 0]], dtype=np.float32)
    asking = np.array([[1, 0], [1, 0], [0, -1]], dtype=np.float32)
    found = ranks_of_partners(asking, answering, np.array([0, 1, 3]))
    assert found.n_before.tolist() == [0, 2, 0]
    assert found.n_tied.tolist() == [1, 0, 2]
    assert found.middle.tolist() == [1.5, 3, 2]
    assert found.recall_at_k(1).tolist() == pytest.approx([1 / 2, 0, 1 / 3])


def test_metrics_are_those_of_scikit_learn_where_nothing_ties():
    points = some_points()
    scores = score_direction(points, AUDIO_TO_TEXT, bootstrap=QUICK).metrics
    similarity, truth = points["audio"] @ points["text"].T, np.eye(40)
    assert scores["ndcg_at_10"].value == pytest.approx(ndcg_score(truth, similarity, k=10), abs=1e-6)
    # of one right answer, average precision is the reciprocal rank
    expected = np.mean([average_precision_score(*row) for row in zip(truth, similarity, strict=True)])
    assert scores["mrr"].value == pytest.approx(expected, abs=1e-6)
    assert scores["map_at_10"].value < scores["mrr"].value


def test_a_tie_is_worth_the_mean_over_all_its_orders():
    ranks = Ranks(n_before=np.array([3]), n_tied=np.array([8]), n_items=20)
    places = np.arange(4, 13)  # where it may stand
    assert ranks.recall_at_k(10)[0] == pytest.approx((places <= 10).mean())
    assert ranks.recall_at_k(1)[0] == 0
    assert ranks.mean_gain(1 / np.arange(1, 21))[0] == pytest.approx((1 / places).mean())
    assert ranks.middle[0] == places.mean()


def test_points_that_are_all_alike_score_exactly_as_chance():
    points = {name: np.tile(np.float32([1, 0]), (30, 1)) for name in ("audio", "text")}
    found = score_direction(points, AUDIO_TO_TEXT, bootstrap=QUICK)
    for name, chance in found.chance.items():
        assert found.metrics[name].value == pytest.approx(chance), name
    assert found.chance["recall_at_5"] == pytest.approx(5 / 30)
    assert found.metrics["median_rank"].value == 15.5


def test_chance_is_what_random_points_give():
    rng = np.random.default_rng(0)
    runs = [
        score_direction(
            {name: unit_rows(rng.standard_normal((25, 8))) for name in ("audio", "text")},
            AUDIO_TO_TEXT,
            bootstrap=QUICK,
        )
        for _ in range(60)
    ]
    for name in ("recall_at_10", "mrr", "ndcg_at_10", "median_rank"):
        mean = np.mean([run.metrics[name].value for run in runs])
        assert mean == pytest.approx(runs[0].chance[name], rel=0.12), name


def test_the_order_of_the_items_changes_nothing():
    points = some_points()
    order = np.random.default_rng(1).permutation(40)
    shuffled = {name: some[order] for name, some in points.items()}
    one, other = (score_direction(some, AUDIO_TO_TEXT, bootstrap=QUICK) for some in (points, shuffled))
    for name, estimate in one.metrics.items():
        assert other.metrics[name].value == pytest.approx(estimate.value)
    assert other.hubness.skewness == pytest.approx(one.hubness.skewness)


def test_items_without_what_asks_are_still_ranked_and_those_without_what_answers_are_not():
    points = some_points()
    points["audio"][:10] = np.nan
    points["text"][35:] = np.nan
    found = score_direction(points, AUDIO_TO_TEXT, bootstrap=QUICK)
    assert (found.n_queries, found.n_items) == (25, 35)


def test_two_noisy_modalities_merged_find_more_than_one_of_them():
    points = some_points(300, noise=1.5)
    alone, both = (
        score_direction(points, Direction(asks=asks, answers=("text",)), bootstrap=QUICK).metrics["mrr"]
        for asks in (("audio",), ("audio", "image"))
    )
    assert both.value > alone.value


def test_what_a_modality_adds_is_told_by_the_same_queries():
    points = some_points(600, noise=1.0)
    points["image"][:20] = np.nan
    alone, both = (
        reciprocal_ranks(points, Direction(asks=asks, answers=("text",))) for asks in (("audio",), ("audio", "image"))
    )
    scored = score_direction(points, AUDIO_TO_TEXT, bootstrap=QUICK)
    assert alone.mean() == pytest.approx(scored.metrics["mrr"].value)
    found = paired_difference(both, alone, bootstrap=Bootstrap(n_resamples=200))
    assert np.isnan(both).sum() == 20
    assert found.value == pytest.approx((both - alone)[20:].mean())
    assert 0 < found.low < found.value < found.high
    assert paired_difference(alone, alone, bootstrap=QUICK).value == 0
    with pytest.raises(ShapeError, match="cannot be compared"):
        paired_difference(alone, both[:5], bootstrap=QUICK)


@pytest.mark.parametrize("n_items", [20, 21])
def test_the_interval_of_a_median_surrounds_it(n_items):
    values = np.random.default_rng(0).exponential(size=n_items)
    found = median_estimate(values, Bootstrap(n_resamples=400))
    assert found.low < found.value < found.high
    assert found.value == np.median(values)
    rng = np.random.default_rng(1)
    by_drawing = [np.median(rng.choice(values, n_items)) for _ in range(4000)]
    assert found.low == pytest.approx(np.quantile(by_drawing, 0.025), abs=0.15)


def test_every_choice_of_modalities_asks_for_every_other():
    titles = [one.title for one in directions(["audio", "text", "image"])]
    assert len(titles) == len({*titles}) == 3 * 3 + 3
    assert "audio + image → text" in titles
    assert "audio → text + image" in titles


def test_a_report_tells_its_setting_and_writes_both_files(tmp_path):
    points = some_points()
    points["image"][:] = np.nan
    report = score_cross_modal(points, model="space", dataset="ours", split="test", bootstrap=QUICK, training_seed=3)
    assert "ours, split test, 40 items, training seed 3" in report.line()
    assert "audio → text" in report.line()
    assert "(chance 0.250)" in report.line()  # ten places of 40
    assert "0 items can be found" in report.left_out["audio → image"]
    report.write(tmp_path)
    plain = json.loads((tmp_path / "report.json").read_text())
    assert plain["n_present"] == {"audio": 40, "text": 40, "image": 0}
    page = (tmp_path / "report.md").read_text()
    assert "| audio → text | 40, 40 |" in page
    assert "never found" in page


def test_points_that_do_not_fit_or_are_of_one_modality_are_refused():
    points = some_points(3)
    about = {"model": "space", "dataset": "ours", "split": "test"}
    with pytest.raises(ConfigError, match="the points are of audio"):
        score_cross_modal({"audio": points["audio"]}, **about)
    with pytest.raises(ShapeError, match="shapes"):
        score_cross_modal({"audio": points["audio"], "text": points["text"][:2]}, **about)
    with pytest.raises(ConfigError, match="nothing can be found on ours"):
        score_cross_modal({name: np.full((3, 2), np.nan, dtype=np.float32) for name in points}, **about)
