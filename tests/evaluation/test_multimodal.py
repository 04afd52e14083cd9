"""Scoring items: with every choice of modalities, of whatever can be wrong with files, beside the truth."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from tutti.data.catalogue import Catalogue
from tutti.errors import ConfigError, UnknownNameError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.missing import subsets
from tutti.evaluation.multimodal import (
    ItemSelection,
    items_to_score,
    offered_items,
    predict_items,
    predicted_of,
    score_subsets,
    scored_items,
    scored_report,
    write_subsets,
)
from tutti.evaluation.report import Report
from tutti.evaluation.values_report import ValuesReport
from tutti.models.fusion import build_fusion
from tutti.models.multimodal import MultimodalModel
from tutti.models.readouts import ClassReadout, ValueReadout

FEW = Bootstrap(n_resamples=10, seed=0)


def changed(model: MultimodalModel, **changes: object) -> MultimodalModel:
    return MultimodalModel(dataclasses.replace(model.config, **changes), model.encoders, model.fusion)  # type: ignore[arg-type]


def of_values(model: MultimodalModel) -> MultimodalModel:
    """A model, untrained, that tells valence and arousal."""
    config = dataclasses.replace(model.config, target="values", labels=("valence", "arousal"), n_outputs=2)
    readout = ValueReadout(np.zeros(2, np.float32), np.ones(2, np.float32))
    return MultimodalModel(config, model.encoders, build_fusion(model.fusion.dims, readout, config.fusion))


def test_scores_are_those_of_the_predictions_beside_the_tags(shelf_model: MultimodalModel, shelf: Catalogue) -> None:
    scored = items_to_score(shelf_model, shelf, "test")
    described = shelf_model.predict(scored.items)
    report = scored_report(shelf_model, scored, described, bootstrap=FEW)
    assert [item.item_id for item in scored.items] == ["10a", "10b", "11a", "11b", "9a", "9b"]
    truth = np.array([[label in item.tags for label in shelf_model.labels] for item in scored.items])
    np.testing.assert_array_equal(scored.targets, truth)
    wanted = average_precision_score(truth, described.predictions, average="macro")
    assert report.metrics["pr_auc_macro"].value == pytest.approx(wanted)
    assert (report.n_items, report.failures) == (6, {})


def test_every_choice_of_modalities_is_scored_as_without_the_others(
    shelf_model: MultimodalModel, shelf: Catalogue, tmp_path: Path
) -> None:
    scored = items_to_score(shelf_model, shelf, "test")
    reports = score_subsets(shelf_model, scored, bootstrap=FEW)
    assert list(reports) == list(subsets(shelf_model.modalities))
    for chosen, report in reports.items():
        without = [one for one in shelf_model.modalities if one not in chosen]
        predicted = predict_items(shelf_model, shelf, without=without)
        assert isinstance(report, Report)
        assert (report.model, report.n_items) == (predicted.model, len(predicted.ids or ()))
        assert report.failures == predicted.failures
        wanted = average_precision_score(predicted.targets, predicted.scores, average="macro")
        assert report.metrics["pr_auc_macro"].value == pytest.approx(wanted)
    assert reports["image",].n_items == 5
    assert "nothing is left of it without audio and text" in reports["image",].failures["10b"]
    write_subsets(reports, tmp_path)
    assert len(json.loads((tmp_path / "subsets.json").read_text(encoding="utf-8"))) == 7
    assert (tmp_path / "subsets.md").read_text(encoding="utf-8").count("\n- ") == 7


def test_an_item_of_which_nothing_is_left_is_among_the_failures_and_not_scored(
    shelf_model: MultimodalModel, bad_shelf: Catalogue
) -> None:
    predicted = predict_items(shelf_model, bad_shelf)
    assert "lost" not in (predicted.ids or ())
    assert "broken.mp3" in predicted.failures["lost"]
    assert np.isfinite(predicted.scores).all()


BAD = {
    "no cover": None,
    "pixel.png": None,
    "huge.png": "pixels; at most 50000000 are read",
    "print.jpg": None,
    "animated.gif": None,
    "cut.jpg": "is damaged",
    "5 megabytes": None,
    "empty": None,
    "japanese": "none of its words is known",
    "invalid": "3 characters of its text are no valid UTF-8",
    "no sound": None,
    "broken sound": "broken.mp3",
}


@pytest.mark.parametrize(("name", "problem"), BAD.items())
def test_whatever_is_wrong_with_a_track_s_files_it_is_scored_by_the_rest_and_told_of(
    name: str, problem: str | None, bad_shelf: Catalogue, predicted_bad: tuple[dict[str, str], set[str]]
) -> None:
    failures, scored = predicted_bad
    assert name in scored
    if problem is None:
        assert name not in failures
    else:
        assert failures[name].startswith("scored by the rest: ")
        assert problem in failures[name]


@pytest.fixture(scope="module")
def predicted_bad(shelf_model: MultimodalModel, bad_shelf: Catalogue) -> tuple[dict[str, str], set[str]]:
    """Failures of the bad tracks, and which were scored."""
    predicted = predict_items(shelf_model, bad_shelf)
    return predicted.failures, set(predicted.ids or ())


def test_what_cannot_be_read_counts_as_absent_and_never_as_zeros(
    shelf_model: MultimodalModel, bad_shelf: Catalogue
) -> None:
    names = ("cut.jpg", "huge.png", "no cover")
    items = [item for item in offered_items(bad_shelf, "test", ItemSelection()) if item.item_id in names]
    streams = shelf_model.encode(items)
    assert streams.presence.tolist() == [[True, False, True]] * 3
    assert np.isnan(streams.vectors[1]).all()
    predictions = shelf_model.describe(streams).predictions
    np.testing.assert_array_equal(predictions, np.repeat(predictions[:1], 3, axis=0))  # sound and review are the same


def test_of_an_album_with_bad_files_the_other_tracks_count(shelf_model: MultimodalModel, bad_shelf: Catalogue) -> None:
    model = changed(shelf_model, level="album")
    predicted = predict_items(model, bad_shelf)
    albums = {f"Bad / {name}" for name in BAD}
    assert albums <= set(predicted.ids or ())
    told = {name for name in predicted.failures if name in albums}
    assert told == {f"Bad / {name}" for name in ("huge.png", "cut.jpg", "invalid", "broken sound")}
    assert "lost" in predicted.failures


def test_reports_count_failures_and_write_them_down(
    shelf_model: MultimodalModel, bad_shelf: Catalogue, tmp_path: Path
) -> None:
    scored = items_to_score(shelf_model, bad_shelf, "test")
    report = scored_report(shelf_model, scored, shelf_model.predict(scored.items), bootstrap=FEW)
    assert report.n_items == len(scored.items) - 1  # all but the lost one
    report.write(tmp_path)
    plain = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert set(plain["failures"]) == {"lost", *(name for name, problem in BAD.items() if problem)}


def test_without_a_modality_nothing_is_told_of_its_files(shelf_model: MultimodalModel, bad_shelf: Catalogue) -> None:
    failures = predict_items(shelf_model, bad_shelf, without=["image"]).failures
    assert "cut.jpg" not in failures
    assert "broken sound" in failures
    scored = items_to_score(shelf_model, bad_shelf, "test")
    chosen = score_subsets(shelf_model, scored, bootstrap=FEW)["audio", "text"]
    assert chosen.failures == failures


def test_a_label_that_never_occurred_in_training_is_told_of_and_not_scored(
    shelf_model: MultimodalModel, shelf: Catalogue
) -> None:
    model = changed(shelf_model, base_rates={"low": 0.5, "high": 0.5, "calm": 0.0, "lively": 0.5})
    predicted = predict_items(model, shelf)
    assert (predicted.labels, predicted.unlearned) == (("low", "high", "lively"), ("calm",))
    assert predicted.scores.shape == (6, 3)


def test_values_are_scored_where_they_are_known(shelf_model: MultimodalModel, shelf: Catalogue, tmp_path: Path) -> None:
    model = of_values(shelf_model)
    scored = items_to_score(model, shelf, "test")
    described = model.predict(scored.items)
    report = scored_report(model, scored, described, bootstrap=FEW)
    assert isinstance(report, ValuesReport)
    wanted = np.sqrt(((described.predictions - scored.targets) ** 2).mean(axis=0)).mean()
    assert report.metrics["rmse_macro"].value == pytest.approx(wanted, rel=1e-5)
    (tmp_path / "values.tsv").write_text("item_id\tvalence\tarousal\n9a\t0.5\t\n10a\t\t1\nx\t1\t1\n", encoding="utf-8")
    settings = {"scheme": {"values_table": str(tmp_path / "values.tsv")}}
    few = items_to_score(changed(model, training=settings), shelf, "test")
    assert [item.item_id for item in few.items] == ["10a", "9a"]
    np.testing.assert_array_equal(few.targets, [[np.nan, 1], [0.5, np.nan]])


def test_of_classes_items_of_exactly_one_are_scored(shelf_model: MultimodalModel, shelf: Catalogue) -> None:
    config = dataclasses.replace(shelf_model.config, target="classes", labels=("low", "high", "lively"), n_outputs=3)
    fusion = build_fusion(shelf_model.fusion.dims, ClassReadout(3), config.fusion)
    scored = items_to_score(MultimodalModel(config, shelf_model.encoders, fusion), shelf, "test")
    assert {item.item_id for item in scored.items} == {"10a", "10b", "11a", "11b"}  # 9 is high and lively
    assert (scored.targets.sum(axis=1) == 1).all()


def test_of_tracks_with_the_same_bytes_one_is_scored(shelf: Catalogue, tmp_path: Path) -> None:
    catalogue = Catalogue.create(tmp_path / "copies")
    copy = dataclasses.replace(shelf.track("9a"), track_id="copy", duplicate_of="9a")
    catalogue.put_tracks([shelf.track("9a"), copy])
    assert [item.item_id for item in scored_items(catalogue, "test", ItemSelection())] == ["9a"]


def test_what_cannot_be_scored_is_refused_in_words(
    shelf_model: MultimodalModel, shelf: Catalogue, tmp_path: Path
) -> None:
    with pytest.raises(UnknownNameError, match="tset"):
        predict_items(shelf_model, shelf, split="tset")
    with pytest.raises(ConfigError, match="nothing to go by"):
        predict_items(shelf_model, shelf, without=["audio", "image", "text"])
    with pytest.raises(ConfigError, match="carries a label"):
        predict_items(changed(shelf_model, labels=("ska", "dub", "a", "b"), base_rates={}), shelf)
    catalogue = Catalogue.create(tmp_path / "untagged")
    catalogue.put_tracks([dataclasses.replace(shelf.track("9a"), tags=())])
    with pytest.raises(ConfigError, match="none of them with tags"):
        predict_items(shelf_model, catalogue)
    catalogue = Catalogue.create(tmp_path / "sounds")
    catalogue.put_tracks([dataclasses.replace(shelf.track("9a"), cover=None, texts={})])
    with pytest.raises(ConfigError, match="none has anything left to go by without audio"):
        predict_items(shelf_model, catalogue, without=["audio"])
    scored = items_to_score(shelf_model, shelf, "test")
    assert predicted_of(shelf_model, scored, shelf_model.predict(scored.items)).failures == {}
