"""Letting models hear deformed tracks, and keeping what they say until the study is complete.

Each condition of a study is a deformation at one setting. A track is decoded, brought to the models' rate and deformed
when its turn comes, and forgotten after that: memory holds a few tracks, whatever the size of the test set.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from tutti.audio.decoding import Sound, mix_down
from tutti.audio.deformations import DEFORMATIONS, Setting, deform
from tutti.audio.recording import Recording, WaveformSound
from tutti.audio.resampling import Resampling, StreamResampler
from tutti.data.track import Track
from tutti.errors import AudioError, unknown_name
from tutti.evaluation.robustness_report import ORIGINAL
from tutti.evaluation.robustness_scores import Heard
from tutti.files import atomic_file
from tutti.models.inference import analyse
from tutti.models.model import Model

NOISE_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A deformation at one setting, or the original.

    Attributes:
        deformation: A name in ``DEFORMATIONS``, or None.
        rate: The setting.
        column: Title of the column of the report; conditions of one column are averaged.
    """

    deformation: str | None
    rate: Setting
    column: str

    @property
    def key(self) -> str:
        """For file names."""
        rate = self.rate.replace(" ", "-") if isinstance(self.rate, str) else f"{self.rate:.4g}"
        return ORIGINAL if self.deformation is None else f"{self.deformation}_{rate}"

    @property
    def title(self) -> str:
        """For people."""
        if self.deformation == "time_stretch":
            return f"tempo x {self.rate:.3g}"
        return f"pitch {self.rate:+g}" if self.deformation == "pitch_shift" else self.column

    def deform(self, waveform: NDArray[np.float32], sample_rate: int, *, key: str = "") -> NDArray[np.float32]:
        """The deformed waveform; noise follows from the track's key."""
        if self.deformation is None:
            return waveform
        seed = zlib.crc32(f"{NOISE_SEED} {key}".encode())
        return deform(waveform, sample_rate, self.deformation, self.rate, seed=seed)


def conditions_of(deformations: Sequence[str]) -> tuple[Condition, ...]:
    """The original, then each setting of these deformations.

    Raises:
        UnknownNameError: There is no such deformation.
    """
    columns: dict[str, Callable[[Setting], str]] = {
        "time_stretch": lambda rate: "time stretch",
        "pitch_shift": lambda rate: "pitch shift",
        "dynamic_range": lambda rate: f"compression, {rate}",
        "white_noise": lambda rate: f"white noise {rate}",
    }
    for name in deformations:
        if name not in DEFORMATIONS:
            raise unknown_name("deformation", name, DEFORMATIONS)
    chosen = [
        Condition(deformation=name, rate=rate, column=columns[name](rate))
        for name, rates in DEFORMATIONS.items()
        if name in deformations
        for rate in rates
    ]
    return (Condition(deformation=None, rate=0.0, column=ORIGINAL), *chosen)


@dataclass(frozen=True, kw_only=True)
class DeformedRecording(Recording):
    """A sound file that is deformed when it is opened.

    Attributes:
        condition: How.
        sample_rate: At which it is deformed, Hz.
        resampling: How it comes to that rate.
    """

    condition: Condition
    sample_rate: int
    resampling: Resampling = field(default_factory=Resampling)

    @contextlib.contextmanager
    def open(self) -> Iterator[Sound]:
        """The deformed sound.

        Raises:
            AudioError: The file cannot be decoded.
        """
        with super().open() as sound:
            waveform = _whole(sound, self.sample_rate, self.resampling)
        deformed = self.condition.deform(waveform, self.sample_rate, key=self.key)
        yield WaveformSound(deformed[:, np.newaxis], self.sample_rate)


def _whole(sound: Sound, sample_rate: int, resampling: Resampling) -> NDArray[np.float32]:
    """All of a sound, as far as it can be decoded. Shape (samples,)."""
    stream = StreamResampler(sound.sample_rate, sample_rate, resampling)
    pieces: list[NDArray[np.float32]] = []
    try:
        pieces.extend(stream.push(mix_down(block)) for block in sound.blocks())
    except AudioError:
        if not pieces:
            raise
    waveform = np.concatenate([*pieces, stream.finish()])
    if not np.isfinite(waveform).all():
        raise AudioError("it holds samples that are not finite numbers", hint="write the file anew from its source")
    return waveform


def listen_to(tracks: Sequence[Track], condition: Condition, models: Sequence[Model]) -> dict[str, Heard]:
    """What models of one sample rate say of tracks under a condition, by model name."""
    recordings = (_recording(track, condition, models[0]) for track in tracks)
    heard = {model.name: Heard(probabilities={}, failures={}) for model in models}
    for analysis in analyse(recordings, models, jobs=max(1, torch.get_num_threads())):
        key = analysis.recording.key
        for name, one in heard.items():
            if analysis.failure is not None:
                one.failures[key] = analysis.failure.message
            else:
                one.probabilities[key] = analysis.results[name].probabilities
    return heard


def _recording(track: Track, condition: Condition, model: Model) -> Recording:
    assert track.audio is not None
    if condition.deformation is None:
        return Recording.from_file(track.audio, key=track.track_id)
    return DeformedRecording(
        key=track.track_id,
        path=track.audio,
        condition=condition,
        sample_rate=model.sample_rate,
        resampling=model.config.resampling,
    )


def identity_of(model: Model, condition: Condition, tracks: Sequence[Track]) -> str:
    """Changes with the model, the deformation, the tracks and their files."""
    digest = hashlib.sha256(f"{model.fingerprint} {condition} {NOISE_SEED}".encode())
    for track in tracks:
        state = (0, 0)
        if track.audio is not None and track.audio.exists():
            facts = track.audio.stat()
            state = (facts.st_size, facts.st_mtime_ns)
        digest.update(f"{track.track_id} {track.audio} {state}\n".encode())
    return digest.hexdigest()


def keep(heard: Heard, path: Path, *, identity: str) -> None:
    """Write what a model said; ``identity`` tells of what."""
    rows = list(heard.probabilities.values())
    with atomic_file(path) as partial, partial.open("wb") as file:
        np.savez_compressed(
            file,
            identity=np.array(identity),
            track_ids=np.array(list(heard.probabilities), dtype=np.str_),
            probabilities=np.stack(rows) if rows else np.zeros((0, 0), dtype=np.float32),
            failures=np.array(json.dumps(heard.failures)),
        )


def kept(path: Path, *, identity: str) -> Heard | None:
    """What an earlier run kept, unless it heard something else."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            if str(stored["identity"]) != identity:
                return None
            rows = zip(stored["track_ids"].tolist(), stored["probabilities"], strict=True)
            return Heard(probabilities=dict(rows), failures=json.loads(str(stored["failures"])))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):  # damaged: made anew
        return None
