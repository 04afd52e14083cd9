"""Splits by artist: nobody is in two, shares are kept, and other tracks move nobody's order."""

from tutti.data.artist_splits import artist_of, split_by_artist, with_splits
from tutti.data.track import Track


def tracks(n_artists: int = 50, n_each: int = 4) -> list[Track]:
    return [
        Track(track_id=f"{artist}-{number}", artist=f"Artist {artist}")
        for artist in range(n_artists)
        for number in range(n_each)
    ]


def test_every_artist_is_in_one_split_and_every_track_in_one():
    split = split_by_artist(tracks(), seed=0)
    artists = [artist for some in split.values() for artist in {artist_of(one) for one in some}]
    assert len(artists) == len(set(artists)) == 50
    assert sum(map(len, split.values())) == 200
    assert {name: len(some) for name, some in split.items()} == {"train": 120, "valid": 40, "test": 40}


def test_the_same_seed_gives_the_same_split_in_any_order_and_another_seed_another():
    one = split_by_artist(tracks(), seed=0)
    assert {t.track_id for t in one["test"]} == {t.track_id for t in split_by_artist(tracks()[::-1], seed=0)["test"]}
    assert one != split_by_artist(tracks(), seed=1)


def test_tracks_without_an_artist_stand_for_themselves():
    split = split_by_artist([Track(track_id=str(i)) for i in range(10)], seed=0, shares={"train": 0.9, "valid": 0.1})
    assert (len(split["train"]), len(split["valid"])) == (9, 1)


def test_tracks_without_splits_get_one_each_in_their_order():
    dealt, by_split = with_splits(tracks(), seed=3), split_by_artist(tracks(), seed=3)
    assert [one.track_id for one in dealt] == [one.track_id for one in tracks()]
    for split, some in by_split.items():
        assert [one.track_id for one in dealt if one.split == split] == [one.track_id for one in some]


def test_a_split_that_is_given_keeps_all_others_as_they_are():
    given = [*tracks(), Track(track_id="given", split="test")]
    assert with_splits(given, seed=0) == given


def test_an_artist_is_the_same_however_it_is_written():
    assert artist_of(Track(track_id="1", artist=" Nina  SIMONE")) == artist_of(
        Track(track_id="2", artist="Nina Simone")
    )
