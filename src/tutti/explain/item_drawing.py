"""One question to a multimodal model, from the catalogue to the file: which item, which label, drawn as what."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tutti.data.catalogue import Catalogue
from tutti.errors import ConfigError
from tutti.explain import explanations
from tutti.explain.item_figure import draw_item
from tutti.explain.item_page import write_item_page
from tutti.explain.items import ItemExplanation, explain_item, find_item
from tutti.explain.words import By
from tutti.models.multimodal import MultimodalModel, find_multimodal


def explain_named_item(
    model: Path | str,
    name: str,
    catalogue: Path | str,
    *,
    label: str | None = None,
    without: Iterable[str] = (),
    by: By = "word",
) -> ItemExplanation:
    """Why a multimodal model gives an item of a catalogue a label.

    Args:
        model: The bundle's folder.
        name: The item's id, its title, or the id of one of its tracks.
        catalogue: Its folder.
        label: See :func:`tutti.explain.items.explain_item`, as are the rest and the errors.

    Raises:
        ModelError: The folder holds no multimodal bundle.
        UnknownNameError: There is no such item.
        ConfigError: Several items are called so.
    """
    loaded = MultimodalModel.load(find_multimodal(model) or model)
    item = find_item(Catalogue.open(catalogue), name, model=loaded)
    return explain_item(loaded, item, label=label, without=without, by=by)


def write_item(made: ItemExplanation, output: Path, *, n_labels: int = 6) -> Path:
    """Draw an explanation, as the file's suffix says.

    Raises:
        ConfigError: Another suffix than .png, .svg or .html.
        MissingExtraError: A figure is wanted, and matplotlib is not installed.
    """
    explanations.check_output(output, None)
    if output.suffix == ".html":
        write_item_page(made, output, n_labels=n_labels)
    else:
        draw_item(made, output, n_labels=n_labels)
    return output


def check_single_sound(model: Path | str) -> None:
    """Make sure that a model is none whose predictions go by more than a sound.

    Raises:
        ConfigError: It is multimodal.
    """
    if find_multimodal(model) is not None:
        raise ConfigError(
            f"{model} is a multimodal model: it explains items of a catalogue, not single files",
            hint="give the catalogue with --on, and an item's id or title",
        )
