"""One writer at a time, among real processes; the lock dies with its holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.lock import writer_lock
from tutti.errors import CatalogueBusyError

HOLD = """
import sys, time
from pathlib import Path
from tutti.data.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path) -> Iterator[subprocess.Popen]:
    """A process that writes to the catalogue in ``tmp_path / "catalogue"``."""
    folder = Catalogue.create(tmp_path / "catalogue").folder
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder / ".writer")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_and_told_who_writes(holder, tmp_path):
    catalogue = Catalogue.open(tmp_path / "catalogue")
    with (
        pytest.raises(CatalogueBusyError, match=f"another process \\(number {holder.pid}\\)") as caught,
        catalogue.writer(),
    ):
        pass
    assert "wait until it has finished" in caught.value.hint


def test_reading_goes_on_while_another_process_writes(holder, tmp_path):
    assert Catalogue.open(tmp_path / "catalogue").tracks() == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_the_lock_of_a_killed_process_is_free(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with Catalogue.open(tmp_path / "catalogue").writer():
        pass


def test_the_lock_is_free_after_the_block_and_after_an_error(tmp_path: Path):
    with writer_lock(tmp_path / ".writer"):
        pass
    with pytest.raises(ZeroDivisionError), writer_lock(tmp_path / ".writer"):
        _ = 1 / 0
    with writer_lock(tmp_path / ".writer"):
        assert (tmp_path / ".writer").read_text() == str(os.getpid())
