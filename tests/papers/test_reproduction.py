"""Tables carried out: on the tiny world, resumed, refused; on fixtures of datasets."""

from __future__ import annotations

import json

import pytest

from tutti.data.datasets import find_dataset
from tutti.errors import ConfigError, UnknownNameError
from tutti.models.bundles import read_config
from tutti.papers import find_exhibit
from tutti.papers.commands import Order, carry_out
from tutti.papers.reproduction import Choice, data_roots, reproduce


def test_a_table_without_its_data_says_what_it_wants(tmp_path):
    with pytest.raises(ConfigError, match="it wants magnatagatune, million-song, mtg-jamendo") as caught:
        carry_out(Order(key="won2021/table3.1", folder=tmp_path / "out"))
    assert "--data magnatagatune=FOLDER" in str(caught.value.hint)
    assert not (tmp_path / "out").exists()


def test_a_row_that_cannot_be_repeated_is_refused_with_those_that_can(tmp_path):
    order = Order(key="won2021/table3.2", rows=("attention-rnn",), folder=tmp_path / "out", smoke=True)
    with pytest.raises(ConfigError, match="not part of tutti") as caught:
        carry_out(order)
    assert "harmonic" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("setting", "smoke", "hint"),
    [
        ("data.catalogue=worlds/demo", True, "-o FOLDER"),
        ('data={catalogue="worlds/demo"}', False, "-o FOLDER"),
        ("output=elsewhere", True, "-o FOLDER"),
        ("seed=3", True, "--seed"),
        ("data.labels=top:9", False, "tutti train"),
    ],
)
def test_a_setting_that_the_table_makes_itself_is_refused(tmp_path, setting, smoke, hint):
    order = Order(key="won2021/table3.1", settings=(setting,), folder=tmp_path / "out", smoke=smoke)
    with pytest.raises(ConfigError, match="would change nothing") as caught:
        carry_out(order)
    assert setting in caught.value.message
    assert hint in str(caught.value.hint)
    assert not (tmp_path / "out").exists()


def test_an_unknown_row_offers_the_nearest(tmp_path):
    with pytest.raises(UnknownNameError, match="short-chunk-res"):
        carry_out(Order(key="won2021/table3.1", rows=("short-chunk-rez",), folder=tmp_path / "out", smoke=True))


def test_a_folder_with_results_wants_to_be_resumed(tmp_path):
    (tmp_path / "comparison.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="holds results already"):
        carry_out(Order(key="won2021/table3.1", folder=tmp_path, smoke=True))


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(ConfigError, match="holds something else"):
        carry_out(Order(key="won2021/table3.1", folder=tmp_path, smoke=True, resume=False))


def test_data_are_found_by_name_or_below_one_folder(tmp_path):
    (tmp_path / "gtzan").mkdir()
    assert data_roots([str(tmp_path)]) == {"gtzan": tmp_path / "gtzan"}
    assert data_roots([f"gtzan={tmp_path}"]) == {"gtzan": tmp_path}
    with pytest.raises(UnknownNameError, match="magnatagatune"):
        data_roots([f"magnatagatun={tmp_path}"])


@pytest.mark.slow
@pytest.mark.parametrize("row", ["resnet-da-ke", "transformer-da-kd"])
def test_a_noisy_student_of_table_4_5_has_its_teacher_trained_first(tmp_path, row):
    choice = Choice(rows=(row,), smoke=True)
    done = reproduce(find_exhibit("won2021/table4.5"), tmp_path, choice=choice, quiet=True)
    run = done.runs[(row, "cals")]
    assert read_config(run.folder / "teacher" / "model").labels == run.model.labels
    assert run.report.n_items == 8


@pytest.mark.slow
def test_a_smoke_run_takes_the_whole_way_and_resumes(tmp_path):
    choice, table = Choice(rows=("short-chunk-res",), smoke=True), find_exhibit("won2021/table3.1")
    done = reproduce(table, tmp_path, choice=choice, quiet=True)
    cell = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))["cells"][0]
    assert cell["metrics"]["roc_auc_macro"]["published"] == 0.9129
    told: list[str] = []
    again = reproduce(table, tmp_path, choice=choice, quiet=True, tell=told.append)
    assert again.comparison.to_json() == done.comparison.to_json()


@pytest.mark.slow
def test_a_dataset_goes_from_its_folder_to_a_comparison(tmp_path):
    """On three tracks nothing can be scored; that is told, and the run does not stop the others."""
    root = tmp_path / "data" / "mtg-jamendo"
    find_dataset("mtg-jamendo").make_fixture(root)
    order = Order(
        key="won2021/table3.1",
        data=(f"mtg-jamendo={root}",),
        rows=("fcn", "short-chunk-res"),
        settings=("training.epochs=4", "model.options.n_channels=4", "scheme.batch_size=2"),
        folder=tmp_path / "out",
    )
    done = carry_out(order, quiet=True)
    assert {*done.comparison.missing} == {"MagnaTagATune", "Million Song Dataset"}
    assert {*done.comparison.failures} == {"fcn on jamendo, seed 0", "short-chunk-res on jamendo, seed 0"}


@pytest.mark.slow
def test_rows_of_fusion_share_their_encoders_and_a_point_in_the_space_needs_one_modality_in_use(tmp_path):
    choice, table = Choice(rows=("cnn", "mm-audio"), smoke=True), find_exhibit("oramas2018/table2")
    done = reproduce(table, tmp_path, choice=choice, quiet=True)
    assert done.comparison.failures == {}
    shared = tmp_path / "encoders" / "msd-i"
    assert [len(list(shared.glob(f"{modality}-*"))) for modality in ("audio", "image")] == [1, 1]
    streams = done.runs[("mm-audio", "msd-i")].model.config.streams
    assert [(stream.modality, stream.in_space) for stream in streams] == [("audio", True)]


@pytest.mark.slow
def test_every_genres_f1_stands_beside_a_persons(tmp_path):
    choice = Choice(rows=("network-visual",), smoke=True)
    done = reproduce(find_exhibit("oramas2018/table3"), tmp_path, choice=choice, quiet=True)
    assert "| F1, Jazz |  | 0.2700 |" in done.comparison.to_markdown()  # the world has no jazz
    assert done.comparison.cells[0].ours("f1_macro") is not None


@pytest.mark.slow
def test_albums_of_fixtures_go_from_their_folder_to_a_comparison(tmp_path):
    """One album cannot be scored, so that the eight that were learned from are."""
    root = tmp_path / "data" / "mumu"
    find_dataset("mumu").make_fixture(root)
    order = Order(
        key="oramas2018/table6",
        data=(f"mumu={root}",),
        rows=("t-cosine-vsm",),
        settings=(
            "training.epochs=1",
            "scheme.n_factors=4",
            "scheme.text.network.widths=[8]",
            "evaluation.split=train",
        ),
        folder=tmp_path / "out",
    )
    done = carry_out(order, quiet=True)
    assert done.comparison.failures == {}
    assert done.runs[("t-cosine-vsm", "mumu")].report.n_items == 8
