"""Labels: which tags are learned, and which of them a track carries."""

import pytest

from tutti.data.labels import LabelConfig, choose_labels, label_targets
from tutti.data.track import Track
from tutti.errors import ConfigError, UnknownNameError


def tracks_of(**tags_by_split: list[str]) -> list[Track]:
    """One track for each string of comma-separated tags."""
    return [
        Track(track_id=f"{split}{number}", tags=tuple(filter(None, tags.split(","))), split=split)
        for split, all_tags in tags_by_split.items()
        for number, tags in enumerate(all_tags)
    ]


TRACKS = tracks_of(
    train=["Rock,loud", "rock,slow", "jazz,slow", "ROCK,slow,rare", "hip-hop,slow", "Hip Hop"],
    valid=["rock", "slow,hip hop", "jazz"],
    test=["rock", "slow,jazz", "hip_hop,all", "all"],
)


def test_frequent_tags_of_all_splits_are_chosen_most_frequent_first():
    config = LabelConfig(labels="all", min_positives=1)
    assert choose_labels(TRACKS, config) == ("slow", "rock", "hip hop", "jazz")


def test_top_keeps_the_most_frequent():
    assert choose_labels(TRACKS, LabelConfig(labels="top:2", min_positives=1)) == ("slow", "rock")


def test_a_tag_that_every_track_of_a_split_carries_teaches_nothing():
    tracks = tracks_of(train=["rock,music", "music"], valid=["rock,music", "music"], test=["rock,music", "music"])
    assert choose_labels(tracks, LabelConfig(min_positives=1)) == ("rock",)


def test_named_labels_are_kept_in_their_order():
    assert choose_labels(TRACKS, LabelConfig(labels=("jazz", "rare"))) == ("jazz", "rare")


def test_a_named_label_keeps_its_name_and_finds_its_tags_in_any_spelling():
    assert choose_labels(TRACKS, LabelConfig(labels=("HIP-HOP",))) == ("HIP-HOP",)
    assert label_targets(TRACKS[4:6], ["HIP-HOP"]).tolist() == [[True], [True]]


def test_a_named_label_that_train_never_has_is_an_error_with_the_nearest_tag():
    with pytest.raises(ConfigError, match="'jaz'") as caught:
        choose_labels(TRACKS, LabelConfig(labels=("jaz",)))
    assert "did you mean 'jazz'" in caught.value.hint


def test_when_no_tag_is_frequent_enough_the_most_frequent_is_told():
    with pytest.raises(ConfigError, match=r"no tag has 50 positives.* 'slow', has 4"):
        choose_labels(TRACKS, LabelConfig(min_positives=50))


def test_targets_follow_the_spelling_and_ignore_tags_that_are_no_labels():
    targets = label_targets(TRACKS[:5], ["hip hop", "rock"])
    assert targets.tolist() == [[False, True], [False, True], [False, False], [False, True], [True, False]]


def test_a_dataset_gives_its_labels_in_the_published_order_even_those_that_never_occur():
    tracks = tracks_of(train=["country,metal"], valid=["female voice"], test=["guitar"])
    labels = choose_labels(tracks, LabelConfig(labels="dataset:magnatagatune", spelling="exact"))
    assert len(labels) == 50
    assert labels[45:] == ("weird", "country", "metal", "female voice", "choral")


def test_a_datasets_labels_that_stand_in_no_list_are_its_tags_in_alphabetical_order():
    tracks = tracks_of(train=["Rock"], valid=["Folk"], test=["Rock,Punk"])
    config = LabelConfig(labels="dataset:fma/large", spelling="exact")
    assert choose_labels(tracks, config) == ("Folk", "Punk", "Rock")


def test_a_catalogue_of_something_else_has_none_of_a_datasets_labels():
    with pytest.raises(ConfigError, match="no track carries a label of million-song"):
        choose_labels(tracks_of(train=["waltz"]), LabelConfig(labels="dataset:million-song/cals"))
    with pytest.raises(UnknownNameError, match="magnatagatun"):
        choose_labels(TRACKS, LabelConfig(labels="dataset:magnatagatun"))
    with pytest.raises(ConfigError, match="not understood"):
        LabelConfig(labels="magnatagatune")


def test_the_exact_spelling_tells_case_and_hyphens_apart():
    targets = label_targets(TRACKS[4:6], ["hip-hop", "Hip Hop"], spelling="exact")
    assert targets.tolist() == [[True, False], [False, True]]
