"""Principal components and canonical correlations, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.cross_decomposition import CCA
from sklearn.decomposition import PCA

from tutti.errors import ConfigError, ModelError, ShapeError
from tutti.models.encoder_kinds import PROJECTIONS, load_projection
from tutti.models.encoders import Projection
from tutti.models.projections import CanonicalCorrelations, LinearMaps, PrincipalComponents
from tutti.models.spaces import SpaceConfig, SpaceNetwork
from tutti.models.tag_song import TagSongConfig, TagSongSpace


def related_pairs(n_items: int = 400, n_shared: int = 2) -> dict[str, np.ndarray]:
    """Two modalities that share some causes, each mixed with noise of its own."""
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((n_items, n_shared))
    pairs = {}
    for modality, n_dims in {"audio": 7, "image": 5}.items():
        noise = 0.3 * rng.standard_normal((n_items, n_dims))
        pairs[modality] = (shared @ rng.standard_normal((n_shared, n_dims)) + noise + 3).astype(np.float32)
    return pairs


def correlations_of(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.array([np.corrcoef(*columns)[0, 1] for columns in zip(first.T, second.T, strict=True)])


def test_principal_components_are_those_of_scikit_learn_up_to_sign():
    pairs = related_pairs()
    ours = PrincipalComponents.fit(pairs, embed_dim=4).project("audio", pairs["audio"])
    theirs = PCA(4).fit_transform(pairs["audio"].astype(np.float64))
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-4)


def test_fewer_items_than_dimensions_have_the_components_of_scikit_learn_too():
    few = np.random.default_rng(0).standard_normal((9, 30)).astype(np.float32)
    ours = PrincipalComponents.fit({"audio": few}, embed_dim=5).project("audio", few)
    np.testing.assert_allclose(np.abs(ours), np.abs(PCA(5).fit_transform(few.astype(np.float64))), atol=1e-4)


def test_more_items_than_a_block_holds_are_all_counted(monkeypatch):
    pairs = related_pairs()
    whole = [kind.fit(pairs, embed_dim=3) for kind in (PrincipalComponents, CanonicalCorrelations)]
    monkeypatch.setattr("tutti.models.projections.BLOCK_ROWS", 37)
    for one, kind in zip(whole, (PrincipalComponents, CanonicalCorrelations), strict=True):
        np.testing.assert_allclose(kind.fit(pairs, embed_dim=3).matrices["image"], one.matrices["image"], atol=1e-9)


def test_canonical_correlations_are_those_of_scikit_learn():
    pairs = related_pairs()
    ours = CanonicalCorrelations.fit(pairs, embed_dim=3, regularisation=0)
    theirs = CCA(3, max_iter=5000, tol=1e-12).fit_transform(pairs["audio"], pairs["image"])
    points = [ours.project(modality, vectors) for modality, vectors in pairs.items()]
    np.testing.assert_allclose(correlations_of(*points), correlations_of(*theirs), atol=1e-3)
    np.testing.assert_allclose(ours.correlations, correlations_of(*points), atol=1e-4)


def test_canonical_points_have_unit_variance_and_no_correlation_among_themselves():
    pairs = related_pairs()
    points = CanonicalCorrelations.fit(pairs, embed_dim=5, regularisation=0).project("audio", pairs["audio"])
    np.testing.assert_allclose(np.cov(points.T), np.eye(5), atol=1e-3)


def test_what_two_modalities_share_finds_the_partner_among_items_never_seen():
    pairs = related_pairs(n_shared=3)
    seen = {modality: vectors[:300] for modality, vectors in pairs.items()}
    fitted = CanonicalCorrelations.fit(seen, embed_dim=3)
    first, second = (fitted.project(modality, vectors[300:]) for modality, vectors in pairs.items())
    nearest = np.linalg.norm(first[:, None] - second, axis=2).argmin(axis=1)
    assert (nearest == np.arange(100)).mean() > 0.3  # 0.01 by chance


def test_regularisation_keeps_noise_of_more_dimensions_than_items_from_going_together():
    rng = np.random.default_rng(0)
    noise = {modality: rng.standard_normal((20, 50)).astype(np.float32) for modality in ("audio", "image")}
    assert CanonicalCorrelations.fit(noise, embed_dim=2, regularisation=0).correlations.min() > 0.99
    assert CanonicalCorrelations.fit(noise, embed_dim=2, regularisation=10).correlations.max() < 0.5


def test_items_that_lack_a_modality_take_no_part_in_the_fit():
    pairs = related_pairs()
    complete = CanonicalCorrelations.fit({name: one[:300] for name, one in pairs.items()}, embed_dim=2)
    pairs["audio"][300:350] = np.nan
    pairs["image"][350:] = np.nan
    fitted = CanonicalCorrelations.fit(pairs, embed_dim=2)
    np.testing.assert_array_equal(fitted.matrices["image"], complete.matrices["image"])
    points = fitted.project("audio", pairs["audio"])
    assert np.isnan(points[300:350]).all()
    assert np.isfinite(points[350:]).all()


@pytest.mark.parametrize("kind", [PrincipalComponents, CanonicalCorrelations])
def test_a_saved_projection_gives_the_same_points(tmp_path, kind):
    pairs = related_pairs()
    fitted = kind.fit(pairs, embed_dim=3)
    fitted.save(tmp_path / "projection")
    loaded = kind.load(tmp_path / "projection")
    assert (loaded.dims, loaded.embed_dim, loaded.fingerprint) == (fitted.dims, 3, fitted.fingerprint)
    np.testing.assert_array_equal(loaded.project("image", pairs["image"]), fitted.project("image", pairs["image"]))


def test_one_kind_of_projection_is_not_read_as_another(tmp_path):
    PrincipalComponents.fit(related_pairs(), embed_dim=2).save(tmp_path / "projection")
    with pytest.raises(ModelError, match="describes a 'tutti principal components'"):
        CanonicalCorrelations.load(tmp_path / "projection")


def test_more_components_than_there_are_dimensions_are_refused():
    with pytest.raises(ConfigError, match="128 components"):
        PrincipalComponents.fit(related_pairs())
    with pytest.raises(ConfigError, match="6 shared directions"):
        CanonicalCorrelations.fit(related_pairs(), embed_dim=6)


def test_correlations_of_other_than_two_modalities_are_refused():
    pairs = related_pairs()
    with pytest.raises(ConfigError, match="shared directions"):
        CanonicalCorrelations.fit(pairs | {"text": pairs["image"]}, embed_dim=2)
    with pytest.raises(ShapeError, match="two modalities"):
        CanonicalCorrelations.fit({"audio": pairs["audio"]}, embed_dim=2)
    with pytest.raises(ShapeError, match="two modalities"):
        CanonicalCorrelations.fit({"audio": pairs["audio"], "image": pairs["image"][:9]}, embed_dim=2)


def projection_of(kind: str) -> Projection:
    """One of each kind, of sounds of seven numbers and pictures of five."""
    pairs, rng = related_pairs(), np.random.default_rng(1)
    made = {
        "tutti space": lambda: SpaceNetwork({"audio": 7, "image": 5}, SpaceConfig(embed_dim=3)),
        "tutti principal components": lambda: PrincipalComponents.fit(pairs, embed_dim=3),
        "tutti canonical correlations": lambda: CanonicalCorrelations.fit(pairs, embed_dim=3),
        "tutti linear maps": lambda: LinearMaps(means={"audio": np.ones(7)}, matrices={"audio": rng.random((7, 3))}),
        "tutti tag-song space": lambda: TagSongSpace(5, "audio", [7], TagSongConfig(embed_dim=3, n_hidden=4)).eval(),
    }
    return made[kind]()


@pytest.mark.parametrize("kind", PROJECTIONS)
def test_every_kind_of_projection_is_found_by_its_folder(tmp_path, kind):
    pairs, saved = related_pairs(), projection_of(kind)
    saved.save(tmp_path / "projection")
    loaded = load_projection(tmp_path / "projection")
    assert type(loaded) is type(saved)
    np.testing.assert_array_equal(loaded.project("audio", pairs["audio"]), saved.project("audio", pairs["audio"]))
