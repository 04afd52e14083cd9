"""Telling English from other languages."""

from __future__ import annotations

import pytest

from tutti.text.languages import foreign_language, has_no_spaces


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("静かなピアノ、夜", "Japanese"),
        ("тихое пианино", "Cyrillic letters"),
        ("잔잔한 피아노", "Korean"),
        ("ein ruhiges Klavier mit Geige und ohne Gesang", "German"),
        ("un piano triste et lent avec des violons, sans voix", "French"),
        ("una guitarra triste y lenta con piano, sin voz", "Spanish"),
        ("melancholic piano, late at night, no drums", None),
        ("la vie en rose", None),
        ("Antonín Dvořák", None),
        ("80s", None),
        ("", None),
    ],
)
def test_a_foreign_text_is_told_from_an_english_one(text: str, language: str | None) -> None:
    assert foreign_language(text) == language


def test_some_scripts_write_no_spaces() -> None:
    assert has_no_spaces("静かな夜")
    assert not has_no_spaces("잔잔한 피아노")
    assert not has_no_spaces("calm")
