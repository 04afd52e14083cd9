"""Queries of any mixture, in a space made by hand: its three axes are piano, drums and voice."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from tutti.data.items import Item
from tutti.data.records import Points, SpaceRecord
from tutti.data.track import FileState, Listens, Track
from tutti.errors import AudioError, CatalogueError, ConfigError, QueryError, UnknownNameError
from tutti.files import sha256_of
from tutti.models.space_models import Placed, SpaceModelConfig, unit_rows
from tutti.search.hits import Hits
from tutti.search.library import Library
from tutti.search.pointing import load_placer
from tutti.search.terms import Query, parse_terms

MakeLibrary = Callable[..., Library]
AXES = {"piano": 0, "drums": 1, "voice": 2, "vocals": 2}
# Cosines of texts and sounds that have nothing to do with each other, as a space keeps them.
UNMATCHED = {"unmatched": {"text-audio": np.linspace(-0.5, 0.5, 11).tolist()}}


class Silent:
    """A sentence encoder that is not at hand: phrases are looked up in lists alone."""

    is_available = False


class ByWords:
    """A space model of known words; files lie where their names say."""

    def __init__(self, record: SpaceRecord) -> None:
        self.config = SpaceModelConfig(name=record.space, calibration=UNMATCHED)
        self.fingerprint = record.fingerprint
        self.modalities = record.modalities
        self.read: list[str] = []

    def place(self, items: Sequence[Item], *, modalities: Sequence[str] | None = None) -> Placed:
        (modality,) = modalities or ("audio",)
        points = np.stack([self._point(item.title) for item in items])
        problems = {item.item_id: {modality: "it is too short"} for item in items if "short" in item.title}
        return Placed(points={modality: points}, problems=problems)

    def place_texts(self, texts: Sequence[str]) -> np.ndarray:
        self.read += texts
        return np.stack([self._point(text) for text in texts])

    def _point(self, text: str) -> np.ndarray:
        point = np.zeros((1, 3))
        for word in text.replace(",", " ").lower().split():
            if word in AXES:
                point[0, AXES[word]] += 1
        return unit_rows(point)[0]


TRACKS = {
    # piano, drums, voice
    "a": (1.0, 0.1, 0.1),
    "b": (0.8, 0.1, 0.9),
    "c": (0.1, 1.0, 0.1),
    "d": (0.1, 0.9, 1.0),
    "e": (0.9, 0.8, 0.1),
    "f": (0.3, -0.5, -0.5),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the library lies that every test gets a copy of, once the first has made it."""
    return tmp_path_factory.mktemp("kept") / "library"


@pytest.fixture
def library(make_library: MakeLibrary, kept: Path, tmp_path: Path) -> Library:
    """Six tracks by three artists, with points of their sounds, and of the texts of two."""
    if not kept.exists():
        shutil.copytree(made(make_library).folder, kept)
    shutil.copytree(kept, tmp_path / "copy")
    library = Library.open(tmp_path / "copy")
    library.encoder, library.loader = Silent(), ByWords
    return library


def made(make_library: MakeLibrary) -> Library:
    texts = {
        "b": {"lyrics": "The rain on the window, and I wait"},
        "d": {"lyrics": "Rain and thunder", "review": "loud"},
    }
    artists = {"a": "Ella Moon", "b": "Ella Moon", "c": "Circuit", "d": "Circuit", "e": "Bill Tree", "f": "!!!"}
    tracks = [
        Track(
            track_id=one,
            title=f"Piece {one}",
            artist=artists.get(one),
            album="Days" if one in "cd" else "Nights",
            texts=texts.get(one, {}),
        )
        for one in TRACKS
    ]
    labels = {"piano": [0.6, 0.5, 0.01, 0.01, 0.5, 0.02], "vocals": [0.02, 0.7, 0.02, 0.8, 0.02, 0.02]}
    library = make_library(tracks, {"tagger": labels}, vectors=list(TRACKS.values()))
    library.put_space(
        SpaceRecord(space="by-words", fingerprint="1", embed_dim=3, modalities=("audio", "image", "text"), source="x")
    )
    put_points(library, "audio", TRACKS)
    put_points(library, "text", {"b": (1.0, 0.0, 0.3), "d": (0.0, 0.3, 1.0)})
    library.put_listens([Listens(user="ana", track_id="c", plays=50), Listens(user="ana", track_id="d", plays=1)])
    return library


def put_points(library: Library, modality: str, points: dict[str, tuple[float, ...]]) -> None:
    library.put_points(
        "by-words",
        Points(
            modality=modality,
            track_ids=list(points),
            fingerprints=["1"] * len(points),
            states=["1"] * len(points),
            points=unit_rows(np.array(list(points.values()))),
        ),
    )


def query_of(plus: Sequence[str] = (), *, words: str = "", **rest: Any) -> Query:
    return Query(terms=parse_terms(plus, words=words), **rest)


def ids(hits: Hits) -> str:
    return "".join(hit.track_id for hit in hits)


# What can be asked


def test_a_sentence_is_answered_by_points_where_no_tag_says_it(library: Library) -> None:
    hits = library.search("drums")
    assert ids(hits)[0] == "c"
    assert hits[0].why[-1].how == "near"


def test_a_paragraph_that_says_nothing_of_music_is_answered_by_saying_so(library: Library) -> None:
    hits = library.search("form and deadline, " * 200)
    assert (ids(hits), hits.notes) == ("", ("nothing in the text says anything about music that is known here",))


def test_an_artist_is_the_mean_of_the_tracks(library: Library) -> None:
    assert ids(library.search(plus=["artist:circuit"]))[:2] in ("dc", "cd")


def test_an_artist_of_no_letters_is_found_by_the_name_as_it_is_written(library: Library) -> None:
    assert ids(library.search(plus=["artist:!!!"]))[0] == "f"
    with pytest.raises(UnknownNameError, match="there is no artist '!!'"):
        library.search(plus=["artist:!!"])


def test_a_track_that_is_asked_by_is_no_hit_and_what_is_like_it_comes_first(library: Library) -> None:
    hits = library.search(plus=["track:Piece c"])
    assert "c" not in ids(hits)
    assert ids(hits)[0] in "de"


def test_what_a_listener_played_most_counts_most(library: Library) -> None:
    # log(51) to log(2): c is played, and so is what is like c
    assert ids(library.answer(query_of(["listener:ana"], weights={"text": 0})))[0] == "c"


def test_an_album_and_a_path_are_terms_too(library: Library, tmp_path: Path) -> None:
    sound = tmp_path / "drums.wav"
    sound.write_bytes(b"a sound")
    assert ids(library.search(plus=[sound]))[0] == "c"
    assert set(ids(library.search(plus=["album:days"]))[:2]) == {"c", "d"}


def test_a_sound_of_the_catalogue_is_no_hit_of_itself_wherever_its_copy_lies(library: Library, tmp_path: Path) -> None:
    sound = tmp_path / "drums.wav"
    sound.write_bytes(b"a sound")
    state = FileState(size=7, modified_ns=0, content_hash=sha256_of(sound))
    of_track = library.search(plus=["track:c"])
    library.put_tracks([replace(library.track("c"), file=state)])
    assert ids(library.search(plus=[sound])) == ids(of_track)
    library.put_tracks([replace(library.track("d"), file=state, duplicate_of="c")])
    assert not {"c", "d"} & {*ids(library.search(plus=[sound]))}
    assert not {"c", "d"} & {*ids(library.search(plus=["track:d"]))}


def test_a_path_that_hits_show_is_a_term_from_any_folder(library: Library) -> None:
    library.put_tracks([replace(library.track("c"), audio=library.folder / "audio" / "strobe.flac")])
    library.put_tracks([replace(library.track("d"), audio=Path("/music/strobe.flac"))])
    assert library.search(plus=["audio/strobe.flac"]) == library.search(plus=["track:c"])
    with pytest.raises(QueryError, match=r"the paths of 2 tracks end in strobe\.flac") as caught:
        library.search(plus=["strobe.flac"])
    assert caught.value.hint == "name one of them: track:c, track:d"
    with pytest.raises(QueryError, match=r"no file elsewhere/strobe\.flac") as caught:
        library.search(plus=["elsewhere/strobe.flac"])
    assert "track:ID" in str(caught.value.hint)


def test_a_picture_is_placed_by_the_space(library: Library, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "voice.png")
    assert ids(library.search(plus=[tmp_path / "voice.png"]))[0] in "bd"


def test_a_text_file_is_read_to_its_end(library: Library, tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text("Nothing is said here of it. " * 100 + "drums")
    assert ids(library.search(plus=[story]))[0] == "c"


@pytest.mark.parametrize(
    ("story", "notes"),
    [
        ("Nothing is said here of it. " * 200 + "drums", ("1 of 7 passages says something about music",)),
        (
            "Nothing is said here of it. " * 200 + "The drums play. " * 50,
            ("2 of 8 passages say something about music",),
        ),
        ("The drums play. " * 200, ()),
    ],
)
def test_how_little_of_a_long_text_speaks_of_music_is_told(
    library: Library, tmp_path: Path, story: str, notes: tuple[str, ...]
) -> None:
    (tmp_path / "story.txt").write_text(story)
    hits = library.search(plus=[tmp_path / "story.txt"])
    assert ids(hits)[0] == "c"
    assert hits.notes == notes


def test_a_short_story_is_read_as_a_whole_and_no_word_of_it_looked_up(library: Library, tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text("The last tram has gone, and from the open window above the bakery come drums, softly.")
    hits = library.search(plus=[story])
    assert ids(hits)[0] == "c"
    assert [reason.how for reason in hits[0].why] == ["near"]
    assert not hits.notes


def test_lyric_words_find_the_tracks_that_have_them(library: Library) -> None:
    hits = library.search(plus=["lyrics:rain on the window"])
    assert ids(hits) == "b"
    assert ids(library.search(plus=["lyrics:rain"])) == "bd"
    assert hits[0].score == pytest.approx(1)
    assert hits[0].why[0].how == "lyrics"
    assert ids(library.search("vocals", minus=["lyrics:thunder"])) == "b"
    unread = library.search("piano", plus=["lyrics:rain"], where="track_id = 'a'")
    assert unread.notes == ("no track has 'rain' in its lyrics",)
    assert "no lyrics, or none with “rain”" in map(str, unread[0].why)


# Plus and minus


def test_minus_takes_the_hits_away_from_a_term(library: Library) -> None:
    assert ids(library.search(plus=["words:drums"], minus=["words:voice"]))[0] == "c"
    assert ids(library.search(plus=["words:drums", "words:voice"]))[0] == "d"


def test_a_minus_before_an_artist_bars_their_tracks(library: Library) -> None:
    assert not set(ids(library.search("piano", minus=["artist:Ella Moon"]))) & {"a", "b"}


def test_only_minus_terms_find_everything_else_farthest_first(library: Library) -> None:
    hits = library.search(minus=["artist:Ella Moon"])
    assert set(ids(hits)) == set("cdef")
    assert ids(hits)[0] == "f"


def test_words_that_reject_are_told_by_tags_and_not_read_with_the_rest(library: Library) -> None:
    hits = library.search("piano, no vocals")
    assert set(ids(hits)) == {"a", "e"}
    reader = library._understanding()._placer("by-words")
    assert reader.read == ["piano"]


@pytest.mark.parametrize("query", ["piano, no vocals", "instrumental piano", "piano -voice"])
def test_where_no_tag_may_tell_points_reject(library: Library, query: str) -> None:
    hits = library.answer(query_of(words=query, weights={"words": 0, "text": 0}))
    assert set(ids(hits)) == {"a", "e"}


@pytest.mark.parametrize(
    ("words", "minus", "told"), [("piano, no vocals", [], "'no vocals'"), ("piano", ["words:vocals"], "'vocals'")]
)
def test_that_points_alone_hardly_reject_is_told(library: Library, words: str, minus: list[str], told: str) -> None:
    terms = parse_terms(minus=minus, words=words)
    (note,) = library.answer(Query(terms=terms, weights={"words": 0})).notes
    assert note == f"no tag or name rejects, since the weight of words is 0, and points hardly do: {told}"
    assert library.answer(Query(terms=terms, weights={"words": 0.1})).notes == ()


def test_without_a_minus_nothing_is_told_of_rejection(library: Library) -> None:
    assert library.answer(query_of(words="piano", weights={"words": 0})).notes == ()


def test_lyrics_that_count_nothing_are_told_of(library: Library) -> None:
    hits = library.answer(query_of(["lyrics:rain"], words="piano", weights={"words": 0}))
    assert "lyrics:rain counts nothing: the weight of words is 0" in hits.notes


def test_an_absence_in_one_word_rejects_too(library: Library) -> None:
    assert set(ids(library.search("instrumental piano"))) == {"a", "e"}


def test_a_weight_moves_the_blend(library: Library) -> None:
    near_piano = library.answer(query_of(["9*words:piano music", "words:drums"], weights={"words": 0}))
    near_drums = library.answer(query_of(["words:piano music", "9*words:drums"], weights={"words": 0}))
    assert (ids(near_piano)[0], ids(near_drums)[0]) == ("a", "c")


def test_the_weights_of_modalities_change_what_counts(library: Library) -> None:
    by_sound = library.answer(query_of(["words:voice"], weights={"text": 0, "words": 0}))
    by_text = library.answer(query_of(["words:voice"], weights={"audio": 0, "words": 0}))
    assert by_sound[0].shares == {"audio": 1.0}
    assert set(ids(by_text)) <= {"b", "d"}
    assert by_text[0].shares == {"text": 1.0}


# Why


def test_the_shares_of_a_hit_add_up_to_1(library: Library) -> None:
    for hit in library.search("piano at night", plus=["artist:Bill Tree"], minus=["words:drums"], like="a"):
        assert sum(hit.shares.values()) == pytest.approx(1)
        assert sum(reason.share for reason in hit.why) == pytest.approx(1)


def test_words_that_a_text_shares_with_the_query_are_named(library: Library) -> None:
    (first, *_) = library.search(plus=["lyrics:waiting, rain on windows"])
    assert first.why[0].words == ("rain", "windows")
    assert "its texts say rain, windows" in str(first.why[0])


def test_diversity_tells_the_place_by_score(library: Library) -> None:
    plain = library.answer(query_of(["words:piano music"], k=4, weights={"words": 0}))
    diverse = library.answer(query_of(["words:piano music"], k=4, diversity=0.9, weights={"words": 0}))
    assert diverse[0].track_id == plain[0].track_id
    assert diverse[0].rank_by_score == 1
    assert [hit.rank_by_score for hit in diverse] != [1, 2, 3, 4]
    assert {hit.rank_by_score for hit in plain} == {None}


def test_a_track_without_a_point_is_judged_by_words_alone(library: Library) -> None:
    library.put_tracks([Track(track_id="g", title="Piece g", tags=("piano",))])
    hits = library.search("piano", where="track_id = 'g'")
    assert hits[0].why[-1].how == "missing"
    assert set(hits[0].shares) == {"words"}
    assert f"1 track has no point in by-words; run: tutti place {library.folder} --space by-words" in hits.notes


# What is refused, and what nothing matches


def test_nothing_matches_what_means_nothing_here(library: Library) -> None:
    hits = library.search("quarterly tax report")
    assert hits == []
    assert any("matches no tag" in note for note in hits.notes)


def test_what_is_rejected_down_to_the_last_track_is_told(library: Library) -> None:
    hits = library.search("vocals, no piano", where="track_id <> 'd'")
    assert hits == []
    assert hits.notes == ("all that have what is asked for are rejected, 1 in number: 1 by 'piano'",)


def test_words_that_a_sentence_is_read_with_are_not_corrected_one_by_one(library: Library) -> None:
    note = library.search("sad piano and drums while the office sleeps").notes[0]
    assert note == "read as part of the whole, for no tag, title or artist has it: 'office'"
    assert "'office' matches no tag" in library.search("piano office").notes[0]


def test_a_language_that_nobody_reads_is_noted_and_its_names_found(library: Library) -> None:
    library.put_tracks([Track(track_id="g", title="静かな夜")])
    hits = library.search("静かな")
    assert ids(hits) == "g"
    assert any("Japanese" in note for note in hits.notes)


@pytest.mark.parametrize(
    ("query", "error", "words"),
    [
        ({"plus": ["artist:Ela Moon"]}, UnknownNameError, "Ella Moon"),
        ({"plus": ["album:Nigths"]}, UnknownNameError, "Nights"),
        ({"plus": ["listener:anna"]}, UnknownNameError, "ana"),
        ({"plus": ["track:Peace a"]}, UnknownNameError, "Piece a"),
        ({"plus": ["nothing.mp3"]}, QueryError, "no file"),
        ({"plus": ["nothing.png"]}, QueryError, "no picture"),
        ({"plus": ["nothing.txt"]}, QueryError, "cannot be read"),
        ({"words": "piano", "weights": {"audoi": 2}}, UnknownNameError, "audio"),
        ({"words": "piano", "weights": {"audio": 0, "text": 0, "words": 0}}, QueryError, "all weights are 0"),
        ({"words": "piano", "space": "elsewhere"}, CatalogueError, "elsewhere"),
        ({"words": "x" * 2_000_001}, QueryError, "2 MB"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(library: Library, query: dict, error: type, words: str) -> None:
    with pytest.raises(error) as caught:
        library.answer(query_of(**query))
    assert words in str(caught.value)


def test_a_sound_that_has_no_point_says_why(library: Library, tmp_path: Path) -> None:
    sound = tmp_path / "short.wav"
    sound.write_bytes(b"x")
    with pytest.raises(AudioError, match="too short"):
        library.search(plus=[sound])


def test_a_listener_who_played_nothing_of_the_catalogue_has_no_point(library: Library) -> None:
    library.put_listens([Listens(user="ben", track_id="elsewhere", plays=5)])
    library.refresh()
    with pytest.raises(QueryError, match="'ben' has played nothing that is in the catalogue"):
        library.search(plus=["listener:ben"])


def test_points_of_another_version_of_a_space_are_not_compared_with(library: Library) -> None:
    record = SpaceRecord(
        space="tutti-words", fingerprint="0", embed_dim=2, modalities=("audio", "text"), source="tutti-words"
    )
    with pytest.raises(CatalogueError, match="were placed by tutti-words 0"):
        load_placer(record)


def test_without_a_space_sounds_have_points_and_texts_have_none(small_library: Library, tmp_path: Path) -> None:
    assert ids(small_library.search(plus=["artist:Ella Moon"]))[0] == "a"
    assert ids(small_library.search(plus=["track:a"], minus=["track:d"]))[0] == "b"
    story = tmp_path / "story.txt"
    story.write_text("It was a dark and stormy night. " * 20)
    with pytest.raises(ConfigError, match="no space that reads texts"):
        small_library.search(plus=[story])
    Image.new("RGB", (8, 8)).save(tmp_path / "cover.png")
    with pytest.raises(QueryError, match="has no pictures"):
        small_library.search(plus=[tmp_path / "cover.png"])


def test_without_a_space_a_sound_file_is_heard_by_the_catalogues_models(small_library: Library, tmp_path: Path) -> None:
    sound = tmp_path / "seconds.wav"
    soundfile.write(sound, np.zeros(16_000), 16_000)
    small_library.listener = lambda _path, _models: {"tagger": np.array([1, 1, 0, 0.1], dtype=np.float32)}
    assert ids(small_library.search(plus=[sound]))[0] == "a"


def test_without_a_space_tracks_that_no_model_heard_are_to_be_indexed(small_library: Library) -> None:
    small_library.put_tracks([Track(track_id="e", title="Unheard", artist="Nobody")])
    with pytest.raises(QueryError, match="no track of artist:Nobody has a point") as caught:
        small_library.search(plus=["artist:Nobody"])
    assert caught.value.hint == "index the catalogue again: no model has heard them"
