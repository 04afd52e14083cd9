"""Table 4.3 of Won's thesis: genres told by artist group factors, for all combinations of five tasks.

A row is a combination, once with a network for each task, once, where there are several, with one for all.
"""

from __future__ import annotations

from tutti.papers.table import Column, Row, Settings, Table
from tutti.papers.won2021 import WORK

TASKS = {"g": "genre", "m": "mfcc", "d": "dmfcc", "e": "descriptors", "s": "subgenre"}
# combination; log loss and F1 of single-task networks; of multi-task networks
PRINTED: tuple[tuple[str, tuple[float, float], tuple[float, float] | None], ...] = (
    ("g", (0.8891, 0.5963), None),
    ("m", (1.1812, 0.3581), None),
    ("d", (1.0987, 0.3967), None),
    ("e", (1.2542, 0.3437), None),
    ("s", (0.9404, 0.5218), None),
    ("gs", (0.8606, 0.6114), (0.8578, 0.6190)),
    ("ge", (0.8811, 0.5953), (0.8792, 0.5996)),
    ("gd", (0.8845, 0.5898), (0.8803, 0.5955)),
    ("gm", (0.8874, 0.5957), (0.8813, 0.6037)),
    ("se", (0.9124, 0.5537), (0.9079, 0.5502)),
    ("sd", (0.9191, 0.5601), (0.9146, 0.5412)),
    ("sm", (0.9260, 0.5581), (0.9283, 0.5458)),
    ("ed", (1.0557, 0.4433), (1.0422, 0.4399)),
    ("em", (1.1186, 0.4244), (1.1060, 0.4376)),
    ("dm", (1.0583, 0.4373), (1.0704, 0.4280)),
    ("gse", (0.8361, 0.6255), (0.8335, 0.6277)),
    ("gsd", (0.8579, 0.6280), (0.8519, 0.6150)),
    ("gsm", (0.8486, 0.6289), (0.8541, 0.6153)),
    ("ged", (0.8528, 0.6051), (0.8601, 0.6067)),
    ("gem", (0.8645, 0.5988), (0.8701, 0.6056)),
    ("gdm", (0.8773, 0.5985), (0.8845, 0.5941)),
    ("sed", (0.8965, 0.5818), (0.8867, 0.5640)),
    ("sem", (0.9104, 0.5834), (0.8889, 0.5668)),
    ("sdm", (0.9211, 0.5629), (0.9109, 0.5572)),
    ("edm", (1.0359, 0.4879), (1.0365, 0.4675)),
    ("gsed", (0.8211, 0.6343), (0.8132, 0.6328)),
    ("gsem", (0.8264, 0.6352), (0.8172, 0.6284)),
    ("gsdm", (0.8407, 0.6379), (0.8288, 0.6170)),
    ("gedm", (0.8466, 0.6053), (0.8450, 0.6152)),
    ("sedm", (0.8906, 0.5856), (0.8875, 0.5870)),
    ("gsedm", (0.7894, 0.6599), (0.7727, 0.6571)),
)

FMA = Column(
    name="fma",
    title="FMA medium, 16 genres",
    dataset="fma",
    protocol="medium-genres",
    metrics=("log_loss", "f1_macro"),
    settings={"data.task": "classes", "scheme.groups.genre_prefix": "genre:"},
)


def _row(letters: str, network: str, published: tuple[float, float]) -> Row:
    settings: Settings = {"scheme.tasks": [TASKS[letter] for letter in letters], "scheme.network": network}
    word = {"single": "STN", "multi": "MTN"}[network]
    return Row(
        name=f"{letters}-{word.lower()}",
        title=f"{letters}, {word}",
        published={FMA.name: published},
        settings=settings,
    )


def _rows() -> tuple[Row, ...]:
    rows = []
    for letters, single, multi in PRINTED:
        rows.append(_row(letters, "single", single))
        if multi is not None:
            rows.append(_row(letters, "multi", multi))
    return tuple(rows)


TABLE_4_3 = Table(
    key="won2021/table4.3",
    title="Genres by artist group factors",
    source=f"{WORK}, table 4.3; Kim, Won, Serra, Liem, WWW 2018",
    note="g genre, m MFCC, d their differences, e descriptors, s subgenres; STN a network for each task, MTN one for "
    "all. Split, averaging of F1, epochs, batch size and the sharing of MTN were not published: ours are the official "
    "split of FMA, macro F1, at most 60 epochs, batches of 32, and everything shared up to the vector. Descriptors are "
    "ours, not Essentia's, unless scheme.groups.descriptors names a table. Of the log loss less is better.",
    columns=(FMA,),
    rows=_rows(),
    settings={
        "model.architecture": "artist_group_cnn",
        "scheme.name": "artist-groups",
        "training.optimizer": "adam",
        "training.learning_rate": 1e-3,
        "training.weight_decay": 0.0,
        "training.schedule": "constant",
    },
)
TABLES = (TABLE_4_3,)
