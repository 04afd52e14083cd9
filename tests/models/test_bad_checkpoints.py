"""Checkpoints of the harmonic, sample-level and short-chunk networks that are not what they are said to be."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import torch

from tutti.errors import ModelError
from tutti.models.published import HARMONIC_WINDOW, import_checkpoint, our_name
from tutti.models.taggers import ARCHITECTURES, build_tagger

LABELS = ("loud", "quiet")
# What the published code calls the parameters of each.
PUBLISHED = {
    "harmonic_cnn": ["hstft.bw_Q", "hstft_bn.weight", "layer1.conv.bias", "layer7.bn_2.running_var", "dense2.bias"],
    "sample_cnn": ["layer1.conv.weight", "layer11.bn.bias", "dense.weight"],
    "sample_cnn_se": ["layer1.conv_3.weight", "layer10.bn_3.bias", "layer11.dense2.bias", "bn.running_mean"],
    "short_chunk_cnn": ["spec_bn.weight", "layer7.conv.weight", "dense1.bias", "bn.weight"],
}
NAMES = list(PUBLISHED)


def small(name: str, n_labels: int = 2) -> dict[str, torch.Tensor]:
    """Our own parameters, which go through the import unchanged: their names are in no list of published ones."""
    return dict(build_tagger(name, n_labels, n_channels=2).state_dict())


def refusal(content: object, folder: Path, architecture: str) -> ModelError:
    torch.save(content, folder / "found.pth")
    with pytest.raises(ModelError) as caught:
        import_checkpoint(folder / "found.pth", architecture=architecture, labels=LABELS, options={"n_channels": 2})
    assert "\n" not in caught.value.message + caught.value.hint
    return caught.value


class Hostile:
    """Creates a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


@pytest.mark.parametrize("name", NAMES)
def test_published_names_become_ours(name):
    ours = build_tagger(name, 2, n_channels=2).state_dict()
    assert {our_name(published, ARCHITECTURES[name]) for published in PUBLISHED[name]} <= ours.keys()


@pytest.mark.parametrize("name", [*NAMES, "sample_cnn_rese", "sample_cnn_se_only"])
def test_what_is_complete_is_taken(name, tmp_path):
    torch.save(small(name), tmp_path / "whole.pth")
    import_checkpoint(tmp_path / "whole.pth", architecture=name, labels=LABELS, options={"n_channels": 2})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", NAMES)
def test_another_architecture_is_told_with_a_parameter(name, other, tmp_path):
    if name != other:
        assert re.search(r"does not fit the architecture: .* '", refusal(small(name), tmp_path, other).message)


@pytest.mark.parametrize("name", NAMES)
def test_another_number_of_labels_is_told_in_numbers(name, tmp_path):
    assert "predicts 3 labels, 2 names were given" in refusal(small(name, n_labels=3), tmp_path, name).message


@pytest.mark.parametrize("name", NAMES)
def test_another_width_is_told_with_its_shape(name, tmp_path):
    wide = build_tagger(name, 2, n_channels=4).state_dict()
    assert re.search(r"has shape \(.*\), wanted \(", refusal(dict(wide), tmp_path, name).message)


@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_file_is_refused(name, tmp_path):
    torch.save(small(name), tmp_path / "whole.pth")
    content = (tmp_path / "whole.pth").read_bytes()
    (tmp_path / "cut.pth").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=r"cut\.pth is damaged"):
        import_checkpoint(tmp_path / "cut.pth", architecture=name, labels=LABELS)


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_file_is_refused_and_its_code_not_run(name, tmp_path):
    content = {**small(name), "extra": Hostile(tmp_path / "trace")}
    assert "no plain PyTorch state dict" in refusal(content, tmp_path, name).message
    assert not (tmp_path / "trace").exists()


def test_a_harmonic_network_of_another_transform_is_told_with_its_window(tmp_path):
    found = refusal({**small("harmonic_cnn"), HARMONIC_WINDOW: torch.hann_window(513)}, tmp_path, "harmonic_cnn")
    assert "another spectrogram: its hstft.spec.window has shape (513,)" in found.message
    assert "(512,)" in found.hint


def test_filters_that_are_not_learned_have_no_place_for_a_quality(tmp_path):
    torch.save(small("harmonic_cnn"), tmp_path / "learned.pth")
    with pytest.raises(ModelError, match=r"unknown, such as 'frontend\.filters\.q'"):
        import_checkpoint(
            tmp_path / "learned.pth",
            architecture="harmonic_cnn",
            labels=LABELS,
            options={"n_channels": 2, "learnable": "none"},
        )
