"""MuMu: labels, splits by album or track or artist, covers and reviews of albums."""

from __future__ import annotations

import json
import shutil

import pytest

from tutti.data.datasets.mumu import FOLDER, LABELS, MAPPING, METADATA, MUMU, REVIEWS
from tutti.data.datasets.reviews import LONGEST_TEXT
from tutti.data.items import items_of
from tutti.data.track import Track
from tutti.errors import DatasetError


@pytest.fixture
def root(tmp_path):
    MUMU.make_fixture(tmp_path / "root")
    return tmp_path / "root"


def by_id(root, protocol=None) -> dict[str, Track]:
    return {track.track_id: track for track in MUMU.protocol(protocol).load(root)}


def replace(path, old, new):
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_there_are_250_labels_in_alphabetical_order():
    assert len(LABELS) == 250
    assert list(LABELS) == sorted(LABELS)
    assert (LABELS[0], LABELS[-1]) == ("Acid Jazz", "World Music")


def test_a_track_has_its_albums_labels_in_their_order_and_its_reviews_in_that_of_the_file(root):
    track = by_id(root)["TRMUMBU128F000000"]
    assert track.tags == ("Bebop", "Jazz")
    assert track.texts["review"] == "A warm, swinging record. The horns never hurry.\n\n“Très bien”, said all."
    assert track.cover == root / "covers" / "B0000FIX00.jpg"


def test_tracks_gather_into_albums_with_everything_once(root):
    albums = items_of(MUMU.protocol().load(root), level="album")
    assert len(albums) == 10
    first = next(album for album in albums if album.title == "B0000FIX00")
    assert len(first.tracks) == len(first.sounds) == 2
    assert len(first.covers) == 1
    assert first.text.count("A warm") == 1
    assert first.tags == ("Bebop", "Jazz")


@pytest.mark.parametrize("column", ["amazon_id", "album_mbid"])
def test_lists_of_albums_name_them_by_either_id(root, column):
    if column == "album_mbid":
        for path in (root / "splits").glob("*MuMu-albums.tsv"):
            replace(path, "B0000FIX0", "mbid-album-")
    assert {track.split for track in by_id(root).values()} == {"train", "valid", "test"}


def test_what_no_list_names_belongs_to_no_split_and_is_counted(root):
    replace(root / "splits" / "items_index_train_MuMu-tracks.tsv", "TRMUMBU128F000000\n", "")
    assert by_id(root, "tracks")["TRMUMBU128F000000"].split is None
    assert by_id(root, "albums")["TRMUMBU128F000000"].split == "train"
    assert "1 of 11 tracks are in no split" in MUMU.check(root, "tracks").remarks


def test_lists_of_another_release_are_refused(root):
    (root / "splits" / "items_index_val_MuMu-albums.tsv").write_text("B999\n")
    with pytest.raises(DatasetError, match=r"names no album that MuMu_dataset_multi-label\.csv knows, such as 'B999'"):
        MUMU.protocol("albums").load(root)


def test_without_published_splits_artists_are_dealt_and_none_is_in_two(root):
    shutil.rmtree(root / "splits")
    tracks = MUMU.protocol("artists").load(root)
    assert {track.split for track in tracks} == {"train", "valid", "test"}
    splits = {artist: {one.split for one in tracks if one.artist == artist} for artist in {t.artist for t in tracks}}
    assert all(len(some) == 1 for some in splits.values())
    assert MUMU.check(root, "artists").remarks == ()


def test_an_artist_in_two_splits_is_counted(root):
    replace(root / FOLDER / MAPPING, "mbid-artist-1,", "mbid-artist-2,")
    assert "1 of 9 artists are in more than one split" in MUMU.check(root).remarks


def test_a_cover_may_have_the_name_of_its_address(root):
    replace(root / FOLDER / METADATA, "covers/B0000FIX00.jpg", "images/I/51AB%2B.jpg?x=1")
    (root / "covers" / "B0000FIX00.jpg").rename(root / "covers" / "51AB%2B.jpg")
    assert by_id(root)["TRMUMAU128F000000"].cover == root / "covers" / "51AB%2B.jpg"


def test_bad_reviews_are_counted_and_never_stop_the_rest(root, tmp_path):
    path = root / FOLDER / REVIEWS
    kept = json.loads(path.read_text(encoding="utf-8"))
    kept += [
        {"amazon_id": "B0000FIX01", "reviewText": text} for text in ("", None, "half \ud83d a face", "la " * 2_000_000)
    ]
    data = json.dumps(kept, ensure_ascii=True).encode().replace(b"Loud guitars", b"Loud \xff guitars")
    path.write_bytes(data)
    remarks = MUMU.check(root).remarks
    assert "2 of 16 reviews are empty" in remarks
    assert "2 of 16 reviews hold bytes that are no UTF-8, read as U+FFFD" in remarks
    assert "of 1 albums, only the first 3,000 characters of reviews are kept" in remarks
    tracks = {track.track_id: track for track in MUMU.catalogue(root, tmp_path / "catalogue").tracks()}
    text = tracks["TRMUMAU128F000001"].texts["review"]
    assert text.startswith("Loud \N{REPLACEMENT CHARACTER} guitars")
    assert len(text) == LONGEST_TEXT
    assert tracks["TRMUMAU128F000002"].texts["review"].startswith("サンバの名盤。\n\nA warm")


def test_without_reviews_and_covers_there_are_sounds(root):
    shutil.rmtree(root / "covers")
    (root / FOLDER / REVIEWS).unlink()
    check = MUMU.check(root)
    assert check.is_complete
    assert check.remarks == ("11 of 11 tracks have no cover", "11 of 11 tracks have no review")
    assert all(track.cover is None and not track.texts for track in by_id(root).values())


@pytest.mark.parametrize("content", [b"nothing\n", b"[1, 2]", b'[{"stars": 5}]', b'[{"amazon_id": "B1", "stars": 5}]'])
def test_a_file_that_holds_no_reviews_is_told_and_marked(root, content):
    (root / FOLDER / REVIEWS).write_bytes(content)
    check = MUMU.check(root)
    assert not check.is_complete
    assert [one.file.path for one in check.files if one.state == "broken"] == [f"{FOLDER}/{REVIEWS}"]


def test_a_label_that_is_none_is_told(root):
    replace(root / FOLDER / MAPPING, "Surf Rock", "Surf Roll")
    with pytest.raises(DatasetError, match="gives TRMUMAU128F000001 the label 'Surf Roll', which is none of 250"):
        MUMU.protocol().load(root)


def test_a_mapping_that_breaks_off_says_where(root):
    path = root / FOLDER / MAPPING
    path.write_text(path.read_text()[:-30])
    with pytest.raises(DatasetError, match=r"MuMu_dataset_multi-label\.csv"):
        MUMU.protocol().load(root)
