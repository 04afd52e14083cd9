"""Scores and hits, on parts made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tutti.search.meaning import Meaning
from tutti.search.ranking import Part, rank, rejected_above

ALL = np.ones(4, dtype=bool)
UNIQUE = np.arange(4)


def part(scores: list[float], present: list[bool] | None = None, *, is_negative: bool = False) -> Part:
    meaning = Meaning(phrase="x", how="tag", is_negative=is_negative)
    flags = np.array(present if present is not None else [True] * len(scores))
    return Part(term="x", meaning=meaning, scores=np.array(scores, dtype=np.float32), present=flags)


def test_the_score_is_the_geometric_mean_of_the_parts() -> None:
    ranking = rank([part([0.9, 0.5, 0.1, 0.4]), part([0.4, 0.5, 0.9, 0.1])], ALL, UNIQUE, k=4)
    assert ranking.rows.tolist() == [0, 1, 2, 3]
    assert ranking.scores == pytest.approx([0.6, 0.5, 0.3, 0.2])


def test_ties_go_by_the_order_of_the_tracks_and_the_order_never_changes() -> None:
    parts = [part([0.5, 0.7, 0.5, 0.7])]
    assert rank(parts, ALL, UNIQUE, k=4).rows.tolist() == [1, 3, 0, 2]


def test_what_is_not_present_is_no_hit_however_high_its_share() -> None:
    ranking = rank([part([0.99, 0.9, 0.8, 0.7], [False, False, True, False])], ALL, UNIQUE, k=4)
    assert ranking.rows.tolist() == [2]


def test_a_track_that_has_both_comes_before_one_that_has_one() -> None:
    ranking = rank([part([0.9] * 4), part([0.5, 0.6, 0.1, 0.1], [True, False, False, False])], ALL, UNIQUE, k=4)
    assert ranking.rows[0] == 0
    assert len(ranking.rows) == 4


def test_a_minus_rejects_and_does_not_make_a_hit_by_itself() -> None:
    wanted = part([0.9, 0.8, 0.7, 0.6], [True, True, True, False])
    rejected = part([0.1, 0.9, 0.8, 0.9], [False, True, True, True], is_negative=True)
    assert rank([wanted, rejected], ALL, UNIQUE, k=4).rows.tolist() == [1, 2]


def test_only_candidates_are_ranked_and_at_most_k() -> None:
    candidates = np.array([False, True, True, True])
    assert rank([part([0.9, 0.8, 0.7, 0.6])], candidates, UNIQUE, k=2).rows.tolist() == [1, 2]


def test_of_equal_files_only_the_better_ranked_is_given() -> None:
    ranking = rank([part([0.9, 0.8, 0.7, 0.6])], ALL, np.array([0, 0, 2, 3]), k=2)
    assert ranking.rows.tolist() == [0, 2]


# Above which evidence a minus rejects


def drawn(*groups: tuple[float, int]) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(mean, 0.3, size) for mean, size in groups]).astype(np.float32)


def test_tracks_that_stand_apart_are_rejected_although_models_are_not_sure_of_them() -> None:
    threshold = rejected_above(drawn((-2.3, 60), (-0.3, 40)))
    assert -1.8 < threshold < -0.8


def test_among_tracks_of_one_kind_a_minus_rejects_none_that_models_do_not_hear_it_in() -> None:
    assert rejected_above(drawn((-2.0, 100))) == 0
    assert rejected_above(np.linspace(-1, -0.1, 100, dtype=np.float32)) == 0


def test_of_two_kinds_in_which_it_is_hardly_heard_neither_is_rejected() -> None:
    assert rejected_above(drawn((-4.0, 60), (-2.0, 40))) == 0


def test_few_tracks_do_not_part() -> None:
    assert rejected_above(drawn((-2.3, 10), (-0.3, 9))) == 0
