"""The command ``tutti``: exit codes 0, 1 and 2, trouble in two lines, never a traceback."""

import subprocess
import sys

import pytest
import typer

from tutti import __version__
from tutti.errors import AudioError

COMMANDS = ("tag", "index", "search", "similar", "show", "stats", "train", "evaluate", "world", "report", "models")


@pytest.fixture
def failing(monkeypatch):
    """A function that makes ``tutti`` end in an error."""
    from tutti.cli import main

    def fail_with(error: BaseException) -> None:
        app = typer.Typer()

        @app.command()
        def fail() -> None:
            raise error

        monkeypatch.setattr(main, "app", app)

    return fail_with


def test_the_version_is_printed(tutti):
    ending = tutti("--version")
    assert (ending.code, ending.stdout, ending.stderr) == (0, f"tutti {__version__}\n", "")


def test_it_runs_as_a_program_of_its_own():
    output = subprocess.check_output([sys.executable, "-m", "tutti.cli.main", "--version"], text=True)
    assert output == f"tutti {__version__}\n"


def test_without_arguments_it_lists_its_commands(tutti):
    ending = tutti()
    assert all(command in ending.stdout + ending.stderr for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, tutti):
    ending = tutti(command, "--help")
    assert ending.code == 0
    assert f"tutti {command} " in ending.stdout


def commands_with(option):
    """The words that call each command which has an option, and all names of it there."""
    from tutti.cli.main import app

    found, waiting = {}, [((), typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        waiting += [((*words, name), below) for name, below in getattr(command, "commands", {}).items()]
        for one in command.params:
            if option in one.opts:
                found[words] = one.opts
    return found


def test_wherever_a_command_can_be_quiet_one_letter_says_so():
    names = commands_with("--quiet").values()
    assert len(names) >= 8
    assert all("-q" in some for some in names), names


@pytest.mark.parametrize("words", sorted(commands_with("--output")), ids=" ".join)
def test_a_place_that_cannot_be_written_to_is_told_before_anything_else(tutti, words, tmp_path):
    (tmp_path / "letter").touch()
    ending = tutti(*words, "-o", tmp_path / "letter" / "new" / "page.html")
    assert (ending.code, ending.stdout) == (1, "")
    assert ending.stderr.splitlines() == [
        f"error: {tmp_path / 'letter'}: not a directory",
        "hint: check the path and its rights, or name another place",
    ]


@pytest.mark.parametrize(
    "arguments", [("tagg",), ("tag",), ("tag", "--tops", "3", "x"), ("tag", "--top", "0", "x"), ("index", "x")]
)
def test_misuse_ends_with_2_and_an_explanation_on_stderr(arguments, tutti):
    ending = tutti(*arguments)
    assert (ending.code, ending.stdout) == (2, "")
    assert "Usage:" in ending.stderr
    assert "Traceback" not in ending.stderr


def test_expected_trouble_ends_with_1_in_two_lines_on_stderr(tutti, failing):
    failing(AudioError("a.mp3 is empty", hint="restore the file"))
    ending = tutti()
    assert (ending.code, ending.stdout) == (1, "")
    assert ending.stderr == "error: a.mp3 is empty\nhint: restore the file\n"


def test_unexpected_trouble_names_the_way_to_report_it(tutti, failing, monkeypatch):
    monkeypatch.delenv("TUTTI_DEBUG", raising=False)
    failing(ZeroDivisionError("division by zero"))
    ending = tutti()
    assert (ending.code, ending.stdout) == (1, "")
    assert ending.stderr.startswith("error: unexpected: ZeroDivisionError: division by zero\nhint: ")
    monkeypatch.setenv("TUTTI_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        tutti()


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(13, "Permission denied", "out"),
        OSError(28, "No space left", "out"),
        IsADirectoryError(21, "Is a directory", "partial", None, "out"),
    ],
)
def test_a_path_that_cannot_be_used_is_no_unexpected_trouble(error, tutti, failing, monkeypatch):
    monkeypatch.delenv("TUTTI_DEBUG", raising=False)
    failing(error)
    ending = tutti()
    assert ending.code == 1
    assert ending.stderr.splitlines() == [
        f"error: out: {error.strerror.lower()}",
        "hint: check the path and its rights, or name another place",
    ]


# Typer takes Ctrl-C itself, so that the line about what is kept was never printed.
def test_an_interrupted_run_says_that_what_was_done_is_kept(tutti, failing):
    failing(KeyboardInterrupt())
    ending = tutti()
    assert (ending.code, ending.stderr) == (130, "stopped; what was done so far is kept\n")
