"""Weighted words against scikit-learn, whose settings the paper's code names."""

from pathlib import Path

import numpy as np
import pytest

from tutti.errors import ConfigError, ModelError
from tutti.text.terms import Terms, words

VOCABULARY = ["piano", "jazz", "blues", "guitar", "loud", "soft", "fast", "slow", "it's", "rock'n'roll", "Été", "a"]


def documents(n_documents: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 12, size=n_documents)
    weights = 1 / np.arange(1, len(VOCABULARY) + 1)
    return [", ".join(rng.choice(VOCABULARY, size=n, p=weights / weights.sum())) for n in lengths]


@pytest.mark.parametrize("max_share", [0.5, 1.0])
def test_weights_are_those_of_scikit_learn(max_share):
    text = pytest.importorskip("sklearn.feature_extraction.text")
    theirs = text.TfidfVectorizer(sublinear_tf=True, max_df=max_share, max_features=10_000)
    learned, unseen = documents(40), [*documents(15, seed=1), "", "unknown words only"]
    theirs.fit(learned)
    ours = Terms.fit(learned, max_share=max_share)
    assert list(ours.names) == theirs.get_feature_names_out().tolist()
    np.testing.assert_allclose(ours.weigh(unseen).dense(), theirs.transform(unseen).toarray(), atol=1e-6)


def test_the_most_frequent_terms_are_kept_and_of_equals_the_first():
    terms = Terms.fit(["bb aa cc", "cc dd", "ee", "ff", "gg gg gg"], n_terms=3, max_share=1)
    assert terms.names == ("aa", "cc", "gg")


def test_rows_are_dense_only_when_they_are_asked_for():
    weights = Terms.fit(documents(30)).weigh(documents(30))
    np.testing.assert_array_equal(weights[[3, 1]], weights.dense()[[3, 1]])
    assert weights.shape == weights.dense().shape
    assert weights.n_known.tolist() == (weights.dense() > 0).sum(axis=1).tolist()


def test_a_text_without_spaces_is_read_by_pairs_of_characters():
    assert words("静かなJazz曲と、愛") == ["静か", "かな", "jazz", "曲と"]
    assert words("조용한 음악") == ["조용한", "음악"]


def test_terms_are_saved_and_loaded_as_they_were(tmp_path: Path):
    terms = Terms.fit(documents(20))
    terms.save(tmp_path / "terms.json")
    again = Terms.load(tmp_path / "terms.json")
    assert again.names == terms.names
    np.testing.assert_array_equal(again.idf, terms.idf)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": 1, "kind": "other", "names": ["a"], "idf": [1]}',
        '{"format": 9, "kind": "tutti terms", "names": ["a"], "idf": [1]}',
        '{"format": 1, "kind": "tutti terms", "names": ["a"], "idf": []}',
        '{"format": 1, "kind": "tutti terms", "names": ["a"], "idf": [NaN]}',
    ],
)
def test_damaged_terms_are_refused(content, tmp_path: Path):
    (tmp_path / "terms.json").write_text(content)
    with pytest.raises(ModelError):
        Terms.load(tmp_path / "terms.json")


@pytest.mark.parametrize(
    ("texts", "message"), [([], "no text to learn"), ([""], "no term"), (["same", "same"], "no term")]
)
def test_texts_without_a_telling_term_are_refused(texts, message):
    with pytest.raises(ConfigError, match=message):
        Terms.fit(texts)
