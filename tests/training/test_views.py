"""Views: what each modality offers to training, the same whenever the seed is, and what encoders will give later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tutti.audio.recording import Recording
from tutti.audio.store import open_store
from tutti.data.catalogue import Catalogue
from tutti.data.items import Item, items_of
from tutti.data.pictures import open_pictures
from tutti.models.covers import CoverEncoder
from tutti.models.model import Model
from tutti.models.multimodal import MultimodalModel
from tutti.training.views import MatrixView, PictureView, SoundView, View

ALL = np.arange(5)


@pytest.fixture
def items(shelf: Catalogue) -> list[Item]:
    """An album with one track that has no sound, and albums without cover or review of one track."""
    return items_of(
        shelf.tracks(where="album in ('Album 0', 'Album 1', 'Album 2', 'Album 10', 'Album 11')"), level="album"
    )


@pytest.fixture
def sounds(items: list[Item], small_model: Model, tmp_path: Path) -> SoundView:
    recordings = [
        Recording.from_file(one.audio, key=one.track_id) for item in items for one in item.sounds if one.audio
    ]
    store = open_store(
        {"train": recordings}, tmp_path / "waveforms", sample_rate=8000, resampling=small_model.config.resampling
    )
    return SoundView(small_model.network, store, items, n_samples=4000, n_excerpts=4)


@pytest.fixture
def pictures(items: list[Item], shelf_model: MultimodalModel, tmp_path: Path) -> PictureView:
    encoder = shelf_model.encoders["image"]
    assert isinstance(encoder, CoverEncoder)
    transforms = encoder.config.transforms
    store = open_pictures(items, tmp_path / "pictures", side=transforms.square_side)
    return PictureView(encoder.network, store, transforms, embed_dim=encoder.embed_dim)


@pytest.fixture
def views(sounds: SoundView, pictures: PictureView) -> list[View]:
    matrix = np.arange(20, dtype=np.float32).reshape(5, 4)
    return [sounds, pictures, MatrixView("text", matrix, np.ones(5, dtype=np.bool_))]


def test_inputs_follow_from_the_seed_and_so_does_what_is_altered(views: list[View]) -> None:
    for view in views:
        first, again = (view.learn(ALL, seed=(1, 2)) for _ in range(2))
        torch.testing.assert_close(first, again, rtol=0, atol=0)
        altered = [view.alter(first, generator=torch.Generator().manual_seed(3)) for _ in range(2)]
        torch.testing.assert_close(altered[0], altered[1], rtol=0, atol=0)


def test_other_seeds_hear_other_stretches(sounds: SoundView) -> None:
    assert not torch.equal(sounds.learn(ALL, seed=(1,)), sounds.learn(ALL, seed=(2,)))


def test_what_represents_an_item_does_not_depend_on_its_company(views: list[View]) -> None:
    for view in views:
        network = view.network.eval()
        with torch.inference_mode():
            among = view.represent(network, ALL)
            alone = torch.cat([view.represent(network, np.array([row])) for row in ALL])
        assert among.shape == (5, view.embed_dim)
        torch.testing.assert_close(alone, among, rtol=1e-4, atol=1e-4)


def test_training_sees_covers_and_reads_albums_as_their_encoders_will(
    sounds: SoundView, pictures: PictureView, items: list[Item], shelf_model: MultimodalModel
) -> None:
    with torch.inference_mode():
        seen = pictures.represent(pictures.network.eval(), ALL).numpy()
        heard = sounds.represent(sounds.network.eval(), ALL).numpy()
    np.testing.assert_allclose(seen, shelf_model.encoders["image"].encode(items).vectors, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(heard, shelf_model.encoders["audio"].encode(items).vectors, rtol=1e-3, atol=1e-3)


def test_an_item_whose_files_cannot_be_read_is_absent(small_model: Model, tmp_path: Path, items: list[Item]) -> None:
    store = open_store({"train": []}, tmp_path / "empty", sample_rate=8000, resampling=small_model.config.resampling)
    view = SoundView(small_model.network, store, items, n_samples=4000, n_excerpts=4)
    assert not view.presence.any()


def test_rows_of_a_matrix_are_as_they_are_or_pass_a_network() -> None:
    matrix = np.array([[3, 4], [np.nan, np.nan], [1, 2]], dtype=np.float32)
    presence = np.array([True, False, True])
    plain = MatrixView("text", matrix, presence)
    assert plain.represent(plain.network, np.array([2, 0])).tolist() == [[1, 2], [3, 4]]
    layer = torch.nn.Linear(2, 1, bias=False)
    torch.nn.init.ones_(layer.weight)
    learned = MatrixView("text", matrix, presence, network=layer, embed_dim=1)
    assert learned.represent(learned.network, np.array([2, 0])).tolist() == [[3], [7]]
