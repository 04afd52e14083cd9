"""The songs of a recipe of the scheme ``tag-retrieval``, their tags, and what reads these.

How both are learned is in ``tag_retrieval_runs``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item, items_of
from tutti.data.labels import choose_labels, label_targets
from tutti.data.music_texts import texts_of
from tutti.errors import ConfigError
from tutti.evaluation.tagging import dataset_title
from tutti.models.encoder_kinds import load_encoder
from tutti.models.encoders import ModalityEncoder, ReadsTexts
from tutti.models.model_folders import CONFIG
from tutti.models.word_encoders import WordEncoder
from tutti.text.word_training import Corpus, WordTrainingConfig, train_word_vectors
from tutti.text.word_vectors import WordVectors
from tutti.training.recipes import Recipe
from tutti.training.run_parts import Tell
from tutti.training.run_splits import RunSplits, rows_by_split, run_splits, tell_shared_artists

OWN_WORDS = WordTrainingConfig(min_count=2)  # of a catalogue's texts, which are few


@dataclass(frozen=True, kw_only=True)
class TaggedSongs:
    """The songs of a run, those to learn from first, then those to validate by, then those that are scored.

    Attributes:
        items: All of them.
        tags: That are learned.
        targets: Which song carries which. Shape (songs, tags).
        rows: Of each split.
        splits: Their tracks, and how the splits came about.
        title: Of the dataset.
    """

    items: tuple[Item, ...]
    tags: tuple[str, ...]
    targets: NDArray[np.bool_]
    rows: Mapping[str, NDArray[np.int64]]
    splits: RunSplits
    title: str

    @property
    def learned(self) -> tuple[Item, ...]:
        """Of train and valid, which come first."""
        return self.items[: len(self.rows["train"]) + len(self.rows["valid"])]

    def of_split(self, split: str) -> tuple[Item, ...]:
        """The songs of a split."""
        return tuple(self.items[row] for row in self.rows[split].tolist())

    def with_known_tags(self, words: ModalityEncoder) -> tuple[TaggedSongs, NDArray[np.float32], tuple[str, ...]]:
        """The same with those tags that an encoder understands, their vectors, and the tags that are left out.

        Raises:
            ConfigError: It understands fewer than two.
        """
        assert isinstance(words, ReadsTexts)
        vectors, known, _ = words.encode_texts(self.tags)
        if known.sum() < 2:
            raise ConfigError(
                f"word vectors are known of {int(known.sum())} of {len(self.tags)} tags, such as {self.tags[0]!r}",
                hint="give word vectors of the tags' language: scheme.words",
            )
        tags = tuple(tag for tag, there in zip(self.tags, known, strict=True) if there)
        left_out = tuple(tag for tag, there in zip(self.tags, known, strict=True) if not there)
        songs = dataclasses.replace(self, tags=tags, targets=self.targets[:, known])
        return songs, vectors[known].astype(np.float32), left_out


def tagged_songs(catalogue: Catalogue, recipe: Recipe, tell: Tell) -> TaggedSongs:
    """The songs and tags that a recipe means; copies of others are left out.

    Raises:
        ConfigError: A split has no tagged songs, no tag is frequent enough, or artists are too few to draw splits.
    """
    tracks = [one for one in catalogue.tracks() if one.tags and one.duplicate_of is None]
    splits = run_splits(tracks, recipe, tell)
    by_split = splits.by_split
    tags = choose_labels([one for some in by_split.values() for one in some], recipe.data)
    carried = {s: label_targets(some, tags, spelling=recipe.data.spelling) for s, some in by_split.items()}
    learnable: NDArray[np.bool_] = np.any(carried["train"], axis=1)
    by_split["train"] = [one for one, fits in zip(by_split["train"], learnable, strict=True) if fits]
    carried["train"] = carried["train"][learnable]
    for split, some in by_split.items():
        if not some:
            raise ConfigError(
                f"the catalogue {catalogue.folder} has no song of the split {split} that carries one of the tags",
                hint="train, valid and the evaluated split each need some; without any splits they are made by artist",
            )
    tell_shared_artists(by_split, tell)
    chosen = [track for some in by_split.values() for track in some]
    items = {item.item_id: item for item in items_of(chosen)}
    return TaggedSongs(
        items=tuple(items[track.track_id] for track in chosen),
        tags=tuple(tags),
        targets=np.concatenate([carried[split] for split in by_split]),
        rows=rows_by_split(by_split),
        splits=splits,
        title=dataset_title(catalogue, chosen),
    )


def word_encoder(words: str, songs: TaggedSongs, tell: Tell) -> ModalityEncoder:
    """What reads the tags of a run.

    Args:
        words: See :class:`tutti.training.tag_retrieval.TagRetrievalConfig`.
        songs: Of the run.
        tell: Receives a line where words are trained.

    Raises:
        ConfigError: There is nothing of that name, or it reads no texts.
        ModelError: A file or folder is damaged.
        MissingExtraError: What it takes is not installed.
    """
    if words == "sentences":
        return WordEncoder.of_sentences(keep=songs.tags)
    if words == "catalogue":
        read = songs.of_split("train")
        tell(f"training word vectors on the texts of {len(read)} songs")
        corpus = Corpus(texts_of(track for item in read for track in item.tracks))
        return WordEncoder.of_vectors(train_word_vectors(corpus, OWN_WORDS), keep=songs.tags)
    path = Path(words)
    if (path / CONFIG).exists():
        encoder = load_encoder(path)
        if not isinstance(encoder, ReadsTexts):
            raise ConfigError(f"the encoder in {path} reads {encoder.modality}, not words", hint="see scheme.words")
        return encoder
    if not path.exists():
        raise ConfigError(
            f"scheme.words = {words!r} is no file of word vectors and no encoder's folder",
            hint="give 'sentences', 'catalogue', a file such as vectors.bin, or a folder",
        )
    return WordEncoder.of_vectors(WordVectors.load(path), keep=songs.tags)
