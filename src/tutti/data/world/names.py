"""Names that sound like names: of artists, albums, tracks, places and people. Nobody real is meant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Countries with the share of artists that come from them.
COUNTRIES = {
    "United States": 0.26, "United Kingdom": 0.16, "Germany": 0.08, "Brazil": 0.08, "France": 0.07, "Japan": 0.07,
    "Sweden": 0.05, "Colombia": 0.05, "Canada": 0.05, "Nigeria": 0.04, "Italy": 0.04, "Cuba": 0.03, "Poland": 0.02,
}  # fmt: skip
SYLLABLES = ("ka", "lo", "ri", "mar", "ven", "sol", "tha", "bel", "no", "dru", "ash", "el", "wyn", "or", "ta", "mi")
ENDINGS = ("ford", "ville", "mouth", "berg", "haven", "ia", "stad", "ton", "mar", "vik")
FIRST = (
    *("Ada", "Bruno", "Cleo", "Dario", "Edda", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kaia", "Leo", "Mara"),
    *("Nico", "Olga", "Pablo", "Quinn", "Rosa", "Sana", "Teo", "Uma", "Viktor", "Wanda", "Yuki", "Zora", "Ezra"),
)
ADJECTIVES = (
    *("Velvet", "Broken", "Electric", "Silent", "Golden", "Paper", "Distant", "Hollow", "Crimson", "Northern"),
    *("Wooden", "Sleeping", "Gentle", "Iron", "Lunar", "Salted", "Second", "Wild", "Plastic", "Tender"),
)
NOUNS = (
    *("Harbour", "Foxes", "Lantern", "Engines", "Garden", "Mirrors", "Tigers", "Orchard", "Parade", "Signals"),
    *("Kites", "Rivers", "Machines", "Sparrows", "Windows", "Comets", "Bakery", "Ferries", "Theatre", "Thunder"),
)
TITLES = (
    *("Over the {noun}", "{adjective} {noun}", "Letter to {first}", "{noun} at Night", "Leaving {place}"),
    *("No More {noun}", "{first}", "The Last {noun}", "{adjective} Again", "Somewhere in {place}", "All My {noun}"),
)


def pick(rng: np.random.Generator, options: Sequence[str]) -> str:
    """One of the options, each as likely."""
    return options[int(rng.integers(len(options)))]


def place_name(rng: np.random.Generator) -> str:
    """A town."""
    return (pick(rng, SYLLABLES) + pick(rng, SYLLABLES) + pick(rng, ENDINGS)).capitalize()


def person_name(rng: np.random.Generator) -> str:
    """First name and surname."""
    return f"{pick(rng, FIRST)} {(pick(rng, SYLLABLES) + pick(rng, SYLLABLES) + pick(rng, SYLLABLES)).capitalize()}"


def artist_name(rng: np.random.Generator) -> str:
    """A band or a person."""
    form = rng.random()
    if form < 0.4:
        return person_name(rng)
    if form < 0.75:
        return f"{'The ' if rng.random() < 0.5 else ''}{pick(rng, ADJECTIVES)} {pick(rng, NOUNS)}"
    if form < 0.9:
        return f"{pick(rng, FIRST)} & the {pick(rng, NOUNS)}"
    return (pick(rng, SYLLABLES) + pick(rng, SYLLABLES) + pick(rng, SYLLABLES)).capitalize()


def distinct_artist_names(rng: np.random.Generator, count: int) -> list[str]:
    """As many artists' names, no two alike."""
    names: dict[str, None] = {}
    while len(names) < count:
        name = artist_name(rng)
        names.setdefault(name if name not in names else f"{name} {place_name(rng)}")
    return list(names)


def title(rng: np.random.Generator) -> str:
    """Of a track or an album."""
    words = {"adjective": pick(rng, ADJECTIVES), "noun": pick(rng, NOUNS), "first": pick(rng, FIRST)}
    return pick(rng, TITLES).format(**words, place=place_name(rng))
