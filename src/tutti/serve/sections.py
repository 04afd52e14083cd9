"""The sections of the report page: a catalogue in numbers, searches, the map, scores, the learning curve.

Each function turns what it is given into HTML with everything escaped; ``report`` finds out what to give.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tutti.data.track import Listens, Problem, Track
from tutti.search.hits import Hit, Hits
from tutti.serve import atlas, figures

MOST_PROBLEMS = 20
NOTE = "♪"


def address(file: Path | None, *, page: Path) -> str | None:
    """The address of a file as seen from a page that is opened from disk, None where there is no such file."""
    if file is None or not file.is_file():
        return None
    try:
        relative = os.path.relpath(file.absolute(), page.absolute().parent)
    except ValueError:  # on another drive
        return file.absolute().as_uri()
    return quote(Path(relative).as_posix())


def numbers(tracks: Sequence[Track], listens: Sequence[Listens], problems: Sequence[Problem]) -> str:
    """The catalogue in numbers, which modalities it has, and what was wrong with files."""
    seconds = sum(track.duration or 0 for track in tracks)
    counts = {
        "track": len(tracks),
        "artist": len({track.artist for track in tracks} - {None}),
        "album": len({(track.artist, track.album) for track in tracks if track.album}),
        "listener": len({one.user for one in listens}),
        "problem": len(problems),
    }
    tiles = [_tile(_duration(seconds), "of music")]
    tiles += [
        _tile(f"{count:,}", name if count == 1 else f"{name}s")
        for name, count in counts.items()
        if count or name in {"track", "problem"}
    ]
    body = _tiles(tiles) + _modalities(tracks, listens) + _trouble(problems)
    return section("numbers", "The catalogue in numbers", body)


def _duration(seconds: float) -> str:
    if seconds >= 3600:
        return f"{seconds / 3600:,.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _modalities(tracks: Sequence[Track], listens: Sequence[Listens]) -> str:
    played = {one.track_id for one in listens}
    present = {
        "audio": sum(track.audio is not None for track in tracks),
        "cover": sum(track.cover is not None for track in tracks),
        "text": sum(bool(track.texts) for track in tracks),
        "tags": sum(bool(track.tags) for track in tracks),
        "listening": sum(track.track_id in played for track in tracks),
    }
    rows = "".join(
        f'<div class="row"><span>{name}</span><span class="bar"><i class="fill" '
        f'style="width:{100 * count / max(len(tracks), 1):.1f}%"></i></span><span class="value">{count:,}</span></div>'
        for name, count in present.items()
    )
    return f'<h3>What is known of how many tracks</h3><div class="rows">{rows}</div>'


def _trouble(problems: Sequence[Problem]) -> str:
    if not problems:
        return ""
    kinds = Counter(problem.kind for problem in problems)
    summary = ", ".join(f"{count} × {escape(kind)}" for kind, count in sorted(kinds.items()))
    items = "".join(
        f"<li><code>{escape(problem.path.name)}</code>: {escape(problem.reason)}"
        f"{' (left out)' if problem.skipped else ''}</li>"
        for problem in problems[:MOST_PROBLEMS]
    )
    rest = len(problems) - MOST_PROBLEMS
    more = f"<li>and {rest:,} more</li>" if rest > 0 else ""
    return f"<details><summary>Problems with files: {summary}</summary><ul>{items}{more}</ul></details>"


def searches(found: Sequence[tuple[str, Hits]], tracks: Mapping[str, Track], *, page: Path) -> str:
    """What each search found: cover, names, score, reason and a player for every hit."""
    if not found:
        return ""
    blocks = []
    for title, hits in found:
        cards = "".join(_hit(hit, tracks[hit.track_id], page=page) for hit in hits)
        body = f'<ol class="hits">{cards}</ol>' if cards else '<p class="note">Nothing in this catalogue matches.</p>'
        notes = "".join(f'<p class="note">{escape(note)}</p>' for note in hits.notes)
        blocks.append(f'<h3 class="query">{escape(title)}</h3>{notes}{body}')
    return section("searches", "Searches", "".join(blocks))


def _hit(hit: Hit, track: Track, *, page: Path) -> str:
    audio = address(track.audio, page=page)
    player = f'<audio controls preload="none" src="{escape(audio)}"></audio>' if audio else ""
    why = "".join(f"<li>{escape(reason.text)}</li>" for reason in hit.why)
    artist = f'<span class="artist">{escape(track.artist)}</span>' if track.artist else ""
    return (
        f'<li class="hit">{_cover(track, side=96)}<div class="about">'
        f'<div class="names"><b>{escape(track.name)}</b>{artist}</div>'
        f'<div class="score"><i style="width:{100 * hit.score:.0f}%"></i></div>'
        f'<ul class="why"><li class="value">{hit.score:.2f}</li>{why}</ul>{player}</div></li>'
    )


def _cover(track: Track, *, side: int) -> str:
    picture = figures.thumbnail(track.cover, side=side)
    if picture is None:
        return f'<span class="cover" aria-hidden="true">{NOTE}</span>'
    return f'<img class="cover" src="{picture}" alt="cover of {escape(track.name)}" loading="lazy">'


def catalogue_map(drawn: atlas.Atlas | None, tracks: Mapping[str, Track], *, page: Path) -> str:
    """The map, its legend, and the data that the page's script shows on touching a track."""
    if drawn is None or not drawn.track_ids:
        return ""
    shown = len(drawn.track_ids)
    sample = "" if shown == drawn.n_tracks else f" {shown:,} of {drawn.n_tracks:,} tracks, evenly chosen."
    body = (
        f'<p class="note">Tracks that <b>{escape(drawn.model)}</b> hears as alike lie close together '
        f"({drawn.projection} of its vectors).{sample} The colour is the tag that sets a track most apart from the "
        "others. Point at a track to see it, click to hear it.</p>"
        f'<div class="keys" id="map-keys">{atlas.atlas_legend(drawn)}</div>'
        f'<div class="map" id="map-frame">{atlas.atlas_svg(drawn)}<div class="card" id="map-card" hidden></div></div>'
        '<div class="playing"><span id="map-playing">Click a track to hear it.</span>'
        '<audio id="map-audio" controls preload="none"></audio></div>'
        f'<script type="application/json" id="map-data">{_map_data(drawn, tracks, page=page)}</script>'
    )
    return section("map", "A map of the catalogue", body)


def _map_data(drawn: atlas.Atlas, tracks: Mapping[str, Track], *, page: Path) -> str:
    rows = []
    for track_id, tags in zip(drawn.track_ids, drawn.tags, strict=True):
        track = tracks.get(track_id, Track(track_id=track_id))
        rows.append(
            {
                "title": track.name,
                "artist": track.artist or "",
                "tags": [f"{label} {probability:.0%}" for label, probability in tags],
                "cover": figures.thumbnail(track.cover, side=64),
                "audio": address(track.audio, page=page),
            }
        )
    # A title may hold "</script>": no "<" of the data reaches the page as itself.
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def scores(report: Mapping[str, Any] | None) -> str:
    """How well a model does, and for each tag the areas with their intervals.

    Args:
        report: As ``tutti.evaluation.report.Report.to_json`` gives it.
    """
    if report is None:
        return ""
    tiles = [
        _tile(f"{one['value']:.3f}", title, f"{one['low']:.3f} to {one['high']:.3f}")
        for name, title in (("roc_auc_macro", "ROC-AUC, macro"), ("pr_auc_macro", "PR-AUC, macro"))
        if (one := report["metrics"][name])["value"] is not None
    ]
    tiles.append(_tile(f"{report['n_items']:,}", f"tracks of split {escape(report['split'])}"))
    labels = sorted(report["labels"], key=lambda one: (-(one["roc_auc"]["value"] or 0), one["label"]))
    rows = "".join(_label_row(one, report["n_items"]) for one in labels)
    level, resamples = report["bootstrap"]["level"], report["bootstrap"]["n_resamples"]
    body = (
        f'{_tiles(tiles)}<p class="note">Model <b>{escape(report["model"])}</b>. '
        f"The thin lines are {level:.0%} intervals from {resamples:,} bootstrap resamples of the tracks; "
        "the dotted marks are where guessing would land.</p>"
        '<div class="rows scores"><div class="row head"><span>tag</span><span>tracks</span><span>ROC-AUC</span><span>'
        f"</span><span>PR-AUC</span><span></span></div>{rows}</div>"
    )
    return section("scores", "How well the tags are heard", body)


def _label_row(one: Mapping[str, Any], n_items: int) -> str:
    roc, pr = one["roc_auc"], one["pr_auc"]
    share = one["n_positives"] / max(n_items, 1)
    return (
        f'<div class="row"><span>{escape(one["label"])}</span><span class="count">{one["n_positives"]}</span>'
        f"{figures.interval_bar(roc['value'], roc['low'], roc['high'], chance=0.5)}"
        f"{figures.interval_bar(pr['value'], pr['low'], pr['high'], chance=share)}</div>"
    )


def learning(epochs: Mapping[str, Sequence[float]], *, kept: int | None) -> str:
    """The learning curve.

    Args:
        epochs: Columns of a run's ``metrics.csv``.
        kept: The epoch whose weights were kept.
    """
    losses = {"training": epochs.get("train_loss", ()), "validation": epochs.get("valid_loss", ())}
    areas = {"ROC-AUC": epochs.get("valid_roc_auc_macro", ()), "PR-AUC": epochs.get("valid_pr_auc_macro", ())}
    charts = [
        figures.line_chart(title, {name: curve for name, curve in series.items() if curve}, marked=kept)
        for title, series in (("Loss", losses), ("Validation scores, macro", areas))
    ]
    if not any(charts):
        return ""
    note = "" if kept is None else f'<p class="note">The weights of epoch {kept} were kept.</p>'
    return section("learning", "How it learned", f'<div class="charts">{"".join(charts)}</div>{note}')


def section(identifier: str, title: str, body: str) -> str:
    """A part of the page with its heading."""
    return f'<section id="{identifier}"><h2>{escape(title)}</h2>{body}</section>\n'


def _tile(number: str, name: str, detail: str = "") -> str:
    return f'<div class="tile"><b>{number}</b><span>{name}</span><small>{detail}</small></div>'


def _tiles(tiles: Sequence[str]) -> str:
    return f'<div class="tiles">{"".join(tiles)}</div>'
