"""Branches: for each modality a view to learn from, and the encoder that its network becomes once it has learned.

Both ways of the scheme ``fusion`` begin with them: one at a time, or all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tutti.audio.augmentation import Augmentation
from tutti.audio.recording import Recording
from tutti.audio.store import open_store
from tutti.data.items import Item
from tutti.data.pictures import open_pictures
from tutti.data.track import Modality
from tutti.models.covers import CoverEncoder, CoverNetwork, build_cover_network
from tutti.models.encoders import ModalityEncoder
from tutti.models.model import Model
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.text_readers import open_reader
from tutti.models.texts import TextEncoder, TextNetwork, build_text_network
from tutti.training.fusion import FusionSchemeConfig
from tutti.training.recipes import Recipe
from tutti.training.run_parts import WAVEFORMS, Tell, augmentation, check_length, model_config
from tutti.training.sounds import Sounds
from tutti.training.standardisation import standardise
from tutti.training.transfer import build_network
from tutti.training.views import MatrixView, PictureView, SoundView, Trunk, View

PICTURES = "pictures"
OWN_NAMES = "catalogue"  # entities of a text are what the catalogue's own artists, albums and tags are called


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A modality that is to be learned.

    Attributes:
        view: What is learned from, of all items of train and valid.
        dropout: Between vector and head while it learns by itself.
        finish: The encoder that the view's network, trained, makes.
        failures: Files that could not be read, by item or track.
    """

    view: View
    dropout: float
    finish: Callable[[nn.Module], ModalityEncoder]
    failures: dict[str, str]


def open_branch(modality: Modality, items: Sequence[Item], n_train: int, recipe: Recipe, tell: Tell) -> Branch:
    """The branch of a modality.

    Args:
        modality: Which.
        items: Of train, then of valid.
        n_train: How many are of train: from these alone, readers take their words.
        recipe: Says how.
        tell: Receives a line about what is read.

    Raises:
        ConfigError: The settings do not fit, or what they need is not at hand.
    """
    return BRANCHES[modality](items, n_train, recipe, tell)


def sound_branch(
    items: Sequence[Item], n_train: int, recipe: Recipe, tell: Tell, *, n_excerpts: int, dropout: float | None = None
) -> Branch:
    """The branch of sounds; the network is the recipe's ``model``.

    Args:
        items: As :func:`open_branch` takes them, and so the next three.
        n_train: How many are of train.
        recipe: Says which network.
        tell: Receives a line about what is read.
        n_excerpts: Heard of each track in validation.
        dropout: Between vector and head while it learns by itself; None is the architecture's.
    """
    config = model_config(recipe, (), task="vectors")
    tagger = build_network(config, recipe.model.start, seed=recipe.seed, tell=tell)
    check_length(tagger, config)
    recordings = {
        split: [
            Recording.from_file(track.audio, key=track.track_id)
            for item in some
            for track in item.sounds
            if track.audio is not None
        ]
        for split, some in (("train", items[:n_train]), ("valid", items[n_train:]))
    }
    return learning_sounds(
        Model(config, tagger),
        items,
        recordings,
        recipe.data.store or recipe.folder / WAVEFORMS,
        tell,
        n_excerpts=n_excerpts,
        dropout=tagger.dropout.p if dropout is None else dropout,
        augment=augmentation(recipe, config.sample_rate),
    )


def learning_sounds(
    model: Model,
    items: Sequence[Item],
    recordings: Mapping[str, Sequence[Recording]],
    folder: Path,
    tell: Tell,
    *,
    n_excerpts: int,
    dropout: float = 0.0,
    augment: Augmentation | None = None,
) -> Branch:
    """The branch of sounds that a tagger goes on learning from.

    Args:
        model: The tagger; where it standardises what it hears and nobody told it how, recordings of train do.
        items: In the order of the view.
        recordings: Of their tracks, those of train and of valid.
        folder: Of decoded sounds.
        tell: Receives a line about what is read.
        n_excerpts: Heard of each track in validation.
        dropout: Between vector and head while it learns by itself.
        augment: Changes excerpts that are learned from.
    """
    tagger, config = model.network, model.config
    tell(f"decoding {sum(map(len, recordings.values()))} sounds")
    store = open_store(recordings, folder, sample_rate=config.sample_rate, resampling=config.resampling)
    learned = {recording.key for recording in recordings["train"]}
    rows = np.array([row for row, key in enumerate(store.keys) if key in learned], dtype=np.int64)
    standardise(tagger, Sounds(store=store, rows=rows), n_samples=config.n_samples)
    view = SoundView(tagger, store, items, n_samples=config.n_samples, n_excerpts=n_excerpts, augment=augment)

    def finish(network: nn.Module) -> ModalityEncoder:
        assert isinstance(network, Trunk)
        return SoundEncoder(Model(config, network.tagger.cpu()))

    wanted = {recording.key for some in recordings.values() for recording in some}
    failures = {key: why for key, why in store.failures.items() if key in wanted}
    return Branch(view=view, dropout=dropout, finish=finish, failures=failures)


def _sounds(items: Sequence[Item], n_train: int, recipe: Recipe, tell: Tell) -> Branch:
    stage = _scheme(recipe).audio
    return sound_branch(items, n_train, recipe, tell, n_excerpts=stage.n_excerpts, dropout=stage.dropout)


def _covers(items: Sequence[Item], n_train: int, recipe: Recipe, tell: Tell) -> Branch:
    stage = _scheme(recipe).image
    with drawn_from(recipe.seed):
        network = build_cover_network(stage.network)
    tell(f"reading the covers of {len(items)} items")
    transforms = stage.network.transforms
    pictures = open_pictures(items, recipe.folder / PICTURES, side=transforms.square_side)
    view = PictureView(network, pictures, transforms, embed_dim=network.embed_dim)

    def finish(trained: nn.Module) -> ModalityEncoder:
        assert isinstance(trained, CoverNetwork)
        return CoverEncoder(stage.network, trained.cpu())

    return Branch(
        view=view,
        dropout=stage.dropout,
        finish=finish,
        failures=dict(pictures.failures),
    )


def _texts(items: Sequence[Item], n_train: int, recipe: Recipe, tell: Tell) -> Branch:
    config = _scheme(recipe).text.network
    reader = open_reader(config, items)
    tell(f"reading the texts of {len(items)} items")
    reader.fit([item.text for item in items[:n_train] if item.offers("text")])
    read = reader.read([item.text for item in items])
    with drawn_from(recipe.seed):
        network = build_text_network(config, reader.n_inputs)
    view = MatrixView("text", read.inputs, read.presence, network=network, embed_dim=network.embed_dim)

    def finish(trained: nn.Module) -> ModalityEncoder:
        assert isinstance(trained, TextNetwork)
        return TextEncoder(config, reader, trained.cpu())

    told = {item.item_id: problem for item, problem in zip(items, read.problems, strict=True) if problem}
    return Branch(view=view, dropout=0.0, finish=finish, failures=told)  # the network has dropout of its own


BRANCHES: dict[str, Callable[[Sequence[Item], int, Recipe, Tell], Branch]] = {
    "audio": _sounds,
    "image": _covers,
    "text": _texts,
}


def _scheme(recipe: Recipe) -> FusionSchemeConfig:
    assert isinstance(recipe.scheme, FusionSchemeConfig)
    return recipe.scheme


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """What is drawn at random inside follows from the seed, and nothing outside is touched."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
