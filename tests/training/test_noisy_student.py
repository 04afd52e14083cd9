"""The noisy student: what it is to say, from whom, and in which proportion."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import soundfile
import torch
from torch import nn

from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import open_store
from tutti.data.catalogue import Catalogue
from tutti.data.track import Track
from tutti.errors import ConfigError
from tutti.models.bundles import ModelConfig, read_config
from tutti.models.model import Model
from tutti.models.taggers import build_tagger
from tutti.training.noisy_student import NoisyStudent, NoisyStudentConfig, Taught
from tutti.training.pseudo_labels import label_union, write_pseudo_labels
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train
from tutti.training.supervised import LabelledSounds

RATE = 16_000
OPTIONS = {"n_channels": 2, "n_hidden": 4, "n_samples": RATE}


def teacher(name: str, labels: tuple[str, ...], *, seed: int = 0, **options) -> Model:
    torch.manual_seed(seed)
    options = OPTIONS | options
    network = build_tagger("compact_cnn", len(labels), **options)
    nn.init.normal_(network.head.weight, std=3.0)  # untrained heads say the same of everything
    return Model(ModelConfig(name=name, architecture="compact_cnn", labels=labels, options=options), network)


@pytest.fixture
def tracks(tmp_path) -> list[Track]:
    rng = np.random.default_rng(0)
    made = []
    for i in range(6):
        path = tmp_path / f"{i}.wav"
        time = np.arange(int((2 + 0.5 * i) * RATE)) / RATE
        soundfile.write(path, 0.2 * np.sin(2 * np.pi * 150 * 2**i * time) + rng.normal(0, 0.01, len(time)), RATE)
        made.append(Track(track_id=f"t{i}", artist=f"artist {i}", audio=path, split="valid" if i > 3 else "train"))
    return made


@pytest.fixture
def taught(tracks, tmp_path) -> Taught:
    teachers = {
        "genres": [teacher("one", ("rock", "jazz")), teacher("two", ("rock", "jazz"), seed=1)],
        "moods": [teacher("three", ("sad", "rock"), seed=2, sample_rate=8_000, n_samples=8_000)],
    }
    pseudo = write_pseudo_labels(tracks, teachers, tmp_path / "pseudo")
    recordings = [Recording.from_file(track.audio, key=track.track_id) for track in tracks]
    store = open_store(recordings, tmp_path / "store", sample_rate=RATE, resampling=Resampling())
    union = {**label_union(pseudo.sets), "unknown": ("catalogue:unknown",)}
    return Taught(store=store, rows=np.arange(len(store)), pseudo_labels=pseudo, union=union)


def scheme_of(taught: Taught, *, labelled=None, known=(), **settings) -> NoisyStudent:
    config = NoisyStudentConfig(batch_size=4, **{"unlabelled_share": 0.5 if labelled else 1.0} | settings)
    return NoisyStudent(
        taught, taught_valid=taught, labelled=labelled, known=known, config=config, n_samples=RATE, seed=0
    )


def labelled_sounds(taught: Taught, targets: list[list[bool]]) -> LabelledSounds:
    return LabelledSounds(store=taught.store, rows=np.arange(len(targets)), targets=np.asarray(targets))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_students_labels_are_the_union_and_each_teacher_speaks_for_its_own(taught):
    assert list(taught.union) == ["rock", "jazz", "sad", "unknown"]
    assert taught.is_taught.tolist() == [True, True, True, False]
    heard = taught.pseudo_labels.between("t0", 0.5, 1.5)
    logits = {name: np.log(p / (1 - p)) for name, p in heard.items()}
    wanted = [(logits["genres"][0] + logits["moods"][1]) / 2, logits["genres"][1], logits["moods"][0], 0.0]
    row = taught.store.keys.index("t0")
    np.testing.assert_allclose(taught.between(row, RATE // 2, 3 * RATE // 2), wanted, atol=1e-4)


def test_an_unlabelled_excerpt_is_to_be_what_teachers_heard_there(taught):
    scheme = scheme_of(taught)
    draw = scheme.draws(0)[0]
    waveforms, targets, is_labelled = scheme.load(draw)
    assert waveforms.shape == (len(targets), RATE)
    assert not is_labelled.any()
    for target, row, start in zip(targets.numpy(), *draw.excerpts, strict=True):
        wanted = sigmoid(taught.between(row, start, start + RATE))
        np.testing.assert_allclose(target[:3], wanted[:3], atol=1e-6)


def test_hard_pseudo_labels_are_decisions_and_whole_tracks_can_be_the_target(taught):
    hard = scheme_of(taught, pseudo="hard", threshold=0.3)
    soft = scheme_of(taught)
    _, decided, _ = hard.load(hard.draws(0)[0])
    _, probable, _ = soft.load(soft.draws(0)[0])
    assert torch.equal(decided, (probable >= 0.3).float())
    whole = scheme_of(taught, target="track")
    draw = whole.draws(0)[0]
    wanted = sigmoid(taught.of_tracks[draw.excerpts.rows])
    np.testing.assert_allclose(whole.load(draw)[1].numpy(), wanted, atol=1e-6)


def test_a_batch_has_its_share_of_labelled_excerpts_all_drawn_equally_often(taught):
    labelled = labelled_sounds(taught, [[True], [False], [True]])
    scheme = scheme_of(taught, labelled=(labelled, labelled), known=[3], excerpts_per_track=3)
    counts = np.zeros(3, dtype=int)
    for draw in scheme.draws(0):
        ours = draw.excerpts.rows[draw.excerpts.rows >= len(taught.rows)] - len(taught.rows)
        assert len(ours) == 2
        counts += np.bincount(ours, minlength=3)
    assert scheme.n_steps == 9  # 18 unlabelled excerpts, two a step
    assert counts.tolist() == [6, 6, 6]


def test_labelled_excerpts_supervise_only_the_catalogues_labels(taught):
    labelled = labelled_sounds(taught, [[True], [False]])
    scheme = scheme_of(taught, labelled=(labelled, labelled), known=[3], weight=2.0)
    batch = scheme.load(scheme.draws(0)[0])

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.logits = nn.Parameter(torch.tensor([0.3, -0.2, 0.1, 0.7]))

        def forward(self, waveforms):
            return self.logits.expand(len(waveforms), -1)

    network = Network()
    loss = scheme.loss(network, batch)
    bce = nn.functional.binary_cross_entropy_with_logits
    _, targets, is_labelled = batch
    logits = network.logits.expand(4, -1)
    wanted = bce(logits[is_labelled][:, 3:], targets[is_labelled][:, 3:])
    wanted = wanted + 2.0 * bce(logits[~is_labelled][:, :3], targets[~is_labelled][:, :3])
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-6)


def test_the_loss_of_logits_is_in_units_of_each_labels_spread(taught):
    scheme = scheme_of(taught, loss="logits")
    _, targets, _ = batch = scheme.load(scheme.draws(0)[0])
    off_by_one_spread = targets + torch.from_numpy(taught.of_tracks.std(axis=0))

    class Network(nn.Module):
        def forward(self, waveforms):
            return off_by_one_spread

    assert scheme.loss(Network(), batch).item() == pytest.approx(1.0, rel=1e-4)


def test_a_student_that_is_its_teacher_agrees_with_it(tracks, tmp_path):
    one = teacher("one", ("rock", "jazz"))
    pseudo = write_pseudo_labels(tracks, {"genres": [one]}, tmp_path / "p", hop=0.1)
    recordings = [Recording.from_file(track.audio, key=track.track_id) for track in tracks]
    store = open_store(recordings, tmp_path / "s", sample_rate=RATE, resampling=Resampling())
    taught = Taught(store=store, rows=np.arange(6), pseudo_labels=pseudo, union=label_union(pseudo.sets))
    scheme = scheme_of(taught, valid_excerpts=4)
    with torch.inference_mode():
        assert scheme.validate(one.network)["rank_correlation"] > 0.9


def student_recipe(tmp_path, **scheme) -> dict:
    return {
        "name": "student",
        "output": str(tmp_path / "run"),
        "model": {"architecture": "compact_cnn", "options": OPTIONS},
        "scheme": {"name": "noisy-student", "batch_size": 4, **scheme},
        "training": {"epochs": 2, "loaders": 0},
        "evaluation": {"n_resamples": 10},
    }


def put(tracks, folder) -> str:
    Catalogue.create(folder).put_tracks(tracks)
    return str(folder)


@pytest.mark.slow
def test_pure_distillation_makes_a_bundle_that_says_whose_labels_it_has(tracks, tmp_path):
    for name, labels in (("one", ("rock", "jazz")), ("two", ("sad", "rock"))):
        teacher(name, labels).save(tmp_path / name)
    teachers = {"genres": [str(tmp_path / "one")], "moods": [str(tmp_path / "two")]}
    table = student_recipe(tmp_path, unlabelled_share=1.0, unlabelled=put(tracks, tmp_path / "c"), teachers=teachers)
    run = train(parse_recipe(table), quiet=True)
    config = read_config(run.bundle)
    assert config.label_sources == {
        "rock": ("genres:rock", "moods:rock"),
        "jazz": ("genres:jazz",),
        "sad": ("moods:sad",),
    }
    assert "student on c, split valid, 2 items" in run.report.line()
    assert set(run.report.metrics) == {"rank_correlation", "rank_correlation_genres", "rank_correlation_moods"}
    again = train(parse_recipe(table), quiet=True)  # nothing is left to do
    assert again.model.fingerprint == run.model.fingerprint


def test_a_student_of_a_student_still_says_who_taught_its_labels_first(tracks, tmp_path):
    teacher("one", ("rock", "jazz")).save(tmp_path / "one")
    table = student_recipe(
        tmp_path,
        unlabelled_share=1.0,
        unlabelled=put(tracks, tmp_path / "c"),
        teachers={"genres": [str(tmp_path / "one")]},
        iterations=2,
    )
    run = train(parse_recipe(table), quiet=True)
    assert read_config(run.bundle).label_sources == {"rock": ("genres:rock",), "jazz": ("genres:jazz",)}


@pytest.mark.slow
def test_without_teachers_one_is_trained_on_the_labelled_tracks_first(tracks, tmp_path):
    labelled = [
        dataclasses.replace(track, tags=("low",) if i % 2 else ("high",), split=split)
        for i, (track, split) in enumerate(
            zip(tracks, ["train", "train", "valid", "valid", "test", "test"], strict=True)
        )
    ]
    new = [dataclasses.replace(track, track_id=f"new {i}", artist=None, split=None) for i, track in enumerate(tracks)]
    table = student_recipe(tmp_path, unlabelled=put(new, tmp_path / "new"), iterations=2)
    table["scheme"]["teacher"] = {"options": {**OPTIONS, "n_channels": 3}}
    table["data"] = {"catalogue": put(labelled, tmp_path / "c"), "labels": ["low", "high"]}
    run = train(parse_recipe(table), quiet=True)
    assert read_config(tmp_path / "run" / "teacher" / "model").options["n_channels"] == 3
    assert run.model.labels == ("low", "high")
    assert run.report.n_items == 2
    assert (tmp_path / "run" / "iteration-1" / "model").is_dir()


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        ({"unlabelled_share": 0.0}, "leaves nothing for teachers"),
        ({"pseudo": "hard", "loss": "logits"}, "hard pseudo-labels have no logits"),
        ({"mixup": 0.2, "loss": "logits"}, "logits cannot be mixed"),
        ({"threshold": 1.0}, "is no probability"),
        ({"iterations": 0}, "is not positive"),
        ({"teacher": {"depth": 3}}, "unknown setting 'scheme.teacher.depth'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path, scheme, message):
    with pytest.raises(ConfigError, match=message):
        parse_recipe(student_recipe(tmp_path, **scheme))


def test_what_is_missing_is_said(tracks, tmp_path):
    teacher("one", ("rock",)).save(tmp_path / "one")
    teachers = {"genres": [str(tmp_path / "one")]}
    with pytest.raises(ConfigError, match="neither labelled tracks nor teachers"):
        train(parse_recipe(student_recipe(tmp_path, unlabelled=put(tracks, tmp_path / "a"))), quiet=True)
    silent = put([Track(track_id="x")], tmp_path / "b")
    with pytest.raises(ConfigError, match="none of them unlabelled music"):
        train(parse_recipe(student_recipe(tmp_path, teachers=teachers, unlabelled=silent)), quiet=True)
    unsplit = put([dataclasses.replace(track, split=None) for track in tracks], tmp_path / "d")
    with pytest.raises(ConfigError, match="no tracks in the split valid"):
        train(parse_recipe(student_recipe(tmp_path, teachers=teachers, unlabelled=unsplit)), quiet=True)
    teacher("two", ("jazz",)).save(tmp_path / "two")
    other = {"genres": [str(tmp_path / "one"), str(tmp_path / "two")]}
    with pytest.raises(ConfigError, match="have different labels"):
        train(
            parse_recipe(student_recipe(tmp_path, teachers=other, unlabelled=put(tracks, tmp_path / "e"))), quiet=True
        )
    assert not (tmp_path / "run").exists()
