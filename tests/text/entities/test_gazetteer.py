"""Names in texts, found by hand."""

from pathlib import Path

import pytest

from tutti.errors import ConfigError, ModelError
from tutti.text.entities import enriched
from tutti.text.entities.gazetteer import Gazetteer
from tutti.text.entities.linkers import load_linker, open_linker

NAMES = {
    "Can": ["krautrock"], "AC/DC": ["hard rock"], "Velvet": ["fabrics"], "The Velvet Foxes": ["artists"],
    "hip hop": ["styles"], "松任谷由実": ["J-pop"], "50 Cent": ["rap"], "X": ["letters"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I can hear Can.", ["Can"]),
        ("ac/dc? No: Ac-Dc!", ["Ac-Dc"]),
        ("the Velvet foxes, in velvet", ["the Velvet foxes"]),
        ("Hip-Hop, hip hop, hiphop", ["Hip-Hop", "hip hop"]),
        ("昔の松任谷由実の曲", ["松任谷由実"]),
        ("50 Cent, not 50 cents", ["50 Cent"]),
        ("X marks the spot; Cancan", []),
        ("", []),
    ],
)
def test_names_are_found_where_they_stand(text, wanted):
    found = Gazetteer(NAMES).link(text)
    assert [text[one.start : one.end] for one in found] == wanted
    assert all(one.categories == tuple(NAMES[one.name]) for one in found)


def test_categories_become_words_of_the_text():
    text = "Like AC/DC"
    assert enriched(text, Gazetteer(NAMES).link(text)) == "Like AC/DC hard_rock"


def test_a_users_table_is_read_and_names_of_several_lines_joined(tmp_path: Path):
    path = tmp_path / "names.tsv"
    path.write_text(
        "\ufeffBlur\tBritpop; English rock groups\n\nBlur\tBritpop;1990s\nCafé Tacvba\tMexican bands\n", "utf-8"
    )
    linker = open_linker(str(path))
    (blur,) = linker.link("Blur!")
    assert blur.categories == ("Britpop", "English rock groups", "1990s")
    assert [one.name for one in linker.link("the band CAFE TACVBA")] == ["Café Tacvba"]


@pytest.mark.parametrize("content", [b"", b"Blur\n", b"\tBritpop\n", b"Blur\t;\n", b"Bl\xffr\tBritpop\n"])
def test_a_table_of_no_names_is_refused(content, tmp_path: Path):
    path = tmp_path / "names.tsv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"names\.tsv"):
        open_linker(str(path))
    with pytest.raises(ConfigError, match="cannot be read"):
        open_linker(str(tmp_path / "none.tsv"))


def test_a_gazetteer_is_saved_and_loaded(tmp_path: Path):
    gazetteer = Gazetteer(NAMES)
    gazetteer.save(tmp_path)
    again = load_linker(tmp_path)
    assert again.fingerprint == gazetteer.fingerprint != Gazetteer({"Can": ["cans"]}).fingerprint
    assert again.link("by Can") == gazetteer.link("by Can")


@pytest.mark.parametrize("content", ["", "[]", '{"kind": "tutti gazetteer"}'])
def test_a_damaged_gazetteer_is_refused(content, tmp_path: Path):
    (tmp_path / "linker.json").write_text(content)
    with pytest.raises(ModelError, match=r"linker\.json"):
        load_linker(tmp_path)
