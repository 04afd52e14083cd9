"""A run that is killed with SIGKILL, again and again, against one that is left alone."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file
from torch import equal

RUN = """
import json, sys, torch
torch.set_num_threads(1)
from pathlib import Path
from tutti.training.recipes import parse_recipe
from tutti.training.runs import train
train(parse_recipe(json.loads(sys.argv[1])), quiet=True)
"""


def start(table: dict) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", RUN, json.dumps(table)])


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_run_that_is_killed_again_and_again_ends_with_the_weights_of_one_left_alone(table, tmp_path):
    table["training"] |= {"epochs": 30}
    assert start({**table, "output": str(tmp_path / "alone")}).wait(timeout=120) == 0
    checkpoint, n_kills, delays = Path(table["output"]) / "checkpoint.pt", 0, random.Random(0)
    while n_kills < 4:
        written = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        process = start(table)
        while process.poll() is None and (not checkpoint.exists() or checkpoint.stat().st_mtime_ns == written):
            time.sleep(0.01)
        time.sleep(delays.uniform(0, 0.3))  # anywhere within an epoch, or while a checkpoint is being written
        os.kill(process.pid, signal.SIGKILL)
        n_kills += process.wait() == -signal.SIGKILL
    assert start(table).wait(timeout=120) == 0
    alone, killed = (
        load_file(folder / "model" / "model.safetensors") for folder in (tmp_path / "alone", tmp_path / "run")
    )
    assert all(equal(alone[name], killed[name]) for name in alone)
