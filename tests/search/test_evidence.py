"""Evidence from probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from tutti.search.evidence import Evidence, ModelEvidence, mean_of_known, percentiles
from tutti.text.vocabulary import Vocabulary


def evidence_of(labels: dict[str, list[str]], probabilities: dict[str, list], **rates: float) -> Evidence:
    models = {
        name: ModelEvidence(probabilities=np.array(rows, dtype=np.float32), base_rates=rates)
        for name, rows in probabilities.items()
    }
    return Evidence(Vocabulary(labels), models, len(next(iter(probabilities.values()))))


def test_a_probability_equal_to_the_base_rate_is_no_evidence() -> None:
    evidence = evidence_of({"m": ["jazz"]}, {"m": [[0.2], [0.5]]}, jazz=0.2)
    # (0.5 / 0.5) / (0.2 / 0.8) = 4
    assert evidence.of("jazz") == pytest.approx([0, np.log(4)], abs=1e-6)


def test_without_a_known_rate_one_track_in_twenty_is_assumed() -> None:
    assert evidence_of({"m": ["jazz"]}, {"m": [[0.05]]}).of("jazz") == pytest.approx([0], abs=1e-6)


def test_an_absence_speaks_against_the_concept() -> None:
    evidence = evidence_of({"m": ["no vocals"]}, {"m": [[0.9], [0.01]]})
    assert evidence.of("vocals")[0] < 0 < evidence.of("vocals")[1]


def test_many_labels_of_one_model_do_not_outvote_another_model() -> None:
    labels = {"a": ["female", "woman", "female vocal"], "b": ["female vocalists"]}
    evidence = evidence_of(labels, {"a": [[0.5, 0.5, 0.5]], "b": [[0.05]]})
    assert evidence.of("female vocals") == pytest.approx([np.log(19) / 2], abs=1e-5)


def test_a_model_that_has_not_heard_a_track_has_no_say() -> None:
    evidence = evidence_of({"a": ["jazz"], "b": ["jazz"]}, {"a": [[0.5], [np.nan]], "b": [[np.nan], [np.nan]]})
    assert evidence.of("jazz")[0] == pytest.approx(np.log(19), abs=1e-5)
    assert np.isnan(evidence.of("jazz")[1])


def test_percentiles_do_not_depend_on_the_scale_and_leave_the_unknown_at_zero() -> None:
    values = np.array([0.1, np.nan, 5.0, 0.2], dtype=np.float32)
    assert percentiles(values).tolist() == pytest.approx([1 / 6, 0, 5 / 6, 0.5])
    assert np.array_equal(percentiles(values), percentiles(10 * values - 3))


def test_the_mean_of_nothing_known_is_unknown() -> None:
    rows = np.array([[1, np.nan], [3, np.nan]], dtype=np.float32)
    assert mean_of_known(rows)[0] == 2
    assert np.isnan(mean_of_known(rows)[1])
