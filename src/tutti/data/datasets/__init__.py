"""The research datasets: one module each, all in the form of ``dataset.Dataset``.

What a dataset is, its citation and licence, the files to fetch, its protocols with labels in order, how its lists are
read, and a fixture of a few tracks stand together in its module; what datasets of albums share is in ``albums`` and
``reviews``. Sets of labelled sentences, which are no tracks, have a form of their own, ``sentence_sets``. Leaks between
splits are looked for in ``tutti.data.leakage``; sounds are decoded ahead of training in ``tutti.audio.store``.
"""

from __future__ import annotations

from tutti.data.datasets.alm import ALM
from tutti.data.datasets.audioset_mood import AUDIOSET_MOOD
from tutti.data.datasets.audioset_pairs import AUDIOSET_PAIRS
from tutti.data.datasets.dataset import Dataset
from tutti.data.datasets.dcase2017 import DCASE2017
from tutti.data.datasets.fma import FMA
from tutti.data.datasets.gtzan import GTZAN
from tutti.data.datasets.isear import ISEAR
from tutti.data.datasets.magnatagatune import MAGNATAGATUNE
from tutti.data.datasets.million_song import MILLION_SONG
from tutti.data.datasets.msd500 import MSD500
from tutti.data.datasets.msd_i import MSD_I
from tutti.data.datasets.mtg_jamendo import MTG_JAMENDO
from tutti.data.datasets.mumu import MUMU
from tutti.data.datasets.sentence_sets import SentenceSet
from tutti.data.datasets.speech_commands import SPEECH_COMMANDS
from tutti.errors import unknown_name

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        MAGNATAGATUNE,
        MILLION_SONG,
        MTG_JAMENDO,
        GTZAN,
        SPEECH_COMMANDS,
        DCASE2017,
        FMA,
        MSD_I,
        MSD500,
        MUMU,
        AUDIOSET_PAIRS,
        AUDIOSET_MOOD,
    )
}


def find_dataset(name: str) -> Dataset:
    """The dataset of this name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in DATASETS:
        raise unknown_name("dataset", name, DATASETS)
    return DATASETS[name]


SENTENCE_SETS: dict[str, SentenceSet] = {one.name: one for one in (ALM, ISEAR)}


def find_sentence_set(name: str) -> SentenceSet:
    """The set of labelled sentences of this name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in SENTENCE_SETS:
        raise unknown_name("set of sentences", name, SENTENCE_SETS)
    return SENTENCE_SETS[name]
