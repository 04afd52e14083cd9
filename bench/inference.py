"""Excerpts a second of each architecture, as `tutti index` computes them and as they were trained.

    python bench/inference.py [--batches 4] [--pairs 5] [--json docs/taggers-speed.json]

All with one thread, as each batch is computed. Compared are the network in the form that predicts
(`tutti.models.folding`) and the plain one, which trains. Both take the same batches of the published size from waveform
to probabilities. Weights are random: time does not depend on them, as long as none is denormal (see indexing.py for
what happens then). With ``--json`` the rates are kept for the table of taggers in the docs (docs/write_models.py).
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from statistics import median

import torch
from pairs import Pairs, describe_machine, time_in_turn
from torch import Tensor

from tutti.models.folding import folded
from tutti.models.inference import batch_size
from tutti.models.tagger import Tagger
from tutti.models.taggers import ARCHITECTURES, build_tagger

N_LABELS = 50


def compare(name: str, *, n_batches: int, n_pairs: int) -> dict[str, float]:
    """Size of a batch, seconds of an excerpt, excerpts a second folded and plain, the ratio, the largest difference.

    Rates are those of the quickest run, which other work on the machine disturbed least; ratios are of pairs.
    """
    torch.manual_seed(0)
    plain = build_tagger(name, N_LABELS).eval()
    fast = folded(plain)
    config = ARCHITECTURES[name].config
    n_excerpts = batch_size(config.n_samples / config.sample_rate, device="cpu")
    batch = 0.1 * torch.randn(n_excerpts, config.n_samples)

    def run(network: Tagger) -> Tensor:
        with torch.inference_mode():
            for _ in range(n_batches):
                probabilities = torch.sigmoid(network(batch))
        return probabilities

    difference = float((run(fast) - run(plain)).abs().max())
    pairs = time_in_turn(lambda: run(fast), lambda: run(plain), n_pairs=n_pairs)
    total = n_batches * n_excerpts
    return {
        "batch": n_excerpts,
        "seconds": round(config.n_samples / config.sample_rate, 3),
        "folded": round(total / min(pairs.ours), 2),
        "plain": round(total / min(pairs.theirs), 2),
        **ratios(pairs),
        "difference": float(f"{difference:.0e}"),
    }


def ratios(pairs: Pairs) -> dict[str, float]:
    """How many times as fast the folded network is: in the median, at least, at most."""
    return {
        "ratio": round(median(pairs.ratios), 2),
        "from": round(pairs.ratios[0], 2),
        "to": round(pairs.ratios[-1], 2),
    }


def line(name: str, one: dict[str, float]) -> str:
    return (
        f"{name:33}{one['batch']:3} x {one['seconds']:4.1f} s  {one['folded']:7.1f} folded {one['plain']:7.1f} plain  "
        f"{one['folded'] * one['seconds']:5.0f} s/s  {one['ratio']:.2f} times as fast ({one['from']:.2f} to "
        f"{one['to']:.2f}); difference {one['difference']:.0e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=4, help="in each run")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where to keep the rates")
    options = parser.parse_args()

    torch.set_num_threads(1)
    machine = describe_machine()
    print(machine)
    print("excerpts a second, from waveform to probabilities")
    measured = {}
    for name in ARCHITECTURES:
        measured[name] = compare(name, n_batches=options.batches, n_pairs=options.pairs)
        print(line(name, measured[name]), flush=True)
    if options.json:
        record = {"date": datetime.date.today().isoformat(), "machine": machine, "taggers": measured}
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
