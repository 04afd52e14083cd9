"""Oramas et al. 2018: the printed values against one another, and what of the settings follows from the paper."""

from __future__ import annotations

import numpy as np
import pytest

from tutti.data.datasets.msd_i import LABELS
from tutti.evaluation.human import pearson
from tutti.models.taggers import build_tagger
from tutti.papers.oramas2018 import BY_GENRE, BY_SOUND, COSINE, TABLE_2, TABLE_3, TABLE_6
from tutti.training.recipes import override, parse_recipe

N_LABELS, N_FACTORS = 250, 50


def column(name: str) -> np.ndarray:
    """The printed F1 of each genre in one column of table 3."""
    return np.array(TABLE_3.row(name).published["msd-i"][:-1])


def test_the_genres_stand_in_the_order_of_the_dataset():
    assert tuple(genre for genre, _ in BY_GENRE) == LABELS


@pytest.mark.parametrize("row", TABLE_3.rows, ids=lambda row: row.name)
def test_a_printed_average_is_the_mean_of_the_genres(row):
    *genres, average = row.published["msd-i"]
    assert np.mean(genres) == pytest.approx(average, abs=0.011)


@pytest.mark.parametrize(
    ("one", "other", "printed"),
    [
        ("network-audio", "network-visual", "0.74"),
        ("person-audio", "network-audio", "0.90"),
        ("person-visual", "network-visual", "0.18"),
    ],
)
def test_correlations_of_the_printed_values_are_what_the_note_says(one, other, printed):
    assert f"{pearson(column(one), column(other)):.2f}" == printed
    assert printed in TABLE_3.note


def test_diversity_never_falls_with_depth_but_where_it_is_misprinted():
    falling = [row.name for row in TABLE_6.rows if list(row.published["mumu"][1:]) != sorted(row.published["mumu"][1:])]
    assert falling == ["t-cosine-vsm"]


@pytest.mark.parametrize("one", BY_SOUND, ids=lambda one: f"{one[0]}-{one[2]}")
def test_printed_numbers_of_parameters_are_those_of_our_networks(one):
    target, architecture, _, millions, _ = one
    n_outputs = N_FACTORS if target == COSINE else N_LABELS
    n_parameters = sum(part.numel() for part in build_tagger(architecture, n_outputs).parameters())
    assert n_parameters / 1e6 == pytest.approx(float(millions), rel=0.3)


def test_fusions_take_the_vectors_of_factors_of_sound_and_text_and_of_labels_of_covers():
    for name in ("ati-logistic", "ati-cosine"):
        scheme = parse_recipe(TABLE_6.recipe(TABLE_6.row(name), TABLE_6.columns[0])).scheme
        assert (scheme.audio.target, scheme.text.target, scheme.image.target) == (COSINE, COSINE, "tags")
        assert scheme.fusion.dropout == (0.7 if name.endswith("cosine") else 0.0)
        assert scheme.fusion.normalise


def test_large_networks_that_learn_factors_drop_half_of_their_channels():
    for name, dropout in (("a-cosine-high-4x96", 0.5), ("a-cosine-low-4x96", 0.0), ("a-logistic-high-4x96", 0.0)):
        options = parse_recipe(TABLE_6.recipe(TABLE_6.row(name), TABLE_6.columns[0])).model.options
        assert options.get("block_dropout", 0.0) == options.get("dropout", 0.0) == dropout


def test_a_point_in_the_space_needs_both_modalities_to_learn_and_one_to_classify():
    scheme = parse_recipe(TABLE_2.recipe(TABLE_2.row("mm-audio"), TABLE_2.columns[0])).scheme
    assert scheme.modalities == ("audio", "image")
    assert scheme.fused == ("audio",)
    assert scheme.streams == "space"


def test_covers_can_be_learned_from_scratch_where_there_are_no_published_weights():
    plain = TABLE_2.recipe(TABLE_2.row("all"), TABLE_2.columns[0])
    override(plain, 'scheme.image.network={architecture="small_resnet"}')
    network = parse_recipe(plain).scheme.image.network
    assert (network.architecture, network.weights) == ("small_resnet", None)
