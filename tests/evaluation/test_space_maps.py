"""Maps of several kinds of things: fitted on songs, the others placed on them without bending the map."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.items import Item
from tutti.data.track import Track
from tutti.errors import ConfigError, UnknownNameError
from tutti.evaluation.map_figure import draw_map
from tutti.evaluation.maps import MapSettings, map_model
from tutti.evaluation.space_maps import AS_THEY_ARE, MOST_OF_KIND, Things, map_retriever, map_things
from tutti.models.space_models import SpaceModel, SpaceModelConfig
from tutti.models.spaces import SpaceConfig, SpaceNetwork
from tutti.models.text_readers import TextReader
from tutti.models.texts import TextConfig, TextEncoder, build_text_network
from tutti.serve.map_page import write_map

PCA = MapSettings(methods=("pca",))
MOODS = ("happy", "sad", "angry")


def things(kind: str, n_each: int, *, seed: int, dimensions: int = 16) -> Things:
    """Things in three groups, which lie in the same places whatever the kind."""
    noise = np.random.default_rng(seed).normal(size=(3 * n_each, dimensions))
    vectors = np.repeat(8 * np.eye(3, dimensions), n_each, axis=0) + noise
    return Things(
        kind=kind,
        items=[Item(item_id=f"{kind} {n}", title=f"{kind} <{n}>") for n in range(3 * n_each)],
        vectors=vectors.astype(np.float32),
        words=[(mood,) for mood in MOODS for _ in range(n_each)],
    )


@pytest.fixture(scope="module")
def songs() -> Things:
    return things("songs", 20, seed=0)


@pytest.fixture(scope="module")
def texts() -> Things:
    return things("texts", 5, seed=1)


@pytest.mark.parametrize("method", ["pca", pytest.param("umap", marks=pytest.mark.slow)])
def test_texts_lie_among_the_songs_of_their_group(songs, texts, method):
    if method == "umap":
        pytest.importorskip("umap")
    drawn = map_things("m", [songs, texts], MapSettings(methods=(method,)), dataset="d", coloured_by="mood")
    (points,) = drawn.points.values()
    centres = points[:60].reshape(3, 20, 2).mean(axis=1)
    nearest = np.linalg.norm(points[60:, None] - centres[None], axis=-1).argmin(axis=1)
    assert nearest.tolist() == np.repeat(np.arange(3), 5).tolist()
    assert ((points >= 0) & (points <= 1)).all()


def test_the_map_of_the_songs_is_the_same_whatever_is_placed_on_it(songs, texts):
    alone = map_things("m", [songs], PCA, dataset="d", coloured_by="mood")
    both = map_things("m", [songs, texts], PCA, dataset="d", coloured_by="mood")
    one, other = (drawn.points["principal components"][:60].astype(float) for drawn in (alone, both))
    distances = [
        np.linalg.norm(some[:, None] - some[None], axis=-1)
        for some in (one, other * np.ptp(one, axis=0) / np.ptp(other, axis=0))
    ]
    assert np.allclose(*distances, atol=1e-4)


def test_two_dimensions_are_drawn_as_they_are():
    drawn = map_things("m", [things("songs", 4, seed=0, dimensions=2)], MapSettings(), dataset="d", coloured_by="mood")
    assert list(drawn.points) == [AS_THEY_ARE]


def test_what_is_not_placed_is_left_out_and_counted(songs, texts):
    vectors = texts.vectors.copy()
    vectors[:3] = np.nan
    drawn = map_things("m", [songs, dataclasses.replace(texts, vectors=vectors)], PCA, dataset="d", coloured_by="mood")
    assert (len(drawn.items), drawn.n_absent) == (72, 3)
    assert "(60 songs, 12 texts), 3 without a vector left out" in drawn.setting


def test_many_things_are_drawn_as_an_even_choice():
    n = 3 * (MOST_OF_KIND // 2)
    many = map_things("m", [things("songs", MOST_OF_KIND // 2, seed=0)], PCA, dataset="d", coloured_by="mood")
    assert len(many.items) == MOST_OF_KIND
    assert f"{n:,} items" in many.setting


def test_tsne_is_refused_since_it_cannot_place_what_it_has_not_seen(songs, texts):
    with pytest.raises(ConfigError, match="t-SNE cannot place"):
        map_things("m", [songs, texts], MapSettings(methods=("tsne",)), dataset="d", coloured_by="mood")
    nowhere = dataclasses.replace(songs, vectors=np.full_like(songs.vectors, np.nan))
    with pytest.raises(ConfigError, match="none of the songs"):
        map_things("m", [nowhere, texts], PCA, dataset="d", coloured_by="mood")


def test_picture_and_page_show_each_kind(songs, texts, tmp_path: Path):
    drawn = map_things("m", [songs, texts], PCA, dataset="d", coloured_by="mood")
    draw_map(drawn, tmp_path / "map.svg")
    assert (tmp_path / "map.svg").stat().st_size > 1000
    page = write_map(drawn, tmp_path / "page").read_text(encoding="utf-8")
    assert len(re.findall(r'<circle class="c\d kind0"', page)) == 60
    assert len(re.findall(r'<circle class="c\d kind1"', page)) == 15
    assert 'data-colour="kind1">texts<' in page
    assert "made of the songs alone; texts were placed on it" in page
    assert "texts <0>" not in page


def test_a_space_is_mapped_with_the_tags_of_its_items(tmp_path: Path):
    reviews = ("a slow piano at night", "loud drums and guitars", "a slow guitar", "drums at night")
    config = TextConfig(max_share=1.0, widths=(8,))
    reader = TextReader(config).fit(reviews)
    encoder = TextEncoder(config, reader, build_text_network(config, reader.n_inputs))
    network = SpaceNetwork({"text": encoder.embed_dim}, SpaceConfig(embed_dim=4, n_hidden=8)).eval()
    SpaceModel(SpaceModelConfig(name="words", texts=("review",)), {"text": encoder}, network).save(tmp_path / "words")
    catalogue = Catalogue.create(tmp_path / "catalogue")
    tags = ("piano", "drums", "guitar", "drums")
    catalogue.put_tracks(
        Track(track_id=f"t{n}", split="test", texts={"review": review}, tags=(tag,))
        for n, (review, tag) in enumerate(zip(reviews, tags, strict=True))
    )
    drawn = map_model(str(tmp_path / "words"), tmp_path / "catalogue", PCA)
    assert [item.title for item, kind in zip(drawn.items, drawn.kinds, strict=True) if kind == "tags"] == [
        *("drums", "guitar", "piano")
    ]
    assert drawn.kinds.count("texts") == 4
    (tmp_path / "mine.tsv").write_text("a slow night\tsad\ttest\nloud guitars\tangry\ttest\ndrums\tangry\ttrain\n")
    asked = map_model(
        str(tmp_path / "words"), tmp_path / "catalogue", dataclasses.replace(PCA, sentences=tmp_path / "mine.tsv")
    )
    assert asked.kinds.count("sentences") == 2
    assert asked.colours[-2:] == ("sad", "angry")
    with pytest.raises(UnknownNameError, match="image"):
        map_model(str(tmp_path / "words"), tmp_path / "catalogue", MapSettings(modality="image"))


class Heard:
    """A strategy of sentence-to-music whose valence and arousal are made up."""

    name = "valence-arousal"

    def song_vectors(self, tracks) -> np.ndarray:
        return np.array([[float(track.track_id[1:]), 0.5] for track in tracks], dtype=np.float32)

    def text_vectors(self, texts) -> np.ndarray:
        return np.array([[len(text) % 3, 0.2] for text in texts], dtype=np.float32)

    def places_of(self, vectors):
        return vectors


def test_a_strategy_of_sentence_to_music_maps_a_catalogue_and_sentences(tmp_path: Path):
    catalogue = Catalogue.create(tmp_path / "catalogue")
    catalogue.put_tracks(Track(track_id=f"t{n}", split="test", tags=("calm",)) for n in range(4))
    (tmp_path / "mine.tsv").write_text("a slow night\tsad\ttest\nloud guitars\tangry\ttest\n")
    drawn = map_retriever(Heard(), catalogue, MapSettings(sentences=tmp_path / "mine.tsv"))
    assert list(drawn.points) == [AS_THEY_ARE]
    assert drawn.kinds == ("songs",) * 4 + ("sentences",) * 2
    assert drawn.colours == ("calm",) * 4 + ("sad", "angry")
    assert map_retriever(Heard(), catalogue, MapSettings()).kinds == ("songs",) * 4
