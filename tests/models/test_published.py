"""Importing published checkpoints: theirs under other names, hostile ones, damaged ones, others than said."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch

from tutti.audio.frontends import MelConfig, mel_filters
from tutti.cli.main import main
from tutti.errors import ModelError, UnknownNameError
from tutti.models.published import FRONTEND_FILTERS, FRONTEND_WINDOW, import_checkpoint, read_state_dict
from tutti.models.taggers import build_tagger

LABELS = ("loud", "quiet")
# One of our names for each of the published ones.
RENAMED = (
    ("encoder.input_norm.norm.", "spec_bn."),
    *((f"encoder.layers.{i}.norm.", f"layer{i + 1}.bn.") for i in range(5)),
    *((f"encoder.layers.{i}.conv.", f"layer{i + 1}.conv.") for i in range(5)),
    ("head.", "dense."),
)


@pytest.fixture
def published() -> dict[str, torch.Tensor]:
    """A random FCN under the published names, front end included."""
    torch.manual_seed(0)
    tensors = build_tagger("fcn", 2).state_dict()
    for ours, theirs in RENAMED:
        tensors = {name.replace(ours, theirs): tensor for name, tensor in tensors.items()}
    tensors[FRONTEND_WINDOW] = torch.hann_window(512)
    tensors[FRONTEND_FILTERS] = torch.from_numpy(mel_filters(MelConfig())).float()
    return dict(tensors)


def imported(tensors: object, folder: Path, **facts: object):
    torch.save(tensors, folder / "toy-fcn.pth")
    return import_checkpoint(folder / "toy-fcn.pth", **{"architecture": "fcn", "labels": LABELS, **facts})


def outputs(network: torch.nn.Module) -> torch.Tensor:
    waveform = torch.sin(torch.arange(464_000) / 20)[None]
    with torch.inference_mode():
        return network.eval()(waveform)


def test_a_published_state_dict_becomes_a_model_named_after_its_file(published, tmp_path):
    model = imported(published, tmp_path, licence="MIT")
    assert (model.name, model.labels, model.config.licence) == ("toy-fcn", LABELS, "MIT")
    assert "Choi" in model.config.paper
    torch.testing.assert_close(model.network.head.weight, published["dense.weight"])
    torch.testing.assert_close(model.network.encoder.layers[4].norm.running_var, published["layer5.bn.running_var"])


@pytest.mark.parametrize("wrap", ["module prefix", "state_dict key", "network prefix", "teacher beside"])
def test_what_training_wraps_around_a_state_dict_is_taken_off(wrap, published, tmp_path):
    plain = outputs(imported(published, tmp_path).network)
    if wrap == "module prefix":
        published = {f"module.{name}": tensor for name, tensor in published.items()}
    elif wrap == "network prefix":
        published = {f"network.{name}": tensor for name, tensor in published.items()}
    elif wrap == "teacher beside":
        published |= {f"teacher_network.{name}": 2 * tensor for name, tensor in published.items()}
    else:
        published = {"state_dict": published}
    torch.testing.assert_close(outputs(imported(published, tmp_path).network), plain, rtol=0, atol=0)


class Hostile:
    """Creates a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


@pytest.mark.parametrize("way", ["torch", "pickle"])
def test_a_checkpoint_that_carries_code_is_refused_and_the_code_not_run(way, published, tmp_path):
    trace = tmp_path / "trace"
    content = {**published, "extra": Hostile(trace)}
    if way == "torch":
        torch.save(content, tmp_path / "hostile.pth")
    else:
        (tmp_path / "hostile.pth").write_bytes(pickle.dumps(Hostile(trace), protocol=2))
    with pytest.raises(ModelError, match="no plain PyTorch state dict"):
        import_checkpoint(tmp_path / "hostile.pth", architecture="fcn", labels=LABELS)
    assert not trace.exists()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused_in_words(share, published, tmp_path):
    torch.save(published, tmp_path / "whole.pth")
    content = (tmp_path / "whole.pth").read_bytes()
    (tmp_path / "cut.pth").write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match=r"cut\.pth") as caught:
        read_state_dict(tmp_path / "cut.pth")
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, torch.zeros(3)], ids=["list", "numbers", "tensor"])
def test_a_file_of_something_else_is_refused(content, tmp_path):
    with pytest.raises(ModelError, match="holds no state dict"):
        imported(content, tmp_path)


SPOILT = {
    "not finite": lambda weight: weight * float("nan"),
    "complex": lambda weight: weight.to(torch.complex64),
    "sparse": lambda weight: weight.to_sparse(),
    "no numbers": lambda weight: weight.to("meta"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_tensor_that_fills_no_network_is_named(how, published, tmp_path):
    published["dense.weight"] = SPOILT[how](published["dense.weight"])
    with pytest.raises(ModelError, match=f"its 'dense.weight' .*{how}"):
        imported(published, tmp_path)


def test_a_head_of_no_dimensions_is_told_with_its_shape(published, tmp_path):
    published["dense.weight"] = torch.tensor(1.0)
    with pytest.raises(ModelError, match=r"'head.weight' has shape \(\), wanted \(2, 64\)"):
        imported(published, tmp_path)


@pytest.mark.parametrize("name", ["cut", "hostile", "other"])
def test_importing_a_bad_checkpoint_prints_two_lines_and_leaves_nothing(name, published, tmp_path, capsys, monkeypatch):
    torch.save(published, tmp_path / "whole.pth")
    (tmp_path / "cut.pth").write_bytes((tmp_path / "whole.pth").read_bytes()[:5000])
    torch.save({**published, "extra": Hostile(tmp_path / "trace")}, tmp_path / "hostile.pth")
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    (tmp_path / "labels.json").write_text('["loud", "quiet"]')
    before = set(tmp_path.iterdir())
    arguments = ["--architecture", "fcn", "--labels", str(tmp_path / "labels.json"), "-o", str(tmp_path / "out")]
    monkeypatch.setattr("sys.argv", ["tutti", "models", "import", str(tmp_path / f"{name}.pth"), *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith(f"error: {tmp_path / name}.pth")
    assert hint.startswith("hint: ")
    assert set(tmp_path.iterdir()) == before


def test_a_missing_file_or_a_folder_is_refused(tmp_path):
    for path in (tmp_path / "nowhere.pth", tmp_path):
        with pytest.raises(ModelError, match="cannot be read"):
            read_state_dict(path)


def test_another_number_of_labels_is_told_in_numbers(published, tmp_path):
    with pytest.raises(ModelError, match="predicts 2 labels, 3 names were given"):
        imported(published, tmp_path, labels=("a", "b", "c"))


@pytest.mark.parametrize("architecture", ["crnn", "musicnn", "short_chunk_resnet"])
def test_another_architecture_is_told_with_a_parameter(architecture, published, tmp_path):
    del published[FRONTEND_WINDOW], published[FRONTEND_FILTERS]
    with pytest.raises(ModelError, match=r"does not fit the architecture: .* such as '"):
        imported(published, tmp_path, architecture=architecture)


def test_an_unknown_architecture_is_answered_with_the_nearest(published, tmp_path):
    with pytest.raises(UnknownNameError) as caught:
        imported(published, tmp_path, architecture="fcnn")
    assert "'fcn'" in caught.value.hint


@pytest.mark.parametrize("other", [{"n_mels": 128}, {"n_fft": 1024}, {"fmin": 100.0}])
def test_another_spectrogram_is_told_with_its_shape(other, published, tmp_path):
    published[FRONTEND_FILTERS] = torch.from_numpy(mel_filters(MelConfig(**other))).float()
    with pytest.raises(ModelError, match="another spectrogram") as caught:
        imported(published, tmp_path)
    assert str(tuple(published[FRONTEND_FILTERS].shape)) in caught.value.message
    assert "n_mels" in caught.value.hint


def test_filters_that_old_versions_stored_empty_are_no_obstacle(published, tmp_path):
    published[FRONTEND_FILTERS] = torch.zeros(0)
    imported(published, tmp_path)


# Weight decay had left up to a third of some published weights so small that processors crawl.
def test_weights_that_are_next_to_nothing_become_nothing_without_changing_outputs(published, tmp_path):
    before = outputs(imported(published, tmp_path).network)
    weight = published["layer1.conv.weight"]
    weight[:8] = 1e-38 * torch.randn(8, 1, 3, 3)
    with torch.no_grad():
        network = build_tagger("fcn", 2)
        network.load_state_dict(imported(published, tmp_path).network.state_dict())
        assert (network.encoder.layers[0].conv.weight[:8] == 0).all()
        flushed = outputs(network)
        network.encoder.layers[0].conv.weight[:8] = weight[:8]
        assert (network.encoder.layers[0].conv.weight[:8] != 0).any()
        dusty = outputs(network)
    assert not torch.equal(before, flushed)
    torch.testing.assert_close(flushed, dusty, rtol=0, atol=1e-6)
