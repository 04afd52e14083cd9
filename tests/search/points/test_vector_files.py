"""Points as files beside the tables."""

from __future__ import annotations

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.records import Points, SpaceRecord
from tutti.data.track import Track
from tutti.errors import CatalogueError
from tutti.search.corpus import Corpus
from tutti.search.points.vector_files import FACTS, FOLDER, is_outdated, write_vectors

N_TRACKS = 300
RECORD = SpaceRecord(space="made", fingerprint="f1", embed_dim=8, modalities=("audio", "text"), source="made")


def points_of(modality: str, rows: range) -> Points:
    random = np.random.default_rng(len(modality))
    vectors = random.standard_normal((N_TRACKS, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"{row:03}" for row in rows]
    return Points(
        modality=modality, track_ids=ids, fingerprints=["f1"] * len(ids), states=ids, points=vectors[list(rows)]
    )


@pytest.fixture
def catalogue(tmp_path) -> Catalogue:
    made = Catalogue.create(tmp_path / "c")
    made.put_tracks([Track(track_id=f"{row:03}") for row in range(N_TRACKS)])
    made.put_space(RECORD)
    made.put_points("made", points_of("audio", range(N_TRACKS)))
    made.put_points("made", points_of("text", range(0, N_TRACKS, 3)))
    return made


def test_mapped_points_are_those_of_the_tables(catalogue: Catalogue) -> None:
    before = Corpus.load(catalogue).points("made")
    report = write_vectors(catalogue, "made")
    assert report.n_points == {"audio": 300, "text": 100}
    after = Corpus.load(catalogue).points("made")
    assert isinstance(after.vectors["text"], np.memmap)
    assert after.index is None
    for modality in ("audio", "text", None):
        assert np.array_equal(before.of(modality), after.of(modality), equal_nan=True)
        assert np.array_equal(before.present(modality), after.present(modality))


def test_where_they_are_many_an_index_answers_and_says_how_well(catalogue: Catalogue) -> None:
    report = write_vectors(catalogue, "made", least_rows=100)
    assert report.index is not None
    assert report.index.recall >= 0.99
    points = Corpus.load(catalogue).points("made")
    assert points.index is not None
    candidates = np.arange(N_TRACKS) % 2 == 0
    found = points.nearest(points.merged[4], k=5, candidates=candidates)
    assert found.rows[0] == 4
    assert candidates[found.rows].all()


def test_files_of_tables_that_have_changed_are_left_aside(catalogue: Catalogue) -> None:
    write_vectors(catalogue, "made")
    catalogue.put_tracks([Track(track_id="new")])
    assert is_outdated("made", catalogue)
    points = Corpus.load(catalogue).points("made")
    assert not isinstance(points.merged, np.memmap)
    assert len(points.merged) == N_TRACKS + 1
    write_vectors(catalogue, "made")
    assert not is_outdated("made", catalogue)
    assert isinstance(Corpus.load(catalogue).points("made").vectors["audio"], np.memmap)


def test_files_of_another_version_of_the_space_are_left_aside(catalogue: Catalogue) -> None:
    write_vectors(catalogue, "made")
    catalogue.put_space(SpaceRecord(**{**vars(RECORD), "fingerprint": "f2"}))
    with pytest.raises(CatalogueError, match="no points of the space"):
        Corpus.load(catalogue).points("made")


def test_damaged_files_are_told_of_with_the_command_that_makes_them_anew(catalogue: Catalogue) -> None:
    write_vectors(catalogue, "made")
    folder = catalogue.folder / FOLDER / "made"
    (folder / "text.npy").write_bytes((folder / "text.npy").read_bytes()[:1000])
    with pytest.raises(CatalogueError, match="damaged") as caught:
        Corpus.load(catalogue).points("made")
    assert "tutti index-vectors" in str(caught.value.hint)
    (folder / FACTS).write_text("{")
    assert is_outdated("made", catalogue)
    with pytest.raises(CatalogueError, match="damaged"):
        Corpus.load(catalogue).points("made")


def test_a_space_without_points_has_no_files(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueError, match="no points of the space 'other'; it has those of made"):
        write_vectors(catalogue, "other")
    assert not (catalogue.folder / FOLDER / "other").exists()


def test_the_mean_of_tracks_counts_each_by_its_weight(catalogue: Catalogue) -> None:
    points = Corpus.load(catalogue).points("made")
    wanted = 3 * points.merged[0] + points.merged[1]
    mean = points.mean_of(np.array([0, 1]), np.array([3, 1], dtype=np.float32))
    assert mean == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-6)
    assert np.isnan(points.mean_of(np.zeros(0, dtype=np.int64))).all()
