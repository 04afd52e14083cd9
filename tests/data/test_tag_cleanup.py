"""Raw tags to a vocabulary: each rule by hand, both published score filters, tables and databases of annotations."""

from __future__ import annotations

import sqlite3

import pytest

from tutti.data.tag_cleanup import CleanupConfig, clean_tags, group_of, lemma, read_annotations, read_taxonomy
from tutti.errors import ConfigError, DatasetError, UnknownNameError

ANNOTATIONS = [
    ("a", "Hip-Hop", 100.0),
    ("a", "hiphop", 60.0),
    ("a", "sad", 49.0),
    ("b", "hip hop", 50.0),
    ("b", "sad", 1.0),
    ("c", "hip hop", 0.0),
    ("c", "seen live", 100.0),
    ("d", "Sad Songs", 80.0),
    ("e", "sad", 70.0),
]
FEW = CleanupConfig(least_songs=1)
SCORES = CleanupConfig(least_songs=1, score_filter="thesis")


def test_both_published_score_filters_are_kept_to():
    code = {(row.song, row.original) for row in clean_tags(ANNOTATIONS, FEW).rows}
    thesis = {(row.song, row.original) for row in clean_tags(ANNOTATIONS, SCORES).rows}
    assert ("b", "hip hop") in code
    assert thesis - code == {("a", "sad"), ("b", "sad")}
    assert ("c", "hip hop") not in thesis


def test_spellings_and_forms_of_a_tag_become_the_most_usual_one():
    made = clean_tags(ANNOTATIONS, FEW)
    assert {row.original: row.tag for row in made.rows if row.song in "ab"} == {
        "Hip-Hop": "hip hop",
        "hiphop": "hip hop",
        "hip hop": "hip hop",
    }
    assert made.tags["hip hop"] == 2  # songs, not annotations


@pytest.mark.parametrize(
    ("one", "other"),
    [("female vocalists", "Female Vocalist"), ("80's", "80s"), ("ambient music", "ambient")],
)
def test_forms_of_one_tag_share_a_group(one, other):
    assert group_of(one) == group_of(other)


@pytest.mark.parametrize(("one", "other"), [("blues", "blue"), ("80s", "80"), ("bass", "bas"), ("music", "")])
def test_different_tags_do_not(one, other):
    assert group_of(one) != group_of(other)


def test_lemmas_of_short_words_and_words_that_are_no_plurals_stay():
    assert [lemma(word) for word in ("us", "jazz", "chorus", "tennis", "news", "boys")] == [
        *("us", "jazz", "chorus", "tennis", "news", "boy")
    ]


def test_a_taxonomy_names_the_tags_gives_categories_and_drops_the_rest():
    made = clean_tags(ANNOTATIONS, FEW, taxonomy={"hip hop": "genre", "sad": "mood"})
    assert {(row.tag, row.category) for row in made.rows} == {("hip hop", "genre"), ("sad", "mood")}
    assert {row.song for row in made.rows} == {"a", "b", "e"}


def test_songs_with_too_many_tags_go_before_tags_with_too_few_songs():
    many = [("x", f"tag {letter}", 100.0) for letter in "abcde"] + [("y", "tag a", 100.0), ("z", "tag a", 100.0)]
    made = clean_tags(many, CleanupConfig(most_tags=4, least_songs=2))
    assert made.tags == {"tag a": 2}
    with pytest.raises(DatasetError, match="no tags are left"):
        clean_tags(many, CleanupConfig(most_tags=4, least_songs=3))


def test_forms_of_one_tag_do_not_count_twice_towards_too_many():
    several = [("x", spelling, 100.0) for spelling in ("hiphop", "hip hop", "Hip-Hop")]
    assert clean_tags(several, CleanupConfig(most_tags=1, least_songs=1)).tags == {"hip hop": 1}


def test_only_wanted_songs_count():
    assert set(clean_tags(ANNOTATIONS, FEW, songs=frozenset("ab")).tags) == {"hip hop"}


def test_each_step_tells_what_was_left():
    steps = clean_tags(ANNOTATIONS, FEW).steps
    assert (steps[0].n_annotations, steps[0].n_songs, steps[0].n_tags) == (9, 5, 6)
    assert (steps[1].n_annotations, steps[1].n_songs) == (6, 5)
    assert [step.n_annotations for step in steps] == sorted((step.n_annotations for step in steps), reverse=True)


def test_the_order_of_the_annotations_says_nothing():
    assert clean_tags(ANNOTATIONS, FEW) == clean_tags(ANNOTATIONS[::-1], FEW)


def test_the_table_has_the_published_columns_and_its_cells_no_tabs(tmp_path):
    clean_tags([("a", "so\tsad", 50.5)], FEW).save(tmp_path / "track_tags.tsv")
    assert (tmp_path / "track_tags.tsv").read_text() == "a\tso sad\tso sad\tother\t50.5\n"


def test_a_table_with_a_header_and_the_database_of_lastfm_are_read(tmp_path):
    table = tmp_path / "raw.tsv"
    table.write_text("song\ttag\tscore\n" + "".join(f"{song}\t{tag}\t{score}\n" for song, tag, score in ANNOTATIONS))
    assert list(read_annotations(table)) == ANNOTATIONS
    with sqlite3.connect(tmp_path / "tags.db") as database:
        database.execute("CREATE TABLE tids (tid TEXT)")
        database.execute("CREATE TABLE tags (tag TEXT)")
        database.execute("CREATE TABLE tid_tag (tid INT, tag INT, val FLOAT)")
        database.execute("INSERT INTO tids VALUES ('TRA')")
        database.execute("INSERT INTO tags VALUES ('rock')")
        database.execute("INSERT INTO tid_tag VALUES (1, 1, 100.0)")
    database.close()
    assert list(read_annotations(tmp_path / "tags.db")) == [("TRA", "rock", 100.0)]
    with sqlite3.connect(tmp_path / "tags.db") as database:
        database.execute("UPDATE tid_tag SET val = NULL")
    database.close()
    with pytest.raises(DatasetError, match="the score None for 'rock'"):
        list(read_annotations(tmp_path / "tags.db"))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"SQLite format 3\x00zzz"])
def test_damaged_files_are_refused(content, tmp_path):
    (tmp_path / "raw").write_bytes(content)
    with pytest.raises(DatasetError):
        list(read_annotations(tmp_path / "raw"))


@pytest.mark.parametrize("line", ["b\trock", "b\trock\tmuch", "b\trock\tNaN", "b\trock\t101", "b\trock\t50\tlive"])
@pytest.mark.parametrize("before", ["", "Track_ID\tTag\tCount\n", "a\trock\t50\n"])
def test_a_line_that_is_no_annotation_is_named_be_it_the_first(line, before, tmp_path):
    (tmp_path / "raw.tsv").write_text(f"{before}{line}\nc\tsad\t50\n")
    with pytest.raises(DatasetError, match=f"raw.tsv, line {2 if before else 1}, is no song, tag and score"):
        list(read_annotations(tmp_path / "raw.tsv"))


def test_a_header_names_the_columns_in_their_order(tmp_path):
    (tmp_path / "raw.tsv").write_text("\ufeffTrack_ID\tTag\tCount\na\trock\t50\n")
    assert list(read_annotations(tmp_path / "raw.tsv")) == [("a", "rock", 50.0)]
    (tmp_path / "raw.tsv").write_text("tag\tsong\tscore\nrock\ta\t50\n")
    with pytest.raises(DatasetError, match="line 1"):
        list(read_annotations(tmp_path / "raw.tsv"))


def test_what_makes_no_sense_is_refused(tmp_path):
    with pytest.raises(DatasetError):
        list(read_annotations(tmp_path / "none"))
    for score in (101.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match="from 0 to 100"):
            clean_tags([("a", "rock", score)], FEW)
    with pytest.raises(UnknownNameError):
        CleanupConfig(score_filter="thesys")
    with pytest.raises(ConfigError):
        CleanupConfig(least_songs=0)
    (tmp_path / "taxonomy.tsv").write_text("rock\tgenre\nsad\tfeeling\n")
    with pytest.raises(ConfigError, match="no category"):
        read_taxonomy(tmp_path / "taxonomy.tsv")
