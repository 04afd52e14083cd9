"""Items: tracks and albums, with whichever of their modalities are at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tutti.data.items import Item, items_of
from tutti.data.track import Track
from tutti.errors import UnknownNameError


def track(key: str, **facts: Any) -> Track:
    return Track(**{"track_id": key, "artist": "Nils", "album": "Arc", "split": "train", **facts})


def test_tags_can_be_read_as_a_text() -> None:
    track = Track(track_id="1", tags=("sad", "slow"), texts={"review": "Good."})
    (item,) = items_of([track], texts=("review", "tags"))
    assert item.text == "Good.\n\nsad, slow"


def test_a_track_is_an_item_by_itself() -> None:
    one = track(
        "a", title="Tide", audio=Path("a.wav"), cover=Path("a.png"), texts={"review": " Fine. "}, tags=("calm",)
    )
    (item,) = items_of([one])
    assert (item.item_id, item.title, item.tracks, item.covers) == ("a", "Tide", (one,), (Path("a.png"),))
    assert (item.text, item.tags, item.split) == ("Fine.", ("calm",), "train")


def test_an_album_gathers_its_tracks_however_its_name_is_written() -> None:
    tracks = [track("b", album="ARC"), track("a"), track("c", artist="nils"), track("d", album="Other")]
    arc, other = items_of(tracks, level="album")
    assert (arc.item_id, arc.title, [one.track_id for one in arc.tracks]) == ("Nils / Arc", "Arc", ["a", "b", "c"])
    assert (other.item_id, len(other.tracks)) == ("Nils / Other", 1)


def test_of_tracks_without_an_album_each_is_an_item() -> None:
    assert [item.item_id for item in items_of([track("a", album=None), track("b", album="")], level="album")] == [
        "a",
        "b",
    ]


def test_the_same_title_by_another_artist_is_another_album() -> None:
    tracks = [track("a"), track("b"), track("c", artist="Ida"), track("d", artist="Ida")]
    assert [item.item_id for item in items_of(tracks, level="album")] == ["Nils / Arc", "Ida / Arc"]


def test_an_album_that_spans_splits_is_several_items_with_names_of_their_own() -> None:
    tracks = [track("a"), track("b"), track("c", split="test"), track("d", split="test")]
    items = items_of(tracks, level="album")
    assert [(item.item_id, item.split, len(item.tracks)) for item in items] == [
        ("Nils / Arc", "train", 2),
        ("Nils / Arc (test)", "test", 2),
    ]


def test_items_do_not_depend_on_the_order_of_the_tracks() -> None:
    tracks = [track(key, album=album) for key, album in zip("abcd", ("Arc", "Bay", "Arc", "Bay"), strict=True)]
    assert items_of(tracks, level="album") == items_of(tracks[::-1], level="album")


def test_an_album_s_texts_follow_each_other_each_once_in_the_order_of_their_kinds() -> None:
    tracks = [
        track("a", texts={"review": "One.", "lyrics": "La."}),
        track("b", texts={"review": "Two.", "lyrics": " "}),
        track("c", texts={"review": "One."}),
    ]
    (item,) = items_of(tracks, level="album", texts=("lyrics", "review"))
    assert item.text == "La.\n\nOne.\n\nTwo."


def test_an_album_carries_the_tags_of_half_of_its_tagged_tracks() -> None:
    tracks = [track("a", tags=("jazz", "live")), track("b", tags=("jazz", "sax")), track("c", tags=("sax", "sax"))]
    untagged = [track("d"), track("e")]
    assert items_of(tracks + untagged, level="album")[0].tags == ("jazz", "sax")  # live: of one in three
    assert items_of(untagged, level="album")[0].tags == ()


def test_a_cover_that_tracks_share_is_one_cover() -> None:
    tracks = [track("a", cover=Path("x.png")), track("b", cover=Path("y.png")), track("c", cover=Path("x.png"))]
    assert items_of(tracks, level="album")[0].covers == (Path("x.png"), Path("y.png"))


def test_of_the_same_sound_twice_on_an_album_one_is_heard() -> None:
    tracks = [track("a", audio=Path("a.wav")), track("b", audio=Path("b.wav"), duplicate_of="a"), track("c")]
    assert [one.track_id for one in items_of(tracks, level="album")[0].sounds] == ["a"]
    elsewhere = [track("a", audio=Path("a.wav")), track("b", audio=Path("b.wav"), duplicate_of="gone")]
    assert len(items_of(elsewhere, level="album")[0].sounds) == 2


@pytest.mark.parametrize(
    ("modality", "item"),
    [
        ("audio", Item(item_id="x", title="x", tracks=(track("a", audio=Path("a.wav")),))),
        ("image", Item(item_id="x", title="x", covers=(Path("a.png"),))),
        ("text", Item(item_id="x", title="x", text="Fine.")),
    ],
)
def test_an_item_offers_what_is_at_hand_and_nothing_else(modality: str, item: Item) -> None:
    assert [one for one in ("audio", "image", "text", "tags", "listening") if item.offers(one)] == [modality]  # type: ignore[arg-type]


def test_a_text_of_spaces_is_none() -> None:
    assert not Item(item_id="x", title="x", text=" \n\t ").offers("text")


def test_an_unknown_level_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownNameError, match="albums") as caught:
        items_of([track("a")], level="albums")
    assert "album" in str(caught.value.hint)
