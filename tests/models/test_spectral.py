"""Tall convolutions by Fourier transforms give what convolving gives."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tutti.models.spectral import SpectralTimbreFilters


@pytest.mark.parametrize(
    ("n_bands", "height", "n_taps"), [(96, 67, 7), (96, 38, 7), (33, 20, 3), (8, 8, 1), (128, 67, 7)]
)
def test_the_outputs_are_those_of_the_convolution(n_bands, height, n_taps):
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 12, (height, n_taps), padding=(0, n_taps // 2))
    spectrograms = torch.randn(3, 1, n_bands, 25)
    with torch.inference_mode():
        expected = F.relu(conv(spectrograms)).amax(dim=2)
        ours = SpectralTimbreFilters(conv, n_bands=n_bands)(spectrograms)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)


def test_an_excerpt_s_outputs_do_not_depend_on_its_company_to_the_last_bit():
    torch.manual_seed(0)
    filters = SpectralTimbreFilters(nn.Conv2d(1, 12, (38, 7), padding=(0, 3)), n_bands=96)
    spectrograms = torch.randn(5, 1, 96, 25)
    together, alone = filters(spectrograms), torch.cat([filters(one[None]) for one in spectrograms])
    assert torch.equal(together, alone)
