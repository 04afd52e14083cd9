"""Searches that an index shortens, against those that compare all tracks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tutti.data.records import Points, SpaceRecord
from tutti.data.track import Track
from tutti.search.blending import blended
from tutti.search.library import Library
from tutti.search.pointing import Pointed
from tutti.search.points.clusters import Clusters
from tutti.search.points.space_points import SpacePoints
from tutti.search.points.vector_files import write_vectors
from tutti.search.shortlists import shortlist
from tutti.search.terms import Query, parse_terms

N_TRACKS = 40_000  # more than the sample that tells what tracks are on average
RECORD = SpaceRecord(space="made", fingerprint="f1", embed_dim=16, modalities=("audio",), source="made")
EVERY = np.ones(N_TRACKS, dtype=bool)


def directions(count: int) -> np.ndarray:
    vectors = np.random.default_rng(0).standard_normal((count, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> SpacePoints:
    vectors = directions(N_TRACKS)
    vectors[7] = np.nan
    index = Clusters.build(vectors, tmp_path_factory.mktemp("index"))
    return SpacePoints(RECORD, {"audio": vectors}, index=index)


def terms_of(points: SpacePoints) -> list[Pointed]:
    vectors = points.merged
    liked = [
        Pointed(name=str(row), how="track", point=vectors[row], weight=weight) for row, weight in ((3, 1), (90, 2))
    ]
    return [*liked, Pointed(name="5", how="track", point=vectors[5], weight=0.5, is_negative=True)]


def test_a_shortlist_has_the_best_and_scores_them_as_if_all_were_compared(points: SpacePoints) -> None:
    terms = terms_of(points)
    rows = shortlist(terms, points, EVERY, count=10)
    assert rows is not None
    whole, short = blended(terms, points, {}), blended(terms, points, {}, shortlist=rows)
    assert np.isnan(short.total).sum() > N_TRACKS / 2
    best = np.argsort(-np.nan_to_num(whole.total, nan=-9))[:10]
    assert np.mean(np.isin(best, rows)) >= 0.9
    np.testing.assert_allclose(short.total[rows], whole.total[rows], atol=1e-5)
    assert short.standing(0, int(best[0])) == pytest.approx(whole.standing(0, int(best[0])), abs=0.02)


def test_a_condition_shortens_to_its_candidates_and_the_nearest_of_all(points: SpacePoints) -> None:
    candidates = np.arange(N_TRACKS) % 9 == 0
    rows = shortlist(terms_of(points), points, candidates, count=10)
    assert rows is not None
    assert (~candidates[rows]).sum() <= 1
    assert candidates[rows].sum() == 1_000


def test_without_an_index_or_with_several_modalities_all_tracks_are_compared(points: SpacePoints) -> None:
    terms = terms_of(points)
    assert shortlist(terms, SpacePoints(RECORD, points.vectors), EVERY, count=10) is None
    both = SpacePoints(RECORD, {**points.vectors, "text": points.merged}, index=points.index)
    assert shortlist(terms, both, EVERY, count=10) is None


def test_terms_that_cancel_each_other_have_no_shortlist(points: SpacePoints) -> None:
    point = points.merged[0]
    terms = [Pointed(name="a", how="track", point=point, is_negative=sign) for sign in (False, True)]
    assert shortlist(terms, points, EVERY, count=10) is None


@pytest.fixture
def library(tmp_path: Path) -> Library:
    ids = [f"{row:03}" for row in range(300)]
    made = Library.create(tmp_path / "c")
    made.put_tracks([Track(track_id=one) for one in ids])
    made.put_space(RECORD)
    made.put_points(
        "made",
        Points(modality="audio", track_ids=ids, fingerprints=["f1"] * 300, states=ids, points=directions(300)),
    )
    return made


def test_a_search_says_that_the_index_answered_and_finds_the_same(library: Library) -> None:
    asked = Query(terms=parse_terms(["track:004", "0.5*track:009"], ["track:020"]), space="made", k=5)
    exact = library.answer(asked)
    write_vectors(library, "made", least_rows=100)
    library.refresh()
    short = library.answer(asked)
    assert [hit.track_id for hit in short] == [hit.track_id for hit in exact]
    np.testing.assert_allclose([hit.score for hit in short], [hit.score for hit in exact], atol=1e-5)
    told = "the index of made chose 297 of 300 tracks; it finds 100.0% of the ten nearest (recall@10 on 200 queries)"
    assert [note for note in short.notes if note not in exact.notes] == [told]  # all but the three that are named


def test_where_too_little_of_what_the_index_found_is_a_hit_all_tracks_are_compared(library: Library) -> None:
    write_vectors(library, "made", least_rows=100)
    hits = library.answer(Query(terms=parse_terms(["track:004"]), space="made", k=300))
    assert 0 < len(hits) < 300  # those farther than the average are none
    assert not any("index" in note for note in hits.notes)


def test_an_index_of_a_modality_that_counts_nothing_is_not_asked(library: Library) -> None:
    write_vectors(library, "made", least_rows=100)
    hits = library.answer(Query(terms=parse_terms(["track:004"]), space="made", weights={"audio": 0}))
    assert (list(hits), hits.notes) == ([], ("points count nothing: the weights of audio are 0",))
