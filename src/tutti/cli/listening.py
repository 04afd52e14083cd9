"""``tutti listening``: play counts and their factors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from tutti.cli.output import folder_place

listening_app = typer.Typer(help="Play counts, and the factors of users and tracks that explain them.")


@listening_app.callback()
def _group() -> None:
    """Keep the command's name, although it is the only one."""


@listening_app.command()
def factors(
    source: Annotated[Path, typer.Argument(help="A catalogue, or a table of plays: .tsv, .csv or .parquet.")],
    output: Annotated[Path, typer.Option("--output", "-o", callback=folder_place, help="Folder of the factors.")],
    n_factors: Annotated[int, typer.Option("--factors", "-n", help="Dimensions.")] = 200,
    method: Annotated[str, typer.Option(help="als or bpr.")] = "als",
    alpha: Annotated[float, typer.Option(help="Of als: n plays are liked with confidence alpha * n.")] = 40.0,
    regularisation: Annotated[float, typer.Option(help="Weight of the factors' squares.")] = 0.01,
    iterations: Annotated[int, typer.Option(help="Passes over the plays.")] = 15,
    seed: Annotated[int, typer.Option(help="Of the first factors.")] = 0,
) -> None:
    """Make factors of users and tracks from who played what how often."""
    from tutti.data.catalogue import Catalogue
    from tutti.listening.factors import FactorConfig, Method, factorise
    from tutti.listening.play_files import read_plays
    from tutti.listening.plays import PlayCounts

    config = FactorConfig(
        method=cast(Method, method),
        n_factors=n_factors,
        alpha=alpha,
        regularisation=regularisation,
        iterations=iterations,
        seed=seed,
    )
    is_catalogue = source.is_dir()
    plays = PlayCounts.of_listens(Catalogue.open(source).listens()) if is_catalogue else read_plays(source)
    made = factorise(plays, config)
    made.save(output)
    without = f"; {plays.n_without_plays:,} users without plays" if plays.n_without_plays else ""
    typer.echo(
        f"{output}\t{made.n_dimensions} factors of {len(made.users):,} users and {len(made.track_ids):,} tracks, "
        f"from {made.n_plays:,} plays{without}"
    )
