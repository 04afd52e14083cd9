"""``tutti evaluate`` with all its options: scores to stdout, files to the folder, trouble in two lines."""

import dataclasses
import json

import numpy as np
import pytest
import soundfile

from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.evaluation.predictions import read_predictions, write_predictions
from tutti.models.model import Model


@pytest.fixture
def noises(tmp_path):
    """A catalogue of twelve noises, half of them for validation."""
    catalogue = Catalogue.create(tmp_path / "noises")
    tracks = []
    for number in range(12):
        noise = (0.02 + 0.02 * number) * np.random.default_rng(number).standard_normal(20_000).clip(-3, 3)
        soundfile.write(tmp_path / f"{number}.wav", noise, 8000)
        tags = ("high",) if number % 4 < 2 else ("low", "noisy")
        split = "valid" if number % 2 else "test"
        tracks.append(Track(track_id=str(number), audio=tmp_path / f"{number}.wav", tags=tags, split=split))
    catalogue.put_tracks(tracks)
    return catalogue


@pytest.fixture
def evaluate(tutti, bundle, noises):
    """Runs ``tutti evaluate`` on the test noises, with few resamples."""
    return lambda *more: tutti("evaluate", bundle, "--on", noises.folder, "--resamples", 50, *more)


@pytest.fixture
def rival(small_model, tmp_path):
    """The same model under another name."""
    Model(dataclasses.replace(small_model.config, name="rival"), small_model.network).save(tmp_path / "rival")
    return tmp_path / "rival"


@pytest.fixture
def predictions(evaluate, tmp_path):
    """The model's own predictions, as a file."""
    assert evaluate("-o", tmp_path / "first").code == 0
    return tmp_path / "first" / "predictions.npz"


def assert_two_lines(ending, error, hint):
    assert (ending.code, ending.stdout) == (1, "")
    first, second = ending.stderr.splitlines()
    assert first.startswith("error: ")
    assert second.startswith("hint: ")
    assert error in first
    assert hint in second


def test_scores_and_their_setting_go_to_stdout(evaluate):
    ending = evaluate()
    assert (ending.code, ending.stderr) == (0, "")
    assert "Dataset noises, split test, 6 items, bootstrap seed 0." in ending.stdout
    assert "| ROC-AUC, macro |" in ending.stdout


def test_thresholds_are_tuned_on_the_other_split(evaluate):
    report = json.loads(evaluate("--tune-on", "valid", "--json").stdout)
    assert (report["split"], report["tuned"]["split"], report["tuned"]["n_items"]) == ("test", "valid", 6)
    assert report["tuned"]["by_label"] == [row["tuned_threshold"] for row in report["labels"]]
    assert "f1_macro_tuned" in report["metrics"]


def test_a_threshold_decides_which_labels_are_given(evaluate):
    everything = json.loads(evaluate("--threshold", 0, "--json").stdout)["metrics"]
    nothing = json.loads(evaluate("--threshold", 1, "--json").stdout)["metrics"]
    assert everything["recall_macro"]["value"] == 1
    assert nothing["recall_macro"]["value"] == 0
    assert everything["f1_macro_half"] == nothing["f1_macro_half"]


def test_published_excerpts_are_others_than_even_ones(evaluate, tmp_path):
    for spread in ("even", "published"):
        assert evaluate("--excerpts", spread, "-o", tmp_path / spread).code == 0
    even, published = (read_predictions(tmp_path / spread) for spread in ("even", "published"))
    assert even.ids == published.ids
    assert not np.array_equal(even.scores, published.scores)


def test_a_model_against_one_of_the_same_weights_differs_by_nothing(evaluate, rival, tmp_path):
    ending = evaluate("--against", rival, "-o", tmp_path / "scores")
    assert "# small minus rival" in ending.stdout
    found = json.loads((tmp_path / "scores" / "comparison.json").read_text())
    assert found["n_items"] == 6
    assert {one["value"] for one in found["metrics"].values()} == {0.0}


def test_predictions_of_another_model_stand_for_it(evaluate, predictions):
    theirs = read_predictions(predictions)
    write_predictions(dataclasses.replace(theirs, model="turned", scores=-theirs.scores), predictions)
    report = json.loads(evaluate("--against", predictions, "--json").stdout)
    ours = report["metrics"]["roc_auc_macro"]["value"]
    # turned scores rank the other way: the area becomes one minus itself
    assert report["comparison"]["metrics"]["roc_auc_macro"]["value"] == pytest.approx(2 * ours - 1)


def test_figures_and_files_lie_in_the_folder(evaluate, predictions, tmp_path):
    pytest.importorskip("matplotlib")
    assert evaluate("--against", predictions, "--figures", "-o", tmp_path / "all").code == 0
    figures = {"curves.png", "labels.png", "confusion.png", "comparison.png"}
    texts = {"report.json", "report.md", "comparison.json", "comparison.md", "predictions.npz"}
    assert {path.name for path in (tmp_path / "all").iterdir()} == figures | texts
    assert all((tmp_path / "all" / name).read_bytes().startswith(b"\x89PNG") for name in figures)


def test_a_research_dataset_is_told_with_its_protocol(evaluate, noises):
    noises.put_facts({str(number): {"dataset": "gtzan", "protocol": "filtered"} for number in range(12)})
    assert "Dataset gtzan (filtered), split test, 6 items" in evaluate().stdout
    noises.put_facts({"0": {"dataset": "gtzan", "protocol": "random"}})
    assert "Dataset noises, split test, 6 items" in evaluate().stdout


BAD_OPTIONS = [
    (("--split", "tset"), "no split called 'tset'", "did you mean 'test'?"),
    (("--split", "train"), "0 tracks in the split train", "take another split"),
    (("--tune-on", "test"), "thresholds tuned on test", "tune on valid and score test"),
    (("--tune-on", "all"), "thresholds tuned on all", "tune on valid and score test"),
    (("--tune-on", "valdi"), "no split called 'valdi'", "did you mean 'valid'?"),
    (("--threshold", "1.5"), "threshold=1.5 lies outside 0 to 1", "such as 0.5"),
    (("--threshold", "-0.1"), "threshold=-0.1 lies outside 0 to 1", "such as 0.5"),
    (("--threshold", "nan"), "threshold=nan lies outside 0 to 1", "such as 0.5"),
    (("--excerpts", "publishd"), "no spread of excerpts called 'publishd'", "did you mean 'published'?"),
    (("--against", "nowhere/predictions.npz"), "there is no file of predictions", "make one: tutti evaluate"),
]


@pytest.mark.parametrize(("options", "error", "hint"), BAD_OPTIONS, ids=lambda one: " ".join(one[:2]))
def test_a_wrong_option_is_told_in_two_lines_and_nothing_is_written(evaluate, tmp_path, options, error, hint):
    assert_two_lines(evaluate(*options, "-o", tmp_path / "scores"), error, hint)
    assert not (tmp_path / "scores").exists()


def test_figures_without_a_folder_are_told_in_two_lines(evaluate):
    assert_two_lines(evaluate("--figures"), "figures need a folder", "-o FOLDER")


OTHERS = {
    "items": ({"ids": list("uvwxyz")}, "share 0 items and 3 labels", "same labels on the same catalogue"),
    "labels": ({"labels": ("ska", "dub", "grime")}, "share 6 items and 0 labels", "same labels on the same catalogue"),
    "truth": ({"targets": np.eye(6, 3, dtype=bool)}, "different tags of the same items", "on the same catalogue"),
    "task": ({"task": "classes"}, "small predicts tags, small classes", "two models of tags"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_predictions_that_cannot_be_compared_are_told_in_two_lines(evaluate, predictions, tmp_path, what):
    changes, error, hint = OTHERS[what]
    write_predictions(dataclasses.replace(read_predictions(predictions), **changes), predictions)
    assert_two_lines(evaluate("--against", predictions, "-o", tmp_path / "scores"), error, hint)
    assert not (tmp_path / "scores").exists()


@pytest.fixture
def evaluate_items(tutti, shelf_model, bad_shelf, tmp_path):
    """Runs ``tutti evaluate`` of a multimodal model on the tracks of a shelf whose files are partly bad."""
    shelf_model.save(tmp_path / "model")
    return lambda *more: tutti("evaluate", tmp_path / "model", "--on", bad_shelf.folder, "--resamples", 10, *more)


SUBSETS = [
    (),
    ("--without", "image"),
    ("--without", "audio"),
    ("--without", "text"),
    ("--without", "audio,text"),
    ("--without", "audio", "--without", "image"),
    ("--without", " image , text "),
]


@pytest.mark.parametrize("without", SUBSETS, ids=" ".join)
def test_a_multimodal_model_is_scored_with_every_choice_of_modalities(evaluate_items, without):
    ending = evaluate_items(*without, "--json")
    assert ending.code == 0, ending.stderr
    report = json.loads(ending.stdout)
    left_out = [one for one in ("audio", "image", "text") if one in " ".join(without)]
    assert report["model"] == " without ".join(filter(None, ["shelf", " and ".join(left_out)]))
    assert report["n_items"] + sum("scored by the rest" not in why for why in report["failures"].values()) == 43
    assert "lost" in report["failures"]
    assert ("cut.jpg" in report["failures"]) == ("image" not in left_out)
    assert ("broken sound" in report["failures"]) == ("audio" not in left_out)


def test_what_was_wrong_with_files_is_written_into_the_report(evaluate_items, tmp_path):
    ending = evaluate_items("-o", tmp_path / "scores")
    assert ending.code == 0, ending.stderr
    page = (tmp_path / "scores" / "report.md").read_text(encoding="utf-8")
    assert page == ending.stdout
    for name in ("lost", "huge.png", "cut.jpg", "invalid", "japanese", "broken sound"):
        assert name in page
    predicted = read_predictions(tmp_path / "scores" / "predictions.npz")
    assert "lost" not in predicted.ids
    assert np.isfinite(predicted.scores).all()


def test_a_model_with_and_without_a_modality_are_compared_on_the_items_that_both_scored(evaluate_items, tmp_path):
    assert evaluate_items("-o", tmp_path / "whole").code == 0
    ending = evaluate_items("--without", "image", "--against", tmp_path / "whole", "--json")
    assert ending.code == 0, ending.stderr
    assert "comparison" in json.loads(ending.stdout)


WRONG_WITHOUT = [
    ("sound", "no modality of shelf called 'sound'", "known: audio, image, text"),
    ("audio,image,text", "nothing to go by", "leave in one modality at least"),
]


@pytest.mark.parametrize(("without", "error", "hint"), WRONG_WITHOUT)
def test_leaving_out_what_is_not_there_or_everything_is_told_in_two_lines(
    evaluate_items, without, error, hint, tmp_path
):
    assert_two_lines(evaluate_items("--without", without, "-o", tmp_path / "scores"), error, hint)
    assert not (tmp_path / "scores").exists()


def test_a_model_of_sounds_has_nothing_to_leave_out(evaluate):
    assert_two_lines(evaluate("--without", "image"), "goes by sound alone", "leave out --without")
