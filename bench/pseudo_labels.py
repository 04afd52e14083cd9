"""How fast teachers are heard: pseudo-labelling against `tutti index`, the same excerpts of the same files.

    TUTTI_MODELS=CHECKPOINTS python bench/pseudo_labels.py MUSIC… [--teachers NAME …] [--files 6] [--pairs 3]

Both begin with nothing and hear each teacher's excerpts one after the other. Indexing also reads tags and covers and
keeps one average a track; pseudo-labels keep every excerpt.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pairs import describe_machine, time_in_turn

from tutti.data.catalogue import Catalogue
from tutti.data.folder import scan
from tutti.data.track import Track
from tutti.models.model import Model
from tutti.models.zoo import load_model
from tutti.search.indexing import index
from tutti.training.pseudo_labels import PseudoLabels, write_pseudo_labels


def by_index(files: Sequence[Path], models: Sequence[Model], folder: Path) -> Catalogue:
    """The files indexed by models that hear all of each."""
    catalogue = Catalogue.create(folder / "catalogue")
    index(files, catalogue, models, jobs=2)
    return catalogue


def by_pseudo_labels(files: Sequence[Path], models: Sequence[Model], folder: Path) -> PseudoLabels:
    """The same files heard by the same models as teachers."""
    tracks = [Track(track_id=str(file), audio=file) for file in files]
    return write_pseudo_labels(tracks, {one.name: [one] for one in models}, folder / "heard", jobs=2)


def largest_difference(files: Sequence[Path], models: Sequence[Model]) -> float:
    """Between the averages of both ways, over files, models and labels."""
    with tempfile.TemporaryDirectory() as folder:
        catalogue = by_index(files, models, Path(folder))
        heard = by_pseudo_labels(files, models, Path(folder))
        path_of = {track.track_id: str(track.audio) for track in catalogue.tracks()}
        differences = []
        for model in models:
            stored = catalogue.predictions(model.name)
            for track_id, row in zip(stored.track_ids, stored.probabilities, strict=True):
                differences.append(np.abs(row - heard.of_track(path_of[track_id])[model.name]).max())
    return float(max(differences))


def main() -> None:
    """Compare both ways, then time them in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", nargs="+", type=Path, help="folders or files")
    parser.add_argument("--teachers", nargs="+", default=["musicnn-mtat", "fcn-msd"])
    parser.add_argument("--files", type=int, default=6, help="the first so many")
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    files = [found.path for found in scan(*options.music).files][: options.files]
    models = [load_model(name) for name in options.teachers]
    models = [one.with_excerpts(hop=one.n_samples / one.sample_rate) for one in models]
    print(describe_machine())
    print(f"{len(files)} files, {', '.join(options.teachers)}: differ by {largest_difference(files, models):.1e}")

    def timed(work: object) -> None:
        with tempfile.TemporaryDirectory() as folder:
            assert callable(work)
            work(files, models, Path(folder))

    pairs = time_in_turn(lambda: timed(by_pseudo_labels), lambda: timed(by_index), n_pairs=options.pairs)
    print(f"pseudo-labelling is {pairs} as indexing")


if __name__ == "__main__":
    main()
