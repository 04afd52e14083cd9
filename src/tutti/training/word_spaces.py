"""A space in which words find sounds, made of a tagger: no caption is learned from, nothing is trained step by step.

Texts become weights of the concepts that the tagger's labels stand for (``tutti.models.concept_reader``), sounds the
log odds of the same concepts (``tutti.models.concept_listener``); a text then lies near the sounds in which more is
heard of what it asks for. Both are brought to a common footing by statistics of music at large: the log odds of each
concept are standardised over tracks, and the direction of what captions ask for on average, found with captions that
are made up (``tutti.data.pseudo_captions``), is removed from both. Otherwise tracks full of what is often asked for
would be near to everything (hubs). A direction that is removed, unlike a mean that is subtracted, leaves sums and
differences of texts what they were.

References:
    Mu, Viswanath, "All-but-the-top: simple and effective postprocessing for word representations", ICLR 2018.
    Radovanović et al., "Hubs in space", JMLR 11, 2010.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.pseudo_captions import PseudoCaptionConfig, pseudo_captions
from tutti.errors import ConfigError
from tutti.models.concept_listener import ConceptListener, vocabulary_of
from tutti.models.concept_reader import ConceptReader, ConceptReaderConfig, packed
from tutti.models.model import Model
from tutti.models.model_folders import checked_settings
from tutti.models.projections import LinearMaps
from tutti.models.space_models import SpaceModel, SpaceModelConfig
from tutti.text.lexicon import Lexicon, meanings_of
from tutti.text.sentences import SentenceEncoder

READING = ("temperature", "floor", "phrases", "unknown", "clauses", "whole")  # settings of the reader
N_QUANTILES = 41
MOST_CALIBRATED = 1_000  # tracks; each is compared with the captions of all
LEAST_DEVIATION = 1e-3  # of log odds: a label about which nothing is ever said

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class WordSpaceConfig:
    """How a space is made of a tagger.

    Attributes:
        temperature: See :class:`tutti.models.concept_reader.ConceptReaderConfig`.
        floor: The same.
        phrases: The same.
        unknown: The same.
        clauses: The same.
        whole: The same.
        removed: Of what made-up captions ask for on average, the share that is removed from texts and sounds, as a
            direction.
        centring: Of the same, the share that is subtracted from every text, as a point.
        captions: How captions are made up.
    """

    temperature: float = 0.05
    floor: float = 0.3
    phrases: float = 1.0
    unknown: float = 0.5
    clauses: float = 0.5
    whole: float = 0.5
    removed: float = 1.0
    centring: float = 0.0
    captions: PseudoCaptionConfig = field(default_factory=PseudoCaptionConfig)


def make_reader(tagger: Model, sentences: SentenceEncoder, config: WordSpaceConfig | None = None) -> ConceptReader:
    """The text encoder of a tagger's concepts, its lexicon that of the thesaurus."""
    config = config or WordSpaceConfig()
    meanings = meanings_of(vocabulary_of(tagger))
    concepts = ConceptListener.of(tagger).concepts
    lexicon = Lexicon(
        names=tuple(meanings),
        concepts=concepts,
        # Both as they will be read from a folder.
        meanings=np.stack([*meanings.values()]).astype(np.float16).astype(np.float32),
        vectors=packed(sentences.encode(list(meanings))),
    )
    reading = {name: getattr(config, name) for name in READING}
    return ConceptReader(
        ConceptReaderConfig(concepts=concepts, **reading),
        lexicon,
        read_by=sentences.fingerprint,
        sentences=sentences,
    )


def make_word_space(
    tagger: Model,
    heard: Floats,
    sentences: SentenceEncoder,
    config: WordSpaceConfig | None = None,
    *,
    about: SpaceModelConfig,
) -> SpaceModel:
    """The space of a tagger, with what cosines mean in it.

    Args:
        tagger: Whose labels words are led to.
        heard: What its :class:`tutti.models.concept_listener.ConceptListener` says of tracks that stand for music at
            large, NaN where it could not. Shape (tracks, dimensions).
        sentences: Reads words that are in no list.
        config: How the space is made.
        about: What else the bundle says.

    Raises:
        ConfigError: The tagger has no labels or gives no probabilities, or there are too few tracks.
    """
    config = config or WordSpaceConfig()
    reader = make_reader(tagger, sentences, config)
    known = heard[np.isfinite(heard).all(axis=1)]
    captions = captions_of(known, reader, config)
    maps = fit_maps(known, captions, config)
    training = {"tracks": len(known), **dataclasses.asdict(config)}
    model = SpaceModel(
        dataclasses.replace(about, training={**about.training, **training}),
        {"audio": ConceptListener.of(tagger), "text": reader},
        maps,
    )
    model.config = dataclasses.replace(model.config, calibration=calibration(model, known, captions))
    return model


def heard_in(catalogue: Catalogue, tagger: Model) -> Floats:
    """What a tagger's :class:`tutti.models.concept_listener.ConceptListener` says of a catalogue's tracks.

    Of tracks with the same bytes the first counts alone.

    Raises:
        ConfigError: The tagger, as it is now, has described no track of the catalogue.
    """
    record = catalogue.models().get(tagger.name)
    if record is None or record.fingerprint != tagger.fingerprint:
        raise ConfigError(
            f"{catalogue.folder} holds nothing that {tagger.name} in its present version said",
            hint=f"run: tutti index -c {catalogue.folder} -m {tagger.name}",
        )
    said, copies = catalogue.predictions(tagger.name), {t.track_id for t in catalogue.tracks() if t.duplicate_of}
    rows = [row for row, track_id in enumerate(said.track_ids) if track_id not in copies]
    return ConceptListener.of(tagger).from_predictions(said.vectors[rows], said.probabilities[rows])


def read_about(path: Path | None, *, name: str, scores: Path | None = None) -> SpaceModelConfig:
    """What a bundle is to say of itself.

    Args:
        path: TOML with any of ``licence``, ``source``, ``data``, ``limits``, ``texts`` and ``scores``; None says
            nothing.
        name: Of the space.
        scores: JSON with further scores by name.

    Raises:
        ConfigError: A file cannot be read.
        ModelError: It says what a bundle does not, or in a wrong type.
    """
    said = {} if path is None else _read(path, tomllib.loads)
    if scores is not None:
        said["scores"] = {**said.get("scores", {}), **_read(scores, json.loads)}
    return checked_settings(SpaceModelConfig, {**said, "name": name}, origin=str(path or scores), what="file")


def _read(path: Path, parse: Callable[[str], Any]) -> dict[str, Any]:
    try:
        return dict(parse(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as cause:
        why = cause.strerror if isinstance(cause, OSError) else cause
        raise ConfigError(f"{path} cannot be read: {why}", hint="give a TOML or JSON table") from None


def captions_of(heard: Floats, reader: ConceptReader, config: WordSpaceConfig) -> Floats:
    """Made-up captions of tracks, read; NaN where they mean nothing. Shape (tracks, captions, concepts).

    Raises:
        ConfigError: There are fewer than two tracks.
    """
    if len(heard) < 2:
        raise ConfigError(
            f"{len(heard)} tracks say nothing about music at large", hint="give some dozens of tracks of many styles"
        )
    evidence = (heard - heard.mean(axis=0))[:, : reader.embed_dim] * _scales(heard, reader.embed_dim)
    written = pseudo_captions(evidence.astype(np.float32), reader.lexicon, config.captions)
    vectors, _, _ = reader.encode_texts([*chain.from_iterable(written)])
    return vectors.reshape(len(heard), config.captions.per_track, reader.embed_dim)


def fit_maps(heard: Floats, captions: Floats, config: WordSpaceConfig) -> LinearMaps:
    """Concepts' weights and log odds to points, by statistics of tracks that stand for music at large.

    Args:
        heard: As :func:`make_word_space` takes it, without NaN.
        captions: As :func:`captions_of` gives them.
        config: How much is centred.
    """
    n_concepts = captions.shape[-1]
    asked = captions.reshape(-1, n_concepts)
    mean = asked[np.isfinite(asked).all(axis=1)].mean(axis=0, dtype=np.float64)
    common = mean / max(float(np.linalg.norm(mean)), np.finfo(np.float64).tiny)
    kept = np.eye(n_concepts) - config.removed * np.outer(common, common)
    sounds = np.zeros((heard.shape[1], n_concepts))
    sounds[:n_concepts] = _scales(heard, n_concepts)[:, None] * kept
    return LinearMaps(
        means={"audio": heard.mean(axis=0, dtype=np.float64), "text": config.centring * mean},
        matrices={"audio": sounds, "text": kept},
    )


def calibration(model: SpaceModel, heard: Floats, captions: Floats) -> dict[str, Any]:
    """What cosines of texts and sounds mean, told from made-up captions and the tracks that they do not describe.

    Of very many tracks an even choice is compared.

    Returns:
        ``unmatched``: by pair of modalities, cosines at even shares from 0 to 1; their mean and deviation; and of
        matched pairs the same shares, which are too high for what people write, since the tagger itself wrote these.
    """
    rows = np.linspace(0, len(heard) - 1, min(len(heard), MOST_CALIBRATED)).round().astype(np.int64)
    heard, captions = heard[rows], captions[rows]
    points = model.place_vectors("audio", heard)
    asked = np.stack([model.place_vectors("text", some) for some in captions])  # (tracks, captions, embed_dim)
    cosines = np.einsum("tce,se->tcs", np.nan_to_num(asked), points)
    is_own = np.broadcast_to(np.eye(len(points), dtype=np.bool_)[:, None], cosines.shape)
    is_read = np.broadcast_to(np.isfinite(asked).all(axis=2, keepdims=True), cosines.shape)
    unmatched, matched = cosines[is_read & ~is_own], cosines[is_read & is_own]
    shares = np.linspace(0, 1, N_QUANTILES)
    return {
        "unmatched": {"text-audio": np.quantile(unmatched, shares).round(4).tolist()},
        "unmatched_mean": round(float(unmatched.mean()), 4),
        "unmatched_std": round(float(unmatched.std()), 4),
        "matched": {"text-audio": np.quantile(matched, shares).round(4).tolist()},
    }


def _scales(heard: Floats, n_concepts: int) -> NDArray[np.float64]:
    deviations = heard[:, :n_concepts].std(axis=0, dtype=np.float64)
    return np.asarray(1 / np.maximum(deviations, LEAST_DEVIATION))
