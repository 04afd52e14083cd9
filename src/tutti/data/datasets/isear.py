"""ISEAR: situations in which students of 37 countries felt one of seven emotions, in their words.

Layout below the root, whichever is there::

    isear.csv      the databank as a table with | between cells and a header: Field1 the emotion, SIT the situation
    ISEAR.csv      two columns without header, the emotion and the situation, with commas and quotation marks
    DATA.csv       the same, under another name

The databank marks ends of lines with an á, which is read as a space. Splits are drawn with a fixed seed: of each
emotion 70, 15 and 15 of a hundred; which sentences the paper drew is not published.

References:
    Scherer and Wallbott, "Evidence for universality and cultural variation of differential emotion response
    patterning", Journal of Personality and Social Psychology 66(2), 1994.
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021, section 3.
"""

from __future__ import annotations

from pathlib import Path

from tutti.data.datasets.dataset import RemoteFile
from tutti.data.datasets.sentence_sets import SentenceSet, not_here
from tutti.data.sentences import LabelledSentences, Sentence, gather, read_rows
from tutti.errors import DatasetError
from tutti.files import write_text

EMOTIONS = ("anger", "disgust", "fear", "guilt", "joy", "sadness", "shame")
MISSPELT = {"guit": "guilt"}  # in copies that go round
NAMES = ("isear.csv", "ISEAR.csv", "DATA.csv")
LINE_END = "á"
HOMEPAGE = "https://www.unige.ch/cisa/research/materials-and-online-research/research-material/"

Pair = tuple[str, str]  # emotion, situation


def load(root: Path, seed: int) -> LabelledSentences:
    """All situations; empty ones are left out and counted."""
    path = next((root / name for name in NAMES if (root / name).is_file()), None)
    if path is None:
        raise not_here("isear", root / NAMES[0], what="the databank as a table")
    # Some copies put quotation marks around cells, in others they are but letters: the better fit is taken.
    pairs = max((_pairs(path, is_quoted=is_quoted) for is_quoted in (True, False)), key=len)
    if not pairs:
        raise DatasetError(
            f"{path} has no situation with one of the emotions {', '.join(EMOTIONS)}", hint="fetch it again, whole"
        )
    n_silent = sum("no response" in text.casefold() for _, text in pairs)
    sentences = [
        Sentence(sentence_id=f"isear-{number}", text=text.replace(LINE_END, " "), emotion=emotion)
        for number, (emotion, text) in enumerate(pairs, start=1)
    ]
    remarks = [f"{n_silent:,} texts say that there was no response, and are kept as published"] if n_silent else []
    return gather("isear", sentences, emotions=EMOTIONS, seed=seed, remarks=remarks)


def _pairs(path: Path, *, is_quoted: bool) -> list[Pair]:
    for delimiter in ("|", ","):
        rows = read_rows(path, delimiter=delimiter, is_quoted=is_quoted)
        head = [cell.casefold().strip("\"'") for cell in rows[0]] if rows else []
        if "field1" in head and "sit" in head:
            pairs = _columns(rows[1:], head.index("field1"), head.index("sit"))
        else:
            pairs = _columns(rows, 0, 1, is_last=True)
        if pairs:
            return pairs
    return []


def _columns(rows: list[list[str]], emotion: int, text: int, *, is_last: bool = False) -> list[Pair]:
    """Emotion and situation of the rows that have both.

    Args:
        rows: Cells.
        emotion: Which of them is the emotion.
        text: Which the situation.
        is_last: Whether the situation goes on to the end of the line, commas and all.
    """
    pairs = []
    for cells in rows:
        if len(cells) <= max(emotion, text):
            continue
        name = cells[emotion].strip("\"'").casefold()
        told = ", ".join(filter(None, cells[text:])) if is_last else cells[text]
        if MISSPELT.get(name, name) in EMOTIONS:
            pairs.append((MISSPELT.get(name, name), told.strip().strip('"')))
    return pairs


def write_fixture(folder: Path) -> None:
    """Seven invented situations of each emotion."""
    situations = {
        "anger": "A neighbour parked across my gate for the {} time.",
        "disgust": "I found hair in my soup, for the {} time that week.",
        "fear": "The lift stopped between two floors for the {} time.",
        "guilt": "I forgot my sister's birthday for the {} time.",
        "joy": "My team won the cup for the {} time.",
        "sadness": "We moved house for the {} time, and I lost my friends.",
        "shame": "I fell asleep in the lecture for the {} time, á and snored.",
    }
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
    rows = ["ID|CITY|Field1|SIT"]
    rows += [f"1|2|{emotion}|{text.format(one)}" for one in ordinals for emotion, text in situations.items()]
    write_text(folder / NAMES[0], "\n".join(rows) + "\n")


ISEAR = SentenceSet(
    name="isear",
    title="ISEAR",
    description="7,666 situations, told by nearly 3,000 students of 37 countries, in which one of 7 emotions was felt.",
    citation=(
        "Scherer and Wallbott, “Evidence for universality and cultural variation of differential emotion response "
        "patterning”, Journal of Personality and Social Psychology 66(2), 1994."
    ),
    licence="CC BY-NC-SA 3.0",
    homepage=HOMEPAGE,
    files=(RemoteFile(path=NAMES[0], url=HOMEPAGE, what="the databank, exported as a table", or_at=NAMES[1:]),),
    emotions=EMOTIONS,
    n_sentences={"train": 5366, "valid": 1150, "test": 1150},
    load=load,
    write_fixture=write_fixture,
    warning="shares and counts of the splits are the paper's, the draw is not: it is not published",
)
