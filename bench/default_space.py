"""How well words find songs in the space that comes with the package, on songs that its making never saw.

    python bench/default_space.py CATALOGUE CAPTIONS.csv [--mixtures CATALOGUE] [--world CATALOGUE]
        [--held-out NAMES.txt] [--json FILE]

CATALOGUE holds the songs, indexed with `tutti-small`; further taggers with which it was indexed make a second bridge.
CAPTIONS.csv has the columns file and caption. Each caption is to find its song, among the songs with captions and among
all. Intervals are over captions.

* `bridge`: what one would do without a space: the cosine of a caption's sentence vector with that of each label's name,
  less the caption's mean cosine, times the standardised log probability of the label, summed. By tutti-small's labels,
  and by the published taggers.
* `tutti-words`: cross-validated. The captioned songs are in ten folds; for each, the space is made anew without the
  songs of the fold. No caption takes part in making any space.
* `words withheld`: the same, and every name that a caption shares with the thesaurus is taken out of the lexicon before
  the caption is read, but for the labels' own: whoever wrote the thesaurus had seen the captions.
* `nothing removed`, `phrases only`, `whole text only`: the same with a part of the recipe left out. `mean subtracted`:
  the mean of captions is subtracted from texts, where otherwise its direction is removed.
* `chosen inside the folds`: of the five ways above, that with the best MRR on the captions of the other folds.
* `trained by contrast` (with --mixtures, as `tutti datasets mixtures` makes them, indexed): networks learned on made-up
  captions of songs and mixtures, none of which has a song of the fold in it, and on the captions of the other folds.

Then every concept that the published taggers know too is a query of one word. Relevant is the tenth of all songs in
which these hear most of it, on average; mean average precision, over words.

With --world, a generated world that is indexed: how many of the first ten tracks have an instrument that is asked to be
absent, by the truth of the world; for queries with a genre, without and with the minus.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.pseudo_captions import PseudoCaptionConfig
from tutti.data.records import Predictions
from tutti.evaluation.cold_start import mean_estimate
from tutti.evaluation.cross_modal import Ranks, median_estimate, ranks_of_partners
from tutti.evaluation.hubness import hubness
from tutti.evaluation.intervals import Bootstrap
from tutti.evaluation.ranking import average_precision_at_k
from tutti.models.concept_listener import ConceptListener, vocabulary_of
from tutti.models.concept_reader import ConceptReader
from tutti.models.space_models import unit_rows
from tutti.models.zoo import load_model
from tutti.text.sentences import SentenceEncoder
from tutti.text.spelling import forms, plain
from tutti.text.thesaurus import load_thesaurus
from tutti.training.joint_learning import SpaceItems
from tutti.training.spaces import SpaceTraining, train_space
from tutti.training.word_spaces import WordSpaceConfig, captions_of, fit_maps, make_reader

TAGGER, TITLE = "tutti-small", "tutti-words"
UNHEARD = "songs that tutti-small never heard"
N_FOLDS, SEED = 10, 0
WAYS: dict[str, WordSpaceConfig] = {
    TITLE: WordSpaceConfig(),
    "nothing removed": WordSpaceConfig(removed=0.0),
    "mean subtracted": WordSpaceConfig(removed=0.0, centring=1.0),
    "phrases only": WordSpaceConfig(clauses=0.0, whole=0.0),
    "whole text only": WordSpaceConfig(phrases=0.0, unknown=0.0, clauses=0.0, whole=5.0),
}
Floats = NDArray[np.float32]


class Remembering(SentenceEncoder):
    """A sentence encoder that reads each text once: folds have most made-up captions in common."""

    @cached_property
    def _known(self) -> dict[str, Floats]:
        return {}

    def encode(self, texts: Sequence[str], *, batch_size: int = 32) -> Floats:
        """See :class:`SentenceEncoder`."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known.update(zip(missing, super().encode(missing, batch_size=batch_size), strict=True))
        return np.stack([self._known[text] for text in texts])


@dataclass(frozen=True, kw_only=True)
class Songs:
    """Songs and what is known of them.

    Attributes:
        track_ids: In the catalogue.
        names: File names.
        heard: As the concept listener gives them. Shape (songs, dimensions).
        captions: Of some songs.
        rows: Of these songs. Shape (captions,).
    """

    track_ids: tuple[str, ...]
    names: tuple[str, ...]
    heard: Floats
    captions: tuple[str, ...]
    rows: NDArray[np.int64]

    @cached_property
    def folds(self) -> list[NDArray[np.int64]]:
        """Numbers of captions."""
        order = np.random.default_rng(SEED).permutation(len(self.captions))
        return [order[first::N_FOLDS] for first in range(N_FOLDS)]


def read_songs(catalogue: Catalogue, captions: Path, listener: ConceptListener) -> Songs:
    """The songs of a catalogue, with the captions of a table."""
    said = catalogue.predictions(listener.name)
    names = {track.track_id: Path(str(track.audio)).name for track in catalogue.tracks()}
    with captions.open(encoding="utf-8", newline="") as file:
        written = {Path(row["file"]).name: row["caption"] for row in csv.DictReader(file) if row["caption"].strip()}
    ordered = tuple(names[track_id] for track_id in said.track_ids)
    rows = [row for row, name in enumerate(ordered) if name in written]
    return Songs(
        track_ids=tuple(said.track_ids),
        names=ordered,
        heard=listener.from_predictions(said.vectors, said.probabilities),
        captions=tuple(written[ordered[row]] for row in rows),
        rows=np.array(rows),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """Where the captions' songs stand.

    Attributes:
        captioned: Among the songs with captions.
        everything: Among all songs.
        points: Captions and sounds of the last space, for hubness; None of what is no space.
    """

    captioned: Ranks
    everything: Ranks
    points: tuple[Floats, Floats] | None = None


def outcome(scores: NDArray[Any], songs: Songs, points: tuple[Floats, Floats] | None = None) -> Outcome:
    """Of a matrix of scores. Shape (captions, songs)."""
    return Outcome(
        captioned=_ranks(scores[:, songs.rows], np.arange(len(songs.rows))),
        everything=_ranks(scores, songs.rows),
        points=points,
    )


def _ranks(scores: NDArray[Any], partners: NDArray[np.int64]) -> Ranks:
    return ranks_of_partners(scores, np.eye(scores.shape[1], dtype=scores.dtype), partners)


def bridge(songs: Songs, said: Sequence[tuple[Sequence[str], Floats]], sentences: Remembering) -> Outcome:
    """The plain bridge; ``said`` has names of labels and their probabilities, model by model."""
    captions, total = sentences.encode(songs.captions), np.zeros((len(songs.captions), len(songs.names)))
    for names, probabilities in said:
        logarithms = np.log(np.maximum(probabilities, 1e-6))
        standardised = (logarithms - logarithms.mean(axis=0)) / np.maximum(logarithms.std(axis=0), 1e-6)
        cosines = captions @ sentences.encode(names).T
        total += (cosines - cosines.mean(axis=1, keepdims=True)) @ standardised.T
    return outcome(total, songs)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fold:
    """What a space that was made without some songs says.

    Attributes:
        captions: Numbers of those songs' captions.
        asked: Points of all captions. Shape (captions, dimensions).
        sounds: Points of all songs. Shape (songs, dimensions).
    """

    captions: NDArray[np.int64]
    asked: Floats
    sounds: Floats

    def mrr_of_others(self, songs: Songs) -> float:
        """Of the captions that the fold leaves in, among the captioned songs."""
        others = np.setdiff1d(np.arange(len(songs.captions)), self.captions)
        ranks = _ranks(self.asked[others] @ self.sounds[songs.rows].T, others)
        return float(ranks.mean_gain(1 / np.arange(1, ranks.n_items + 1)).mean())


def cross_validated(
    songs: Songs, reader: ConceptReader, config: WordSpaceConfig, *, withheld: bool = False
) -> list[Fold]:
    """The space, made anew for each fold."""
    texts = read_withheld(songs.captions, reader) if withheld else reader.encode_texts(songs.captions)[0]
    found = []
    for fold in songs.folds:
        seen = np.delete(songs.heard, songs.rows[fold], axis=0)
        maps = fit_maps(seen, captions_of(seen, reader, config), config)
        points = (unit_rows(maps.project("text", texts)), unit_rows(maps.project("audio", songs.heard)))
        found.append(Fold(captions=fold, asked=np.nan_to_num(points[0]), sounds=points[1]))
    return found


def read_withheld(captions: Sequence[str], reader: ConceptReader) -> Floats:
    """Captions read without the names that they share with the thesaurus, but for those of the labels' concepts."""
    concepts = set(reader.config.concepts)
    own = {plain(concept) for concept in concepts}
    own |= {name for one in load_thesaurus().entries if one.term in concepts for name in (*one.same, *one.absent)}
    read = []
    for caption in captions:
        text = f" {plain(caption)} "
        names = [name for name in reader.lexicon.names if name not in own and _is_in(name, text)]
        less = ConceptReader(
            reader.config, reader.lexicon.without(names), read_by=reader.read_by, sentences=reader.sentences
        )
        read.append(less.encode_texts([caption])[0][0])
    return np.stack(read)


def _is_in(name: str, text: str) -> bool:
    return any(f" {form} " in text for form in forms(name))


def together(folds: Sequence[Fold], songs: Songs) -> Outcome:
    """Each caption by the space that was made without its song."""
    scores = np.zeros((len(songs.captions), len(songs.names)), dtype=np.float32)
    for fold in folds:
        scores[fold.captions] = fold.asked[fold.captions] @ fold.sounds.T
    return outcome(scores, songs, (folds[-1].asked, folds[-1].sounds))


def chosen_inside(ways: Mapping[str, Sequence[Fold]], songs: Songs) -> tuple[Outcome, dict[str, int]]:
    """For each fold the way that is best on the captions of the others, and how often each was."""
    best = [max(ways, key=lambda name: ways[name][i].mrr_of_others(songs)) for i in range(N_FOLDS)]
    return together([ways[name][i] for i, name in enumerate(best)], songs), {name: best.count(name) for name in ways}


def by_contrast(songs: Songs, reader: ConceptReader, mixtures: Catalogue, listener: ConceptListener) -> Outcome:
    """Networks learned on made-up captions of songs and mixtures, and on the captions of the other folds."""
    said, facts = mixtures.predictions(listener.name), mixtures.facts()
    made_of = [str(facts.get(track_id, {}).get("made_of", "")) for track_id in said.track_ids]
    heard = np.concatenate([songs.heard, listener.from_predictions(said.vectors, said.probabilities)])
    config = WordSpaceConfig(captions=PseudoCaptionConfig(per_track=2))
    made_up, written = captions_of(heard, reader, config), reader.encode_texts(songs.captions)[0]
    folds = []
    for fold in songs.folds:
        unseen = {songs.names[row] for row in songs.rows[fold]}
        is_free = [name not in unseen for name in songs.names]
        is_free += [not any(part.strip().rpartition("/")[2] in unseen for part in some.split(";")) for some in made_of]
        texts = made_up[:, 0].copy()
        learned = np.setdiff1d(np.arange(len(songs.captions)), fold)
        texts[songs.rows[learned]] = written[learned]
        items = SpaceItems(vectors={"text": texts, "audio": heard}, variants={"text": made_up})
        rows = np.flatnonzero(is_free)
        with tempfile.TemporaryDirectory() as folder:
            network = train_space(
                items.rows(rows[rows % 10 != 9]),
                items.rows(rows[rows % 10 == 9]),
                SpaceTraining(preset="contrastive", accelerator="cpu"),
                folder=Path(folder) / "run",
                seed=SEED,
                quiet=True,
            )
        asked, sounds = network.project("text", written), network.project("audio", songs.heard)
        folds.append(Fold(captions=fold, asked=np.nan_to_num(unit_rows(asked)), sounds=unit_rows(sounds)))
    return together(folds, songs)


def row(name: str, found: Outcome, songs: Songs, *, only: NDArray[np.bool_] | None = None) -> dict[str, Any]:
    """Scores of a way, printed and as plain values."""
    bootstrap, told = Bootstrap(), dict[str, Any]()
    for among, ranks in (("captioned", found.captioned), ("all", found.everything)):
        gains = 1 / np.arange(1, ranks.n_items + 1)
        values = {f"recall_at_{k}": ranks.recall_at_k(k) for k in (1, 5, 10)} | {"mrr": ranks.mean_gain(gains)}
        kept = slice(None) if only is None else only
        scores = {metric: mean_estimate(some[kept], bootstrap) for metric, some in values.items()}
        scores["median_rank"] = median_estimate(ranks.middle[kept], bootstrap)
        n_asked = len(ranks.middle[kept])
        told[f"{n_asked} captions among {ranks.n_items}"] = {metric: asdict(one) for metric, one in scores.items()}
        line = ", ".join(f"{metric} {one}" for metric, one in scores.items())
        print(f"{name}, {n_asked} captions among {ranks.n_items} songs ({among}): {line}", flush=True)
    if found.points is not None:
        hubs = hubness(found.points[0], found.points[1][songs.rows])
        told["hubness"] = asdict(hubs)
        print(f"  hubs among the {len(songs.rows)}: skewness {hubs.skewness:.2f}, never found {hubs.never_found:.2f}")
    return told


def single_words(catalogue: Catalogue, songs: Songs, readers: Mapping[str, ConceptReader]) -> dict[str, Any]:
    """How well one word finds songs in which the published taggers hear it."""
    heard: dict[str, list[Floats]] = {}
    for name in catalogue.models():
        if name == TAGGER:
            continue
        other, said = ConceptListener.of(load_model(name)), catalogue.predictions(name)
        odds = other.from_predictions(said.vectors, said.probabilities)[rows_in(said, songs)]
        for concept, column in zip(other.concepts, odds.T, strict=False):  # the tagger's own vector stands behind
            heard.setdefault(concept, []).append((column - column.mean()) / column.std())
    words = [word for word in readers[TITLE].config.concepts if word in heard]
    if not words:
        return {}
    opinions, told = np.array([np.mean(heard[word], axis=0) for word in words]), {}
    n_relevant = round(len(songs.names) / 10)
    relevant = np.argsort(np.argsort(-opinions, axis=1), axis=1) < n_relevant
    for name in (TITLE, "nothing removed", "mean subtracted"):
        maps = fit_maps(songs.heard, captions_of(songs.heard, readers[name], WAYS[name]), WAYS[name])
        asked = unit_rows(maps.project("text", readers[name].encode_texts(words)[0]))
        scores = asked @ unit_rows(maps.project("audio", songs.heard)).T
        precision = mean_estimate(average_precision_at_k(relevant, scores, k=len(songs.names)), Bootstrap())
        print(f"one word, {name}: MAP {precision} of {len(words)} words among {len(songs.names)} songs", flush=True)
        told[name] = asdict(precision)
    return told | {"n_words": len(words), "n_relevant": n_relevant}


def rows_in(said: Predictions, songs: Songs) -> list[int]:
    """Where the songs are among predictions."""
    place = {track_id: row for row, track_id in enumerate(said.track_ids)}
    return [place[track_id] for track_id in songs.track_ids]


INSTRUMENTS = ("vocals", "drums", "piano", "electric guitar", "synthesizer", "acoustic guitar")
DEPTH = 10


def negation(world: Catalogue, listener: ConceptListener, reader: ConceptReader, songs: Songs) -> dict[str, Any]:
    """Of the first ten tracks, the share with an instrument that is not wanted."""
    said, facts = world.predictions(listener.name), world.facts()
    config = WordSpaceConfig()
    maps = fit_maps(songs.heard, captions_of(songs.heard, reader, config), config)
    sounds = unit_rows(maps.project("audio", listener.from_predictions(said.vectors, said.probabilities)))
    played = [set(facts[track_id].get("instruments", ())) for track_id in said.track_ids]
    genres = sorted({str(facts[track_id]["parent_genre"]) for track_id in said.track_ids})

    def point(text: str) -> Floats:
        placed: Floats = unit_rows(maps.project("text", reader.encode_texts([text])[0]))[0]
        return placed

    shares: dict[str, list[float]] = {"genre": [], "genre, no instrument": [], "genre minus instrument": []}
    for instrument in INSTRUMENTS:
        has_it = np.array([instrument in some for some in played])
        for genre in genres:
            asked = (point(genre), point(f"{genre}, no {instrument}"), point(genre) - point(instrument))
            for some, query in zip(shares.values(), asked, strict=True):
                some.append(float(has_it[np.argsort(-(sounds @ query), kind="stable")[:DEPTH]].mean()))
    told = {name: mean_estimate(np.array(some), Bootstrap()) for name, some in shares.items()}
    on = f"{len(played)} tracks of {world.folder.name}, {len(genres)} genres by {len(INSTRUMENTS)} instruments"
    print(f"unwanted among the first {DEPTH} of {on}: {', '.join(f'{name} {one}' for name, one in told.items())}")
    sizes = {"n_queries": len(genres) * len(INSTRUMENTS), "n_items": len(played)}
    return {name: asdict(one) for name, one in told.items()} | sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("captions", type=Path)
    parser.add_argument("--mixtures", type=Path)
    parser.add_argument("--world", type=Path)
    parser.add_argument("--held-out", type=Path, help="songs that the tagger never heard: names, one a line")
    parser.add_argument("--json", type=Path, help="where to keep the figures, for `tutti wordspace --scores`")
    options = parser.parse_args()

    torch.set_num_threads(1)
    catalogue, tagger = Catalogue.open(options.catalogue), load_model(TAGGER)
    listener, sentences = ConceptListener.of(tagger), Remembering.load()
    songs = read_songs(catalogue, options.captions, listener)
    told: dict[str, Any] = {"dataset": options.captions.parent.name, "split": f"{N_FOLDS} folds", "seed": SEED}
    told |= {"n_items": len(songs.rows), "bootstrap": asdict(Bootstrap())}
    for name, said in bridges(catalogue, songs).items():
        told[name] = row(name, bridge(songs, said, sentences), songs)
    readers = {name: make_reader(tagger, sentences, config) for name, config in WAYS.items()}
    ways = {name: cross_validated(songs, readers[name], config) for name, config in WAYS.items()}
    withheld = cross_validated(songs, readers[TITLE], WAYS[TITLE], withheld=True)
    for name, folds in {**ways, "words withheld": withheld}.items():
        told[name] = row(name, together(folds, songs), songs)
    if options.held_out:
        names = {Path(line).name for line in options.held_out.read_text(encoding="utf-8").splitlines()}
        unheard = np.array([songs.names[song] in names for song in songs.rows])
        told[UNHEARD] = row(UNHEARD, together(ways[TITLE], songs), songs, only=unheard)
    chosen, counts = chosen_inside(ways, songs)
    told["chosen inside the folds"] = row("chosen inside the folds", chosen, songs) | {"chosen": counts}
    told["one word"] = single_words(catalogue, songs, readers)
    if options.mixtures:
        found = by_contrast(songs, readers[TITLE], Catalogue.open(options.mixtures), listener)
        told["trained by contrast"] = row("trained by contrast", found, songs)
    if options.world:
        told["negation"] = negation(Catalogue.open(options.world), listener, readers[TITLE], songs)
    if options.json:
        options.json.write_text(json.dumps({"words find songs": told}, indent=1) + "\n", encoding="utf-8")


def bridges(catalogue: Catalogue, songs: Songs) -> dict[str, list[tuple[list[str], Floats]]]:
    """Names of labels and what was said of them, by tutti-small and by the published taggers."""
    found = {}
    others = [name for name in catalogue.models() if name != TAGGER]
    for title, models in ((f"bridge by {TAGGER}", [TAGGER]), (f"bridge by {', '.join(others)}", others)):
        parts = []
        for name in models:
            vocabulary, said = vocabulary_of(load_model(name)), catalogue.predictions(name)
            names = [vocabulary.readable(label) for label in catalogue.models()[name].labels]
            parts.append((names, said.probabilities[rows_in(said, songs)]))
        if parts:
            found[title] = parts
    return found


if __name__ == "__main__":
    main()
