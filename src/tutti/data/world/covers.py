"""The covers of the generated world: a motif for the genre, colours for the mood, and the artist's mark.

All tracks of an album share one design: motif, shapes, layout, hue, type, and whether an instrument is shown come
from a generator of the album, and speak of the artist's own genre. What a track adds is small: its mood makes the
colours lighter or darker, the instrument is the one that leads on it, and the grain is its own. Palettes and pens are
in ``cover_canvas``, motifs in ``cover_motifs``, instruments in ``cover_instruments``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tutti.data.world.chance import Stream
from tutti.data.world.config import WorldConfig
from tutti.data.world.cover_canvas import HARMONIES, Canvas, Palette, box, mood_palette
from tutti.data.world.cover_instruments import INSTRUMENT_DRAWINGS
from tutti.data.world.cover_motifs import MOTIFS
from tutti.data.world.latent import Song
from tutti.data.world.taxonomy import GENRES, PARENTS

COVER_SIDE = 256
MARK_RADIUS = 0.07  # of the cover's side
_OVERSAMPLING = 2
_TINT = 0.6  # how much of the way from the album's mood to its own a track's colours go


@dataclass(frozen=True, kw_only=True)
class Design:
    """What the covers of one album have in common, apart from the shapes of the motif.

    Attributes:
        motif: The parent genre whose motif is drawn.
        stray_mood: Valence and arousal of a palette that says nothing of the music, None where it follows the music.
        jitter: Added to valence and arousal, and to the hue in turns.
        harmony: Number of the palette's harmony.
        shows_instrument: Whether the leading instrument is drawn.
        place: Where, x and y in the unit square.
        on_disc: Whether it stands on a disc or before the faded motif.
        title_on_top: Whether the title stands at the top or at the bottom.
        title_in_band: Whether the title has a band across the cover or a label.
        mark_on_left: Whether the artist's mark is at the left or at the right.
    """

    motif: str
    stray_mood: tuple[float, float] | None
    jitter: tuple[float, float, float]
    harmony: int
    shows_instrument: bool
    place: tuple[float, float]
    on_disc: bool
    title_on_top: bool
    title_in_band: bool
    mark_on_left: bool

    @property
    def mark_place(self) -> tuple[float, float]:
        """Middle of the artist's mark, x and y in the unit square: never where the title is."""
        return 0.11 if self.mark_on_left else 0.89, 0.89 if self.title_on_top else 0.11


def draw_cover(song: Song, config: WorldConfig, rng: np.random.Generator) -> Image.Image:
    """The cover of a track, RGB, ``COVER_SIDE`` pixels wide and high.

    Args:
        song: The track.
        config: ``image`` says how closely a cover keeps to genre, mood and leading instrument.
        rng: The track's own chance, which decides the grain.
    """
    album_rng = album_generator(song, config)
    design = draw_design(song, config, album_rng)
    palette = _palette(song, design)
    side = COVER_SIDE * _OVERSAMPLING
    canvas = Canvas(Image.new("RGB", (side, side), palette.ground))
    MOTIFS[design.motif](canvas, palette, album_rng)
    if design.shows_instrument:
        _draw_instrument(canvas, song.lead, palette, design)
    _print_title(canvas, song, palette, design)
    _stamp_mark(canvas, song.artist.mark, palette, design)
    return _with_grain(canvas.image.reduce(_OVERSAMPLING), rng)


def album_generator(song: Song, config: WorldConfig) -> np.random.Generator:
    """The generator from which an album's design and the shapes of its motif come."""
    key = (int(Stream.COVER), song.artist.index, song.album_index)
    return np.random.default_rng(np.random.SeedSequence(config.seed, spawn_key=key))


def draw_design(song: Song, config: WorldConfig, rng: np.random.Generator) -> Design:
    """The design of a track's album, the first that is drawn from the album's generator."""
    parent = GENRES[song.artist.genre].parent
    faithful = 0.5 + 0.5 * config.image
    others = [name for name in PARENTS if name != parent]
    stray_motif, stray_mood = others[int(rng.integers(len(others)))], rng.uniform(-0.8, 0.8, 2).tolist()
    keeps_motif, keeps_mood = rng.random(2) < faithful
    spread = 1.2 - config.image
    valence, arousal, hue = (rng.normal(0.0, 1.0, 3) * spread * np.array([0.4, 0.4, 0.09])).tolist()
    x, y = rng.uniform((0.36, 0.44), (0.64, 0.56)).tolist()
    return Design(
        motif=parent if keeps_motif else stray_motif,
        stray_mood=None if keeps_mood else (stray_mood[0], stray_mood[1]),
        jitter=(valence, arousal, hue),
        harmony=int(rng.integers(len(HARMONIES))),
        shows_instrument=bool(rng.random() < 0.35 * (0.5 + config.image)),
        place=(x, y),
        on_disc=bool(rng.random() < 0.6),
        title_on_top=bool(rng.random() < 0.4),
        title_in_band=bool(rng.random() < 0.5),
        mark_on_left=bool(rng.random() < 0.5),
    )


def _palette(song: Song, design: Design) -> Palette:
    """The album's colours, tinted by the track."""
    home, artist = GENRES[song.artist.genre], song.artist
    usual = np.array([home.valence + artist.valence, home.arousal + artist.arousal])
    lift, heat = (_TINT * (np.array([song.valence, song.arousal]) - usual)).tolist()
    base = usual if design.stray_mood is None else np.array(design.stray_mood)
    valence, arousal = np.clip(base + design.jitter[:2], -1.0, 1.0).tolist()
    turn = artist.hue + design.jitter[2]
    return mood_palette(valence, arousal, turn=turn, harmony=design.harmony, tint=(lift, heat))


def _draw_instrument(canvas: Canvas, name: str, palette: Palette, design: Design) -> None:
    x, y = design.place
    ink, detail = palette.contrast, palette.ground
    if design.on_disc:
        canvas.disc(x, y, 0.322, palette.ground)
        canvas.disc(x, y, 0.31, palette.contrast)
        ink, detail = palette.ground, palette.contrast
    else:
        canvas.fill(box(0.0, 0.0, 1.0, 1.0), palette.ground, opacity=0.78)
    size = 0.48 if design.on_disc else 0.6
    INSTRUMENT_DRAWINGS[name](canvas.frame(x, y, size), ink, detail)


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _print_title(canvas: Canvas, song: Song, palette: Palette, design: Design) -> None:
    """The artist's name above the album's, on a band across the cover or on a label."""
    side = canvas.image.width
    pen = ImageDraw.Draw(canvas.image)
    lines = [(song.artist.name.upper(), 25, 0.0), (song.album, 20, 0.062)]
    fonts = [_font(size) for _, size, _ in lines]
    widths = [font.getlength(text) / side for (text, _, _), font in zip(lines, fonts, strict=True)]
    right = 1.0 if design.title_in_band else min(max(widths) + 0.11, 1.0)
    top = 0.0 if design.title_on_top else 0.86
    left, paper = (0.0, palette.dark) if design.title_in_band else (0.03, palette.light)
    inset = 0.0 if design.title_in_band else (0.03 if design.title_on_top else -0.03)
    canvas.fill(box(left, top + inset, right, top + inset + 0.14), paper)
    ink = palette.light if design.title_in_band else palette.dark
    for (text, _, offset), font in zip(lines, fonts, strict=True):
        pen.text((side * 0.055, side * (top + inset + 0.017 + offset)), text, font=font, fill=ink)


def draw_mark(mark: int, side: int) -> Image.Image:
    """The sign of an artist in a disc: white where there is ink, "L", the same for the same number.

    Strokes and dots stand around the middle, each as often as the sign has spokes.
    """
    rng = np.random.default_rng(mark)
    image = Image.new("L", (side, side))
    sheet = Canvas(Image.new("RGB", (side, side)))
    spokes, white = int(rng.integers(2, 7)), (255, 255, 255)
    start = rng.uniform(0.0, 2 * np.pi)
    bends = rng.uniform(-0.9, 0.9, 3)
    radii = np.sort(rng.uniform(0.06, 0.4, 4))
    kinds = rng.random(3)
    for spoke in range(spokes):
        angle = start + 2 * np.pi * (spoke + np.array([0.0, bends[0], bends[1] / spokes, bends[2] / spokes])) / spokes
        knots = 0.5 + radii[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        sheet.stroke(knots[:3] if kinds[0] < 0.5 else knots[1:], 0.07, white)
        if kinds[1] < 0.7:
            sheet.disc(knots[3, 0], knots[3, 1], 0.055 + 0.04 * kinds[2], white)
    if kinds[2] < 0.5:
        sheet.disc(0.5, 0.5, 0.06 + 0.1 * kinds[0], white)
    image.paste(sheet.image.convert("L"))
    return image


def _stamp_mark(canvas: Canvas, mark: int, palette: Palette, design: Design) -> None:
    x, y = design.mark_place
    canvas.disc(x, y, MARK_RADIUS, palette.light)
    side = round(2 * MARK_RADIUS * canvas.image.width)
    corner = (round(x * canvas.image.width - side / 2), round(y * canvas.image.width - side / 2))
    canvas.image.paste(palette.dark, corner, draw_mark(mark, side))


def _with_grain(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The cover as printed: a little more or less ink, darker towards the edges, and grain."""
    exposure = rng.normal(1.0, 0.02)
    grain = rng.standard_normal((COVER_SIDE, COVER_SIDE, 1), dtype=np.float32)
    pixels = np.asarray(image, dtype=np.float32) * (np.float32(exposure) * _vignette()) + 4.0 * grain
    return Image.fromarray(np.clip(pixels + 0.5, 0.0, 255.0).astype(np.uint8))


@lru_cache(maxsize=1)
def _vignette() -> NDArray[np.float32]:
    """Brightness from the middle to the edges, [COVER_SIDE, COVER_SIDE, 1]."""
    places = np.linspace(-1.0, 1.0, COVER_SIDE, dtype=np.float32) ** 2
    return (1.0 - 0.07 * (places[:, None] + places[None, :]) ** 1.5)[:, :, None]
