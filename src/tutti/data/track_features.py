"""Frame features of tracks in a folder, a file for each: a killed extraction goes on where it stopped.

What the features are is ``tutti.audio.frame_features``'s matter. A file is called after the track, the state of its
sound file and the settings, so that another sound or another setting is another file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tutti.audio.frame_features import FrameConfig, describe, mfcc, read_waveform, spectra
from tutti.audio.recording import Recording
from tutti.data.track import Track
from tutti.errors import AudioError, ModelError
from tutti.files import atomic_file

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class TrackFeatures:
    """Features that lie in a folder.

    Attributes:
        files: By track id.
        failures: Tracks without any, and why.
    """

    files: dict[str, Path]
    failures: dict[str, str]

    def coefficients(self, track_id: str) -> NDArray[np.float32]:
        """Mel-frequency cepstral coefficients. Shape (frames, coefficients)."""
        return _load(self.files[track_id])["mfcc"]

    def descriptors(self, track_id: str) -> NDArray[np.float32]:
        """Our descriptors of the whole sound. Shape (descriptors,)."""
        return _load(self.files[track_id])["descriptors"]


def extract_features(
    tracks: Sequence[Track], folder: Path, config: FrameConfig, *, jobs: int | None = None, tell: Tell = lambda _: None
) -> TrackFeatures:
    """Compute the features of tracks that have none in the folder yet.

    Args:
        tracks: Those without a sound are among the failures.
        folder: Of the features; other files in it are left alone.
        config: Of the frames.
        jobs: Threads; None for as many as there are processors.
        tell: Receives a line where there is something to compute.
    """
    files = {track.track_id: folder / f"{_name(track, config)}.safetensors" for track in tracks}
    missing = [track for track in tracks if not files[track.track_id].exists()]
    if missing:
        tell(f"computing features of {len(missing)} tracks")
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        reasons = list(pool.map(partial(_extract, files=files, config=config), missing))
    failures = {track.track_id: why for track, why in zip(missing, reasons, strict=True) if why is not None}
    return TrackFeatures(files={key: path for key, path in files.items() if key not in failures}, failures=failures)


def _extract(track: Track, files: dict[str, Path], config: FrameConfig) -> str | None:
    """Write a track's features; why there are none, or None."""
    if track.audio is None:
        return "it has no sound"
    try:
        powers = spectra(read_waveform(Recording.from_file(track.audio, key=track.track_id), config), config)
    except AudioError as error:
        return error.message
    coefficients = mfcc(powers, config)
    tensors = {"mfcc": coefficients, "descriptors": describe(powers, coefficients, config)}
    with atomic_file(files[track.track_id]) as partial_file:
        save_file(tensors, partial_file)
    return None


def _name(track: Track, config: FrameConfig) -> str:
    state: tuple[str | int, ...] = ()
    if track.audio is not None and track.audio.exists():
        facts = track.audio.stat()
        state = (str(track.audio), facts.st_size, facts.st_mtime_ns)
    told = json.dumps([track.track_id, state, dataclasses.asdict(config)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _load(path: Path) -> dict[str, NDArray[np.float32]]:
    try:
        found: dict[str, NDArray[np.float32]] = load_file(path)
    except (OSError, SafetensorError) as cause:
        raise ModelError(
            f"the features {path} cannot be read: {cause}", hint="remove the file, and run again"
        ) from None
    return found
