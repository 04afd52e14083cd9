"""``tutti search``, ``similar``, ``show`` and ``stats`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from tutti.cli import search
from tutti.data.catalogue import Catalogue
from tutti.data.records import ModelRecord, Predictions
from tutti.data.track import Track

app = typer.Typer(pretty_exceptions_enable=False)
for command in (search.search, search.similar, search.show, search.stats):
    app.command()(command)
runner = CliRunner()


@pytest.fixture
def catalogue(tmp_path: Path) -> str:
    """Six tracks, one of them jazz."""
    made = Catalogue.create(tmp_path / "catalogue")
    ids = [f"t{i}" for i in range(6)]
    made.put_tracks([Track(track_id=one, title=f"Piece [{one}]", audio=Path(f"/m/album/{one}.ogg")) for one in ids])
    made.put_model(ModelRecord(model="m", fingerprint="1", labels=("jazz",), embed_dim=2, config={}))
    probabilities = np.array([[0.9], [0.01], [0.01], [0.02], [0.01], [0.01]], dtype=np.float32)
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1], [0, 1.1], [0.1, 1], [0.5, 0.4]], dtype=np.float32)
    made.put_predictions(
        "m",
        Predictions(
            track_ids=ids,
            content_hashes=ids,
            fingerprints=["1"] * 6,
            n_excerpts=[1] * 6,
            probabilities=probabilities,
            vectors=vectors,
        ),
    )
    return str(made.folder)


def test_hits_are_a_table_on_stdout_with_titles_as_they_are(catalogue: str) -> None:
    result = runner.invoke(app, ["search", catalogue, "jazz"])
    assert result.exit_code == 0
    assert "Piece [t0]" in result.stdout
    assert "jazz 0.90" in result.stdout
    assert "album/t0.ogg" in result.stdout


def test_json_is_all_there_is_on_stdout(catalogue: str) -> None:
    (hit,) = json.loads(runner.invoke(app, ["search", catalogue, "jazz", "--json"]).stdout)
    assert (hit["track_id"], hit["title"], hit["artist"]) == ("t0", "Piece [t0]", None)


def test_nothing_is_said_on_stderr_and_is_an_empty_list_for_machines(catalogue: str) -> None:
    result = runner.invoke(app, ["search", catalogue, "1234567", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == []
    assert "nothing matches" in result.stderr
    assert "'1234567' matches no tag" in result.stderr


def test_a_query_may_come_in_several_words_and_begin_with_a_minus_after_two_dashes(catalogue: str) -> None:
    hits = json.loads(runner.invoke(app, ["search", catalogue, "--json", "--", "-jazz"]).stdout)
    assert {hit["track_id"] for hit in hits} == {"t1", "t2", "t3", "t4", "t5"}
    assert runner.invoke(app, ["search", catalogue, "jazz", "piece"]).exit_code == 0


def test_similar_show_and_stats_print_for_people_and_for_machines(catalogue: str) -> None:
    (nearest, *_) = json.loads(runner.invoke(app, ["similar", catalogue, "t0", "--json"]).stdout)
    assert nearest["track_id"] == "t1"
    assert json.loads(runner.invoke(app, ["show", catalogue, "t0", "--json"]).stdout)["track_id"] == "t0"
    assert json.loads(runner.invoke(app, ["stats", catalogue, "--json"]).stdout)["n_tracks"] == 6
    assert "sounds most like" in runner.invoke(app, ["show", catalogue, "t0"]).stdout
    assert "6 tracks" in runner.invoke(app, ["stats", catalogue]).stdout
