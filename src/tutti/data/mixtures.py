"""Mixtures: new sounds made of old ones, for which nobody needs to write labels.

A mixture is one excerpt of a sound, or several on top of each other, faster or slower and higher or lower, louder or
softer, entering and leaving, and augmented as a whole. A model that has labels to give (a teacher) says what it hears
in them; a student that learns from thousands of mixtures meets more music than was recorded (function matching: Beyer
et al., "Knowledge distillation: a good teacher is patient and consistent", CVPR 2022).

Layout, besides the catalogue's own files: ``mixtures.json`` (the configuration), ``sounds/`` (the decoded sources),
``audio/<track_id>.flac``. A run that was stopped is resumed by the same call, and the same configuration, seed and
sources give the same bytes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray

from tutti.audio.augmentation import Augmentation, AugmentationConfig
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import WaveformStore, open_store
from tutti.data.catalogue import Catalogue
from tutti.data.folder import scan
from tutti.data.track import Track
from tutti.errors import CatalogueError, ConfigError, DatasetError
from tutti.files import atomic_file, write_text

MIXTURES, SOUNDS, AUDIO = "mixtures.json", "sounds", "audio"
FADE_SECONDS = 0.2
PEAK = 0.98
# Effects are rarer than in the published chain: most music is neither noisy nor filtered, and mixing is an effect.
GENTLE = {"noise": 0.1, "filter": 0.3, "delay": 0.1, "pitch_shift": 0.1, "reverb": 0.3}

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class MixtureConfig:
    """What mixtures are like.

    Attributes:
        count: How many.
        seconds: Length of each.
        seed: Of everything random.
        sample_rate: Hz.
        n_sounds: Shares of mixtures of one sound, of two, and so on.
        plain: Share of the mixtures of one sound that are left as they are.
        valid: Share of all that is made of held-out sounds only, where there are some.
        gain_db: The softest sound of a mixture against the loudest, dB.
        speed: Fastest playing; the slowest is its inverse. Pitch goes with it.
        augmentation: Of the mixture as a whole.
    """

    count: int = 2000
    seconds: float = 29.0
    seed: int = 0
    sample_rate: int = 16_000
    n_sounds: tuple[float, ...] = (0.55, 0.3, 0.15)
    plain: float = 0.4
    valid: float = 0.1
    gain_db: float = -12.0
    speed: float = 1.2
    augmentation: AugmentationConfig = field(default_factory=lambda: AugmentationConfig(probabilities=GENTLE))

    def __post_init__(self) -> None:
        for name in ("count", "seconds", "sample_rate"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name}={getattr(self, name):g} of mixtures is not positive", hint="give more")
        for name in ("plain", "valid"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name}={getattr(self, name):g} is no share", hint="give 0 to 1")
        if not self.n_sounds or min(self.n_sounds) < 0 or abs(sum(self.n_sounds) - 1) > 1e-6:
            raise ConfigError(f"n_sounds={list(self.n_sounds)} are no shares", hint="give shares that sum to 1")
        if self.speed < 1 or self.gain_db > 0:
            raise ConfigError(
                f"speed={self.speed:g} and gain_db={self.gain_db:g} make no sense",
                hint="give a speed of 1 or more, and 0 dB or less",
            )


def make_mixtures(
    sources: Mapping[str, Sequence[Track]],
    folder: Path,
    config: MixtureConfig,
    *,
    shares: Mapping[str, float] | None = None,
    held_out: Collection[str] = (),
    jobs: int = 1,
    progress: Progress | None = None,
) -> Catalogue:
    """A catalogue of mixtures, in the splits train and valid.

    Args:
        sources: Tracks by the name of where they come from.
        folder: A new or empty folder, or one with these very mixtures, which is completed.
        config: What they are like.
        shares: How often a sound is drawn from each source, in proportion; None draws them equally often.
        held_out: Track ids whose sounds appear in mixtures of the split ``valid`` only, and which alone make these.
        jobs: Threads.
        progress: Called with the mixtures made so far and their total.

    Raises:
        DatasetError: There is no sound to mix, or none but held-out ones.
        ConfigError: A share is of no source; a held-out track is in no source.
        CatalogueError: The folder holds something else.
    """
    catalogue = _claim(folder, config, held_out)
    with catalogue.writer():
        mixer = _mixer(sources, catalogue.folder, config, shares=shares or {}, held_out=frozenset(held_out))
        with ThreadPoolExecutor(jobs) as threads:
            tracks = []
            for track, made_of in threads.map(mixer.write, range(config.count)):
                tracks.append((track, made_of))
                if progress is not None:
                    progress(len(tracks), config.count)
        catalogue.put_tracks(track for track, _ in tracks)
        catalogue.put_facts({track.track_id: {"made_of": "; ".join(made_of)} for track, made_of in tracks})
    return catalogue


def sounds_below(folder: Path) -> tuple[Track, ...]:
    """What can be mixed of a folder: the tracks of a catalogue, or the sound files below it.

    Ids begin with the folder's name, so that those of several folders differ.

    Raises:
        ConfigError: There is no such folder.
        CatalogueError: The catalogue in it is damaged.
    """
    name = folder.resolve().name
    if (folder / "catalogue.json").exists():
        tracks = [track for track in Catalogue.open(folder).tracks() if track.audio is not None]
        return tuple(dataclasses.replace(track, track_id=f"{name}/{track.track_id}") for track in tracks)
    return tuple(Track(track_id=f"{name}/{file.relative}", audio=file.path) for file in scan(folder).files)


def read_held_out(path: Path) -> tuple[str, ...]:
    """The ids of a text file, one a line; lines that begin with # are remarks.

    Raises:
        ConfigError: The file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as cause:
        raise ConfigError(f"the list {path} cannot be read: {cause}", hint="give a text file, an id a line") from None
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _claim(folder: Path, config: MixtureConfig, held_out: Collection[str]) -> Catalogue:
    wanted = json.dumps({**dataclasses.asdict(config), "held_out": sorted(held_out)}, indent=1) + "\n"
    found = folder / MIXTURES
    if not found.exists():
        catalogue = Catalogue.create(folder)
        if len(catalogue):
            raise CatalogueError(f"{folder} holds another catalogue", hint="name a new or an empty folder")
        write_text(found, wanted)
        return catalogue
    if found.read_text(encoding="utf-8") != wanted:
        raise CatalogueError(f"{folder} holds mixtures of another kind", hint="name a new or an empty folder")
    return Catalogue.open(folder)


def _mixer(
    sources: Mapping[str, Sequence[Track]],
    folder: Path,
    config: MixtureConfig,
    *,
    shares: Mapping[str, float],
    held_out: frozenset[str],
) -> _Mixer:
    unknown = sorted(set(shares) - set(sources))
    if unknown:
        raise ConfigError(f"there is a share of {unknown[0]!r}, which is no source", hint=f"of: {', '.join(sources)}")
    recordings = {
        source: [Recording.from_file(track.audio, key=track.track_id) for track in tracks if track.audio is not None]
        for source, tracks in sources.items()
    }
    known = {recording.key for some in recordings.values() for recording in some}
    strangers = sorted(held_out - known)
    if strangers:
        raise ConfigError(
            f"the held-out track {strangers[0]!r} is in no source", hint="name ids of tracks with a sound"
        )
    store = open_store(recordings, folder / SOUNDS, sample_rate=config.sample_rate, resampling=Resampling())
    share_of = {source: float(shares.get(source, 1.0)) for source in recordings}
    pools = {split: _pool(store, share_of, held_out, split=split) for split in ("train", "valid")}
    if not pools["train"].sum():
        raise DatasetError("there is no sound to make mixtures of", hint="name folders or catalogues with sounds")
    return _Mixer(store=store, pools=pools, folder=folder, config=config)


def _pool(
    store: WaveformStore, shares: Mapping[str, float], held_out: frozenset[str], *, split: str
) -> NDArray[np.float64]:
    """How probable each sound of the store is in mixtures of a split; all zero where there is none."""
    weights = np.zeros(len(store))
    for source, rows in store.splits.items():
        chosen = [row for row in rows if (store.keys[row] in held_out) == (split == "valid")]
        # long sounds have more to offer, but not in proportion
        lengths = np.sqrt(store.n_samples[chosen])
        if len(chosen):
            weights[chosen] = shares.get(source, 0.0) * lengths / lengths.sum()
    return weights / weights.sum() if weights.sum() else weights


@dataclass(frozen=True, kw_only=True)
class _Mixer:
    """Writes mixtures, each from a generator of its own."""

    store: WaveformStore
    pools: dict[str, NDArray[np.float64]]
    folder: Path
    config: MixtureConfig

    def write(self, number: int) -> tuple[Track, tuple[str, ...]]:
        """The mixture of this number, and the ids of what it is made of; a file that is there stays."""
        config, rng = self.config, np.random.default_rng((self.config.seed, number))
        is_valid = bool(self.pools["valid"].sum()) and rng.random() < config.valid
        split = "valid" if is_valid else "train"
        n_sounds = int(rng.choice(len(config.n_sounds), p=config.n_sounds)) + 1
        rows = [int(row) for row in rng.choice(len(self.store), size=n_sounds, p=self.pools[split])]
        path = self.folder / AUDIO / f"mixture-{number:06d}.flac"
        if not path.exists():
            waveform = self._mix(rows, rng)
            with atomic_file(path) as partial:
                soundfile.write(partial, waveform, config.sample_rate, format="FLAC", subtype="PCM_16")
        track = Track(track_id=path.stem, title=path.stem, audio=path, split=split, duration=config.seconds)
        return track, tuple(dict.fromkeys(self.store.keys[row] for row in rows))

    def _mix(self, rows: Sequence[int], rng: np.random.Generator) -> NDArray[np.float32]:
        config = self.config
        n_samples = round(config.seconds * config.sample_rate)
        if len(rows) == 1 and rng.random() < config.plain:
            return self._excerpt(rows[0], n_samples, rng)
        mixed = np.zeros(n_samples, dtype=np.float32)
        for i, row in enumerate(rows):
            gain_db = 0.0 if i == 0 else rng.uniform(config.gain_db, 0.0)
            part = self._part(row, n_samples, rng)
            mixed += _at_level(part) * np.float32(10 ** (gain_db / 20)) * self._presence(n_samples, rng, always=i == 0)
        mixed *= np.float32(10 ** (rng.uniform(-12, 0) / 20))
        augment = Augmentation(config.augmentation, sample_rate=config.sample_rate)
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        altered: NDArray[np.float32] = augment(torch.from_numpy(mixed)[None], generator=generator)[0].numpy()
        altered *= min(1.0, PEAK / max(float(np.abs(altered).max()), 1e-9))
        return altered

    def _excerpt(self, row: int, n_samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
        room = max(0, int(self.store.n_samples[row]) - n_samples)
        start = int(rng.integers(room + 1))
        cut: NDArray[np.float32] = self.store.excerpts([row], [start], n_samples=n_samples)[0]
        return cut

    def _part(self, row: int, n_samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """A sound of a mixture: half of them play at another speed."""
        speed = float(np.exp(rng.uniform(-1, 1) * np.log(self.config.speed))) if rng.random() < 0.5 else 1.0
        if abs(speed - 1) < 1e-3:
            return self._excerpt(row, n_samples, rng)
        cut = self._excerpt(row, int(np.ceil(n_samples * speed)) + 16, rng)
        played = soxr.resample(cut, self.config.sample_rate * speed, self.config.sample_rate, quality="MQ")
        filled: NDArray[np.float32] = np.resize(played.astype(np.float32), n_samples)
        return filled

    def _presence(self, n_samples: int, rng: np.random.Generator, *, always: bool) -> NDArray[np.float32]:
        """When a sound is heard: throughout, or it enters later or leaves earlier. Shape (samples,)."""
        if always or rng.random() < 0.5:
            return np.ones(n_samples, dtype=np.float32)
        begin, end = sorted(rng.uniform(-0.2, 1.2, size=2) * n_samples)
        times, fade = np.arange(n_samples), FADE_SECONDS * self.config.sample_rate
        presence: NDArray[np.float32] = np.clip(np.minimum(times - begin, end - times) / fade, 0, 1).astype(np.float32)
        return presence


def _at_level(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same at -20 dB RMS; silence stays silent."""
    level = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
    return waveform * np.float32(0.1 / level) if level > 1e-5 else waveform
