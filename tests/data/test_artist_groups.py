"""Factors of artists: what tracks inherit, what is counted, what is resumed, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from tutti.audio.frame_features import FrameConfig
from tutti.data.artist_groups import SOURCES, ArtistGroupConfig, artist_factors
from tutti.data.track import Track
from tutti.errors import ConfigError

pytest.importorskip("sklearn")
CONFIG = ArtistGroupConfig(n_terms=8, n_descriptor_terms=3, n_topics=2, frames=FrameConfig(n_mfcc=8))


@pytest.fixture(scope="module")
def tracks(tmp_path_factory) -> list[Track]:
    """Eight tracks by four artists, two of whom only hum and two hiss."""
    folder = tmp_path_factory.mktemp("sounds")
    found = []
    for number in range(8):
        rng, artist = np.random.default_rng(number), number // 2
        hum = 0.5 * np.sin(2 * np.pi * (200 + number) * np.arange(22_050) / 22_050)
        soundfile.write(folder / f"{number}.wav", hum if artist < 2 else 0.3 * rng.uniform(-1, 1, 22_050), 22_050)
        found.append(
            Track(
                track_id=str(number),
                artist=f"artist {artist}",
                audio=folder / f"{number}.wav",
                tags=("Rock", "hum" if artist < 2 else "hiss"),
            )
        )
    return found


@pytest.mark.parametrize("source", SOURCES)
def test_tracks_inherit_their_artist_s_factors_which_sum_to_one(tracks, tmp_path, source):
    found = artist_factors({"train": tracks}, [source], tmp_path, CONFIG, genres=["Rock"]).by_source[source]
    assert {*found} == {str(number) for number in range(8)}
    assert all(row.shape == (2,) and row.sum() == pytest.approx(1) for row in found.values())
    assert all((found[str(2 * artist)] == found[str(2 * artist + 1)]).all() for artist in range(4))


@pytest.mark.parametrize("source", ["mfcc", "subgenre"])
def test_those_who_hum_are_of_another_group_than_those_who_hiss(tracks, tmp_path, source):
    config = replace(CONFIG, n_terms=2)
    found = artist_factors({"train": tracks}, [source], tmp_path, config, genres=["Rock"]).by_source[source]
    groups = [int(found[str(number)].argmax()) for number in range(8)]
    assert groups in ([0] * 4 + [1] * 4, [1] * 4 + [0] * 4)


def test_artists_held_out_are_described_by_what_was_learned_without_them(tracks, tmp_path):
    learned, held_out = [*tracks[:2], *tracks[4:6]], [*tracks[2:4], *tracks[6:]]
    alone = artist_factors({"train": learned}, ["mfcc"], tmp_path / "a", CONFIG).by_source["mfcc"]
    both = artist_factors({"train": learned, "valid": held_out}, ["mfcc"], tmp_path / "b", CONFIG).by_source["mfcc"]
    for key, row in alone.items():
        np.testing.assert_allclose(both[key], row, atol=1e-6)
    assert both["2"].argmax() == both["0"].argmax() != both["6"].argmax()


def test_a_second_run_computes_nothing_and_gives_the_same(tracks, tmp_path):
    told: list[str] = []
    first = artist_factors({"train": tracks}, ["mfcc"], tmp_path, CONFIG).by_source["mfcc"]
    again = artist_factors({"train": tracks}, ["mfcc"], tmp_path, CONFIG, tell=told.append).by_source["mfcc"]
    assert not [line for line in told if "computing" in line or "topics" in line]
    assert all((first[key] == again[key]).all() for key in first)


def test_a_killed_extraction_goes_on(tracks, tmp_path):
    artist_factors({"train": tracks}, ["mfcc"], tmp_path, CONFIG)
    next((tmp_path / "features").iterdir()).unlink()
    told: list[str] = []
    artist_factors({"train": tracks}, ["mfcc"], tmp_path, CONFIG, tell=told.append)
    assert "computing features of 1 tracks" in told


def test_other_settings_make_other_factors_in_the_same_folder(tracks, tmp_path):
    artist_factors({"train": tracks}, ["mfcc"], tmp_path, CONFIG)
    found = artist_factors({"train": tracks}, ["mfcc"], tmp_path, replace(CONFIG, n_topics=3)).by_source["mfcc"]
    assert found["0"].shape == (3,)


def test_artists_of_one_track_without_a_name_or_without_sound_are_told_and_nothing_is_lost(tracks, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    odd = [replace(tracks[0], artist=None), Track(track_id="broken", artist="x", audio=tmp_path / "broken.wav")]
    told: list[str] = []
    found = artist_factors({"train": [*odd, *tracks[1:]]}, ["mfcc"], tmp_path / "f", CONFIG, tell=told.append)
    assert {*found.by_source["mfcc"]} == {str(number) for number in range(8)}
    assert [*found.failures] == ["broken"]
    assert any("1 tracks name no artist" in line and "3 have one track" in line for line in told)
    assert any("1 of 9 tracks take no part in mfcc: broken" in line for line in told)


def test_more_terms_than_frames_are_refused_with_both_numbers(tracks, tmp_path):
    with pytest.raises(ConfigError, match=r"2048 terms cannot be learned from 176 frames \(mfcc\)"):
        artist_factors({"train": tracks}, ["mfcc"], tmp_path, replace(CONFIG, n_terms=2048))


def test_sources_without_anything_are_refused_in_words(tracks, tmp_path):
    with pytest.raises(ConfigError, match="no track of the split train has anything for the artist groups of subgenre"):
        artist_factors({"train": tracks}, ["subgenre"], tmp_path, CONFIG, genres=["Rock", "hum", "hiss"])


def test_subgenres_may_be_told_by_a_prefix(tracks, tmp_path):
    named = [replace(track, tags=("Rock", f"genre:{track.tags[1]}")) for track in tracks]
    found = artist_factors({"train": named}, ["subgenre"], tmp_path, replace(CONFIG, genre_prefix="genre:"))
    assert found.by_source["subgenre"]["0"].argmax() != found.by_source["subgenre"]["7"].argmax()


def test_descriptors_come_from_a_table_where_there_is_one(tracks, tmp_path):
    rows = "".join(f"{number},{5 * (number > 3)}\n" for number in range(7))
    (tmp_path / "table.csv").write_text("track_id,noise\n" + rows)
    config = replace(CONFIG, n_descriptor_terms=2, descriptors=tmp_path / "table.csv")
    found = artist_factors({"train": tracks}, ["descriptors"], tmp_path, config).by_source["descriptors"]
    assert found["0"].argmax() != found["7"].argmax()  # the last inherits, without a row of its own
    assert not (tmp_path / "features").exists()
