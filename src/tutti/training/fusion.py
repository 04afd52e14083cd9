"""The scheme ``fusion``: items with any of their modalities, to tags, classes, label or listening factors, or values.

One class, :class:`ItemLearning`, trains everything: a single encoder with its head, all encoders end to end, and a
fusion over vectors of encoders that are done. How a recipe strings these together is in ``fusion_runs``; views, which
make tensors of the modalities, in ``views``; fusions and readouts in ``tutti.models``.

References:
    Oramas et al., TISMIR 1(1), 2018, sections 4 to 7; Manco, Benetos, Fazekas, "Deep learning and multimodal models for
    MIR" (fusion, joint and coordinated spaces, missing modalities).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tutti.data.items import LEVELS, TAGS, TEXTS, Level
from tutti.data.track import Modality
from tutti.errors import ConfigError, unknown_name
from tutti.evaluation.multilabel import pr_auc, roc_auc, scorable
from tutti.listening.factors import FactorConfig
from tutti.models.covers import CoverConfig
from tutti.models.fusion import Fused, Fusion, FusionConfig, fusion_loss
from tutti.models.multimodal import check_modalities
from tutti.models.readouts import ACTIVATIONS, NUMBERS, TARGETS, Activation, DirectionReadout, Target, ValueReadout
from tutti.models.texts import TextConfig
from tutti.training.devices import unwrapped
from tutti.training.loading import Batch, Draw, shuffled_draws
from tutti.training.sampling import n_batches
from tutti.training.spaces import SpaceTraining
from tutti.training.trainer import TrainingConfig
from tutti.training.views import View

Way = Literal["separate", "joint"]
Streams = Literal["vectors", "space", "both"]


@dataclass(frozen=True, kw_only=True)
class SoundStage:
    """How sounds are heard; the network is the recipe's ``model``.

    Attributes:
        encoder: A bundle or a published model that is taken as it is, instead of training one.
        n_excerpts: Heard of each track in validation.
        dropout: Between vector and head while the encoder learns by itself; None is the architecture's.
        target: What the encoder learns of the labels, where it differs from what the fusion does.
        training: The trainer's settings, where they differ from the recipe's.
    """

    encoder: str | None = None
    n_excerpts: int = 4
    dropout: float | None = None
    target: Target | None = None
    training: TrainingConfig | None = None


@dataclass(frozen=True, kw_only=True)
class CoverStage:
    """How covers are seen.

    Attributes:
        encoder: The folder of a cover encoder that is taken as it is.
        network: Which network learns, and what it begins with.
        dropout: Between vector and head while the encoder learns by itself.
        target: What the encoder learns of the labels, where it differs from what the fusion does.
        training: The trainer's settings, where they differ from the recipe's.
    """

    encoder: str | None = None
    network: CoverConfig = field(default_factory=CoverConfig)
    dropout: float = 0.0
    target: Target | None = None
    training: TrainingConfig | None = None


@dataclass(frozen=True, kw_only=True)
class TextStage:
    """How texts are read.

    Attributes:
        encoder: The folder of a text encoder that is taken as it is.
        network: Which reader and which network learn.
        target: What the encoder learns of the labels, where it differs from what the fusion does.
        training: The trainer's settings, where they differ from the recipe's.
    """

    encoder: str | None = None
    network: TextConfig = field(default_factory=TextConfig)
    target: Target | None = None
    training: TrainingConfig | None = None


@dataclass(frozen=True, kw_only=True)
class SpaceStage:
    """A space that vectors are brought into without labels, from the items of train that have all modalities.

    Attributes:
        kind: ``learned``, as ``learned`` says; ``cca``: canonical correlations of two modalities.
        learned: Which networks, and how they learn.
        embed_dim: Dimensions of ``cca``, at most.
        regularisation: Of ``cca``.
    """

    kind: Literal["learned", "cca"] = "learned"
    learned: SpaceTraining = field(default_factory=SpaceTraining)
    embed_dim: int = 32
    regularisation: float = 0.1


@dataclass(frozen=True, kw_only=True)
class ListeningStage:
    """With the target ``listening-factors``: what of the plays is to be told from sound, cover and text.

    Attributes:
        plays: A table of plays (``tutti.listening.play_files``); None takes the catalogue's listens.
        factors: How plays become factors; the method must be ``als``.
        depth: Of the rankings that the model is scored by.
    """

    plays: Path | None = None
    factors: FactorConfig = field(default_factory=FactorConfig)
    depth: int = 10

    def __post_init__(self) -> None:
        if self.depth < 1:
            raise ConfigError(f"depth={self.depth} is not positive", hint="give 1 or more, such as 10")
        if self.factors.method != "als":
            raise ConfigError(
                f"factors by {self.factors.method} have none for items that are held out",
                hint="set scheme.listening.factors.method = 'als', or leave it out",
            )


@dataclass(frozen=True, kw_only=True)
class FusionSchemeConfig:
    """What items are, which of their modalities are learned from, and how these come together.

    Attributes:
        name: Of the scheme.
        level: ``track`` or ``album``.
        modalities: In the order of the fusion.
        read: Kinds of text that are read, one after the other; with values to tell, ``tags`` are one too.
        target: What is learned of the labels, see :mod:`tutti.models.readouts`; None is the recipe's ``data.task``.
        values: With the target ``values``: their names in the catalogue's facts, or in ``values_table``.
        values_table: A table of items and values (``tutti.data.item_values``).
        listening: With the target ``listening-factors``: which plays, and how they become factors.
        n_factors: With the target ``label-factors``: how many.
        activation: Of the fusion's outputs with label factors: ``linear``, or ``sigmoid`` without negative coordinates.
        encoder_activation: The same of encoders that learn by themselves; the authors' code has ``sigmoid`` for sounds
            and texts, the paper ``linear``.
        way: ``separate``: each encoder learns by itself, then the fusion from their vectors; ``joint``: all at once, as
            the recipe's ``training`` says; targets and trainings of single stages play no part then.
        fusion: How the streams are brought together.
        space: A space that the vectors of two modalities are brought into, without labels.
        streams: What the fusion takes: the encoders' ``vectors``, their places in the ``space``, or ``both``.
        fused: Of which modalities the fusion takes them; without any, of all. Others only help to learn the space.
        modality_dropout: How often a modality of an item is left out while training; one always stays.
        batch_size: Items, at most.
        audio: How sounds are heard.
        image: How covers are seen.
        text: How texts are read.
        training: The trainer's settings of the fusion over vectors, where they differ from the recipe's.
        encoders: Folder of trained encoders that recipes share; None keeps them in the run's.
    """

    name: Literal["fusion"] = "fusion"
    level: Level = "track"
    modalities: tuple[Modality, ...] = ("audio", "image", "text")
    read: tuple[str, ...] = TEXTS
    target: Target | None = None
    values: tuple[str, ...] = ()
    values_table: Path | None = None
    listening: ListeningStage = field(default_factory=ListeningStage)
    n_factors: int = 50
    activation: Activation = "linear"
    encoder_activation: Activation = "linear"
    way: Way = "separate"
    fusion: FusionConfig = field(default_factory=FusionConfig)
    space: SpaceStage | None = None
    streams: Streams = "vectors"
    fused: tuple[Modality, ...] = ()
    modality_dropout: float = 0.0
    batch_size: int = 32
    audio: SoundStage = field(default_factory=SoundStage)
    image: CoverStage = field(default_factory=CoverStage)
    text: TextStage = field(default_factory=TextStage)
    training: TrainingConfig | None = None
    encoders: Path | None = None

    def __post_init__(self) -> None:
        check_modalities(self.modalities)
        if not self.modalities or len(set(self.modalities)) < len(self.modalities):
            raise ConfigError(
                f"modalities={list(self.modalities)} is empty or names one twice", hint="such as ['audio', 'text']"
            )
        for name, known in (("level", LEVELS), ("activation", ACTIVATIONS), ("encoder_activation", ACTIVATIONS)):
            if getattr(self, name) not in known:
                raise unknown_name(name, getattr(self, name), known)
        for target in (self.target, self.audio.target, self.image.target, self.text.target):
            if target is not None and target not in TARGETS:
                raise unknown_name("target", target, TARGETS)
        if (self.target == "values") != bool(self.values):
            raise ConfigError(
                f"target={self.target!r} and values={list(self.values)} do not go together",
                hint="set scheme.target = 'values' and scheme.values = ['valence', 'arousal'], or neither",
            )
        if not 0 <= self.modality_dropout < 1:
            raise ConfigError(f"modality_dropout={self.modality_dropout:g} lies outside [0, 1)", hint="such as 0.3")
        for name in ("n_factors", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} is not positive", hint="give 1 or more")
        if TAGS in self.read and self.target not in NUMBERS:
            raise ConfigError(
                "scheme.read holds the tags, which are what is to be told",
                hint="read them with scheme.target = 'values' or 'listening-factors' only, such as for valence",
            )
        self._check_space()
        self._check_fused()
        self._check_way()

    def _check_way(self) -> None:
        stages: dict[str, SoundStage | CoverStage | TextStage] = {
            "audio": self.audio,
            "image": self.image,
            "text": self.text,
        }
        named = [f"scheme.{one}.encoder" for one in self.modalities if stages[one].encoder is not None]
        if self.way == "joint" and named:
            raise ConfigError(
                f"all at once, every encoder learns: {', '.join(named)} would be ignored",
                hint="leave it out, or set scheme.way = 'separate'",
            )

    def _check_fused(self) -> None:
        check_modalities(self.fused)
        others = [one for one in self.fused if one not in self.modalities]
        if others or len(set(self.fused)) < len(self.fused):
            raise ConfigError(
                f"fused={list(self.fused)} is not part of modalities={list(self.modalities)}",
                hint="name modalities that are learned from, each once, or leave out scheme.fused",
            )
        if self.fused and self.space is None:
            raise ConfigError(
                "without a space, a modality that is not fused is of no use",
                hint="leave it out of scheme.modalities, and leave out scheme.fused",
            )

    def _check_space(self) -> None:
        if (self.streams != "vectors") != (self.space is not None):
            raise ConfigError(
                f"streams={self.streams!r} {'needs a space' if self.space is None else 'leaves the space unused'}",
                hint="set scheme.streams = 'both' or 'space', and a section [scheme.space]; or neither",
            )
        if self.space is not None and (self.way == "joint" or len(self.modalities) < 2):
            raise ConfigError(
                "a space is learned from vectors of two modalities or more that are there already",
                hint="set scheme.way = 'separate', and name two modalities",
            )
        if self.space is not None and self.space.kind == "cca" and len(self.modalities) > 2:
            raise ConfigError(
                f"canonical correlations are of two modalities, not of {', '.join(self.modalities)}",
                hint="name two of them, or set scheme.space.kind = 'learned'",
            )

    @property
    def n_answers(self) -> int:
        """Answers a batch, at most: items."""
        return self.batch_size


class JointNetwork(nn.Module):
    """Branches, one for each stream, and a fusion. Branches see only the items that have their modality.

    Args:
        branches: From a stream's inputs to its vectors.
        fusion: Of the vectors.
    """

    def __init__(self, branches: Sequence[nn.Module], fusion: Fusion) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.fusion = fusion

    def forward(self, presence: Tensor, *inputs: Tensor) -> Fused:
        """Fuse a batch.

        Args:
            presence: Shape ``[batch, streams]``, bool.
            inputs: Of each stream, of the items that have it, in their order.
        """
        vectors = []
        for branch, given, here, dim in zip(self.branches, inputs, presence.T, self.fusion.dims, strict=True):
            places = here.nonzero()[:, 0]
            encoded = _encoded(branch, given) if len(given) else presence.new_zeros(0, dim, dtype=torch.float32)
            empty = encoded.new_zeros(len(presence), dim)
            vectors.append(empty.index_copy(0, places, encoded))
        return self.fuse(vectors, presence)

    def fuse(self, vectors: Sequence[Tensor], presence: Tensor) -> Fused:
        """Fuse vectors that are there already, in single precision even where branches compute in less: it is cheap."""
        with torch.autocast(presence.device.type, enabled=False):
            fused: Fused = self.fusion([one.float() for one in vectors], presence)
        return fused


def _encoded(branch: nn.Module, inputs: Tensor) -> Tensor:
    """Vectors; normalisation over a batch of one has nothing to go by, so that one is encoded as in prediction."""
    alone = branch.training and len(inputs) == 1
    if alone:
        branch.eval()
    encoded: Tensor = branch(inputs)
    if alone:
        branch.train()
    return encoded


class ItemLearning:
    """A :class:`tutti.training.trainer.Scheme` that learns items from their views.

    Args:
        views: One for each stream.
        wanted: Of every item: labels, or values. Shape (items, labels), float32.
        train: Which items are learned from; those without any modality are left out.
        valid: Which tell the best epoch; the same.
        batch_size: Items, at most.
        modality_dropout: See :class:`FusionSchemeConfig`.
        seed: Of everything random.
    """

    def __init__(
        self,
        views: Sequence[View],
        wanted: NDArray[np.float32],
        *,
        train: NDArray[np.int64],
        valid: NDArray[np.int64],
        batch_size: int,
        modality_dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.views = tuple(views)
        self.presence = np.stack([view.presence for view in views], axis=1)
        self.wanted = wanted
        self.train, self.valid = (some[self.presence[some].any(axis=1)] for some in (train, valid))
        for name, some in (("train", self.train), ("valid", self.valid)):
            if not len(some):
                read = ", ".join(dict.fromkeys(view.modality for view in views))
                raise ConfigError(
                    f"no item of the split {name} has any of {read} that can be read",
                    hint="see the catalogue's files, or name other scheme.modalities",
                )
        self._batch_size, self._dropout, self._seed = batch_size, modality_dropout, seed
        modalities = list(dict.fromkeys(view.modality for view in views))
        self._modality_of = np.array([modalities.index(view.modality) for view in views])
        self.n_steps = n_batches(len(self.train), batch_size)

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of."""
        return shuffled_draws(len(self.train), self._batch_size, seed=self._seed, epoch=epoch)

    def load(self, draw: Draw) -> Batch:
        """Presence ``[batch, streams]``, what is wanted ``[batch, labels]``, and each stream's inputs."""
        items = self.train[draw.excerpts.rows]
        presence = self._dropped(self.presence[items], np.random.default_rng((*draw.seed, 1)))
        inputs = [
            view.learn(items[here], seed=(*draw.seed, 2, stream)) if here.any() else torch.zeros(0)
            for stream, (view, here) in enumerate(zip(self.views, presence.T, strict=True))
        ]
        return [torch.from_numpy(presence), torch.from_numpy(self.wanted[items]), *inputs]

    def _dropped(self, presence: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
        """What is left of it when modalities are left out at random, all streams of one together."""
        if not self._dropout:
            return presence
        n_modalities = self._modality_of.max() + 1
        kept = rng.random((len(presence), n_modalities)) >= self._dropout
        left = presence & kept[:, self._modality_of]
        # Of an item that would be left with nothing, one modality that it has stays.
        chances = rng.random(presence.shape) * presence
        spared = self._modality_of[chances.argmax(axis=1)][:, None] == self._modality_of
        return np.where(left.any(axis=1, keepdims=True), left, presence & spared)

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The same, each stream's inputs changed as its view does."""
        presence, wanted, *inputs = batch
        generator = draw.generator()
        altered = [
            view.alter(given, generator=generator) if len(given) else given
            for view, given in zip(self.views, inputs, strict=True)
        ]
        return [presence, wanted, *altered]

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Of the fusion, and of the heads of late fusion."""
        presence, wanted, *inputs = batch
        fused = network(presence, *inputs)
        with torch.autocast(presence.device.type, enabled=False):
            return fusion_loss(fused, presence, wanted, unwrapped(network, JointNetwork).fusion.readout)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """The loss; areas over labels, of classes their accuracy."""
        inner = unwrapped(network, JointNetwork)
        readout, device = inner.fusion.readout, next(inner.fusion.parameters()).device
        presence, wanted = (torch.from_numpy(one[self.valid]).to(device) for one in (self.presence, self.wanted))
        fused = inner.fuse([one.to(device) for one in self.represent(inner, self.valid)], presence)
        with torch.autocast(device.type, enabled=False):
            scores = {"loss": fusion_loss(fused, presence, wanted, readout).item()}
            found = readout.predictions(fused.outputs)
        targets = self.wanted[self.valid] > 0
        if isinstance(readout, ValueReadout | DirectionReadout):
            return scores
        predictions = found.cpu().numpy()
        scores |= {"roc_auc_macro": float("nan"), "pr_auc_macro": float("nan")}
        scores["accuracy"] = float((predictions.argmax(axis=1) == self.wanted[self.valid].argmax(axis=1)).mean())
        exists = scorable(targets)
        if exists.any():
            areas = targets[:, exists], predictions[:, exists]
            scores |= {"roc_auc_macro": roc_auc(*areas), "pr_auc_macro": pr_auc(*areas)}
        return scores

    def represent(self, network: JointNetwork, items: NDArray[np.int64]) -> list[Tensor]:
        """Vectors of some items, a stream each; NaN where it is absent. Shape ``[items, embed_dim]`` each."""
        vectors = []
        for view, branch in zip(self.views, network.branches, strict=True):
            here = view.presence[items]
            matrix = torch.full((len(items), view.embed_dim), torch.nan)
            if here.any():
                matrix[torch.from_numpy(here)] = view.represent(branch, items[here])
            vectors.append(matrix)
        return vectors
