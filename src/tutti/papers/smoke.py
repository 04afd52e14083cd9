"""A table run small: every row on the tiny generated world, narrow and short, to see that the whole path works."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tutti.data.catalogue import Catalogue
from tutti.data.world.generate import generate_world
from tutti.errors import CatalogueError
from tutti.models.taggers import find_architecture
from tutti.papers.table import Column, Table
from tutti.training.phases import find_protocol

# A few channels; what a table itself varies, such as heads, layers and widths of attention, stays as it is there.
NARROW: dict[str, dict[str, int]] = {
    "artist_group_cnn": {"n_channels": 2},
    "cnnsa": {"n_channels": 8},
    "cqt_cnn": {"n_channels": 2, "hop_length": 512},
    "cqt_cnn_3x3_high": {"n_channels": 2, "hop_length": 256},
    "cqt_cnn_3x3_low": {"n_channels": 2, "hop_length": 256},
    "cqt_cnn_4x70_high": {"n_channels": 2, "hop_length": 512},
    "cqt_cnn_4x70_low": {"n_channels": 2, "hop_length": 512},
    "cqt_cnn_4x96_high": {"n_channels": 2, "hop_length": 512},
    "cqt_cnn_4x96_low": {"n_channels": 2, "hop_length": 512},
    "crnn": {"n_channels": 4},
    "emotion_resnet": {"n_channels": 4},
    "fcn": {"n_channels": 4},
    "harmonic_cnn": {"n_channels": 8},
    "music_tagging_transformer": {"conv_dim": 8},
    "musicnn": {"n_timbre": 8, "n_tempo": 4, "n_channels": 8, "dense_dim": 16},
    "musicnn_msd": {"n_timbre": 8, "n_tempo": 4, "n_channels": 8, "dense_dim": 16},
    "raw_cnn_l": {"conv_channels": 8},
    "raw_transformer": {"conv_channels": 8},
    "spec_cnn_p": {"conv_channels": 2},
    "spec_transformer": {"conv_channels": 2},
    "sample_cnn": {"n_channels": 8},
    "sample_cnn_rese": {"n_channels": 8},
    "sample_cnn_se": {"n_channels": 8},
    "sample_cnn_se_only": {"n_channels": 8},
    "short_chunk_cnn": {"n_channels": 8},
    "short_chunk_resnet": {"n_channels": 8},
    "tag_song_cnn": {"n_channels": 2},
}
LONGEST = {  # samples: as long as the world's sounds, or shorter
    "music_tagging_transformer": 110_250,
    "spec_transformer": 72_000,
    "timbre_mlp": 72_000,
    **{name: 72_000 for name in NARROW if name.startswith("cqt_cnn")},
}
SHORT: dict[str, Any] = {
    "training.accelerator": "cpu",
    "scheme.batch_size": 8,
    "scheme.valid_excerpts": 1,
    "model.excerpts.count": 2,
    "evaluation.n_resamples": 50,
    "data.min_positives": 1,
}
TAGS = {"data.labels": "top:5", "data.spelling": "world"}
CLASSES = {"data.labels": "all"}
FUSION: dict[str, Any] = {
    "scheme.n_factors": 4,
    "scheme.audio.n_excerpts": 1,
    "scheme.image.network.architecture": "small_resnet",
    "scheme.image.network.weights": None,
    "scheme.image.network.side": 32,
    "scheme.image.network.n_channels": 4,
    "scheme.text.network.n_terms": 200,
    "scheme.text.network.widths": [16, 16],
}
TAG_RETRIEVAL = {"scheme.n_triplets": 40, "scheme.n_hidden": 16, "scheme.factors.n_factors": 4}
GROUPS = {  # of some twenty tracks, whose subgenres are told by a prefix
    "data.labels": ["quick", "slow"],
    "scheme.n_hidden": 32,
    "scheme.groups.n_terms": 32,
    "scheme.groups.n_descriptor_terms": 4,
    "scheme.groups.n_topics": 4,
}


def smoke_table(table: Table) -> Table:
    """The table with the tiny world in place of its datasets: one column for each kind of score."""
    columns: dict[tuple[str, ...], Column] = {}
    for column in table.columns:
        columns.setdefault(column.metrics, column)
    worlds = tuple(
        dataclasses.replace(
            column, title=f"tiny world, where {column.title} was", dataset="world tiny", protocol="seed 0"
        )
        for column in columns.values()
    )
    return dataclasses.replace(table, columns=worlds, seeds=table.seeds[:1])


def smoke_settings(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that make a table's recipe small, with dotted keys."""
    options = _small_options(recipe)
    labels = CLASSES if _is_classes(recipe) else TAGS
    protocol = recipe["training"].get("protocol")
    epochs = 1 if protocol is None else len(find_protocol(protocol).phases)
    settings = {**SHORT, **labels, "training.epochs": epochs}
    scheme = recipe.get("scheme", {})
    if scheme.get("name") == "fusion":
        settings |= _small_fusion(scheme, labels)
        del settings["scheme.valid_excerpts"]
    if scheme.get("name") == "artist-groups":
        settings |= GROUPS
    if scheme.get("name") == "tag-retrieval":
        settings |= TAG_RETRIEVAL
    if scheme.get("name") == "noisy-student":
        settings |= {"scheme.teacher.batch_size": SHORT["scheme.batch_size"], "scheme.teacher.options": options}
    return {**settings, **{f"model.options.{key}": value for key, value in options.items()}}


def _small_options(recipe: Mapping[str, Any]) -> dict[str, int]:
    architecture = recipe["model"]["architecture"]
    n_samples = find_architecture(architecture).configure(**recipe["model"].get("options", {})).n_samples
    return {**NARROW.get(architecture, {}), "n_samples": min(n_samples, LONGEST.get(architecture, n_samples))}


def _small_fusion(scheme: Mapping[str, Any], labels: Mapping[str, Any]) -> dict[str, Any]:
    """Small encoders, and one epoch of every stage that has settings of its own; more labels than ADiv looks at."""
    settings = {**FUSION, **({"data.labels": "top:8"} if labels is TAGS else {})}
    own = [f"scheme.{stage}.training" for stage in ("audio", "image", "text") if "training" in scheme.get(stage, {})]
    own += ["scheme.space.learned"] if "space" in scheme else []
    for section in own:
        settings |= {f"{section}.epochs": 1, f"{section}.accelerator": SHORT["training.accelerator"]}
    return settings


def smoke_catalogue(folder: Path, column: Column) -> Path:
    """The tiny world, with one class a track where the column is about classes."""
    try:
        Catalogue.open(folder)
    except CatalogueError:
        catalogue = generate_world("tiny", folder, seed=0, jobs=1)
        if column.settings.get("data.task") == "classes":
            _one_class_each(catalogue, prefix=column.settings.get("scheme.groups.genre_prefix"))
    return folder


def _is_classes(recipe: Mapping[str, Any]) -> bool:
    return bool(recipe.get("data", {}).get("task") == "classes")


def _one_class_each(catalogue: Catalogue, *, prefix: str | None) -> None:
    """Tracks tagged with nothing but whether they are quick, of which every split has both kinds.

    Where subgenres are wanted, the tags that there were are these, told by a prefix.
    """
    facts, tracks = catalogue.facts(), catalogue.tracks()
    middle = statistics.median(facts[track.track_id]["tempo"] for track in tracks)
    catalogue.put_tracks(
        dataclasses.replace(
            track,
            tags=(
                "quick" if facts[track.track_id]["tempo"] > middle else "slow",
                *(f"{prefix}{tag}" for tag in track.tags if prefix),
            ),
        )
        for track in tracks
    )
