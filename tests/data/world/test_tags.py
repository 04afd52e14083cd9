"""What listeners type, and the way back to the vocabulary."""

import numpy as np
import pytest

from tutti.data.world.tags import CHATTER, SYNONYMS, misspell, normalise_tag, normalise_tags, type_tags
from tutti.data.world.taxonomy import VOCABULARY


@pytest.mark.parametrize("tag", VOCABULARY)
def test_every_way_to_write_a_tag_leads_back_to_it(tag):
    rng = np.random.default_rng(0)
    for form in (tag, *SYNONYMS[tag]):
        typed = [form, form.upper(), form.title(), *(misspell(form, rng) for _ in range(5))]
        assert {normalise_tag(one) for one in typed} == {tag}


def test_misspelling_changes_most_long_words():
    rng = np.random.default_rng(0)
    assert sum(misspell("saxophone", rng) != "saxophone" for _ in range(50)) > 35


def test_chatter_means_no_tag():
    assert normalise_tags([*CHATTER, "zxqv"]) == ()


def test_without_noise_only_apt_tags_and_chatter_are_typed():
    rng = np.random.default_rng(0)
    truth = ("jazz", "swing", "piano", "trumpet", "calm")
    typed = [normalise_tags(type_tags(truth, "trumpet", rng, share=0.8, noise=0.0, fame=0.0)) for _ in range(100)]
    assert {tag for tags in typed for tag in tags} == set(truth)
    assert any(len(tags) < len(truth) for tags in typed)
