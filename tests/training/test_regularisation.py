"""Terms beside the loss: their values, what moves them, what they hear, and what is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import tutti.training.trainer as trainer_module
from tutti.audio.augmentation import Augmentation, AugmentationConfig
from tutti.data.catalogue import Catalogue
from tutti.errors import CatalogueError, ConfigError
from tutti.training.loading import Draw
from tutti.training.recipes import parse_recipe
from tutti.training.regularisation import (
    ConsistencyConfig,
    EntropyConfig,
    RegularisationConfig,
    Regularised,
    entropy,
    inconsistency,
)
from tutti.training.runs import train
from tutti.training.sampling import ExcerptBatch
from tutti.training.sounds import Sounds

MILD = {"probabilities": {"pitch_shift": 0.0, "reverb": 0.0, "filter": 0.0}}
QUIET = AugmentationConfig(preset="code", probabilities={"pitch_shift": 0, "reverb": 0, "filter": 0})


def logit(p: float) -> float:
    return math.log(p / (1 - p))


def test_the_entropy_of_tags_is_that_of_coins_and_of_classes_that_of_a_die():
    logits = torch.tensor([[logit(0.25), logit(0.5)]])
    coins = [-(p * math.log(p) + (1 - p) * math.log(1 - p)) for p in (0.25, 0.5)]
    assert entropy(logits, "tags").item() == pytest.approx(sum(coins) / 2, rel=1e-6)
    die = torch.tensor([[0.5, 0.25, 0.25]]).log()
    assert entropy(die, "classes").item() == pytest.approx(1.5 * math.log(2), rel=1e-6)


@pytest.mark.parametrize("task", ["tags", "classes"])
def test_the_entropy_of_certainty_is_nothing_and_its_gradient_a_number(task):
    logits = torch.tensor([[500.0, -500.0]], requires_grad=True)
    value = entropy(logits, task)
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(logits.grad).all()


def test_a_step_against_the_entropy_makes_answers_surer():
    logits = torch.tensor([[0.3, -0.2]], requires_grad=True)
    entropy(logits, "tags").backward()
    assert torch.equal(logits.grad.sign(), torch.tensor([[-1.0, 1.0]]))


def test_inconsistency_of_tags_is_worked_by_hand():
    ours, target = torch.tensor([[logit(0.5), logit(0.2)]]), torch.tensor([[logit(0.75), logit(0.2)]])
    squares = inconsistency(ours, target, ConsistencyConfig(measure="mse"), "tags")
    assert squares.item() == pytest.approx(0.25**2 / 2, rel=1e-5)
    divergence = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    found = inconsistency(ours, target, ConsistencyConfig(measure="kl"), "tags")
    assert found.item() == pytest.approx(divergence / 2, rel=1e-5)


def test_inconsistency_of_classes_is_worked_by_hand():
    ours, target = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.75, 0.25]]).log()
    squares = inconsistency(ours, target, ConsistencyConfig(measure="mse"), "classes")
    assert squares.item() == pytest.approx(0.25**2, rel=1e-5)
    divergence = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    found = inconsistency(ours, target, ConsistencyConfig(measure="kl"), "classes")
    assert found.item() == pytest.approx(divergence, rel=1e-5)


@pytest.mark.parametrize("measure", ["mse", "kl"])
@pytest.mark.parametrize("task", ["tags", "classes"])
def test_the_same_answers_are_consistent_and_targets_get_no_gradient(measure, task):
    logits, target = torch.randn(5, 3, requires_grad=True), torch.randn(5, 3, requires_grad=True)
    config = ConsistencyConfig(measure=measure)
    assert inconsistency(target, target, config, task).item() == pytest.approx(0, abs=1e-6)
    value = inconsistency(logits, target, config, task)
    value.backward()
    assert value > 0
    assert target.grad is None


def test_unsure_targets_do_not_count():
    ours, target = torch.zeros(1, 3), torch.tensor([[logit(0.6), logit(0.95), logit(0.05)]])
    found = inconsistency(ours, target, ConsistencyConfig(threshold=0.9), "tags")
    assert found.item() == pytest.approx(2 * 0.45**2 / 3, rel=1e-5)
    unsure_class = torch.tensor([[0.6, 0.4]]).log()
    assert inconsistency(torch.zeros(1, 2), unsure_class, ConsistencyConfig(threshold=0.7), "classes").item() == 0


def test_the_weights_rise_to_what_they_are_set_to():
    terms = RegularisationConfig(entropy=EntropyConfig(), ramp_up=4)
    shares = [terms.ramp(epoch) for epoch in range(1, 8)]
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(math.exp(-5))
    assert shares[4:] == [1, 1, 1]
    assert replace(terms, ramp_up=0).ramp(1) == 1


class Store:
    """Sounds that tell their row: constant at it."""

    def excerpts(self, rows, starts, *, n_samples):
        assert all(start >= 0 for start in starts)
        return np.repeat(np.asarray(rows, dtype=np.float32)[:, None], n_samples, axis=1)

    n_samples = np.full(10, 100)


class Plain:
    """A scheme that lowers the mean of the squares of what it answers to zeros."""

    n_steps = 2

    def draws(self, epoch):
        excerpts = ExcerptBatch(rows=np.arange(4), starts=np.zeros(4, dtype=np.int64))
        return [Draw(excerpts=excerpts, seed=(0, epoch, step)) for step in range(self.n_steps)]

    def load(self, draw):
        return [torch.ones(len(draw.excerpts.rows), 8), torch.zeros(len(draw.excerpts.rows))]

    def alter(self, batch, draw):
        assert len(batch) == 2
        return batch

    def loss(self, network, batch):
        waveforms, targets = batch
        return (network(waveforms)[:, 0] - targets).square().mean()

    def validate(self, network):
        return {"loss": 0.0}


def regularised(config: RegularisationConfig, augmentation: AugmentationConfig | None = QUIET) -> Regularised:
    sounds = Sounds(store=Store(), rows=np.arange(3, 8))  # type: ignore[arg-type]
    augment = None if augmentation is None else Augmentation(augmentation, sample_rate=8000)
    return Regularised(Plain(), sounds, config, n_samples=8, augment=augment)


def batch_of(scheme: Regularised, epoch: int = 1):
    draw = scheme.draws(epoch)[0]
    return scheme.alter(scheme.load(draw), draw)


def test_the_loss_is_the_schemes_plus_the_weighted_terms():
    network = nn.Linear(8, 2)
    config = RegularisationConfig(
        entropy=EntropyConfig(weight=0.3), consistency=ConsistencyConfig(weight=2.0), ramp_up=3
    )
    scheme = regularised(config)
    batch = batch_of(scheme, epoch=2)
    own, (view, target, ramp) = batch[:2], batch[2:]
    terms = 0.3 * entropy(network(view), "tags")
    terms += 2 * inconsistency(network(view), network(target), config.consistency, "tags")
    expected = Plain().loss(network, own) + config.ramp(2) * terms
    assert ramp.item() == pytest.approx(config.ramp(2))
    assert torch.allclose(scheme.loss(network, batch), expected)


def test_only_the_sounds_that_are_given_are_heard_as_many_as_the_ratio_says():
    scheme = regularised(RegularisationConfig(entropy=EntropyConfig(), ratio=1.25), augmentation=None)
    heard = [batch_of(scheme, epoch)[2][:, 0].tolist() for epoch in range(1, 30)]
    assert {len(rows) for rows in heard} == {5}
    assert {row for rows in heard for row in rows} == {3, 4, 5, 6, 7}


def test_two_alterations_differ_and_a_plain_target_is_not_altered():
    config = RegularisationConfig(consistency=ConsistencyConfig())
    *_, first, second, _ = batch_of(regularised(config))
    assert not torch.equal(first, second)
    plain = replace(config, consistency=ConsistencyConfig(target="plain"))
    *_, excerpts, _ = (scheme := regularised(plain)).load(draw := scheme.draws(1)[0])
    *_, target, _ = scheme.alter(scheme.load(draw), draw)
    assert torch.equal(excerpts, target)


def test_the_same_draw_gives_the_same_batch_and_each_process_hears_its_own():
    scheme = regularised(RegularisationConfig(consistency=ConsistencyConfig()))
    assert all(torch.equal(a, b) for a, b in zip(batch_of(scheme), batch_of(scheme), strict=True))
    shares = [scheme.load(scheme.draws(1)[0].share(rank, 2)) for rank in (0, 1)]
    assert [len(share[2]) for share in shares] == [2, 2]
    assert not torch.equal(shares[0][2], shares[1][2])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"regularisation": {}}, "names no term"),
        ({"regularisation": {"entropie": {}}}, "did you mean 'regularisation.entropy'"),
        ({"regularisation": {"entropy": {"weight": 0}}}, "the weight 0 of entropy is not positive"),
        ({"regularisation": {"entropy": {}, "ratio": 0}}, "ratio=0 hears nothing"),
        ({"regularisation": {"entropy": {}, "ramp_up": -1}}, "ramp_up=-1 is negative"),
        ({"regularisation": {"consistency": {}}}, "this recipe alters none"),
        ({"regularisation": {"consistency": {"threshold": 1}}, "augmentation": {}}, "threshold 1 of consistency"),
        ({"regularisation": {"consistency": {"measure": "l1"}}, "augmentation": {}}, "wanted 'mse' or 'kl'"),
        ({"regularisation": {"entropy": {}}, "scheme": {"name": "contrastive"}}, "the scheme contrastive gives none"),
    ],
)
def test_mistakes_in_the_recipe_are_named(table, message):
    with pytest.raises(ConfigError, match=message):
        parse_recipe({"name": "x", **table})


@pytest.fixture
def terms() -> dict:
    return {"consistency": {"measure": "kl", "threshold": 0.5}, "entropy": {"weight": 0.5}, "ramp_up": 2}


@pytest.mark.slow
def test_a_run_with_terms_that_was_killed_ends_as_if_it_had_not_been(table, terms, tmp_path, monkeypatch):
    table |= {"regularisation": terms, "augmentation": MILD}
    recipe = parse_recipe(table)
    unharmed = train(replace(recipe, output=tmp_path / "unharmed"), quiet=True)
    plain = train(parse_recipe({**table, "regularisation": None, "output": str(tmp_path / "plain")}), quiet=True)
    step, steps = trainer_module._step, iter(range(3))  # two steps an epoch

    def step_until_killed(*arguments):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(trainer_module, "_step", step_until_killed)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, quiet=True)
    monkeypatch.undo()
    again, first, without = (run.model.network.state_dict() for run in (train(recipe, quiet=True), unharmed, plain))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], without["head.weight"])


@pytest.mark.slow
def test_the_entropy_term_makes_a_tagger_surer_on_sounds_without_labels(table, tones, tmp_path):
    unlabelled = Catalogue.create(tmp_path / "unlabelled")
    tracks = [replace(track, tags=(), split=None) for track in tones.tracks()]
    (tmp_path / "broken.wav").write_text("not a sound")
    unlabelled.put_tracks([replace(tracks[0], audio=tmp_path / "broken.wav"), *tracks[1:]])
    lines: list[str] = []

    def mean_entropy(**changes) -> float:
        recipe = parse_recipe({**table, "output": str(tmp_path / f"run {len(changes)}"), **changes})
        model = train(recipe, quiet=True, tell=lines.append).model
        found = np.stack([model.predict(track.audio) for track in tracks[1:]]).astype(float)
        return entropy(torch.logit(torch.from_numpy(found)), "tags").item()

    table["training"] |= {"epochs": 6, "learning_rate": 0.01, "monitor": "roc_auc_macro", "patience": 0}
    term = {"catalogue": str(unlabelled.folder), "entropy": {"weight": 1.0}, "ratio": 2.0}
    assert mean_entropy(regularisation=term) < mean_entropy()
    assert "31 unlabelled tracks to be sure on; 1 more could not be decoded" in "\n".join(lines)
    assert (tmp_path / "run 1" / "waveforms-unlabelled" / "index.json").exists()


@pytest.mark.slow
def test_terms_and_a_start_go_with_a_noisy_student_too(table, tones, terms, tmp_path):
    first = train(parse_recipe({**table, "output": str(tmp_path / "first")}), quiet=True)
    other = Catalogue.create(tmp_path / "other")
    other.put_tracks([replace(track, track_id=f"x{track.track_id}", tags=(), split=None) for track in tones.tracks()])
    table["scheme"] = {"name": "noisy-student", "unlabelled": str(other.folder), "batch_size": 8}
    table["scheme"]["teachers"] = {"catalogue": [str(first.bundle)]}
    table["model"]["start"] = {"from": str(first.bundle), "frozen": ["encoder"]}
    run = train(parse_recipe({**table, "regularisation": terms, "augmentation": MILD}), quiet=True)
    ours, theirs = run.model.network.state_dict(), first.model.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours if name.startswith("encoder."))
    assert run.model.config.training["regularisation"]["ramp_up"] == 2


@pytest.mark.slow
def test_two_processes_share_terms_and_frozen_parts(table, terms, tmp_path):
    first = train(parse_recipe({**table, "output": str(tmp_path / "first")}), quiet=True)
    table["model"]["start"] = {"from": str(first.bundle), "frozen": ["encoder.layers"], "rates": {"head": 2.0}}
    table |= {"regularisation": terms, "augmentation": MILD, "training": {**table["training"], "devices": 2}}
    run = train(parse_recipe(table), quiet=True)
    ours, theirs = run.model.network.state_dict(), first.model.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours if name.startswith("encoder.layers."))
    assert not torch.equal(ours["head.weight"], theirs["head.weight"])


def test_a_catalogue_without_anything_to_hear_and_one_that_is_not_there_say_so(table, tones, tmp_path):
    empty = Catalogue.create(tmp_path / "empty")
    empty.put_tracks([replace(track, split="test") for track in tones.tracks()])
    table["regularisation"] = {"catalogue": str(empty.folder), "entropy": {}}
    with pytest.raises(ConfigError, match="no unlabelled track"):
        train(parse_recipe(table), quiet=True)
    assert not parse_recipe(table).folder.exists()
    table["regularisation"]["catalogue"] = str(tmp_path / "nowhere")
    with pytest.raises(CatalogueError, match="no catalogue in"):
        train(parse_recipe(table), quiet=True)
    assert not parse_recipe(table).folder.exists()
