from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tutti.errors import ConfigError, UnknownNameError
from tutti.search.hits import Hit, Hits, Reason
from tutti.serve.report import read_epochs, read_scores, write_report

EPOCHS = """epoch,learning_rate,train_loss,valid_loss,valid_roc_auc_macro,valid_pr_auc_macro,seconds
1,0.001,0.6,0.7,0.55,0.2,3
2,0.001,0.5,0.4,0.75,0.3,3
3,0.001,0.4,0.5,0.85,0.4,3
"""


class Page(HTMLParser):
    """The elements of a page, and what its scripts hold."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.source = file.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def map_data(self) -> list[dict[str, Any]]:
        found = re.search(r'id="map-data">(.*?)</script>', self.source, re.DOTALL)
        assert found
        return json.loads(found.group(1))


def estimate(value: float | None) -> dict[str, float | None]:
    return {"value": value, "low": None if value is None else value - 0.1, "high": value and value + 0.1}


def scores() -> dict[str, Any]:
    return {
        "model": "ear",
        "split": "test",
        "n_items": 5,
        "bootstrap": {"level": 0.95, "n_resamples": 1000, "seed": 0},
        "metrics": {"roc_auc_macro": estimate(0.8), "pr_auc_macro": estimate(0.5)},
        "labels": [
            {"label": "rock & roll", "n_positives": 2, "roc_auc": estimate(0.8), "pr_auc": estimate(0.5)},
            {"label": "never", "n_positives": 0, "roc_auc": estimate(None), "pr_auc": estimate(None)},
        ],
    }


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "metrics.csv").write_text(EPOCHS)
    (folder / "report.json").write_text(json.dumps(scores()))
    return folder


@pytest.fixture
def page(catalogue, run, tmp_path) -> Page:
    reason = Reason(term="rock", how="tag", score=0.9, text="rock: 90% <ear>")
    found = Hits(
        [Hit(track_id="0", path=None, title=None, artist=None, score=0.9, why=(reason,))], notes=["no <model>"]
    )
    searches = [("rock <b>loud</b>", found), ("zither", Hits())]
    return Page(write_report(catalogue, tmp_path / "report", run=run, searches=searches))


def test_the_page_asks_nothing_of_the_network(page):
    addresses = [
        value for _, attributes in page.elements for key, value in attributes.items() if key in {"src", "href"}
    ]
    assert addresses
    assert not [one for one in addresses if re.match(r"(https?:)?//", one or "")]
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest", page.source)
    assert not page.all("link")


def test_titles_and_queries_cannot_bring_their_own_markup(page):
    assert len(page.all("script")) == 2  # the map's data and the page's own script
    assert "rock <b>loud</b>" in page.text
    assert "five <tracks>" in page.text
    assert "it is <text>" in page.text
    assert page.map_data[0]["title"] == "</script><script>alert(1)</script>"


def test_every_id_on_the_page_is_given_once(page):
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {f"#{one}" for one in ids} >= {link["href"] for link in page.all("a")}


def test_players_point_from_the_page_to_the_sounds_that_are_there(page, tmp_path):
    (source,) = {player["src"] for player in page.all("audio") if "src" in player}
    assert (tmp_path / "report" / unquote(source)).resolve() == (tmp_path / "my music" / "100% #1?.wav").resolve()
    assert [track["audio"] for track in page.map_data] == [source, None, None, None, None]


def test_a_cover_is_in_the_page_and_an_unreadable_one_leaves_a_note_in_its_place(page):
    assert [bool(track["cover"]) for track in page.map_data] == [True, False, False, False, False]
    assert page.map_data[0]["cover"].startswith("data:image/jpeg;base64,")


def test_the_numbers_are_those_of_the_catalogue(page):
    assert "<b>1.5 h</b><span>of music</span>" in page.source
    assert "<b>5</b><span>tracks</span>" in page.source
    assert re.search(r"1 × unreadable", page.text)


def test_a_search_that_found_nothing_says_so_and_notes_are_shown(page):
    assert "Nothing in this catalogue matches." in page.text
    assert "no <model>" in page.text
    assert "rock: 90% <ear>" in page.text


def test_a_tag_without_a_score_has_no_bar(page):
    assert "rock & roll" in page.text
    assert page.source.count('class="bar none"') == 2


def test_the_same_catalogue_gives_the_same_bytes(catalogue, run, tmp_path):
    first, second = (write_report(catalogue, tmp_path / name / "page.html", run=run) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_a_catalogue_that_no_model_has_described_has_no_map_and_no_link_to_one(catalogue, tmp_path):
    bare = type(catalogue).create(tmp_path / "bare")
    bare.put_tracks(catalogue.tracks())
    page = Page(write_report(bare, tmp_path / "bare.html"))
    assert [link["href"] for link in page.all("a")] == ["#numbers"]


def test_an_empty_catalogue_has_a_page_too(catalogue, tmp_path):
    page = Page(write_report(type(catalogue).create(tmp_path / "empty"), tmp_path / "empty.html"))
    assert "0 s" in page.text


def test_a_model_that_has_described_nothing_is_refused_by_name(catalogue, tmp_path):
    with pytest.raises(UnknownNameError, match="no model in this catalogue called 'eaar'"):
        write_report(catalogue, tmp_path / "page.html", model="eaar")


@pytest.mark.parametrize(("monitor", "kept"), [("loss", 2), ("roc_auc_macro", 3)])
def test_the_epoch_kept_is_the_best_by_what_the_run_watched(run, monitor, kept):
    (run / "recipe.json").write_text(json.dumps({"training": {"monitor": monitor}}))
    epochs, best = read_epochs(run)
    assert epochs["train_loss"] == [0.6, 0.5, 0.4]
    assert best == kept


def test_folders_without_a_run_and_files_without_scores_are_refused(tmp_path):
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(ConfigError, match="holds no training run"):
        read_epochs(tmp_path)
    for wrong in ("other.json", "gone.json", "."):
        with pytest.raises(ConfigError, match="is no report of scores"):
            read_scores(tmp_path / wrong)
