"""Tables of plays in the forms in which people have them."""

import pyarrow as pa
import pytest
from pyarrow import parquet

from tutti.errors import ConfigError, DatasetError, UnknownNameError
from tutti.listening.play_files import read_plays

ROWS = [("ann", "7", 2), ("bob", "7", 1), ("bob", "08", 4)]
WANTED = [[0, 2], [4, 1]]  # of ann and bob, of the tracks 08 and 7


def write(path, lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "separator", "header"),
    [
        ("plays.tsv", "\t", None),
        ("plays.tsv", "\t", "user_id\ttrack_id\tplay_count"),
        ("plays.csv", ",", "User,Song,Plays"),
        ("plays.txt", "\t", None),
    ],
)
def test_separated_values_are_read_with_and_without_a_header(name, separator, header, tmp_path):
    lines = [separator.join(map(str, row)) for row in ROWS]
    plays = read_plays(write(tmp_path / name, [header, *lines] if header else lines))
    assert plays.track_ids == ("08", "7")  # ids stay texts
    assert plays.matrix().toarray().tolist() == WANTED


def test_columns_are_found_by_their_names_in_any_order(tmp_path):
    path = write(tmp_path / "plays.csv", ["plays,year,track,user", *(f"{n},1999,{t},{u}" for u, t, n in ROWS)])
    assert read_plays(path).matrix().toarray().tolist() == WANTED


def test_a_parquet_table_gives_the_same_counts(tmp_path):
    users, tracks, counts = zip(*ROWS, strict=True)
    parquet.write_table(pa.table({"user": users, "track": tracks, "count": counts}), tmp_path / "plays.parquet")
    assert read_plays(tmp_path / "plays.parquet").matrix().toarray().tolist() == WANTED


@pytest.mark.parametrize(
    ("lines", "error", "words"),
    [
        (["user,track,mood", "a,b,c"], DatasetError, "no column of the count"),
        (["user,track,count", "a,b,often"], DatasetError, "no numbers"),
        (["user,track,count", "a,b"], DatasetError, "cannot be read"),
        (["user,track,count", "a,b,-2"], ConfigError, "'a' cannot have played 'b' -2 times"),
        (["user,track,count"], ConfigError, "nobody"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_in_words(lines, error, words, tmp_path):
    with pytest.raises(error, match=words) as refused:
        read_plays(write(tmp_path / "plays.csv", lines))
    assert refused.value.hint


def test_a_missing_file_and_an_unknown_kind_are_told_apart(tmp_path):
    with pytest.raises(DatasetError, match="there is no table"):
        read_plays(tmp_path / "plays.tsv")
    with pytest.raises(UnknownNameError, match="xlsx"):
        read_plays(tmp_path / "plays.xlsx")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_plays(write(tmp_path / "plays.parquet", ["nothing"]))


def test_columns_of_one_name_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="several columns called 'user'"):
        read_plays(write(tmp_path / "plays.csv", ["user,user,track,plays", "ana,bea,t1,2"]))
