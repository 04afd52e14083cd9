"""What is written about a track: review, biography, caption, and lyrics where there is a voice.

Sentences come from a small grammar. Each tells something true, something beside the point, or names what the music is
*not*; the world's ``text`` knob sets how often the first. A biography is the artist's, the same on every track. How
journalists name a tag is below; how listeners type it is in ``tags``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tutti.data.world.chance import Stream
from tutti.data.world.config import WorldConfig
from tutti.data.world.latent import Artist, Song
from tutti.data.world.names import person_name, pick, place_name
from tutti.data.world.taxonomy import GENRES, INSTRUMENTS, PARENTS

REVIEW_WORDS = 45  # asides are added until a review has as many
SLOT = re.compile(r"\{(\w+)\}")
Slots = Mapping[str, Callable[[], str]]

# Nouns without an article, the tag itself or nearly so first: "few write ... as surely".
GENRE_NOUNS: dict[str, tuple[str, ...]] = {
    "rock": ("rock", "rock music", "guitar rock"),
    "pop": ("pop", "pop music", "chart pop"),
    "electronic": ("electronic music", "electronica"),
    "hip hop": ("hip hop", "rap", "rap music"),
    "jazz": ("jazz", "jazz music"),
    "folk": ("folk", "folk music", "Americana"),
    "classical": ("classical music", "concert music"),
    "latin": ("Latin music", "Latin American music"),
    "indie rock": ("indie rock", "alternative rock", "indie"),
    "punk": ("punk", "punk rock"),
    "metal": ("metal", "heavy metal", "thrash"),
    "dance pop": ("dance pop", "Eurodance", "dance music"),
    "synth pop": ("synth pop", "new wave"),
    "dream pop": ("dream pop", "shoegaze"),
    "house": ("house", "house music", "deep house"),
    "techno": ("techno", "minimal techno"),
    "ambient": ("ambient music", "drone music"),
    "drum and bass": ("drum and bass", "jungle"),
    "boom bap": ("boom bap", "old-school hip hop", "golden-age rap"),
    "trap": ("trap", "trap music"),
    "lo-fi hip hop": ("lo-fi hip hop", "chillhop", "lo-fi"),
    "swing": ("swing", "big-band jazz"),
    "bebop": ("bebop", "bop"),
    "smooth jazz": ("smooth jazz", "lounge jazz"),
    "country": ("country", "country music", "honky-tonk"),
    "bluegrass": ("bluegrass", "newgrass"),
    "singer songwriter": ("singer-songwriter music", "singer-songwriter folk", "confessional songwriting"),
    "baroque": ("baroque music", "early music"),
    "chamber music": ("chamber music",),
    "minimalism": ("minimalism", "minimal music"),
    "bossa nova": ("bossa nova", "bossa"),
    "salsa": ("salsa", "salsa dura"),
}
# Where the tag itself does not stand well before "track".
GENRE_ADJECTIVES = {
    "latin": "Latin", "singer songwriter": "singer-songwriter", "chamber music": "chamber", "minimalism": "minimalist",
}  # fmt: skip
MOOD_ADJECTIVES: dict[str, tuple[str, ...]] = {
    "happy": ("happy", "cheerful", "uplifting", "sunny"),
    "sad": ("sad", "melancholy", "mournful", "wistful"),
    "calm": ("calm", "mellow", "relaxed", "soothing"),
    "energetic": ("energetic", "lively", "upbeat", "spirited"),
    "dark": ("dark", "gloomy", "brooding", "sombre"),
    "dreamy": ("dreamy", "ethereal", "hazy", "floating"),
    "romantic": ("romantic", "tender", "sensual", "amorous"),
    "aggressive": ("aggressive", "angry", "fierce", "ferocious"),
}
NO_MOOD = ("even-tempered", "matter-of-fact", "level-headed")
# Nouns that stand after "the" as well as alone; sentences around them must suit one and many.
PLAYERS: dict[str, tuple[str, ...]] = {
    "vocals": ("vocals", "singing", "voice"),
    "acoustic guitar": ("acoustic guitar", "fingerpicking", "acoustic guitars"),
    "electric guitar": ("electric guitar", "guitar riffs", "electric guitars"),
    "piano": ("piano", "piano playing"),
    "organ": ("organ", "Hammond organ"),
    "synthesizer": ("synthesizer", "synth", "synths"),
    "violin": ("violin", "fiddle", "strings"),
    "flute": ("flute", "flutes"),
    "saxophone": ("saxophone", "sax"),
    "trumpet": ("trumpet", "brass"),
    "vibraphone": ("vibraphone", "vibes"),
    "drums": ("drums", "drumming", "percussion"),
}
OPENERS = (
    "“{title}” reached this desk in {year} with a handwritten note and no return address.",
    "{artist} made “{title}” in eleven days, and spent the twelfth looking for the car keys.",
    "Somewhere on the road to {place}, {artist} found the tune of “{title}”.",
    "“{title}” is the reason to own “{album}”; the rest of the record is the excuse.",
    "It took {artist} a whole winter to finish “{title}”, and it was a good winter.",
    "Nobody asked {artist} for “{title}”, which may be why it works so well.",
    "Of everything on “{album}”, “{title}” is what the postman has begun to whistle.",
    "The year {year} was a long one, and “{title}” by {artist} was one of its better ideas.",
    "Play “{title}” once, and you will know how much more of {artist} you need.",
    "There are shorter tracks than “{title}”, and there are worse ways to meet {artist}.",
    "“{album}” by {artist} would be a good record even without “{title}”, only nobody would know.",
    "When {artist} first played “{title}” in {place}, eleven people were there, and forty now claim it.",
)
GENRE_LINES = (
    "Few write {genre} as surely as this, and fewer get away with it.",
    "You could file the track under {genre}, and nobody would complain.",
    "The music is {genre} at heart, whatever the sleeve says.",
    "As {genre} goes, this is the kind one plays twice.",
    "If {genre} ever needed a lawyer, it could call this track to the stand.",
    "Anyone who came for {genre} will not be asking for the money back.",
    "A good piece of {genre} needs one idea, and this has nearly two.",
    "The shop in {place} keeps the record under {genre}, next to the till.",
    "{genre} has rarely been so well dressed.",
    "My notes say “{genre}”, underlined twice, and I stand by them.",
    "The track has learned all that {genre} can teach, and forgotten the dull half.",
    "You need not care for {genre} to enjoy this, but it helps.",
)
NOT_GENRE_LINES = (
    "Those who hoped for {other} will be puzzled, and should have read the label.",
    "Whoever came for {other} has the wrong address.",
    "The rumoured turn to {other} remains a rumour.",
    "In {place} {artist} once shared a bill with purveyors of {other}, and it shows nowhere.",
    "My neighbour, who swears by {other}, left the room.",
    "Of {other} there is not a trace.",
    "One early notice called the track {other}; its author has since retrained as a plumber.",
    "The track has as much to do with {other} as I have with figure skating.",
    "The press sheet says {other}, which must be a printing error.",
    "{person} had suggested {other}, and was thanked for coming.",
)
MOOD_LINES = (
    "The mood is {mood} from the first bar, and nobody opens a window.",
    "This is {mood} music, made for the last train.",
    "What stays is something {mood} that is hard to shake off.",
    "By the second minute everything has turned {mood}, the critic included.",
    "What we have here is a(n) {mood} piece of work, and no apology.",
    "Even the fade-out manages to sound {mood}.",
    "I asked three friends for a word, and two of them said “{mood}”.",
    "The track stays {mood} without ever seeming to try.",
    "Put the record on, and the kitchen turns {mood} within a minute.",
    "There is a(n) {mood} streak in the music that the sleeve does not let on.",
    "If a weather forecast could be {mood}, it would sound like this.",
)
PLAYER_LINES = (
    "The {player} got me through two loads of washing-up.",
    "Listen for the {player} after the break, and cancel the rest of the evening.",
    "{person}, on {instrument}, shows great restraint and some nerve.",
    "All ears will be on the {player}, and rightly so.",
    "The best moments belong to the {player}.",
    "Somebody turned up the {player} in the mix, and somebody was right.",
    "With the {player} so far up front, one forgets the rest of the room.",
    "I could listen to the {player} alone for an evening, and did.",
    "Half the pleasure lies in the {player}, the other half in the pauses.",
    "First you notice the {lead}, then the {second}, then that the tea has gone cold.",
    "Between the {lead} and the {second} there must be an old story.",
)
NOT_PLAYER_LINES = (
    "You will hear no {absent}, thank heaven.",
    "One misses the {absent} of the last album, but not for long.",
    "{person} was booked for {absent}, and sent home with a sandwich.",
    "“No {absent}” was the one rule of the session, and it was kept.",
    "Whoever wants {absent} may bring their own.",
    "I waited four minutes for the {absent}, and then remembered that this is another record.",
)
ASIDES = (
    "The track was recorded in {place} with {person} at the desk.",
    "The sleeve was drawn by {person}, who was paid in cheese.",
    "The words on the back were written on a train to {place}, on a parking ticket.",
    "{person} produced, and paid the bills.",
    "I have played this to everyone in {place} who would listen, which makes four people.",
    "The second side is shorter than the first, and better for it.",
    "My copy came from a jumble sale, and smells of cellar.",
    "The liner notes thank a dentist in {place}.",
    "{person} is credited with moral support, at some length.",
    "Inside there is a photograph of a goat, unexplained.",
    "The first pressing had the wrong label on it, and now costs a fortune.",
    "{person} claims to have written the best bit, and wants it back.",
    "A shop in {place} sold the record under the counter for a week, for reasons nobody recalls.",
    "The title, I am told, refers to a boat.",
    "The last minute is a little too long, or I was late with the tea.",
    "The tour ends in {place}, unless the van does first.",
    "The radio in {place} played the track once, by accident, and had letters.",
    "A remix by {person} has been announced, and may yet be prevented.",
)
CLOSERS = (
    "Seven out of ten, and one more for the sleeve.",
    "I shall keep this one, and I keep very little.",
    "Recommended, with a biscuit.",
    "More of this, please, and fewer interviews.",
    "My dog, a stern judge, stayed to the end.",
    "I have heard worse this week, and paid more for it.",
    "Ask me again in a year, when I shall pretend to have loved it at once.",
)
ORIGINS = (
    "{artist} came out of {home} in {country}, and first recorded in {since}.",
    "The story of {artist} began in {home} in {country}; the first album followed in {since}.",
    "{home} in {country} was the first place to hear {artist}, and in {since} the first to complain.",
    "Anybody in {home} in {country} will tell you about {artist}, and sell you the first album, from {since}.",
    "{country} has given the world many things; {home} gave it {artist}, and in {since} a first album.",
)
STYLE_LINES = (
    "From the start the music was {genre}, give or take a wedding.",
    "The early records leaned on {genre}, and so do the late ones.",
    "A taste for {genre} ran in the family.",
    "Critics say {genre}; the neighbours used to say noise.",
    "It was {genre} that paid for the house.",
    "Years of {genre} in small rooms made the name.",
    "When {genre} went out of fashion, {artist} did not notice, and then it was back.",
)
ANECDOTES = (
    "Before music there was a bakery in {place}.",
    "A cousin, {person}, is known for {other}, and is not asked to family parties.",
    "A brief flirtation with {other} ended by mutual consent.",
    "Three tours of {country} followed, two of them on purpose.",
    "The first manager, {person}, is now mayor of {place}.",
    "The van, bought in {place}, has been stolen twice and returned twice.",
    "A museum in {home} shows the coat from the second album.",
    "Asked about influences, {artist} used to answer with a recipe.",
    "The second album was left in a taxi in {place}, and made again from memory.",
    "{person}, who has produced everything since, was hired to fix the boiler.",
    "A street in {home} was nearly named after {artist}; it is now a car park.",
    "There is a biography by {person}, unauthorised and much too kind.",
)
CAPTIONS = (
    "This is a(n) {qualities} {piece} {setting}, with {band}.",
    "You hear {band} in a(n) {qualities} {piece} {setting}.",
    "A(n) {qualities} {piece} {setting} is carried by {band}.",
    "With {band} in the foreground, a(n) {qualities} {piece} unfolds {setting}.",
    "Here {band} can be heard in a(n) {qualities} {piece} {setting}.",
    "A(n) {qualities} {piece}, written {setting}, gives most of the room to {band}.",
)
UNNAMED = "a small group"
PIECES = ("piece", "track", "recording", "number", "tune")
KEYS = ("C", "D flat", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")
# Lines of verse by mood: bright, sombre, quiet, loud; and those that fit anything.
VERSES: dict[str, tuple[str, ...]] = {
    "bright": (
        "dance with me under the {theme}",
        "sunlight on the {theme} and you smile",
        "we are young beside the {theme}",
        "raise your hands to the {theme} tonight",
        "sweet love, the {theme} sings",
    ),
    "sombre": (
        "tears upon the {theme}",
        "you left me with the {theme}",
        "cold and grey the {theme} falls",
        "nobody waits by the {theme}",
        "the {theme} remembers your goodbye",
    ),
    "quiet": (
        "slowly the {theme} goes to sleep",
        "whisper to the {theme}",
        "drifting past the {theme}",
        "hush, the {theme} is near",
    ),
    "loud": (
        "burn the {theme} down",
        "run, run from the {theme}",
        "scream at the {theme}",
        "faster than the {theme} we go",
    ),
    "any": (
        "oh the {theme}, the {theme}",
        "I saw the {theme} again",
        "tell me about the {theme}",
        "from {home} to the {theme}",
        "and the {theme} keeps turning",
        "la la la, the {theme}",
    ),
}


def write_texts(song: Song, config: WorldConfig, rng: np.random.Generator) -> dict[str, str]:
    """All texts of a track by kind; ``lyrics`` only where somebody sings.

    Args:
        song: The truth.
        config: Its ``text`` sets how much of the truth is told, its ``seed`` what biographies tell.
        rng: Decides everything but the biography.
    """
    # The root lets half-silent texts tell enough to learn from, and keeps outspoken ones behind the sound.
    share = config.text**0.5
    texts = {
        "review": write_review(song, rng, share=share),
        "biography": write_biography(song.artist, biographer(song.artist, config), share=share),
        "caption": write_caption(song, rng, share=share),
    }
    if "vocals" in song.instruments:
        texts["lyrics"] = write_lyrics(song, rng, share=config.text)
    return texts


def biographer(artist: Artist, config: WorldConfig) -> np.random.Generator:
    """The generator of an artist's biography, the same for each of the tracks."""
    # Three numbers, where a track's texts have two: no track's generator is this one.
    return np.random.default_rng(np.random.SeedSequence(config.seed, spawn_key=(int(Stream.TEXT), artist.index, 0)))


def write_review(song: Song, rng: np.random.Generator, *, share: float) -> str:
    """Some 40 to 110 words: a beginning, sentences true and beside the point in any order, at times a verdict."""
    lines: list[str] = []
    for pool, chance in (
        (GENRE_LINES, 1.0 * share), (MOOD_LINES, 1.0 * share), (PLAYER_LINES, 1.0 * share),
        (PLAYER_LINES, 0.6 * share), (NOT_GENRE_LINES, 0.25), (NOT_PLAYER_LINES, 0.4),
    ):  # fmt: skip
        if rng.random() < chance:
            lines.append(_another(rng, pool, lines))
    opener, closer = pick(rng, OPENERS), [pick(rng, CLOSERS)] if rng.random() < 0.4 else []
    while sum(len(line.split()) for line in (opener, *lines, *closer)) < REVIEW_WORDS:
        lines.append(_another(rng, ASIDES, lines))
    order = rng.permutation(len(lines)).tolist()
    slots = _review_slots(song, rng)
    return " ".join(_fill(line, slots) for line in (opener, *(lines[place] for place in order), *closer))


def write_biography(artist: Artist, rng: np.random.Generator, *, share: float) -> str:
    """Where the artist comes from, two or three anecdotes, and at times what is played."""
    lines = [ANECDOTES[place] for place in rng.permutation(len(ANECDOTES))[: int(rng.integers(2, 4))].tolist()]
    if rng.random() < share:
        lines.insert(int(rng.integers(len(lines))), pick(rng, STYLE_LINES))
    slots = _biography_slots(artist, rng)
    return " ".join(_fill(line, slots) for line in (pick(rng, ORIGINS), *lines))


def write_caption(song: Song, rng: np.random.Generator, *, share: float) -> str:
    """One sentence on what is heard; the less the texts reveal, the vaguer."""
    pace = "slow" if song.tempo < 84 else "steady" if song.tempo < 116 else "brisk" if song.tempo < 150 else "fast"
    qualities = [pick(rng, ("short", "recent", "well-kept")) if rng.random() < 0.3 else pace]
    if song.moods and rng.random() < share:
        qualities.append(pick(rng, MOOD_ADJECTIVES[pick(rng, song.moods)]))
    style = _genre(song.genre, rng) if rng.random() < share else "studio"
    setting = f"in {KEYS[song.tonic]} {song.mode}"
    if rng.random() < 0.5:
        setting += f" at about {round(song.tempo)} beats a minute"
    elif song.metre == 3:
        setting += " and three-four time"
    slots: Slots = {
        "qualities": lambda: f"{', '.join(qualities)} {GENRE_ADJECTIVES.get(style, style)}",
        "piece": lambda: pick(rng, PIECES),
        "setting": lambda: setting,
        "band": lambda: _band(song, rng, share=share),
    }
    return _fill(pick(rng, CAPTIONS), slots)


def write_lyrics(song: Song, rng: np.random.Generator, *, share: float) -> str:
    """Two verses and a chorus that returns; their colour follows the mood, their images are the artist's."""
    colours = ["any"]
    if abs(song.valence) > 0.2:
        colours += ["bright" if song.valence > 0 else "sombre"] * 2
    if abs(song.arousal) > 0.3:
        colours += ["loud" if song.arousal > 0 else "quiet"] * 2

    def line() -> str:
        colour = pick(rng, colours) if rng.random() < 0.3 + 0.7 * share else pick(rng, list(VERSES))
        return pick(rng, VERSES[colour]).format(theme=pick(rng, song.artist.themes), home=song.artist.home)

    chorus = [line(), line()]
    return "\n".join([*(line() for _ in range(3)), *chorus, *(line() for _ in range(3)), *chorus])


def _another(rng: np.random.Generator, pool: Sequence[str], taken: Sequence[str]) -> str:
    """A line of the pool that is not among those taken."""
    return pick(rng, [line for line in pool if line not in taken])


def _fill(line: str, slots: Slots) -> str:
    """The sentence, with a capital letter, and with "a" or "an" where the line has "a(n)"."""
    filled = SLOT.sub(lambda slot: slots[slot[1]](), line)
    filled = re.sub(r"\b([Aa])\(n\) (?=(\w))", _article, filled)
    return filled[0].upper() + filled[1:]


def _article(found: re.Match[str]) -> str:
    return f"{found[1]}n " if found[2] in "aeiou" else f"{found[1]} "


def _in_prose(tag: str, forms: Mapping[str, Sequence[str]], rng: np.random.Generator) -> str:
    """A word for the tag, mostly the usual one."""
    return forms[tag][0] if rng.random() < 0.55 else pick(rng, forms[tag])


def _genre(child: str, rng: np.random.Generator) -> str:
    """The genre, or more broadly its parent."""
    return child if rng.random() < 0.6 else GENRES[child].parent


def _other(child: str, rng: np.random.Generator) -> str:
    """A genre that is neither the one given nor its parent."""
    return pick(rng, [name for name in (*GENRES, *PARENTS) if name not in (child, GENRES[child].parent)])


def _band(song: Song, rng: np.random.Generator, *, share: float) -> str:
    """One or two instruments; unnamed ones where the texts keep quiet."""
    first = _in_prose(song.lead, PLAYERS, rng) if rng.random() < 0.9 * share else UNNAMED
    second = _in_prose(pick(rng, song.instruments[1:]), PLAYERS, rng) if rng.random() < 0.9 * share else ""
    return f"{first} {'with' if first == UNNAMED else 'and'} {second}" if second else first


def _review_slots(song: Song, rng: np.random.Generator) -> Slots:
    absent = [name for name in INSTRUMENTS if name not in song.instruments]

    def noticed() -> str:
        return song.lead if rng.random() < 0.4 else pick(rng, song.instruments)

    return {
        **_name_slots(song.artist, song.genre, rng),
        "title": lambda: song.title,
        "album": lambda: song.album,
        "year": lambda: str(song.year),
        "mood": lambda: pick(rng, MOOD_ADJECTIVES[pick(rng, song.moods)] if song.moods else NO_MOOD),
        "player": lambda: _in_prose(noticed(), PLAYERS, rng),
        "instrument": noticed,
        "lead": lambda: _in_prose(song.lead, PLAYERS, rng),
        "second": lambda: _in_prose(pick(rng, song.instruments[1:]), PLAYERS, rng),
        "absent": lambda: pick(rng, absent),
    }


def _biography_slots(artist: Artist, rng: np.random.Generator) -> Slots:
    country = f"the {artist.country}" if artist.country.startswith("United") else artist.country
    return {
        **_name_slots(artist, artist.genre, rng),
        "home": lambda: artist.home,
        "country": lambda: country,
        "since": lambda: str(artist.since),
    }


def _name_slots(artist: Artist, genre: str, rng: np.random.Generator) -> Slots:
    return {
        "artist": lambda: artist.name,
        "place": lambda: place_name(rng),
        "person": lambda: person_name(rng),
        "genre": lambda: _in_prose(_genre(genre, rng), GENRE_NOUNS, rng),
        "other": lambda: _in_prose(_other(genre, rng), GENRE_NOUNS, rng),
    }
