"""Retrieval between modalities that share a space, or do not."""

import json

import numpy as np
import pytest

from tutti.data.ontology import Ontology
from tutti.errors import ConfigError, ShapeError, UnknownNameError
from tutti.evaluation.graded_ranking import graded_ndcg_at_k
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.retrieval import RetrievalSettings, retrieval_metrics, score_retrieval

ONTOLOGY = Ontology.from_children({"Music": ["Strings", "Drums"], "Strings": ["Violin", "Cello"], "Drums": ["Cymbal"]})
LABELS = [["Violin"], ["Cello"], ["Cymbal", "Music"]] * 30


def to(depth: int, likeness: str = "euclidean") -> RetrievalSettings:
    return RetrievalSettings(depth=depth, likeness=likeness, bootstrap=Bootstrap(n_resamples=200))


@pytest.fixture
def placed() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Ninety items of three labels; sounds and covers of a label lie together."""
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(3)[None], 30, axis=0).reshape(90, 3)
    points = {name: (centres + 0.1 * rng.standard_normal((90, 3))).astype(np.float32) for name in ("audio", "image")}
    return points, ONTOLOGY.relevance(LABELS, LABELS)


def test_what_lies_together_is_found_and_noise_is_chance(placed):
    points, relevance = placed
    found = retrieval_metrics(points, relevance, to(10))
    assert found["ndcg_audio_to_image"].value == pytest.approx(1)
    assert found["ndcg_image_to_audio"].low > found["ndcg_image_to_audio_random"].high
    noise = {name: np.random.default_rng(7).permutation(some) for name, some in points.items()}
    noise["image"] = np.random.default_rng(8).permutation(noise["image"])
    missed = retrieval_metrics(noise, relevance, to(10))
    assert missed["ndcg_audio_to_image"].value == pytest.approx(found["ndcg_audio_to_image_random"].value, abs=0.08)
    for metric in (*found.values(), *missed.values()):
        assert metric.low <= metric.value <= metric.high <= 1


def test_ranking_by_distance_is_not_ranking_by_direction():
    points = {"audio": np.array([[1.0, 0], [0, 1]]), "image": np.array([[9.0, 1], [0.6, 0.5]])}
    relevance = np.array([[2.0, 1], [1, 2]])
    by_distance, by_direction = (
        retrieval_metrics(points, relevance, to(1, one))["ndcg_audio_to_image"].value for one in ("euclidean", "cosine")
    )
    assert by_distance == pytest.approx(0.75)  # both find the second picture
    assert by_direction == pytest.approx(1)


def test_items_without_a_modality_neither_ask_nor_answer(placed):
    points, relevance = placed
    points["image"][60:] = np.nan
    found = retrieval_metrics(points, relevance, to(10))
    distances = np.linalg.norm(points["audio"][:, None] - points["image"][None, :60], axis=2)
    by_hand = graded_ndcg_at_k(relevance[:, :60], -distances, k=10).mean()
    assert found["ndcg_audio_to_image"].value == pytest.approx(by_hand)
    by_hand = graded_ndcg_at_k(relevance[:60], -distances.T, k=10).mean()
    assert found["ndcg_image_to_audio"].value == pytest.approx(by_hand)
    with pytest.raises(ConfigError, match="90 items with audio ask for 61 of 60 with image"):
        retrieval_metrics(points, relevance, to(61))


def test_three_modalities_are_six_pairs(placed):
    points, relevance = placed
    found = retrieval_metrics(points | {"text": points["audio"]}, relevance, to(5))
    assert len([name for name in found if not name.endswith("_random")]) == 6


def test_a_report_is_written_with_chance_beside_every_score(placed, tmp_path):
    points, _ = placed
    labels = [*LABELS[:-1], ["Music"]]
    report = score_retrieval(points, labels, ONTOLOGY, to(10), model="translation", on=("toy", "test"))
    report.write(tmp_path)
    values = json.loads((tmp_path / "report.json").read_text())
    assert values["metrics"]["ndcg_audio_to_image"]["value"] == pytest.approx(1)
    assert (values["n_items"], values["n_unjudged"], values["n_present"]["image"]) == (89, 1, 89)
    assert "| image by audio | 1.000 [1.000, 1.000] |" in (tmp_path / "report.md").read_text()
    assert "NDCG@10 image by audio 1.000" in report.line()


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(ShapeError, match="do not fit"):
        retrieval_metrics({"audio": np.ones((3, 2)), "image": np.ones((3, 4))}, np.ones((3, 3)), to(1))
    with pytest.raises(ConfigError, match="anything to do with"):
        retrieval_metrics({"audio": np.ones((3, 2)), "image": np.ones((3, 2))}, np.zeros((3, 3)), to(1))
    with pytest.raises(ConfigError, match="depth=0"):
        to(0)
    with pytest.raises(UnknownNameError, match="manhattan"):
        to(1, "manhattan")
