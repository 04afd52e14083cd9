"""Names of a catalogue."""

from tutti.data.item_names import item_names
from tutti.data.items import items_of
from tutti.data.track import Track
from tutti.text.entities.gazetteer import Gazetteer


def test_artists_albums_tags_and_countries_are_known_with_what_they_are():
    track = Track(
        track_id="1", artist="Velvet Foxes", album="Paper Kites", year=1994, country="Brazil", tags=("samba",)
    )
    categories = Gazetteer.merged(item_names(items_of([track, Track(track_id="2")]))).categories
    assert categories == {
        "samba": ("styles", "samba"),
        "Velvet Foxes": ("artists", "artists from Brazil", "artists of the 1990s"),
        "Paper Kites": ("albums", "albums of the 1990s"),
        "Brazil": ("countries",),
    }


def test_an_artist_does_not_tell_its_tags():
    track = Track(track_id="1", artist="Velvet Foxes", tags=("samba", "sad"))
    assert set(dict(item_names(items_of([track])))["Velvet Foxes"]) == {"artists"}
