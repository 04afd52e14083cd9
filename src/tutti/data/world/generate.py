"""Generating a world: a catalogue with sounds, covers, texts, tags, listens and the truth about all of it.

Layout, besides the catalogue's own files: ``world.json`` (the configuration), ``audio/<track_id>.flac``,
``covers/<track_id>.png``. A run that was stopped is resumed by the same call: files appear whole or not at all, and the
tables are filled at the end.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tutti.data.catalogue import Catalogue
from tutti.data.track import FileState, Track
from tutti.data.world.chance import Stream, generator
from tutti.data.world.config import WorldConfig, world_config
from tutti.data.world.latent import Song, draw_songs
from tutti.data.world.listeners import draw_listens
from tutti.data.world.production import Order, default_jobs, produce
from tutti.data.world.splits import split_artists
from tutti.data.world.tags import normalise_tag, normalise_tags, type_tags
from tutti.data.world.taxonomy import GENRES, PARENTS
from tutti.data.world.texts import write_texts
from tutti.errors import CatalogueError, ConfigError
from tutti.files import sha256_of, write_text

GENERATOR = 1  # to be raised whenever the same configuration begins to give other bytes
MODALITIES = ("image", "text", "tags", "listening")
Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """A track before its files are made: the truth, and which modalities it will be without."""

    song: Song
    tags: tuple[str, ...]
    texts: dict[str, str]
    split: str
    missing: frozenset[str]


def generate_world(
    preset: str | WorldConfig,
    folder: Path | str,
    *,
    seed: int | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    **knobs: Any,
) -> Catalogue:
    """The catalogue of a generated world.

    The same configuration and seed give the same bytes, whatever ``jobs`` is. A folder that holds the same world
    already is completed where it is not, and otherwise left as it is.

    Args:
        preset: ``tiny`` (36 tracks of 4.5 s), ``demo`` (300 of 10 s), ``study`` (3,000 of 15 s), or a configuration.
        folder: A new or empty folder, or one with this very world.
        seed: Replaces the preset's, which is 0.
        jobs: Processes that render; by default two for all but small worlds. More than one needs what Python's
            ``spawn`` needs: a script that guards its main part by ``if __name__ == "__main__"``.
        progress: Called with the tracks made so far and their total.
        knobs: Further fields of :class:`WorldConfig`, such as ``missing=0.2``.

    Raises:
        ConfigError: A knob is unknown or out of range.
        CatalogueError: The folder holds something else.
        CatalogueBusyError: Another process is writing there.
    """
    config = world_config(preset, seed=seed, **knobs)
    if jobs is not None and jobs < 1:
        raise ConfigError(f"jobs={jobs} is not positive", hint="give 1 or more processes")
    catalogue = _claim(Path(folder), config)
    with catalogue.writer():
        plans = plan_world(config)
        orders = [_order(plan, catalogue.folder) for plan in plans]
        for done, _ in enumerate(produce(orders, config, jobs=jobs or default_jobs(len(orders))), start=1):
            if progress is not None:
                progress(done, len(orders))
        _store(catalogue, config, plans)
    return catalogue


def plan_world(config: WorldConfig) -> list[Plan]:
    """Everything about a world but its files: seconds for thousands of tracks."""
    songs = draw_songs(config)
    tags = [_listener_tags(song, config) for song in songs]
    splits = split_artists(songs, [normalise_tags(typed) for typed in tags])
    plans = []
    for song, typed in zip(songs, tags, strict=True):
        missing = _draw_missing(song, config)
        plans.append(
            Plan(
                song=song,
                tags=() if "tags" in missing else typed,
                texts={}
                if "text" in missing
                else write_texts(song, config, generator(config.seed, Stream.TEXT, song.index)),
                split=splits[song.artist.index],
                missing=missing,
            )
        )
    return plans


def _listener_tags(song: Song, config: WorldConfig) -> tuple[str, ...]:
    rng = generator(config.seed, Stream.TAGS, song.index)
    return type_tags(song.true_tags, song.lead, rng, share=config.tags, noise=config.label_noise, fame=song.fame)


def _draw_missing(song: Song, config: WorldConfig) -> frozenset[str]:
    """Which modalities a track is without; one at least stays."""
    chances = generator(config.seed, Stream.ABSENCE, song.index).random(1 + len(MODALITIES))
    missing = {modality for modality, chance in zip(MODALITIES, chances[1:], strict=True) if chance < config.missing}
    if chances[0] < config.missing_audio:
        missing.add("audio")
    if len(missing) > len(MODALITIES):
        missing.discard(MODALITIES[song.index % len(MODALITIES)])
    return frozenset(missing)


def _claim(folder: Path, config: WorldConfig) -> Catalogue:
    """The catalogue in the folder, made for this world if there is none.

    Raises:
        CatalogueError: It belongs to something else.
    """
    wanted = {"generator": GENERATOR, **dataclasses.asdict(config)}
    catalogue = Catalogue.create(folder)
    note = folder / "world.json"
    if not note.exists():
        if len(catalogue):
            raise CatalogueError(
                f"{folder} is a catalogue of {len(catalogue)} tracks, not of a generated world",
                hint="name a new or an empty folder for the world",
            )
        write_text(note, json.dumps(wanted, indent=2) + "\n")
        return catalogue
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except ValueError:
        raise CatalogueError(f"{note} is damaged", hint="delete the folder, and generate the world anew") from None
    if found != wanted:
        differing = [key for key in wanted if not isinstance(found, dict) or found.get(key) != wanted[key]]
        raise CatalogueError(
            f"{folder} holds another world: its {', '.join(differing) or 'description'} differs",
            hint="name another folder, or delete this one",
        )
    return catalogue


def _order(plan: Plan, folder: Path) -> Order:
    """The files to make. A sound file names a genre where listeners did."""
    song = plan.song
    named = (normalise_tag(tag) for tag in plan.tags)
    return Order(
        song=song,
        audio=None if "audio" in plan.missing else folder / "audio" / f"{song.track_id}.flac",
        cover=None if "image" in plan.missing else folder / "covers" / f"{song.track_id}.png",
        genre=next((tag for tag in named if tag in GENRES or tag in PARENTS), None),
    )


def _store(catalogue: Catalogue, config: WorldConfig, plans: Sequence[Plan]) -> None:
    """Fill the tables; the tracks come last, so that a catalogue with tracks is complete."""
    songs = [plan.song for plan in plans]
    silent = {plan.song.track_id for plan in plans if "listening" in plan.missing}
    catalogue.put_listens(one for one in draw_listens(songs, config) if one.track_id not in silent)
    catalogue.put_facts({plan.song.track_id: _facts(plan) for plan in plans})
    stored = {track.track_id: track for track in catalogue.tracks()}
    tracks = [_track(plan, config, catalogue.folder) for plan in plans]
    catalogue.put_tracks(track for track in tracks if stored.get(track.track_id) != track)


def _facts(plan: Plan) -> dict[str, Any]:
    return {**plan.song.facts(), "missing": sorted(plan.missing), "typed": list(normalise_tags(plan.tags))}


def _track(plan: Plan, config: WorldConfig, folder: Path) -> Track:
    song, order = plan.song, _order(plan, folder)
    state = None
    if order.audio is not None:
        status = order.audio.stat()
        state = FileState(size=status.st_size, modified_ns=status.st_mtime_ns, content_hash=sha256_of(order.audio))
    return Track(
        track_id=song.track_id,
        title=song.title,
        artist=song.artist.name,
        album=song.album,
        year=song.year,
        country=song.artist.country,
        audio=order.audio,
        cover=order.cover,
        texts=plan.texts,
        tags=plan.tags,
        split=plan.split,
        duration=None if order.audio is None else config.duration,
        file=state,
    )
