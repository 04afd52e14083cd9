"""Graded rankings against scikit-learn and by hand, and retrieval between modalities that share a space."""

import json
from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from tutti.data.ontology import Ontology
from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.graded_ranking import (
    RetrievalReport,
    expected_ndcg_at_k,
    graded_ndcg_at_k,
    retrieval_metrics,
)
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.ranking import ndcg_at_k

BOOTSTRAP = Bootstrap(n_resamples=200)
ONTOLOGY = Ontology.from_children({"Music": ["Strings", "Drums"], "Strings": ["Violin", "Cello"], "Drums": ["Cymbal"]})


@pytest.fixture
def placed() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Ninety items of three labels; sounds and covers of a label lie together."""
    labels = ["Violin", "Cello", "Cymbal"] * 30
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(3)[None], 30, axis=0).reshape(90, 3)
    points = {name: (centres + 0.1 * rng.standard_normal((90, 3))).astype(np.float32) for name in ("audio", "image")}
    return points, ONTOLOGY.relevance([[one] for one in labels], [[one] for one in labels])


def test_graded_gain_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    relevance, scores = rng.integers(0, 22, (20, 60)), rng.standard_normal((20, 60))
    ours = graded_ndcg_at_k(relevance, scores, k=30)
    assert ours.mean() == pytest.approx(ndcg_score(relevance, scores, k=30))


def test_grades_of_0_and_1_give_the_ungraded_metric():
    rng = np.random.default_rng(0)
    relevant, scores = rng.random((20, 40)) < 0.2, rng.standard_normal((20, 40))
    np.testing.assert_allclose(graded_ndcg_at_k(relevant * 1.0, scores, k=10), ndcg_at_k(relevant, scores, k=10))


def test_the_best_order_is_that_of_all_items_not_of_those_found():
    relevance = np.array([[1.0, 1.0, 3.0]])
    assert graded_ndcg_at_k(relevance, np.array([[3, 2, 1]]), k=1).tolist() == [pytest.approx(1 / 3)]


def test_items_that_cannot_be_judged_change_nothing():
    relevance, scores = np.array([[3.0, 0, 2]]), np.array([[1.0, 2, 3]])
    holed = np.array([[np.nan, 3, np.nan, 0, 2]])
    for k in (1, 2, 3):
        expected = graded_ndcg_at_k(relevance, scores, k=k)
        np.testing.assert_allclose(graded_ndcg_at_k(holed, np.array([[9.0, 1, 8, 2, 3]]), k=k), expected)
        np.testing.assert_allclose(expected_ndcg_at_k(holed, k=k), expected_ndcg_at_k(relevance, k=k))


def test_a_query_to_which_nothing_is_relevant_has_no_score():
    assert np.isnan(graded_ndcg_at_k(np.zeros((1, 3)), np.zeros((1, 3)), k=2)).all()
    assert np.isnan(graded_ndcg_at_k(np.full((1, 3), np.nan), np.zeros((1, 3)), k=2)).all()


@pytest.mark.parametrize("k", [1, 3, 4])
def test_chance_is_the_mean_over_all_orders(k):
    relevance = np.array([[5.0, 2, 0, 1]])
    orders = [graded_ndcg_at_k(relevance, np.array([order]), k=k) for order in permutations(range(4))]
    np.testing.assert_allclose(expected_ndcg_at_k(relevance, k=k), np.mean(orders))


def test_what_lies_together_is_found_and_noise_is_chance(placed):
    points, relevance = placed
    found = retrieval_metrics(points, relevance, depth=10, bootstrap=BOOTSTRAP)
    assert found["ndcg_audio_to_image"].value == pytest.approx(1)
    assert found["ndcg_image_to_audio"].low > found["ndcg_image_to_audio_random"].high
    noise = {name: np.random.default_rng(7).permutation(some) for name, some in points.items()}
    noise["image"] = np.random.default_rng(8).permutation(noise["image"])
    missed = retrieval_metrics(noise, relevance, depth=10, bootstrap=BOOTSTRAP)
    assert missed["ndcg_audio_to_image"].value == pytest.approx(found["ndcg_audio_to_image_random"].value, abs=0.08)
    for metric in (*found.values(), *missed.values()):
        assert metric.low <= metric.value <= metric.high <= 1


def test_ranking_by_distance_is_not_ranking_by_direction():
    points = {"audio": np.array([[1.0, 0], [0, 1]]), "image": np.array([[9.0, 1], [0.6, 0.5]])}
    relevance = np.array([[2.0, 1], [1, 2]])
    by_distance, by_direction = (
        retrieval_metrics(points, relevance, depth=1, likeness=one, bootstrap=BOOTSTRAP)["ndcg_audio_to_image"].value
        for one in ("euclidean", "cosine")
    )
    assert by_distance == pytest.approx(0.75)  # both find the second picture
    assert by_direction == pytest.approx(1)


def test_items_without_a_modality_neither_ask_nor_answer(placed):
    points, relevance = placed
    points["image"][60:] = np.nan
    found = retrieval_metrics(points, relevance, depth=10, bootstrap=BOOTSTRAP)
    distances = np.linalg.norm(points["audio"][:, None] - points["image"][None, :60], axis=2)
    by_hand = graded_ndcg_at_k(relevance[:, :60], -distances, k=10).mean()
    assert found["ndcg_audio_to_image"].value == pytest.approx(by_hand)
    by_hand = graded_ndcg_at_k(relevance[:60], -distances.T, k=10).mean()
    assert found["ndcg_image_to_audio"].value == pytest.approx(by_hand)
    with pytest.raises(ConfigError, match="90 items with audio ask for 61 of 60 with image"):
        retrieval_metrics(points, relevance, depth=61, bootstrap=BOOTSTRAP)


def test_three_modalities_are_six_pairs(placed):
    points, relevance = placed
    found = retrieval_metrics(points | {"text": points["audio"]}, relevance, depth=5, bootstrap=BOOTSTRAP)
    assert len([name for name in found if not name.endswith("_random")]) == 6


def test_a_report_is_written_with_chance_beside_every_score(placed, tmp_path):
    points, relevance = placed
    report = RetrievalReport(
        model="translation",
        dataset="toy",
        split="test",
        n_items=90,
        n_unjudged=0,
        bootstrap=BOOTSTRAP,
        depth=10,
        likeness="euclidean",
        metrics=retrieval_metrics(points, relevance, depth=10, bootstrap=BOOTSTRAP),
    )
    report.write(tmp_path)
    values = json.loads((tmp_path / "report.json").read_text())
    assert values["metrics"]["ndcg_audio_to_image"]["value"] == pytest.approx(1)
    assert "| image by audio | 1.000 [1.000, 1.000] |" in (tmp_path / "report.md").read_text()
    assert "NDCG@10 image by audio 1.000" in report.line()


def test_matrices_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match="depth of 4"):
        graded_ndcg_at_k(np.ones((1, 3)), np.ones((1, 3)), k=4)
    with pytest.raises(ShapeError, match="scores"):
        graded_ndcg_at_k(np.ones((1, 3)), np.ones((1, 4)), k=2)
    with pytest.raises(ShapeError, match="cannot be ranked"):
        graded_ndcg_at_k(-np.ones((1, 3)), np.ones((1, 3)), k=2)
    with pytest.raises(ShapeError, match="do not fit"):
        retrieval_metrics(
            {"audio": np.ones((3, 2)), "image": np.ones((3, 4))}, np.ones((3, 3)), depth=1, bootstrap=BOOTSTRAP
        )
