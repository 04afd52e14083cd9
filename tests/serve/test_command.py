from __future__ import annotations

import pytest
from typer.testing import CliRunner

from tutti.errors import ConfigError


@pytest.fixture
def report(catalogue):
    """Runs ``tutti report`` on the catalogue and gives what it printed."""
    from tutti.cli.main import app

    def run(*arguments: object) -> str:
        words = ["report", str(catalogue.folder), *map(str, arguments)]
        return CliRunner().invoke(app, words, catch_exceptions=False).stdout

    return run


def test_the_command_searches_and_says_where_the_page_is(report, tmp_path):
    printed = report("-q", "rock", "--like", "2", "-k", 1, "-o", tmp_path / "page.html")
    assert printed == f"the report is in {tmp_path / 'page.html'}\n"
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "“rock”" in page
    assert "sounds like 2" in page
    assert page.count('class="hit"') == 2


def test_a_folder_receives_an_index(report, tmp_path):
    report("-o", tmp_path / "site")
    assert (tmp_path / "site" / "index.html").is_file()


def test_an_evaluation_that_is_not_there_is_refused(report, tmp_path):
    with pytest.raises(ConfigError, match="is no report of scores"):
        report("--evaluation", tmp_path / "gone.json", "-o", tmp_path / "page.html")
