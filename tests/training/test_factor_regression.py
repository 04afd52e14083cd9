"""Factors regressed from sound: what the scheme lowers, and whole runs on the catalogue of tones."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tutti.data.catalogue import Catalogue
from tutti.data.track import Listens
from tutti.errors import ConfigError, ModelError
from tutti.listening.factors import Factors
from tutti.models.model import Model
from tutti.models.tagging import tag_files
from tutti.training.factor_regression import FactorRegressionConfig, cosine_loss
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train

pytest.importorskip("implicit")


@pytest.fixture(scope="module")
def heard(tones, tmp_path_factory) -> Catalogue:
    """The tones with forty listeners, half of whom like high ones, half low ones; nobody has played the last."""
    catalogue = Catalogue.create(tmp_path_factory.mktemp("heard") / "catalogue")
    tracks = tones.tracks()
    catalogue.put_tracks([replace(track, artist=f"artist {track.track_id}") for track in tracks])
    rng = np.random.default_rng(0)
    catalogue.put_listens(
        Listens(user=f"u{user:02}", track_id=track.track_id, plays=int(rng.integers(1, 4)))
        for user in range(40)
        for track in tracks[:-1]
        if ("low" in track.tags) == (user % 2 == 0) and rng.random() < 0.7
    )
    return catalogue


@pytest.fixture
def listening(heard, table) -> dict:
    """A recipe that learns who likes which tones within seconds."""
    table["data"] = {"catalogue": str(heard.folder)}
    table["scheme"] = {
        "name": "factor-regression",
        "batch_size": 8,
        "excerpts_per_track": 2,
        "depth": 3,
        "factors": {"n_factors": 2, "alpha": 10.0, "regularisation": 0.1},
    }
    table["training"] |= {"epochs": 12, "learning_rate": 0.01}
    return table


def test_half_cosine_loss_is_zero_for_the_direction_and_one_for_its_opposite():
    wanted = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    assert cosine_loss(2 * wanted, wanted).item() == pytest.approx(0)
    assert cosine_loss(-wanted, wanted).item() == pytest.approx(1)
    assert cosine_loss(wanted.flip(1), wanted).item() == pytest.approx(0.5)


@pytest.mark.parametrize("loss", ["cosine", pytest.param("mse", marks=pytest.mark.slow)])
def test_listeners_tastes_are_heard_in_tracks_by_new_artists(listening, loss):
    listening["scheme"]["loss"] = loss
    run = train(parse_recipe(listening), quiet=True)
    metrics = run.report.metrics
    assert metrics["cosine"].value > 0.6
    assert metrics["r2"].value > 0.1
    assert metrics["ndcg_audio"].value > metrics["ndcg_random"].value
    assert (run.report.n_items, run.report.n_unplayed) == (8, 1)
    assert len(Factors.open(run.folder / "factors").users) == 40


@pytest.mark.slow
def test_the_bundle_gives_the_factors_as_they_are(listening, heard):
    listening["scheme"]["loss"] = "mse"
    run = train(parse_recipe(listening), quiet=True)
    model = Model.load(run.bundle)
    track = heard.tracks()[0]
    values = model.predict(track.audio)
    wanted = Factors.open(run.folder / "factors").of_tracks([track.track_id])[0]
    assert values.min() < 0 or values.max() > 1 or np.allclose(values.sum(), wanted.sum(), atol=0.5)
    assert 0.3 < np.linalg.norm(values) / np.linalg.norm(wanted) < 3
    with pytest.raises(ModelError, match="2 values, such as 'factor 0', and no probabilities"):
        tag_files([track.audio], [model])


@pytest.mark.slow
def test_outputs_of_a_model_of_values_are_its_logits(listening):
    run = train(parse_recipe(listening), quiet=True)
    waveform = 0.1 * np.random.default_rng(0).standard_normal(run.model.n_samples).astype(np.float32)
    with torch.inference_mode():
        wanted = run.model.network(torch.from_numpy(waveform)[None])[0].numpy()
    assert np.allclose(run.model.predict(waveform, run.model.sample_rate), wanted, atol=1e-4)


@pytest.mark.slow
def test_a_run_tells_who_has_no_plays_and_goes_on_after_its_end(listening):
    told: list[str] = []
    first = train(parse_recipe(listening), quiet=True, tell=told.append)
    assert "31 of 32 tracks were played, by 40 users; 1 by nobody" in told[0]
    again = train(parse_recipe(listening), quiet=True)
    assert first.report.to_json() == again.report.to_json()


def test_splits_that_share_an_artist_are_refused(listening, heard, tmp_path):
    shared = Catalogue.create(tmp_path / "shared")
    shared.put_tracks([replace(track, artist="the same") for track in heard.tracks()])
    shared.put_listens(heard.listens())
    listening["data"]["catalogue"] = str(shared.folder)
    with pytest.raises(ConfigError, match="8 tracks of the split valid are by artists of the split train"):
        train(parse_recipe(listening), quiet=True)


def test_tracks_without_splits_are_split_by_artist(listening, heard, tmp_path):
    unsplit = Catalogue.create(tmp_path / "unsplit")
    unsplit.put_tracks([replace(track, split=None) for track in heard.tracks()])
    unsplit.put_listens(heard.listens())
    listening["data"]["catalogue"] = str(unsplit.folder)
    listening["training"]["epochs"] = 1
    assert train(parse_recipe(listening), quiet=True).report.n_items == 6


def test_plays_come_from_a_table_as_well_and_a_catalogue_without_any_is_refused(listening, heard, tones, tmp_path):
    listening["training"]["epochs"] = 1
    wanted = train(parse_recipe(listening), quiet=True).report
    rows = [f"{one.user}\t{one.track_id}\t{one.plays}" for one in heard.listens()]
    (tmp_path / "plays.tsv").write_text("\n".join(rows) + "\n")
    listening["scheme"]["plays"] = str(tmp_path / "plays.tsv")
    listening["output"] = str(tmp_path / "table")
    assert train(parse_recipe(listening), quiet=True).report.metrics == wanted.metrics
    del listening["scheme"]["plays"]
    listening |= {"output": str(tmp_path / "none"), "data": {"catalogue": str(tones.folder)}}
    with pytest.raises(ConfigError, match="nobody has played anything"):
        train(parse_recipe(listening), quiet=True)


def test_settings_without_sense_are_refused():
    with pytest.raises(ConfigError, match="depth=0"):
        FactorRegressionConfig(depth=0)
    table = {"name": "x", "scheme": {"name": "factor-regression", "factors": {"method": "bpr"}}}
    with pytest.raises(ConfigError, match="factors by bpr have none for tracks that are held out"):
        parse_recipe(table)
    table["scheme"] = {"name": "factor-regression", "factors": {"alfa": 1.0}}
    with pytest.raises(ConfigError, match="alfa"):
        parse_recipe(table)


def test_a_batch_that_leaves_an_excerpt_alone_is_refused_before_training(listening):
    listening["scheme"] |= {"batch_size": 1}
    with pytest.raises(ConfigError, match="leave an excerpt alone"):
        train(parse_recipe(listening), quiet=True)
