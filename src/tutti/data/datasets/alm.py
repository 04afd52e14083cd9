"""Alm's fairy tales: sentences by the Grimms, Andersen and Potter on whose emotion all annotators agreed.

Layout below the root, as the three archives unpack::

    Grimms/agree-sent/<tale>.agree       lines of <number>@<code>@<sentence>
    HCAndersen/agree-sent/…
    Potter/agree-sent/…

The split is by author: Grimms and Andersen train. The paper's code takes Potter for valid and for test alike, so that
what is chosen on valid is chosen on test; so it is here, and said.

The paper counts 1,383 sentences and uses 1,207; which it leaves out it does not say. Those here are the sentences of
high agreement; ``SentenceSet.count_remarks`` compares their number with the 1,207.

References:
    Alm, "Affect in text and speech", PhD thesis, University of Illinois at Urbana-Champaign, 2008.
    Won, Salamon, Bryan, Mysore, Serra, "Emotion embedding spaces for matching music to stories", ISMIR 2021, section 3.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tutti.data.datasets.dataset import RemoteFile, missing_or_broken
from tutti.data.datasets.sentence_sets import SentenceSet, not_here
from tutti.data.sentences import LabelledSentences, Sentence, gather
from tutti.files import write_text
from tutti.text.documents import decoded

EMOTIONS = ("anger", "fearful", "happy", "sad", "surprised")
EMOTION_OF_CODE = {"2": "anger", "3": "fearful", "4": "happy", "6": "sad", "7": "surprised"}
SPLIT_OF_AUTHOR = {"Grimms": "train", "HCAndersen": "train", "Potter": "test"}
FOLDER = "agree-sent"
HOMEPAGE = "http://people.rc.rit.edu/~coagla/affectdata/index.html"
VALID_IS_TEST = "valid is test over again, as in the paper's code: what is chosen on valid is chosen on test"


def load(root: Path, seed: int) -> LabelledSentences:
    """All sentences of high agreement; nothing is drawn."""
    sentences: list[Sentence] = []
    broken: Counter[str] = Counter()
    for author, split in SPLIT_OF_AUTHOR.items():
        folder = root / author / FOLDER
        paths = sorted(folder.glob("*.agree")) if folder.is_dir() else []
        if not paths:
            raise not_here("alm", folder, what=f"tales by {author}")
        for path in paths:
            for line in _lines(path):
                number, _, rest = line.partition("@")
                code, _, text = rest.partition("@")
                if code.strip() not in EMOTION_OF_CODE or not number.strip().isdigit():
                    broken[str(path.relative_to(root))] += 1
                    continue
                sentences.append(
                    Sentence(
                        sentence_id=f"{author}/{path.stem}/{number.strip()}",
                        text=text,
                        emotion=EMOTION_OF_CODE[code.strip()],
                        split=split,
                        author=author,
                    )
                )
    remarks = [VALID_IS_TEST]
    if broken:
        remarks.append(f"{broken.total():,} lines are no sentence with its code, such as one of {next(iter(broken))}")
    return gather("alm", sentences, emotions=EMOTIONS, seed=seed, same_as={"valid": "test"}, remarks=remarks)


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in decoded(path.read_bytes()).splitlines() if line.strip()]
    except OSError as cause:
        raise missing_or_broken(path, cause, what="sentences of a tale") from None


def write_fixture(folder: Path) -> None:
    """A tale of three or more invented sentences by each author."""
    tales = {
        "Grimms": ["0@4@And they danced until the candles were done.", "3@6@She sat down by the well and wept."],
        "HCAndersen": ["1@3@The stairs creaked, though nobody was on them.", "2@7@Out of the teapot flew a wren!"],
        "Potter": [
            "0@2@“You have eaten the whole of it!” shouted the hedgehog.",
            "4@6@He had lost both of his buttons, and the day was cold.",
            "9@4@There was jam for supper.",
        ],
    }
    for author, lines in tales.items():
        write_text(folder / author / FOLDER / "invented.agree", "\n".join(lines) + "\n")


ALM = SentenceSet(
    name="alm",
    title="Alm's fairy tales",
    description="1,207 sentences of 176 fairy tales by Grimms, Andersen and Potter, each with one of five emotions.",
    citation="Alm, “Affect in text and speech”, PhD thesis, University of Illinois at Urbana-Champaign, 2008.",
    licence="its readmes: free to use and share with their notice kept; its page: GPL; tales: in the public domain",
    homepage=HOMEPAGE,
    files=tuple(
        RemoteFile(path=f"{author}/{FOLDER}/", url=HOMEPAGE, what=f"sentences of high agreement by {author}")
        for author in SPLIT_OF_AUTHOR
    ),
    emotions=EMOTIONS,
    n_sentences={"train": 1040, "valid": 167, "test": 167},
    load=load,
    write_fixture=write_fixture,
    warning=VALID_IS_TEST,
)
