"""Listening to a file with the models of a catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutti.data.records import ModelRecord
from tutti.errors import QueryError
from tutti.search.examples import find_example, listen
from tutti.search.library import Library


def test_a_catalogue_of_models_that_are_not_at_hand_cannot_hear_a_new_file(sine_wav: Path) -> None:
    record = ModelRecord(model="lost", fingerprint="1", labels=("jazz",), embed_dim=4, config={})
    with pytest.raises(QueryError, match="none is at hand unchanged") as caught:
        listen(sine_wav, {"lost": record})
    assert "TUTTI_MODELS" in (caught.value.hint or "")


def test_a_file_whose_bytes_are_in_the_catalogue_is_not_heard_again(small_library: Library, tmp_path: Path) -> None:
    from dataclasses import replace

    from tutti.data.track import FileState
    from tutti.files import sha256_of
    from tutti.search.corpus import Corpus

    copy = tmp_path / "copy.wav"
    copy.write_bytes(b"the same bytes")
    state = FileState(size=14, modified_ns=0, content_hash=sha256_of(copy))
    small_library.put_tracks([replace(small_library.track("c"), file=state)])
    corpus = Corpus.load(small_library)

    def listener(*_: object) -> dict[str, object]:
        raise AssertionError("the file was heard")

    example = find_example(str(copy), corpus, listener)  # type: ignore[arg-type]
    assert example.row is None
    assert (example.vectors["tagger"] == corpus.vectors_of(2)["tagger"]).all()
