"""``tutti wordvectors``: training word vectors on music text, and asking how they read a tag."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, cast

import typer

from tutti.cli.output import file_place

word_vectors_app = typer.Typer(help="Word vectors: train them on music text, see how they read a tag.")


@word_vectors_app.command()
def train(
    sources: Annotated[list[Path], typer.Argument(help="Catalogues, whose texts are read, and files of text.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            callback=file_place,
            help="The file: .bin, as word2vec has it, or text: .txt, .vec; .gz on top.",
        ),
    ],
    read: Annotated[str, typer.Option(help="Kinds of text of a catalogue, with commas.")] = (
        "review,biography,caption,lyrics"
    ),
    split: Annotated[str, typer.Option(help="train, valid, test or all.")] = "all",
    dimensions: Annotated[int, typer.Option(help="Of the vectors.")] = 300,
    window: Annotated[int, typer.Option(help="Words to either side.")] = 10,
    min_count: Annotated[int, typer.Option(help="Rarer words are left out.")] = 5,
    phrases: Annotated[int, typer.Option(help="Longest phrase that becomes one word: 1, 2 or 3.")] = 3,
    algorithm: Annotated[str, typer.Option(help="skipgram or cbow.")] = "skipgram",
    epochs: Annotated[int, typer.Option(help="Passes over the text.")] = 5,
    seed: Annotated[int, typer.Option(help="Of the first vectors and all draws.")] = 0,
) -> None:
    """Train word vectors on the texts of catalogues and on files of text."""
    from tutti.data.music_texts import open_corpus
    from tutti.text.word_training import Algorithm, WordTrainingConfig, train_word_vectors
    from tutti.text.word_vector_files import check_ending

    check_ending(output)
    config = WordTrainingConfig(
        embed_dim=dimensions,
        window=window,
        min_count=min_count,
        longest_phrase=phrases,
        algorithm=cast(Algorithm, algorithm),
        n_epochs=epochs,
        seed=seed,
    )
    kinds = [kind.strip() for kind in read.split(",") if kind.strip()]
    corpus = open_corpus(sources, kinds=kinds, split=split)
    vectors = train_word_vectors(
        corpus, config, progress=lambda done, n_epochs: typer.echo(f"pass {done} of {n_epochs}", err=True)
    )
    vectors.save(output)
    typer.echo(f"{output}\t{len(vectors):,} words and phrases in {vectors.embed_dim} dimensions, seed {seed}")


@word_vectors_app.command()
def read(
    file: Annotated[Path, typer.Argument(help="Word vectors: word2vec text or binary, GloVe; gzipped or not.")],
    tags: Annotated[list[str], typer.Argument(help="Tags or queries; commas between several of one query.")],
    limit: Annotated[
        int, typer.Option(help="Words that are read of the file, the most frequent; 0 for all.")
    ] = 500_000,
    count: Annotated[int, typer.Option("--count", "-n", min=0, help="Nearest words that are shown.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell how word vectors understand tags, and which words are nearest to them."""
    from tutti.text.tag_vectors import VocabularyReader
    from tutti.text.word_vectors import WordVectors

    vectors = WordVectors.load(file, limit=limit or None)
    for reading in VocabularyReader(vectors).read(tags):
        nearest = vectors.nearest(reading.vector, count=count) if reading.is_known else []
        if as_json:
            told = [{"tag": one.tag, "how": one.how, "via": one.via, "left_out": one.left_out} for one in reading.tags]
            row = {"text": reading.text, "is_known": reading.is_known, "read_as": told, "nearest": dict(nearest)}
            typer.echo(json.dumps(row, ensure_ascii=False))
        else:
            words = ", ".join(f"{word} {similarity:.2f}" for word, similarity in nearest)
            typer.echo(f"{reading.text}\t{reading.explanation}\t{words}")
