"""One HTML page with a player whose cursor runs over a map; it holds its sound and asks nothing of any network."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from tutti.audio.resampling import Resampling, resample
from tutti.explain.spectrograms import FLOOR, Spectrogram
from tutti.explain.stretches import Stretch
from tutti.files import write_text

MAX_SECONDS = 180.0  # about 1.5 MB of sound
SOUND_RATE = 32_000  # Hz; one that MP3 has
SOUND_COMPRESSION = 0.55  # of MP3, from 0 to 1: about 50 kbit/s for a mono sound
TICKS = (250, 500, 1000, 2000, 4000, 8000)  # Hz


@dataclass(frozen=True, kw_only=True)
class PageMap:
    """What a page shows below its spectrogram: a row for each tag, or for each head of attention.

    Attributes:
        caption: What the rows are, in a sentence.
        labels: Of the rows, from top to bottom.
        edges: Between the columns, seconds of the recording, ascending. Shape (columns + 1,).
        values: From 0 to 1. Shape (labels, columns).
        shown: What to print beside a row, its probability for instance; one text a row.
        overlays: Laid over the spectrogram while a row is chosen, from 0 to 1: shape (labels, bands, columns), with
            the spectrogram's bands; None where the rows are all there is.
        chosen: The row that is chosen in the beginning.
        mark: Where a second sound begins, seconds.
    """

    caption: str
    labels: tuple[str, ...]
    edges: NDArray[np.float64]
    values: NDArray[np.float32]
    shown: tuple[str, ...]
    overlays: NDArray[np.float32] | None = None
    chosen: int = 0
    mark: float | None = None


def write_page(made: PageMap, sound: Spectrogram, stretch: Stretch, output: Path, *, title: str) -> None:
    """Write the page.

    Args:
        made: The map.
        sound: What the stretch looks like.
        stretch: What the page plays; take no more than ``MAX_SECONDS``.
        output: The page's file.
        title: What stands above it; any text.

    Raises:
        AudioError: The sound cannot be decoded.
    """
    folder = resources.files("tutti.explain")
    page = Template((folder / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        caption=escape(made.caption),
        note=escape(_note(stretch)),
        style=(folder / "page.css").read_text(encoding="utf-8"),
        script=(folder / "page.js").read_text(encoding="utf-8"),
        sound=sound_address(stretch),
        spectrogram=picture_address(sound),
        ticks=_ticks(sound),
        data=_for_script(_data(made, sound)),
    )
    write_text(output, page)


def _data(made: PageMap, sound: Spectrogram) -> dict[str, Any]:
    overlays = None if made.overlays is None else [_bytes(overlay) for overlay in made.overlays]
    return {
        "start": sound.start,
        "duration": sound.duration,
        "labels": made.labels,
        "shown": made.shown,
        "edges": made.edges.round(4).tolist(),
        "values": [_bytes(row) for row in made.values],
        "bands": len(sound.frequencies),
        "overlays": overlays,
        "chosen": made.chosen,
        "mark": made.mark,
    }


def _bytes(values: NDArray[np.float32]) -> str:
    """Values from 0 to 1 as a byte each, in base 64."""
    return base64.b64encode(np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8).tobytes()).decode("ascii")


def _for_script(data: dict[str, Any]) -> str:
    """JSON that no text in it can end the script around it."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def _note(stretch: Stretch) -> str:
    whole = Stretch.of(stretch, start=0.0).duration
    if stretch.duration >= whole - 0.05:
        return f"All {whole:.1f} s of the sound."
    end = stretch.start + stretch.duration
    return f"From {stretch.start:.1f} s to {end:.1f} s of {whole:.1f} s; this page holds no more of the sound."


def sound_address(stretch: Stretch) -> str:
    """The sound as MP3, which every browser plays, in a data address."""
    waveform, rate = stretch.waveform()
    if rate != SOUND_RATE:
        waveform = resample(waveform, rate, SOUND_RATE, resampling=Resampling())
    encoded = io.BytesIO()
    with soundfile.SoundFile(
        encoded, "w", SOUND_RATE, 1, format="MP3", bitrate_mode="VARIABLE", compression_level=SOUND_COMPRESSION
    ) as file:
        file.write(np.clip(waveform, -1, 1))
    return "data:audio/mpeg;base64," + base64.b64encode(encoded.getvalue()).decode("ascii")


def picture_address(sound: Spectrogram) -> str:
    """The spectrogram, loud is dark, lowest band at the bottom."""
    grey = np.rint(255 * sound.decibels[::-1] / FLOOR).astype(np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(grey).save(encoded, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(encoded.getvalue()).decode("ascii")


def _ticks(sound: Spectrogram) -> str:
    """Labels of the axis of frequency, placed from the bottom."""
    n_bands = len(sound.frequencies)
    ticks = [hertz for hertz in TICKS if hertz < 1.05 * sound.frequencies[-1]]
    places = 100 * (np.interp(ticks, sound.frequencies, np.arange(n_bands)) + 0.5) / n_bands
    return "".join(
        f'<span style="bottom:{place:.1f}%">{hertz / 1000:g} kHz</span>'
        for hertz, place in zip(ticks, places, strict=True)
    )
