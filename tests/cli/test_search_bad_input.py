"""What ``tutti search`` makes of queries that make no sense: two lines, and an exit status."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tutti.data.catalogue import Catalogue
from tutti.data.records import ModelRecord, Points, Predictions, SpaceRecord
from tutti.data.track import Listens, Track
from tutti.models.space_models import unit_rows


@pytest.fixture(autouse=True)
def no_sentence_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here needs its weights."""
    monkeypatch.setattr("tutti.text.sentences.is_available", lambda: False)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Four tracks by two artists, heard by a model that is not at hand."""
    made = Catalogue.create(tmp_path_factory.mktemp("heard") / "catalogue")
    ids = ["a", "b", "c", "d"]
    made.put_tracks(
        [Track(track_id=one, title=f"Piece {one}", artist="Ella Moon" if one < "c" else "夜の人") for one in ids]
    )
    made.put_model(ModelRecord(model="m", fingerprint="1", labels=("jazz", "vocals"), embed_dim=3, config={}))
    made.put_predictions(
        "m",
        Predictions(
            track_ids=ids,
            content_hashes=ids,
            fingerprints=["1"] * 4,
            n_excerpts=[1] * 4,
            probabilities=np.array([[0.9, 0.01], [0.5, 0.9], [0.01, 0.01], [0.01, 0.9]], dtype=np.float32),
            vectors=np.array([[1, 0, 0], [1, 0.2, 0], [0, 1, 0], [0, 0.9, 1]], dtype=np.float32),
        ),
    )
    made.put_listens([Listens(user="ana", track_id="a", plays=3)])
    return made


@pytest.fixture(scope="module")
def placed(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The same, with points in a space of sounds and texts whose model is not at hand."""
    folder = tmp_path_factory.mktemp("placed") / "catalogue"
    shutil.copytree(catalogue.folder, folder)
    copy = Catalogue.open(folder)
    copy.put_space(
        SpaceRecord(space="mine", fingerprint="1", embed_dim=2, modalities=("audio", "text"), source="/nowhere/mine")
    )
    points = unit_rows(np.array([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]]))
    copy.put_points(
        "mine",
        Points(modality="audio", track_ids=list("abcd"), fingerprints=["1"] * 4, states=["1"] * 4, points=points),
    )
    return copy


def refused(tutti: Callable, *arguments: object) -> str:
    """The two lines, of a search that must fail without an answer."""
    ending = tutti("search", *arguments)
    assert ending.code == 1
    assert ending.stdout == ""
    error, hint = ending.stderr.strip().splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    assert "unexpected" not in error
    return f"{error}\n{hint}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "the query is empty"),
        (["  "], "the query is empty"),
        (["?!"], "no word in the query"),
        (["--plus", ""], "empty"),
        (["--plus", "artist:Ela Moon"], "did you mean 'Ella Moon'?"),
        (["--minus", "artist:Nobody"], "there is no artist 'Nobody'"),
        (["--plus", "listener:anna"], "did you mean 'ana'?"),
        (["--plus", "0*artist:Ella Moon"], "is no weight"),
        (["--plus", "nan*artist:Ella Moon"], "is no weight"),
        (["--plus", "artits:Ella Moon"], "did you mean artist:?"),
        (["--plus", "missing.mp3"], "there is no file missing.mp3"),
        (["--plus", "lyrics:rain"], "no track of the catalogue has lyrics"),
        (["--plus", "album:Nights"], "there is no album"),
        (["jazz", "--weight", "audio=nan"], "is no weight"),
        (["jazz", "--weight", "audoi=2"], "did you mean 'audio'?"),
        (["jazz", "--weight", "audio=0", "--weight", "words=0"], "all weights are 0"),
        (["jazz", "--diverse", "2"], "is no share"),
        (["jazz", "-k", "0"], "k=0"),
        (["jazz", "--where", "artits = 'X'"], "did you mean 'artist'?"),
        (["jazz", "--where", "'; DROP TABLE tracks"], "more than a condition"),
        (["jazz", "--where", "year > (SELECT max(year))"], "'SELECT'"),
        (["jazz", "--where", "random() < 0.5"], "the function 'random'"),
        (["jazz", "--space", "elsewhere"], "no points of the space 'elsewhere'"),
        (["--image", "missing.png"], "there is no picture missing.png"),
        (["--text", "missing.txt"], "the text missing.txt cannot be read"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_in_two_lines(
    tutti: Callable, catalogue: Catalogue, arguments: list[str], words: str
) -> None:
    assert words in refused(tutti, catalogue.folder, *arguments)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a mark of byte order"])
def test_a_text_of_more_than_2_mb_is_refused(
    tutti: Callable, catalogue: Catalogue, tmp_path: Path, mark: bytes
) -> None:
    (tmp_path / "long.txt").write_bytes(mark + b"jazz " * 400_001)
    assert "more than 2 MB" in refused(tutti, catalogue.folder, "--text", tmp_path / "long.txt")


@pytest.mark.parametrize(("content", "words"), [(b"", "no word"), (b"\x00\x01", "no text"), (b" \n", "no word")])
def test_a_text_file_without_words_is_refused(
    tutti: Callable, catalogue: Catalogue, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "story.txt").write_bytes(content)
    assert words in refused(tutti, catalogue.folder, "--text", tmp_path / "story.txt")


def test_a_picture_that_is_none_is_refused(tutti: Callable, placed: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "cover.jpg").write_text("not a picture")
    assert "cover.jpg" in refused(tutti, placed.folder, "--image", tmp_path / "cover.jpg")


def test_a_sound_that_no_model_at_hand_can_hear_is_refused(
    tutti: Callable, catalogue: Catalogue, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "song.wav", np.zeros(16_000), 16_000)
    for how in ("--plus", "--like"):
        words = refused(tutti, catalogue.folder, how, tmp_path / "song.wav")
        assert "song.wav must be heard by m, as the catalogue was" in words


def test_a_space_whose_model_is_not_at_hand_is_told_of(tutti: Callable, placed: Catalogue, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.wav", np.zeros(16_000), 16_000)
    words = refused(tutti, placed.folder, "--plus", tmp_path / "song.wav")
    assert "the model of the space mine is no longer in" in words


def test_words_are_answered_all_the_same_and_the_space_noted(tutti: Callable, placed: Catalogue) -> None:
    ending = tutti("search", placed.folder, "jazz")
    assert ending.code == 0
    assert "words are looked up by tags and names alone: the model of the space mine is" in ending.stderr
    assert "Piece a" in ending.stdout


def test_only_minus_terms_find_everything_but(tutti: Callable, catalogue: Catalogue) -> None:
    ending = tutti("search", catalogue.folder, "--minus", "vocals")
    assert ending.code == 0
    assert "Piece a" in ending.stdout
    assert "Piece b" not in ending.stdout
    assert "Piece c" in tutti("search", catalogue.folder, "--minus", "artist:Ella Moon").stdout


def test_a_foreign_query_is_noted_and_its_names_are_found(tutti: Callable, catalogue: Catalogue) -> None:
    ending = tutti("search", catalogue.folder, "夜の人")
    assert ending.code == 0
    assert "looks like Japanese" in ending.stderr
    assert "Piece c" in ending.stdout


def test_a_query_that_nothing_matches_says_so_and_is_no_error(tutti: Callable, catalogue: Catalogue) -> None:
    ending = tutti("search", catalogue.folder, "quarterly tax report")
    assert (ending.code, ending.stdout) == (0, "")
    assert ending.stderr.startswith("nothing matches")


def test_every_kind_of_term_goes_together(tutti: Callable, placed: Catalogue) -> None:
    ending = tutti(
        "search", placed.folder, "jazz", "--plus", "0.5*artist:Ella Moon", "--minus", "track:Piece d", "--plus",
        "listener:ana", "--where", "title != 'Piece b'", "--diverse", "0.3", "--weight", "audio=2", "-k", "3", "--json",
    )  # fmt: skip
    assert ending.code == 0
    assert '"track_id": "a"' in ending.stdout
    assert '"rank_by_score": 1' in ending.stdout


def test_a_tenth_of_a_second_is_too_little(tutti: Callable, placed: Catalogue, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "blip.wav", np.ones(1600), 16_000)
    for how in ("--plus", "--like"):
        assert "blip.wav holds 0.10 s of sound" in refused(tutti, placed.folder, how, tmp_path / "blip.wav")
