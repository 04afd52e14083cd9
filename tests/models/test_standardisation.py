"""Standardisation of each place by itself, against NumPy."""

import numpy as np
import pytest
import torch

from tutti.errors import ConfigError
from tutti.models.standardisation import Standardisation


def test_places_get_mean_0_and_deviation_1_over_the_examples_it_was_fitted_on():
    examples = np.random.default_rng(0).normal(-40, 7, (50, 3, 4)).astype(np.float32)
    module = Standardisation(3, 4)
    module.fit(torch.from_numpy(some) for some in (examples[:20], examples[20:21], examples[21:]))
    np.testing.assert_allclose(module.mean.numpy(), examples.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(module.deviation.numpy(), examples.std(axis=0), rtol=1e-5)
    standard = module(torch.from_numpy(examples)).numpy()
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(standard.std(axis=0), 1, atol=1e-5)


def test_nothing_changes_before_it_was_fitted():
    values = torch.randn(2, 5)
    assert torch.equal(Standardisation(5)(values), values)


def test_a_place_that_never_varies_is_only_centred():
    module = Standardisation(2)
    module.fit([torch.tensor([[-80.0, 1.0], [-80.0, 3.0]])])
    assert module(torch.tensor([[-80.0, 2.0], [-70.0, 3.0]])).tolist() == [[0.0, 0.0], [10.0, 1.0]]


def test_what_was_fitted_is_saved_with_the_model():
    fitted, other = Standardisation(3), Standardisation(3)
    fitted.fit([torch.randn(8, 3)])
    other.load_state_dict(fitted.state_dict())
    values = torch.randn(2, 3)
    assert torch.equal(other(values), fitted(values))
    assert list(fitted.parameters()) == []


def test_no_examples_are_refused():
    with pytest.raises(ConfigError, match="nothing to take means"):
        Standardisation(3).fit([])
