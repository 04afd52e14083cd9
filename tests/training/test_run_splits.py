"""Splits of a catalogue that gives none, such as `tutti index` makes: drawn by artist, told of, and scored as drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tutti.data.artist_splits import artist_of
from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.models.model import Model
from tutti.training.factor_runs import cold_start_splits
from tutti.training.item_splits import item_splits
from tutti.training.joint_space_runs import Work
from tutti.training.recipes import Recipe, parse_recipe
from tutti.training.run_splits import RunSplits, labelled_splits
from tutti.training.runs import train
from tutti.training.tagged_songs import tagged_songs


def unheard(line: str) -> None:
    """Nobody is told."""


Splits = Callable[[Catalogue, Recipe], RunSplits]
SCHEMES: dict[str, Splits] = {
    "supervised": lambda catalogue, recipe: labelled_splits(catalogue, recipe, unheard),
    "fusion": lambda catalogue, recipe: item_splits(catalogue, recipe, unheard).splits,
    "tag-retrieval": lambda catalogue, recipe: tagged_songs(catalogue, recipe, unheard).splits,
    "factor-regression": lambda catalogue, recipe: cold_start_splits(catalogue, recipe, unheard),
    "joint-space": lambda catalogue, recipe: Work.open(recipe, True, unheard).splits,
}
GIVEN = {"00": "train", "04": "train", "01": "valid", "05": "valid", "02": "test", "06": "test"}
SETTINGS: dict[str, Any] = {
    "fusion": {"modalities": ["audio"]},
    "joint-space": {"modalities": ["audio", "text"], "text": {"read": ["tags"]}},
}


@pytest.fixture(scope="session")
def folder_catalogue(tones: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The tones without splits, by eight artists with four tracks each."""
    catalogue = Catalogue.create(tmp_path_factory.mktemp("unsplit") / "music")
    catalogue.put_tracks(
        replace(one, split=None, artist=f"Artist {number % 4 + 4 * (number // 16)}")
        for number, one in enumerate(tones.tracks())
    )
    return catalogue


def recipe_of(catalogue: Catalogue, scheme: str = "supervised", **changes: Any) -> Recipe:
    table: dict[str, Any] = {
        "name": "folder",
        "data": {"catalogue": str(catalogue.folder), "min_positives": 1},
        "scheme": {"name": scheme, **SETTINGS.get(scheme, {})},
    }
    return parse_recipe(table | changes)


def changed(catalogue: Catalogue, folder: Path, change: Callable[[Track], Track]) -> Catalogue:
    """The same tracks in another catalogue, each of them changed."""
    other = Catalogue.create(folder)
    other.put_tracks(change(one) for one in catalogue.tracks())
    return other


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_draws_the_same_splits_whose_artists_are_apart(scheme: str, folder_catalogue: Catalogue) -> None:
    splits = SCHEMES[scheme](folder_catalogue, recipe_of(folder_catalogue, scheme))
    artists = {split: {artist_of(one) for one in some} for split, some in splits.by_split.items()}
    assert [len(some) for some in artists.values()] == [5, 1, 2]
    assert len(set().union(*artists.values())) == 8
    assert splits.title("test") == "test (drawn by artist, seed 0)"
    supervised = SCHEMES["supervised"](folder_catalogue, recipe_of(folder_catalogue))
    assert {one.track_id for one in splits.of("test")} == {one.track_id for one in supervised.of("test")}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_splits_that_the_catalogue_gives_are_kept_and_tracks_without_one_left_out(
    scheme: str, folder_catalogue: Catalogue, tmp_path: Path
) -> None:
    catalogue = changed(folder_catalogue, tmp_path / "some", lambda one: replace(one, split=GIVEN.get(one.track_id)))
    splits = SCHEMES[scheme](catalogue, recipe_of(catalogue, scheme))
    assert {split: [one.track_id for one in some] for split, some in splits.by_split.items()} == {
        "train": ["00", "04"],
        "valid": ["01", "05"],
        "test": ["02", "06"],
    }
    assert splits.title("test") == "test"


def test_a_run_on_a_folder_scores_the_split_that_it_drew_and_says_so(
    table: dict[str, Any], folder_catalogue: Catalogue
) -> None:
    table["data"]["catalogue"] = str(folder_catalogue.folder)
    table["evaluation"]["tune_on"] = "valid"
    table["training"]["epochs"] = 1
    told: list[str] = []
    run = train(parse_recipe(table), quiet=True, tell=told.append)
    assert told[0] == ("no track has a split: splits are drawn by artist, seed 0, 20 of train, 4 of valid, 8 of test")
    assert "music, split test (drawn by artist, seed 0), 8 items" in run.report.line()
    assert "split test (drawn by artist, seed 0)" in (run.folder / "report.md").read_text()
    assert json.loads((run.folder / "report.json").read_text())["tuned"]["split"] == "valid (drawn by artist, seed 0)"
    assert Model.load(run.bundle).config.scores["split"] == "test (drawn by artist, seed 0)"


def test_tracks_in_no_split_are_counted_where_others_are_in_one(folder_catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue = changed(folder_catalogue, tmp_path / "some", lambda one: replace(one, split=GIVEN.get(one.track_id)))
    told: list[str] = []
    labelled_splits(catalogue, recipe_of(catalogue), told.append)
    assert told == ["26 of 32 tracks are in no split: neither train, valid nor test has them"]


def test_another_seed_draws_other_artists(folder_catalogue: Catalogue) -> None:
    drawn = [labelled_splits(folder_catalogue, recipe_of(folder_catalogue, seed=seed), unheard) for seed in (0, 1)]
    assert drawn[0].of("test") != drawn[1].of("test")
    assert drawn[1].title("valid") == "valid (drawn by artist, seed 1)"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_too_few_artists_are_told_with_a_way_out(scheme: str, folder_catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue = changed(folder_catalogue, tmp_path / "one", lambda one: replace(one, artist="The Same"))
    with pytest.raises(ConfigError, match=r"32 tracks by 1 artists are too few .* left for valid and test") as caught:
        SCHEMES[scheme](catalogue, recipe_of(catalogue, scheme))
    assert "by other artists" in str(caught.value.hint)


def test_a_copy_is_dealt_to_no_split(folder_catalogue: Catalogue, tmp_path: Path) -> None:
    def copied(track: Track) -> Track:
        return replace(track, duplicate_of="00", artist="Somebody") if track.track_id == "31" else track

    catalogue = changed(folder_catalogue, tmp_path / "copies", copied)
    splits = labelled_splits(catalogue, recipe_of(catalogue), unheard)
    assert sum(map(len, splits.by_split.values())) == 31


def test_a_folder_without_tags_is_told_of_its_tags_and_not_of_splits(
    folder_catalogue: Catalogue, tmp_path: Path
) -> None:
    catalogue = changed(folder_catalogue, tmp_path / "untagged", lambda one: replace(one, tags=()))
    with pytest.raises(ConfigError, match="has 32 tracks, none with both sound and tags"):
        labelled_splits(catalogue, recipe_of(catalogue), unheard)
    with pytest.raises(ConfigError, match="none of them with tags"):
        item_splits(catalogue, recipe_of(catalogue, "fusion"), unheard)
