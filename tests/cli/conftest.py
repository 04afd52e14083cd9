"""The command line, run as the shell would."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Ending:
    """How a command ended, and what it printed."""

    code: int
    stdout: str
    stderr: str


@pytest.fixture
def tutti(monkeypatch, capsys) -> Callable[..., Ending]:
    """A function that runs ``tutti`` with arguments, in this process."""
    from tutti.cli import main

    monkeypatch.setattr("logging.basicConfig", lambda **settings: None)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Ending:
        monkeypatch.setattr(sys, "argv", ["tutti", *map(str, arguments)])
        capsys.readouterr()
        try:
            main.main()
            code = 0
        except SystemExit as ending:
            code = ending.code if isinstance(ending.code, int) else int(bool(ending.code))
        printed = capsys.readouterr()
        return Ending(code, printed.out, printed.err)

    return run


@pytest.fixture
def bundle(small_model, tmp_path):
    """The small model's folder."""
    small_model.save(tmp_path / "small")
    return tmp_path / "small"
