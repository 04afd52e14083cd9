"""A catalogue of five tracks, some with awkward names, that a made-up model has described."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from tutti.data.catalogue import Catalogue
from tutti.data.records import ModelRecord, Predictions
from tutti.data.track import Listens, Problem, Track

LABELS = ("rock", "jazz", "piano")


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    music = tmp_path / "my music"
    music.mkdir()
    soundfile.write(music / "100% #1?.wav", np.zeros(800), 8_000)
    Image.new("RGB", (8, 8), "red").save(music / "cover.png")
    made = Catalogue.create(tmp_path / "five <tracks>")
    made.put_tracks(
        [
            Track(
                track_id="0",
                title="</script><script>alert(1)</script>",
                artist="Bow & Arrow",
                audio=music / "100% #1?.wav",
                cover=music / "cover.png",
                texts={"review": "slow"},
                tags=("rock",),
                duration=3_600.0,
            ),
            Track(track_id="1", title="ทำนอง", audio=music / "gone.wav", cover=music / "gone.png", duration=1_800.0),
            *[Track(track_id=str(number)) for number in range(2, 5)],
        ]
    )
    made.put_listens([Listens(user="ann", track_id="0", plays=2)])
    made.put_problems([Problem(path=music / "broken.mp3", kind="unreadable", reason="it is <text>", skipped=True)])
    made.put_model(ModelRecord(model="ear", fingerprint="f", labels=LABELS, embed_dim=4, config={}))
    made.put_predictions("ear", described())
    return made


def described() -> Predictions:
    """Tracks 0 and 1 sound alike and like rock, 2 and 3 like jazz; 4 is like nothing else."""
    return Predictions(
        track_ids=["0", "1", "2", "3", "4"],
        content_hashes=["h"] * 5,
        fingerprints=["f"] * 5,
        n_excerpts=[1] * 5,
        probabilities=np.float32([[0.9, 0.1, 0.3], [0.8, 0.1, 0.3], [0.1, 0.9, 0.3], [0.1, 0.8, 0.3], [0.2, 0.2, 0.9]]),
        vectors=np.float32([[9, 0, 0, 0], [9, 1, 0, 0], [0, 0, 9, 0], [0, 0, 9, 1], [-9, 0, -9, 0]]),
    )
