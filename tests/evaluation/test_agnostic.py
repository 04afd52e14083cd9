"""Classification across modalities, on vectors whose answers are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tutti.errors import ConfigError, ShapeError
from tutti.evaluation.agnostic import (
    AgnosticConfig,
    Clips,
    agnostic_study,
    centroid_distances,
    forest_answers,
    mixing_curve,
)
from tutti.evaluation.agnostic_figures import draw_classes, draw_confusion, draw_curves, draw_distances
from tutti.evaluation.agnostic_report import Answers
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Estimate

N_EACH = 12
SMALL = AgnosticConfig(n_trees=10, bootstrap=Bootstrap(n_resamples=30))


@pytest.fixture
def clips():
    """Three classes in turn; a quarter of the items is asked about."""
    classes = np.arange(3 * N_EACH) % 3
    is_test = np.arange(3 * N_EACH) >= 27
    return Clips(classes=classes, names=("drum", "flute", "organ"), is_train=~is_test, is_test=is_test)


def vectors(clips, centres, seed=0):
    """Each class around its own centre."""
    noise = 0.1 * np.random.default_rng(seed).standard_normal((len(clips.classes), 2))
    return (np.array(centres)[clips.classes] + noise).astype(np.float32)


@pytest.fixture
def agreeing(clips):
    """Sounds and pictures of a class in the same place."""
    centres = [(0, 0), (3, 0), (0, 3)]
    return {"audio": vectors(clips, centres), "image": vectors(clips, centres, seed=1)}


@pytest.fixture
def shuffled(clips, agreeing):
    """Pictures of each class where the sounds of another are."""
    return {"audio": agreeing["audio"], "image": vectors(clips, [(3, 0), (0, 3), (0, 0)], seed=1)}


def test_where_modalities_share_a_space_nothing_of_the_target_is_needed(clips, agreeing):
    curve = mixing_curve(agreeing, clips, SMALL, source="audio", target="image")
    assert [point.f1_macro.value for point in curve] == [1.0] * len(curve)


def test_where_they_do_not_the_target_must_be_learned(clips, shuffled):
    curve = mixing_curve(shuffled, clips, SMALL, source="audio", target="image")
    assert [(point.per_class, point.n_added) for point in curve] == [(0, 0), (1, 3), (2, 6), (4, 12), (8, 24), (9, 27)]
    assert curve[0].f1_macro.value == 0
    only = mixing_curve({"a": shuffled["image"], "b": shuffled["image"]}, clips, SMALL, source="a", target="b")
    assert only[0].f1_macro.value == 1


def test_the_forest_is_scikit_learns(clips, agreeing):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    points = {"audio": agreeing["audio"], "image": rng.standard_normal((36, 2)).astype(np.float32)}
    forest = RandomForestClassifier(n_estimators=10, max_depth=32, random_state=0)
    forest.fit(points["audio"][clips.is_train], clips.classes[clips.is_train])
    expected = forest.predict(points["image"][clips.is_test])
    point = mixing_curve(points, clips, SMALL, source="audio", target="image")[0]
    assert point.f1_macro.value == pytest.approx(f1_score(clips.classes[clips.is_test], expected, average="macro"))
    assert point.f1_macro.low <= point.f1_macro.value <= point.f1_macro.high


def test_a_class_that_runs_out_gives_all_it_has(clips, agreeing):
    few = agreeing["image"].copy()
    few[(clips.classes == 0) & clips.is_train & (np.arange(36) > 5)] = np.nan
    curve = mixing_curve({"audio": agreeing["audio"], "image": few}, clips, SMALL, source="audio", target="image")
    assert [(point.per_class, point.n_added) for point in curve] == [(0, 0), (1, 3), (2, 6), (4, 10), (8, 18), (9, 20)]


def test_steps_can_be_chosen_and_end_where_the_items_do():
    assert AgnosticConfig(per_class=(0, 3, 10, 99)).steps(12) == (0, 3, 10, 12)
    assert AgnosticConfig().steps(0) == (0,)
    with pytest.raises(ConfigError, match="does not rise"):
        AgnosticConfig(per_class=(3, 1))
    with pytest.raises(ConfigError, match="makes no sense"):
        AgnosticConfig(n_trees=0)


def test_distances_between_centroids_are_those_of_the_means(clips):
    exact = np.array([(0, 0), (3, 0), (0, 4)], dtype=np.float32)[clips.classes]
    distances = centroid_distances({"audio": exact, "image": exact + 1}, clips)
    assert distances.shape == (6, 6)
    np.testing.assert_allclose(distances[0], [0, 3, 4, 2**0.5, (16 + 1) ** 0.5, (1 + 25) ** 0.5])
    np.testing.assert_allclose(distances, distances.T)


def test_a_study_tells_everything_and_is_written(clips, agreeing, shuffled, tmp_path):
    placed = {"translated": agreeing, "components": shuffled}
    report = agnostic_study(placed, shuffled, clips, SMALL, on="toy clips")
    assert report.zero_shot("translated", "image").value == 1
    assert report.share_of_best("components", "image") == 0
    assert (report.same_class_share("translated"), report.same_class_share("components")) == (1, 0)
    assert report.reference("audio").f1_by_class == (1, 1, 1)
    assert np.trace(report.reference("audio").confusion) == 9
    report.write(tmp_path)
    assert json.loads((tmp_path / "agnostic.json").read_text())["n_test"] == 9
    page = (tmp_path / "agnostic.md").read_text()
    assert "Nothing of image, translated: 100% of the best." in page
    assert "27 items learned from, 9 asked about" in page
    for draw in (draw_curves, draw_confusion, draw_classes, draw_distances):
        assert draw(report, tmp_path / f"{draw.__name__}.png").stat().st_size > 5000


def test_classes_taken_for_each_other_count_both_ways():
    exact = Estimate(value=0, low=0, high=0)
    confusion = ((5, 3, 0), (2, 5, 1), (0, 0, 5))
    answers = Answers(representation="", target="", f1_macro=exact, f1_by_class=(0, 0, 0), confusion=confusion)
    assert answers.confusions(("a", "b", "c")) == [("a", "b", 5), ("b", "c", 1)]


def test_the_same_seed_gives_the_same_answers(clips, shuffled):
    train = (shuffled["audio"][clips.is_train], clips.classes[clips.is_train])
    first, again = (forest_answers(train, shuffled["image"], SMALL) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_what_cannot_be_asked_is_refused(clips, agreeing):
    nothing = {"audio": agreeing["audio"], "image": np.full((36, 2), np.nan, dtype=np.float32)}
    with pytest.raises(ConfigError, match="0 with image to ask about"):
        mixing_curve(nothing, clips, SMALL, source="audio", target="image")
    with pytest.raises(ShapeError, match="3 vectors for 36 items"):
        clips.rows(np.zeros((3, 2), dtype=np.float32), clips.is_test)
    with pytest.raises(ConfigError, match="both learned from and asked about"):
        Clips(classes=clips.classes, names=clips.names, is_train=clips.is_test, is_test=clips.is_test)
