"""Captions that nobody wrote: what a listener might say of tracks, by what a tagger hears in them.

Of all names in a lexicon, a few are drawn whose meanings lie near to what is heard in a track, and put into words. Such
captions are as right as the tagger and as varied as the lexicon. They are good for learning what captions ask for, not
for scoring: they tell nothing that the tagger does not know.

References:
    Doh, Choi, Lee and Nam, "LP-MusicCaps: LLM-based pseudo music captioning", ISMIR 2023 (captions from tags).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, ShapeError
from tutti.text.lexicon import Lexicon

# Half of what people type are lists.
TEMPLATES = (
    "{every}",
    "{every}",
    "{every}",
    "{first} with {others}",
    "{first}: {others}",
    "a track with {others}, {first}",
    "{first} and {others} in one piece",
)


@dataclass(frozen=True, kw_only=True)
class PseudoCaptionConfig:
    """How captions are made up.

    Attributes:
        per_track: Captions of each track.
        n_names: Fewest and most names in a caption.
        temperature: Of the softmax over names, of the cosines of their meanings with what is heard; the smaller, the
            nearer to it.
        seed: Of the draws.
    """

    per_track: int = 4
    n_names: tuple[int, int] = (1, 6)
    temperature: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        fewest, most = self.n_names
        if self.per_track < 1 or not 1 <= fewest <= most or self.temperature <= 0:
            raise ConfigError(
                f"{self.per_track} captions of {fewest} to {most} names at temperature {self.temperature:g} cannot be "
                "drawn",
                hint="give 1 caption or more, names from 1 up, and a temperature above 0 such as 0.1",
            )


def pseudo_captions(
    evidence: NDArray[np.float32], lexicon: Lexicon, config: PseudoCaptionConfig | None = None
) -> tuple[tuple[str, ...], ...]:
    """Captions of tracks.

    Args:
        evidence: How much likelier each concept is in a track than in others, centred, such as standardised log odds.
            Shape (tracks, concepts).
        lexicon: Names to describe with.
        config: How many, and how near.

    Returns:
        Of each track so many captions; the same seed gives the same.

    Raises:
        ShapeError: The evidence is of other concepts.
    """
    config = config or PseudoCaptionConfig()
    if evidence.ndim != 2 or evidence.shape[1] != len(lexicon.concepts):
        raise ShapeError(
            f"evidence has shape {evidence.shape}, the lexicon {len(lexicon.concepts)} concepts",
            hint="give a column for each concept",
        )
    rng = np.random.default_rng(config.seed)
    found = []
    for track in evidence:
        length = np.linalg.norm(track)
        cosines = lexicon.meanings @ track / length if length > 0 else np.zeros(len(lexicon.names))
        shares = np.exp((cosines - cosines.max()) / config.temperature)
        shares /= shares.sum()
        found.append(tuple(_caption(lexicon.names, shares, config, rng) for _ in range(config.per_track)))
    return tuple(found)


def _caption(
    names: Sequence[str], shares: NDArray[np.floating], config: PseudoCaptionConfig, rng: np.random.Generator
) -> str:
    fewest, most = config.n_names
    n_names = min(int(rng.integers(fewest, most + 1)), int((shares > 0).sum()))
    drawn = [names[int(row)] for row in rng.choice(len(names), size=n_names, replace=False, p=shares)]
    template = TEMPLATES[int(rng.integers(len(TEMPLATES)))] if len(drawn) > 1 else "{every}"
    return template.format(every=", ".join(drawn), first=drawn[0], others=_listed(drawn[1:]))


def _listed(names: Sequence[str]) -> str:
    return " and ".join([part for part in (", ".join(names[:-1]), names[-1]) if part]) if names else ""
