"""The files of one track, sound and cover, made and written whole; in this process or in several."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import soundfile

from tutti.data.world.chance import Stream, generator
from tutti.data.world.config import WorldConfig
from tutti.data.world.covers import draw_cover
from tutti.data.world.drums import SAMPLE_RATE
from tutti.data.world.latent import Song
from tutti.data.world.rendering import Stereo, render
from tutti.files import atomic_file

CHUNK = 4  # tracks that a process takes at a time


class Order(NamedTuple):
    """What is to be made for a track; None is not made.

    ``genre`` is what the sound file says about itself.
    """

    song: Song
    audio: Path | None
    cover: Path | None
    genre: str | None


def produce(orders: Sequence[Order], config: WorldConfig, *, jobs: int) -> Iterator[str]:
    """Make all files, and give the id of each track when its files are there, in order.

    The bytes do not depend on the number of processes. Files that are there already stay: they are whole, and
    everything in them follows from the configuration.
    """
    make = partial(make_files, config=config)
    if jobs == 1:
        yield from map(make, orders)
        return
    # A new interpreter each: this one may have threads, which do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield from pool.map(make, orders, chunksize=CHUNK)


def default_jobs(n_tracks: int) -> int:
    """Two processes where that pays and there are two processors."""
    return 1 if n_tracks < 100 else min(2, os.cpu_count() or 1)


def make_files(order: Order, *, config: WorldConfig) -> str:
    """Make what is missing of one track's files, and give the track's id."""
    if order.audio is not None and not order.audio.exists():
        with atomic_file(order.audio) as partial_file:
            write_sound(partial_file, render(order.song, config), order.song, genre=order.genre)
    if order.cover is not None and not order.cover.exists():
        with atomic_file(order.cover) as partial_file:
            rng = generator(config.seed, Stream.COVER, order.song.index)
            draw_cover(order.song, config, rng).save(partial_file, format="PNG", compress_level=4)
    return order.song.track_id


def write_sound(path: Path, sound: Stereo, song: Song, *, genre: str | None) -> None:
    """Write a 16-bit FLAC file with its title, artist, album, year and genre."""
    with soundfile.SoundFile(path, "w", samplerate=SAMPLE_RATE, channels=2, format="FLAC", subtype="PCM_16") as file:
        file.title, file.artist, file.album = song.title, song.artist.name, song.album
        file.date = str(song.year)
        if genre is not None:
            file.genre = genre
        file.write(sound)
