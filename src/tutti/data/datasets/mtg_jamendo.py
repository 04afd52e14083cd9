"""MTG-Jamendo: 55,525 whole tracks under Creative Commons licences, with tags of genre, instrument, mood and theme.

Five random splits by artist, and in each five sets of tags: ``split0`` with ``top50tags`` is what papers on tagging
report, ``split0`` with ``moodtheme`` the MediaEval tasks. Labels are in alphabetical order, which is that of the
published lists and checkpoints.

Layout::

    splits/split-0/autotagging_top50tags-train.tsv      TRACK_ID ARTIST_ID ALBUM_ID PATH DURATION TAGS…
    audio/41/241.mp3                                    or 41/241.low.mp3 of the smaller download

A clone of the repository, with its lists in ``data/splits``, and sounds unpacked into the root itself serve as well.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tutti.data.datasets.dataset import Dataset, Protocol, RemoteFile, first_existing, read_list, sounds_folder
from tutti.data.datasets.fixtures import write_sound
from tutti.data.track import Track
from tutti.errors import DatasetError

# fmt: off
GENRES = tuple(f"genre---{name}" for name in (
    "60s", "70s", "80s", "90s", "acidjazz", "alternative", "alternativerock", "ambient", "atmospheric", "blues",
    "bluesrock", "bossanova", "breakbeat", "celtic", "chanson", "chillout", "choir", "classical", "classicrock",
    "club", "contemporary", "country", "dance", "darkambient", "darkwave", "deephouse", "disco", "downtempo",
    "drumnbass", "dub", "dubstep", "easylistening", "edm", "electronic", "electronica", "electropop", "ethno",
    "eurodance", "experimental", "folk", "funk", "fusion", "groove", "grunge", "hard", "hardrock", "hiphop",
    "house", "idm", "improvisation", "indie", "industrial", "instrumentalpop", "instrumentalrock", "jazz",
    "jazzfusion", "latin", "lounge", "medieval", "metal", "minimal", "newage", "newwave", "orchestral", "pop",
    "popfolk", "poprock", "postrock", "progressive", "psychedelic", "punkrock", "rap", "reggae", "rnb", "rock",
    "rocknroll", "singersongwriter", "soul", "soundtrack", "swing", "symphonic", "synthpop", "techno", "trance",
    "triphop", "world", "worldfusion",
))
INSTRUMENTS = tuple(f"instrument---{name}" for name in (
    "accordion", "acousticbassguitar", "acousticguitar", "bass", "beat", "bell", "bongo", "brass", "cello",
    "clarinet", "classicalguitar", "computer", "doublebass", "drummachine", "drums", "electricguitar",
    "electricpiano", "flute", "guitar", "harmonica", "harp", "horn", "keyboard", "oboe", "orchestra", "organ",
    "pad", "percussion", "piano", "pipeorgan", "rhodes", "sampler", "saxophone", "strings", "synthesizer",
    "trombone", "trumpet", "viola", "violin", "voice",
))
MOODS_AND_THEMES = tuple(f"mood/theme---{name}" for name in (
    "action", "adventure", "advertising", "background", "ballad", "calm", "children", "christmas", "commercial",
    "cool", "corporate", "dark", "deep", "documentary", "drama", "dramatic", "dream", "emotional", "energetic", "epic",
    "fast", "film", "fun", "funny", "game", "groovy", "happy", "heavy", "holiday", "hopeful", "inspiring", "love",
    "meditative", "melancholic", "melodic", "motivational", "movie", "nature", "party", "positive", "powerful",
    "relaxing", "retro", "romantic", "sad", "sexy", "slow", "soft", "soundscape", "space", "sport", "summer",
    "trailer", "travel", "upbeat", "uplifting",
))
TOP_50 = (
    *(f"genre---{name}" for name in (
        "alternative", "ambient", "atmospheric", "chillout", "classical", "dance", "downtempo", "easylistening",
        "electronic", "experimental", "folk", "funk", "hiphop", "house", "indie", "instrumentalpop", "jazz", "lounge",
        "metal", "newage", "orchestral", "pop", "popfolk", "poprock", "reggae", "rock", "soundtrack", "techno",
        "trance", "triphop", "world",
    )),
    *(f"instrument---{name}" for name in (
        "acousticguitar", "bass", "computer", "drummachine", "drums", "electricguitar", "electricpiano", "guitar",
        "keyboard", "piano", "strings", "synthesizer", "violin", "voice",
    )),
    *(f"mood/theme---{name}" for name in ("emotional", "energetic", "film", "happy", "relaxing")),
)
# fmt: on
# Sets of tags: the published file's name, what they are, and which.
SUBSETS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "top50tags": ("autotagging_top50tags", "the 50 most frequent tags", TOP_50),
    "genre": ("autotagging_genre", "87 genres", GENRES),
    "instrument": ("autotagging_instrument", "40 instruments", INSTRUMENTS),
    "moodtheme": ("autotagging_moodtheme", "56 moods and themes", MOODS_AND_THEMES),
    "all": ("autotagging", "all 183 tags", (*GENRES, *INSTRUMENTS, *MOODS_AND_THEMES)),
}
FILE_OF_SPLIT = {"train": "train", "valid": "validation", "test": "test"}
HEADER = ("TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS")
N_TRACKS = {
    "top50tags-split0": {"train": 32_136, "valid": 10_888, "test": 11_356},
    "moodtheme-split0": {"train": 9_949, "valid": 3_802, "test": 4_231},
}
REPOSITORY = "https://github.com/MTG/mtg-jamendo-dataset"
# Measured on the files of the repository.
SHA256 = {
    "top50tags-train": "6dee445ddd1901286184c2059d3d5eef7486f083ae80de9011705f852a850dde",
    "top50tags-valid": "4f5f0f0a7662f523b45727476f67d799d6e98151b2c585a8e94e19d980ad93c1",
    "top50tags-test": "3ede06a35e6cb27e1dbe8cfc84708a607622e30e5cd0a7199fce6c081124bc35",
    "moodtheme-train": "e5e9e798364b34bd241b773e5011809b24429edf471f27cf21dd8181077ba2d4",
    "moodtheme-valid": "ecaa279367153476884d84d686479e566234cef1814bd6892a8755ba0a550dbf",
    "moodtheme-test": "4341b5586bb3e5a80a882ce9ef33cb8b1bdaa7df856246ecc5de188dfe1cf394",
}
FIXTURE_ROWS = {
    "train": "track_0000241\tartist_000005\talbum_000033\t41/241.mp3\t2.0",
    "valid": "track_0000773\tartist_000104\talbum_000126\t73/773.mp3\t2.0",
    "test": "track_0000215\tartist_000014\talbum_000031\t15/215.mp3\t2.0",
}
FIXTURE_TAGS = {
    "train": ("genre---rock", "instrument---voice", "mood/theme---happy"),
    "valid": ("genre---electronic", "genre---rock", "instrument---piano", "mood/theme---film"),
    "test": ("genre---electronic", "instrument---voice", "mood/theme---happy"),
}


def load(root: Path, *, subset: str, number: int) -> list[Track]:
    """The tracks of one set of tags and one of the five splits."""
    sounds = sounds_folder(root, "audio", "00")
    tracks = []
    for split in FILE_OF_SPLIT:
        path = list_path(subset, number, split)
        tracks += read_split(first_existing(root / path, root / "data" / path), split=split, sounds=sounds)
    return tracks


def list_path(subset: str, number: int, split: str) -> str:
    """Where a list lies below the root."""
    return f"splits/split-{number}/{SUBSETS[subset][0]}-{FILE_OF_SPLIT[split]}.tsv"


def read_split(path: Path, *, split: str, sounds: Path) -> list[Track]:
    """The tracks of one published table, with their tags in alphabetical order.

    Raises:
        DatasetError: It is missing, broken, or has other columns.
    """
    header, *rows = (line.split("\t") for line in read_list(path, what=f"the tracks of {split}"))
    if tuple(header) != HEADER:
        raise DatasetError(
            f"{path} is of another version: its columns are {', '.join(header)[:80]}",
            hint=f"fetch the published one, with the columns {', '.join(HEADER)}: {REPOSITORY}",
        )
    tracks = []
    for number, row in enumerate(rows, start=2):
        try:
            tracks.append(_track(row, split, sounds))
        except (IndexError, ValueError):
            raise DatasetError(
                f"{path}, line {number}, has {len(row)} columns that are no track", hint="fetch it again, whole"
            ) from None
    return tracks


def _track(row: list[str], split: str, sounds: Path) -> Track:
    track_id, artist, album, path, duration, *tags = row
    published = sounds / path
    return Track(
        track_id=track_id,
        artist=artist,
        album=album,
        duration=float(duration),
        audio=first_existing(published, published.with_suffix(".low.mp3")),
        tags=tuple(sorted(tags)),
        split=split,
    )


def write_fixture(root: Path) -> None:
    """Three tracks, one a split, in the lists of all splits and all sets of tags."""
    prefixes = {"genre": ("genre",), "instrument": ("instrument",), "moodtheme": ("mood/theme",)}
    for subset in SUBSETS:
        for number in range(5):
            for split, row in FIXTURE_ROWS.items():
                tags = [tag for tag in FIXTURE_TAGS[split] if tag.startswith(prefixes.get(subset, ""))]
                path = root / list_path(subset, number, split)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("\t".join(HEADER) + "\n" + "\t".join([row, *tags]) + "\n", encoding="utf-8")
    for number, row in enumerate(FIXTURE_ROWS.values()):
        write_sound(root / "audio" / row.split("\t")[3], pitch=130.0 * (number + 2), sample_rate=44_100)


def _protocol(subset: str, number: int) -> Protocol:
    _, what, labels = SUBSETS[subset]
    name = f"{subset}-split{number}"
    return Protocol(
        name=name,
        description=f"Split {number} of five, by artist; {what}.",
        load=partial(load, subset=subset, number=number),
        labels=labels,
        n_tracks=N_TRACKS.get(name, {}),
    )


def _list_file(subset: str, number: int, split: str) -> RemoteFile:
    return RemoteFile(
        path=list_path(subset, number, split),
        url=f"{REPOSITORY}/tree/master/data/splits/split-{number}",
        what=f"tracks of {split}",
        sha256=SHA256.get(f"{subset}-{split}") if number == 0 else None,
        or_at=(f"data/{list_path(subset, number, split)}",),
        protocols=(f"{subset}-split{number}",),
    )


MTG_JAMENDO = Dataset(
    name="mtg-jamendo",
    title="MTG-Jamendo",
    description="55,525 whole tracks from Jamendo with their uploaders' tags: genre, instrument, mood and theme.",
    citation=(
        "D. Bogdanov, M. Won, P. Tovstogan, A. Porter and X. Serra, "
        '"The MTG-Jamendo dataset for automatic music tagging", Machine Learning for Music Discovery, ICML 2019'
    ),
    licence="sounds: Creative Commons, each track its own (audio_licenses.txt); metadata: CC BY-NC-SA 4.0",
    homepage="https://mtg.github.io/mtg-jamendo-dataset",
    files=(
        *(_list_file(subset, number, split) for number in range(5) for subset in SUBSETS for split in FILE_OF_SPLIT),
        RemoteFile(
            path="audio/",
            url=f"{REPOSITORY}#downloading-the-data",
            what="the tracks, folders 00 to 99: 508 GB as raw_30s/audio; raw_30s/audio-low is smaller",
            or_at=("00/",),
        ),
    ),
    protocols={
        protocol.name: protocol for number in range(5) for protocol in (_protocol(subset, number) for subset in SUBSETS)
    },
    write_fixture=write_fixture,
)
