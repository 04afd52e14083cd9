"""Writes reference/commands.md from the commands' own help: ``make docs`` runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from tutti.cli.main import app

PAGE = Path(__file__).parent / "reference" / "commands.md"
HEAD = """# Commands

Data goes to stdout, talk and progress to stderr. The exit code is 0 when all went well, 1 when something failed, 2 when
the command was misused, 130 when Ctrl-C stopped it. Expected trouble prints two lines, `error:` and `hint:`; with
`TUTTI_DEBUG=1` anything unexpected shows its traceback. `tutti --help` and `tutti COMMAND --help` say the same as this
page; `tutti --version` prints the version, and `tutti --import FILE.py COMMAND` first runs a Python file of yours that
adds an [architecture](../guides/own-tagger.md).
"""


def commands_page() -> str:
    """The page in Markdown."""
    sections = [section(name, command) for name, command in commands(typer.main.get_command(app), "tutti")]
    return "\n".join([HEAD, *sections])


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command below one, by its whole name."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for word, child in command.commands.items():
        yield from commands(child, f"{name} {word}")


def section(name: str, command: Any) -> str:
    """A command's description and its table of arguments and options."""
    description = re.sub(r"[ \b]*\n\s*\n\s*", "\n\n", (command.help or "").strip())
    rows = [f"| {parameter_name(one)} | {meaning(one)} |" for one in command.params if one.name != "help"]
    return "\n".join(
        [f"## `{name}`", "", description, "", "| argument or option | meaning |", "| --- | --- |", *rows, ""]
    )


def parameter_name(parameter: Any) -> str:
    """An option's spellings, or an argument in capitals."""
    if parameter.param_type_name == "option":
        return ", ".join(f"`{spelling}`" for spelling in parameter.opts)
    return f"`{parameter.name.upper()}`" + ("" if parameter.required else ", optional")


def meaning(parameter: Any) -> str:
    """A parameter's help, and its default where the help does not say it."""
    words = re.sub(r"([|\[\]*])", r"\\\1", parameter.help or "")  # what Markdown would take for its own
    if parameter.param_type_name == "argument":
        return words
    if parameter.required:
        return f"{words} Required."
    default = parameter.default
    is_told = default is None or isinstance(default, bool) or callable(default) or "[" in words
    return words if is_told else f"{words} Default: `{default}`."


if __name__ == "__main__":
    PAGE.write_text(commands_page(), encoding="utf-8")
