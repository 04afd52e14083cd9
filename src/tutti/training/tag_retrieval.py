"""The scheme ``tag-retrieval``: tags and songs are brought into one space by triplets.

An anchor is a tag, its positive a song that carries it, its negative another song of the same batch that does not; how
anchors and negatives are drawn is the sampling. Branches are ``tutti.models.tag_song``'s, the loss and the choice of
negatives ``triplets``'; how a recipe is carried out is in ``tag_retrieval_runs``.

References:
    Won, Oramas, Nieto, Gouyon, Serra, "Multimodal metric learning for tag-based music retrieval", ICASSP 2021, and the
    authors' code.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tutti.errors import ConfigError, unknown_name
from tutti.evaluation.multilabel import BoolMatrix, pr_auc, roc_auc, scorable
from tutti.listening.factors import FactorConfig
from tutti.models.fusion import FusionConfig
from tutti.models.tag_song import Join, TagSongConfig, TagSongSpace
from tutti.training.devices import unwrapped
from tutti.training.fusion import ItemLearning, JointNetwork
from tutti.training.loading import Batch, Draw
from tutti.training.sampling import ExcerptBatch, n_batches
from tutti.training.triplets import (
    NegativeChoice,
    NegativeSampling,
    cosines,
    in_batch_triplet_loss,
    sample_negatives,
    without_label,
)
from tutti.training.views import View

Song = Literal["audio", "listening", "both"]
Sampling = Literal["random", "balanced", "balanced-weighted", "semi-hard", "distance-weighted"]
# Whether tags are drawn equally often, and how negatives are chosen. The first three are published.
SAMPLINGS: dict[Sampling, tuple[bool, NegativeChoice]] = {
    "random": (False, "uniform"),
    "balanced": (True, "uniform"),
    "balanced-weighted": (True, "weighted"),
    "semi-hard": (True, "semi_hard"),
    "distance-weighted": (True, "distance_weighted"),
}
N_VALIDATED = 2000  # triplets of the validation's loss


@dataclass(frozen=True, kw_only=True)
class TagRetrievalConfig:
    """Which songs and words are learned from, and how triplets are drawn.

    Attributes:
        name: Of the scheme.
        song: What a song is known by: its sound, who listens to it, or both.
        encoder: A bundle or a published model whose vectors of sounds are kept, instead of learning a network end to
            end; that network is the recipe's ``model``.
        join: How a song's vectors become its point, see :class:`tutti.models.tag_song.TagSongConfig`. None takes a
            learned sound as it is where its size is that of the space, and hidden layers else, as published.
        fusion: With ``join = "fusion"``.
        standardise: Bring vectors that are not learned to mean 0 and deviation 1 over the songs of train. The authors
            took listening factors as they are.
        modality_dropout: How often sound or listeners are left out while both are learned from.
        words: What reads tags: ``sentences`` (MiniLM); ``catalogue``, word vectors that are trained on the texts of the
            catalogue's split train; a file of word vectors; or the folder of an encoder.
        sampling: Of triplets, a name in ``SAMPLINGS``.
        margin: Of the loss.
        cutoff: Of distance-weighted sampling, see :class:`tutti.training.triplets.NegativeSampling`.
        farthest: The same.
        n_triplets: An epoch.
        batch_size: Triplets, at most; several processes look for negatives each in its share alone.
        embed_dim: Dimensions of the space.
        n_hidden: Width of hidden layers.
        dropout: Behind them.
        plays: A table of plays (``tutti.listening.play_files``); None takes the catalogue's listens.
        factors: How plays become factors; the method must be ``als``.
        valid_excerpts: Heard of each sound in validation.
        categories: A table of tags and their categories (``tutti.data.tag_categories``).
    """

    name: Literal["tag-retrieval"] = "tag-retrieval"
    song: Song = "audio"
    encoder: str | None = None
    join: Join | None = None
    fusion: FusionConfig = field(default_factory=lambda: FusionConfig(kind="gated"))
    standardise: bool = True
    modality_dropout: float = 0.0
    words: str = "sentences"
    sampling: Sampling = "balanced-weighted"
    margin: float = 0.4
    cutoff: float = 0.5
    farthest: float = 1.4
    n_triplets: int = 10_000
    batch_size: int = 128
    embed_dim: int = 256
    n_hidden: int = 512
    dropout: float = 0.5
    plays: Path | None = None
    factors: FactorConfig = field(default_factory=FactorConfig)
    valid_excerpts: int = 8
    categories: Path | None = None

    def __post_init__(self) -> None:
        for value, what, known in (
            (self.song, "way to know a song", get_args(Song)),
            (self.sampling, "sampling of triplets", tuple(SAMPLINGS)),
        ):
            if value not in known:
                raise unknown_name(what, value, known)
        if self.n_triplets < 2 or self.batch_size < 2 or self.valid_excerpts < 1:
            raise ConfigError(
                f"n_triplets={self.n_triplets}, batch_size={self.batch_size} and valid_excerpts={self.valid_excerpts} "
                "leave nothing to tell songs from",
                hint="give 2 triplets a batch or more, such as 128, and 1 excerpt or more",
            )
        if self.encoder is not None and self.song == "listening":
            raise ConfigError(
                f"scheme.encoder={self.encoder!r} hears sounds, and songs are known by their listeners alone",
                hint="set scheme.song = 'audio' or 'both', or leave out scheme.encoder",
            )
        if not 0 <= self.modality_dropout < 1:
            raise ConfigError(f"modality_dropout={self.modality_dropout:g} lies outside [0, 1)", hint="such as 0.3")
        if self.factors.method != "als":
            raise ConfigError(
                f"factors by {self.factors.method} have none for songs that are held out",
                hint="set scheme.factors.method = 'als', or leave it out",
            )
        _ = self.negatives, self.layers((self.embed_dim,), is_learned=False)

    @property
    def n_answers(self) -> int:
        """Answers a batch, at most: triplets."""
        return self.batch_size

    @property
    def is_balanced(self) -> bool:
        """Whether tags are drawn equally often."""
        return SAMPLINGS[self.sampling][0]

    @property
    def negatives(self) -> NegativeSampling:
        """How negatives are chosen."""
        kind = SAMPLINGS[self.sampling][1]
        return NegativeSampling(kind=kind, margin=self.margin, cutoff=self.cutoff, farthest=self.farthest)

    def layers(self, dims: Sequence[int], *, is_learned: bool) -> TagSongConfig:
        """The layers above a song's vectors.

        Args:
            dims: Of its streams.
            is_learned: Whether there is a sound among them whose network is learned.
        """
        as_it_is = is_learned and tuple(dims) == (self.embed_dim,)
        return TagSongConfig(
            embed_dim=self.embed_dim,
            n_hidden=self.n_hidden,
            dropout=self.dropout,
            join=self.join or ("vector" if as_it_is else "layers"),
            fusion=self.fusion,
        )


class TagSongNetwork(nn.Module):
    """What is trained: the networks of a song's streams, and the space above them.

    Args:
        streams: From a stream's inputs to its vectors.
        space: Whose branches these vectors and those of words go into.
    """

    def __init__(self, streams: Sequence[nn.Module], space: TagSongSpace) -> None:
        super().__init__()
        self.songs = JointNetwork(streams, space.song)
        self.tag = space.tag

    def forward(self, words: Tensor, presence: Tensor, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Points of tags and of songs.

        Args:
            words: Shape ``[batch, dimensions]``.
            presence: Of songs' streams. Shape ``[batch, streams]``, bool.
            inputs: Of each stream, of the songs that have it, in their order.
        """
        return self.place_tags(words), self.songs(presence, *inputs).outputs

    def place_tags(self, words: Tensor) -> Tensor:
        """Vectors of words to points, in single precision whatever the rest is computed in: it is cheap."""
        with torch.autocast(words.device.type, enabled=False):
            points: Tensor = self.tag(words.float())
        return points


class Pairs(NamedTuple):
    """Anchors and positives, as rows and columns of the targets. Shape (pairs,) both."""

    songs: NDArray[np.int64]
    tags: NDArray[np.int64]


def draw_pairs(targets: BoolMatrix, n_pairs: int, *, balanced: bool, rng: np.random.Generator) -> Pairs:
    """Tags and songs that carry them.

    Balanced, every tag is drawn equally often, but for what does not divide; its song is drawn evenly. Else a song is
    drawn evenly among those with a tag, and one of its tags.

    Args:
        targets: Which song carries which tag, every tag by one song or more. Shape (songs, tags).
        n_pairs: How many.
        balanced: Which of the two.
        rng: Draws.
    """
    n_tags = targets.shape[1]
    if balanced:
        tags = rng.permutation(np.arange(n_pairs) % n_tags)
        holders = [np.flatnonzero(column) for column in targets.T]
        songs = np.array([holders[tag][int(share * len(holders[tag]))] for tag, share in _shares(tags, rng)])
    else:
        tagged = np.flatnonzero(targets.any(axis=1))
        songs = tagged[rng.integers(len(tagged), size=n_pairs)]
        carried = {song: np.flatnonzero(targets[song]) for song in np.unique(songs).tolist()}
        tags = np.array([carried[song][int(share * len(carried[song]))] for song, share in _shares(songs, rng)])
    return Pairs(songs=songs.astype(np.int64), tags=tags.astype(np.int64))


def _shares(rows: NDArray[np.int64], rng: np.random.Generator) -> list[tuple[int, float]]:
    return list(zip(rows.tolist(), rng.random(len(rows)).tolist(), strict=True))


class TagLearning(ItemLearning):
    """A :class:`tutti.training.trainer.Scheme` for :class:`TagSongNetwork`.

    Args:
        views: Of a song, one for each stream.
        words: Vectors of the tags. Shape (tags, dimensions), finite.
        targets: Which song carries which tag. Shape (songs, tags), float32.
        train: Which songs are learned from; those without anything to know them by are left out.
        valid: Which tell the best epoch; the same.
        config: How triplets are drawn.
        seed: Of everything random.

    Raises:
        ConfigError: No song of a split can be known, or no song of train that can be carries a tag.
    """

    def __init__(
        self,
        views: Sequence[View],
        words: NDArray[np.float32],
        targets: NDArray[np.float32],
        *,
        train: NDArray[np.int64],
        valid: NDArray[np.int64],
        config: TagRetrievalConfig,
        seed: int,
    ) -> None:
        super().__init__(
            views,
            targets,
            train=train,
            valid=valid,
            batch_size=config.batch_size,
            modality_dropout=config.modality_dropout,
            seed=seed,
        )
        self._words, self._config, self._run_seed = torch.from_numpy(words), config, seed
        self._carried = self.wanted[self.train] > 0
        if not self._carried.any(axis=0).all():
            raise ConfigError(
                f"{int((~self._carried.any(axis=0)).sum())} of {len(words)} tags have no song to learn from that "
                "can be known by anything",
                hint="raise data.min_positives, or name other data.labels",
            )
        self.n_steps = n_batches(config.n_triplets, config.batch_size)
        self.n_left_out = 0  # anchors without a negative, since the last validation

    def draws(self, epoch: int) -> list[Draw]:
        """What the batches of an epoch are made of; rows tell both song and tag."""
        rng = np.random.default_rng((self._run_seed, epoch))
        pairs = draw_pairs(self._carried, self._config.n_triplets, balanced=self._config.is_balanced, rng=rng)
        rows = pairs.songs * len(self._words) + pairs.tags
        return [
            Draw(excerpts=_excerpts(some), seed=(self._run_seed, epoch, step))
            for step, some in enumerate(np.array_split(rows, self.n_steps))
        ]

    def load(self, draw: Draw) -> Batch:
        """Tags ``[batch]``, presence, what the songs carry ``[batch, tags]``, and each stream's inputs."""
        songs, tags = np.divmod(draw.excerpts.rows, len(self._words))
        batch = super().load(dataclasses.replace(draw, excerpts=_excerpts(songs)))
        return [torch.from_numpy(tags), *batch]

    def alter(self, batch: Batch, draw: Draw) -> Batch:
        """The same, each stream's inputs changed as its view does."""
        tags, *songs = batch
        return [tags, *super().alter(songs, draw)]

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """The hinge on cosines; anchors whose tag every song of the batch carries are left out and counted."""
        tags, presence, carried, *inputs = batch
        words = self._words.to(tags.device)
        tag_points, song_points = network(words[tags], presence, *inputs)
        candidates = without_label(functional.one_hot(tags, len(words)), carried)
        found = in_batch_triplet_loss(tag_points, song_points, candidates, self._config.negatives)
        self.n_left_out += found.n_left_out
        return found.loss

    def validate(self, network: nn.Module) -> dict[str, float]:
        """MAP (``pr_auc_macro``) and ROC-AUC over tags, the loss with negatives drawn once, and anchors left out."""
        similarity = self.similarity(network)
        targets = self.wanted[self.valid] > 0
        scores = {"loss": self._valid_loss(similarity, targets), "left_out": float(self.n_left_out)}
        scores |= {"roc_auc_macro": float("nan"), "pr_auc_macro": float("nan")}
        self.n_left_out = 0
        exists = scorable(targets)
        if exists.any():
            areas = targets[:, exists], similarity.numpy().T[:, exists]
            scores |= {"roc_auc_macro": roc_auc(*areas), "pr_auc_macro": pr_auc(*areas)}
        return scores

    @torch.no_grad()
    def similarity(self, network: nn.Module) -> Tensor:
        """Cosines of all tags with all songs of the split valid. Shape ``[tags, songs]``."""
        inner = unwrapped(network, TagSongNetwork)
        device = next(inner.parameters()).device
        presence = torch.from_numpy(self.presence[self.valid]).to(device)
        vectors = [one.to(device) for one in self.represent(inner.songs, self.valid)]
        songs = inner.songs.fuse(vectors, presence).outputs
        return cosines(inner.place_tags(self._words.to(device)), songs).cpu()

    def _valid_loss(self, similarity: Tensor, targets: BoolMatrix) -> float:
        """Of triplets that are the same in every epoch, but for the choice of negatives, which is uniform."""
        known = np.flatnonzero(targets.any(axis=0))
        if not len(known):
            return float("nan")
        rng = np.random.default_rng(self._run_seed)
        pairs = draw_pairs(targets[:, known], N_VALIDATED, balanced=True, rng=rng)
        tags = known[pairs.tags]
        rows, positive = similarity[tags], similarity[tags, pairs.songs]
        negatives = sample_negatives(
            rows,
            torch.from_numpy(~targets[:, tags].T),
            NegativeSampling(),
            positive=positive,
            n_dimensions=self._config.embed_dim,
            generator=torch.Generator().manual_seed(self._run_seed),
        )
        losses = functional.relu(self._config.margin - positive + rows.gather(1, negatives.columns[:, None])[:, 0])
        return float(losses[negatives.exists].mean())


def _excerpts(rows: NDArray[np.int64]) -> ExcerptBatch:
    return ExcerptBatch(rows=rows, starts=np.zeros_like(rows))
