from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from PIL import Image

from tutti.data.world.chance import Stream, generator
from tutti.data.world.config import WorldConfig
from tutti.data.world.cover_canvas import Canvas, mood_palette, oklch
from tutti.data.world.cover_instruments import INSTRUMENT_DRAWINGS
from tutti.data.world.cover_motifs import MOTIFS
from tutti.data.world.covers import COVER_SIDE, MARK_RADIUS, Design, album_generator, draw_cover, draw_design, draw_mark
from tutti.data.world.latent import Song, draw_songs
from tutti.data.world.taxonomy import INSTRUMENTS, PARENTS

CONFIG = WorldConfig(seed=0)


@cache
def songs() -> list[Song]:
    return draw_songs(CONFIG)


def cover(song: Song, config: WorldConfig = CONFIG, *, chance: int | None = None) -> Image.Image:
    return draw_cover(song, config, generator(config.seed, Stream.COVER, song.index if chance is None else chance))


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image, dtype=np.float64)


def design(song: Song, image: float = 0.5) -> Design:
    config = replace(CONFIG, image=image)
    return draw_design(song, config, album_generator(song, config))


def albums() -> list[Song]:
    return list({(song.artist.index, song.album_index): song for song in songs()}.values())


def mark_region(song: Song) -> np.ndarray:
    """True where the mark has ink."""
    x, y = (COVER_SIDE * place for place in design(song).mark_place)
    reach = 0.6 * MARK_RADIUS * COVER_SIDE
    region = cover(song).convert("L").crop((round(x - reach), round(y - reach), round(x + reach), round(y + reach)))
    return pixels(region) < 128


def test_a_cover_is_a_square_rgb_picture() -> None:
    drawn = cover(songs()[0])
    assert (drawn.size, drawn.mode) == ((COVER_SIDE, COVER_SIDE), "RGB")


def test_the_same_track_gives_the_same_bytes() -> None:
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        cover(songs()[7]).save(file, format="PNG")
    assert files[0].getvalue() == files[1].getvalue()


def test_tracks_of_an_album_differ_in_grain_only_where_their_mood_is_the_same() -> None:
    song = songs()[3]
    first, second = pixels(cover(song, chance=1)), pixels(cover(song, chance=2))
    assert 0 < np.abs(first - second).mean() < 12
    # Without the grain, which eight by eight pixels even out, hardly anything is left.
    coarse = (first - second).reshape(32, 8, 32, 8, 3).mean((1, 3))
    assert np.abs(coarse - coarse.mean()).max() < 6


def test_another_world_has_another_design_for_its_first_album() -> None:
    song = songs()[0]
    assert np.abs(pixels(cover(song)) - pixels(cover(song, WorldConfig(seed=1)))).mean() > 12


def test_an_artist_has_the_same_mark_on_every_album() -> None:
    first = next(song for song in songs() if song.album_index == 1)
    other = next(song for song in songs() if song.artist == first.artist and song.album_index == 0)
    stranger = next(song for song in songs() if song.artist.mark != first.artist.mark)
    assert (mark_region(first) != mark_region(other)).mean() < 0.06
    assert (mark_region(first) != mark_region(stranger)).mean() > 0.06


def test_marks_have_ink_and_leave_paper() -> None:
    shares = [(pixels(draw_mark(mark, 36)) > 128).mean() for mark in range(100)]
    assert min(shares) > 0.02
    assert max(shares) < 0.6


def test_happier_tracks_have_brighter_covers() -> None:
    happy = [pixels(cover(replace(song, valence=0.8))).mean() for song in albums()[:12]]
    sad = [pixels(cover(replace(song, valence=-0.8))).mean() for song in albums()[:12]]
    assert np.mean(happy) > np.mean(sad) + 20


@pytest.mark.parametrize(("image", "share"), [(0.0, 0.5), (0.5, 0.75), (1.0, 1.0)])
def test_the_motif_is_the_genres_own_as_often_as_the_knob_says(image: float, share: float) -> None:
    own = [design(song, image).motif == song.parent for song in albums() if song.genre == song.artist.genre]
    assert np.mean(own) == pytest.approx(share, abs=0.12)


def test_about_a_third_of_the_albums_show_an_instrument() -> None:
    assert np.mean([design(song).shows_instrument for song in albums()]) == pytest.approx(0.35, abs=0.12)


def test_the_leading_instrument_changes_a_cover_that_shows_one_and_no_other() -> None:
    for shown in (True, False):
        song = next(song for song in albums() if design(song).shows_instrument == shown)
        players = [replace(song, instruments=(lead, "drums")) for lead in ("organ", "flute")]
        same = np.array_equal(*(pixels(cover(player)) for player in players))
        assert same != shown


def test_every_genre_has_a_motif_and_every_instrument_a_drawing() -> None:
    assert (set(MOTIFS), set(INSTRUMENT_DRAWINGS)) == (set(PARENTS), set(INSTRUMENTS))


@pytest.mark.parametrize("parent", MOTIFS)
def test_every_motif_paints_much_of_the_sheet_and_varies(parent: str) -> None:
    palette = mood_palette(0.2, 0.3, turn=0.0, harmony=0)
    sheets = [Image.new("RGB", (64, 64), palette.ground) for _ in range(2)]
    for seed, sheet in enumerate(sheets):
        MOTIFS[parent](Canvas(sheet), palette, np.random.default_rng(seed))
    painted = [(np.asarray(sheet) != palette.ground).any(axis=2).mean() for sheet in sheets]
    assert min(painted) > 0.1
    assert sheets[0].tobytes() != sheets[1].tobytes()


@pytest.mark.parametrize("name", INSTRUMENT_DRAWINGS)
def test_every_instrument_stays_within_its_frame(name: str) -> None:
    sheet = Image.new("RGB", (96, 96))
    INSTRUMENT_DRAWINGS[name](Canvas(sheet).frame(0.5, 0.5, 0.5), (255, 255, 255), (1, 1, 1))
    left, top, right, bottom = sheet.getbbox() or (0, 0, 0, 0)
    # An instrument may lean out of its square by a fifth.
    assert min(left, top) >= 96 * 0.15
    assert max(right, bottom) <= 96 * 0.85
    assert max(right - left, bottom - top) > 96 * 0.35


@pytest.mark.parametrize(
    ("place", "color"),
    [
        ((1.0, 0.0, 0.0), (255, 255, 255)),
        ((0.0, 0.0, 0.0), (0, 0, 0)),
        ((0.62796, 0.25768, 29.234), (255, 0, 0)),
        ((0.45201, 0.31321, 264.052), (0, 0, 255)),
    ],
)
def test_oklch_knows_the_colours_of_the_css_specification(
    place: tuple[float, float, float], color: tuple[int, int, int]
) -> None:
    assert oklch(*place) == pytest.approx(color, abs=1)


def edge_directions(image: Image.Image) -> np.ndarray:
    """How much edge there is in each of 16 directions, in the whole picture and its upper and lower half."""
    down, right = np.gradient(pixels(image.convert("L").reduce(2)))
    strength, bins = np.hypot(down, right), (np.arctan2(down, right) % np.pi / np.pi * 16).astype(int) % 16
    halves = [np.bincount(bins[part].ravel(), strength[part].ravel(), 16) for part in (slice(64), slice(64, None))]
    return np.log(np.concatenate([halves[0], halves[1], halves[0] + halves[1]]) + 1.0)


def test_edges_tell_something_of_the_genre_but_not_all() -> None:
    chosen = albums()[:90]
    features = np.stack([edge_directions(cover(song)) for song in chosen])
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    squares = (features**2).sum(axis=1)
    apart = squares[:, None] + squares[None] - 2 * features @ features.T
    artists = np.array([song.artist.index for song in chosen])
    apart[artists[:, None] == artists[None]] = np.inf
    parents = np.array([song.parent for song in chosen])
    # Neighbours of one's own genre among other artists, against what chance would give.
    hits = (parents[np.argsort(apart, axis=1)[:, :3]] == parents[:, None]).mean()
    assert 1.5 * (parents[:, None] == parents[None]).mean() < hits < 0.8
