"""Vectors of items' sounds by a tagger that a catalogue was indexed with: nothing is heard that was heard before.

What the index holds counts where the tagger's fingerprint and the file are what they were; other items are heard. How
tracks are probed by such vectors is ``probe_vectors``' matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item
from tutti.evaluation.probe_vectors import indexed
from tutti.models.encoders import Encoded, ModalityEncoder, gathered
from tutti.models.song_encoders import SongEncoder, side_by_side
from tutti.models.sound_encoders import SoundEncoder

Reads = Callable[[ModalityEncoder, Sequence[Item]], Encoded]


def _read(encoder: ModalityEncoder, items: Sequence[Item]) -> Encoded:
    return encoder.encode(items)


def encode_items(
    encoder: ModalityEncoder, items: Sequence[Item], catalogue: Catalogue, *, read: Reads = _read
) -> Encoded:
    """What an encoder gives of items, of sounds as far as possible from the catalogue's index.

    Args:
        encoder: Of any modality; what is not of sounds reads all items.
        items: Of the catalogue.
        catalogue: Theirs.
        read: Encodes those items that must be read, such as by keeping their vectors.
    """
    if isinstance(encoder, SongEncoder):
        return side_by_side([encode_items(part, items, catalogue, read=read) for part in encoder.parts])
    if not isinstance(encoder, SoundEncoder):
        return read(encoder, items)
    known = indexed_sounds(encoder, items, catalogue)
    rest = np.flatnonzero(~known.presence & np.array([item.offers("audio") for item in items], dtype=np.bool_))
    if not len(rest):
        return known
    heard = read(encoder, [items[row] for row in rest.tolist()])
    vectors, presence = known.vectors.copy(), known.presence.copy()
    vectors[rest], presence[rest] = heard.vectors, heard.presence
    return Encoded(vectors=vectors, presence=presence, problems=heard.problems)


def indexed_sounds(encoder: SoundEncoder, items: Sequence[Item], catalogue: Catalogue) -> Encoded:
    """What an encoder would give of those items all of whose tracks the catalogue's index holds; others are absent."""
    tracks = {track.track_id: track for item in items for track in item.sounds}
    held = indexed(encoder.model, list(tracks.values()), catalogue)
    if held is None:
        return gathered(items, {}, {}, embed_dim=encoder.embed_dim)
    stored, row_of = held
    vectors = encoder.from_predictions(stored.vectors, stored.probabilities)
    found = {}
    for item in items:
        names = sorted(track.track_id for track in item.sounds)
        if names and all(name in row_of for name in names):
            found[item.item_id] = np.mean([vectors[row_of[name]] for name in names], axis=0)
    return gathered(items, found, {}, embed_dim=encoder.embed_dim)
