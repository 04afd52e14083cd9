"""Preparing a dataset or a catalogue: a store, and a table of what could not be decoded."""

import pytest

from tutti.audio.store import WaveformStore
from tutti.data.catalogue import Catalogue
from tutti.data.datasets import DATASETS, find_dataset
from tutti.data.preparation import prepare
from tutti.data.sources import find_source
from tutti.data.track import Track
from tutti.errors import CatalogueError, ConfigError, DatasetError, UnknownNameError


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_can_be_prepared_by_its_fixture(name, tmp_path):
    find_dataset(name).make_fixture(tmp_path / "root")
    source = find_source(name, root=tmp_path / "root")
    done = prepare(source, tmp_path / "store")
    assert not done.problems
    assert {split: len(rows) for split, rows in done.store.splits.items()} == {
        split: len(tracks) for split, tracks in source.by_split().items()
    }
    assert done.store.keys == tuple(track.track_id for some in source.by_split().values() for track in some)


def test_what_cannot_be_decoded_is_in_the_table_of_problems_until_it_can(tmp_path):
    find_dataset("gtzan").make_fixture(tmp_path / "root")
    clip = tmp_path / "root" / "genres" / "jazz" / "jazz.00010.wav"
    whole = clip.read_bytes()
    clip.write_bytes(b"jazz.00054 is\tnot the only one")
    source = find_source("gtzan", root=tmp_path / "root")
    done = prepare(source, tmp_path / "store")
    assert [problem[:2] for problem in done.problems] == [("valid", "jazz.00010")]
    table = (tmp_path / "store" / "problems.tsv").read_text().splitlines()
    assert table[0] == "split\ttrack\treason"
    assert table[1].startswith("valid\tjazz.00010\t")
    clip.write_bytes(whole)
    assert not prepare(source, tmp_path / "store").problems
    assert not (tmp_path / "store" / "problems.tsv").exists()


def test_nothing_to_decode_is_an_error_that_names_the_table(tmp_path):
    find_dataset("gtzan").make_fixture(tmp_path / "root")
    for clip in (tmp_path / "root" / "genres").rglob("*.wav"):
        clip.write_bytes(b"")
    with pytest.raises(DatasetError, match="none of the 3 sounds"):
        prepare(find_source("gtzan", root=tmp_path / "root"), tmp_path / "store")


def test_a_catalogue_s_tracks_without_a_split_are_all_together(tmp_path, sine_wav):
    catalogue = Catalogue.create(tmp_path / "catalogue")
    catalogue.put_tracks([Track(track_id="sine", audio=sine_wav), Track(track_id="silent")])
    done = prepare(find_source(tmp_path / "catalogue"), tmp_path / "store", sample_rate=8_000)
    assert done.store.splits == {"all": range(1)}
    assert done.store.n_samples.tolist() == [16_000]
    assert "1 sounds (all 1): 0.0 minutes at 8,000 Hz, 0.0 MB" in done.lines()[0]


def test_progress_is_told_sound_by_sound(tmp_path):
    find_dataset("gtzan").make_fixture(tmp_path / "root")
    told = []
    prepare(find_source("gtzan", root=tmp_path / "root"), tmp_path / "store", on_progress=told.append)
    assert [(one.n_done, one.n_sounds) for one in told] == [(1, 3), (2, 3), (3, 3)]


def test_a_prepared_store_serves_training_as_it_is(tmp_path):
    find_dataset("gtzan").make_fixture(tmp_path / "root")
    prepare(find_source("gtzan", root=tmp_path / "root"), tmp_path / "store")
    assert WaveformStore(tmp_path / "store").sample_rate == 16_000


def test_a_source_is_a_dataset_with_a_root_or_a_catalogue_without(tmp_path):
    Catalogue.create(tmp_path / "catalogue")
    with pytest.raises(ConfigError, match="where gtzan lies"):
        find_source("gtzan")
    with pytest.raises(ConfigError, match="no root"):
        find_source(tmp_path / "catalogue", root=tmp_path)
    with pytest.raises(CatalogueError, match="no catalogue"):
        find_source(tmp_path)
    with pytest.raises(UnknownNameError, match="gtzann"):
        find_source("gtzann", root=tmp_path)
