"""A model beside a person: against scikit-learn and scipy, and the paper's own table."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import f1_score

from tutti.errors import ConfigError, UnknownNameError
from tutti.evaluation.human import class_correlation, compare_with_human, pearson, read_annotations
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Predicted

LABELS = ("Blues", "Hip-Hop", "Jazz", "New Age", "Rock")
FEW = Bootstrap(n_resamples=100, seed=2)


@pytest.fixture
def predicted() -> Predicted:
    rng = np.random.default_rng(0)
    truth = rng.integers(4, size=120)  # nothing is Rock
    scores = rng.random((120, 5)) + 0.7 * np.eye(5)[truth] * [0.2, 1, 0.6, 1.4, 0]
    return Predicted(
        model="m",
        dataset="tones",
        split="test",
        labels=LABELS,
        targets=np.eye(5, dtype=np.bool_)[truth],
        scores=scores.astype(np.float32),
        training_seed=3,
        ids=[f"t{row}" for row in range(120)],
        task="classes",
    )


@pytest.fixture
def answers(predicted) -> dict[str, tuple[str, ...]]:
    rng = np.random.default_rng(1)
    truth = predicted.targets.argmax(axis=1)
    said = np.where(rng.random(120) < 0.6, truth, rng.integers(5, size=120))
    return {f"t{row}": (LABELS[said[row]].lower(),) for row in range(100)} | {"elsewhere": ("jazz",)}


def numbers(predicted, answers):
    truth, ours = predicted.targets[:100].argmax(axis=1), predicted.scores[:100].argmax(axis=1)
    said = [[one.lower() for one in LABELS].index(answers[f"t{row}"][0]) for row in range(100)]
    return truth, np.array(said), ours


def test_the_scores_of_each_class_are_scikit_learns(predicted, answers):
    found = compare_with_human(predicted, answers, annotator="Ann", bootstrap=FEW)
    truth, said, ours = numbers(predicted, answers)
    for who, decided in (("human", said), ("model", ours)):
        by_class = f1_score(truth, decided, average=None, labels=range(4))
        assert [getattr(one, who).value for one in found.classes] == pytest.approx(by_class)
        assert found.metrics[f"f1_macro_{who}"].value == pytest.approx(by_class.mean())
    assert found.metrics["agreement"].value == pytest.approx((said == ours).mean())


def test_the_correlation_is_scipys_over_the_classes_that_occur(predicted, answers):
    found = compare_with_human(predicted, answers, annotator="Ann", bootstrap=FEW)
    scores = [[one.human.value, one.model.value] for one in found.classes]
    assert len(scores) == 4
    assert found.metrics["correlation"].value == pytest.approx(pearsonr(*np.transpose(scores)).statistic)
    truth, said, ours = (np.eye(5, dtype=np.bool_)[one] for one in numbers(predicted, answers))
    assert class_correlation(truth, said, ours) == pytest.approx(found.metrics["correlation"].value)


def test_every_telling_has_its_setting_and_every_value_lies_in_its_interval(predicted, answers, tmp_path):
    found = compare_with_human(predicted, answers, annotator="Ann", bootstrap=FEW)
    for told in (found.line(), found.to_markdown()):
        for fact in ("tones", "test", "100 items", "Ann", "training seed 3", "bootstrap seed 2", "95%"):
            assert fact in told
    assert all(one.low <= one.value <= one.high for one in found.metrics.values())
    assert (found.n_unmatched, found.left_out) == (1, ("Rock",))
    found.write(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["human.json", "human.md"]


def test_the_printed_table_says_nearly_what_the_paper_quotes_of_it():
    # Oramas et al. 2018, table 3: F1 of 15 genres, a person's and the network's. The text quotes 0.87 for sounds and
    # 0.24 for covers; scipy's pearsonr of the printed columns is 0.902 and 0.180.
    heard = [0, 0.40, 0.62, 0, 0.62, 0.33, 0.80, 0, 0.43, 0.44, 0.74, 0.67, 0.55, 0.58, 0]
    audio = [0.05, 0.37, 0.64, 0.13, 0.47, 0.17, 0.69, 0, 0.39, 0.04, 0.73, 0.51, 0.45, 0.54, 0]
    seen = [0.50, 0.60, 0.44, 0.33, 0.38, 0.33, 0.43, 0, 0.46, 0.29, 0.29, 0, 0, 0.40, 0.33]
    visual = [0.36, 0.21, 0.44, 0.23, 0.27, 0.08, 0.49, 0.12, 0.43, 0, 0.39, 0.34, 0.31, 0.20, 0]
    assert pearson(np.array(heard), np.array(audio)) == pytest.approx(0.902, abs=0.0005)
    assert pearson(np.array(seen), np.array(visual)) == pytest.approx(0.180, abs=0.0005)


def test_two_classes_have_no_correlation(predicted):
    truth = predicted.targets[:, :2]
    assert np.isnan(class_correlation(truth, truth, ~truth))


def test_what_does_not_exist_is_null_in_json(predicted):
    rows = [row for row in range(120) if predicted.targets[row, :2].any()]
    found = compare_with_human(
        predicted, {f"t{row}": ("jazz",) for row in rows}, annotator="Ann", bootstrap=Bootstrap(n_resamples=5)
    )
    assert found.to_json()["metrics"]["correlation"] == {"value": None, "low": None, "high": None}


def test_answers_are_read_with_or_without_a_header(tmp_path):
    path = tmp_path / "ann.tsv"
    path.write_text("\ufeffitem_id\tlabel\na\tJazz\n\na\tBlues\nb\tNew Age\n", encoding="utf-8")
    assert read_annotations(path) == {"a": ("Jazz", "Blues"), "b": ("New Age",)}
    path.write_text("a\tJazz\n", encoding="utf-8")
    assert read_annotations(path) == {"a": ("Jazz",)}


@pytest.mark.parametrize(("text", "words"), [("", "no answer"), ("item\tlabel\n", "no answer"), ("a\n", "line 1")])
def test_answers_that_make_no_sense_are_refused(tmp_path, text, words):
    path = tmp_path / "ann.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        read_annotations(path)


def test_foreign_items_and_labels_are_refused(predicted):
    with pytest.raises(ConfigError, match="none of the 1 items"):
        compare_with_human(predicted, {"x": ("jazz",)}, annotator="Ann", bootstrap=FEW)
    with pytest.raises(UnknownNameError, match="Jaz"):
        compare_with_human(predicted, {"t1": ("Jaz",)}, annotator="Ann", bootstrap=FEW)
    with pytest.raises(ConfigError, match="decides for one"):
        compare_with_human(predicted, {"t1": ("jazz", "blues")}, annotator="Ann", bootstrap=FEW)
