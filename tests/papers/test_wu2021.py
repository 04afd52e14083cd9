"""Statements of a paper whose figures bear no numbers, found out again on the tiny world and on a fixture."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tutti.data.datasets import find_dataset
from tutti.data.datasets.fixtures import write_cover, write_sound
from tutti.errors import ConfigError, DatasetError, TuttiError, UnknownNameError
from tutti.evaluation.report import Estimate
from tutti.models.covers import CoverEncoder, build_cover_network
from tutti.papers import find_exhibit
from tutti.papers.commands import Order, carry_out, listing
from tutti.papers.experiment import ExperimentOrder, Findings, Judged, Statement
from tutti.papers.wu2021_pairs import SMOKE_IMAGE, WuSettings, load_place, read_pairs, read_settings
from tutti.papers.wu2021_retrieval import judge_retrieval

KEYS = ("wu2021/figure2", "wu2021/figure3", "wu2021/figure4")


def test_the_three_figures_are_listed_with_their_statements():
    listed = {one["key"]: one for one in json.loads(listing(as_json=True))}
    assert all(listed[key]["statements"] and listed[key]["datasets"] == ["audioset-pairs"] for key in KEYS)
    assert "wu2021/figure3" in listing()


def test_published_settings_are_the_papers():
    settings = WuSettings()
    found = settings.space.resolved()
    assert (found.batch_size, found.learning_rate, found.margin, found.patience) == (4096, 1e-3, 1.0, 5)
    assert (settings.n_components, settings.depth, settings.n_each) == (128, 30, 1000)
    assert (settings.n_trees, settings.max_depth) == (100, 32)


def test_settings_are_given_as_on_the_command_line(tmp_path):
    given = ("audio.yamnet=encoders/yamnet", "space.preset=wu2021-code", "space.epochs=3", "per_class=[0, 5]")
    settings = read_settings(ExperimentOrder(folder=tmp_path, settings=given))
    assert settings.audio == {"yamnet": "encoders/yamnet"}
    assert settings.space.resolved().learning_rate == 1e-4
    assert settings.per_class == (0, 5)
    for wrong in ("depths=3", "depth=deep"):
        with pytest.raises(ConfigError, match="makes no sense"):
            read_settings(ExperimentOrder(folder=tmp_path, settings=(wrong,)))
    with pytest.raises(UnknownNameError, match="wu2022"):
        read_settings(ExperimentOrder(folder=tmp_path, settings=("space.preset=wu2022",)))


@pytest.mark.parametrize(
    ("key", "given", "told"),
    [
        (KEYS[0], ("n_trees=5",), "n_trees=5 would change nothing: nothing is classified"),
        (KEYS[1], ("depth=5",), "depth=5 would change nothing: nothing is ranked"),
        (KEYS[2], ("image.a=x", "image.b=y"), "image.b=y would change nothing: one encoder"),
    ],
)
@pytest.mark.parametrize("smoke", [True, False])
def test_a_setting_of_another_figure_is_refused(tmp_path, key, given, told, smoke):
    with pytest.raises(ConfigError, match=told):
        carry_out(Order(key=key, folder=tmp_path / "out", settings=given, smoke=smoke))
    assert not (tmp_path / "out").exists()


def test_a_smoke_run_takes_the_encoders_that_it_is_given_and_else_its_own(tmp_path):
    def images(*given):
        return read_settings(ExperimentOrder(folder=tmp_path, settings=given, smoke=True)).image

    assert images() == {"small-resnet": "untrained"}
    assert images("image.mine=encoders/mine") == {"mine": "encoders/mine"}
    assert load_place("image", "untrained", smoke=True).modality == "image"
    with pytest.raises(TuttiError, match="microsoft/resnet-none"):
        load_place("image", "microsoft/resnet-none", smoke=True)


def test_without_data_the_order_says_what_it_wants_and_leaves_nothing(tmp_path):
    with pytest.raises(ConfigError, match="audioset-pairs is wanted") as caught:
        carry_out(Order(key=KEYS[0], folder=tmp_path / "out"))
    assert "--data audioset-pairs=FOLDER" in str(caught.value.hint)
    with pytest.raises(ConfigError, match="no rows"):
        carry_out(Order(key=KEYS[0], folder=tmp_path / "out", rows=("yamnet",), smoke=True))
    assert not (tmp_path / "out").exists()


def test_pairs_with_one_class_are_classified_and_the_others_translated(tmp_path):
    root = tmp_path / "root"
    find_dataset("audioset-pairs").make_fixture(root)
    lines = ["drumming\tDrum;Drum kit\ttrain", "strings\tCello\ttest", "singing\tChoir;Cello\ttest"]
    (root / "labels.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pairs = read_pairs(ExperimentOrder(folder=tmp_path / "out", data=root), WuSettings())
    ids = np.array([item.item_id for item in pairs.items])
    assert ids[pairs.clips.is_train].tolist() == ["drumming"]
    assert ids[pairs.clips.is_test].tolist() == ["strings"]
    assert list(pairs.clips.names) == ["cello", "drums"]
    assert "there are no others" in pairs.note
    (root / "ontology.json").unlink()
    with pytest.raises(DatasetError, match="no ontology"):
        read_pairs(ExperimentOrder(folder=tmp_path / "other", data=root), WuSettings())


def scores(audio_to_image, image_to_audio, chance=0.5):
    found = {"audio_to_image": audio_to_image, "image_to_audio": image_to_audio}
    found |= {f"{way}_random": chance for way in tuple(found)}
    return {f"ndcg_{way}": Estimate(value=value, low=value, high=value) for way, value in found.items()}


def test_statements_of_retrieval_are_judged_by_what_was_given():
    found = {
        "yamnet+resnet50": scores(0.9, 0.9),
        "openl3+openl3-image": scores(0.6, 0.5),
        "openl3+openl3-image, untranslated": scores(0.4, 0.6),
    }
    assert [one.holds for one in judge_retrieval(found)] == [True, True, True]
    found["openl3+openl3-image"] = scores(0.95, 0.5)
    assert [one.holds for one in judge_retrieval(found)] == [False, False, True]
    assert [one.holds for one in judge_retrieval({"ours+resnet50": scores(0.9, 0.9)})] == [None, None, None]


def test_a_smoke_run_tells_nothing_of_a_statement():
    one = Judged(statement=Statement(text="x", where="4", criterion="y"), ours="z", holds=True)
    settings = {"exhibit": find_exhibit(KEYS[0]), "setting": "", "judged": (one,), "tables": "", "values": {}}
    assert Findings(**settings).to_json()["statements"][0]["holds"] is True
    assert Findings(**settings, smoke=True).to_json()["statements"][0]["holds"] is None


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_a_smoke_run_takes_the_whole_way_and_resumes(tmp_path, key):
    done = carry_out(Order(key=key, folder=tmp_path / "out", smoke=True), quiet=True)
    assert (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8").startswith(f"# {key}")
    assert list((tmp_path / "out").glob("*.png"))
    told: list[str] = []
    with pytest.raises(ConfigError, match="holds results already"):
        carry_out(Order(key=key, folder=tmp_path / "out", smoke=True))
    again = carry_out(Order(key=key, folder=tmp_path / "out", smoke=True, resume=True), quiet=True, tell=told.append)
    assert again.comparison.to_json() == done.comparison.to_json()
    assert not any("encodes" in line for line in told)


def write_pairs(root, n_each):
    """Seconds and frames of four labels, each with its own pitch and colour; one of each modality is damaged."""
    labels = ("Drum", "Cello", "Gong", "Piano;Cello")
    lines = []
    for number in range(n_each * len(labels)):
        kind = number % len(labels)
        write_sound(root / "audio" / f"clip{number:02}.wav", pitch=200.0 + 150 * kind + number, duration=0.5)
        write_cover(root / "frames" / f"clip{number:02}.png", colour=(60 * kind, number, 0), side=32)
        lines.append(f"clip{number:02}\t{labels[kind]}")
    (root / "audio" / "clip07.wav").write_bytes(b"no sound")
    (root / "frames" / "clip05.png").write_bytes(b"no picture")
    (root / "labels.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    names = {"/m/0": "Musical instrument", "/m/1": "Drum", "/m/2": "Cello", "/m/3": "Gong", "/m/4": "Piano"}
    rows = [{"id": key, "name": name, "child_ids": list(names)[1:] * (key == "/m/0")} for key, name in names.items()]
    (root / "ontology.json").write_text(json.dumps(rows), encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_a_folder_of_pairs_goes_all_the_way_and_what_cannot_be_read_is_counted(tmp_path, small_model, key):
    write_pairs(tmp_path / "pairs", n_each=15)
    small_model.save(tmp_path / "sounds")
    CoverEncoder(SMOKE_IMAGE, build_cover_network(SMOKE_IMAGE)).save(tmp_path / "pictures")
    given = (f"audio.small={tmp_path / 'sounds'}", f"image.toy={tmp_path / 'pictures'}")
    given += ("depth=2",) if key == KEYS[0] else ("n_trees=5",)
    settings = (*given, "space.epochs=2", "space.batch_size=16", "space.accelerator=cpu")
    data = (f"audioset-pairs={tmp_path / 'pairs'}",)
    done = carry_out(Order(key=key, data=data, settings=settings, folder=tmp_path / "out"), quiet=True)
    assert "1 that small could not read, 1 that toy could not read" in done.comparison.setting
    assert "pairs that are not classified" in done.comparison.setting
