"""FMA: one table for four sizes."""

import pytest

from tutti.data.datasets.fma import COUNTS, FMA, MEDIUM, SMALL
from tutti.errors import DatasetError


@pytest.fixture
def root(tmp_path):
    FMA.make_fixture(tmp_path / "root")
    return tmp_path / "root"


@pytest.fixture
def table(root):
    return root / "fma_metadata" / "tracks.csv"


def test_a_size_holds_the_smaller_ones(root, table):
    table.write_text(table.read_text().replace("training,small", "training,medium").replace("test,small", "test,large"))
    n_tracks = {size: len(FMA.protocol(size).load(root)) for size in COUNTS}
    assert n_tracks == {"small": 1, "medium": 2, "large": 3, "full": 3}


def test_the_sounds_lie_where_the_archives_put_them(root):
    tracks = {track.track_id: track for track in FMA.protocol("medium").load(root)}
    assert tracks["001017"].audio == root / "fma_medium" / "001" / "001017.mp3"


def test_small_has_a_top_genre_and_large_all_genres_by_name(root):
    of = {size: {track.track_id: track for track in FMA.protocol(size).load(root)} for size in ("small", "large")}
    assert of["small"]["001017"].tags == ("Rock",)
    assert of["large"]["001017"].tags == ("Rock", "Punk")
    assert of["large"]["001017"].album == 'Called "Ours"'


def test_a_cell_may_be_longer_than_the_csv_module_likes(root, table):
    table.write_text(table.read_text().replace("Food", '"' + "La la\n" * 100_000 + '"'))
    assert len(FMA.protocol("small").load(root)) == 3


def test_the_published_counts_add_up():
    assert [sum(COUNTS[size]) for size in COUNTS] == [8_000, 25_000, 106_574, 106_574]
    assert set(SMALL) < set(MEDIUM)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("genre_top", "genre_flop", r"lacks the column track\.genre_top"),
        ("track_id", "track", "lacks its third header row"),
        ("training", "learning", "broken row for track 2"),
        (",AWOL - A Way Of Life", "", "breaks off after track 2"),
    ],
)
def test_a_broken_table_says_where(root, table, old, new, message):
    table.write_text(table.read_text().replace(old, new))
    with pytest.raises(DatasetError, match=message):
        FMA.protocol("small").load(root)


def test_an_unknown_genre_is_told(root):
    genres = root / "fma_metadata" / "genres.csv"
    genres.write_text(genres.read_text().replace("25,1,12,Punk", "26,1,12,Post-Punk"))
    with pytest.raises(DatasetError, match="broken row for track 1017"):
        FMA.protocol("large").load(root)


def test_subgenres_follow_the_top_genre(root):
    tracks = {track.track_id: track for track in FMA.protocol("medium-genres").load(root)}
    assert tracks["001017"].tags == ("Rock", "genre:Punk")
