"""``tutti words``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def words(
    catalogue: Annotated[Path, typer.Argument(help="The catalogue.")],
    label: Annotated[list[str] | None, typer.Option(help="A tag; several times for several. All by default.")] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Words for each label.")] = 10,
    read: Annotated[str, typer.Option(help="Kinds of text, with commas between them.")] = "review",
    level: Annotated[str, typer.Option(help="track or album.")] = "track",
    split: Annotated[str, typer.Option(help="train, valid, test or all.")] = "all",
    entities: Annotated[
        str | None,
        typer.Option(help="Also categories of entities: catalogue, a table of names, or the address of a service."),
    ] = None,
    least: Annotated[int, typer.Option(min=1, help="Items that must carry a label, and must not.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which words of texts speak for or against a label, by information gain."""
    from tutti.data.catalogue import Catalogue
    from tutti.data.items import items_of
    from tutti.data.labels import SPLITS
    from tutti.errors import unknown_name
    from tutti.evaluation.information_gain import words_of_labels
    from tutti.models.text_readers import ReaderConfig

    if split not in (*SPLITS, "all"):
        raise unknown_name("split", split, (*SPLITS, "all"))
    kinds = [kind.strip() for kind in read.split(",") if kind.strip()]
    items = items_of(Catalogue.open(catalogue).tracks(), level=level, texts=kinds)
    found = words_of_labels(
        [item for item in items if split in ("all", item.split)],
        labels=label or (),
        reader=ReaderConfig(reader="tfidf+entities", entities=entities) if entities else None,
        min_items=least,
    )
    if found.problems:
        typer.echo(f"{len(found.problems)} texts were not read whole: {next(iter(found.problems.values()))}", err=True)
    typer.echo(json.dumps(found.to_json(count), ensure_ascii=False) if as_json else found.to_text(count), nl=as_json)
