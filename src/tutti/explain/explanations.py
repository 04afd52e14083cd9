"""One question to a model, from the sound to the file: which map, of which stretch, drawn as what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tutti.audio.recording import Recording
from tutti.errors import ConfigError, ModelError, unknown_name
from tutti.explain import figures
from tutti.explain.attention import AttentionMap, attention_map
from tutti.explain.contribution import ContributionMap, contribution_map, joined
from tutti.explain.filter_figures import draw_filters
from tutti.explain.filters import Filters, has_filters, learned_filters
from tutti.explain.gradcam import ClassMap, class_map, convolution_layers
from tutti.explain.page import MAX_SECONDS, write_page
from tutti.explain.page_maps import attention_rows, class_rows, contribution_rows, taggram_rows
from tutti.explain.spectrograms import spectrogram
from tutti.explain.stretches import Excerpt, Stretch, take_excerpt
from tutti.explain.taggrams import Taggram, taggram
from tutti.explain.tokens import is_sequence_model
from tutti.models.model import Model

Kind = Literal["taggram", "attention", "contribution", "gradcam", "filters"]
KINDS: tuple[Kind, ...] = ("taggram", "attention", "contribution", "gradcam", "filters")
PAGE_CLASSES = 6  # labels whose class-activation maps a page lets one choose among
SUFFIXES = (*figures.SUFFIXES, ".html")
Map = Taggram | AttentionMap | ContributionMap | ClassMap | Filters


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A map, and the sound that it explains.

    Attributes:
        kind: Which map.
        map: The map.
        stretch: The sound.
        model: Whose map it is.
        excerpt: What the model heard; None where it was all of the stretch, or nothing.
        tag: The label that was asked for.
    """

    kind: Kind
    map: Map
    stretch: Stretch
    model: Model
    excerpt: Excerpt | None
    tag: str | None

    @property
    def title(self) -> str:
        """What stands above it."""
        names = {"gradcam": "class-activation map", "filters": "learned filters"}
        what = names.get(self.kind, self.kind)
        if self.kind == "filters":
            return f"{self.model.name}: {what}"
        label = f" of “{self.map.label}”" if isinstance(self.map, ClassMap) else ""
        return f"{self.model.name}: {what}{label}, {Path(self.stretch.key).stem}"

    def to_json(self) -> dict[str, Any]:
        """As ``tutti explain --json`` prints it."""
        return {
            "model": self.model.name,
            "path": self.stretch.key,
            "map": self.kind,
            "start": self.stretch.start,
            **self.map.to_json(),
        }


def available_maps(model: Model) -> list[Kind]:
    """Which maps can be made of a model."""
    network = model.network
    found: list[Kind] = ["taggram"]
    if is_sequence_model(network):
        found += ["attention", "contribution"]
    elif convolution_layers(network.encoder):
        found.append("gradcam")
    if has_filters(network):
        found.append("filters")
    return found


def default_map(model: Model, *, tag: str | None) -> Kind:
    """Contributions of sequence models; of others where a tag is heard, or else what is heard when."""
    known = available_maps(model)
    if "contribution" in known:
        return "contribution"
    return "gradcam" if tag is not None and "gradcam" in known else "taggram"


def explain(
    model: Model,
    recording: Recording,
    *,
    kind: str | None = None,
    tag: str | None = None,
    start: float | None = None,
    limit: float | None = None,
    other: Recording | None = None,
) -> Explanation:
    """Make a map of what a model hears in a recording.

    Args:
        model: Any tagger.
        recording: The sound.
        kind: One of ``KINDS``; None as :func:`default_map` says.
        tag: The label that a class-activation map explains, the excerpt's most probable one when None; other maps
            always show it among their rows.
        start: Where the excerpt, or the taggram, begins, seconds. None is the middle, or for a taggram the beginning.
        limit: A taggram covers so many seconds at most; None goes on to the end.
        other: A second sound, whose first half is joined to that of the first; for attention and contribution.

    Raises:
        AudioError: A sound cannot be decoded, or ends before ``start``.
        UnknownNameError: There is no such map, or no such label.
        ModelError: The model has no such map.
        ConfigError: A second sound for a map of one.
    """
    if kind != "filters":
        model.check_probabilities()
    chosen = _check(model, kind, tag, other)
    sound = Stretch.of(recording, start=start or 0.0, limit=limit)
    excerpt: Excerpt | None = None
    made: Map
    if chosen == "taggram":
        made = taggram(model, sound)
    elif chosen == "filters":
        made = learned_filters(model.network, sample_rate=model.sample_rate)
    else:
        excerpt = take_excerpt(recording, model, start=start)
        joined_at = None
        if other is not None:
            excerpt, joined_at = joined(excerpt, take_excerpt(other, model, start=start), model)
        sound = excerpt.stretch
        if chosen == "gradcam":
            made = class_map(model, excerpt, tag or _most_probable(model, excerpt)[0])
        elif chosen == "attention":
            made = attention_map(model, excerpt)
        else:
            made = contribution_map(model, excerpt, joined_at=joined_at)
    return Explanation(kind=chosen, map=made, stretch=sound, model=model, excerpt=excerpt, tag=tag)


def write_explanation(explanation: Explanation, output: Path, *, n_labels: int = 10) -> Path:
    """Draw an explanation, as the file's suffix says.

    Args:
        explanation: The map and its sound.
        output: A file ending in .png, .svg or .html.
        n_labels: How many rows of tags to show.

    Raises:
        ConfigError: Another suffix, or a page of filters, which have no time.
        MissingExtraError: A figure is wanted, and matplotlib is not installed.
    """
    check_output(output, explanation.kind)
    if output.suffix == ".html":
        _write_page(explanation, output, n_labels)
        return output
    made, title = explanation.map, explanation.title
    if isinstance(made, Taggram | ContributionMap | AttentionMap | ClassMap):
        sound = spectrogram(explanation.stretch)
        if isinstance(made, Taggram):
            figures.draw_taggram(made.top(n_labels, always=explanation.tag), sound, output, title=title)
        elif isinstance(made, ContributionMap):
            figures.draw_contribution(made.top(n_labels, always=explanation.tag), sound, output, title=title)
        elif isinstance(made, AttentionMap):
            figures.draw_attention(made, sound, output, title=title)
        else:
            figures.draw_class_map(made, sound, output, title=title)
    else:
        draw_filters(made, output, title=title)
    return output


def check_output(output: Path, kind: str | None) -> None:
    """Make sure that an explanation can be written to a file, before anything is computed.

    Raises:
        ConfigError: Another suffix than .png, .svg or .html, or a page of filters.
    """
    if output.suffix not in SUFFIXES:
        raise ConfigError(
            f"nothing can be drawn as {output.name}",
            hint=f"end its name in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}",
        )
    if output.suffix == ".html" and kind == "filters":
        raise ConfigError("filters have no time that a player could run over", hint="draw them as .png or .svg")


def _check(model: Model, kind: str | None, tag: str | None, other: Recording | None) -> Kind:
    if kind is not None and kind not in KINDS:
        raise unknown_name("map", kind, KINDS)
    if tag is not None and tag not in model.labels:
        raise unknown_name(f"label of {model.name}", tag, model.labels)
    known = available_maps(model)
    chosen = default_map(model, tag=tag) if kind is None else next(one for one in KINDS if one == kind)
    if chosen not in known:
        raise ModelError(f"the model {model.name} has no map called {chosen}", hint=f"it has: {', '.join(known)}")
    if other is not None and chosen not in ("attention", "contribution"):
        raise ConfigError(
            f"a {chosen} is of one sound, and a second one was given",
            hint="leave it out, or ask a sequence model for its contribution",
        )
    return chosen


def _most_probable(model: Model, excerpt: Excerpt) -> list[str]:
    """The labels, the most probable in this excerpt first."""
    probabilities = model.predict(excerpt.waveform[0].cpu().numpy(), model.sample_rate)
    return [model.labels[i] for i in np.argsort(-probabilities, kind="stable")]


def _class_maps(explanation: Explanation) -> list[ClassMap]:
    """The map, and those of the most probable other labels."""
    model, made, excerpt = explanation.model, explanation.map, explanation.excerpt
    assert isinstance(made, ClassMap)
    assert excerpt is not None
    others = [label for label in _most_probable(model, excerpt) if label != made.label]
    return [made, *(class_map(model, excerpt, label) for label in others[: PAGE_CLASSES - 1])]


def _write_page(explanation: Explanation, output: Path, n_labels: int) -> None:
    made, stretch = explanation.map, explanation.stretch
    played = Stretch.of(stretch, start=stretch.start, limit=min(MAX_SECONDS, stretch.duration))
    sound = spectrogram(played)
    if isinstance(made, Taggram):
        rows = taggram_rows(made.top(n_labels, always=explanation.tag), sound)
    elif isinstance(made, ContributionMap):
        rows = contribution_rows(made.top(n_labels, always=explanation.tag), sound)
    elif isinstance(made, AttentionMap):
        rows = attention_rows(made, sound)
    else:
        rows = class_rows(_class_maps(explanation), sound)
    write_page(rows, sound, played, output, title=explanation.title)
