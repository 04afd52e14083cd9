"""Modalities that teach a space and are not fused themselves."""

from __future__ import annotations

import pytest

from tutti.errors import ConfigError
from tutti.training.fusion import FusionSchemeConfig, SpaceStage


def test_a_modality_may_teach_the_space_and_not_be_fused():
    settings = FusionSchemeConfig(modalities=("audio", "image"), fused=("audio",), space=SpaceStage(), streams="space")
    assert settings.fused == ("audio",)


@pytest.mark.parametrize("fused", [("text",), ("audio", "audio")])
def test_what_is_fused_is_part_of_what_is_learned_from(fused):
    with pytest.raises(ConfigError, match="is not part of modalities"):
        FusionSchemeConfig(modalities=("audio", "image"), fused=fused, space=SpaceStage(), streams="both")


def test_without_a_space_a_modality_that_is_not_fused_is_of_no_use():
    with pytest.raises(ConfigError, match="of no use"):
        FusionSchemeConfig(modalities=("audio", "image"), fused=("audio",))
