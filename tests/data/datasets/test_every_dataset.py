"""The same questions for every dataset: whoever lists one has it tested."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tutti.data.datasets import DATASETS, find_dataset
from tutti.data.datasets.dataset import FIXTURE, Dataset, RemoteFile
from tutti.data.datasets.fma import SUBGENRE
from tutti.data.labels import LabelConfig, choose_labels, label_targets, plain_spelling
from tutti.data.track import Track
from tutti.errors import CatalogueError, ConfigError, DatasetError, UnknownNameError

EVERY = pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
EVERY_PROTOCOL = pytest.mark.parametrize(
    ("dataset", "protocol"),
    [(dataset, name) for dataset in DATASETS.values() for name in dataset.protocols],
    ids=[f"{dataset.name}-{name}" for dataset in DATASETS.values() for name in dataset.protocols],
)


@pytest.fixture(scope="module")
def fixtures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a fixture of every dataset; not to be changed."""
    folder = tmp_path_factory.mktemp("fixtures")
    for dataset in DATASETS.values():
        dataset.make_fixture(folder / dataset.name)
    return folder


@pytest.fixture
def copy(fixtures: Path, tmp_path: Path, dataset: Dataset) -> Path:
    """A fixture of one dataset, to be damaged."""
    return Path(shutil.copytree(fixtures / dataset.name, tmp_path / dataset.name))


def is_list(file: RemoteFile) -> bool:
    """Whether it is one of the files without which the tracks are not known."""
    return not file.is_folder and not file.is_optional


def test_the_datasets_of_the_thesis_are_listed():
    audio = ["magnatagatune", "million-song", "mtg-jamendo", "gtzan", "speech-commands", "dcase2017", "fma"]
    assert set(audio) <= set(DATASETS)
    assert all(name == dataset.name for name, dataset in DATASETS.items())


@EVERY
def test_it_says_what_it_is_whom_to_cite_and_what_is_allowed(dataset):
    for words in (dataset.title, dataset.description, dataset.citation, dataset.licence):
        assert words.strip() == words
        assert words
    assert dataset.homepage.startswith("http")
    assert any(year in dataset.citation for year in map(str, range(2000, 2027)))
    assert all(file.url.startswith("http") and file.what for file in dataset.files)
    assert {name for file in dataset.files for name in file.protocols} <= set(dataset.protocols)
    assert all(len(file.sha256 or "0" * 64) == 64 and len(file.md5 or "0" * 32) == 32 for file in dataset.files)


def labels_of(track: Track) -> list[str]:
    """Its tags but subgenres, which are no labels."""
    return [tag for tag in track.tags if not tag.startswith(SUBGENRE)]


@EVERY_PROTOCOL
def test_its_labels_are_distinct_in_every_spelling(dataset, protocol, fixtures):
    labels = dataset.labels(fixtures / dataset.name, protocol)
    assert len(labels) >= 2
    assert len({*labels}) == len(labels)
    assert len(plain_spelling(labels)) == len(labels)


@EVERY_PROTOCOL
def test_its_fixture_has_every_split_and_tags_exactly_as_in_the_labels(dataset, protocol, fixtures):
    one = dataset.protocol(protocol)
    root = fixtures / dataset.name
    tracks = one.load(root)
    labels = dataset.labels(root, protocol)
    assert {"train", "valid", "test"} <= {track.split for track in tracks}
    assert len({track.track_id for track in tracks}) == len(tracks)
    for track in tracks:
        tags = labels_of(track)
        assert set(tags) <= set(labels)
        if one.labels is not None:
            assert tags == sorted(tags, key=labels.index)
        assert track.audio.is_relative_to(root)
        if one.task == "classes":
            assert len(tags) == 1


@EVERY_PROTOCOL
def test_its_fixture_checks_clean(dataset, protocol, fixtures):
    check = dataset.check(fixtures / dataset.name, protocol)
    assert (check.missing, check.broken, check.to_download) == ((), (), ())
    assert check.is_complete
    assert check.is_fixture
    assert all(split.n_sounds == split.n_listed > 0 for split in check.splits)


@EVERY_PROTOCOL
def test_an_empty_root_lacks_everything_and_says_where_to_get_it(dataset, protocol, tmp_path):
    check = dataset.check(tmp_path, protocol)
    assert not check.is_complete
    assert not check.is_fixture
    assert check.broken == ()
    needed = {file.path for file in check.to_download}
    assert needed == set(check.missing)
    assert any(path.endswith("/") for path in needed) == dataset.protocol(protocol).needs_sounds


@EVERY
def test_a_half_downloaded_root_is_told_track_by_track_and_file_by_file(dataset, copy):
    *_, other, track = dataset.protocol().load(copy)
    track.audio.unlink()
    other.audio.write_bytes(b"")
    check = dataset.check(copy)
    assert not check.is_complete
    assert [path for split in check.splits for path in split.missing] == [track.audio]
    assert [path for split in check.splits for path in split.empty] == [other.audio]
    assert any(file.is_folder for file in check.to_download)


@EVERY
def test_a_missing_list_is_told_once_and_nothing_else_breaks(dataset, copy):
    while lists := [one.file for one in dataset.check(copy).files if one.state == "present" and is_list(one.file)]:
        for file in lists:  # sources that stand for one another are asked for in turn
            (copy / file.path).unlink()
    if any(is_list(one.file) for one in dataset.check(copy).files):
        check = dataset.check(copy)
        assert check.missing
        assert check.broken == ()
        with pytest.raises(DatasetError) as caught:
            dataset.catalogue(copy, copy.parent / "catalogue")
        assert caught.value.hint
        assert not (copy.parent / "catalogue").exists()


@EVERY_PROTOCOL
def test_a_list_of_other_content_is_broken_and_never_a_traceback(dataset, protocol, copy):
    for one in dataset.check(copy, protocol).files:
        if is_list(one.file):
            for content in (b"\x00\xff\xfe nothing of the kind\n", b"a,b\tc\n1\t2\n"):
                original = (copy / one.file.path).read_bytes()
                (copy / one.file.path).write_bytes(content)
                check = dataset.check(copy, protocol)
                assert not check.is_complete, f"{one.file.path} with {content!r}"
                assert check.missing or check.broken
                (copy / one.file.path).write_bytes(original)


@EVERY
def test_a_published_count_that_is_not_met_is_told(dataset, copy):
    (copy / FIXTURE).unlink()
    check = dataset.check(copy)
    assert not check.is_fixture
    assert all(one.state in ("whole", "present", "broken", "absent") for one in check.files)
    if dataset.protocol().n_tracks:
        assert not check.is_complete
        assert any("published are" in reason for reason in check.broken)


@EVERY_PROTOCOL
def test_its_catalogue_has_splits_labels_in_order_and_its_origin(dataset, protocol, fixtures, tmp_path):
    root = fixtures / dataset.name
    catalogue = dataset.catalogue(root, tmp_path / "catalogue", protocol)
    tracks = catalogue.tracks()
    listed = {track.track_id: track for track in dataset.protocol(protocol).load(root)}
    assert {track.track_id: track.split for track in tracks} == {key: one.split for key, one in listed.items()}
    assert catalogue.problems() == []
    assert all(fact == {"dataset": dataset.name, "protocol": protocol} for fact in catalogue.facts().values())
    labels = choose_labels(tracks, LabelConfig(labels=f"dataset:{dataset.name}/{protocol}", spelling="exact"))
    assert labels == dataset.labels(root, protocol)
    targets = label_targets(tracks, labels, spelling="exact")
    assert (targets == label_targets(tracks, labels)).all()
    assert targets.sum() == sum(len(labels_of(one)) for one in listed.values())


@EVERY
def test_tracks_without_a_sound_are_counted_and_left_out_of_the_catalogue_unless_something_else_is_there(
    dataset, copy, tmp_path
):
    *others, track = dataset.protocol().load(copy)
    track.audio.unlink()
    catalogue = dataset.catalogue(copy, tmp_path / "catalogue")
    is_kept = not dataset.protocol().needs_sounds
    kept = {one.track_id: one.audio is not None for one in catalogue.tracks()}
    assert kept == {one.track_id: True for one in others} | ({track.track_id: False} if is_kept else {})
    (problem,) = catalogue.problems()
    assert (problem.path, problem.kind, problem.skipped) == (track.audio, "missing", not is_kept)


@EVERY
def test_its_sounds_can_be_decoded(dataset, fixtures):
    from tutti.audio.decoding import read_waveform

    for track in dataset.protocol().load(fixtures / dataset.name):
        waveform, sample_rate = read_waveform(track.audio)
        assert waveform.size > 0.5 * sample_rate
        assert abs(waveform).max() > 0.01


@EVERY
def test_a_fixture_and_a_catalogue_go_only_where_nothing_is(dataset, fixtures):
    before = sorted(path for path in (fixtures / dataset.name).rglob("*"))
    with pytest.raises(ConfigError, match="holds something"):
        dataset.make_fixture(fixtures / dataset.name)
    with pytest.raises(CatalogueError, match="holds something"):
        dataset.catalogue(fixtures / dataset.name, fixtures / dataset.name)
    assert sorted(path for path in (fixtures / dataset.name).rglob("*")) == before


def test_names_that_are_none_are_answered_with_the_nearest():
    with pytest.raises(UnknownNameError) as caught:
        find_dataset("mtgjamendo")
    assert "'mtg-jamendo'" in caught.value.hint
    with pytest.raises(UnknownNameError) as caught:
        find_dataset("magnatagatune").protocol("filterd")
    assert "'filtered'" in caught.value.hint


def test_a_catalogue_of_a_dataset_without_any_sound_is_refused_and_leaves_nothing(tmp_path):
    dataset = find_dataset("magnatagatune")
    dataset.make_fixture(tmp_path / "root")
    shutil.rmtree(tmp_path / "root" / "mp3")
    with pytest.raises(DatasetError, match="none of the 3 sounds"):
        dataset.catalogue(tmp_path / "root", tmp_path / "catalogue")
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_published_checkpoints_answer_in_the_datasets_own_order_of_labels():
    from tutti.models.zoo import Zoo

    trained_on = {"mtat": "magnatagatune", "msd": "million-song", "jamendo": "mtg-jamendo"}
    for entry in Zoo().entries():
        dataset = find_dataset(trained_on[entry.name.split("-")[1]])
        assert tuple(entry.labels) == dataset.protocol().labels, entry.name
