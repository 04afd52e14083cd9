from __future__ import annotations

import re

import numpy as np
import pytest
import soundfile

from tutti.audio.recording import Recording
from tutti.errors import ConfigError, ModelError, UnknownNameError
from tutti.explain.explanations import available_maps, default_map, explain, write_explanation


@pytest.fixture
def noise(noise_wav) -> Recording:
    return Recording.from_file(noise_wav)


def test_every_architecture_has_a_taggram_and_a_map_of_what_it_listens_to(architecture, small_model_of):
    maps = available_maps(small_model_of(architecture))
    assert "taggram" in maps
    if architecture != "timbre_mlp":  # which listens to statistics of a whole excerpt
        assert {"gradcam", "attention"} & set(maps)


def test_the_map_of_nobodys_choice_fits_the_model_and_the_question(small_model, small_model_of):
    assert default_map(small_model, tag=None) == "taggram"
    assert default_map(small_model, tag="low") == "gradcam"
    assert default_map(small_model_of("cnnsa"), tag=None) == "contribution"


@pytest.mark.parametrize("kind", ["taggram", "gradcam"])
@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_maps_of_a_convolutional_model_are_written(small_model, noise, tmp_path, kind, suffix):
    made = explain(small_model, noise, kind=kind, tag="high")
    output = write_explanation(made, tmp_path / f"map{suffix}", n_labels=2)
    text = output.read_text(encoding="utf-8")
    assert "high" in text
    assert "small: " in text


@pytest.mark.parametrize("kind", ["attention", "contribution"])
@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_maps_of_a_sequence_model_are_written(small_model_of, noise, sine_wav, tmp_path, kind, suffix):
    model = small_model_of("music_tagging_transformer_student")
    made = explain(model, noise, kind=kind, other=Recording.from_file(sine_wav))
    text = write_explanation(made, tmp_path / f"map{suffix}").read_text(encoding="utf-8")
    assert "noise + sine" in text


def test_without_a_tag_the_most_probable_one_is_explained_and_a_page_has_the_others_too(small_model, noise, tmp_path):
    made = explain(small_model, noise, kind="gradcam")
    heard = dict(zip(small_model.labels, small_model.predict(*made.stretch.waveform()), strict=True))
    assert made.map.label == max(heard, key=heard.get)
    page = write_explanation(made, tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(f'"{label}"' in page for label in small_model.labels)


def test_a_start_and_a_limit_hold_for_a_taggram(small_model, noise):
    made = explain(small_model, noise, kind="taggram", start=1.0, limit=1.5)
    assert made.map.times.min() == pytest.approx(1.25)
    assert made.map.times.max() == pytest.approx(2.25)
    assert made.to_json()["start"] == 1.0


def test_a_map_that_the_model_has_not_is_answered_with_those_it_has(small_model, noise):
    with pytest.raises(ModelError, match="the model small has no map called attention") as raised:
        explain(small_model, noise, kind="attention")
    assert raised.value.hint == "it has: taggram, gradcam"


def test_names_that_are_in_no_list_are_answered_with_the_nearest(small_model, noise):
    with pytest.raises(UnknownNameError, match="no map called 'tagram'") as raised:
        explain(small_model, noise, kind="tagram")
    assert "did you mean 'taggram'?" in raised.value.hint
    with pytest.raises(UnknownNameError) as raised:
        explain(small_model, noise, tag="lo")
    assert "did you mean 'low'?" in raised.value.hint


def test_a_second_sound_for_a_map_of_one_is_refused(small_model, noise):
    with pytest.raises(ConfigError, match="a taggram is of one sound"):
        explain(small_model, noise, other=noise)


@pytest.mark.parametrize(("name", "kind"), [("map.gif", "taggram"), ("map", "taggram"), ("map.html", "filters")])
def test_what_cannot_be_drawn_is_told_before_anything_is_written(small_model, noise, tmp_path, name, kind):
    made = explain(small_model, noise, kind="taggram")
    object.__setattr__(made, "kind", kind)
    with pytest.raises(ConfigError):
        write_explanation(made, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_the_guides_python_runs(root, shared, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TUTTI_MODELS", str(shared / "checkpoints"))
    monkeypatch.setenv("TUTTI_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    samples = 0.1 * np.random.default_rng(0).standard_normal(35 * 8000)
    soundfile.write(tmp_path / "song.mp3", samples, 8000, format="WAV")
    of_sounds, _ = re.findall(r"```python\n(.*?)```", (root / "docs/guides/explain.md").read_text(), re.DOTALL)
    exec(compile(of_sounds, "explain.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == ["(33,) (33, 50)", "(96, 188) (96,)"]


def test_the_guides_python_about_an_album_runs(root, shelf, shelf_model, tmp_path, monkeypatch, capsys):
    _, of_albums = re.findall(r"```python\n(.*?)```", (root / "docs/guides/explain.md").read_text(), re.DOTALL)
    shelf_model.save(tmp_path / "runs/fusion/model")
    (tmp_path / "worlds").mkdir()
    (tmp_path / "worlds/demo").symlink_to(shelf.folder, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    track = shelf.track("0a")
    ours = of_albums.replace("Leaving Kamistad", track.track_id).replace("electric guitar", shelf_model.labels[0])
    exec(compile(ours, "explain.md", "exec"), {})
    rows, evidence = capsys.readouterr().out.splitlines()
    assert all(name in rows for name in ("audio", "image", "text"))
    assert evidence.startswith("(")
