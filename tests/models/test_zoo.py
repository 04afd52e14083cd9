"""The zoo with a small checkpoint of our own, served on loopback, and with the published ones where at hand."""

from __future__ import annotations

import functools
import http.server
import json
import logging
import multiprocessing
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tutti.errors import DownloadError, ModelError, UnknownNameError
from tutti.files import sha256_of
from tutti.models.taggers import ARCHITECTURES, build_tagger
from tutti.models.zoo import Places, Zoo
from tutti.models.zoo_table import Entry, TrainingData, published_checkpoints

DATA = TrainingData(name="toy", title="Toy Tunes", terms="none", labels=("loud", "quiet"), base_rates={"loud": 0.5})


@dataclass(frozen=True)
class Publisher:
    """A folder of published files, served at an address, and the requests for them."""

    folder: Path
    address: str
    entry: Entry
    requests: list[str]

    @property
    def file(self) -> Path:
        return self.folder / "models" / "toy" / "crnn" / "best_model.pth"

    def zoo(self, places: Places) -> Zoo:
        return Zoo(replace(places, mirror=self.address), table={self.entry.name: self.entry})


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    folder, requests = tmp_path / "published", []
    file = folder / "models" / "toy" / "crnn" / "best_model.pth"
    file.parent.mkdir(parents=True)
    torch.manual_seed(1)
    torch.save(build_tagger("crnn", 2).state_dict(), file)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            requests.append(self.path)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Publisher(folder, f"http://127.0.0.1:{server.server_port}", _entry(file), requests)
        server.shutdown()
        thread.join()


def _entry(file: Path) -> Entry:
    address = (
        "https://raw.githubusercontent.com/minzwon/sota-music-tagging-models/master/models/toy/crnn/best_model.pth"
    )
    return Entry(
        name="crnn-toy",
        architecture="crnn",
        data=DATA,
        address=address,
        sha256=sha256_of(file),
        n_bytes=file.stat().st_size,
    )


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """An empty cache, and one further folder."""
    (tmp_path / "more").mkdir()
    return Places(cache=tmp_path / "cache" / "models", folders=(tmp_path / "more",))


def _give(file: Path, publisher: Publisher) -> Path:
    file.write_bytes(publisher.file.read_bytes())
    return file


# The table


def test_the_table_lists_the_eight_published_checkpoints() -> None:
    names = "musicnn-mtat fcn-mtat crnn-mtat musicnn-jamendo fcn-jamendo crnn-jamendo fcn-msd crnn-msd"
    assert list(published_checkpoints()) == names.split()


@pytest.mark.parametrize("name", published_checkpoints())
def test_every_entry_of_the_table_is_complete(name: str) -> None:
    entry = published_checkpoints()[name]
    assert entry.name == f"{entry.architecture}-{entry.data.name}"
    assert entry.architecture in ARCHITECTURES
    assert len(set(entry.labels)) == 50
    assert len(entry.sha256) == 64
    assert 0.7 < entry.scores["roc_auc_macro"] < 1.0
    assert entry.base_rates is None or set(entry.base_rates) == set(entry.labels)


def test_base_rates_are_those_of_the_labels_and_not_of_their_neighbours() -> None:
    table = published_checkpoints()
    rates = table["fcn-mtat"].base_rates
    assert rates is not None
    # Counted by hand in the published lists, whose columns 47 and 48 are "female voice" and "metal".
    assert rates["guitar"] == pytest.approx(1382 / 5861, abs=5e-5)
    assert table["fcn-msd"].base_rates is None


def test_the_filter_for_commercial_use_looks_at_the_licence(places: Places, publisher: Publisher) -> None:
    restricted = replace(publisher.entry, name="crnn-nc", licence="CC-BY-NC-SA-4.0")
    zoo = Zoo(places, table={"crnn-toy": publisher.entry, "crnn-nc": restricted})
    assert [entry.name for entry in zoo.entries()] == ["crnn-toy", "crnn-nc"]
    assert [entry.name for entry in zoo.entries(commercial_ok=True)] == ["crnn-toy"]


def test_an_unknown_name_is_answered_with_the_nearest(places: Places) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'musicnn-mtat'"):
        Zoo(places).entry("musicnn-mtatt")


# Where models lie


def test_the_environment_names_the_places(tmp_path: Path) -> None:
    found = Places.from_environment(
        {"TUTTI_CACHE": str(tmp_path), "TUTTI_MODELS": "/one:/two:", "TUTTI_MIRROR": "http://mirror"}
    )
    assert found == Places(cache=tmp_path / "models", folders=(Path("/one"), Path("/two")), mirror="http://mirror")


def test_without_settings_the_cache_is_the_platforms(tmp_path: Path) -> None:
    found = Places.from_environment({})
    assert found.cache.parts[-2:] == ("tutti", "models")
    assert found.folders == ()


def test_nothing_at_hand_is_no_error_and_asks_no_network(places: Places, publisher: Publisher) -> None:
    zoo = publisher.zoo(places)
    assert zoo.find("crnn-toy") is None
    assert zoo.whereabouts("crnn-toy").state == "absent"
    assert publisher.requests == []


def test_a_published_file_in_a_further_folder_is_converted_once(places: Places, publisher: Publisher) -> None:
    file = _give(places.folders[0] / "toy-crnn.pth", publisher)
    zoo = publisher.zoo(places)
    assert zoo.find("crnn-toy") == file
    assert zoo.path("crnn-toy") == places.cache / "crnn-toy"
    written = (places.cache / "crnn-toy" / "model.safetensors").stat().st_mtime_ns
    assert zoo.find("crnn-toy") == zoo.path("crnn-toy") == zoo.pull("crnn-toy") == places.cache / "crnn-toy"
    assert (places.cache / "crnn-toy" / "model.safetensors").stat().st_mtime_ns == written
    assert publisher.requests == []


def test_a_file_with_another_checksum_is_refused_in_words(places: Places, publisher: Publisher) -> None:
    file = _give(places.folders[0] / "toy-crnn.pth", publisher)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    zoo = publisher.zoo(places)
    for use in (zoo.find, zoo.path, zoo.load):
        with pytest.raises(ModelError, match=r"toy-crnn.pth is not the published file of crnn-toy") as caught:
            use("crnn-toy")
        assert "tutti models pull crnn-toy" in str(caught.value.hint)
    assert publisher.requests == []


def test_pulling_helps_against_a_refused_file(places: Places, publisher: Publisher) -> None:
    (places.folders[0] / "toy-crnn.pth").write_bytes(b"something else")
    zoo = publisher.zoo(places)
    zoo.pull("crnn-toy")
    assert zoo.load("crnn-toy").labels == ("loud", "quiet")


def test_a_right_file_in_a_later_folder_outweighs_a_wrong_one(
    places: Places, publisher: Publisher, tmp_path: Path
) -> None:
    (places.folders[0] / "toy-crnn.pth").write_bytes(b"something else")
    right = _give(tmp_path / "toy-crnn.pth", publisher)
    both = replace(places, folders=(places.folders[0], tmp_path))
    assert publisher.zoo(both).find("crnn-toy") == right


def test_own_bundles_in_a_further_folder_are_found_by_name(places: Places, publisher: Publisher) -> None:
    publisher.zoo(places).load("crnn-toy").save(places.folders[0] / "mine")
    zoo = Zoo(places)
    assert zoo.own_bundles() == {"crnn-toy": places.cache / "crnn-toy", "mine": places.folders[0] / "mine"}
    assert zoo.load("mine").labels == ("loud", "quiet")
    assert zoo.path("mine") == places.folders[0] / "mine"


# Pulling


def test_pulling_leaves_a_bundle_that_says_where_it_came_from(places: Places, publisher: Publisher) -> None:
    seen: list[tuple[int, int]] = []
    folder = publisher.zoo(places).pull("crnn-toy", progress=lambda *counts: seen.append(counts))
    assert seen[-1] == (publisher.entry.n_bytes, publisher.entry.n_bytes)
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    assert [path.name for path in places.cache.iterdir() if not path.name.startswith(".")] == ["crnn-toy"]
    config = json.loads((folder / "config.json").read_text())
    assert config["labels"] == ["loud", "quiet"]
    assert config["base_rates"] == {"loud": 0.5}
    assert config["licence"].startswith("MIT, Copyright (c) 2020")
    assert publisher.entry.sha256 in config["source"]


def test_a_pulled_model_is_fetched_again_only_by_force(places: Places, publisher: Publisher) -> None:
    zoo = publisher.zoo(places)
    zoo.pull("crnn-toy")
    zoo.pull("crnn-toy")
    assert len(publisher.requests) == 1
    (places.cache / "crnn-toy" / "model.safetensors").write_bytes(b"damaged")
    zoo.pull("crnn-toy", force=True)
    assert len(publisher.requests) == 2
    assert zoo.load("crnn-toy").name == "crnn-toy"


def test_loading_pulls_what_is_not_at_hand(places: Places, publisher: Publisher) -> None:
    model = publisher.zoo(places).load("crnn-toy")
    expected = torch.load(publisher.file, weights_only=True)
    loaded = model.network.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in expected.items())


def test_of_several_that_pull_at_once_one_fetches(places: Places, publisher: Publisher) -> None:
    # A lock belongs to an opened file, so that threads meet it just as processes do.
    zoo = publisher.zoo(places)
    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(zoo.pull, ["crnn-toy"] * 4))
    assert set(folders) == {places.cache / "crnn-toy"}
    assert len(publisher.requests) == 1


@pytest.mark.slow
def test_processes_that_pull_at_once_fetch_once(places: Places, publisher: Publisher) -> None:
    context = multiprocessing.get_context("spawn")
    runs = [context.Process(target=publisher_pull, args=(places, publisher.address, publisher.entry)) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert len(publisher.requests) == 1
    assert publisher.zoo(places).load("crnn-toy").labels == ("loud", "quiet")


def publisher_pull(places: Places, address: str, entry: Entry) -> None:
    Zoo(replace(places, mirror=address), table={entry.name: entry}).pull(entry.name)


def test_a_cache_that_cannot_be_written_says_what_to_set(places: Places, publisher: Publisher) -> None:
    places.cache.parent.write_text("a file where the cache should be")
    with pytest.raises(DownloadError, match="cannot be written: not a directory") as caught:
        publisher.zoo(places).pull("crnn-toy")
    assert "TUTTI_CACHE" in str(caught.value.hint)
    assert publisher.requests == []


def test_without_a_cache_a_published_file_is_converted_in_memory_and_says_so_once(
    places: Places, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    places.cache.parent.write_text("a file where the cache should be")
    _give(places.folders[0] / "toy-crnn.pth", publisher)
    zoo = publisher.zoo(places)
    with caplog.at_level(logging.WARNING):
        assert zoo.load("crnn-toy").labels == zoo.load("crnn-toy").labels == ("loud", "quiet")
    assert len(caplog.records) == 1
    assert "is converted anew from" in caplog.text
    with pytest.raises(DownloadError, match="cannot be written"):
        zoo.path("crnn-toy")


# Loading


def test_a_folder_is_loaded_by_its_path(places: Places, publisher: Publisher, tmp_path: Path) -> None:
    zoo = publisher.zoo(places)
    zoo.load("crnn-toy").save(tmp_path / "elsewhere")
    assert zoo.load(tmp_path / "elsewhere").name == "crnn-toy"
    assert zoo.load(str(tmp_path / "elsewhere")).name == "crnn-toy"


def test_what_is_neither_name_nor_folder_is_an_unknown_name(places: Places, publisher: Publisher) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'crnn-toy'"):
        publisher.zoo(places).load("crnn-toi")
    with pytest.raises(UnknownNameError, match="no model or folder of a bundle called '/nowhere/at-all'"):
        publisher.zoo(places).load(Path("/nowhere/at-all"))


def test_a_folder_without_a_bundle_is_said_to_be_none(places: Places, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no model bundle"):
        Zoo(places).load(tmp_path)


# The published files themselves


def test_a_published_file_at_hand_gives_the_published_probabilities(shared: Path, places: Places) -> None:
    model = Zoo(replace(places, folders=(shared / "checkpoints",))).load("musicnn-mtat")
    golden = np.load(shared / "golden" / "checkpoint-mtat-musicnn.npz")
    waveforms = np.load(shared / "golden" / "inputs_16000.npz")
    for clip in golden.files:
        waveform = waveforms[clip]
        start = (len(waveform) - model.n_samples) // 2
        middle = torch.from_numpy(waveform[start : start + model.n_samples])[None]
        with torch.inference_mode():
            probabilities = torch.sigmoid(model.network(middle))[0].numpy()
        np.testing.assert_allclose(probabilities, golden[clip], atol=1e-4)


@pytest.mark.parametrize("name", published_checkpoints())
def test_every_published_file_at_hand_is_the_one_of_the_table(name: str, shared: Path, places: Places) -> None:
    zoo = Zoo(replace(places, folders=(shared / "checkpoints",)))
    assert zoo.whereabouts(name).state == "file"


def test_the_labels_are_those_beside_the_published_files(shared: Path) -> None:
    labels = json.loads((shared / "checkpoints" / "labels.json").read_text())
    assert all(list(entry.labels) == labels[entry.data.name] for entry in published_checkpoints().values())


def test_the_base_rates_of_jamendo_are_counted_in_its_training_table(shared: Path) -> None:
    table = shared / "datasets" / "mtg-jamendo" / "autotagging_top50tags-train.tsv"
    tags = [line.split("\t")[5:] for line in table.read_text().splitlines()[1:]]
    rates = published_checkpoints()["fcn-jamendo"].base_rates
    assert rates is not None
    for label in ("genre---rock", "instrument---violin", "mood/theme---happy"):
        assert rates[label] == pytest.approx(sum(label in row for row in tags) / len(tags), abs=5e-5)


def test_the_base_rates_of_magnatagatune_are_counted_in_its_published_labels(shared: Path) -> None:
    folder = shared / "datasets" / "magnatagatune"
    carried = np.concatenate([np.load(folder / f"y_{split}_pub.npy") for split in ("valid", "test")])
    columns = (folder / "top50_tags.txt").read_text().split()
    rates = published_checkpoints()["fcn-mtat"].base_rates
    assert rates is not None
    for column, label in (("guitar", "guitar"), ("metal", "metal"), ("femaleVoice", "female voice")):
        expected = carried[:, columns.index(column)].mean()
        assert rates[label] == pytest.approx(expected, abs=5e-5)
