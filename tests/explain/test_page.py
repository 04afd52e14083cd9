from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from tutti.audio.recording import Recording
from tutti.explain.page import PageMap, write_page
from tutti.explain.spectrograms import spectrogram
from tutti.explain.stretches import Stretch

RATE = 16_000
TITLE = "</script><script>alert(1)</script> $title & ลาว"


class Page(HTMLParser):
    """The elements of a page, and what its script is given."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.source = file.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def one(self, tag: str) -> dict[str, str | None]:
        (found,) = [attributes for name, attributes in self.elements if name == tag]
        return found

    @property
    def data(self) -> dict[str, Any]:
        found = re.search(r'id="data">(.*?)</script>', self.source, re.DOTALL)
        assert found
        return json.loads(found.group(1))


def decoded(address: str | None) -> io.BytesIO:
    assert address
    return io.BytesIO(base64.b64decode(address.partition("base64,")[2]))


@pytest.fixture
def file(tmp_path) -> Path:
    """A page on seconds 1 to 3 of four; the sound is loud in its second 2."""
    times = np.arange(4 * RATE) / RATE
    samples = np.sin(2 * np.pi * 1000 * times) * np.where((times >= 2) & (times < 3), 0.5, 1e-4)
    stretch = Stretch.of(Recording.from_waveform(samples, RATE, key="tone"), start=1.0, limit=2.0)
    sound = spectrogram(stretch)
    overlays = np.zeros((2, len(sound.frequencies), 4), dtype=np.float32)
    overlays[1, -1, 2] = 1.0
    made = PageMap(
        caption="a <caption> & more",
        labels=("loud", "</script>"),
        edges=np.array([1.0, 1.5, 2.0, 2.5, 3.0]),
        values=np.float32([[0, 0, 1, 0.5], [1, 1, 0, 0]]),
        shown=("0.40", "0.60"),
        overlays=overlays,
    )
    write_page(made, sound, stretch, tmp_path / "page.html", title=TITLE)
    return tmp_path / "page.html"


def test_the_page_asks_nothing_of_any_network(file):
    page = Page(file)
    addresses = [
        value for _, attributes in page.elements for name, value in attributes.items() if name in ("src", "href")
    ]
    assert addresses
    assert all(address.startswith("data:") for address in addresses)
    assert "default-src 'none'" in page.source
    assert not re.search(r"https?://|@import|fetch\(", page.source)


def test_whatever_a_title_or_a_tag_holds_stays_text(file):
    page = Page(file)
    assert page.source.count("<script") == 2
    assert "<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt; $title &amp; ลาว" in page.source
    assert "a &lt;caption&gt; &amp; more" in page.source
    assert page.data["labels"] == ["loud", "</script>"]


def test_the_sound_is_inside_and_is_the_stretch(file):
    samples, rate = soundfile.read(decoded(Page(file).one("audio")["src"]))
    assert len(samples) / rate == pytest.approx(2.0, abs=0.06)
    loud = np.abs(samples) > 0.1
    assert np.flatnonzero(loud)[0] / rate == pytest.approx(1.0, abs=0.06)
    assert "From 1.0 s to 3.0 s of 4.0 s; this page holds no more of the sound." in Page(file).text


def test_the_values_are_bytes_of_rows_and_columns(file):
    data = Page(file).data
    rows = [list(base64.b64decode(row)) for row in data["values"]]
    assert rows == [[0, 0, 255, 128], [255, 255, 0, 0]]
    assert (data["start"], data["duration"], data["edges"]) == (1.0, 2.0, [1.0, 1.5, 2.0, 2.5, 3.0])
    overlay = np.frombuffer(base64.b64decode(data["overlays"][1]), dtype=np.uint8).reshape(data["bands"], 4)
    assert overlay[-1, 2] == 255
    assert overlay.sum() == 255


def test_the_spectrogram_is_a_picture_with_the_low_bands_at_the_bottom(file):
    picture = np.asarray(Image.open(decoded(Page(file).one("img")["src"])))
    row, column = np.unravel_index(picture.argmin(), picture.shape)  # the darkest is the loudest
    assert column > picture.shape[1] / 2
    assert row > picture.shape[0] / 2  # 1 kHz is in the lower half of the mel scale up to 8


def test_cursor_and_rows_can_be_reached_and_told_without_a_mouse(file):
    page = Page(file)
    cursor = next(attributes for _, attributes in page.elements if attributes.get("id") == "cursor")
    assert cursor["role"] == "slider"
    assert cursor["tabindex"] == "0"
    assert cursor["aria-label"]
    assert page.one("img")["alt"]
    assert 'setAttribute("aria-pressed"' in page.source
    assert "prefers-color-scheme: dark" in page.source


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no browser")
def test_a_browser_draws_the_rows_and_seeks_by_keyboard(file):
    probe = """<script>addEventListener("load", () => {
      const sound = document.getElementById("sound"), cursor = document.getElementById("cursor");
      const press = (key) => cursor.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
      const tell = () => { press("Home"); press("ArrowRight"); press("ArrowRight");
        document.body.dataset.found = JSON.stringify({
          pressed: [...document.querySelectorAll("#rows button")].map((one) => one.getAttribute("aria-pressed")),
          labels: [...document.querySelectorAll("#rows button")].map((one) => one.textContent),
          now: cursor.getAttribute("aria-valuetext"), duration: sound.duration }); };
      sound.readyState ? tell() : sound.addEventListener("loadedmetadata", tell); });</script>"""
    file.write_text(file.read_text(encoding="utf-8").replace("</body>", probe + "</body>"), encoding="utf-8")
    command = [
        "chromium",
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=4000",
        "--dump-dom",
    ]
    done = subprocess.run([*command, file.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'data-found="(.*?)"[ >]', done.stdout)
    assert found, done.stdout[-2000:]
    told = json.loads(found.group(1).replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">"))
    assert told["labels"] == ["loud", "</script>"]
    assert told["pressed"] == ["true", "false"]
    assert told["now"] == "1.2 seconds"
    assert told["duration"] == pytest.approx(2.0, abs=0.1)
