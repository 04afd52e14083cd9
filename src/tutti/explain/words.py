"""Words that speak for a score: what the score of a text loses when a word, or a sentence, is left out of it.

Leaving out is done in the text, so that it means the same for every reader: of counted words and of language models. A
word is left out wherever it stands, and with it the categories of the entity that it names. What words contribute does
not add up to the score: two words that say the same are each missed by nobody.

References:
    Li, Monroe and Jurafsky, "Understanding neural networks through representation erasure", arXiv:1612.08220, 2016.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tutti.errors import unknown_name
from tutti.models.texts import TextEncoder
from tutti.text.documents import read_document, sentence_spans
from tutti.text.terms import word_spans

By = Literal["word", "sentence"]
Score = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What a word or sentence adds to a score.

    Attributes:
        text: As it stands in the text, a word as it stands first.
        spans: Where it stands: first character, and the one after the last.
        value: Score of the whole text minus score without it; NaN where nothing that is known would be left.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    value: float


@dataclass(frozen=True, kw_only=True)
class WordContributions:
    """A text with what its parts contribute.

    Attributes:
        text: What of the text is read.
        score: Of it; NaN where nothing of it is known to the model.
        parts: In the order of the text.
    """

    text: str
    score: float
    parts: tuple[Contribution, ...]

    def top(self, count: int) -> list[Contribution]:
        """What adds most, then what takes away most, at most so many together, the largest first."""
        known = [one for one in self.parts if one.value and math.isfinite(one.value)]
        return sorted(known, key=lambda one: -abs(one.value))[:count]

    def to_html(self) -> str:
        """The text with ``<mark class="for">`` or ``<mark class="against">`` around its parts, safe to put in a page.

        Each mark has a style ``--weight`` from 0 to 1, its share of the largest contribution, and the number as title.
        """
        largest = max((abs(one.value) for one in self.top(1)), default=0.0)
        marks = sorted((start, end, one.value) for one in self.parts for start, end in one.spans)
        pieces, at = [], 0
        for start, end, value in marks:
            if not largest or not math.isfinite(value) or abs(value) < largest / 100:
                continue
            kind = "for" if value > 0 else "against"
            style = f'style="--weight:{abs(value) / largest:.2f}" title="{value:+.3f}"'
            marked = f'<mark class="{kind}" {style}>{html.escape(self.text[start:end])}</mark>'
            pieces += [html.escape(self.text[at:start]), marked]
            at = end
        return "".join([*pieces, html.escape(self.text[at:])])

    def to_json(self) -> dict[str, Any]:
        """As ``tutti explain --json`` prints it; None stands for NaN."""
        parts = [{"text": one.text, "spans": one.spans, "value": _number(one.value)} for one in self.parts]
        return {"text": self.text, "score": _number(self.score), "parts": parts}


def word_contributions(
    encoder: TextEncoder, text: str, score: Score, *, by: By = "word", score_without_text: float = math.nan
) -> WordContributions:
    """What each word or sentence of a text contributes to a score.

    Args:
        encoder: Of texts.
        text: Any text; only what the encoder reads of it is explained.
        score: From a vector ``[1, embed_dim]`` to a scalar, such as a label's logit or probability.
        by: ``word`` or ``sentence``. Of scripts without spaces, ``word`` takes what stands between signs as one.
        score_without_text: The score where the text is absent: counts where nothing that is known would be left.

    Raises:
        UnknownNameError: ``by`` is neither.
    """
    if by not in get_args(By):
        raise unknown_name("part of a text", by, get_args(By))
    whole = read_document(text, n_characters=encoder.config.n_characters).text
    parts = _words(whole) if by == "word" else [[span] for span in sentence_spans(whole)]
    vectors = encoder.vectors_of(encoder.reader.read_without(whole, [[], *parts]))
    scores = [_score(vector, score, score_without_text) for vector in vectors]
    found = [
        Contribution(text=whole[slice(*spans[0])], spans=tuple(spans), value=scores[0] - without)
        for spans, without in zip(parts, scores[1:], strict=True)
    ]
    # Where nothing is known, nothing contributes.
    is_known = bool(np.isfinite(vectors[0]).all())
    return WordContributions(text=whole, score=scores[0], parts=tuple(found) if is_known else ())


def _words(text: str) -> list[list[tuple[int, int]]]:
    """All places of each word, words in the order of their first places."""
    places: dict[str, list[tuple[int, int]]] = {}
    for word, start, end in word_spans(text):
        places.setdefault(word, []).append((start, end))
    return list(places.values())


@torch.inference_mode()
def _score(vector: NDArray[np.float32], score: Score, absent: float) -> float:
    if not np.isfinite(vector).all():
        return absent
    return float(score(torch.from_numpy(vector[np.newaxis])))


def _number(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
