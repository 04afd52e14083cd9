"""Encoders of covers: sizes, bad pictures, company, weights from elsewhere, what is saved and loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tutti.data.items import Item
from tutti.data.pictures import first_readable, open_pictures
from tutti.errors import ConfigError, ModelError, UnknownNameError
from tutti.models import covers as module
from tutti.models.covers import CoverConfig, CoverEncoder, build_cover_network
from tutti.models.encoder_kinds import load_encoder

TINY = CoverConfig(side=32, n_channels=4)


def png_header(side: int) -> bytes:
    """A picture that claims to be large, and is but a header."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def encoder() -> CoverEncoder:
    torch.manual_seed(0)
    return CoverEncoder(TINY, build_cover_network(TINY))


@pytest.fixture
def covers(tmp_path: Path) -> dict[str, Path]:
    """Covers of every kind of oddity, by name."""
    drawn = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8))
    paths = {
        name: tmp_path / name for name in ("plain.png", "pixel.png", "print.jpg", "animated.gif", "cut.jpg", "huge.png")
    }
    drawn.save(paths["plain.png"])
    Image.new("RGB", (1, 1), "green").save(paths["pixel.png"])
    drawn.convert("CMYK").save(paths["print.jpg"])
    drawn.save(paths["animated.gif"], save_all=True, append_images=[Image.new("RGB", (48, 48))])
    drawn.resize((400, 400)).save(paths["cut.jpg"])
    paths["cut.jpg"].write_bytes(paths["cut.jpg"].read_bytes()[:5000])
    paths["huge.png"].write_bytes(png_header(20_000))
    return {**paths, "missing.png": tmp_path / "missing.png"}


def item(name: str, *covers: Path) -> Item:
    return Item(item_id=name, title=name, covers=covers)


def test_odd_covers_are_seen_and_bad_ones_told_of(encoder: CoverEncoder, covers: dict[str, Path]) -> None:
    encoded = encoder.encode([item("none"), *(item(name, path) for name, path in covers.items())])
    assert encoded.presence.tolist() == [False, True, True, True, True, False, False, False]
    assert set(encoded.problems) == {"cut.jpg", "huge.png", "missing.png"}
    assert "pixels; at most 50000000 are read" in encoded.problems["huge.png"]
    assert np.isnan(encoded.vectors[~encoded.presence]).all()
    assert np.isfinite(encoded.vectors[encoded.presence]).all()


def test_the_first_cover_that_can_be_read_counts(encoder: CoverEncoder, covers: dict[str, Path]) -> None:
    pair = encoder.encode([item("two", covers["cut.jpg"], covers["plain.png"]), item("one", covers["plain.png"])])
    assert pair.presence.all()
    assert list(pair.problems) == ["two"]
    assert np.array_equal(pair.vectors[0], pair.vectors[1])


def test_a_cover_has_the_same_vector_alone_and_among_others(encoder: CoverEncoder, covers: dict[str, Path]) -> None:
    items = [item(f"{name} {turn}", path) for turn in range(5) for name, path in covers.items()]
    together = encoder.encode(items)
    for place in (0, 7, 22, 31):
        assert np.allclose(
            encoder.encode([items[place]]).vectors[0], together.vectors[place], atol=1e-5, equal_nan=True
        )


def test_the_store_of_training_gives_what_encoding_a_file_does(
    encoder: CoverEncoder, covers: dict[str, Path], tmp_path: Path
) -> None:
    items = [item(name, path) for name, path in covers.items()]
    store = open_pictures(items, tmp_path / "store", side=TINY.transforms.square_side)
    encoded = encoder.encode(items)
    assert np.array_equal(store.presence, encoded.presence)
    with torch.inference_mode():
        seen = encoder.network(TINY.transforms.test(store.pictures(store.rows))).numpy()
    assert np.allclose(seen, encoded.vectors[encoded.presence], atol=1e-5)


def test_no_items_give_no_vectors(encoder: CoverEncoder) -> None:
    assert encoder.encode([]).vectors.shape == (0, 32)
    assert encoder.encode([item("none")]).vectors.shape == (1, 32)


def test_progress_is_told_to_the_end(encoder: CoverEncoder, covers: dict[str, Path]) -> None:
    told: list[tuple[int, int]] = []
    items = [item("none"), *(item(str(number), *[covers["plain.png"]] * (number + 1)) for number in range(70))]
    encoder.encode(items, progress=lambda done, total: told.append((done, total)))
    assert told == [(64, 70), (70, 70)]


def test_a_cover_that_items_share_is_read_once(
    encoder: CoverEncoder, covers: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[Path, ...]] = []
    monkeypatch.setattr(
        module, "first_readable", lambda some, *, side: read.append(some) or first_readable(some, side=side)
    )
    shared = [item(f"{name} {turn}", covers[name]) for turn in range(3) for name in ("plain.png", "cut.jpg")]
    encoded = encoder.encode(shared)
    assert len(read) == 2
    assert encoded.presence.tolist() == [True, False] * 3
    assert set(encoded.problems) == {"cut.jpg 0", "cut.jpg 1", "cut.jpg 2"}


def test_a_vector_is_the_mean_of_the_maps(encoder: CoverEncoder) -> None:
    pictures = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    maps = encoder.network.maps(pictures)
    assert maps.shape == (2, 32, 1, 1)
    assert torch.allclose(encoder.network(pictures), maps.mean(dim=(2, 3)))


def test_a_saved_encoder_is_loaded_as_it_was(encoder: CoverEncoder, covers: dict[str, Path], tmp_path: Path) -> None:
    encoder.save(tmp_path / "encoder")
    loaded = load_encoder(tmp_path / "encoder")
    assert isinstance(loaded, CoverEncoder)
    assert (loaded.fingerprint, loaded.config, loaded.modality) == (encoder.fingerprint, encoder.config, "image")
    items = [item("one", covers["plain.png"])]
    assert np.array_equal(loaded.encode(items).vectors, encoder.encode(items).vectors)


def test_the_fingerprint_follows_weights_and_size(encoder: CoverEncoder) -> None:
    torch.manual_seed(1)
    other = CoverEncoder(TINY, build_cover_network(TINY))
    larger = CoverEncoder(CoverConfig(side=64, n_channels=4), encoder.network)
    assert len({encoder.fingerprint, other.fingerprint, larger.fingerprint}) == 3


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"format": 99}, "has format 99"),
        ({"kind": "tutti tagger"}, "describes a 'tutti tagger'"),
        ({"side": "wide"}, "is wrong at 'side'"),
        ({"n_channels": 8}, "cannot be used"),
    ],
)
def test_a_folder_of_something_else_is_refused(
    encoder: CoverEncoder, tmp_path: Path, damage: dict[str, Any], message: str
) -> None:
    encoder.save(tmp_path / "encoder")
    config = tmp_path / "encoder" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | damage))
    with pytest.raises(ModelError, match=message):
        CoverEncoder.load(tmp_path / "encoder")


def test_an_encoder_overwrites_nothing_but_an_encoder(encoder: CoverEncoder, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear")
    with pytest.raises(ModelError, match="is no encoder"):
        encoder.save(tmp_path)
    with pytest.raises(ModelError, match="holds no cover encoder"):
        CoverEncoder.load(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": 16},
        {"n_channels": 0},
        {"n_blocks": 0},
        {"weights": "microsoft/resnet-50"},
        {"depths": (1, 1)},
        {"architecture": "resnet50", "depths": ()},
    ],
)
def test_configurations_that_cannot_be_built_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        CoverConfig(**wrong)


def test_a_misspelt_architecture_is_met_with_the_right_one() -> None:
    with pytest.raises(UnknownNameError) as caught:
        CoverConfig(architecture="resnet5")  # type: ignore[arg-type]
    assert "did you mean 'resnet50'" in str(caught.value.hint)


@pytest.mark.parametrize(("name", "n_parameters"), [("resnet50", 23_508_032), ("resnet101", 42_500_160)])
def test_published_networks_have_their_published_size_without_the_last_layer(name: str, n_parameters: int) -> None:
    pytest.importorskip("transformers", reason="the extra text is not installed")
    with torch.device("meta"):
        network = build_cover_network(CoverConfig(architecture=name))  # type: ignore[arg-type]
    assert sum(one.numel() for one in network.parameters()) == n_parameters
    assert network.embed_dim == 2048


class TestWeightsFromElsewhere:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        transformers = pytest.importorskip("transformers", reason="the extra text is not installed")
        torch.manual_seed(0)
        shape = transformers.ResNetConfig(embedding_size=4, hidden_sizes=[8, 16, 24], depths=[1, 1, 1])
        transformers.ResNetModel(shape).save_pretrained(tmp_path / "weights")
        return tmp_path / "weights"

    def config(self, folder: Path | str) -> CoverConfig:
        return CoverConfig(architecture="resnet50", depths=(1, 1, 1), side=32, weights=str(folder))

    def test_vectors_are_those_of_transformers(self, folder: Path) -> None:
        import transformers

        theirs = transformers.ResNetModel.from_pretrained(folder).eval()
        network = build_cover_network(self.config(folder)).eval()
        pictures = torch.rand(2, 3, 32, 32)
        assert network.embed_dim == 24
        with torch.inference_mode():
            assert torch.allclose(network(pictures), theirs(pictures).pooler_output[..., 0, 0], atol=1e-6)

    def test_an_encoder_no_longer_needs_them(self, folder: Path, covers: dict[str, Path], tmp_path: Path) -> None:
        import shutil

        config = self.config(folder)
        encoder = CoverEncoder(config, build_cover_network(config))
        encoder.save(tmp_path / "encoder")
        shutil.rmtree(folder)
        items = [item("one", covers["plain.png"])]
        loaded = load_encoder(tmp_path / "encoder")
        assert np.array_equal(loaded.encode(items).vectors, encoder.encode(items).vectors)

    def test_another_size_than_the_name_says_is_refused(self, folder: Path) -> None:
        with pytest.raises(ConfigError, match=r"stages of \[1, 1, 1\] blocks, resnet101 was to have \[3, 4, 23, 3\]"):
            build_cover_network(CoverConfig(architecture="resnet101", weights=str(folder)))

    def test_names_that_are_not_at_hand_are_met_in_words(self, tmp_path: Path) -> None:
        pytest.importorskip("transformers", reason="the extra text is not installed")
        for name in ("microsoft/resnet-nowhere", str(tmp_path)):
            with pytest.raises(ConfigError, match="not at hand"):
                build_cover_network(self.config(name))

    def test_cut_off_and_incomplete_weights_are_refused(self, folder: Path) -> None:
        from safetensors.torch import load_file, save_file

        path = folder / "model.safetensors"
        whole = path.read_bytes()
        tensors = load_file(path)
        tensors.pop(next(name for name in sorted(tensors) if name.endswith("convolution.weight")))
        save_file(tensors, path, metadata={"format": "pt"})
        with pytest.raises(ConfigError, match="lacks 1 parameters"):
            build_cover_network(self.config(folder))
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ConfigError, match="not at hand"):
            build_cover_network(self.config(folder))

    def test_pickled_weights_are_not_opened(self, folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        torch.save({}, folder / "pytorch_model.bin")
        with pytest.raises(ConfigError, match=r"not at hand: .*safetensors"):
            build_cover_network(self.config(folder))


def test_a_cover_network_learns_to_tell_colours() -> None:
    torch.manual_seed(0)
    config = CoverConfig(side=32, n_channels=4)
    network = build_cover_network(config)
    head = torch.nn.Linear(network.embed_dim, 2)
    optimiser = torch.optim.Adam([*network.parameters(), *head.parameters()], lr=1e-2)
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(16) % 2
    pictures = torch.randint(0, 120, (16, 3, 37, 37), generator=generator, dtype=torch.uint8)
    pictures[labels == 0, 0] += 100
    pictures[labels == 1, 2] += 100
    for _ in range(20):
        loss = torch.nn.functional.cross_entropy(
            head(network(config.transforms.train(pictures, generator=generator))), labels
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    network.eval()
    with torch.inference_mode():
        assert (head(network(config.transforms.test(pictures))).argmax(dim=1) == labels).float().mean() > 0.9
