"""MSD500: tags by score and rank, artists drawn until every tag has its floor, the authors' lists."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest

from tutti.data.artist_splits import artist_of, split_with_floor
from tutti.data.datasets.msd500 import (
    MSD500,
    SHARES,
    TAGS,
    load,
    load_released,
    read_artists,
    read_word_vectors,
)
from tutti.data.tag_categories import read_categories
from tutti.data.track import Track
from tutti.errors import ConfigError, DatasetError


@pytest.fixture
def root(tmp_path):
    MSD500.make_fixture(tmp_path / "root")
    return tmp_path / "root"


def many_songs(root, *, n_songs: int = 600) -> None:
    """Three hundred artists, two songs each, with three tags of different frequency."""
    rng = np.random.default_rng(0)
    lines, artists = [], {}
    for number in range(n_songs):
        song = f"TRAAA{number:06}"
        artists[song] = f"artist {number // 2}"
        for tag, share in {"rock": 0.9, "sad": 0.6, "80s": 0.4}.items():
            if rng.random() < share:
                lines.append(f"{song}\t{tag}\t{tag}\tgenre\t{rng.integers(50, 101)}")
    (root / TAGS).write_text("\n".join(lines) + "\n")
    (root / "song_to_artist.pkl").write_bytes(pickle.dumps(artists, 2))


def test_annotations_of_too_small_a_score_are_left_out_as_code_or_thesis_say(root):
    lines = (root / TAGS).read_text().replace("sad songs\tsad\tmood\t100", "sad songs\tsad\tmood\t49")
    (root / TAGS).write_text(lines)
    code = {track.track_id: track.tags for track in load(root)}
    thesis = {track.track_id: track.tags for track in load(root, score_filter="thesis")}
    assert code["TRAAABD128F429CF47"] == ("hip-hop",)
    assert thesis["TRAAABD128F429CF47"] == ("hip-hop", "sad")
    assert code["TRAAAAK128F9318786"] == thesis["TRAAAAK128F9318786"] == ("rock", "sad")  # a score of 0 never counts


def test_the_most_frequent_tags_are_kept_and_songs_without_any_go(root):
    tracks = load(root, n_tags=2)
    assert {tag for track in tracks for tag in track.tags} == {"rock", "hip-hop"}
    assert all(track.tags for track in tracks)


def test_artists_are_in_one_split_and_every_tag_has_its_floor_in_each(root):
    many_songs(root)
    tracks = load(root)
    splits: dict[str, set[str]] = {}
    for track in tracks:
        splits.setdefault(track.artist, set()).add(track.split)
    assert all(len(one) == 1 for one in splits.values())
    counts = {
        (split, tag): sum(track.split == split and tag in track.tags for track in tracks)
        for split in SHARES
        for tag in ("rock", "sad", "80s")
    }
    assert min(counts.values()) >= 22  # a tenth of the 22x songs of the rarest
    shares = [sum(split == one for (one,) in splits.values()) / len(splits) for split in SHARES]
    np.testing.assert_allclose(shares, [0.7, 0.15, 0.15], atol=0.01)
    assert [track.split for track in load(root)] == [track.split for track in tracks]


def test_where_no_draw_has_a_tenth_of_a_tag_of_few_artists_fewer_must_do(root):
    rare = {f"TRR{n:03}": "much" if n < 96 else f"little {n}" for n in range(100)}
    usual = {f"TRU{n:03}": f"usual {n // 6}" for n in range(600)}
    lines = [f"{song}\t{tag}\t{tag}\tgenre\t100" for tag, some in (("rare", rare), ("usual", usual)) for song in some]
    (root / TAGS).write_text("\n".join(lines) + "\n")
    (root / "song_to_artist.pkl").write_bytes(pickle.dumps(rare | usual, 2))
    counts = Counter(track.split for track in load(root) if track.tags == ("rare",))
    assert counts.keys() == {*SHARES}
    assert 1 <= min(counts.values()) <= 2  # of the four songs by others, where two splits share them


def test_draws_are_repeated_until_the_floor_is_met_and_given_up_with_words():
    tracks = [Track(track_id=f"{n}", artist=f"{n}", tags=("rare",) if n < 6 else ("usual",)) for n in range(60)]
    drawn = split_with_floor(tracks, seed=0, shares=SHARES, least=1)
    assert {drawn[artist_of(track)] for track in tracks[:6]} == set(SHARES)
    with pytest.raises(ConfigError, match="too few for 3 in each"):
        split_with_floor(tracks, seed=0, shares=SHARES, least=3)
    with pytest.raises(ConfigError, match="most often 'rare'"):
        split_with_floor(tracks, seed=0, shares=SHARES, least=2, n_tries=1)


def test_the_released_lists_are_read_and_must_agree(root):
    tracks = {track.track_id: track for track in load_released(root)}
    assert tracks["TRAAABD128F429CF47"].tags == ("hip-hop", "sad")
    assert tracks["TRAAAGR128F425B14B"].split == "test"
    assert tracks["TRAAAGR128F425B14B"].artist == "ARFIXT06187B9AAAAA"
    np.save(root / "test_ids.npy", np.array(["0//TRAAAGR128F425B14B"]))
    with pytest.raises(DatasetError, match="no row and song"):
        load_released(root)
    for damaged in (np.zeros((2, 2)), np.full((6, 4), "yes")):
        np.save(root / "binaries.npy", damaged)
        with pytest.raises(DatasetError, match="shape"):
            load_released(root)


def test_categories_artists_and_the_released_word_vectors_are_read(root):
    assert read_categories(root / TAGS) == {"rock": "genre", "hip hop": "genre", "sad": "mood", "80s": "decade"}
    (root / "song_to_artist.pkl").unlink()
    (root / "song_to_artist.tsv").write_text("TRA\tthe artist\n")
    assert read_artists(root) == {"TRA": "the artist"}
    (root / "google_emb.pkl").write_bytes(pickle.dumps({"rock": np.ones(3), "sad": np.zeros(3)}, 2))
    vectors = read_word_vectors(root)
    assert (vectors.words, vectors.embed_dim) == (("rock", "sad"), 3)
    (root / "music_emb.pkl").write_bytes(pickle.dumps([1, 2], 2))
    with pytest.raises(DatasetError):
        read_word_vectors(root, "music")


def test_a_floor_below_the_published_one_is_remarked(root):
    (remark,) = MSD500.check(root).remarks
    assert "the published floor is 100" in remark


def test_a_damaged_line_is_told_with_its_number(root):
    (root / TAGS).write_text((root / TAGS).read_text() + "TRZ\tx\n")
    with pytest.raises(DatasetError, match="line 13"):
        load(root)
