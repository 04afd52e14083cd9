"""The documents keep their word: commands are documented, links lead somewhere, the README's Python runs."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
SOURCE = ROOT / "src"
WITH_EXAMPLES = [
    ".".join(module.relative_to(SOURCE).with_suffix("").parts)
    for module in sorted(SOURCE.rglob("*.py"))
    if ">>>" in module.read_text(encoding="utf-8")
]
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)")
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


def python_of(page: Path) -> list[str]:
    return PYTHON.findall(page.read_text(encoding="utf-8"))


def test_the_page_of_commands_says_what_the_program_says(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    from write_commands import PAGE, commands_page

    assert PAGE.read_text(encoding="utf-8") == commands_page(), "run: make docs"


@pytest.mark.slow
def test_the_tables_of_taggers_say_what_the_taggers_say(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    from write_models import pages

    for page, text in pages().items():
        assert page.read_text(encoding="utf-8") == text, "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_our_files_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not [link for link in LINK.findall(text) if not (page.parent / link).exists()]


def test_every_room_has_a_page_of_reference():
    rooms = {folder.parent.name for folder in (ROOT / "src" / "tutti").glob("*/__init__.py")}
    assert rooms - {"cli"} <= {page.stem for page in (DOCS / "reference").glob("*.md")}


def test_what_tutti_offers_is_in_the_reference():
    import tutti

    reference = (DOCS / "reference" / "tutti.md").read_text(encoding="utf-8")
    assert not [name for name in tutti.__all__ if f"`tutti.{name}" not in reference and name != "__version__"]


def test_the_readme_first_example_runs_anywhere(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    example = python_of(ROOT / "README.md")[0]
    assert len(example.splitlines()) <= 12
    exec(compile(example, "README.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) >= 3


def test_the_readme_other_examples_run_with_a_published_model(tmp_path, monkeypatch, shared, noise_wav):
    monkeypatch.setenv("TUTTI_MODELS", str(shared / "checkpoints"))
    monkeypatch.setenv("TUTTI_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    noise_wav.rename(tmp_path / "song.mp3")
    for example in python_of(ROOT / "README.md")[1:]:
        exec(compile(example, "README.md", "exec"), {})


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_in_docstrings_run(module):
    failed, tried = doctest.testmod(importlib.import_module(module.removesuffix(".__init__")))
    assert tried
    assert not failed
