"""Runs of the scheme fusion: every way and target on a small catalogue, the same bytes from the same seed, resumed."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tutti.data.catalogue import Catalogue
from tutti.data.items import items_of
from tutti.errors import ConfigError, ShapeError, TuttiError
from tutti.models.multimodal import MultimodalModel
from tutti.training import fusion_runs, item_splits, kept_vectors
from tutti.training.recipes import parse_recipe
from tutti.training.run_parts import TrainedRun
from tutti.training.runs import train

Run = Callable[..., TrainedRun]


@pytest.fixture
def fusion_table(shelf: Catalogue, tmp_path: Path) -> dict[str, Any]:
    """Sounds, covers and reviews of the shelf, an epoch each."""
    return {
        "name": "shelf",
        "output": str(tmp_path / "run"),
        "data": {"catalogue": str(shelf.folder), "min_positives": 1, "labels": ["low", "high", "calm", "lively"]},
        "model": {
            "options": {"n_channels": 2, "sample_rate": 8000, "n_samples": 4096, "n_mels": 32},
            "excerpts": {"count": 1},
        },
        "scheme": {
            "name": "fusion",
            "batch_size": 8,
            "audio": {"n_excerpts": 1},
            "image": {"network": {"side": 32, "n_channels": 2}},
            "text": {"network": {"widths": [8], "max_share": 1.0}},
        },
        "training": {"epochs": 1, "accelerator": "cpu", "loaders": 0},
        "evaluation": {"n_resamples": 10},
    }


def merged(table: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A recipe with some of its values changed, by dotted keys."""
    changed = copy.deepcopy(table)
    for key, value in changes.items():
        *sections, name = key.split(".")
        place = changed
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = value
    return changed


@pytest.fixture
def run(fusion_table: dict[str, Any]) -> Run:
    """Trains the recipe with some of its values changed; what it tells is gathered in ``run.told``."""

    def trained(**changes: Any) -> TrainedRun:
        settings = {key.replace("__", "."): value for key, value in changes.items()}
        return train(parse_recipe(merged(fusion_table, settings)), quiet=True, tell=trained.told.append)  # type: ignore[attr-defined]

    trained.told = []  # type: ignore[attr-defined]
    return trained


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def probed(model: MultimodalModel, shelf: Catalogue) -> np.ndarray:
    items = items_of(shelf.tracks(where="split = 'test'"), level=model.config.level, texts=model.config.texts)
    return model.predict(items, without=[]).predictions


def test_a_run_leaves_a_bundle_its_scores_and_the_scores_of_every_subset(run: Run, shelf: Catalogue) -> None:
    trained = run(scheme__modality_dropout=0.3)
    assert isinstance(trained.model, MultimodalModel)
    loaded = MultimodalModel.load(trained.bundle)
    np.testing.assert_array_equal(probed(loaded, shelf), probed(trained.model, shelf))
    subsets = json.loads((trained.folder / "subsets.json").read_text(encoding="utf-8"))
    assert list(subsets) == [
        "audio+image+text", "audio+image", "audio+text", "image+text", "audio", "image", "text"
    ]  # fmt: skip
    assert subsets["text"]["n_items"] == subsets["image"]["n_items"] == 5  # 11b has no review, 10b no cover
    assert json.loads((trained.folder / "report.json").read_text(encoding="utf-8"))["n_items"] == 6
    assert loaded.config.scores
    assert {"audio", "image", "text", "fusion", "vectors", "pictures"} <= {one.name for one in trained.folder.iterdir()}


def test_a_model_is_kept_also_where_nothing_can_be_scored(run: Run, shelf: Catalogue, tmp_path: Path) -> None:
    """No test track carries the one label that is learned: there is no area."""
    tracks = [
        dataclasses.replace(track, tags=("high",)) if track.split == "test" else track for track in shelf.tracks()
    ]
    Catalogue.create(tmp_path / "flat").put_tracks(tracks)
    with pytest.raises(ShapeError):
        run(data__catalogue=str(tmp_path / "flat"), data__labels=["low"], output=str(tmp_path / "out"))
    assert MultimodalModel.load(tmp_path / "out" / "model").labels == ("low",)


@pytest.mark.parametrize(
    "changes",
    [
        {"scheme__way": "joint", "scheme__modality_dropout": 0.3},
        {"scheme__level": "album"},
        {"scheme__level": "album", "scheme__way": "joint", "scheme__fusion__kind": "late-learned"},
        {"scheme__modalities": ["text", "image"], "scheme__fusion__kind": "attention", "scheme__fusion__embed_dim": 8},
        {"data__labels": ["low", "high"], "data__task": "classes"},
        {"scheme__target": "label-factors", "scheme__n_factors": 3, "scheme__modalities": ["image", "text"]},
        {
            "scheme__target": "label-factors",
            "scheme__n_factors": 3,
            "scheme__modalities": ["text"],
            "scheme__activation": "sigmoid",
        },
        {"scheme__target": "values", "scheme__values": ["valence", "arousal"], "scheme__modalities": ["image", "text"]},
        {"scheme__modalities": ["image", "text"], "scheme__text__target": "label-factors", "scheme__n_factors": 2},
        {
            "scheme__modalities": ["image", "text"],
            "scheme__streams": "both",
            "scheme__space": {"learned": {"embed_dim": 4, "n_hidden": 4, "epochs": 2, "batch_size": 4}},
        },
        {
            "scheme__modalities": ["image", "text"],
            "scheme__streams": "space",
            "scheme__space": {"kind": "cca", "embed_dim": 3},
        },
    ],
    ids=lambda changes: " ".join(str(value) for value in changes.values())[:60],
)
def test_every_way_target_and_space_trains_predicts_and_comes_back(
    changes: dict[str, Any], run: Run, shelf: Catalogue
) -> None:
    trained = run(**changes)
    assert isinstance(trained.model, MultimodalModel)
    predictions = probed(trained.model, shelf)
    assert np.isfinite(predictions[:2]).all()
    assert trained.report.n_items == (3 if changes.get("scheme__level") == "album" else trained.report.n_items)
    np.testing.assert_array_equal(probed(MultimodalModel.load(trained.bundle), shelf), predictions)
    if changes.get("data__task") == "classes":
        np.testing.assert_allclose(predictions.sum(axis=1), 1, atol=1e-5)
    if changes.get("scheme__target") == "values":
        assert {"r2_macro", "rmse_macro", "concordance_macro"} <= set(trained.report.metrics)


CHEAP = {"scheme__modalities": ["image", "text"], "scheme__modality_dropout": 0.3, "training__epochs": 2}


@pytest.mark.slow
@pytest.mark.parametrize("way", ["separate", "joint"])
def test_the_same_seed_gives_the_same_bundle_and_another_does_not(way: str, run: Run, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two", "other")]
    for seed, folder in zip((0, 0, 1), folders, strict=True):
        run(**CHEAP, scheme__way=way, seed=seed, output=str(folder))
    one, two, other = (bytes_of(folder / "model") for folder in folders)
    weights = [name for name in one if name.endswith(".safetensors")]
    assert len(weights) == 3  # the fusion's and two encoders'
    assert all(one[name] == two[name] for name in weights)
    assert all(one[name] != other[name] for name in weights)


class Killed(BaseException):
    """What a test ends a run with."""


@pytest.mark.slow
@pytest.mark.parametrize("place", ["encoded_once", "score_subsets"])
def test_a_run_that_is_killed_between_stages_ends_as_one_that_is_left_alone(
    place: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shelf_model: MultimodalModel
) -> None:
    shelf_model.encoders["text"].save(tmp_path / "reader")
    settings = {**CHEAP, "scheme__text__encoder": str(tmp_path / "reader")}
    run(**settings, output=str(tmp_path / "alone"))
    with monkeypatch.context() as patch:

        def kill(*_: Any, **__: Any) -> None:
            raise Killed

        patch.setattr(fusion_runs, place, kill)
        with pytest.raises(Killed):
            run(**settings, output=str(tmp_path / "killed"))
    run(**settings, output=str(tmp_path / "killed"))
    alone, killed = bytes_of(tmp_path / "alone" / "model"), bytes_of(tmp_path / "killed" / "model")
    assert all(alone[name] == killed[name] for name in alone if name.endswith(".safetensors"))
    reports = [
        json.loads((tmp_path / name / "report.json").read_text(encoding="utf-8")) for name in ("alone", "killed")
    ]
    assert reports[0]["metrics"] == reports[1]["metrics"]


def trained_stages(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("*/encoder")}


@pytest.mark.slow
def test_recipes_share_trained_encoders_unless_what_they_learn_from_differs(run: Run, tmp_path: Path) -> None:
    shared = {"scheme__modalities": ["image", "text"], "scheme__encoders": str(tmp_path / "shared")}
    first = run(**shared, output=str(tmp_path / "first"))
    stages = trained_stages(tmp_path / "shared")
    assert sorted(name.partition("-")[0] for name in stages) == ["image", "text"]

    run.told.clear()  # type: ignore[attr-defined]
    second = run(**shared, scheme__fusion__kind="gated", output=str(tmp_path / "second"))
    assert trained_stages(tmp_path / "shared") == stages
    assert sum("taking the encoder" in line for line in run.told) == 2  # type: ignore[attr-defined]
    prints = [{name: one.fingerprint for name, one in run.model.encoders.items()} for run in (first, second)]
    assert prints[0] == prints[1]

    run(**shared, scheme__text__network__widths=[4], output=str(tmp_path / "third"))
    assert len(trained_stages(tmp_path / "shared") - stages) == 1  # the reader's network alone is another
    run(**shared, data__labels=["low", "high"], output=str(tmp_path / "fourth"))
    assert len(trained_stages(tmp_path / "shared") - stages) == 3  # other labels: both learn anew


@pytest.mark.slow
def test_two_tables_of_values_share_no_encoder(run: Run, shelf: Catalogue, tmp_path: Path) -> None:
    for name, sign in (("one", 1), ("two", -1)):
        lines = [f"{one.track_id}\t{sign * index}" for index, one in enumerate(shelf.tracks())]
        (tmp_path / f"{name}.tsv").write_text("\n".join(["item_id\tmood", *lines]), encoding="utf-8")
        run(
            scheme__modalities=["image"], scheme__encoders=str(tmp_path / "shared"), output=str(tmp_path / name),
            scheme__target="values", scheme__values=["mood"], scheme__values_table=str(tmp_path / f"{name}.tsv"),
        )  # fmt: skip
    assert len(trained_stages(tmp_path / "shared")) == 2


def test_kept_vectors_are_not_those_of_another_file_of_the_same_name(
    shelf_model: MultimodalModel, shelf: Catalogue, tmp_path: Path
) -> None:
    encoder, items = shelf_model.encoders["image"], items_of([shelf.track("0a"), shelf.track("3a")])
    told: list[str] = []
    first = kept_vectors.encoded_once(encoder, items, tmp_path, told.append)
    again = kept_vectors.encoded_once(encoder, items, tmp_path, told.append)
    assert len(told) == 1  # not again
    np.testing.assert_array_equal(first.vectors, again.vectors)
    (tmp_path / "elsewhere").mkdir()
    Image.new("RGB", (40, 40), "white").save(tmp_path / "elsewhere" / "0a.png")
    changed = [items_of([shelf.track("0a")])[0], items[1]]
    object.__setattr__(changed[0], "covers", (tmp_path / "elsewhere" / "0a.png",))
    other = kept_vectors.encoded_once(encoder, changed, tmp_path, told.append)
    assert not np.array_equal(other.vectors[0], first.vectors[0])
    np.testing.assert_array_equal(other.vectors[1], first.vectors[1])


def test_items_of_several_classes_are_left_out_and_told_of(run: Run) -> None:
    settings = {"data__task": "classes", "scheme__modalities": ["text"]}
    trained = run(**settings, data__labels=["low", "high", "lively"])
    assert any("of several classes and are left out" in line for line in run.told)  # type: ignore[attr-defined]
    assert trained.report.n_items == 3  # 9a and 9b are high and lively, 11b has no review


def test_an_album_that_spans_splits_keeps_its_parts_apart(run: Run, shelf: Catalogue, tmp_path: Path) -> None:
    tracks = [one for one in shelf.tracks() if one.album != "Album 5"]
    moved = [shelf.track("5a"), dataclasses.replace(shelf.track("5b"), split="test")]
    catalogue = Catalogue.create(tmp_path / "spanning")
    catalogue.put_tracks([*tracks, *moved])
    recipe = parse_recipe(
        {
            "name": "x",
            "data": {"catalogue": str(catalogue.folder), "min_positives": 1},
            "scheme": {"name": "fusion", "level": "album"},
        }
    )
    told: list[str] = []
    splits = item_splits.item_splits(catalogue, recipe, told.append)
    parts = {item.item_id: [one.track_id for one in item.tracks] for item in splits.items if "Album 5" in item.item_id}
    assert parts == {"Artist 5 / Album 5": ["5a"], "Artist 5 / Album 5 (test)": ["5b"]}
    assert any("1 artists of the split test are in train too, such as 'Artist 5'" in line for line in told)


def test_a_label_that_never_occurs_in_training_is_told_of_and_scored_nowhere(
    run: Run, shelf: Catalogue, tmp_path: Path
) -> None:
    catalogue = Catalogue.create(tmp_path / "rare")
    tagged = [(one, (*one.tags, "rare") if one.track_id in ("9a", "10a") else one.tags) for one in shelf.tracks()]
    catalogue.put_tracks([dataclasses.replace(one, tags=tags) for one, tags in tagged])
    with pytest.raises(ConfigError, match="rare"):  # it cannot be learned, so a recipe may not ask for it
        run(data__catalogue=str(catalogue.folder), data__labels=["low", "rare"], scheme__modalities=["text"])
    trained = run(data__catalogue=str(catalogue.folder), scheme__modalities=["text"], data__labels=["low", "high"])
    assert "rare" not in trained.model.labels


@pytest.mark.slow
@pytest.mark.parametrize("way", ["separate", "joint"])
def test_bad_files_among_what_is_learned_from_are_told_of_and_harm_nobody(
    way: str, run: Run, bad_shelf: Catalogue, tmp_path: Path
) -> None:
    catalogue = Catalogue.create(tmp_path / "damaged")  # what is bad is in all splits now
    moved = [
        dataclasses.replace(one, split=("train", "valid", "test")[row % 3]) if one.artist in ("Bad", None) else one
        for row, one in enumerate(bad_shelf.tracks())
    ]
    catalogue.put_tracks(moved)
    trained = run(data__catalogue=str(catalogue.folder), scheme__way=way)
    report = json.loads((trained.folder / "report.json").read_text(encoding="utf-8"))
    told = {**trained.failures, **report["failures"]}
    # The Japanese words are learned here, so that they are known.
    assert set(told) == {"lost", "huge.png", "cut.jpg", "invalid", "broken sound"}
    assert isinstance(trained.model, MultimodalModel)
    for encoder in trained.model.encoders.values():
        assert np.isfinite(encoder.encode(items_of(catalogue.tracks()[:1])).vectors).all()
    assert all(bool(one.isfinite().all()) for one in trained.model.fusion.state_dict().values())


def test_where_no_item_has_a_modality_the_recipe_is_refused_in_words(
    run: Run, shelf: Catalogue, tmp_path: Path
) -> None:
    catalogue = Catalogue.create(tmp_path / "sounds")
    nowhere = tmp_path / "nowhere.wav"  # whoever hears it first would say that it is not there
    catalogue.put_tracks([dataclasses.replace(one, cover=None, texts={}, audio=nowhere) for one in shelf.tracks()])
    for modality in ("image", "text"):
        with pytest.raises(ConfigError, match=f"no track of the split train in .* has {modality}") as caught:
            run(data__catalogue=str(catalogue.folder), scheme__modalities=["audio", modality])
        assert caught.value.hint
    with pytest.raises(ConfigError, match="0 tracks in the split train with any of image"):
        run(data__catalogue=str(catalogue.folder), scheme__modalities=["image"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scheme.target": "values", "scheme.values": ["joy"]}, "joy"),
        ({"scheme.audio.target": "classes"}, r"scheme\.audio\.target='classes' cannot be learned"),
        ({"scheme.image.target": "values"}, r"scheme\.image\.target='values' cannot be learned"),
        ({"scheme.audio.encoder": "{reader}"}, "reads text, not audio"),
        ({"scheme.text.encoder": "{nowhere}"}, "holds no encoder"),
        ({"scheme.way": "joint", "scheme.image.encoder": "x"}, "would be ignored"),
        ({"scheme.way": "together"}, "way"),
        ({"scheme.streams": "both"}, "needs a space"),
        ({"scheme.image.netwrok.side": 3}, "network"),
        ({"training.monitor": "accuracy"}, "is of classes"),
    ],
)
def test_settings_that_fit_nothing_are_refused_before_anything_is_written(
    changes: dict[str, Any],
    message: str,
    fusion_table: dict[str, Any],
    shelf_model: MultimodalModel,
    tmp_path: Path,
) -> None:
    shelf_model.encoders["text"].save(tmp_path / "reader")
    places = {"{reader}": str(tmp_path / "reader"), "{nowhere}": str(tmp_path / "nowhere")}
    named = {key: places.get(value, value) if isinstance(value, str) else value for key, value in changes.items()}
    with pytest.raises(TuttiError) as caught:
        train(parse_recipe(merged(fusion_table, named)), quiet=True)
    assert re.search(message, f"{caught.value.message} {caught.value.hint}")
    assert caught.value.hint
    assert not (tmp_path / "run" / "model").exists()
