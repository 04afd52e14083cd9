"""The model inside this package: what it may weigh, what it says of itself, and that it hears."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tutti.cli.tag import DEFAULT_MODEL
from tutti.models.model import Model
from tutti.models.zoo import Places, Zoo
from tutti.models.zoo_table import COMMERCIAL_LICENCES, published_checkpoints
from tutti.text.thesaurus import load_thesaurus
from tutti.text.vocabulary import Vocabulary

MEGABYTES = 3
PARAMETERS = 700_000


@pytest.fixture
def zoo(tmp_path: Path) -> Zoo:
    """The package alone: no cache, no further folders, nobody to fetch from."""
    return Zoo(Places(cache=tmp_path / "cache", mirror="http://127.0.0.1:9"))


@pytest.fixture
def model(zoo: Zoo) -> Model:
    return zoo.load(DEFAULT_MODEL)


def test_the_default_model_ships_and_loads_without_cache_or_network(zoo: Zoo, model: Model) -> None:
    assert zoo.whereabouts(DEFAULT_MODEL).state == "shipped"
    assert model.name == DEFAULT_MODEL == "tutti-small"
    assert model.sample_rate == 16_000
    assert not zoo.places.cache.exists()


def test_it_is_as_small_as_promised(zoo: Zoo, model: Model) -> None:
    assert sum(parameter.numel() for parameter in model.network.parameters()) <= PARAMETERS
    files = list(zoo.path(DEFAULT_MODEL).iterdir())
    assert sorted(file.name for file in files) == ["README.md", "config.json", "model.safetensors"]
    assert sum(file.stat().st_size for file in files) <= MEGABYTES * 1e6


def test_its_labels_stand_for_every_label_of_its_teachers(model: Model) -> None:
    taught = {source for some in model.config.label_sources.values() for source in some}
    table = published_checkpoints().values()
    assert taught == {f"{entry.data.name}:{label}" for entry in table for label in entry.labels}
    assert tuple(model.config.label_sources) == model.labels
    assert set(model.config.base_rates) == set(model.labels)


def test_search_knows_all_its_labels(model: Model) -> None:
    vocabulary = Vocabulary({model.name: model.labels}, label_sets=["mtat", "jamendo", "msd"])
    assert set(vocabulary.concepts) <= {entry.term for entry in load_thesaurus().entries}


def test_it_tells_its_licence_its_teachers_its_data_and_its_limits(model: Model) -> None:
    config = model.config
    assert config.licence.partition(",")[0] in COMMERCIAL_LICENCES
    assert set(config.teachers) == set(published_checkpoints())
    assert all("Copyright (c) 2020 Music Technology Group" in said for said in config.teachers.values())
    assert any("minutes" in sentence for sentence in config.data)
    assert any("commercial" in sentence for sentence in config.limits)
    assert {"dataset", "split", "seed", "n_items"} <= set(config.scores["agreement with teachers"])


@pytest.mark.parametrize(
    ("recording", "expected"), [("*Vibe*", {"jazz"}), ("*Sugar*", {"classical", "orchestral", "soundtrack"})]
)
def test_it_hears_what_real_recordings_are(recording: str, expected: set[str], model: Model, shared: Path) -> None:
    (file,) = (shared / "audio").glob(recording + ".ogg")
    said = dict(zip(model.labels, model.predict(file), strict=True))
    best = sorted(said, key=said.__getitem__, reverse=True)[:10]
    assert expected & set(best)


def test_tag_needs_no_settings_and_leaves_nothing_behind(sine_wav: Path, tmp_path: Path) -> None:
    home = {key: value for key, value in os.environ.items() if not key.startswith("TUTTI")}
    home |= {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home" / "cache")}
    command = [sys.executable, "-m", "tutti.cli.main", "tag", str(sine_wav), "--json"]
    done = subprocess.run(command, env=home, capture_output=True, text=True, check=True)
    (found,) = json.loads(done.stdout)
    assert found["model"] == DEFAULT_MODEL
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_wheel_and_sdist_carry_it(root: Path, tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__")
    shutil.copytree(root / "src", tmp_path / "tree" / "src", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, tmp_path / "tree" / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path / "dist"), "."]
    subprocess.run(command, cwd=tmp_path / "tree", capture_output=True, text=True, check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = [one for one in archive.infolist() if f"models/shipped/{DEFAULT_MODEL}/" in one.filename]
    assert sorted(Path(one.filename).name for one in carried) == ["README.md", "config.json", "model.safetensors"]
    assert sum(one.compress_size for one in carried) <= MEGABYTES * 1e6
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    names = subprocess.run(["tar", "tzf", str(sdist)], capture_output=True, text=True, check=True).stdout
    assert f"models/shipped/{DEFAULT_MODEL}/model.safetensors" in names
