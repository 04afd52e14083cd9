"""Excerpts a second of each architecture, as `tutti index` computes them and as they were trained.

    python bench/inference.py [--batches 4] [--pairs 5]

All with one thread, as each batch is computed. Compared are the network in the form that predicts
(`tutti.models.folding`) and the plain one, which trains. Both take the same batches of the published size from waveform
to probabilities. Weights are random: time does not depend on them, as long as none is denormal (see indexing.py for
what happens then).
"""

from __future__ import annotations

import argparse
from statistics import median

import torch
from pairs import describe_machine, time_in_turn
from torch import Tensor

from tutti.models.folding import folded
from tutti.models.inference import batch_size
from tutti.models.tagger import Tagger
from tutti.models.taggers import ARCHITECTURES, build_tagger

N_LABELS = 50


def compare(name: str, *, n_batches: int, n_pairs: int) -> str:
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
    rates = total / median(pairs.ours), total / median(pairs.theirs)
    heard = rates[0] * config.n_samples / config.sample_rate
    return (
        f"{name:19}{n_excerpts:3} x {config.n_samples / config.sample_rate:4.1f} s  "
        f"{rates[0]:7.1f} folded {rates[1]:7.1f} plain  {heard:5.0f} s/s  {pairs}; difference {difference:.0e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=4, help="in each run")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()

    torch.set_num_threads(1)
    print(describe_machine())
    print("excerpts a second, from waveform to probabilities")
    for name in ARCHITECTURES:
        print(compare(name, n_batches=options.batches, n_pairs=options.pairs), flush=True)


if __name__ == "__main__":
    main()
