"""The space of tags and songs: the published sizes, what is absent, and the same points from a saved one."""

import numpy as np
import pytest
import torch

from tutti.errors import ConfigError, ModelError, ShapeError, UnknownNameError
from tutti.models.encoder_kinds import load_projection
from tutti.models.fusion import FusionConfig
from tutti.models.tag_song import TagSongConfig, TagSongSpace
from tutti.models.taggers import build_tagger

SMALL = {"embed_dim": 8, "n_hidden": 16}


def n_parameters(*modules: torch.nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def vectors(n_rows: int, n_columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n_rows, n_columns)).astype(np.float32)


def hybrid(**changes) -> TagSongSpace:
    torch.manual_seed(0)
    return TagSongSpace(5, "audio", (6, 4), TagSongConfig(**{**SMALL, "join": "layers", **changes})).eval()


def test_the_acoustic_model_has_the_published_number_of_parameters():
    space = TagSongSpace(300, "audio", (256,), TagSongConfig(join="vector"))
    assert n_parameters(space) == 286_464
    assert n_parameters(space, build_tagger("tag_song_cnn", 0)) == 3_816_322


def test_the_cultural_model_has_the_published_number_of_parameters():
    assert n_parameters(TagSongSpace(300, "listening", (200,), TagSongConfig())) == 521_728


def test_the_hybrid_model_has_the_published_number_of_parameters():
    trunk = build_tagger("tag_song_cnn", 0, n_outputs=200)
    assert n_parameters(TagSongSpace(300, "audio", (200, 200), TagSongConfig()), trunk) == 4_125_146


def test_the_acoustic_trunk_hears_173_frames_and_gives_nothing_below_0():
    trunk = build_tagger("tag_song_cnn", 0, n_channels=2).eval()
    waveform = torch.from_numpy(vectors(1, 88_064)) * 0.1
    assert trunk.frontend(waveform).shape == (1, 128, 173)
    vector = trunk.represent(waveform)
    assert vector.shape == (1, 256)
    assert (vector >= 0).all()


def test_an_excerpt_too_short_to_be_halved_is_refused():
    with pytest.raises(ConfigError, match="seven halvings"):
        build_tagger("tag_song_cnn", 0, n_samples=20_000)


@pytest.mark.parametrize(
    "changes",
    [
        {"join": "layers"},
        *(
            {"join": "fusion", "fusion": FusionConfig(kind=kind, embed_dim=8)}
            for kind in ("gated", "attention", "early")
        ),
    ],
    ids=["layers", "gated", "attention", "early"],
)
def test_a_song_without_listeners_has_a_point_and_one_without_anything_has_none(changes):
    space, songs = hybrid(**changes), vectors(3, 10)
    songs[1, 6:] = np.nan
    songs[2] = np.nan
    points = space.project("audio", songs)
    assert np.isfinite(points[:2]).all()
    assert np.isnan(points[2]).all()


def test_what_stands_in_the_place_of_an_absent_part_has_no_influence():
    space = hybrid()
    presence = torch.tensor([[True, False]])
    sound = torch.from_numpy(vectors(1, 6))
    first, second = (space.song([sound, torch.full((1, 4), value)], presence).outputs for value in (torch.nan, 7.0))
    torch.testing.assert_close(first, second)


def test_a_point_does_not_depend_on_its_company():
    space, songs = hybrid(), vectors(300, 10)
    together = space.project("audio", songs)
    np.testing.assert_array_equal(space.project("audio", songs[290:291]), together[290:291])


def test_standardised_streams_are_of_like_size_whatever_their_units():
    first, second = hybrid(), hybrid()
    songs = vectors(50, 10)
    scaled = songs * np.repeat(np.float32([1000, 1]), [6, 4])
    for space, some in ((first, songs), (second, scaled)):
        space.song.standardise([torch.from_numpy(some[:, :6]), None])
    np.testing.assert_allclose(first.project("audio", songs), second.project("audio", scaled), rtol=1e-3, atol=1e-4)


def test_a_saved_space_gives_the_same_points(tmp_path):
    space = hybrid(join="fusion")
    space.song.standardise([torch.from_numpy(vectors(20, 6)), torch.from_numpy(vectors(20, 4))])
    space.save(tmp_path / "space")
    loaded = load_projection(tmp_path / "space")
    assert loaded.fingerprint == space.fingerprint
    for modality, n_columns in (("text", 5), ("audio", 10)):
        some = vectors(4, n_columns)
        np.testing.assert_array_equal(loaded.project(modality, some), space.project(modality, some))


def test_what_does_not_fit_is_told(tmp_path):
    space = hybrid()
    with pytest.raises(UnknownNameError, match="image"):
        space.project("image", vectors(1, 10))
    with pytest.raises(ShapeError, match="wanted"):
        space.project("audio", vectors(1, 6))
    with pytest.raises(ConfigError, match="as they are"):
        TagSongSpace(5, "audio", (6,), TagSongConfig(join="vector"))
    with pytest.raises(UnknownNameError, match="way to join"):
        TagSongConfig(join="sum")
    space.save(tmp_path / "space")
    (tmp_path / "space" / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ModelError, match="cannot be read"):
        TagSongSpace.load(tmp_path / "space")
