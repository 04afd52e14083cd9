"""Searching a catalogue from end to end, sounds described by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import tutti
from tutti.data.track import Problem, Track
from tutti.errors import CatalogueError, QueryError, UnknownNameError
from tutti.search.hits import Hits
from tutti.search.library import Library, open_catalogue

MakeLibrary = Callable[..., Library]


def ids(hits: Hits) -> str:
    return "".join(hit.track_id for hit in hits)


# Words


def test_a_tag_finds_the_tracks_that_have_it_best_first(small_library: Library) -> None:
    assert ids(small_library.search("jazz")) == "ba"


def test_a_minus_leaves_out_the_tracks_that_have_it(small_library: Library) -> None:
    assert ids(small_library.search("jazz -vocals")) == "b"
    assert ids(small_library.search("jazz, no vocals")) == "b"
    assert ids(small_library.search("instrumental jazz")) == "b"


def test_only_a_minus_ranks_by_how_little_there_is(small_library: Library) -> None:
    assert ids(small_library.search("no vocals")) == "cb"


def test_a_misspelt_word_is_corrected_and_the_correction_told(small_library: Library) -> None:
    hits = small_library.search("tehcno")
    assert ids(hits) == "c"
    assert any("techno" in note for note in hits.notes)


def test_scores_lie_between_0_and_1_and_fall(small_library: Library) -> None:
    scores = [hit.score for hit in small_library.search("piano vocals")]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_the_score_of_one_tag_is_the_share_of_tracks_with_less_of_it(small_library: Library) -> None:
    (best, second) = small_library.search("jazz")
    assert (best.score, second.score) == pytest.approx((3.5 / 4, 2.5 / 4))


def test_what_is_nowhere_heard_matches_nothing(make_library: MakeLibrary) -> None:
    library = make_library(
        [Track(track_id=str(i)) for i in range(5)], {"m": {"reggae": [0.01, 0.02, 0.03, 0.01, 0.04]}}
    )
    hits = library.search("reggae")
    assert hits == []
    assert hits.notes == ("no track has 'reggae'",)


def test_an_unknown_word_is_said_to_match_nothing(small_library: Library) -> None:
    hits = small_library.search("xyzzy")
    assert hits == []
    assert hits.notes[0].startswith("'xyzzy' matches no tag, title or artist")
    assert ids(small_library.search("xyzzy techno")) == "c"


def test_what_no_model_can_hear_is_said_so(make_library: MakeLibrary) -> None:
    hits = make_library([Track(track_id="a")], {"m": {"opera": [0.9]}}).search("techno")
    assert hits == []
    assert hits.notes == ("no model of this catalogue can hear 'techno'",)


# Names, tags that people typed, years


@pytest.mark.parametrize(("query", "how"), [("ella", "artist"), ("evening", "title"), ('"blue evening"', "title")])
def test_a_name_finds_its_track_and_says_where(small_library: Library, query: str, how: str) -> None:
    (hit,) = small_library.search(query)
    assert hit.track_id == "a"
    assert hit.why[0].how == how


def test_a_whole_artist_comes_before_one_whose_name_has_more(small_library: Library) -> None:
    assert ids(small_library.search("circuit")) == "cd"


def test_a_tag_that_somebody_typed_is_found(small_library: Library) -> None:
    (hit,) = small_library.search("late night")
    assert (hit.track_id, hit.why[0].how) == ("b", "typed")


def test_a_typed_tag_outweighs_what_a_model_hears(make_library: MakeLibrary) -> None:
    tracks = [Track(track_id="a"), Track(track_id="b", tags=("Hip-Hop",))]
    library = make_library(tracks, {"m": {"hiphop": [0.1, 0.04]}})
    first, second = library.search("rap")
    assert (first.track_id, second.track_id) == ("b", "a")
    assert first.why[0].text == "rap (hip hop): tagged so, hip hop 0.04"


def test_a_decade_is_found_by_the_year(make_library: MakeLibrary) -> None:
    tracks = [Track(track_id="a", year=1985), Track(track_id="b", year=1995)]
    assert ids(make_library(tracks, {"m": {"80s": [0.04, 0.04]}}).search("eighties")) == "a"


def test_a_minus_before_a_name_rejects_its_tracks(small_library: Library) -> None:
    assert ids(small_library.search("piano -ella")) == "b"


# Likeness


def test_what_sounds_alike_comes_first_and_the_example_is_left_out(small_library: Library) -> None:
    hits = small_library.similar("a")
    assert hits[0].track_id == "b"
    assert "a" not in ids(hits)


def test_words_and_a_likeness_combine(small_library: Library) -> None:
    assert ids(small_library.search("jazz", like="a", k=1)) == "b"


def test_a_track_is_found_by_its_title_and_path_too(small_library: Library) -> None:
    by_id = small_library.similar("a")
    assert small_library.similar("blue evening") == by_id
    assert small_library.similar(Path("/music/ella/blue.flac")) == by_id


def test_a_file_is_listened_to_with_the_models_of_the_catalogue(small_library: Library, tmp_path: Path) -> None:
    heard: list[Path] = []

    def listener(path: Path, models: object) -> dict[str, np.ndarray]:
        heard.append(path)
        return {"tagger": np.array([0, 0, 1, 0.1], dtype=np.float32)}

    file = tmp_path / "sound.wav"
    file.write_bytes(b"not in the catalogue")
    small_library.listener = listener
    assert small_library.similar(file)[0].track_id == "c"
    assert heard == [file]


def test_an_unknown_track_suggests_the_nearest(small_library: Library) -> None:
    with pytest.raises(UnknownNameError, match="no such file") as caught:
        small_library.similar("Quite Keys")
    assert caught.value.hint is not None
    assert "Quiet Keys" in caught.value.hint


def test_an_ambiguous_title_asks_for_the_id(make_library: MakeLibrary) -> None:
    tracks = [Track(track_id="a", title="Intro"), Track(track_id="b", title="Intro")]
    with pytest.raises(QueryError, match="2 tracks are called 'Intro'"):
        make_library(tracks, {"m": {"jazz": [0.1, 0.1]}}).show("Intro")


def test_without_a_model_there_is_no_likeness_but_there_are_names(make_library: MakeLibrary) -> None:
    library = make_library([Track(track_id="a", title="Blue")], {})
    assert ids(library.search("blue")) == "a"
    with pytest.raises(QueryError, match="no model has described"):
        library.similar("a")


# The door


@pytest.mark.parametrize("query", ["", "  ", "?"])
def test_an_empty_query_is_refused_in_words(small_library: Library, query: str) -> None:
    with pytest.raises(QueryError, match="query"):
        small_library.search(query)


def test_fewer_than_one_hit_is_refused(small_library: Library) -> None:
    with pytest.raises(QueryError, match="k=0"):
        small_library.search("jazz", k=0)


def test_a_condition_comes_before_the_ranking_and_leaves_the_scores_as_they_are(small_library: Library) -> None:
    (hit,) = small_library.search("jazz", where="year < 1960")
    assert (hit.track_id, hit.score) == ("a", pytest.approx(2.5 / 4))
    assert small_library.search("jazz", where="year > 2050").notes[0] == "no track meets the condition"


def test_there_must_be_a_catalogue(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no catalogue"):
        open_catalogue(tmp_path / "nowhere")


def test_an_empty_catalogue_says_so(tmp_path: Path) -> None:
    library = Library.create(tmp_path / "empty").without_sentence_vectors()
    assert library.search("jazz").notes == ("the catalogue holds no tracks",)
    assert library.stats().n_tracks == 0


def test_the_package_opens_libraries(small_library: Library) -> None:
    hits = tutti.open_catalogue(small_library.folder).search("jazz", k=1)
    assert hits[0].title == "Quiet Keys"


def test_a_search_after_writing_sees_what_was_written(small_library: Library) -> None:
    assert small_library.search("newcomer") == []
    small_library.put_tracks([Track(track_id="e", title="Newcomer")])
    assert ids(small_library.search("newcomer")) == "e"


def test_a_hit_has_the_documented_json_shape(small_library: Library) -> None:
    (hit, *_) = json.loads(json.dumps(small_library.search("jazz -vocals").to_json()))
    assert list(hit) == ["track_id", "path", "title", "artist", "score", "why", "shares", "rank_by_score"]
    assert list(hit["why"][0]) == ["term", "how", "score", "text", "tags", "share", "words"]
    assert hit["why"][0]["tags"] == {"jazz": 0.8}
    assert hit["why"][1]["how"] == "absence"


# Portraits


def test_a_portrait_has_tags_by_model_and_the_nearest_tracks(small_library: Library) -> None:
    portrait = small_library.show("b")
    assert list(portrait.tags["tagger"])[:2] == ["piano", "genre---jazz"]
    assert portrait.nearest[0].track_id == "a"
    assert portrait.to_json()["tags_by_model"]["tagger"]["piano"] == pytest.approx(0.9)


def test_statistics_count_what_there_is(small_library: Library) -> None:
    small_library.put_problems([Problem(path=Path("/x.mp3"), kind="unreadable", reason="it is empty", skipped=True)])
    stats = small_library.stats()
    assert (stats.n_tracks, stats.n_artists, stats.n_albums) == (4, 4, 1)
    assert stats.models["tagger"] == {"n_labels": 6, "embed_dim": 4, "n_tracks": 4}
    assert stats.top_tags["jazz"] == 2
    assert stats.problems_by_kind == {"unreadable": 1}
    assert json.loads(json.dumps(stats.to_json()))["problems"][0]["path"] == "/x.mp3"
