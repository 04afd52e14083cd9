"""`tutti index` against the script that one would write instead, on the same files with the same model.

    TUTTI_MODELS=CHECKPOINTS python bench/indexing.py MUSIC… [--model musicnn-mtat] [--files 12] [--pairs 5]

The script decodes each file with librosa.load, cuts the excerpts that tutti's plan names, passes them one by one
through the published network with the published weights, and averages. `tutti index` does all that it always does:
it hashes the files, reads their tags and covers, and stores everything in a new catalogue. Both run in this process,
with torch's default threads, on a model that is loaded already.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from pairs import describe_machine, time_in_turn

from tutti.audio.excerpts import ExcerptPlan
from tutti.data.catalogue import Catalogue
from tutti.data.folder import scan
from tutti.models.model import Model
from tutti.models.published import our_name, read_state_dict
from tutti.models.tagger import Tagger
from tutti.models.taggers import build_tagger, find_architecture
from tutti.models.zoo import Zoo
from tutti.search.indexing import index

Answers = dict[str, NDArray[np.float32]]


def published_network(model: Model, file: Path | None) -> Tagger:
    """The network as published: nothing folded, and of a published file every weight, however small."""
    network = build_tagger(model.config.architecture, len(model.labels), **model.config.options)
    if file is None:
        network.load_state_dict(model.network.state_dict())
        return network.eval()
    architecture = find_architecture(model.config.architecture)
    renamed = {our_name(name, architecture): tensor for name, tensor in read_state_dict(file).items()}
    network.load_state_dict({name: renamed[name] for name in network.state_dict()})
    return network.eval()


def tag_by_script(files: Sequence[Path], network: Tagger, *, sample_rate: int, plan: ExcerptPlan) -> Answers:
    answers = {}
    for file in files:
        waveform, _ = librosa.load(file, sr=sample_rate)
        outputs = []
        with torch.no_grad():
            for start in plan.starts(len(waveform)):
                excerpt = np.resize(waveform[start : start + plan.n_samples], plan.n_samples)
                outputs.append(torch.sigmoid(network(torch.from_numpy(excerpt)[None]))[0].numpy())
        answers[str(file)] = np.mean(outputs, axis=0)
    return answers


def tag_by_index(files: Sequence[Path], model: Model) -> Answers:
    fresh = Model(model.config, model.network)  # so that fingerprint and folding are part of the time
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Catalogue.create(Path(folder) / "catalogue")
        index(files, catalogue, [fresh])
        by_id = {track.track_id: str(track.audio) for track in catalogue.tracks() if not track.duplicate_of}
        stored = catalogue.predictions(fresh.name)
        rows = zip(stored.track_ids, stored.probabilities, strict=True)
        return {by_id[track_id]: row for track_id, row in rows if track_id in by_id}


def published_file(name: str) -> Path | None:
    """The checkpoint of that name in one of the folders in TUTTI_MODELS."""
    zoo = Zoo()
    if name not in [entry.name for entry in zoo.entries()]:
        return None
    files = (folder / zoo.entry(name).file_name for folder in zoo.places.folders)
    return next((file for file in files if file.is_file()), None)


def evenly(files: Sequence[Path], count: int) -> list[Path]:
    """At most ``count`` of the files, spread over the list."""
    return [files[i * len(files) // count] for i in range(count)] if len(files) > count else list(files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", nargs="+", type=Path, help="folders or files")
    parser.add_argument("--model", default="musicnn-mtat")
    parser.add_argument("--files", type=int, default=12, help="take so many, evenly spread over the list")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=FutureWarning, module="librosa")

    files = evenly([found.path for found in scan(*options.music).files], options.files)
    model = Zoo().load(options.model)
    checkpoint = published_file(options.model)
    network = published_network(model, checkpoint)
    plan, rate = model.config.excerpt_spec.plan, model.sample_rate

    print(describe_machine("librosa", "soundfile", "soxr"))
    sound = sum(librosa.get_duration(path=file) for file in files)
    ours = tag_by_index(files, model)
    theirs = tag_by_script(files, network, sample_rate=rate, plan=plan)
    if len(ours) < len(files):
        raise SystemExit("error: some files are copies of others or cannot be heard\nhint: give different, sound files")
    largest = max(float(np.abs(ours[str(file)] - theirs[str(file)]).max()) for file in files)
    pairs = time_in_turn(
        lambda: tag_by_index(files, model),
        lambda: tag_by_script(files, network, sample_rate=rate, plan=plan),
        n_pairs=options.pairs,
    )
    weights = "published weights" if checkpoint else "the bundle's weights (no published file in TUTTI_MODELS)"
    print(f"{model.name}, {weights}; {len(files)} files, {sound / 60:.1f} min; largest difference {largest:.1e}")
    for name, times in (("tutti index", pairs.ours), ("the script", pairs.theirs)):
        seconds = median(times)
        print(f"{name:12}{len(files) / seconds:6.2f} tracks/s  {sound / seconds:5.0f} times real time")
    print(f"tutti index is {pairs}")


if __name__ == "__main__":
    main()
