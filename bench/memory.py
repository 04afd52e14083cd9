"""Peak memory of `tutti index` and `tutti tag` over the length of a file.

    TUTTI_MODELS=CHECKPOINTS python bench/memory.py [--formats wav flac mp3] [--hours 0.1667 1 10] [--runs 3]

Each file is heard by a fresh process, whose peak is what the kernel reports of it when it ends (the maximum resident
set size, which counts all that it has touched: Python, libraries, model and sound). Evenly spread excerpts and a fixed
hop are measured each by itself. Files are mono at 8 kHz, synthesised block by block, so that this process stays small:
a child's account begins with its parent's size.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from sounds import write_sound

COMMAND = [sys.executable, "-c", "from tutti.cli.main import main; main()"]
SAMPLE_RATE = 8_000
HOP_SECONDS = 6


def peak_memory(arguments: list[str]) -> float:
    """MiB that ``tutti`` with these arguments takes at most.

    Raises:
        SystemExit: The command failed.
    """
    child = os.posix_spawn(sys.executable, [*COMMAND, *arguments], os.environ, file_actions=_silent())
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"error: tutti {' '.join(arguments)} ended with status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss / 1024  # Linux counts in kilobytes


def _silent() -> list[tuple[int, ...]]:
    return [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]


def peaks(commands: dict[str, list[str]], sound: Path, *, n_runs: int) -> str:
    """For each command the lowest and highest peak over some runs."""
    told = []
    for title, arguments in commands.items():
        found = []
        for _ in range(n_runs):
            with tempfile.TemporaryDirectory() as folder:
                catalogue = ["--catalogue", f"{folder}/catalogue", "--quiet"] if arguments[0] == "index" else []
                found.append(peak_memory([arguments[0], str(sound), *arguments[1:], *catalogue]))
        told.append(f"{title} {min(found):4.0f} to {max(found):4.0f} MiB")
    return "  ".join(told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--formats", nargs="+", default=["wav", "flac"])
    parser.add_argument("--hours", nargs="+", type=float, default=[1 / 6, 1.0, 10.0])
    parser.add_argument("--model", default="musicnn-mtat")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()

    hop = ["--hop", str(HOP_SECONDS)]
    commands = {
        "index": ["index", "--model", options.model],
        f"index --hop {HOP_SECONDS}": ["index", "--model", options.model, *hop],
        "tag": ["tag", "--model", options.model],
    }
    print(f"{options.model}, mono {SAMPLE_RATE} Hz; lowest and highest peak of {options.runs} runs")
    for name in options.formats:
        for hours in options.hours:
            with tempfile.TemporaryDirectory() as folder:
                sound = write_sound(Path(folder) / f"sound.{name}", seconds=3600 * hours, sample_rate=SAMPLE_RATE)
                print(f"{name:5}{60 * hours:5.0f} min  {peaks(commands, sound, n_runs=options.runs)}", flush=True)


if __name__ == "__main__":
    main()
