"""The guide to the datasets keeps its word: its table is theirs, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tutti.data.datasets import DATASETS

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "datasets.md"


@pytest.fixture
def examples() -> list[str]:
    """The guide's Python."""
    return re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_table_is_written_from_the_datasets(monkeypatch):
    monkeypatch.syspath_prepend(GUIDE.parents[1])
    from write_datasets import page

    text = GUIDE.read_text(encoding="utf-8")
    assert text == page(text), "run: make docs"
    assert all(f"`{name}`" in text for name in DATASETS)


def test_the_first_example_runs(examples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    exec(compile(examples[0], "datasets.md", "exec"), space)
    assert len(space["catalogue"]) == 3


def test_the_dataset_of_the_walk_through_passes_the_questions_that_all_are_asked(examples, tmp_path):
    space: dict[str, Any] = {}
    exec(compile(examples[1], "datasets.md", "exec"), space)
    tunes = space["TUNES"]
    tunes.make_fixture(tmp_path / "root")
    assert tunes.check(tmp_path / "root").is_complete
    assert set(tunes.check(tmp_path / "none").missing) == {"tunes.tsv", "audio/"}
    catalogue = tunes.catalogue(tmp_path / "root", tmp_path / "catalogue")
    assert [(track.split, track.tags) for track in catalogue.tracks()] == [
        ("train", ("jig",)),
        ("valid", ("reel",)),
        ("test", ("waltz",)),
    ]
    (tmp_path / "root" / "tunes.tsv").write_text("no table\n")
    assert any("is no tune" in reason for reason in tunes.check(tmp_path / "root").broken)
