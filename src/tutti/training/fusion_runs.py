"""A recipe whose scheme is fusion, carried out: items, targets, encoders, vectors, a space, the fusion, scores, bundle.

Items and targets are ``item_splits``' matter, what there is to learn of each modality ``branches``'. Besides what
every run's folder holds::

    audio/, image/, text/     a stage each: the trainer's checkpoint and log, and encoder/, the encoder that came of it
    pictures/                 covers as small 8-bit pictures
    vectors/                  what the encoders gave of all items, while their fingerprints are the same
    space/, fusion/           stages without an encoder
    subsets.json, subsets.md  the scores with every choice of modalities
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tutti.data.track import Modality
from tutti.errors import ConfigError
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.multimodal import score_subsets, write_subsets
from tutti.evaluation.new_items import score_new_items
from tutti.models.encoder_kinds import load_encoder
from tutti.models.encoders import Encoded, ModalityEncoder, Projection
from tutti.models.fusion import Fusion, FusionConfig, build_fusion
from tutti.models.model_folders import CONFIG
from tutti.models.multimodal import SPACE, MultimodalConfig, MultimodalModel, Stream, StreamVectors, stream_vectors
from tutti.models.projections import CanonicalCorrelations
from tutti.models.readouts import NUMBERS, Readout
from tutti.models.sound_encoders import SoundEncoder
from tutti.models.zoo import load_model
from tutti.training.branches import Branch, drawn_from, open_branch
from tutti.training.checkpoints import History
from tutti.training.fusion import (
    CoverStage,
    FusionSchemeConfig,
    ItemLearning,
    JointNetwork,
    SoundStage,
    TextStage,
)
from tutti.training.item_splits import ItemSplits, item_splits, readout_for, task_of
from tutti.training.kept_vectors import encoded_once
from tutti.training.recipes import Recipe
from tutti.training.run_parts import BUNDLE, RunReport, Tell, TrainedRun, claimed_folder, open_catalogue, scores
from tutti.training.spaces import train_space
from tutti.training.trainer import TrainingConfig, fit
from tutti.training.views import MatrixView, View

ENCODER, VECTORS = "encoder", "vectors"
WHAT = {"values": "values", "listening-factors": "factors of listening"}


def train_fusion(recipe: Recipe, quiet: bool, tell: Tell) -> TrainedRun:
    """Carry out a recipe whose scheme is fusion; see :func:`tutti.training.runs.train`."""
    settings = recipe.scheme
    assert isinstance(settings, FusionSchemeConfig)
    catalogue = open_catalogue(recipe)
    splits = item_splits(catalogue, recipe, tell)
    counts = ", ".join(f"{len(rows)} of {split}" for split, rows in splits.rows.items())
    tell(f"{len(splits.labels)} {WHAT.get(task_of(recipe), 'labels')}; {settings.level}s: {counts}")
    with claimed_folder(recipe):
        learned = WAYS[settings.way](Work(recipe=recipe, splits=splits, quiet=quiet, tell=tell))
    learned.model.save(recipe.folder / BUNDLE)  # also where the split turns out to have nothing to score by
    whole = _scored(learned, splits, recipe, tell)
    config = dataclasses.replace(learned.model.config, scores=scores(whole))
    found = learned.model
    model = MultimodalModel(config, found.encoders, found.fusion, space=found.space, listeners=found.listeners)
    model.save(recipe.folder / BUNDLE)
    whole.write(recipe.folder)
    return TrainedRun(
        folder=recipe.folder,
        bundle=recipe.folder / BUNDLE,
        model=model,
        history=learned.history,
        report=whole,
        failures=learned.failures,
    )


def _scored(learned: Learned, splits: ItemSplits, recipe: Recipe, tell: Tell) -> RunReport:
    """How the model does with all modalities; what it does with fewer is written beside it."""
    settings = recipe.scheme
    assert isinstance(settings, FusionSchemeConfig)
    scored = splits.scored(recipe.evaluation.split)
    tell(f"evaluating epoch {learned.history.best.epoch} on {len(scored.items)} {settings.level}s")
    bootstrap = Bootstrap(n_resamples=recipe.evaluation.n_resamples, seed=recipe.evaluation.seed)
    streams = None if learned.streams is None else learned.streams.rows(splits.rows[recipe.evaluation.split])
    if splits.listened is not None:
        plays, depth = splits.listened.plays, settings.listening.depth
        return score_new_items(learned.model, scored, plays, bootstrap=bootstrap, depth=depth, streams=streams)
    reports = score_subsets(
        learned.model, scored, bootstrap=bootstrap, threshold=recipe.evaluation.threshold, streams=streams
    )
    write_subsets(reports, recipe.folder)
    return next(iter(reports.values()))


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What the stages of a run have made, and the streams of all its items where they are there already."""

    model: MultimodalModel
    history: History
    failures: dict[str, str]
    streams: StreamVectors | None = None


@dataclass(frozen=True, kw_only=True)
class Work:
    """What all stages of a run are given."""

    recipe: Recipe
    splits: ItemSplits
    quiet: bool
    tell: Tell

    @property
    def settings(self) -> FusionSchemeConfig:
        """Of the scheme."""
        assert isinstance(self.recipe.scheme, FusionSchemeConfig)
        return self.recipe.scheme

    def branch(self, modality: Modality) -> Branch:
        """What is to be learned of a modality."""
        n_train = len(self.splits.rows["train"])
        return open_branch(modality, self.splits.learned, n_train, self.recipe, self.tell)

    def readout(self) -> Readout:
        """Of the fusion."""
        settings = self.settings
        return readout_for(
            task_of(self.recipe), self.splits, n_factors=settings.n_factors, activation=settings.activation
        )

    def encoder_readout(self, target: str | None) -> Readout:
        """Of an encoder that learns by itself, perhaps something else of the labels than the fusion."""
        settings = self.settings
        return readout_for(
            target or task_of(self.recipe),
            self.splits,
            n_factors=settings.n_factors,
            activation=settings.encoder_activation,
        )

    def fresh_fusion(self, dims: Sequence[int], readout: Readout, config: FusionConfig) -> Fusion:
        """A fusion whose weights follow from the seed."""
        with drawn_from(self.recipe.seed):
            return build_fusion(dims, readout, config)

    def learn(
        self, views: Sequence[View], fusion: Fusion, training: TrainingConfig, folder: Path, *, dropout: float = 0.0
    ) -> tuple[JointNetwork, History]:
        """Train branches and a fusion, or go on with that.

        Args:
            views: Of the items of train and valid, a stream each.
            fusion: Fresh.
            training: The trainer's settings.
            folder: Of the stage.
            dropout: How often a modality is left out.
        """
        scheme = ItemLearning(
            views,
            self.splits.wanted,
            train=self.splits.rows["train"],
            valid=self.splits.rows["valid"],
            batch_size=self.settings.batch_size,
            modality_dropout=dropout,
            seed=self.recipe.seed,
        )
        names = ", ".join(dict.fromkeys(view.modality for view in views))
        self.tell(f"{folder.name}: training on {names} of {len(scheme.train)} items, {scheme.n_steps} steps an epoch")
        network = JointNetwork([view.network for view in views], fusion)
        history = fit(network, scheme, training, folder=folder, seed=self.recipe.seed, quiet=self.quiet)
        return network.cpu(), history

    def model(
        self,
        encoders: Mapping[str, ModalityEncoder],
        fusion: Fusion,
        streams: Sequence[Stream],
        space: Projection | None = None,
    ) -> MultimodalModel:
        """The model that these make."""
        recipe, settings, splits = self.recipe, self.settings, self.splits
        target = task_of(recipe)
        shares = splits.wanted[splits.rows["train"]].mean(axis=0).tolist()
        config = MultimodalConfig(
            name=recipe.model.name or recipe.name,
            labels=splits.labels,
            streams=tuple(streams),
            target=target,
            n_outputs=fusion.readout.n_outputs,
            activation=settings.activation,
            fusion=fusion.config,
            level=settings.level,
            texts=settings.read,
            base_rates={} if target in NUMBERS else dict(zip(splits.labels, shares, strict=True)),
            licence="as the training data and the encoders allow",
            source=f"trained with the recipe {recipe.name}",
            training=recipe.to_json(),
        )
        listeners = None if splits.listened is None else splits.listened.learned
        return MultimodalModel(config, encoders, fusion, space=space, listeners=listeners)


def learn_jointly(work: Work) -> Learned:
    """All encoders and the fusion at once, from files to labels."""
    settings = work.settings
    branches = [work.branch(modality) for modality in settings.modalities]
    fusion = work.fresh_fusion([one.view.embed_dim for one in branches], work.readout(), settings.fusion)
    network, history = work.learn(
        [one.view for one in branches],
        fusion,
        work.recipe.training,
        work.recipe.folder / "joint",
        dropout=settings.modality_dropout,
    )
    trained = zip(settings.modalities, branches, network.branches, strict=True)
    encoders: dict[str, ModalityEncoder] = {modality: branch.finish(module) for modality, branch, module in trained}
    streams = [Stream(modality=modality) for modality in settings.modalities]
    failures = {key: why for branch in branches for key, why in branch.failures.items()}
    return Learned(model=work.model(encoders, fusion, streams), history=history, failures=failures)


def learn_separately(work: Work) -> Learned:
    """Each encoder by itself, then what they give of all items, a space where one is wanted, and the fusion of it."""
    settings, folder = work.settings, work.recipe.folder
    encoders: dict[str, ModalityEncoder] = {one: learned_encoder(work, one) for one in settings.modalities}
    kept = (settings.encoders or folder) / VECTORS
    items = work.splits.items
    encoded = {
        one: encoded_once(encoder, items, kept, work.tell, quiet=work.quiet) for one, encoder in encoders.items()
    }
    space = None if settings.space is None else _learned_space(work, encoded)
    fused = settings.fused or settings.modalities
    streams = [
        Stream(modality=modality, in_space=in_space)
        for modality in fused
        for in_space in {"vectors": (False,), "space": (True,), "both": (False, True)}[settings.streams]
    ]
    given = stream_vectors(streams, encoded, space)
    views = [MatrixView(stream.modality, given.vectors[i], given.presence[:, i]) for i, stream in enumerate(streams)]
    fusion = work.fresh_fusion([view.embed_dim for view in views], work.readout(), settings.fusion)
    training, dropout = work.settings.training or work.recipe.training, settings.modality_dropout
    _, history = work.learn(views, fusion, training, folder / "fusion", dropout=dropout)
    learned = {item.item_id for item in work.splits.learned}
    failures = {key: "; ".join(some.values()) for key, some in given.problems.items() if key in learned}
    model = work.model({modality: encoders[modality] for modality in fused}, fusion, streams, space)
    return Learned(model=model, history=history, failures=failures, streams=given)


WAYS = {"separate": learn_separately, "joint": learn_jointly}


def learned_encoder(work: Work, modality: Modality) -> ModalityEncoder:
    """The encoder of a modality: the one that the recipe names, one that an earlier run has left, or a new one."""
    settings = work.settings
    stages: dict[str, SoundStage | CoverStage | TextStage] = {
        "audio": settings.audio,
        "image": settings.image,
        "text": settings.text,
    }
    stage = stages[modality]
    if stage.encoder is not None:
        return named_encoder(stage.encoder, modality)
    folder = _stage_folder(work, modality, stage)
    if (folder / ENCODER).exists():
        work.tell(f"{modality}: taking the encoder in {folder / ENCODER}")
        return load_encoder(folder / ENCODER)
    branch = work.branch(modality)
    if next(branch.view.network.parameters(), None) is None:  # nothing to learn: vectors are there already
        encoder = branch.finish(branch.view.network)
    else:
        alone = FusionConfig(kind="early", normalise=False, dropout=branch.dropout)
        fusion = work.fresh_fusion([branch.view.embed_dim], work.encoder_readout(stage.target), alone)
        network, _ = work.learn([branch.view], fusion, stage.training or work.recipe.training, folder)
        encoder = branch.finish(network.branches[0])
    encoder.save(folder / ENCODER)
    return encoder


def _stage_folder(work: Work, modality: Modality, stage: SoundStage | CoverStage | TextStage) -> Path:
    """Of an encoder: in the run's folder, or in a shared one under a name that follows from all that it depends on."""
    recipe, settings, splits = work.recipe, work.settings, work.splits
    if settings.encoders is None:
        return recipe.folder / modality
    plain = recipe.to_json()
    scheme = plain["scheme"]
    relevant = {
        "stage": scheme[modality],
        "target": stage.target or task_of(recipe),
        "scheme": {key: scheme[key] for key in ("level", "read", "n_factors", "encoder_activation", "batch_size")},
        "training": plain["training"],
        "seed": recipe.seed,
        "labels": splits.labels,
        "wanted": hashlib.sha256(splits.wanted[: len(splits.learned)].tobytes()).hexdigest(),
        "items": {split: [splits.items[row].item_id for row in splits.rows[split]] for split in ("train", "valid")},
        "catalogue": plain["data"]["catalogue"],
        **({"model": plain["model"], "augmentation": plain["augmentation"]} if modality == "audio" else {}),
    }
    relevant["model"] = {k: v for k, v in relevant.get("model", {}).items() if k != "name"}
    digest = hashlib.sha256(json.dumps(relevant, sort_keys=True, default=str).encode()).hexdigest()[:12]
    return settings.encoders / f"{modality}-{digest}"


def named_encoder(name: str, modality: Modality) -> ModalityEncoder:
    """The encoder that a recipe names: a folder, or of sounds also a published model.

    Raises:
        ConfigError: It reads another modality.
        ModelError: There is none, or a damaged one.
    """
    encoder: ModalityEncoder
    if modality == "audio" and not (Path(name) / CONFIG).exists():
        encoder = SoundEncoder(load_model(name))
    else:
        encoder = load_encoder(Path(name))
    if encoder.modality != modality:
        raise ConfigError(f"{name} reads {encoder.modality}, not {modality}", hint=f"see scheme.{modality}.encoder")
    return encoder


def _learned_space(work: Work, encoded: Mapping[str, Encoded]) -> Projection:
    """The space of a run; items without one of the modalities take no part."""
    stage, rows = work.settings.space, work.splits.rows
    assert stage is not None
    pairs, valid = (
        {modality: one.vectors[rows[split]] for modality, one in encoded.items()} for split in ("train", "valid")
    )
    if stage.kind == "cca":
        return CanonicalCorrelations.fit(pairs, embed_dim=stage.embed_dim, regularisation=stage.regularisation)
    folder = work.recipe.folder / SPACE
    return train_space(pairs, valid, stage.learned, folder=folder, seed=work.recipe.seed, quiet=work.quiet)
