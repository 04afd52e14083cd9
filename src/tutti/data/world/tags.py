"""What listeners type: synonyms, misspellings, omissions and chatter; and the way back to the vocabulary.

The vocabulary itself is ``taxonomy.VOCABULARY``. What a model is to learn is chosen in ``tutti.data.labels``.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from tutti.data.world.names import pick
from tutti.data.world.taxonomy import GENRES, INSTRUMENTS, PARENTS, VOCABULARY
from tutti.text.spelling import corrected, plain

SYNONYMS: dict[str, tuple[str, ...]] = {
    "rock": ("rock music", "guitar rock"),
    "pop": ("pop music", "popmusic"),
    "electronic": ("electronica", "edm"),
    "hip hop": ("Hip-Hop", "rap", "hiphop"),
    "jazz": ("jazz music", "Jazzy"),
    "folk": ("folk music", "americana"),
    "classical": ("classical music", "klassik"),
    "latin": ("latin music", "musica latina"),
    "indie rock": ("indie", "alternative rock", "Indie-Rock"),
    "punk": ("punk rock", "pop punk"),
    "metal": ("heavy metal", "thrash"),
    "dance pop": ("dance", "Dance-Pop", "eurodance"),
    "synth pop": ("synthpop", "80s synth", "new wave"),
    "dream pop": ("dreampop", "shoegaze"),
    "house": ("house music", "deep house"),
    "techno": ("minimal techno", "techno music"),
    "ambient": ("ambient music", "drone"),
    "drum and bass": ("dnb", "drum n bass", "jungle"),
    "boom bap": ("boombap", "old school hip hop", "golden age rap"),
    "trap": ("trap music", "trap beats"),
    "lo-fi hip hop": ("lofi", "lo-fi", "chillhop"),
    "swing": ("swing music", "big band"),
    "bebop": ("be-bop", "bop"),
    "smooth jazz": ("smoothjazz", "lounge jazz"),
    "country": ("country music", "honky tonk"),
    "bluegrass": ("blue grass", "newgrass"),
    "singer songwriter": ("singer-songwriter", "songwriter"),
    "baroque": ("baroque music", "early music"),
    "chamber music": ("chamber", "kammermusik"),
    "minimalism": ("minimal music", "minimalist"),
    "bossa nova": ("bossa", "bossanova"),
    "salsa": ("salsa dura", "salsa music"),
    "vocals": ("singing", "vocal", "singer"),
    "acoustic guitar": ("acoustic", "fingerpicking", "acoustic guitars"),
    "electric guitar": ("guitar riffs", "electric guitars", "guitar solo"),
    "piano": ("pianos", "piano music"),
    "organ": ("hammond", "hammond organ"),
    "synthesizer": ("synth", "synths", "synthesiser"),
    "violin": ("violins", "fiddle", "strings"),
    "flute": ("flutes", "flutist"),
    "saxophone": ("sax", "saxophones"),
    "trumpet": ("trumpets", "brass"),
    "vibraphone": ("vibes", "vibraphones"),
    "drums": ("drummer", "percussion", "drum"),
    "happy": ("cheerful", "feel good", "uplifting"),
    "sad": ("melancholy", "melancholic", "sadness"),
    "calm": ("relaxing", "mellow", "chill"),
    "energetic": ("energy", "upbeat", "high energy"),
    "dark": ("gloomy", "brooding"),
    "dreamy": ("ethereal", "hazy"),
    "romantic": ("love songs", "sensual"),
    "aggressive": ("angry", "intense"),
}
CHATTER = (
    *("favourites", "seen live", "to check out", "my collection", "workout", "roadtrip 2019", "sunday morning"),
    *("awesome", "best ever", "<3", "good for coding", "guilty pleasure", "from dad", "party"),
)
# Typed when a listener means something else, in the proportions of what listeners like to type.
POPULAR = (*PARENTS, "indie rock", "dance pop", "house", "vocals", "electric guitar", "happy", "calm", "energetic")
_CANONICAL = {plain(form): tag for tag in VOCABULARY for form in (tag, *SYNONYMS[tag])}
_CHATTER = frozenset(plain(words) for words in CHATTER)


@lru_cache(maxsize=100_000)
def normalise_tag(tag: str) -> str | None:
    """The word of the vocabulary that somebody meant, None where it means none.

    >>> normalise_tag("Hip-Hop"), normalise_tag("saxaphone"), normalise_tag("seen live")
    ('hip hop', 'saxophone', None)
    """
    typed = plain(tag)
    if typed in _CANONICAL:
        return _CANONICAL[typed]
    if typed in _CHATTER:
        return None
    likely = corrected(typed, _CANONICAL)
    return None if likely is None else _CANONICAL[likely]


def normalise_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The words of the vocabulary that listeners meant, each once, in the order in which they came.

    >>> normalise_tags(["rap", "Hip-Hop", "pinao", "from dad"])
    ('hip hop', 'piano')
    """
    meant = (normalise_tag(tag) for tag in tags)
    return tuple(dict.fromkeys(tag for tag in meant if tag is not None))


def misspell(tag: str, rng: np.random.Generator) -> str:
    """A typing error: a letter left out, doubled, replaced, or two swapped; one that can still be understood."""
    wanted = normalise_tag(tag)
    for _ in range(4):
        place = int(rng.integers(1, max(len(tag) - 1, 2)))
        letter = pick(rng, string.ascii_lowercase)
        swapped = tag[: place - 1] + tag[place : place + 1] + tag[place - 1 : place] + tag[place + 1 :]
        doubled = tag[:place] + tag[place - 1] + tag[place:]
        options = [tag[:place] + tag[place + 1 :], doubled, tag[:place] + letter + tag[place + 1 :], swapped]
        typed = pick(rng, options)
        if normalise_tag(typed) == wanted:
            return typed
    return tag


def write_tag(tag: str, rng: np.random.Generator) -> str:
    """One listener's way to write a tag."""
    written = pick(rng, SYNONYMS[tag]) if rng.random() < 0.3 else tag
    if rng.random() < 0.08:
        written = misspell(written, rng)
    form = rng.random()
    return written.title() if form < 0.12 else written.upper() if form < 0.14 else written


def salience(tag: str, lead: str) -> float:
    """How likely a tag that applies is to be typed at all, before the world's share and the track's fame."""
    if tag in PARENTS:
        return 1.05
    if tag in GENRES:
        return 1.0
    if tag in INSTRUMENTS:
        return 1.15 if tag == lead else {"drums": 0.9}.get(tag, 1.0)
    return 0.95 if tag in ("happy", "sad", "calm", "energetic") else 0.85


def type_tags(
    true_tags: Sequence[str], lead: str, rng: np.random.Generator, *, share: float, noise: float, fame: float
) -> tuple[str, ...]:
    """Everything that listeners typed for one track.

    Args:
        true_tags: Words of the vocabulary that apply.
        lead: The leading instrument, which people notice most.
        rng: Where chance comes from.
        share: How likely an apt tag is to be typed, 0 to 1.
        noise: Wrong tags for each right one.
        fame: -1 to 1; a well-known track gets more of its tags, and more chatter.
    """
    typed = []
    for tag in true_tags:
        if rng.random() < min(share * salience(tag, lead) * (1.0 + 0.15 * fame), 0.98):
            typed.append(write_tag(tag, rng))
    n_wrong = int(rng.poisson(noise * len(true_tags)))
    wrong = [write_tag(pick(rng, POPULAR if rng.random() < 0.6 else VOCABULARY), rng) for _ in range(n_wrong)]
    chatter = [pick(rng, CHATTER) for _ in range(int(rng.poisson(0.5 * (1.0 + fame))))]
    together = [*typed, *wrong, *chatter]
    order = rng.permutation(len(together))
    return tuple(dict.fromkeys(together[index] for index in order))
