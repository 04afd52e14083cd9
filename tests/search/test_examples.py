"""Listening to a file with the models of a catalogue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tutti.data.records import ModelRecord
from tutti.data.track import FileState
from tutti.errors import QueryError, UnknownNameError
from tutti.files import sha256_of
from tutti.search.corpus import Corpus
from tutti.search.examples import find_example, find_row, listen
from tutti.search.library import Library


def test_a_catalogue_of_models_that_are_not_at_hand_cannot_hear_a_new_file(sine_wav: Path) -> None:
    record = ModelRecord(model="lost", fingerprint="1", labels=("jazz",), embed_dim=4, config={})
    with pytest.raises(QueryError, match="none is at hand unchanged") as caught:
        listen(sine_wav, {"lost": record})
    assert "TUTTI_MODELS" in (caught.value.hint or "")


def test_a_file_whose_bytes_are_in_the_catalogue_is_not_heard_again(small_library: Library, tmp_path: Path) -> None:
    copy = tmp_path / "copy.wav"
    copy.write_bytes(b"the same bytes")
    state = FileState(size=14, modified_ns=0, content_hash=sha256_of(copy))
    small_library.put_tracks([replace(small_library.track("c"), file=state)])
    corpus = Corpus.load(small_library)

    def listener(*_: object) -> dict[str, object]:
        raise AssertionError("the file was heard")

    example = find_example(str(copy), corpus, listener)  # type: ignore[arg-type]
    assert example.row == corpus.row_of["c"]
    assert (example.vectors["tagger"] == corpus.vectors_of(2)["tagger"]).all()
    scores = [[(hit.track_id, hit.score) for hit in small_library.similar(one)] for one in (copy, "c")]
    assert scores[0] == scores[1]


def test_neither_an_example_nor_its_copies_are_hits(small_library: Library) -> None:
    assert "b" in [hit.track_id for hit in small_library.similar("a")]
    small_library.put_tracks([replace(small_library.track("b"), duplicate_of="a")])
    for example in ("a", "b"):
        assert not {"a", "b"} & {hit.track_id for hit in small_library.similar(example)}


def test_a_track_is_found_by_the_end_of_its_path_as_hits_show_it(small_library: Library) -> None:
    small_library.put_tracks([replace(small_library.track("c"), audio=small_library.folder / "audio" / "blue.flac")])
    corpus = Corpus.load(small_library)
    assert find_row("ella/blue.flac", corpus) == corpus.row_of["a"]
    assert find_row("audio/blue.flac", corpus) == corpus.row_of["c"]
    assert find_row(str(small_library.folder / "audio" / "blue.flac"), corpus) == corpus.row_of["c"]
    with pytest.raises(QueryError, match=r"2 tracks are called 'blue\.flac'"):
        find_row("blue.flac", corpus)
    with pytest.raises(UnknownNameError, match="no track"):
        find_row("a/blue.flac", corpus)
