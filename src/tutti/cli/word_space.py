"""``tutti wordspace``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutti.cli.output import folder_place


def wordspace(
    catalogue: Annotated[Path, typer.Argument(help="Tracks that stand for music at large, indexed with the tagger.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", callback=folder_place, help="The bundle's folder; names the space.")
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="The tagger, by name or folder.")] = "tutti-small",
    about: Annotated[Path | None, typer.Option(help="TOML with licence, source, data, limits.")] = None,
    scores: Annotated[Path | None, typer.Option(help="JSON with scores for the model card.")] = None,
    seed: Annotated[int, typer.Option(help="Of the captions that are made up.")] = 0,
) -> None:
    """Make a space in which words find sounds, of any tagger whose labels are words."""
    from tutti.data.catalogue import Catalogue
    from tutti.data.pseudo_captions import PseudoCaptionConfig
    from tutti.models.zoo import load_model
    from tutti.text.sentences import SentenceEncoder
    from tutti.training.word_spaces import WordSpaceConfig, heard_in, make_word_space, read_about

    tagger = load_model(model)
    heard = heard_in(Catalogue.open(catalogue), tagger)
    config = WordSpaceConfig(captions=PseudoCaptionConfig(seed=seed))
    told = read_about(about, name=output.absolute().name, scores=scores)
    space = make_word_space(tagger, heard, SentenceEncoder.load(), config, about=told)
    space.save(output)
    typer.echo(f"{space.name}: {space.embed_dim} dimensions, by {len(heard)} tracks, in {output}")
