"""``tutti explain``: maps of what a model hears."""

import json

import pytest


@pytest.mark.parametrize("suffix", [".png", ".svg", ".html"])
def test_a_map_is_drawn_as_the_files_name_says(tutti, bundle, noise_wav, tmp_path, suffix):
    ending = tutti("explain", bundle, noise_wav, "-o", tmp_path / f"map{suffix}")
    assert (ending.code, ending.stderr) == (0, "")
    assert ending.stdout == f"drawn: small: taggram, noise, in {tmp_path / f'map{suffix}'}\n"
    assert (tmp_path / f"map{suffix}").stat().st_size > 1000


def test_numbers_go_to_stdout_and_talk_to_stderr(tutti, bundle, noise_wav, tmp_path):
    ending = tutti("explain", bundle, noise_wav, "--map", "gradcam", "--tag", "high", "--start", 1, "--json")
    assert ending.code == 0
    found = json.loads(ending.stdout)
    assert (found["model"], found["map"], found["label"], found["start"]) == ("small", "gradcam", "high", 1.0)
    assert len(found["values"]) == len(found["frequencies"]) == 32
    assert len(found["values"][0]) == len(found["times"])
    both = tutti("explain", bundle, noise_wav, "--json", "-o", tmp_path / "map.svg")
    assert json.loads(both.stdout)["labels"] == ["low", "high", "noisy"]
    assert both.stderr.startswith("drawn: ")


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["--map", "attention"], "the model small has no map called attention", "it has: taggram, gradcam"),
        (["--map", "filters"], "the model small has no map called filters", "it has: taggram, gradcam"),
        (["--map", "gradcamera"], "there is no map called 'gradcamera'", "did you mean 'gradcam'?"),
        (["--tag", "nois"], "there is no label of small called 'nois'", "did you mean 'noisy'?"),
        (["--start", "99"], "noise.wav lasts 3.0 s, nothing begins at 99 s", "begin between 0 and 3.0 s"),
        (["-o", "map.gif"], "nothing can be drawn as map.gif", "end its name in .png, .svg or .html"),
        (["-o", "map.html", "--map", "filters"], "filters have no time", "draw them as .png or .svg"),
    ],
)
def test_what_cannot_be_explained_is_told_in_two_lines(
    tutti, bundle, noise_wav, tmp_path, monkeypatch, arguments, message, hint
):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    ending = tutti("explain", bundle, noise_wav, *([] if "-o" in arguments else ["-o", "map.png"]), *arguments)
    assert (ending.code, ending.stdout) == (1, "")
    lines = ending.stderr.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "hint"]
    assert message in lines[0]
    assert hint in lines[1]
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_that_is_no_sound_is_told_in_two_lines(tutti, bundle, tmp_path):
    (tmp_path / "text.mp3").write_text("la la la")
    for name in ("text.mp3", "nowhere.wav"):
        ending = tutti("explain", bundle, tmp_path / name, "-o", tmp_path / "map.html")
        assert ending.code == 1
        assert [line.partition(":")[0] for line in ending.stderr.splitlines()] == ["error", "hint"]
        assert name in ending.stderr
    assert not (tmp_path / "map.html").exists()


def test_it_says_so_when_there_is_nowhere_to_draw_to(tutti, bundle, noise_wav):
    ending = tutti("explain", bundle, noise_wav)
    assert ending.code == 1
    assert ending.stderr.splitlines()[0] == "error: there is nowhere to draw to"


@pytest.mark.slow
def test_the_sugar_plum_fairy_is_classical_all_along(tutti, shared, tmp_path, monkeypatch):
    monkeypatch.setenv("TUTTI_MODELS", str(shared / "checkpoints"))
    monkeypatch.setenv("TUTTI_CACHE", str(tmp_path / "cache"))
    (recording,) = (shared / "audio").glob("*Sugar*.ogg")
    ending = tutti("explain", "musicnn-mtat", recording, "--json")
    assert ending.code == 0, ending.stderr
    found = json.loads(ending.stdout)
    means = [sum(column) / len(column) for column in zip(*found["probabilities"], strict=True)]
    assert found["labels"][means.index(max(means))] == "classical"
    assert 0 < found["times"][0] < found["times"][-1] < found["duration"]


def test_an_item_of_a_catalogue_is_explained_as_a_page_and_as_numbers(tutti, shelf, shelf_model, tmp_path):
    shelf_model.save(tmp_path / "model")
    page = tmp_path / "item.html"
    ending = tutti("explain", tmp_path / "model", "0a", "--on", shelf.folder, "--tag", "low", "-o", page, "--json")
    assert (ending.code, ending.stderr) == (0, f"drawn: Song 0a by Artist 0: why shelf says “low”, in {page}\n")
    found = json.loads(ending.stdout)
    assert (found["item"], found["label"], found["unit"]) == ("0a", "low", "log-odds")
    assert page.stat().st_size > 5000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["0a"], "is a multimodal model: it explains items"),
        (["0z", "--on", "SHELF"], "there is no track in"),
        (["0a", "--on", "SHELF", "--without", "audio,image,text"], "has nothing to go by"),
        (["0a", "--on", "SHELF", "--map", "taggram"], "--map, --start, --with and --device are of single sounds"),
        (["0a", "--on", "SHELF", "--by", "letter"], "there is no part of a text called 'letter'"),
        (["0a", "--without", "text"], "--without and --by are of items"),
    ],
)
def test_what_cannot_be_explained_of_an_item_is_told_in_two_lines(
    tutti, shelf, shelf_model, tmp_path, arguments, message
):
    shelf_model.save(tmp_path / "model")
    given = [shelf.folder if one == "SHELF" else one for one in arguments]
    ending = tutti("explain", tmp_path / "model", *given, "-o", tmp_path / "x.html")
    assert (ending.code, ending.stdout) == (1, "")
    assert message in ending.stderr
    assert [line.split(":")[0] for line in ending.stderr.splitlines()] == ["error", "hint"]
    assert not (tmp_path / "x.html").exists()
