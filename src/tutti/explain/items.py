"""Why a multimodal model gives an item a label: each modality's share, the places of the cover, the words, the seconds.

An item may lack anything but one modality; what is missing, and what cannot be explained, is said in words. Drawing is
done in ``item_page`` and ``item_figure``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item, items_of
from tutti.data.pictures import first_readable
from tutti.errors import ConfigError, unknown_name
from tutti.explain.cover_maps import MapForm, cover_map, evidence, seen_cover
from tutti.explain.label_scores import LabelScore, Score
from tutti.explain.seconds import TrackSeconds, Windows, sound_seconds
from tutti.explain.shares import Shares, modality_shares, number
from tutti.explain.words import By, WordContributions, word_contributions
from tutti.models.covers import CoverEncoder
from tutti.models.multimodal import MultimodalModel
from tutti.models.texts import TextEncoder
from tutti.text.spelling import plain

FEWEST_CELLS = 4  # a side of a cover's map: fewer say nothing about places
ABSENT = {"audio": "no sound", "image": "no cover", "text": "no text"}
LEFT_OUT = "left out"


@dataclass(frozen=True, kw_only=True)
class ExplainedCover:
    """A cover with a map of what speaks for a label.

    Attributes:
        path: Of the picture.
        seen: What the model sees of it. Shape (side, side, 3), 8-bit RGB.
        values: From 0 to 1, higher speaks more for the label. Shape (side, side).
        form: Of the map.
        n_cells: Of the map, a side.
    """

    path: Path
    seen: NDArray[np.uint8]
    values: NDArray[np.float32]
    form: MapForm
    n_cells: int


@dataclass(frozen=True, kw_only=True)
class ItemExplanation:
    """Everything about one label of one item.

    Attributes:
        model: Its name.
        item: What is explained.
        label: What of it.
        unit: Of the contributions of words and seconds.
        shares: Of the modalities, of all labels.
        cover: None where there is none, or no map of it.
        words: The same.
        seconds: Of each track; empty where no sound was explained.
        notes: By modality, why something of it is missing.
    """

    model: str
    item: Item
    label: str
    unit: str
    shares: Shares
    cover: ExplainedCover | None = None
    words: WordContributions | None = None
    seconds: tuple[TrackSeconds, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What stands above it."""
        by = f" by {self.item.artist}" if self.item.artist else ""
        return f"{self.item.title}{by}: why {self.model} says “{self.label}”"

    def absence(self, modality: str) -> str:
        """In a few words, why the prediction takes no account of a modality."""
        if self.notes.get(modality) == LEFT_OUT:
            return LEFT_OUT
        offered = any(modality == known and self.item.offers(known) for known in self.shares.modalities)
        return f"{ABSENT[modality]} that can be used" if offered else ABSENT[modality]

    @property
    def prediction(self) -> float:
        """Of the label."""
        return float(self.shares.whole[self.shares.column(self.label)])

    def to_json(self) -> dict[str, Any]:
        """As ``tutti explain --json`` prints it."""
        cover = None
        if self.cover is not None:
            values = self.cover.values.round(4).tolist()
            cover = {"path": str(self.cover.path), "form": self.cover.form, "values": values}
        return {
            "model": self.model,
            "item": self.item.item_id,
            "label": self.label,
            "prediction": number(self.prediction),
            "unit": self.unit,
            "modalities": self.shares.to_json(self.label),
            "cover": cover,
            "text": None if self.words is None else self.words.to_json(),
            "tracks": [one.to_json() for one in self.seconds],
            "notes": dict(self.notes),
        }


def explain_item(
    model: MultimodalModel,
    item: Item,
    *,
    label: str | None = None,
    without: Iterable[str] = (),
    by: By = "word",
    windows: Windows | None = None,
) -> ItemExplanation:
    """Why a model gives an item a label.

    Args:
        model: Any multimodal model.
        item: Of the model's level.
        label: The highest prediction when None; of values, the first.
        without: Modalities that are taken as absent.
        by: Whether words or sentences are left out of the text.
        windows: What is silenced of a sound at a time.

    Raises:
        UnknownNameError: The model has no such label, or no such modality.
        ConfigError: Nothing of the item can be heard, seen or read; or the model tells of no labels or values.
    """
    if model.config.target == "listening-factors":
        raise ConfigError(
            f"{model.name} tells factors of listening, which mean nothing each by itself",
            hint="see whom it suits: tutti recommend CATALOGUE --listener NAME --model MODEL",
        )
    if label is not None and label not in model.labels:
        raise unknown_name(f"label of {model.name}", label, model.labels)
    left_out = model.check_without(without)
    streams = model.encode([item], without=left_out)
    problems = streams.problems.get(item.item_id, {})
    if not streams.presence.any():
        told = "; ".join(problems.values()) or "it has " + ", ".join(ABSENT[one] for one in model.modalities)
        raise ConfigError(f"nothing of {item.item_id} can be heard, seen or read: {told}", hint="take another item")
    shares = modality_shares(model, streams)
    if label is None:
        label = model.labels[0] if model.config.target == "values" else shares.top(1)[0]
    score = LabelScore(model, streams, label)
    notes = _notes(model, item, shares, problems, left_out)
    here = [one for one, is_here in zip(model.modalities, shares.presence, strict=True) if is_here]
    return ItemExplanation(
        model=model.name,
        item=item,
        label=label,
        unit=score.unit,
        shares=shares,
        cover=_cover(model, item, score, notes) if "image" in here else None,
        words=_words(model, item, score, by, notes) if "text" in here else None,
        seconds=_seconds(model, item, score, windows) if "audio" in here else (),
        notes=notes,
    )


def find_item(catalogue: Catalogue, name: str, *, model: MultimodalModel) -> Item:
    """The item of a catalogue that a name means: its id, its title, or the id of one of its tracks.

    Args:
        catalogue: Where to look.
        name: However spelled; the id as it stands goes before anything else.
        model: Whose level and kinds of text count.

    Raises:
        UnknownNameError: No item is called so.
        ConfigError: Several are.
    """
    tracks = [track for track in catalogue.tracks() if track.duplicate_of is None]
    items = items_of(tracks, level=model.config.level, texts=model.config.texts)
    for fits in (
        lambda item: item.item_id == name,
        lambda item: any(track.track_id == name for track in item.tracks),
        lambda item: plain(item.item_id) == plain(name),
        lambda item: plain(item.title) == plain(name),
    ):
        found = [item for item in items if fits(item)]
        if len(found) > 1:
            ids = ", ".join(repr(item.item_id) for item in found[:5])
            raise ConfigError(f"{len(found)} {model.config.level}s are called {name!r}", hint=f"take one of {ids}")
        if found:
            return found[0]
    known = [item.item_id for item in items] + [item.title for item in items]
    error = unknown_name(f"{model.config.level} in {catalogue.folder}", name, known)
    nearest = (error.hint or "").partition(" known: ")[0]
    fallback = f"one of {len(items)}, such as {known[0]!r}" if known else "the catalogue holds none"
    error.hint = nearest if nearest.startswith("did you mean") else fallback
    raise error


def _notes(
    model: MultimodalModel, item: Item, shares: Shares, problems: Mapping[str, str], left_out: frozenset[str]
) -> dict[str, str]:
    """Why a modality is missing, or what of it."""
    notes = dict(problems)
    for modality, is_here in zip(model.modalities, shares.presence, strict=True):
        if modality in left_out:
            notes[modality] = LEFT_OUT
        elif not is_here:
            offered = item.offers(modality)
            notes.setdefault(
                modality, "nothing of it is known to the model" if offered else f"there is {ABSENT[modality]}"
            )
    return notes


def _cover(model: MultimodalModel, item: Item, score: LabelScore, notes: dict[str, str]) -> ExplainedCover | None:
    encoder = model.encoders["image"]
    if not isinstance(encoder, CoverEncoder):
        notes["image"] = f"no map can be made of {encoder.name}"
        return None
    path = first_readable(item.covers, side=encoder.transforms.square_side).path
    assert path is not None
    slope = score.slope_of("image")
    stage, n_cells = _stage(encoder, path, slope)
    form: MapForm = "gap" if stage == -1 else "gradcam"
    values = cover_map(encoder, path, slope, form=form, stage=stage)
    if not values.any():
        told = "says more for the label than another" if form == "gap" else "speaks for the label"
        notes.setdefault("image", f"no place of the cover {told}")
    return ExplainedCover(path=path, seen=seen_cover(encoder, path), values=values, form=form, n_cells=n_cells)


def _stage(encoder: CoverEncoder, path: Path, score: Score) -> tuple[int, int]:
    """The last stage of a cover's network whose maps have cells enough, and how many a side."""
    n_stages = len(encoder.network.stages)
    for stage in range(-1, -n_stages - 1, -1):
        n_cells = min(evidence(encoder, path, score, stage=stage).shape)
        if n_cells >= FEWEST_CELLS:
            return stage, n_cells
    return -n_stages, n_cells


def _words(
    model: MultimodalModel, item: Item, score: LabelScore, by: By, notes: dict[str, str]
) -> WordContributions | None:
    encoder = model.encoders["text"]
    if not isinstance(encoder, TextEncoder):
        notes["text"] = f"words cannot be left out for {encoder.name}"
        return None
    return word_contributions(encoder, item.text, score.of("text"), by=by, score_without_text=score.without("text"))


def _seconds(
    model: MultimodalModel, item: Item, score: LabelScore, windows: Windows | None
) -> tuple[TrackSeconds, ...]:
    return sound_seconds(
        model.encoders["audio"],
        item,
        score.of("audio"),
        score_without_sound=score.without("audio"),
        windows=windows,
    )
