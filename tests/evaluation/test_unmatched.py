"""Cosines of pairs that do not belong together."""

import numpy as np
import pytest

from tutti.evaluation.unmatched import unmatched_cosines
from tutti.models.space_models import unit_rows


def test_items_are_never_paired_with_themselves_and_absent_ones_take_no_part():
    points = {"audio": np.eye(3, dtype=np.float32), "text": np.eye(3, dtype=np.float32)}
    found = unmatched_cosines(points, seed=0)["unmatched"]
    assert set(found) == {"audio-text", "text-audio"}
    assert found["audio-text"] == [0.0] * 101
    points["text"][:] = np.nan
    assert unmatched_cosines(points, seed=0) == {"unmatched": {}}


def test_quantiles_are_those_of_all_pairs():
    rng = np.random.default_rng(0)
    points = {name: unit_rows(rng.standard_normal((60, 5))) for name in ("audio", "text")}
    found = unmatched_cosines(points, seed=0)["unmatched"]["text-audio"]
    cosines = (points["text"] @ points["audio"].T)[~np.eye(60, dtype=bool)]
    assert found == sorted(found)
    for share in (10, 50, 90):
        assert found[share] == pytest.approx(np.quantile(cosines, share / 100), abs=0.03)
