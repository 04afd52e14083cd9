"""``tutti models``: the shipped and published models, importing others, and what a model card says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from tutti.cli.output import folder_place

models_app = typer.Typer(
    no_args_is_help=True, help="Shipped and published models: list, show, pull, import, extractor, describe, path."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
METRICS = ("roc_auc_macro", "pr_auc_macro")
SOUND_NETWORKS = ("vggish", "yamnet", "openl3-512", "openl3-6144")
PICTURE_NETWORKS = ("vgg16", "resnet50-keras", "openl3-image-512", "openl3-image-8192")
STATES = {
    "shipped": "in this package",
    "cached": "here",
    "bundle": "here",
    "file": "here, to be converted",
    "refused": "refused, not the published file",
    "absent": "to be pulled",
}
COMMERCIAL = {True: "yes, by the licence of the weights; mind the terms of the dataset", False: "no, or not known"}


@models_app.command("list")
def list_models(
    commercial_ok: Annotated[
        bool, typer.Option("--commercial-ok", help="Only weights whose licence allows commercial use.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the shipped and the published models, your own bundles in the folders of TUTTI_MODELS, and spaces."""
    from tutti.models.zoo import Zoo
    from tutti.models.zoo_facts import model_facts

    zoo = Zoo()
    names = [*zoo.shipped_bundles(), *(entry.name for entry in zoo.entries()), *zoo.own_bundles(), *zoo.spaces()]
    facts = [model_facts(zoo, name) for name in names]
    chosen = [one for one in facts if one["commercial_ok"] or not commercial_ok]
    if as_json:
        typer.echo(json.dumps(chosen, ensure_ascii=False, indent=1))
        return
    rows = [("NAME", "DATASET", "LABELS", "ROC-AUC", "PR-AUC", "SIZE", "LICENCE", "WHERE"), *map(_row, chosen)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@models_app.command()
def show(
    name: Annotated[str, typer.Argument(help="A shipped or published model or space, or a bundle in TUTTI_MODELS.")],
    as_json: AsJson = False,
) -> None:
    """Show what is known of a model or a space: origin, licences, published scores, limits, labels."""
    from tutti.models.zoo import Zoo
    from tutti.models.zoo_facts import model_facts

    facts = model_facts(Zoo(), name)
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    scores = ", ".join(f"{metric} {value}" for metric, value in facts["scores"].items())
    scores = scores or ("in its card, README.md" if facts["path"] else "none")
    lines = {**facts, "scores": scores, "commercial_ok": COMMERCIAL[facts["commercial_ok"]]}
    labels, rates = lines.pop("labels"), lines.pop("base_rates")
    for key, value in lines.items():
        name = key.replace("_", " ")
        several = [f"{one}: {said}" for one, said in value.items()] if isinstance(value, dict) else value
        if isinstance(several, list):
            typer.echo("\n".join([f"{name}:", *(f"  {one}" for one in several)]) if several else f"{name}: –")
        else:
            typer.echo(f"{name}: {'–' if value in (None, '') else value}")
    typer.echo("labels:" if labels else "labels: –")
    for label in labels:
        typer.echo(f"  {label}" + (f"  {rates[label]:.2%} of tracks" if label in rates else ""))


@models_app.command()
def pull(
    names: Annotated[list[str], typer.Argument(help="Published models; a shipped one needs no fetching.")],
    force: Annotated[bool, typer.Option("--force", help="Fetch again what is at hand.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Fetch published models into the cache, where they are not at hand; prints where each lies."""
    from tutti.models.zoo import Zoo

    zoo = Zoo()
    for name in [name if name in zoo.shipped_bundles() else zoo.entry(name).name for name in names]:
        with _progress_bar(name, quiet) as progress:
            folder = zoo.pull(name, progress=progress, force=force)
        typer.echo(f"{name}\t{folder}")


@models_app.command("import")
def import_model(
    file: Annotated[Path, typer.Argument(help="A published PyTorch state dict.")],
    architecture: Annotated[
        str, typer.Option(help="Such as musicnn, fcn or short_chunk_resnet; a wrong name lists all.")
    ],
    labels: Annotated[str, typer.Option(help="JSON list or text file; FILE.json:KEY where it holds several lists.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", callback=folder_place, help="The bundle's folder; its name names the model."),
    ],
    option: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE where the size is not the published one; repeatable.")
    ] = None,
    task: Annotated[str, typer.Option(help="tags, or classes, whose probabilities sum to one.")] = "tags",
    licence: Annotated[str, typer.Option(help="Of the weights.")] = "unknown",
    source: Annotated[str | None, typer.Option(help="Where they come from. [the file's name]")] = None,
) -> None:
    """Make a bundle of a checkpoint that somebody published."""
    from tutti.models.label_files import read_labels
    from tutti.models.published import import_checkpoint

    model = import_checkpoint(
        file,
        architecture=architecture,
        labels=read_labels(labels),
        name=output.absolute().name,
        task=task,
        options=_options(option or []),
        licence=licence,
        source=source or file.name,
    )
    model.save(output)
    typer.echo(f"{model.name}\t{output}")


@models_app.command()
def extractor(
    network: Annotated[str, typer.Argument(help=f"One of {', '.join((*SOUND_NETWORKS, *PICTURE_NETWORKS))}.")],
    weights: Annotated[Path, typer.Argument(help="The network as an ONNX file.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", callback=folder_place, help="Folder of the encoder: new, empty, or one of these."
        ),
    ],
    hop: Annotated[
        float | None,
        typer.Option(help="Of sounds: seconds from one patch to the next. [the published]", show_default=False),
    ] = None,
) -> None:
    """Make an encoder of sounds or pictures from a network of others that you have as an ONNX file."""
    from tutti.models.extractors.networks import open_extractor

    encoder = open_extractor(network, weights, hop=hop)
    encoder.save(output)
    typer.echo(f"{output}: {encoder.facts.title}, {encoder.modality}, {encoder.embed_dim} dimensions")


@models_app.command()
def describe(
    bundle: Annotated[Path, typer.Argument(help="A bundle's folder.")],
    facts: Annotated[Path, typer.Option("--from", help="TOML: licence, source, teachers, data, limits, scores, ….")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", callback=folder_place, help="The described bundle's folder; it names the model."
        ),
    ],
    scores: Annotated[Path | None, typer.Option(help="JSON: further scores by name.")] = None,
) -> None:
    """Write a bundle whose config.json and model card say more: who taught it, what it learned from, its limits."""
    from tutti.models.describing import describe_bundle

    model = describe_bundle(bundle, facts, output, scores=scores)
    typer.echo(f"{model.name}\t{output}")


@models_app.command()
def path(
    name: Annotated[str, typer.Argument(help="A shipped or published model, or a bundle in TUTTI_MODELS.")],
) -> None:
    """Print the folder of a model's bundle, which is pulled or converted first where needed."""
    from tutti.models.zoo import Zoo

    with _progress_bar(name, quiet=False) as progress:
        folder = Zoo().path(name, progress=progress)
    typer.echo(str(folder))


def _row(facts: dict[str, Any]) -> tuple[str, ...]:
    scores = [f"{facts['scores'][metric]:.4f}" if metric in facts["scores"] else "–" for metric in METRICS]
    where = STATES[facts["state"]]
    if facts["path"] and facts["state"] != "shipped":
        where += f": {facts['path']}"
    size = f"{facts['n_bytes'] / 1e6:.1f} MB" if facts["n_bytes"] else "–"
    dataset = facts["dataset"] or (f"{len(facts['teachers'])} teachers" if facts.get("teachers") else "–")
    return (facts["name"], dataset, str(len(facts["labels"]) or "–"), *scores, size, facts["licence"], where)


def _options(texts: list[str]) -> dict[str, Any]:
    """Values of ``KEY=VALUE``, as numbers where they are numbers."""
    options: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"{text!r} is not of the form KEY=VALUE", param_hint="--option")
        try:
            options[key] = json.loads(value)
        except ValueError:
            options[key] = value
    return options


@contextmanager
def _progress_bar(name: str, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    if quiet:
        yield None
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (*Progress.get_default_columns()[:2], DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: list[Any] = []  # the bar appears when there is something to fetch

        def progress(n_done: int, n_total: int) -> None:
            if not tasks:
                tasks.append(bar.add_task(name, total=n_total))
            bar.update(tasks[0], completed=n_done)

        yield progress
