"""One HTML page that explains a label of an item: shares, cover, words, and tracks with players.

The page holds pictures and sounds and asks nothing of any network. The single sound's page is ``page``'s matter.
"""

from __future__ import annotations

import base64
import io
import math
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tutti.audio.recording import Recording
from tutti.explain.cover_maps import lay_over
from tutti.explain.items import ABSENT, ExplainedCover, ItemExplanation
from tutti.explain.page import MAX_SECONDS, picture_address, sound_address
from tutti.explain.seconds import TrackSeconds
from tutti.explain.spectrograms import spectrogram
from tutti.explain.stretches import Stretch
from tutti.files import write_text

NAMES = {"audio": "Sound", "image": "Cover", "text": "Text", "tags": "Tags", "listening": "Listening"}
N_LABELS = 6
LEAST_SECONDS = 10.0  # of a track that is played, however many tracks there are
COLUMNS = 600  # of a track's spectrogram
STRIP_HEIGHT = 40  # of a drawing that is stretched to the page's width
HALF = STRIP_HEIGHT / 2


def write_item_page(made: ItemExplanation, output: Path, *, n_labels: int = N_LABELS) -> None:
    """Write the page.

    Args:
        made: What to show.
        output: The page's file.
        n_labels: How many of the most probable labels to show beside the one that is explained.

    Raises:
        AudioError: A sound that could be heard before cannot be decoded any more.
    """
    folder = resources.files("tutti.explain")
    filled = Template((folder / "item.html").read_text(encoding="utf-8")).substitute(
        title=escape(made.title),
        note=escape(_note(made)),
        labels=_labels(made, n_labels),
        shares=_shares(made),
        shares_note=_shares_note(made),
        cover=_cover(made),
        words=_words(made),
        tracks=_tracks(made),
        style=(folder / "item.css").read_text(encoding="utf-8"),
        script=(folder / "item.js").read_text(encoding="utf-8"),
    )
    write_text(output, filled)


def _note(made: ItemExplanation) -> str:
    tags = f" Its tags: {', '.join(made.item.tags)}." if made.item.tags else ""
    return f"{made.model} gives “{made.label}” {made.prediction:.2f}.{tags}"


def _labels(made: ItemExplanation, n_labels: int) -> str:
    """A bar for each of the highest labels; of values, which have no common scale, numbers alone."""
    rows = []
    for label in made.shares.top(n_labels, always=made.label):
        value = float(made.shares.whole[made.shares.column(label)])
        width = 0.0 if made.unit == "value" else 100 * min(max(value, 0.0), 1.0)
        chosen = ' class="chosen"' if label == made.label else ""
        rows.append(
            f'<tr{chosen}><th scope="row">{escape(label)}</th>'
            f'<td class="bar"><span style="width:{width:.1f}%"></span></td><td class="number">{value:.2f}</td></tr>'
        )
    return "".join(rows)


def _shares(made: ItemExplanation) -> str:
    """A row for each modality: what is lost without it, left or right of nothing, and the other numbers."""
    shares, column = made.shares, made.shares.column(made.label)
    lost = shares.contributions[:, column]
    largest = float(np.nanmax(np.abs(lost))) if np.isfinite(lost).any() else 0.0
    rows = []
    for row, modality in enumerate(shares.modalities):
        name = escape(NAMES[modality])
        if not shares.presence[row]:
            rows.append(
                f'<tr class="absent"><th scope="row">{name}</th><td colspan="4">{made.absence(modality)}</td></tr>'
            )
            continue
        alone, weight = shares.alone[row, column], None if shares.weights is None else shares.weights[row]
        rows.append(
            f'<tr><th scope="row">{name}</th><td class="signed">{_signed_bar(float(lost[row]), largest)}</td>'
            f'<td class="number">{_signed(float(lost[row]))}</td><td class="number">{alone:.2f}</td>'
            f'<td class="number">{"–" if weight is None else f"{100 * weight:.0f} %"}</td></tr>'
        )
    return "".join(rows)


def _signed_bar(value: float, largest: float) -> str:
    if not math.isfinite(value) or not largest:
        return ""
    width = 50 * abs(value) / largest
    side = f"left:50%;width:{width:.1f}%" if value > 0 else f"right:50%;width:{width:.1f}%"
    return f'<span class="{"for" if value > 0 else "against"}" style="{side}"></span>'


def _signed(value: float) -> str:
    return f"{value:+.3f}" if math.isfinite(value) else "all there is"


def _shares_note(made: ItemExplanation) -> str:
    text = (
        "Lost without it: what the prediction loses when the modality is left out. Alone: the prediction from it only."
    )
    if made.shares.weights is not None:
        text += " Weight: the fusion's own."
    return text + " These do not add up: where two modalities say the same, neither is missed."


def _missing(made: ItemExplanation, modality: str) -> str:
    """What to say where a modality is not explained."""
    if modality not in made.shares.modalities:
        return f'<p class="missing">{made.model} takes no account of it.</p>'
    return f'<p class="missing">Nothing to show: {escape(made.notes.get(modality, ABSENT[modality]))}.</p>'


def _remark(made: ItemExplanation, modality: str) -> str:
    note = made.notes.get(modality)
    return "" if note is None else f'<p class="missing">{escape(note)}.</p>'


def _cover(made: ItemExplanation) -> str:
    found = made.cover
    if found is None:
        return _missing(made, "image")
    how = "its share of the score" if found.form == "gap" else "Grad-CAM, what speaks against it left out"
    return (
        '<div class="covers">'
        f'<figure><img src="{_address(found.seen)}" alt="The cover as the model sees it"><figcaption>as the model sees '
        f'it, {found.seen.shape[0]} pixels</figcaption></figure><figure><img src="{_address(_laid(found))}" '
        f'alt="The cover in grey, orange where it speaks for {escape(made.label)}"><figcaption>the more orange, the '
        f"more it speaks for “{escape(made.label)}” ({how}; {found.n_cells} by {found.n_cells} cells)</figcaption>"
        f"</figure></div>{_remark(made, 'image')}"
    )


def _laid(found: ExplainedCover) -> NDArray[np.uint8]:
    return lay_over(found.seen, found.values)


def _address(picture: NDArray[np.uint8]) -> str:
    encoded = io.BytesIO()
    Image.fromarray(picture).save(encoded, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(encoded.getvalue()).decode("ascii")


def _words(made: ItemExplanation) -> str:
    if made.words is None:
        return _missing(made, "text")
    top = "".join(
        f'<li class="{"for" if one.value > 0 else "against"}">{escape(one.text)} <b>{one.value:+.2g}</b></li>'
        for one in made.words.top(8)
    )
    return (
        f'<p class="note">Orange speaks for “{escape(made.label)}”, blue against it: what the {escape(made.unit)} '
        f'loses without the word. Point at one for its number.</p><ul class="top">{top}</ul>'
        f'<div class="text">{made.words.to_html()}</div>{_remark(made, "text")}'
    )


def _tracks(made: ItemExplanation) -> str:
    if not made.seconds:
        return _missing(made, "audio")
    largest = max((float(np.nanmax(np.abs(one.values), initial=0.0)) for one in made.seconds), default=0.0)
    heard = sum(1 for one in made.seconds if len(one.values))
    limit = max(LEAST_SECONDS, MAX_SECONDS / max(1, heard))
    shown = "".join(_track(one, largest, limit) for one in made.seconds)
    return (
        f'<p class="note">Orange and upwards: the {escape(made.unit)} of “{escape(made.label)}” falls when these '
        "seconds fall silent; blue and downwards: it rises. Grey: not heard by the model. Click to seek; one scale for "
        f"all tracks, the tallest bar is {largest:.3f}.</p>{shown}"
    )


def _track(one: TrackSeconds, largest: float, limit: float) -> str:
    name = escape(one.track.name)
    problem = "" if one.problem is None else f'<p class="missing">{escape(one.problem)}.</p>'
    if not len(one.values):
        return f'<section class="track"><h3>{name}</h3>{problem}</section>'
    assert one.track.audio is not None
    recording = Recording.from_file(one.track.audio, key=one.track.track_id)
    start = _start(one, limit)
    played = Stretch.of(recording, start=start, limit=min(limit, one.duration))
    sound = picture_address(spectrogram(Stretch.of(recording), max_columns=COLUMNS))
    whole = f", {one.whole:+.3f} lost without the track" if math.isfinite(one.whole) else ""
    holds = "" if one.duration <= limit else f", plays {start:.0f} s to {start + limit:.0f} s"
    return (
        f'<section class="track" data-start="{start:.3f}" data-duration="{one.duration:.3f}">'
        f"<h3>{name}<small>{one.duration:.1f} s{whole}{holds}</small></h3>"
        f'<div class="plot"><img src="{sound}" alt="Spectrogram, darker is louder">{_strip(one, largest)}'
        f'<div class="cursor"></div></div><audio controls preload="none" src="{sound_address(played)}"></audio>'
        f"{problem}</section>"
    )


def _start(one: TrackSeconds, limit: float) -> float:
    """Where what is played begins, so that the best window is in its middle."""
    middle = 0.0 if one.best is None else sum(one.best) / 2
    return float(np.clip(middle - limit / 2, 0.0, max(0.0, one.duration - limit)))


def _strip(one: TrackSeconds, largest: float) -> str:
    """Bars over time, up for what speaks for the label; seconds across."""
    bars = []
    for begin, end, value in zip(one.edges[:-1], one.edges[1:], one.values, strict=True):
        if not math.isfinite(value):
            bars.append(_bar(begin, end, 0, STRIP_HEIGHT, "unheard", "not heard"))
            continue
        height = HALF * abs(value) / largest if largest else 0.0
        top = HALF - height if value > 0 else HALF
        told = f"{begin:.1f} s to {end:.1f} s: {value:+.3f}"
        bars.append(_bar(begin, end, top, height, "for" if value > 0 else "against", told))
    middle = f'<line x1="0" x2="{one.duration:.3f}" y1="{HALF}" y2="{HALF}"/>'
    return (
        f'<svg viewBox="0 0 {one.duration:.3f} {STRIP_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="What each stretch of {escape(one.track.name)} adds">{"".join(bars)}{middle}</svg>'
    )


def _bar(begin: float, end: float, top: float, height: float, kind: str, told: str) -> str:
    return (
        f'<rect class="{kind}" x="{begin:.3f}" width="{end - begin:.3f}" y="{top:.2f}" height="{height:.2f}">'
        f"<title>{told}</title></rect>"
    )
