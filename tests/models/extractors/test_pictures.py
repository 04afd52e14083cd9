"""Published networks of pictures from ONNX files: what they are given, however the file arranges it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tutti.data.items import Item
from tutti.errors import ConfigError, ModelError, UnknownNameError
from tutti.models.encoder_kinds import load_encoder
from tutti.models.extractors.networks import open_extractor
from tutti.models.extractors.pictures import PictureExtractor


@pytest.fixture
def items(tmp_path):
    """A picture of noise, one of a single colour behind a damaged one, and none."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 280, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    Image.new("RGB", (8, 8), (200, 100, 50)).save(tmp_path / "plain.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    covers = {"noise": ("noise.png",), "plain": ("broken.png", "plain.png"), "none": ()}
    return [
        Item(item_id=key, title=key, covers=tuple(tmp_path / name for name in some)) for key, some in covers.items()
    ]


def given(extractor, picture):
    """The vector of a picture of one colour."""
    squares = np.tile(np.array(picture, dtype=np.uint8)[:, None, None], (1, 1, 256, 256))
    return extractor.encode_pictures(squares)


@pytest.mark.parametrize("shape", [(None, 224, 224, 3), (None, 3, 224, 224), (1, 224, 224, 3)], ids=str)
def test_colours_are_what_the_network_learned_with_wherever_its_axis_is(write_mean, shape):
    """A toy network that gives the means of the three colours, and zeros behind them."""
    caffe = PictureExtractor("vgg16", write_mean(*shape, n_outputs=512))
    blue_first = np.array([50, 100, 200]) - np.array([103.939, 116.779, 123.68])
    np.testing.assert_allclose(
        given(caffe, (200, 100, 50))[0, :3], blue_first, atol=0.1
    )  # the toy adds up in single precision
    unit = PictureExtractor("openl3-image-512", write_mean(*shape, n_outputs=512))
    np.testing.assert_allclose(given(unit, (255, 0, 51))[0, :3], [1, -1, -0.6], atol=1e-3)


def test_bad_covers_are_told_of_absent_ones_are_nan_and_company_does_not_matter(write_mean, items):
    extractor = PictureExtractor("vgg16", write_mean(None, 224, 224, 3, n_outputs=512))
    found = extractor.encode(items)
    assert found.presence.tolist() == [True, True, False]
    assert np.isnan(found.vectors[2]).all()
    assert "broken.png" in found.problems["plain"]
    alone = [extractor.encode([item]).vectors[0] for item in items]
    np.testing.assert_allclose(found.vectors, alone, atol=1e-5)


def test_a_saved_extractor_is_known_by_its_kind(write_mean, items, tmp_path):
    extractor = open_extractor("openl3-image-512", write_mean(None, 3, 224, 224, n_outputs=512))
    extractor.save(tmp_path / "saved")
    again = load_encoder(tmp_path / "saved")
    assert (again.modality, again.name, again.fingerprint) == ("image", extractor.name, extractor.fingerprint)
    np.testing.assert_array_equal(again.encode(items).vectors, extractor.encode(items).vectors)


def test_what_will_not_do_is_refused(write_mean, tmp_path):
    path = write_mean(None, 100, 100, 3, n_outputs=512)
    with pytest.raises(ModelError, match="takes input"):
        PictureExtractor("vgg16", path)
    with pytest.raises(ConfigError, match="no hop"):
        open_extractor("vgg16", path, hop=1.0)
    with pytest.raises(UnknownNameError) as caught:
        open_extractor("vgg-16", path)
    assert "'vgg16'" in str(caught.value.hint)
    with pytest.raises(UnknownNameError):
        PictureExtractor("yamnet", path)
