"""The supervised scheme alone: what its batches hold and what is lost, against sums by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from tutti.audio.augmentation import Augmentation, AugmentationConfig
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling
from tutti.audio.store import open_store
from tutti.errors import ConfigError
from tutti.training.sampling import spread_starts
from tutti.training.supervised import LabelledSounds, SupervisedConfig, SupervisedTagging

N_SAMPLES = 100


class Levels(nn.Module):
    """Logits that tell the mean of an excerpt, once as it is and once turned around."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, waveforms):
        mean = self.scale * waveforms.mean(dim=1)
        return torch.stack([mean, -mean], dim=1)


@pytest.fixture
def sounds(tmp_path):
    """Four ramps of 1000 samples, the first two from 0 to 1, the others from 0 to -1; one label each."""
    ramp = np.linspace(0, 1, 1000, dtype=np.float32)
    waveforms = [ramp, ramp, -ramp, -ramp]
    recordings = [Recording.from_waveform(one, 16_000, key=str(i)) for i, one in enumerate(waveforms)]
    store = open_store(recordings, tmp_path / "store", sample_rate=16_000, resampling=Resampling())
    targets = np.array([[True, False], [True, False], [False, True], [False, True]])
    return LabelledSounds(store=store, rows=np.arange(4), targets=targets)


class Normalised(Levels):
    """The same, normalised over the batch; what it cannot do of one excerpt."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(2)

    def forward(self, waveforms):
        return self.norm(super().forward(waveforms))


def scheme_of(sounds, task="tags", augment=None, **settings):
    config = SupervisedConfig(**{"batch_size": 4, **settings})
    return SupervisedTagging(sounds, sounds, config, n_samples=N_SAMPLES, seed=0, task=task, augment=augment)


def first_batch(scheme, epoch=1):
    draw = scheme.draws(epoch)[0]
    return scheme.alter(scheme.load(draw), draw)


def test_an_excerpt_is_cut_where_its_draw_says(sounds):
    scheme = scheme_of(sounds)
    draw = scheme.draws(1)[0]
    waveforms, targets = scheme.load(draw)
    for row, start, waveform, target in zip(*draw.excerpts, waveforms, targets, strict=True):
        sign = 1 if row < 2 else -1
        assert waveform[0].item() == pytest.approx(sign * start / 999, abs=1e-4)
        assert target.tolist() == sounds.targets[row].tolist()


def test_the_loss_of_tags_is_binary_cross_entropy_on_logits(sounds):
    waveforms, targets = first_batch(scheme_of(sounds))
    mean = waveforms.mean(dim=1).double()
    logits = torch.stack([mean, -mean], dim=1)
    wanted = targets.double()
    by_hand = -(wanted * torch.sigmoid(logits).log() + (1 - wanted) * (1 - torch.sigmoid(logits)).log()).mean()
    assert scheme_of(sounds).loss(Levels(), (waveforms, targets)).item() == pytest.approx(by_hand.item(), abs=1e-6)


def test_the_loss_of_classes_is_the_negative_logarithm_of_the_softmax(sounds):
    waveforms, targets = first_batch(scheme_of(sounds, "classes"))
    mean = waveforms.mean(dim=1).double()
    # of two logits m and -m the softmax is the sigmoid of 2 m
    by_hand = -torch.sigmoid(2 * mean * (2 * targets[:, 0] - 1)).log().mean()
    loss = scheme_of(sounds, "classes").loss(Levels(), (waveforms, targets))
    assert loss.item() == pytest.approx(by_hand.item(), abs=1e-6)


def test_a_song_answers_with_the_average_of_its_excerpts_logits(sounds):
    scheme = scheme_of(sounds, level="song", excerpts_per_song=4, batch_size=8)
    waveforms, targets = first_batch(scheme)
    assert waveforms.shape == (2, 4, N_SAMPLES)
    assert scheme.n_steps == 2
    mean = waveforms.mean(dim=(1, 2)).double()
    logits = torch.stack([mean, -mean], dim=1)
    by_hand = -(targets * torch.sigmoid(logits).log() + (1 - targets) * torch.sigmoid(-logits).log()).mean()
    assert scheme.loss(Levels(), (waveforms, targets)).item() == pytest.approx(by_hand.item(), abs=1e-6)


def test_excerpts_of_a_song_are_spread_over_it_and_reach_every_place():
    lengths = np.array([1000, 300, 100, 40])
    starts = np.stack([spread_starts(lengths, 100, count=3, seed=0, epoch=epoch) for epoch in range(400)])
    assert starts.shape == (400, 4, 3)
    assert (starts[:, 2:] == 0).all()
    assert (np.diff(starts, axis=2) >= 0).all()
    for part, (low, high) in enumerate([(0, 300), (300, 600), (600, 900)]):
        assert low <= starts[:, 0, part].min() < low + 10
        assert high - 10 < starts[:, 0, part].max() <= high


def test_augmentation_follows_from_seed_epoch_and_batch(sounds):
    augment = Augmentation(AugmentationConfig(), sample_rate=16_000)
    scheme, again = (scheme_of(sounds, augment=augment, batch_size=2) for _ in range(2))
    plain = scheme_of(sounds, batch_size=2)
    torch.testing.assert_close(first_batch(scheme)[0], first_batch(again)[0], rtol=0, atol=0)
    assert not torch.equal(first_batch(scheme)[0], first_batch(plain)[0])
    draws = scheme.draws(1)
    numbers = {torch.rand(1, generator=draw.generator()).item() for draw in [*draws, *scheme.draws(2)]}
    assert len(numbers) == 4


def test_songs_are_augmented_excerpt_by_excerpt(sounds):
    augment = Augmentation(AugmentationConfig(), sample_rate=16_000)
    waveforms, _ = first_batch(scheme_of(sounds, augment=augment, level="song", excerpts_per_song=2))
    assert waveforms.shape == (2, 2, N_SAMPLES)


def test_validation_averages_probabilities_of_tracks_and_losses_of_excerpts(sounds):
    scheme = scheme_of(sounds, valid_excerpts=2)
    with torch.inference_mode():
        valid = scheme.validate(Levels())
    mean = np.array([np.linspace(0, 1, 1000)[start : start + 100].mean() for start in (0, 900)])
    right, wrong = (1 / (1 + np.exp(-sign * mean)) for sign in (1, -1))
    assert valid["excerpt_loss"] == pytest.approx(-(np.log(right) + np.log(1 - wrong)).mean() / 2, abs=1e-4)
    assert valid["loss"] == pytest.approx(-(np.log(right.mean()) + np.log(1 - wrong.mean())) / 2, abs=1e-4)
    assert (valid["roc_auc_macro"], valid["pr_auc_macro"]) == (1, 1)
    assert "accuracy" not in valid


def test_validation_of_classes_tells_their_accuracy(sounds):
    scheme, turned = scheme_of(sounds, "classes"), Levels()
    turned.scale.data.neg_()
    with torch.inference_mode():
        assert scheme.validate(Levels())["accuracy"] == 1
        assert scheme.validate(turned)["accuracy"] == 0


def test_most_tracks_must_be_longer_than_an_excerpt_to_be_heard_as_songs(sounds):
    config = SupervisedConfig(level="song", batch_size=8)
    with pytest.raises(ConfigError, match="4 of 4 tracks are no longer than one excerpt of 1000 samples"):
        SupervisedTagging(sounds, sounds, config, n_samples=1000, seed=0)


@pytest.mark.parametrize(
    ("n_tracks", "batch_size", "n_processes", "hint"),
    [
        (1, 32, 1, "train on more tracks; set scheme.batch_size to 4 or more"),
        (4, 1, 1, "set scheme.batch_size to 4 or more"),
        (3, 2, 1, "set scheme.batch_size to 4 or more"),
        (3, 8, 2, "train on more tracks; set scheme.batch_size to 8 or more"),
        (4, 2, 2, "set scheme.batch_size to 8 or more"),
    ],
)
def test_a_network_that_normalises_over_the_batch_is_given_no_lone_excerpt(
    sounds, n_tracks, batch_size, n_processes, hint
):
    few = LabelledSounds(store=sounds.store, rows=sounds.rows[:n_tracks], targets=sounds.targets[:n_tracks])
    scheme, network = scheme_of(few, batch_size=batch_size), Normalised()
    drawn = [draw.share(rank, n_processes) for draw in scheme.draws(1) for rank in range(n_processes)]
    assert min(len(draw.excerpts.rows) for draw in drawn) == 1
    with pytest.raises(ConfigError, match="leave an excerpt alone in its batch") as caught:
        scheme.check_batches(network, n_processes=n_processes)
    assert caught.value.hint == hint
    scheme.check_batches(Levels(), n_processes=n_processes)  # does not normalise, so one excerpt will do


@pytest.mark.parametrize("settings", [{"batch_size": 2}, {"batch_size": 3}, {"level": "song", "excerpts_per_song": 4}])
def test_batches_of_two_excerpts_or_more_pass_and_trying_leaves_the_network_alone(sounds, settings):
    network, state = Normalised(), torch.get_rng_state()
    scheme_of(sounds, **settings).check_batches(network)
    scheme_of(sounds, batch_size=1).check_batches(Levels())
    assert torch.equal(torch.get_rng_state(), state)
    assert network.norm.num_batches_tracked == 0
