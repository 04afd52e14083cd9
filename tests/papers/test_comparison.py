"""Ours beside the published values."""

from __future__ import annotations

import pytest

from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.report import Estimate, LabelScores, Report
from tutti.papers.comparison import SMOKE, Cell, Comparison, Run
from tutti.papers.table import Column, Row, Table

COLUMN = Column(name="mtat", title="MagnaTagATune", dataset="magnatagatune", protocol="filtered")
ROW = Row(name="ours", title="Our tagger", published={"mtat": (0.90, 0.45)})
BLOCKED = Row(name="theirs", title="Their tagger", published={"mtat": (0.91, float("nan"))}, obstacle="it is secret")
TABLE = Table(key="work/table1", title="Taggers", source="Work, table 1", columns=(COLUMN,), rows=(ROW, BLOCKED))


def report(roc_auc: float, pr_auc: float) -> Report:
    metrics = {
        name: Estimate(value=value, low=value - 0.01, high=value + 0.01)
        for name, value in (("roc_auc_macro", roc_auc), ("pr_auc_macro", pr_auc))
    }
    settings = {"model": "m", "dataset": "mtat", "split": "test", "n_items": 4332, "threshold": 0.5, "labels": ()}
    return Report(bootstrap=Bootstrap(), metrics=metrics, **settings)


def cell(*runs: Run) -> Cell:
    return Cell(row=ROW, column=COLUMN, runs=runs)


def test_the_difference_is_ours_minus_published():
    found = Comparison(table=TABLE, cells=(cell(Run(seed=0, report=report(0.92, 0.44))),))
    assert found.to_json()["cells"][0]["metrics"]["roc_auc_macro"]["difference"] == pytest.approx(0.02)
    assert "| 0.9200 [0.9100, 0.9300] | 0.9000 | +0.0200 | 0.4400 [0.4300, 0.4500] | 0.4500 | -0.0100 |" in (
        found.to_markdown()
    )


def test_several_seeds_are_averaged_and_their_spread_is_told():
    two = cell(Run(seed=0, report=report(0.90, 0.4)), Run(seed=1, report=report(0.92, 0.4)))
    estimate = two.ours("roc_auc_macro")
    assert estimate is not None
    assert estimate.value == pytest.approx(0.91)
    assert two.spread("roc_auc_macro") == pytest.approx(0.014142, abs=1e-6)


def test_scores_come_with_dataset_split_seed_and_number_of_items():
    text = Comparison(table=TABLE, cells=(cell(Run(seed=3, report=report(0.92, 0.44))),)).to_markdown()
    for told in ("magnatagatune", "filtered", "split test", "4,332 items", "training seeds 3", "bootstrap seed 0"):
        assert told in text


def test_what_cannot_be_repeated_says_why_beside_its_published_value():
    text = Comparison(table=TABLE, cells=(Cell(row=BLOCKED, column=COLUMN),)).to_markdown()
    assert "| Their tagger | not repeated: it is secret | 0.9100 |" in text


def test_failed_runs_are_listed():
    found = Comparison(table=TABLE, cells=(cell(Run(seed=0, failure="no sound")),))
    assert found.failures == {"ours on mtat, seed 0": "no sound"}
    assert "- failed: ours on mtat, seed 0: no sound" in found.to_markdown()


def test_a_smoke_run_says_that_its_scores_mean_nothing():
    assert SMOKE in Comparison(table=TABLE, cells=(), smoke=True).to_markdown()


def test_it_is_written_as_json_and_markdown(tmp_path):
    Comparison(table=TABLE, cells=(cell(Run(seed=0, report=report(0.92, 0.44))),)).write(tmp_path)
    assert (tmp_path / "comparison.md").read_text(encoding="utf-8").startswith("# work/table1: Taggers")
    assert '"difference": 0.02' in (tmp_path / "comparison.json").read_text(encoding="utf-8")


def class_report(f1: dict[str, float]) -> Report:
    """A report on classes, of which only F1 is told."""
    none = Estimate(value=float("nan"), low=float("nan"), high=float("nan"))
    labels = tuple(
        LabelScores(label=label, n_positives=1, roc_auc=none, pr_auc=none, precision=0, recall=0, f1=value)
        for label, value in f1.items()
    )
    settings = {"model": "m", "dataset": "d", "split": "test", "n_items": 9, "threshold": 0.5, "labels": labels}
    return Report(bootstrap=Bootstrap(), metrics={"f1_macro": Estimate(value=0.4, low=0.3, high=0.5)}, **settings)


def test_many_metrics_stand_below_one_another_with_a_persons_scores_beside(tmp_path):
    genres = ("Blues", "Folk", "Jazz", "Pop", "Rap", "Rock")
    column = Column(
        name="d", title="D", dataset="d", protocol="p", metrics=(*(f"f1 of {one}" for one in genres), "f1_macro")
    )
    person = Row(
        name="person", title="person", published={"d": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.35)}, obstacle="secret"
    )
    network = Row(name="net", title="network", published={"d": (0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.35)})
    run = Run(seed=0, report=class_report({"Blues": 0.25, "Jazz": 0.75}))
    cells = (Cell(row=person, column=column), Cell(row=network, column=column, runs=(run,)))
    found = Comparison(table=TABLE, cells=cells)
    text = found.to_markdown()
    assert "|  | person | network | published |" in text
    assert "| F1, Jazz | 0.3000 | 0.7500 | 0.4000 |" in text
    assert "| F1, Rock | 0.6000 |  | 0.1000 |" in text
    assert "| F1, macro | 0.3500 | 0.4000 [0.3000, 0.5000] | 0.3500 |" in text
    assert "- person: not repeated: secret" in text
    found.write(tmp_path)
    assert "NaN" not in (tmp_path / "comparison.json").read_text(encoding="utf-8")


def test_a_printed_deviation_stands_beside_its_value():
    row = Row(name="ours", title="Our tagger", published={"mtat": (0.9, 0.4)}, spread={"mtat": (0.01, 0.02)})
    one = Cell(row=row, column=COLUMN, runs=(Run(seed=0, report=report(0.92, 0.44)),))
    assert "| 0.9000 ± 0.0100 | +0.0200 |" in Comparison(table=TABLE, cells=(one,)).to_markdown()
    assert one.published_spread("pr_auc_macro") == 0.02
