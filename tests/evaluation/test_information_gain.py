"""What words tell of labels, against scikit-learn, SciPy, and worlds in which the truth is known."""

import json

import numpy as np
import pytest

from tutti.data.items import Item
from tutti.errors import ConfigError, ShapeError, UnknownNameError
from tutti.evaluation.information_gain import information_gain, word_gains, words_of_labels
from tutti.models.text_readers import ReaderConfig


@pytest.mark.parametrize("seed", range(4))
def test_gains_are_the_mutual_information_of_scikit_learn(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    carries = rng.random((60, 3)) < [0.5, 0.1, 0.9]
    holds = (rng.random((60, 4)) < 0.3) ^ carries[:, [0, 0, 1, 2]]
    wanted = [[metrics.mutual_info_score(word, label) for label in carries.T] for word in holds.T]
    np.testing.assert_allclose(information_gain(holds, carries), np.array(wanted) / np.log(2), atol=1e-12)


def test_a_word_in_all_texts_or_none_tells_nothing():
    holds = np.array([[True, False]] * 4)
    assert (information_gain(holds, np.array([[True], [False]] * 2)) == 0).all()


def test_the_word_that_tells_comes_first_and_says_for_what():
    texts = ["loud guitars", "loud drums", "soft piano", "piano alone", "loud piano", "soft strings"]
    carries = np.array([[True], [True], [False], [False], [True], [False]])
    found = word_gains(texts, carries, ["rock"])
    best, *_ = found.top("rock")
    assert (best.word, best.gain, best.speaks_for, best.n_items, best.n_with_label) == ("loud", 1.0, True, 3, 3)
    soft = next(one for one in found.top("rock", 20) if one.word == "soft")
    assert not soft.speaks_for


def test_p_values_are_those_of_the_likelihood_ratio_test():
    stats = pytest.importorskip("scipy.stats")
    texts = ["loud x1"] * 12 + ["soft x2"] * 8 + ["loud x3"] * 5 + ["soft x4"] * 15
    carries = np.array([[True]] * 20 + [[False]] * 20)
    found = word_gains(texts, carries, ["rock"])
    loud = next(one for one in found.top("rock", 20) if one.word == "loud")
    wanted = stats.chi2_contingency([[12, 8], [5, 15]], correction=False, lambda_="log-likelihood").pvalue
    assert loud.p_value == pytest.approx(wanted * len(found.words))


def test_words_that_mean_nothing_are_no_discovery():
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"word{number}" for number in range(200)])
    texts = [" ".join(rng.choice(vocabulary, 20)) for _ in range(300)]
    found = word_gains(texts, rng.random((300, 1)) < 0.3, ["rock"])
    assert found.top("rock", 1)[0].p_value > 0.05


def items(n_items: int = 20) -> list[Item]:
    texts = [("loud guitars by Velvet Foxes", ("Rock",)), ("soft piano", ("jazz",))]
    return [
        Item(item_id=str(number), title="", text=texts[number % 2][0], tags=texts[number % 2][1])
        for number in range(n_items)
    ]


def test_items_of_a_catalogue_tell_and_those_without_text_or_tags_do_not(tmp_path):
    silent = [Item(item_id="x", title="", tags=("rock",)), Item(item_id="y", title="", text="loud piano")]
    found = words_of_labels([*items(), *silent])
    assert (found.labels, found.n_items) == (("jazz", "rock"), 20)
    assert found.top("rock", 1)[0].gain == pytest.approx(1)
    table = tmp_path / "names.tsv"
    table.write_text("Velvet Foxes\tGarage bands\n")
    config = ReaderConfig(reader="tfidf+entities", entities=str(table))
    enriched = words_of_labels(items(), labels=["rock"], reader=config)
    assert "garage_bands" in {one.word for one in enriched.top("rock") if one.speaks_for}
    assert json.loads(json.dumps(enriched.to_json(3)))["labels"].keys() == {"rock"}


def test_bad_texts_are_told_of():
    bad = [*items(), Item(item_id="bad", title="", text="loud \ufffd", tags=("rock",))]
    assert set(words_of_labels(bad).problems) == {"bad"}


def test_nothing_to_tell_is_refused():
    with pytest.raises(ConfigError, match="none of 1 items"):
        words_of_labels([Item(item_id="1", title="")])
    with pytest.raises(ConfigError, match="no tag is carried"):
        words_of_labels(items(4))
    with pytest.raises(UnknownNameError, match="rok"):
        words_of_labels(items(), labels=["rok"])
    with pytest.raises(ShapeError):
        word_gains(["one"], np.zeros((2, 1), dtype=bool), ["rock"])
    with pytest.raises(ShapeError):
        information_gain(np.zeros((2, 1), dtype=bool), np.zeros((3, 1), dtype=bool))
