from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from tutti.cli.models import models_app
from tutti.errors import ConfigError, ModelError, UnknownNameError
from tutti.models.label_files import read_labels
from tutti.models.model import Model
from tutti.models.taggers import build_tagger
from tutti.models.zoo import SHIPPED, load_model


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no further folders, nothing in the package, and nobody to fetch from."""
    monkeypatch.setattr("tutti.models.zoo.SHIPPED", tmp_path / "shipped")
    monkeypatch.setenv("TUTTI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TUTTI_MIRROR", "http://127.0.0.1:9")
    monkeypatch.delenv("TUTTI_MODELS", raising=False)
    return tmp_path


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.save(build_tagger("crnn", 2).state_dict(), tmp_path / "crnn.pth")
    (tmp_path / "labels.json").write_text('{"toy": ["loud", "quiet"], "other": ["slow"]}')
    return tmp_path / "crnn.pth"


def tutti_models(*arguments: str | Path) -> Result:
    return CliRunner().invoke(models_app, [str(argument) for argument in arguments], catch_exceptions=False)


def import_crnn(checkpoint: Path, output: Path, *more: str, labels: str = "labels.json:toy") -> Result:
    source = checkpoint.parent / labels
    return tutti_models("import", checkpoint, "--architecture", "crnn", "--labels", source, "-o", output, *more)


def test_the_list_says_what_there_is_and_that_it_is_to_be_pulled() -> None:
    lines = tutti_models("list").stdout.splitlines()
    assert len(lines) == 9
    assert lines[1].split() == [
        "musicnn-mtat",
        "MagnaTagATune",
        "50",
        "0.9106",
        "0.4493",
        "3.3",
        "MB",
        "MIT",
        "to",
        "be",
        "pulled",
    ]


def test_the_list_for_machines_tells_where_models_lie(checkpoint: Path, places: Path) -> None:
    import_crnn(checkpoint, places / "cache" / "models" / "mine")
    listed = {one["name"]: one for one in json.loads(tutti_models("list", "--json").stdout)}
    assert listed["fcn-msd"]["state"] == "absent"
    assert listed["mine"]["path"] == str(places / "cache" / "models" / "mine")
    chosen = json.loads(tutti_models("list", "--json", "--commercial-ok").stdout)
    assert {one["name"] for one in chosen} == set(listed) - {"mine"}


def test_show_tells_licences_origin_and_how_common_a_label_is() -> None:
    shown = tutti_models("show", "musicnn-jamendo").stdout
    for expected in ("licence: MIT", "CC BY-NC-SA 4.0", "Universitat Pompeu Fabra", "genre---rock  1"):
        assert expected in shown
    facts = json.loads(tutti_models("show", "musicnn-jamendo", "--json").stdout)
    assert len(facts["labels"]) == 50
    assert facts["base_rates_from"].startswith("training tracks of split 0")


def test_an_imported_checkpoint_is_a_model_named_after_its_folder(checkpoint: Path, places: Path) -> None:
    output = import_crnn(checkpoint, places / "mine").stdout
    assert output == f"mine\t{places / 'mine'}\n"
    assert load_model(places / "mine").labels == ("loud", "quiet")
    assert load_model(places / "mine").name == "mine"


def test_a_checkpoint_of_classes_says_so(checkpoint: Path, places: Path) -> None:
    import_crnn(checkpoint, places / "mine", "--task", "classes")
    assert load_model(places / "mine").config.task == "classes"
    with pytest.raises(UnknownNameError, match="no task of a model called 'class'"):
        import_crnn(checkpoint, places / "other", "--task", "class")
    assert not (places / "other").exists()


def test_of_several_lists_of_labels_one_must_be_chosen(checkpoint: Path, places: Path) -> None:
    with pytest.raises(ConfigError, match=r"several lists of labels: 'toy', 'other' .*labels.json:toy"):
        import_crnn(checkpoint, places / "mine", labels="labels.json")
    with pytest.raises(UnknownNameError, match="did you mean 'toy'"):
        import_crnn(checkpoint, places / "mine", labels="labels.json:toi")


def test_labels_come_from_lists_and_lines_too(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('["loud", "quiet"]')
    (tmp_path / "lines.txt").write_text("loud\nquiet\n\n")
    assert read_labels(tmp_path / "list.json") == read_labels(tmp_path / "lines.txt") == ("loud", "quiet")


@pytest.mark.parametrize("content", ['{"a": 1', "3", '["a", 3]'])
def test_files_without_labels_are_refused_in_words(content: str, tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(ConfigError, match=r"labels\.json"):
        read_labels(tmp_path / "labels.json")


def test_an_option_without_a_value_is_misuse(checkpoint: Path, places: Path) -> None:
    run = tutti_models(
        *("import", checkpoint, "--architecture", "crnn", "--labels", checkpoint.parent / "labels.json:toy"),
        *("-o", places / "mine", "--option", "n_mels"),
    )
    assert run.exit_code == 2


def test_pull_and_path_use_what_is_at_hand(shared: Path, places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUTTI_MODELS", str(shared / "checkpoints"))
    folder = places / "cache" / "models" / "crnn-msd"
    assert tutti_models("pull", "crnn-msd").stdout == f"crnn-msd\t{folder}\n"
    assert tutti_models("path", "crnn-msd").stdout == f"{folder}\n"
    assert "here: " in next(line for line in tutti_models("list").stdout.splitlines() if line.startswith("crnn-msd"))


def test_a_shipped_model_is_first_in_the_list_and_shown_with_who_taught_it(small_model: Model, places: Path) -> None:
    small_model.save(places / "small")
    (places / "card.toml").write_text('licence = "MIT"\nteachers = ["fcn-mtat"]\nlimits = ["Hears no whales."]')
    ending = tutti_models(
        "describe", places / "small", "--from", places / "card.toml", "-o", places / "shipped" / "tiny"
    )
    assert ending.stdout == f"tiny\t{places / 'shipped' / 'tiny'}\n"
    line = tutti_models("list").stdout.splitlines()[1].split("  ")
    assert [cell.strip() for cell in line if cell][:3] == ["tiny", "1 teachers", "3"]
    assert line[-1] == "in this package"
    shown = tutti_models("show", "tiny").stdout
    for expected in ("licence: MIT\n", "limits:\n  Hears no whales.\n", "teachers:\n  fcn-mtat: MIT", "low  30.00% of"):
        assert expected in shown
    assert tutti_models("pull", "tiny").stdout == f"tiny\t{places / 'shipped' / 'tiny'}\n"


def test_an_extractor_is_made_of_an_onnx_file_or_refused_in_words(tmp_path):
    onnx = pytest.importorskip("onnx")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    shapes = {"patches": ["n", 96, 64], "means": ["n", 64]}
    entry, output = (helper.make_tensor_value_info(name, floats, shape) for name, shape in shapes.items())
    axes = onnx.numpy_helper.from_array(np.array([1], dtype=np.int64), "axes")
    double = helper.make_node("Concat", ["means", "means"], ["vectors"], axis=1)
    vectors = helper.make_tensor_value_info("vectors", floats, ["n", 128])
    mean = helper.make_node("ReduceMean", ["patches", "axes"], ["means"], keepdims=0)
    graph = helper.make_graph([mean, double], "toy", [entry], [vectors], [axes], value_info=[output])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), tmp_path / "v.onnx")
    made = tutti_models("extractor", "vggish", tmp_path / "v.onnx", "-o", tmp_path / "vggish", "--hop", "0.5")
    assert "VGGish, audio, 128 dimensions" in made.stdout
    assert (tmp_path / "vggish" / "config.json").exists()
    with pytest.raises(ModelError, match="1024 dimensions"):
        tutti_models("extractor", "yamnet", tmp_path / "v.onnx", "-o", tmp_path / "yamnet")
    assert not (tmp_path / "yamnet").exists()


def test_the_help_names_every_network():
    from tutti.cli.models import PICTURE_NETWORKS, SOUND_NETWORKS
    from tutti.models.extractors import pictures, sounds

    assert (*SOUND_NETWORKS,) == (*sounds.EXTRACTORS,)
    assert (*PICTURE_NETWORKS,) == (*pictures.PICTURE_NETWORKS,)


def test_a_space_is_listed_and_shown_with_its_licence_and_limits(places: Path) -> None:
    shutil.copytree(SHIPPED / "tutti-words", places / "shipped" / "words")
    line = tutti_models("list").stdout.splitlines()[-1].split("  ")
    assert [cell.strip() for cell in line if cell] == ["words", *"––––", "1.6 MB", "Apache-2.0", "in this package"]
    shown = tutti_models("show", "words").stdout
    for expected in (
        "architecture: space of audio, text\n",
        "licence: Apache-2.0\n",
        "limits:\n  It finds what",
        "README",
    ):
        assert expected in shown
    assert tutti_models("path", "words").stdout == f"{places / 'shipped' / 'words'}\n"
