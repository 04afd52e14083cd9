"""``tutti recommend``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from tutti.cli.search import AsJson, CatalogueFolder, Count, Where, print_hits


def recommend(
    catalogue: CatalogueFolder,
    listener: Annotated[str, typer.Option("--listener", "-l", help="Whose listens in the catalogue tell the taste.")],
    model: Annotated[
        Path | None,
        typer.Option("--model", "-m", help="A model of listening factors, for tracks that nobody has played."),
    ] = None,
    which: Annotated[str, typer.Option(help="unheard by the listener; new: that nobody has played; all.")] = "unheard",
    where: Where = None,
    k: Count = 10,
    as_json: AsJson = False,
) -> None:
    """Recommend tracks to a listener: by who plays what, and what nobody has played by how it sounds, looks and reads.

    A score is the share of the catalogue's tracks that suit the listener less.
    """
    from tutti.data.catalogue import Catalogue
    from tutti.models.multimodal import MultimodalModel, find_multimodal
    from tutti.search.recommending import Recommender, Recommending, Which
    from tutti.training.progress import shown_when_told

    wanted = Recommending(k=k, which=cast(Which, which), where=where)
    loaded = None if model is None else MultimodalModel.load(find_multimodal(model) or model)
    with shown_when_told(quiet=as_json) as progress:
        recommender = Recommender.open(Catalogue.open(catalogue), loaded, progress=progress)
    print_hits(recommender.recommend(listener, wanted), as_json=as_json)
