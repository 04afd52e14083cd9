"""Figures 2, 3 and 4 of Wu, Fuentes and Bello, "Exploring modality-agnostic representations for music classification",
2021, arXiv 2106.01149.

The figures are drawn without numbers; what can be compared are statements of the text. How they are found out is
``wu2021_retrieval``'s and ``wu2021_classes``' matter, on what, ``wu2021_pairs``'.
"""

from __future__ import annotations

from tutti.papers.experiment import Experiment
from tutti.papers.wu2021_classes import ALL_DATA, OFTEN_CONFUSED, ZERO_SHOT, classify
from tutti.papers.wu2021_pairs import DATASET
from tutti.papers.wu2021_retrieval import BEST, OPENL3, UNTRANSLATED, retrieve

WORK = "Wu, Fuentes, Bello, arXiv 2106.01149, 2021"
NOTE = (
    "The figures bear no numbers; statements of the text are compared. The translation is learned by the settings of "
    "the text (--set space.preset=wu2021-code: of the code), on encoders that --set audio.NAME=FOLDER and "
    "--set image.NAME=FOLDER name."
)
EXPERIMENTS = (
    Experiment(
        key="wu2021/figure2",
        title="Retrieval across modalities, by pairs of encoders",
        source=f"{WORK}, figure 2",
        note=f"{NOTE} Relevance of several labels, gains and the best order are our choice.",
        dataset=DATASET,
        statements=(BEST, OPENL3, UNTRANSLATED),
        carry_out=retrieve,
    ),
    Experiment(
        key="wu2021/figure3",
        title="Classification, the more samples of the target modality are added",
        source=f"{WORK}, figure 3",
        note=f"{NOTE} What components were fitted on is not told: here, on the pairs of the translation.",
        dataset=DATASET,
        statements=(ZERO_SHOT, ALL_DATA),
        carry_out=classify,
    ),
    Experiment(
        key="wu2021/figure4",
        title="Classes: F1, confusion, distances between the modalities' centroids",
        source=f"{WORK}, figure 4",
        note=f"{NOTE} Which of these pictures bears the number we do not know for certain; all are drawn, distances as "
        "Euclidean ones.",
        dataset=DATASET,
        statements=tuple(OFTEN_CONFUSED.values()),
        carry_out=classify,
    ),
)
