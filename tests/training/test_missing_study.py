"""The grid over missing modalities: every fusion on every subset, on the same items, and again where it was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tutti.data.catalogue import Catalogue
from tutti.errors import ConfigError, UnknownNameError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.missing import MissingGrid
from tutti.models.multimodal import MultimodalModel
from tutti.models.texts import TextEncoder, build_text_network
from tutti.training import missing_study
from tutti.training.missing_study import MissingStudy, missing_grid
from tutti.training.trainer import TrainingConfig

pytestmark = pytest.mark.slow

STUDY = MissingStudy(
    fusions=("gated",),
    noise=(1.0,),
    bootstrap=Bootstrap(n_resamples=10, seed=0),
    training=TrainingConfig(epochs=1, accelerator="cpu", loaders=0),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def grid(shelf_model: MultimodalModel, shelf: Catalogue, folder: Path) -> MissingGrid:
    return missing_grid(shelf_model, shelf, STUDY, folder=folder)


def test_rows_are_fusions_on_subsets_and_columns_what_is_given(grid: MissingGrid) -> None:
    # One of three, again with modality dropout, three subsets of two; of a single modality there is nothing to fuse.
    assert [(row.fusion, len(row.trained_on)) for row in grid.rows] == [("gated", 3)] * 2 + [("gated", 2)] * 3 + [
        ("alone", 1)
    ] * 3
    assert [bool(row.note) for row in grid.rows] == [False, True] + [False] * 6
    assert sum(not column.noise for column in grid.columns) == 7
    assert [column.noisy for column in grid.columns if column.noise] == [("audio",), ("image",), ("text",)]


def test_all_cells_are_of_the_items_of_which_nothing_is_missing(grid: MissingGrid) -> None:
    assert grid.n_items == 4  # of six, 10b has no cover and 11b no review
    assert (grid.split, grid.metric) == ("test", "PR-AUC, macro")


def test_a_cell_is_empty_only_where_nothing_is_given_that_was_learned(grid: MissingGrid) -> None:
    for row, cells in zip(grid.rows, grid.cells, strict=True):
        for column, cell in zip(grid.columns, cells, strict=True):
            assert (cell is None) == (not set(column.present) & set(row.trained_on))


def test_a_fusion_that_never_learned_a_modality_is_not_moved_by_it(grid: MissingGrid) -> None:
    row = next(i for i, row in enumerate(grid.rows) if row.trained_on == ("audio",))
    given = {
        column.present: cell for column, cell in zip(grid.columns, grid.cells[row], strict=True) if not column.noise
    }
    assert given["audio", "image", "text"] == given["audio",] == given["audio", "text"]


def test_a_study_that_is_done_already_is_read_and_comes_out_the_same(
    grid: MissingGrid, shelf_model: MultimodalModel, shelf: Catalogue, folder: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("checkpoint.pt")}
    assert len(before) == len(grid.rows)
    again = missing_grid(shelf_model, shelf, STUDY, folder=folder)
    assert again.cells == grid.cells
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("checkpoint.pt")} == before


def test_trainings_of_another_model_are_not_taken_for_this_one_s(
    shelf_model: MultimodalModel, shelf: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[Path] = []

    def noted(*_: Any, folder: Path, **__: Any) -> None:
        places.append(folder)
        raise RuntimeError("enough is known")

    monkeypatch.setattr(missing_study, "fit", noted)
    texts = shelf_model.encoders["text"]
    assert isinstance(texts, TextEncoder)
    torch.manual_seed(1)
    other = TextEncoder(texts.config, texts.reader, build_text_network(texts.config, texts.reader.n_inputs))
    for encoder in (texts, other, texts):
        model = MultimodalModel(shelf_model.config, {**shelf_model.encoders, "text": encoder}, shelf_model.fusion)
        with pytest.raises(RuntimeError, match="enough"):
            missing_grid(model, shelf, STUDY, folder=tmp_path)
    assert places[0] == places[2] != places[1]


def test_a_catalogue_without_a_complete_item_is_refused_in_words(
    shelf_model: MultimodalModel, shelf: Catalogue, tmp_path: Path
) -> None:
    catalogue = Catalogue.create(tmp_path / "gaps")
    catalogue.put_tracks([one for one in shelf.tracks() if one.split != "test" or one.track_id in ("10b", "11b")])
    with pytest.raises(ConfigError, match="none of 2 items has all modalities"):
        missing_grid(shelf_model, catalogue, STUDY, folder=tmp_path / "study")


@pytest.mark.parametrize("settings", [{"fusions": ()}, {"seeds": ()}])
def test_a_study_of_nothing_is_refused(settings: dict[str, tuple[()]]) -> None:
    with pytest.raises(ConfigError, match="no fusion or no seed"):
        MissingStudy(**settings)
    with pytest.raises(UnknownNameError, match="gatde"):
        MissingStudy(fusions=("gatde",))
