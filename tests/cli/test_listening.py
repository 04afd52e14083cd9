"""``tutti listening factors``: tables and catalogues in, a folder of factors out, trouble in two lines."""

import pytest

from tutti.data.catalogue import Catalogue
from tutti.data.track import Listens
from tutti.listening.factors import Factors

pytest.importorskip("implicit")
ROWS = [(f"u{user}", f"t{track}", 1 + (user * track) % 3) for user in range(6) for track in range(8) if user != track]


def test_a_table_and_a_catalogue_with_the_same_plays_give_the_same_factors(tutti, tmp_path):
    (tmp_path / "plays.tsv").write_text("".join(f"{user}\t{track}\t{count}\n" for user, track, count in ROWS))
    catalogue = Catalogue.create(tmp_path / "catalogue")
    catalogue.put_listens(Listens(user=user, track_id=track, plays=count) for user, track, count in ROWS)
    for source in ("plays.tsv", "catalogue"):
        ending = tutti("listening", "factors", tmp_path / source, "-o", tmp_path / f"{source}-factors", "-n", "3")
        assert ending.code == 0
        assert "3 factors of 6 users and 8 tracks" in ending.stdout
    first, second = (Factors.open(tmp_path / f"{source}-factors") for source in ("plays.tsv", "catalogue"))
    assert (first.track_factors == second.track_factors).all()
    assert first.config.n_factors == 3


def test_trouble_is_told_in_two_lines(tutti, tmp_path):
    ending = tutti("listening", "factors", tmp_path / "none.tsv", "-o", tmp_path / "factors")
    assert ending.code == 1
    assert ending.stderr.startswith("error: there is no table of plays")
    assert "hint: check the path" in ending.stderr
    ending = tutti("listening", "factors", tmp_path, "-o", tmp_path / "factors", "--method", "pls")
    assert "did you mean 'als'" in ending.stderr
