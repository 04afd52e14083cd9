"""What is written about a track: review, biography, caption, and lyrics where there is a voice.

Sentences come from a small grammar. Each tells something true, something beside the point, or names what the music is
*not*; the world's ``text`` knob sets how often the first. Words for tags come from ``tags``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tutti.data.world.config import WorldConfig
from tutti.data.world.latent import Song
from tutti.data.world.names import person_name, pick, place_name
from tutti.data.world.tags import SYNONYMS
from tutti.data.world.taxonomy import GENRES, INSTRUMENTS, MOODS, PARENTS

GENRE_LINES = (
    "{artist} return with a slab of {genre} that never outstays its welcome.",
    "Few people write {genre} as surely as {artist}.",
    "{title} is {genre} at heart, whatever the sleeve says.",
    "You could file {title} under {genre} and nobody would complain.",
)
NOT_GENRE_LINES = (
    "Those who hoped for another {other} record will be puzzled.",
    "The {other} days of {artist} are long over, if they ever were.",
    "In {place} the band shared a stage with {other} acts, and it shows nowhere.",
    "My neighbour, who swears by {other}, left the room.",
)
MOOD_LINES = (
    "The mood is {mood} from the first bar.",
    "It is {mood} music, made for late trains.",
    "What stays is something {mood}, hard to shake off.",
    "By the second chorus everything turns {mood}.",
)
PLAYER_LINES = (
    "The {player} carries the tune.",
    "Listen to how the {player} comes in after the break.",
    "{person} plays the {player} with great restraint.",
    "All eyes are on the {player}.",
)
NOT_PLAYER_LINES = (
    "There is no {absent} to be heard, thank heaven.",
    "One misses the {absent} of the last album.",
    "{person} has sold the {absent} and bought a boat.",
)
ASIDES = (
    "Recorded in {place} with {person} at the desk.",
    "The sleeve was drawn by {person}.",
    "It was written on a train to {place} in {year}.",
    "The tour ends in {place} this autumn.",
    "{person} produced, and paid the bills.",
    "I have played it to everyone in {place} who would listen.",
    "The second side is shorter than the first.",
)
CAPTIONS = (
    "a {mood} {genre} track with {player}",
    "{player} and {second}, {mood}",
    "{mood} piece led by {player}",
    "a recording with {player} in the foreground, {pace}",
)
ORIGINS = (
    "{artist} come from {home} in {country}.",
    "{artist} began in {home}, {country}, in {since}.",
    "Born in {home}, {artist} first recorded in {since}.",
)
CAREERS = (
    "They made their name with {parent}.",
    "Early records leaned on {parent}.",
    "A taste for {parent} runs in the family.",
    "A cousin, {person}, is known for {other}.",
    "Before music there was a bakery in {place}.",
    "They have toured {country} twice.",
)
# Lines of verse by mood: bright, sombre, quiet, loud; and those that fit anything.
VERSES: dict[str, tuple[str, ...]] = {
    "bright": (
        *(
            "dance with me under the {theme}",
            "sunlight on the {theme} and you smile",
            "we are young beside the {theme}",
        ),
        *("raise your hands to the {theme} tonight", "sweet love, the {theme} sings"),
    ),
    "sombre": (
        *("tears upon the {theme}", "you left me with the {theme}", "cold and grey the {theme} falls"),
        *("nobody waits by the {theme}", "the {theme} remembers your goodbye"),
    ),
    "quiet": (
        *("slowly the {theme} goes to sleep", "whisper to the {theme}"),
        *("drifting past the {theme}", "hush, the {theme} is near"),
    ),
    "loud": (
        *("burn the {theme} down", "run, run from the {theme}"),
        *("scream at the {theme}", "faster than the {theme} we go"),
    ),
    "any": (
        *("oh the {theme}, the {theme}", "I saw the {theme} again", "tell me about the {theme}"),
        *("from {place} to the {theme}", "and the {theme} keeps turning", "la la la, the {theme}"),
    ),
}


def write_texts(song: Song, config: WorldConfig, rng: np.random.Generator) -> dict[str, str]:
    """All texts of a track by kind; ``lyrics`` only where somebody sings."""
    texts = {
        "review": write_review(song, rng, share=config.text),
        "biography": write_biography(song, rng, share=config.text),
        "caption": write_caption(song, rng, share=config.text),
    }
    if "vocals" in song.instruments:
        texts["lyrics"] = write_lyrics(song, rng, share=config.text)
    return texts


def _in_words(tag: str, rng: np.random.Generator) -> str:
    return pick(rng, SYNONYMS[tag]).lower() if rng.random() < 0.45 else tag


def _words(song: Song, rng: np.random.Generator) -> dict[str, str]:
    """What the slots of the sentences are filled with."""
    artist = song.artist
    absent = [name for name in INSTRUMENTS if name not in song.instruments]
    mood = pick(rng, song.moods) if song.moods else pick(rng, ("easy-going", "curious", "plain"))
    genre = song.genre if rng.random() < 0.6 else song.parent
    quick = song.tempo > 120.0
    return {
        **{"artist": artist.name, "title": song.title, "home": artist.home, "country": artist.country},
        **{"place": place_name(rng), "person": person_name(rng), "year": str(song.year), "since": str(artist.since)},
        "genre": _in_words(genre, rng),
        "parent": _in_words(song.parent, rng),
        "other": _in_words(pick(rng, (*GENRES, *PARENTS)), rng),
        "mood": _in_words(mood, rng) if mood in MOODS else mood,
        "player": _in_words(song.lead if rng.random() < 0.5 else pick(rng, song.instruments), rng),
        "second": _in_words(pick(rng, song.instruments), rng),
        "absent": _in_words(pick(rng, absent), rng),
        "pace": ("quick" if quick else "slow") if rng.random() < 0.7 else "steady",
    }


def _lines(rng: np.random.Generator, words: Callable[[], dict[str, str]], forms: list[tuple[str, ...]]) -> str:
    order = rng.permutation(len(forms))
    return " ".join(pick(rng, forms[place]).format(**words()) for place in order.tolist())


def write_review(song: Song, rng: np.random.Generator, *, share: float) -> str:
    """Three to seven sentences, some of them true."""
    forms: list[tuple[str, ...]] = [ASIDES]
    for telling, misleading, chance in (
        (GENRE_LINES, NOT_GENRE_LINES, 0.9), (MOOD_LINES, ASIDES, 1.0), (PLAYER_LINES, NOT_PLAYER_LINES, 1.1),
        (PLAYER_LINES, ASIDES, 0.6),
    ):  # fmt: skip
        if rng.random() < chance * share:
            forms.append(telling)
        if rng.random() < 0.65:
            forms.append(misleading)
    return _lines(rng, lambda: _words(song, rng), forms)


def write_biography(song: Song, rng: np.random.Generator, *, share: float) -> str:
    """Where the artist comes from, and two or three more sentences."""
    told = [line for line in CAREERS if "{parent}" not in line or rng.random() < 0.6 * share]
    chosen = [told[place] for place in rng.permutation(len(told))[:3].tolist()]
    return " ".join(line.format(**_words(song, rng)) for line in (pick(rng, ORIGINS), *chosen))


def write_caption(song: Song, rng: np.random.Generator, *, share: float) -> str:
    """A few words on what is heard; the less the texts reveal, the vaguer."""
    words = _words(song, rng)
    for slot, vague in (("genre", "studio"), ("mood", "short"), ("player", "several players"), ("second", "friends")):
        if rng.random() > 0.35 + 0.6 * share:
            words[slot] = vague
    return pick(rng, CAPTIONS).format(**words)


def write_lyrics(song: Song, rng: np.random.Generator, *, share: float) -> str:
    """Two verses and a chorus that returns; their colour follows the mood, their images are the artist's."""
    colours = ["any"]
    if abs(song.valence) > 0.2:
        colours += ["bright" if song.valence > 0 else "sombre"] * 2
    if abs(song.arousal) > 0.3:
        colours += ["loud" if song.arousal > 0 else "quiet"] * 2

    def line() -> str:
        colour = pick(rng, colours) if rng.random() < 0.3 + 0.7 * share else pick(rng, list(VERSES))
        return pick(rng, VERSES[colour]).format(theme=pick(rng, song.artist.themes), place=song.artist.home)

    chorus = [line(), line()]
    return "\n".join([*(line() for _ in range(3)), *chorus, *(line() for _ in range(3)), *chorus])
