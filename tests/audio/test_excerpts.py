"""Excerpts: where they begin, and that streaming cuts what slicing the whole waveform would."""

import contextlib
import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tutti.audio.excerpts import ExcerptPlan, Excerpts, ExcerptSpec, listen
from tutti.audio.recording import Recording
from tutti.audio.resampling import Resampling, resample
from tutti.errors import AudioError, ConfigError, UnknownNameError

plans = st.builds(
    ExcerptPlan,
    n_samples=st.integers(1, 300),
    count=st.integers(1, 20),
    hop=st.none() | st.integers(1, 500),
    spread=st.sampled_from(["even", "published"]),
)


@dataclass
class LyingSound:
    """A sound whose header announces another length than comes, in blocks of any size."""

    waveform: np.ndarray
    n_frames: int
    block: int = 97
    sample_rate: int = 8000
    tolerance: float | None = None
    cut_off: str | None = None

    def blocks(self, *, start=0):
        for begin in range(start, len(self.waveform), self.block):
            yield self.waveform[begin : begin + self.block, np.newaxis]


@dataclass
class Lying:
    """A recording of such a sound."""

    sound: LyingSound
    key: str = "lying"

    @contextlib.contextmanager
    def open(self):
        yield self.sound


def noise(n_samples: int) -> np.ndarray:
    return np.random.default_rng(n_samples).uniform(-1, 1, n_samples).astype(np.float32)


def cut(recording, plan: ExcerptPlan, sample_rate: int = 8000) -> np.ndarray:
    spec = ExcerptSpec(sample_rate=sample_rate, resampling=Resampling(), plan=plan)
    return np.concatenate([item.waveforms for item in listen(recording, [spec]) if isinstance(item, Excerpts)])


def sliced(waveform: np.ndarray, plan: ExcerptPlan) -> np.ndarray:
    stretches = [waveform[start : start + plan.n_samples] for start in plan.starts(len(waveform))]
    return np.stack([np.resize(stretch, plan.n_samples) for stretch in stretches])


@given(plans, st.integers(1, 5000))
@example(ExcerptPlan(n_samples=10, count=1), 100)
@example(ExcerptPlan(n_samples=10, hop=10), 95)
def test_excerpts_lie_within_the_sound_in_order_and_no_tail_is_lost(plan, total):
    plan = dataclasses.replace(plan, spread="even")
    starts = plan.starts(total)
    assert starts == sorted(set(starts))
    assert starts[0] >= 0
    assert starts[-1] + plan.n_samples <= max(total, plan.n_samples)
    if len(starts) > 1:
        assert (starts[0], starts[-1]) == (0, total - plan.n_samples)


@given(st.integers(1, 300), st.integers(1, 20), st.integers(1, 5000))
def test_spread_excerpts_are_as_many_as_asked_or_as_cover_the_sound_once(n_samples, count, total):
    starts = ExcerptPlan(n_samples=n_samples, count=count).starts(total)
    n_covering = max(1, -(-total // n_samples))
    assert len(starts) == min(count, n_covering)
    gaps = np.diff(starts)
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1
    if count >= n_covering > 1:
        assert gaps.max() <= n_samples


@given(st.integers(1, 300), st.integers(1, 500), st.integers(1, 5000))
def test_excerpts_at_a_hop_follow_each_other_at_it_but_for_the_last(n_samples, hop, total):
    starts = ExcerptPlan(n_samples=n_samples, hop=hop).starts(total)
    gaps = np.diff(starts)
    assert (gaps[:-1] == hop).all()
    assert gaps.size == 0 or 0 < gaps[-1] <= hop


@pytest.mark.parametrize(
    ("n_samples", "total", "hop"),
    [(59_049, 465_984, 25_433), (464_000, 465_984, 124)],  # by hand: (465,984 - n_samples) // 16
)
def test_the_published_spread_starts_where_the_published_code_did(n_samples, total, hop):
    starts = ExcerptPlan(n_samples=n_samples, count=16, spread="published").starts(total)
    assert starts == [hop * i for i in range(16)]


def test_an_unknown_spread_is_refused():
    with pytest.raises(UnknownNameError, match="even, published"):
        ExcerptPlan(n_samples=9, spread="odd")


def test_a_single_excerpt_is_the_middle():
    assert ExcerptPlan(n_samples=10, count=1).starts(100) == [45]


@given(plans, st.integers(1, 3000), st.integers(1, 700), st.sampled_from([8000, 11_025, 5000]))
@settings(max_examples=80, deadline=None)
def test_streaming_cuts_what_slicing_the_whole_would(plan, total, block, sample_rate):
    waveform = noise(total)
    recording = Lying(LyingSound(waveform, n_frames=total, block=block))
    whole = resample(waveform, 8000, sample_rate, resampling=Resampling())
    if len(whole):
        np.testing.assert_array_equal(cut(recording, plan, sample_rate), sliced(whole, plan))


@given(plans, st.integers(1, 9000), st.sampled_from([-9000, -4100, -3900, -50, -1, 1, 50, 3900, 4100, 50_000]))
@settings(max_examples=80, deadline=None)
def test_a_header_that_lies_about_the_length_changes_nothing(plan, total, lie):
    recording = Lying(LyingSound(noise(total), n_frames=max(0, total + lie)))
    np.testing.assert_array_equal(cut(recording, plan), sliced(noise(total), plan))


def test_a_short_sound_is_repeated_until_it_fills_an_excerpt():
    (excerpt,) = cut(Recording.from_waveform([0.1, 0.2, 0.3], 8000), ExcerptPlan(n_samples=7))
    np.testing.assert_array_equal(excerpt, np.array([0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1], np.float32))


def test_several_specs_share_one_decoding_and_get_what_each_alone_would():
    waveform = noise(4000)
    sound = LyingSound(waveform, n_frames=4000)
    specs = [
        ExcerptSpec(sample_rate=rate, resampling=Resampling(quality=quality), plan=plan)
        for rate, quality, plan in (
            (8000, "HQ", ExcerptPlan(n_samples=300)),
            (8000, "HQ", ExcerptPlan(n_samples=300, hop=200)),
            (6000, "HQ", ExcerptPlan(n_samples=500, count=3)),
            (6000, "LQ", ExcerptPlan(n_samples=500, count=3)),
        )
    ]
    items = list(listen(Lying(sound), specs))
    for spec in specs:
        together = np.concatenate([i.waveforms for i in items[:-1] if i.spec == spec])
        resampled = resample(waveform, 8000, spec.sample_rate, resampling=spec.resampling)
        np.testing.assert_array_equal(together, sliced(resampled, spec.plan))


def test_the_last_item_tells_length_peak_and_damage():
    waveform = np.array([0.1, -0.75, 0.2] * 1000, np.float32)
    spec = ExcerptSpec(sample_rate=8000, resampling=Resampling(), plan=ExcerptPlan(n_samples=300))
    *_, heard = listen(Lying(LyingSound(waveform, n_frames=4000, tolerance=0.0)), [spec])
    assert (heard.duration, heard.peak, heard.is_silent) == (0.375, 0.75, False)
    assert heard.damage == "the sound ends after 0.4 s, its header announces 0.5 s"
    *_, heard = listen(Lying(LyingSound(waveform, n_frames=4000, tolerance=0.2)), [spec])
    assert heard.damage is None


def test_a_sound_without_a_sample_above_a_hundred_decibels_down_is_silent():
    spec = ExcerptSpec(sample_rate=8000, resampling=Resampling(), plan=ExcerptPlan(n_samples=300))
    for level, is_silent in ((0.0, True), (0.9e-5, True), (1.1e-5, False)):
        *_, heard = listen(Recording.from_waveform(np.full(400, level, np.float32), 8000), [spec])
        assert heard.is_silent is is_silent


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_sample_that_is_not_a_number_refuses_the_sound(bad):
    waveform = np.zeros(100_000, np.float32)
    waveform[90_000] = bad
    with pytest.raises(AudioError, match="not finite"):
        cut(Recording.from_waveform(waveform, 8000), ExcerptPlan(n_samples=300))


@pytest.mark.parametrize("settings", [{"n_samples": 0}, {"n_samples": 9, "count": 0}, {"n_samples": 9, "hop": 0}])
def test_a_plan_of_nothing_is_refused(settings):
    with pytest.raises(ConfigError, match="is not positive"):
        ExcerptPlan(**settings)
