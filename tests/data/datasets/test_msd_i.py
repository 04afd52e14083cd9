"""MSD-I: one table; whether it keeps albums and artists apart; covers by three names; sounds or none."""

from __future__ import annotations

import pytest

from tutti.data.datasets.fixtures import write_cover
from tutti.data.datasets.msd_i import COLUMNS, LABELS, LIST, MSD_I
from tutti.data.items import items_of
from tutti.errors import DatasetError


@pytest.fixture
def root(tmp_path):
    MSD_I.make_fixture(tmp_path / "root")
    return tmp_path / "root"


@pytest.fixture
def table(root):
    return root / LIST


def add(table, track_id, genre, album, split, artist):
    row = (track_id, genre, "https://example.org/x/none.jpg", album, split, artist)
    table.write_text(table.read_text() + "\t".join(row) + "\n")


def test_a_genre_is_known_however_it_is_written(root, table):
    table.write_text(table.read_text().replace("Newage", "new_age"))
    assert {track.tags for track in MSD_I.protocol().load(root)} == {("Jazz",), ("New Age",), ("Rock",)}
    assert len(LABELS) == 15


def test_the_splits_of_clean_lists_are_said_to_be_nothing_amiss(root):
    assert MSD_I.check(root).remarks == ()


def test_albums_of_two_genres_and_albums_and_artists_in_two_splits_are_counted_and_left_out_of_apart(root, table):
    add(table, "TRBBBAA128F0000001", "Rock", "0", "train", "ARFIXT01187B9AAAAA")  # album 0 has jazz, and now rock
    add(table, "TRBBBAB128F0000002", "Rock", "2", "test", "ARFIXT04187B9AAAAA")  # album 2 is valid, and now test
    add(table, "TRBBBAC128F0000003", "Jazz", "9", "test", "ARFIXT01187B9AAAAA")  # the artist of train
    remarks = MSD_I.check(root).remarks
    assert "1 of 5 albums have tracks with different labels" in remarks
    assert "1 of 5 albums are in more than one split" in remarks
    assert "1 of 4 artists are in more than one split" in remarks
    kept = {track.track_id for track in MSD_I.protocol("apart").load(root)}
    assert kept == {"TRAAAGR128F425B14B", "TRAAAHZ128E0799171", "TRAAAVO128F93133D4"}
    assert all("different" not in one and "more than one" not in one for one in MSD_I.check(root, "apart").remarks)


@pytest.mark.parametrize("name", ["TRBBBAA128F0000001.png", "77.jpeg", "none.jpg", "deep/er/77.JPG"])
def test_a_cover_is_found_by_the_tracks_id_the_albums_or_the_end_of_its_address(root, table, name):
    add(table, "TRBBBAA128F0000001", "Rock", "77", "train", "ARFIXT04187B9AAAAA")
    write_cover(root / "covers" / name, colour=(1, 2, 3))
    covers = {track.track_id: track.cover for track in MSD_I.protocol().load(root)}
    assert covers["TRBBBAA128F0000001"] == root / "covers" / name


def test_tracks_make_albums_and_an_album_may_have_a_track_without_sound(root, tmp_path):
    (root / "audio" / "A" / "A" / "A" / "TRAAAED128E0783FAB.mp3").unlink()
    tracks = MSD_I.catalogue(root, tmp_path / "catalogue").tracks()
    albums = {item.title: item for item in items_of(tracks, level="album")}
    first = albums["0"]
    assert [track.track_id for track in first.tracks] == ["TRAAAED128E0783FAB", "TRAAAFD128F92F423A"]
    assert [track.track_id for track in first.sounds] == ["TRAAAFD128F92F423A"]
    assert (first.tags, first.split) == (("Jazz",), "train")
    assert first.offers("image")
    assert not first.offers("text")


def test_without_any_sounds_covers_must_do_and_the_catalogue_says_so_once(root, tmp_path):
    for sound in (root / "audio").rglob("*.mp3"):
        sound.unlink()
    check = MSD_I.check(root)
    assert check.is_complete
    assert [split.n_sounds for split in check.splits] == [0, 0, 0]
    catalogue = MSD_I.catalogue(root, tmp_path / "catalogue")
    assert [track.audio for track in catalogue.tracks()] == [None] * 5
    (problem,) = catalogue.problems()
    assert "none of 5 sounds" in problem.reason
    assert not problem.skipped


def test_with_neither_sounds_nor_covers_there_is_nothing_to_make_a_catalogue_of(root, tmp_path):
    for file in [*(root / "audio").rglob("*.mp3"), *(root / "covers").iterdir()]:
        file.unlink()
    with pytest.raises(DatasetError, match="none of the 5 tracks' sounds, covers and texts"):
        MSD_I.catalogue(root, tmp_path / "catalogue")


def test_a_track_listed_twice_counts_once(root, table):
    add(table, "TRAAAED128E0783FAB", "Rock", "9", "test", "ARFIXT09187B9AAAAA")
    tracks = {track.track_id: track for track in MSD_I.protocol().load(root)}
    assert len(tracks) == 5
    assert tracks["TRAAAED128E0783FAB"].tags == ("Jazz",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("album_index", "album", "lacks the column album_index"),
        ("Newage", "Old Age", "line 4: 'oldage' is neither"),
        ("\tval\t", "\tvale\t", "line 5: 'vale' is neither"),
        ("\ttest\tARFIXT03187B9AAAAA", "", "line 6, breaks off"),
    ],
)
def test_a_broken_table_says_where(root, table, old, new, message):
    table.write_text(table.read_text().replace(old, new))
    with pytest.raises(DatasetError, match=message):
        MSD_I.protocol().load(root)


def test_columns_may_stand_in_another_order_beside_others(root, table):
    before = MSD_I.protocol().load(root)
    lines = [line.split("\t") for line in table.read_text().splitlines()]
    table.write_text("\n".join("\t".join(["more", *reversed(cells)]) for cells in lines) + "\n")
    assert MSD_I.protocol().load(root) == before
    assert len(COLUMNS) == 6
