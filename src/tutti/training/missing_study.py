"""Fusions compared where modalities are missing: each learns again from one model's vectors, on every subset of them.

Encoders stay as they are and read each file once; what differs is the fusion, what it learned from, and what it is
given. All are scored on the same items, those of which nothing is missing, so that cells can be compared. The grid
itself is ``tutti.evaluation.missing``'s.

References:
    Manco, Benetos, Fazekas, "Deep learning and multimodal models for MIR" (missing and noisy modalities).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.errors import ConfigError, unknown_name
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.missing import GridColumn, GridRow, MissingGrid, subsets, with_noise
from tutti.evaluation.multimodal import ScoredItems, items_to_score, scored_report
from tutti.evaluation.report import TITLES, Estimate
from tutti.evaluation.values_report import VALUE_TITLES
from tutti.models.fusion import KINDS, FusionConfig, build_fusion
from tutti.models.multimodal import MultimodalModel, StreamVectors
from tutti.training.fusion import ItemLearning, JointNetwork
from tutti.training.run_parts import Tell
from tutti.training.trainer import TrainingConfig, fit
from tutti.training.views import MatrixView

METRICS = {
    "tags": "pr_auc_macro",
    "label-factors": "pr_auc_macro",
    "classes": "f1_macro",
    "values": "concordance_macro",
}
NOISE_SEED = 0  # the same noise for every model


@dataclass(frozen=True, kw_only=True)
class MissingStudy:
    """What is compared.

    Attributes:
        fusions: See :mod:`tutti.models.fusion`.
        modality_dropout: What fusions of all modalities also learn with; 0 leaves these rows out.
        noise: Lengths of noise, relative to the vectors, in one modality at a time.
        seeds: Of the training; scores are means over them.
        batch_size: Items, at most.
        training: The trainer's settings.
        bootstrap: How intervals are drawn.
        split: That is scored.
    """

    fusions: tuple[str, ...] = KINDS
    modality_dropout: float = 0.3
    noise: tuple[float, ...] = (0.5, 1.0)
    seeds: tuple[int, ...] = (0,)
    batch_size: int = 32
    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(epochs=30, patience=6, loaders=0))
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    split: str = "test"

    def __post_init__(self) -> None:
        for kind in self.fusions:
            if kind not in KINDS:
                raise unknown_name("fusion", kind, KINDS)
        if not self.fusions or not self.seeds:
            raise ConfigError("there is no fusion or no seed to compare", hint="name one at least of each")


def missing_grid(
    model: MultimodalModel, catalogue: Catalogue, study: MissingStudy, *, folder: Path, tell: Tell = lambda _: None
) -> MissingGrid:
    """Every fusion on every subset of a model's modalities; a killed study goes on where it stopped.

    Args:
        model: Whose encoders, labels and readout are taken.
        catalogue: With the splits train, valid and the scored one.
        study: What is compared.
        folder: Of the fusions' trainings, those of each choice of model, catalogue and settings by themselves.
        tell: Receives a line about each.

    Raises:
        ConfigError: No item has all modalities, or there is nothing to learn from.
    """
    material = {split: _material(model, catalogue, split, tell) for split in ("train", "valid", study.split)}
    scored = _complete(material[study.split])
    columns = _columns(model.modalities, study.noise)
    rows = list(_rows(model.modalities, study))
    folder = folder / _learned_from(model, material, study)
    cells = []
    for number, row in enumerate(rows, start=1):
        tell(f"{number} of {len(rows)}: {row.title}")
        fused = [_trained(model, material, row, study, seed, folder) for seed in study.seeds]
        cells.append(tuple(_cell(fused, scored, row, column, study) for column in columns))
    metric = METRICS[model.config.target]
    return MissingGrid(
        dataset=scored.items.title,
        split=study.split,
        n_items=len(scored.items.items),
        bootstrap=study.bootstrap,
        metric=(TITLES | VALUE_TITLES)[metric],
        rows=tuple(rows),
        columns=columns,
        cells=tuple(cells),
        training_seeds=study.seeds,
        notes=(
            f"Encoders of {model.name}, which learned once; fusions learned from their vectors.",
            "Only items of which nothing is missing are scored; noise is that many times as long as the vector.",
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Material:
    items: ScoredItems
    streams: StreamVectors


def _material(model: MultimodalModel, catalogue: Catalogue, split: str, tell: Tell) -> _Material:
    items = items_to_score(model, catalogue, split)
    tell(f"vectors of {len(items.items)} items of the split {split}")
    return _Material(items=items, streams=model.encode(items.items))


def _learned_from(model: MultimodalModel, material: dict[str, _Material], study: MissingStudy) -> str:
    """What tells trainings apart that begin with other vectors, truths or settings: sixteen hexadecimal digits."""
    settings = [study.batch_size, study.modality_dropout, model.config.target]
    settings += [dataclasses.asdict(one) for one in (study.training, model.config.fusion)]
    digest = hashlib.sha256(json.dumps(settings, default=str).encode())
    for split in ("train", "valid"):
        learned = material[split]
        for one in (learned.items.targets, learned.streams.presence, *learned.streams.vectors):
            digest.update(np.ascontiguousarray(one).tobytes())
    return digest.hexdigest()[:16]


def _complete(material: _Material) -> _Material:
    """The items of which nothing is missing."""
    rows = np.flatnonzero(material.streams.presence.all(axis=1))
    if not len(rows):
        raise ConfigError(
            f"none of {len(material.items.items)} items has all modalities", hint="take a fuller catalogue"
        )
    kept = dataclasses.replace(
        material.items,
        items=tuple(material.items.items[row] for row in rows.tolist()),
        targets=material.items.targets[rows],
    )
    return _Material(items=kept, streams=material.streams.rows(rows))


def _rows(modalities: Sequence[str], study: MissingStudy) -> Iterator[GridRow]:
    """Every fusion on every subset; of a single modality there is nothing to fuse, and one row is enough."""
    for chosen in subsets(modalities):
        for kind in study.fusions if len(chosen) > 1 else study.fusions[:1]:
            yield GridRow(fusion=kind if len(chosen) > 1 else "alone", trained_on=chosen)
            if len(chosen) == len(modalities) > 1 and study.modality_dropout:
                note = f"modality dropout {study.modality_dropout:g}"
                yield GridRow(fusion=kind, trained_on=chosen, note=note)


def _columns(modalities: Sequence[str], noise: Sequence[float]) -> tuple[GridColumn, ...]:
    everything = tuple(modalities)
    missing = [GridColumn(present=chosen) for chosen in subsets(modalities)]
    noisy = [GridColumn(present=everything, noisy=(one,), noise=level) for level in noise for one in modalities]
    return (*missing, *noisy)


def _trained(
    model: MultimodalModel, material: dict[str, _Material], row: GridRow, study: MissingStudy, seed: int, folder: Path
) -> MultimodalModel:
    """The model with a fusion that has learned as the row says."""
    learned = [material[split] for split in ("train", "valid")]
    n_train = len(learned[0].items.items)
    wanted = np.concatenate([one.items.targets for one in learned])
    kept = np.array([stream.modality in row.trained_on for stream in model.config.streams])
    views = []
    for place, stream in enumerate(model.config.streams):
        vectors = np.concatenate([one.streams.vectors[place] for one in learned])
        presence = np.concatenate([one.streams.presence[:, place] for one in learned]) & kept[place]
        views.append(MatrixView(stream.modality, vectors, presence))
    scheme = ItemLearning(
        views,
        wanted,
        train=np.arange(n_train),
        valid=np.arange(n_train, len(wanted)),
        batch_size=study.batch_size,
        modality_dropout=study.modality_dropout if row.note else 0.0,
        seed=seed,
    )
    kind = study.fusions[0] if row.fusion == "alone" else row.fusion
    config = FusionConfig(**{**dataclasses.asdict(model.config.fusion), "kind": kind})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fusion = build_fusion([view.embed_dim for view in views], model.fusion.readout, config)
    network = JointNetwork([view.network for view in views], fusion)
    name = "-".join([row.fusion, *row.trained_on, *row.note.split(), f"seed{seed}"])
    fit(network, scheme, study.training, folder=folder / name, seed=seed, quiet=True)
    changed = dataclasses.replace(model.config, fusion=config)
    return MultimodalModel(changed, model.encoders, network.cpu().fusion, space=model.space)


def _cell(
    fused: Sequence[MultimodalModel], scored: _Material, row: GridRow, column: GridColumn, study: MissingStudy
) -> Estimate | None:
    """The mean over seeds; None where nothing is given that the models have learned to read."""
    given = [one for one in column.present if one in row.trained_on]
    if not given:
        return None
    streams = _given(fused[0], scored.streams, given, column)
    estimates = []
    for model in fused:
        report = scored_report(model, scored.items, model.describe(streams), bootstrap=study.bootstrap)
        estimates.append(report.metrics[METRICS[model.config.target]])
    ends = ([getattr(one, end) for one in estimates] for end in ("value", "low", "high"))
    value, low, high = (statistics.fmean(one) for one in ends)
    return Estimate(value=value, low=low, high=high)


def _given(model: MultimodalModel, streams: StreamVectors, given: Sequence[str], column: GridColumn) -> StreamVectors:
    kept = np.array([stream.modality in given for stream in model.config.streams])
    noisy = dataclasses.replace(
        streams,
        vectors=tuple(
            _noisy(vectors, column, stream.modality, place)
            for place, (stream, vectors) in enumerate(zip(model.config.streams, streams.vectors, strict=True))
        ),
    )
    return noisy.masked(np.broadcast_to(kept, streams.presence.shape))


def _noisy(vectors: NDArray[np.float32], column: GridColumn, modality: str, place: int) -> NDArray[np.float32]:
    if modality not in column.noisy:
        return vectors
    return with_noise(vectors, column.noise, rng=np.random.default_rng((NOISE_SEED, place)))
