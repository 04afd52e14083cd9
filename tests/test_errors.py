"""Errors: what they say, what they are, and the tree at the top of the module."""

import inspect

import pytest

from tutti import errors
from tutti.errors import MissingExtraError, TuttiError, UnknownNameError, import_extra, unknown_name

FAMILY = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, TuttiError)]


@pytest.mark.parametrize("error", FAMILY)
def test_every_error_carries_message_and_hint_and_shows_both(error):
    caught = error("it rains", hint="take an umbrella")
    assert (caught.message, caught.hint) == ("it rains", "take an umbrella")
    assert str(caught) == "it rains (take an umbrella)"
    assert str(error("it rains")) == "it rains"


@pytest.mark.parametrize("error", [one for one in FAMILY if one is not TuttiError])
def test_every_error_refines_a_built_in_one(error):
    builtin = {ValueError, KeyError, OSError, ImportError} & set(error.__mro__)
    assert builtin
    assert error.__name__ in errors.__doc__


def test_an_unknown_name_is_answered_with_the_nearest_known_one():
    error = unknown_name("model", "musicnn-mta", ["fcn-msd", "musicnn-mtat"])
    assert isinstance(error, UnknownNameError)
    assert error.message == "there is no model called 'musicnn-mta'"
    assert error.hint == "did you mean 'musicnn-mtat'? known: fcn-msd, musicnn-mtat"


def test_a_name_near_to_none_is_answered_with_all_of_them():
    assert unknown_name("model", "xyz", ["b", "a"]).hint == "known: a, b"


def test_a_missing_extra_names_the_line_that_installs_it():
    with pytest.raises(MissingExtraError) as caught:
        import_extra("no_such_package.inside", extra="report", purpose="drawing a map")
    assert caught.value.message == "drawing a map needs no_such_package, which is not installed"
    assert caught.value.hint == "run: pip install 'tutti[report]'"


def test_an_extra_that_is_there_is_imported():
    assert import_extra("json", extra="report", purpose="reading").loads("1") == 1
