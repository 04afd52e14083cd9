"""Items explained as a whole: everything there is, and words for what is not."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item
from tutti.data.track import Track
from tutti.errors import ConfigError, UnknownNameError
from tutti.explain.item_drawing import explain_named_item, write_item
from tutti.explain.items import explain_item, find_item
from tutti.models.fusion import FusionConfig, build_fusion
from tutti.models.multimodal import MultimodalModel
from tutti.models.readouts import FactorReadout, ValueReadout


def explained(shelf, model, key, **settings):
    return explain_item(model, find_item(shelf, key, model=model), **settings)


def test_an_item_that_has_everything_is_explained_by_all_of_it(shelf, shelf_model):
    made = explained(shelf, shelf_model, "0a", label="low")
    assert made.cover.values.shape == made.cover.seen.shape[:2] == (32, 32)
    assert made.words.text == "A lively record of low tones, number 0a."
    (track,) = made.seconds
    assert np.isfinite(track.values).all()
    assert made.prediction == pytest.approx(float(made.shares.whole[0]))
    assert made.title == "Song 0a by Artist 0: why shelf says “low”"
    assert json.loads(json.dumps(made.to_json(), allow_nan=False))["modalities"][0]["present"] is True


@pytest.mark.parametrize(
    ("key", "missing", "told"),
    [("10b", "image", "there is no cover"), ("11b", "text", "there is no text"), ("2b", "audio", "there is no sound")],
)
def test_what_is_missing_is_said(shelf, shelf_model, key, missing, told, tmp_path):
    made = explained(shelf, shelf_model, key)
    assert made.notes[missing] == told
    parts = {"audio": bool(made.seconds), "image": made.cover is not None, "text": made.words is not None}
    assert [modality for modality, is_there in parts.items() if not is_there] == [missing]
    page = write_item(made, tmp_path / "item.html").read_text(encoding="utf-8")
    assert f"Nothing to show: {told}." in page
    assert write_item(made, tmp_path / "item.png").stat().st_size > 1000


def test_a_sound_alone_is_all_there_is(shelf, shelf_model, tmp_path):
    made = explained(shelf, shelf_model, "1b")
    page = write_item(made, tmp_path / "item.html").read_text(encoding="utf-8")
    assert "all there is" in page
    assert "NaN" not in page
    assert "nan" not in page.replace("data:", "").partition("<script>")[0].split("src=")[0]
    write_item(made, tmp_path / "item.svg")
    assert "all there is" in (tmp_path / "item.svg").read_text(encoding="utf-8")


def test_a_modality_may_be_left_out(shelf, shelf_model):
    made = explained(shelf, shelf_model, "0a", without=["text"])
    assert (made.words, made.notes["text"]) == (None, "left out")
    assert made.cover is not None


def test_the_highest_prediction_is_explained_unless_another_is_asked_for(shelf, shelf_model):
    made = explained(shelf, shelf_model, "0a")
    assert made.prediction == made.shares.whole.max()
    with pytest.raises(UnknownNameError, match="no label of shelf called 'lo'"):
        explained(shelf, shelf_model, "0a", label="lo")


def test_an_item_of_which_nothing_can_be_read_is_refused(shelf_model, tmp_path):
    (tmp_path / "cover.png").write_bytes(b"no picture")
    empty = Item(item_id="empty", title="Empty", tracks=(Track(track_id="empty"),))
    with pytest.raises(ConfigError, match="it has no sound, no cover, no text"):
        explain_item(shelf_model, empty)
    with pytest.raises(ConfigError, match="no picture of a known format"):
        explain_item(shelf_model, dataclasses.replace(empty, covers=(tmp_path / "cover.png",)))


def test_texts_cannot_break_out_of_a_page(shelf_model, tmp_path):
    nasty = "</script><script>alert(1)</script>"
    item = Item(item_id="x", title=nasty, artist=nasty, text=f"A lively record {nasty}", tags=(nasty,))
    page = write_item(explain_item(shelf_model, item), tmp_path / "x.html").read_text(encoding="utf-8")
    assert page.count("<script") == page.count("</script>") == 1
    assert "http" not in page.replace("http-equiv", "")


def test_an_album_is_found_by_its_title_however_spelled(shelf, shelf_model):
    config = dataclasses.replace(shelf_model.config, level="album")
    model = type(shelf_model)(config, shelf_model.encoders, shelf_model.fusion)
    by_title = find_item(shelf, "ALBUM 3", model=model)
    assert by_title == find_item(shelf, "Artist 3 / Album 3", model=model) == find_item(shelf, "3b", model=model)
    made = explain_item(model, by_title)
    assert [one.track.track_id for one in made.seconds] == ["3a", "3b"]
    with pytest.raises(UnknownNameError) as caught:
        find_item(shelf, "Albun 3", model=model)
    assert "did you mean 'Album 3'?" in caught.value.hint


def test_two_items_of_one_title_are_not_mistaken(shelf_model, tmp_path):
    catalogue = Catalogue.create(tmp_path / "two")
    catalogue.put_tracks([Track(track_id=key, title="Same") for key in ("a", "b")])
    with pytest.raises(ConfigError, match="2 tracks are called 'same'"):
        find_item(catalogue, "same", model=shelf_model)


def test_a_saved_model_explains_an_item_of_a_catalogue(shelf, shelf_model, tmp_path):
    shelf_model.save(tmp_path / "model")
    made = explain_named_item(tmp_path / "model", "0a", shelf.folder, label="calm", by="sentence")
    assert [one.text for one in made.words.parts] == ["A lively record of low tones, number 0a."]


def test_what_is_there_and_cannot_be_used_is_not_called_absent(shelf, shelf_model, tmp_path):
    (tmp_path / "cover.png").write_bytes(b"no picture")
    item = dataclasses.replace(find_item(shelf, "0a", model=shelf_model), covers=(tmp_path / "cover.png",))
    made = explain_item(shelf_model, item, without=["text"])
    assert made.absence("image") == "no cover that can be used"
    assert made.absence("text") == "left out"
    assert "no picture of a known format" in made.notes["image"]
    page = write_item(made, tmp_path / "item.html").read_text(encoding="utf-8")
    assert "no cover that can be used" in page


def test_a_damaged_track_of_an_album_is_named_and_the_others_are_explained(shelf, shelf_model, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF, but no sound")
    item = find_item(shelf, "0a", model=shelf_model)
    broken = Track(track_id="broken", title="Broken <b>", audio=tmp_path / "broken.wav")
    made = explain_item(shelf_model, dataclasses.replace(item, tracks=(*item.tracks, broken)))
    assert [len(one.values) > 0 for one in made.seconds] == [True, False]
    page = write_item(made, tmp_path / "item.html").read_text(encoding="utf-8")
    assert "Broken &lt;b&gt;" in page
    assert page.count("<audio") == 1
    write_item(made, tmp_path / "item.svg")
    assert "not drawn: 1 of 2 tracks" in (tmp_path / "item.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(("target", "unit"), [("values", "value"), ("label-factors", "likeness")])
def test_values_and_label_factors_are_explained_in_their_own_units(shelf, shelf_model, target, unit, tmp_path):
    torch.manual_seed(0)
    is_value = target == "values"
    readout = ValueReadout(torch.full((4,), -5.0), torch.ones(4)) if is_value else FactorReadout(torch.eye(4))
    fusion = build_fusion(shelf_model.fusion.dims, readout, FusionConfig())
    config = dataclasses.replace(shelf_model.config, target=target, fusion=FusionConfig())
    made = explained(shelf, MultimodalModel(config, shelf_model.encoders, fusion), "0a")
    assert made.unit == unit
    assert made.label == ("low" if is_value else made.shares.top(1)[0])  # of values the first
    assert (made.prediction < 0) == is_value
    for name in ("item.html", "item.png"):
        assert write_item(made, tmp_path / name).stat().st_size > 1000
