"""A recipe whose scheme is tag retrieval, carried out: songs and tags, their vectors, triplets, the space, its scores.

Songs are tracks; those of train carry at least one of the tags that are learned, all with tags of the other splits are
ranked. Tags that no word vector is known of are left out and told. Besides what every run's folder holds::

    vectors/    of sounds by an encoder that is taken as it is
    model/      the space with its encoders (``tutti.models.space_models``)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item
from tutti.data.tag_categories import categories_of
from tutti.data.track import Modality
from tutti.errors import ConfigError
from tutti.evaluation.indexed_sounds import encode_items
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.tag_retrieval import DEPTH, TagQueries, TagRetrievalReport, cosine_scores, score_tag_retrieval
from tutti.listening.play_files import read_plays
from tutti.listening.plays import PlayCounts, coverage
from tutti.listening.splits import split_plays
from tutti.models.encoders import Encoded, ModalityEncoder
from tutti.models.song_encoders import ListeningEncoder, SongEncoder, side_by_side
from tutti.models.space_models import SpaceModel, SpaceModelConfig
from tutti.models.tag_song import TagSongSpace, song_modality_of
from tutti.training.branches import Branch, drawn_from, sound_branch
from tutti.training.fusion_runs import named_encoder
from tutti.training.kept_vectors import encoded_once
from tutti.training.recipes import Recipe
from tutti.training.run_parts import Tell, TrainedRun, claimed_folder, finished_space, open_catalogue
from tutti.training.tag_retrieval import TagLearning, TagRetrievalConfig, TagSongNetwork
from tutti.training.tagged_songs import TaggedSongs, tagged_songs, word_encoder
from tutti.training.trainer import fit
from tutti.training.views import MatrixView, View

VECTORS = "vectors"
MONITORS = ("loss", "pr_auc_macro", "roc_auc_macro")


def train_tag_retrieval(recipe: Recipe, quiet: bool, tell: Tell) -> TrainedRun:
    """Carry out a recipe whose scheme is tag retrieval; see :func:`tutti.training.runs.train`."""
    _check_settings(recipe)
    catalogue = open_catalogue(recipe)
    songs = tagged_songs(catalogue, recipe, tell)
    with claimed_folder(recipe):
        words = word_encoder(_scheme(recipe).words, songs, tell)
        songs, vectors, left_out = songs.with_known_tags(words)
        if left_out:
            tell(f"no word vector is known of {len(left_out)} tags, which are left out: {', '.join(left_out)}")
        streams = _streams(recipe, catalogue, songs, quiet=quiet, tell=tell)
        space = _fresh_space(recipe, vectors.shape[1], streams, songs)
        scheme = TagLearning(
            [stream.view for stream in streams],
            vectors,
            songs.targets.astype(np.float32),
            train=songs.rows["train"],
            valid=songs.rows["valid"],
            config=_scheme(recipe),
            seed=recipe.seed,
        )
    known = ", ".join(stream.view.modality for stream in streams)
    tell(f"training on {len(scheme.train)} songs by {known}, {len(vectors)} tags, {scheme.n_steps} steps an epoch")
    network = TagSongNetwork([stream.view.network for stream in streams], space)
    history = fit(network, scheme, recipe.training, folder=recipe.folder, seed=recipe.seed, quiet=quiet)
    network.cpu().eval()
    model = _space_model(recipe, songs, words, streams, network, space)
    tell(f"evaluating epoch {history.best.epoch} on {len(songs.rows[recipe.evaluation.split])} songs")
    report = _report(model, recipe, songs, streams, vectors, left_out)
    failures = {key: why for stream in streams for key, why in stream.failures.items()}
    return finished_space(model, report, history, failures, folder=recipe.folder)


@dataclass(frozen=True, kw_only=True)
class _Stream:
    """What songs are known by in one way.

    Attributes:
        view: Of the songs of train and valid.
        branch: Where the network is learned.
        encoder: Where it is not.
        encoded: By that encoder, all songs.
    """

    view: View
    branch: Branch | None = None
    encoder: ModalityEncoder | None = None
    encoded: Encoded | None = None

    @property
    def failures(self) -> dict[str, str]:
        """Songs that could not be read, and why."""
        return dict(self.branch.failures) if self.branch else dict(self.encoded.problems if self.encoded else {})


def _streams(recipe: Recipe, catalogue: Catalogue, songs: TaggedSongs, *, quiet: bool, tell: Tell) -> list[_Stream]:
    settings, streams = _scheme(recipe), list[_Stream]()
    # Before anything is heard: this refuses settings of factors.
    listening = None if settings.song == "audio" else _listening_encoder(recipe, catalogue, songs, tell)
    if settings.song != "listening" and settings.encoder is None:
        n_train = len(songs.rows["train"])
        branch = sound_branch(songs.learned, n_train, recipe, tell, n_excerpts=settings.valid_excerpts)
        streams.append(_Stream(view=branch.view, branch=branch))
    elif settings.encoder is not None:
        encoder = named_encoder(settings.encoder, "audio")
        read = partial(encoded_once, folder=recipe.folder / VECTORS, tell=tell, quiet=quiet)
        encoded = encode_items(encoder, songs.items, catalogue, read=read)
        streams.append(_fixed("audio", encoder, encoded, songs))
    if listening is not None:
        streams.append(_fixed("listening", listening, listening.encode(songs.items), songs))
    return streams


def _fixed(modality: Modality, encoder: ModalityEncoder, encoded: Encoded, songs: TaggedSongs) -> _Stream:
    learned = slice(len(songs.learned))
    view = MatrixView(modality, encoded.vectors[learned], encoded.presence[learned])
    return _Stream(view=view, encoder=encoder, encoded=encoded)


def _listening_encoder(recipe: Recipe, catalogue: Catalogue, songs: TaggedSongs, tell: Tell) -> ListeningEncoder:
    """Factors of all songs: users' are made of the plays of train alone, those of other songs are folded in."""
    settings = _scheme(recipe)
    listens = catalogue.listens() if settings.plays is None else []
    if settings.plays is None and not listens:
        raise ConfigError(
            f"scheme.song = {settings.song!r} knows songs by their listeners, and {catalogue.folder} has none",
            hint="give a table of plays, scheme.plays=FILE, or set scheme.song = 'audio'",
        )
    plays = PlayCounts.of_listens(listens) if settings.plays is None else read_plays(settings.plays)
    tell(coverage(plays, [item.item_id for item in songs.items]).line())
    ids = {split: [item.item_id for item in songs.of_split(split)] for split in songs.rows}
    factors = split_plays(plays, ids, settings.factors)
    found = {track_id: vector for split in factors.by_split.values() for track_id, vector in split.items()}
    return ListeningEncoder(tuple(found), np.stack(list(found.values())))


def _fresh_space(recipe: Recipe, tag_dim: int, streams: Sequence[_Stream], songs: TaggedSongs) -> TagSongSpace:
    settings = _scheme(recipe)
    dims = [stream.view.embed_dim for stream in streams]
    config = settings.layers(dims, is_learned=any(stream.branch for stream in streams))
    with drawn_from(recipe.seed):
        space = TagSongSpace(tag_dim, song_modality_of([one.view.modality for one in streams]), dims, config)
    if settings.standardise:
        train = songs.rows["train"]
        space.song.standardise(
            [
                None
                if one.encoded is None
                else torch.from_numpy(one.encoded.vectors[train[one.encoded.presence[train]]])
                for one in streams
            ]
        )
    return space


def _space_model(
    recipe: Recipe,
    songs: TaggedSongs,
    words: ModalityEncoder,
    streams: Sequence[_Stream],
    network: TagSongNetwork,
    space: TagSongSpace,
) -> SpaceModel:
    parts = [
        stream.encoder or stream.branch.finish(trained)  # type: ignore[union-attr]  # one of the two is there
        for stream, trained in zip(streams, network.songs.branches, strict=True)
    ]
    song = parts[0] if len(parts) == 1 else SongEncoder(parts)
    config = SpaceModelConfig(
        name=recipe.model.name or recipe.name,
        texts=(),
        licence="as the training data, the encoders and the word vectors allow",
        source=f"trained with the recipe {recipe.name}",
        training={**recipe.to_json(), "tags": list(songs.tags)},
    )
    return SpaceModel(config, {"text": words, song.modality: song}, space.eval())


def _report(
    model: SpaceModel,
    recipe: Recipe,
    songs: TaggedSongs,
    streams: Sequence[_Stream],
    words: NDArray[np.float32],
    left_out: Sequence[str],
) -> TagRetrievalReport:
    split, settings = recipe.evaluation.split, recipe.evaluation
    rows, items = songs.rows[split], songs.of_split(split)
    parts = list(getattr(model.encoders[_song_modality(model)], "parts", [model.encoders[_song_modality(model)]]))
    encoded = [
        part.encode(items) if stream.encoded is None else _some(stream.encoded, items, rows)
        for stream, part in zip(streams, parts, strict=True)
    ]
    joined = encoded[0] if len(encoded) == 1 else side_by_side(encoded)
    points = model.place_vectors(_song_modality(model), joined.vectors)
    placed: NDArray[np.bool_] = np.all(np.isfinite(points), axis=1)
    if not placed.any():
        why = next(iter(joined.problems.values()), "there is nothing to know them by")
        raise ConfigError(f"none of {len(items)} songs of the split {split} could be placed: {why}")
    asked = TagQueries(
        model=model.name,
        dataset=songs.title,
        split=songs.splits.title(split),
        tags=songs.tags,
        targets=songs.targets[rows][placed],
        scores=cosine_scores(model.place_vectors("text", words), points[placed]),
        categories=categories_of(songs.tags, _scheme(recipe).categories),
        left_out=dict.fromkeys(left_out, "no word vector is known of it"),
        failures={
            item.item_id: joined.problems.get(item.item_id, "there is nothing to know it by")
            for item, there in zip(items, placed, strict=True)
            if not there
        },
        training_seed=recipe.seed,
    )
    bootstrap = Bootstrap(n_resamples=settings.n_resamples, seed=settings.seed)
    return score_tag_retrieval(asked, bootstrap=bootstrap, depth=min(DEPTH, int(placed.sum())))


def _some(encoded: Encoded, items: Sequence[Item], rows: NDArray[np.int64]) -> Encoded:
    problems = {item.item_id: encoded.problems[item.item_id] for item in items if item.item_id in encoded.problems}
    return Encoded(vectors=encoded.vectors[rows], presence=encoded.presence[rows], problems=problems)


def _song_modality(model: SpaceModel) -> Modality:
    return next(one for one in model.modalities if one != "text")


def _check_settings(recipe: Recipe) -> None:
    settings, monitor = _scheme(recipe), recipe.training.resolved().monitor
    if monitor not in MONITORS:
        raise ConfigError(
            f"training.monitor = {monitor!r} is not told by tags that find songs",
            hint=f"set training.monitor to one of {', '.join(MONITORS)}; pr_auc_macro is MAP",
        )
    if settings.encoder is not None and recipe.model.start is not None:
        raise ConfigError(
            f"scheme.encoder = {settings.encoder!r} is taken as it is, and model.start would be ignored",
            hint="leave out one of them",
        )


def _scheme(recipe: Recipe) -> TagRetrievalConfig:
    assert isinstance(recipe.scheme, TagRetrievalConfig)
    return recipe.scheme
