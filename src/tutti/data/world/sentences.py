"""Invented sentences that express an emotion, to go with a generated world: instead of Alm's tales and of ISEAR.

Splits are by author, and no author uses another's telling words (``situations``). How a world's music is given one mood
each, and where emotions and moods lie in valence and arousal, is in ``moods``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from tutti.data.sentences import LabelledSentences, Sentence
from tutti.data.world.chance import Stream, generator
from tutti.data.world.names import pick
from tutti.data.world.situations import AUTHORS, EMOTIONS, Manner
from tutti.errors import ConfigError, unknown_name

PERSONS = {"first": (("I", "me", "my"),), "third": (("she", "her", "her"), ("he", "him", "his"))}
OPENINGS = (
    *("on Tuesday", "that week", "before breakfast", "at the market", "on the way home", "after lunch", "that evening"),
    *("in the spring", "at the end of the month", "when the shops had closed", "one afternoon", "between two meetings"),
)
ASIDES = (
    "The tram was late.",
    "It was the week of the fair.",
    "The kettle had just been filled.",
    "The calendar said the ninth.",
    "There was a timetable on the wall.",
    "The radio was giving the time.",
    "Somebody was sweeping the yard.",
    "It was neither warm nor cold.",
)
FORMS = ("{event}.", "{event}, and {reaction}.", "{opening}, {event}.", "{event}; {reaction}.", "{aside} {Event}.")
LONG_FORMS = ("{opening}, {event}, and {reaction}.", "{aside} {Event}, and {reaction}.")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of sentences.

    Attributes:
        emotions: Ours by the names that the research set gives them, which is in alphabetical order.
        shares: How frequent each is, of any sum.
        person: Who tells: ``first`` or ``third``.
    """

    emotions: dict[str, str]
    shares: tuple[float, ...]
    person: str


KINDS = {
    "tales": Kind(  # as in Alm, where most are happy and few are surprised
        emotions={"anger": "anger", "fearful": "fear", "happy": "joy", "sad": "sadness", "surprised": "surprise"},
        shares=(0.18, 0.14, 0.37, 0.22, 0.09),
        person="third",
    ),
    "situations": Kind(  # as in ISEAR, all alike
        emotions={name: name for name in EMOTIONS if name != "surprise"},
        shares=(1.0,) * 7,
        person="first",
    ),
}
LEAST, MOST = 40, 5_000  # sentences; more would repeat


def write_sentences(kind: str = "tales", *, n_sentences: int = 600, seed: int = 0) -> LabelledSentences:
    """Sentences of five authors, three of whom train, one is valid and one test.

    Args:
        kind: ``tales``, with the emotions of Alm, or ``situations``, with those of ISEAR.
        n_sentences: In all; a fifth each author's.
        seed: The same seed gives the same sentences.

    Raises:
        UnknownNameError: There is no such kind.
        ConfigError: The number is not from ``LEAST`` to ``MOST``.
    """
    if kind not in KINDS:
        raise unknown_name("kind of sentences", kind, KINDS)
    if not LEAST <= n_sentences <= MOST:
        raise ConfigError(
            f"five authors cannot write {n_sentences:,} sentences that differ and teach something",
            hint=f"give {LEAST} to {MOST:,}",
        )
    chosen = KINDS[kind]
    sentences: dict[str, Sentence] = {}
    for number, (author, split) in enumerate(AUTHORS.items()):
        rng = generator(seed, Stream.SENTENCE, number)
        count = n_sentences // len(AUTHORS) + (number < n_sentences % len(AUTHORS))
        labels = _labels(chosen, count, rng)
        for place, emotion in enumerate(labels):
            manner = EMOTIONS[chosen.emotions[emotion]][author]
            text = _sentence(manner, chosen.person, rng)
            while text in sentences:
                text = _sentence(manner, chosen.person, rng)
            sentences[text] = Sentence(
                sentence_id=f"{author}-{place:04d}", text=text, emotion=emotion, split=split, author=author
            )
    return LabelledSentences(name=f"world-{kind}", sentences=tuple(sentences.values()), emotions=tuple(chosen.emotions))


def _labels(kind: Kind, count: int, rng: np.random.Generator) -> list[str]:
    """Emotions in the kind's shares, each once at least, in a drawn order."""
    shares = np.array(kind.shares) / sum(kind.shares)
    names = list(kind.emotions)
    drawn = rng.choice(len(names), size=max(0, count - len(names)), p=shares)
    return [names[place] for place in rng.permutation([*range(len(names)), *drawn])[:count].tolist()]


def _sentence(manner: Manner, person: str, rng: np.random.Generator) -> str:
    s, o, p = PERSONS[person][int(rng.integers(len(PERSONS[person])))]
    event, reaction = (pick(rng, some).format(s=s, o=o, p=p) for some in (manner.events, manner.reactions))
    form = pick(rng, FORMS if rng.random() < 0.6 else LONG_FORMS)
    filled = form.format(
        event=event, Event=_capital(event), reaction=reaction, opening=pick(rng, OPENINGS), aside=pick(rng, ASIDES)
    )
    return _capital(re.sub(r"\s+", " ", filled))


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
