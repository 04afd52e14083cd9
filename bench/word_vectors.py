"""Which word vectors find music by tags that no training saw, and by tags typed otherwise, on the ``study`` world.

    tutti world study -o WORLD --seed 0 && tutti index -c WORLD -m tutti-small
    python bench/word_vectors.py WORLD OUTPUT --general VECTORS [--seeds 0 1 2]

Of the world's 52 tags each seed holds a third out of training entirely, so that over three seeds each tag is unseen
once. A tag branch and a song branch (vectors of tutti-small) learn by triplets from the other tags. Asked are the
unseen tags and the seen ones, as they are, in the other number, as synonyms and misspelt; read by
``tutti.text.tag_vectors``, with and without the tags that were learned from, and as typed: by exact look-up, what is
not found ranking by chance. Word vectors: a general file (GloVe, word2vec), our own training on the texts of the train
split, both side by side, and MiniLM's sentence vectors. What OUTPUT holds is not repeated. ``word-vectors.json`` and
``word-vectors.md`` come from the test split: MAP and P@10, 95% intervals over its items.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.labels import world_spelling
from tutti.data.music_texts import texts_of
from tutti.data.track import Track
from tutti.data.world.tags import SYNONYMS
from tutti.data.world.taxonomy import VOCABULARY
from tutti.evaluation.intervals import Bootstrap, resampled_areas
from tutti.evaluation.multilabel import pr_auc_by_label
from tutti.evaluation.ranking import precision_at_k
from tutti.evaluation.report import Estimate
from tutti.evaluation.tag_retrieval import cosine_scores, expected_average_precision, resampled_precision
from tutti.files import write_text
from tutti.models.tag_song import TagSongConfig, TagSongSpace
from tutti.text.sentences import SentenceEncoder
from tutti.text.spelling import plain
from tutti.text.tag_vectors import SentenceReader, VocabularyReader, WordReader, vectors_of
from tutti.text.word_training import Corpus, WordTrainingConfig, train_word_vectors
from tutti.text.word_vectors import WordVectors
from tutti.training.tag_retrieval import TagLearning, TagRetrievalConfig, TagSongNetwork
from tutti.training.trainer import TrainingConfig, fit
from tutti.training.views import MatrixView

MODEL = "tutti-small"
N_FOLDS = 3
OWN = WordTrainingConfig(embed_dim=100, n_epochs=10)
SCHEME = TagRetrievalConfig(n_hidden=256, embed_dim=128, n_triplets=5_000)
EPOCHS = 15
BOOTSTRAP = Bootstrap(n_resamples=300)
KINDS = {"general": "general", "own": "in-domain", "both": "both, side by side", "sentences": "MiniLM sentences"}
HOW = {"read": "", "tags": ", learned tags first", "exact": ", as typed"}
FORMS = {"as it is": "as they are", "plural": "other number", "synonym": "synonym", "misspelt": "misspelt"}
METRICS = ("map", "p_at_10")
PAIRS = (  # of kinds and ways, whose differences are told
    (("own", "read"), ("general", "read")),
    (("both", "read"), ("general", "read")),
    (("sentences", "read"), ("general", "read")),
    (("general", "read"), ("general", "exact")),
    (("own", "read"), ("own", "exact")),
    (("sentences", "read"), ("sentences", "exact")),
)
Read = Callable[[Sequence[str]], NDArray[np.float32]]
Ways = dict[str, Callable[[Sequence[str]], Any]]
Matrix = NDArray[np.float32]


class World:
    """Tracks of train, valid and test with their vectors and true tags, in this order."""

    def __init__(self, folder: Path) -> None:
        catalogue = Catalogue.open(folder)
        said = catalogue.predictions(MODEL)
        vectors = dict(zip(said.track_ids, said.vectors, strict=True))
        tracks = [one for one in catalogue.tracks() if one.split and one.track_id in vectors]
        self.tracks: list[Track] = sorted(
            tracks, key=lambda one: (("train", "valid", "test").index(one.split), one.track_id)
        )
        self.vectors = np.stack([vectors[one.track_id] for one in self.tracks]).astype(np.float32)
        self.tags = tuple(sorted(VOCABULARY))
        typed = [set(world_spelling(one.tags)) for one in self.tracks]
        self.targets = np.array([[tag in some for tag in self.tags] for some in typed])

    def rows(self, split: str) -> NDArray[np.int64]:
        return np.flatnonzero([one.split == split for one in self.tracks])

    @property
    def learned(self) -> list[Track]:
        return [one for one in self.tracks if one.split == "train"]


class Joined:
    """Several readers as one: their vectors next to each other, zeros where one of them knows nothing."""

    def __init__(self, readers: Sequence[WordReader]) -> None:
        self.readers = readers
        self.embed_dim = sum(one.embed_dim for one in readers)

    def vectors(self, texts: Sequence[str]) -> Matrix:
        parts = [vectors_of(one.read(texts), embed_dim=one.embed_dim) for one in self.readers]
        joined = np.concatenate(parts, axis=1)
        nothing = np.all([np.isnan(part).all(axis=1) for part in parts], axis=0)
        return np.where(nothing[:, None], np.nan, np.nan_to_num(joined)).astype(np.float32)


class Exact:
    """Nothing but the look-up of a tag as one key: what word vectors do without ``tag_vectors``."""

    def __init__(self, vectors: WordVectors) -> None:
        self._vectors, self.embed_dim = vectors, vectors.embed_dim

    def vectors(self, texts: Sequence[str]) -> Matrix:
        nothing = np.full(self.embed_dim, np.nan, dtype=np.float32)
        rows = [self._vectors.find(text) for text in texts]
        return np.stack([nothing if row is None else self._vectors.unit[row] for row in rows])


class Sentences:
    """Texts to an encoder as they are typed."""

    def __init__(self, sentences: SentenceEncoder) -> None:
        self.vectors = sentences.encode


def typed_otherwise(tag: str, form: str, rng: np.random.Generator) -> str:
    """A tag as somebody types it; misspelt: a letter of the longest word left out, doubled or swapped."""
    if form == "plural":
        return tag.removesuffix("s") if tag in ("drums", "vocals") else tag + ("es" if tag.endswith("ss") else "s")
    if form == "synonym":
        return next(one for one in SYNONYMS[tag] if plain(one) != tag)
    if form == "misspelt":
        word = max(tag.split(), key=len)
        at = int(rng.integers(1, len(word) - 1))
        options = [word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]]
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        options += [swapped] if swapped != word else []
        return tag.replace(word, options[int(rng.integers(len(options)))])
    return tag


def train_space(world: World, vectors: Matrix, seen: NDArray[np.bool_], folder: Path, seed: int) -> TagSongSpace:
    """The space of songs and seen tags; read from the folder where it is done."""
    torch.manual_seed(seed)
    config = TagSongConfig(embed_dim=SCHEME.embed_dim, n_hidden=SCHEME.n_hidden)
    space = TagSongSpace(vectors.shape[1], "audio", [world.vectors.shape[1]], config)
    train = world.rows("train")
    space.song.standardise([torch.from_numpy(world.vectors[train])])
    learned = np.concatenate([train, world.rows("valid")])
    view = MatrixView("audio", world.vectors[learned], np.ones(len(learned), dtype=np.bool_))
    scheme = TagLearning(
        [view],
        vectors[seen],
        world.targets[learned][:, seen].astype(np.float32),
        train=np.arange(len(train)),
        valid=np.arange(len(train), len(learned)),
        config=SCHEME,
        seed=seed,
    )
    network = TagSongNetwork([view.network], space)
    training = TrainingConfig(epochs=EPOCHS, optimizer="adam", learning_rate=1e-3, monitor="pr_auc_macro")
    if not (folder / "space").exists():
        fit(network, scheme, training, folder=folder, seed=seed, quiet=True)
        space.eval().save(folder / "space")
    return TagSongSpace.load(folder / "space")


def scores_of(world: World, space: TagSongSpace, read: Read, asked: Sequence[str]) -> Matrix:
    """Cosines with the test split; 0 for all, which is chance, where nothing is understood. Shape (items, queries)."""
    songs = space.project("audio", world.vectors[world.rows("test")])
    points = space.project("text", read(asked))
    known = np.isfinite(points).all(axis=1)
    scores = np.zeros((len(songs), len(asked)), dtype=np.float32)
    scores[:, known] = cosine_scores(points[known], songs)
    return scores


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("world", type=Path)
    options.add_argument("output", type=Path)
    options.add_argument("--general", type=Path, required=True)
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    chosen = options.parse_args()
    world = World(chosen.world)
    readers = open_readers(world, chosen.general, chosen.output)
    kept = chosen.output / "word-vectors.json"
    rows = json.loads(kept.read_text()) if kept.exists() else []
    for kind, ways in readers.items():
        if any(row["kind"] == kind and row["seeds"] == chosen.seeds for row in rows):
            continue
        rows = [row for row in rows if row["kind"] != kind]
        spaces = {seed: learned_space(world, kind, ways, chosen.output, seed) for seed in chosen.seeds}
        for form in FORMS:
            asked = [typed_otherwise(tag, form, np.random.default_rng(at)) for at, tag in enumerate(world.tags)]
            for way, reader in ways.items():
                rows += measured(world, spaces, kind=kind, form=form, way=way, reader=reader, asked=asked)
        print(kind, flush=True)
        write_text(kept, json.dumps(rows, indent=1) + "\n")
    write_text(chosen.output / "word-vectors.md", tables(rows, chosen))


def open_readers(world: World, general: Path, output: Path) -> dict[str, Ways]:
    """Of each kind of vectors its ways to read tags, from the tags that were learned; the first is learned with."""
    own = output / "own.bin"
    if not own.exists():
        train_word_vectors(Corpus(texts_of(world.learned)), OWN).save(own)
    vectors = {"general": WordVectors.load(general), "own": WordVectors.load(own)}
    minilm = SentenceEncoder.load()
    found: dict[str, Ways] = {}
    for kind, some in vectors.items():
        found[kind] = {
            "read": lambda _, some=some: Joined([VocabularyReader(some)]),
            "tags": lambda tags, some=some: Joined([VocabularyReader(some, tags=tags)]),
            "exact": lambda _, some=some: Exact(some),
        }
    found["both"] = {
        "read": lambda _: Joined([VocabularyReader(some) for some in vectors.values()]),
        "tags": lambda tags: Joined([VocabularyReader(some, tags=tags) for some in vectors.values()]),
    }
    found["sentences"] = {
        "read": lambda _: Joined([SentenceReader(minilm)]),
        "tags": lambda tags: Joined([SentenceReader(minilm, tags=tags)]),
        "exact": lambda _: Sentences(minilm),
    }
    return found


def unseen_by(seed: int, n_tags: int) -> NDArray[np.bool_]:
    """The third of the tags that a seed holds out; the thirds of three seeds that follow each other are all tags."""
    order = np.random.default_rng(0).permutation(n_tags)
    unseen = np.zeros(n_tags, dtype=np.bool_)
    unseen[order[seed % N_FOLDS :: N_FOLDS]] = True
    return unseen


def learned_space(world: World, kind: str, ways: Ways, output: Path, seed: int) -> TagSongSpace:
    seen = ~unseen_by(seed, len(world.tags))
    vectors = ways["read"](()).vectors(world.tags)
    seen &= np.isfinite(vectors).all(axis=1)
    return train_space(world, vectors, seen, output / f"{kind}-{seed}", seed)


def measured(
    world: World,
    spaces: dict[int, TagSongSpace],
    *,
    kind: str,
    form: str,
    way: str,
    reader: Callable[[Sequence[str]], Any],
    asked: Sequence[str],
) -> list[dict[str, Any]]:
    """Unseen and seen tags: each tag as the seed that held it out ranks, or the one before, which did not."""
    by_seed: dict[int, Matrix] = {}
    for seed, space in spaces.items():
        learned = [
            tag for tag, held_out in zip(world.tags, unseen_by(seed, len(world.tags)), strict=True) if not held_out
        ]
        by_seed[seed] = scores_of(world, space, reader(learned).vectors, asked)
    known = np.isfinite(reader(world.tags).vectors(asked)).all(axis=1)
    rows = []
    for which in ("unseen", "seen"):
        scores = np.zeros_like(next(iter(by_seed.values())))
        for seed, found in by_seed.items():
            columns = unseen_by(seed if which == "unseen" else seed + 1, len(world.tags))
            scores[:, columns] = found[:, columns]
        rows.append(
            {
                **{"kind": kind, "form": form, "way": way, "tags": which, "n_tags": len(world.tags)},
                **{"known": int(known.sum()), "n_items": len(scores), "seeds": sorted(spaces)},
                **retrieved(world.targets[world.rows("test")], scores),
            }
        )
    return rows


def retrieved(targets: NDArray[np.bool_], scores: Matrix) -> dict[str, Any]:
    """MAP and P@10 over tags with intervals over the items, and MAP of random orders."""
    values = {"map": pr_auc_by_label(targets, scores), "p_at_10": precision_at_k(targets.T, scores.T, k=10)}
    samples = {
        "map": resampled_areas(targets, scores, bootstrap=BOOTSTRAP)["pr_auc"],
        "p_at_10": resampled_precision(targets, scores, bootstrap=BOOTSTRAP, k=10),
    }
    found: dict[str, Any] = {"chance": expected_average_precision(targets.sum(axis=0).mean(), len(targets))}
    for name, by_tag in values.items():
        value = float(np.mean(by_tag))
        resampled = np.nanmean(samples[name], axis=1)
        low, high = BOOTSTRAP.interval(resampled, value=value)
        found[name] = [value, float(low), float(high)]
        found[f"{name}_resampled"] = resampled.tolist()  # of the same tracks for all rows: differences are paired
    return found


def name_of(kind: str, way: str) -> str:
    return KINDS[kind] + HOW[way]


def found_row(rows: Sequence[dict[str, Any]], kind: str, way: str, form: str) -> dict[str, Any]:
    return next(
        row for row in rows if (row["kind"], row["way"], row["form"], row["tags"]) == (kind, way, form, "unseen")
    )


def tables(rows: Sequence[dict[str, Any]], chosen: argparse.Namespace) -> str:
    """Markdown: a table of unseen tags, one of seen ones."""
    first = rows[0]
    lines = [
        f"Study world, seed 0, split test, {first['n_items']} tracks, {first['n_tags']} tags, training seeds "
        f"{', '.join(map(str, chosen.seeds))}; 95% intervals over tracks; MAP of random orders {first['chance']:.3f}.",
        "",
    ]
    for which in ("unseen", "seen"):
        lines += [f"| {which} tags | typed | understood | MAP | P@10 |", "| --- | --- | ---: | --- | --- |"]
        for row in rows:
            if row["tags"] == which:
                name = name_of(row["kind"], row["way"])
                scores = [
                    str(Estimate(**dict(zip(("value", "low", "high"), row[one], strict=True)))) for one in METRICS
                ]
                lines.append(f"| {name} | {FORMS[row['form']]} | {row['known']} | {' | '.join(scores)} |")
        lines.append("")
    lines += ["| unseen tags, MAP | typed | difference |", "| --- | --- | --- |"]
    for one, other in PAIRS:
        for form in FORMS:
            first, second = (found_row(rows, *which, form) for which in (one, other))
            value = first["map"][0] - second["map"][0]
            samples = np.array(first["map_resampled"]) - np.array(second["map_resampled"])
            low, high = BOOTSTRAP.interval(samples, value=value)
            told = " minus ".join(name_of(*which) for which in (one, other))
            lines.append(f"| {told} | {FORMS[form]} | {value:+.3f} [{low:+.3f}, {high:+.3f}] |")
    lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
