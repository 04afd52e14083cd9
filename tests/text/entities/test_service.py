"""A linking service against a server on this machine that behaves well, badly, or not at all."""

from __future__ import annotations

import http.server
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tutti.errors import ConfigError, LinkingError
from tutti.text.entities.cache import CachedLinker
from tutti.text.entities.linkers import load_linker, open_linker
from tutti.text.entities.service import LinkingService, ServiceConfig

TEXT = "From 🎸 Berlin comes Blur."
BLUR = {"name": "Blur", "start": 20, "end": 24, "categories": ["Britpop"]}


class Server(http.server.ThreadingHTTPServer):
    """Answers with what ``answers`` holds next: bytes, a status, or seconds to say nothing. The last stays."""

    answers: list[Any]
    asked: list[str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/annotate"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self.server.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if isinstance(answer, float):
            time.sleep(answer)
            return
        self.send_response(answer if isinstance(answer, int) else 200)
        self.end_headers()
        if isinstance(answer, int):
            return
        for part in answer if isinstance(answer, list) else [answer]:
            try:
                self.wfile.write(part)
                self.wfile.flush()
            except OSError:
                return
            if isinstance(answer, list):
                time.sleep(0.05)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.answers, server.asked = [json.dumps({"entities": [BLUR]}).encode()], []
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def service(server: Server, **settings: Any) -> LinkingService:
    return LinkingService(
        ServiceConfig(address=server.address, **{"timeout": 5.0, "attempts": 2, "first_pause": 0.0, **settings})
    )


def test_a_text_goes_out_and_entities_come_back(server: Server):
    (blur,) = service(server).link(TEXT)
    assert (blur.name, TEXT[blur.start : blur.end], blur.categories) == ("Blur", "Blur", ("Britpop",))
    assert json.loads(server.asked[0]) == {"text": TEXT}


def test_of_mentions_that_overlap_the_first_and_longest_is_taken(server: Server):
    places = [(20, 24), (5, 9), (7, 13), (7, 20)]
    entities = [{**BLUR, "start": start, "end": end} for start, end in places]
    server.answers = [json.dumps({"entities": entities}).encode()]
    assert [(one.start, one.end) for one in service(server).link(TEXT)] == [(5, 9), (20, 24)]


def test_the_form_of_dbpedia_spotlight_is_understood(server: Server):
    types = "Wikidata:Q515,DBpedia:City,Schema:City,DBpedia:Place"
    berlin = {"@URI": "http://dbpedia.org/resource/Berlin_%28city%29", "@types": types, "@surfaceForm": "Berlin"}
    server.answers = [json.dumps({"@text": TEXT, "Resources": [{**berlin, "@offset": "8"}]}).encode()]  # 🎸 is two
    (found,) = service(server, form="spotlight").link(TEXT)
    assert (found.name, TEXT[found.start : found.end], found.categories) == (
        "Berlin (city)",
        "Berlin",
        ("City", "Place"),
    )
    assert urllib.parse.parse_qs(server.asked[0]) == {"text": [TEXT], "confidence": ["0.5"]}
    server.answers = [json.dumps({"@text": TEXT}).encode()]
    assert service(server, form="spotlight").link(TEXT) == []


@pytest.mark.parametrize("trouble", [500, 503, 429, 1.5])
def test_trouble_that_passes_is_waited_out(trouble, server: Server):
    server.answers.insert(0, trouble)
    assert len(service(server, timeout=0.6).link(TEXT)) == 1
    assert len(server.asked) == 2


@pytest.mark.parametrize(("trouble", "words"), [(500, "500"), (1.0, "timed out|within|closed")])
def test_trouble_that_stays_is_told_after_some_attempts(trouble, words, server: Server):
    server.answers = [trouble]
    with pytest.raises(LinkingError, match=f"asked 2 times: .*({words})"):
        service(server, timeout=0.3).link(TEXT)
    assert len(server.asked) == 2


def test_a_refusal_is_not_asked_again(server: Server):
    server.answers = [404]
    with pytest.raises(LinkingError, match="answered 404"):
        service(server).link(TEXT)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"<html>", b"\xff", b"7", b"[]", b"{}", b'{"entities": 3}', b'{"entities": [3]}', b"[" * 100_000,
        *(
            json.dumps({"entities": [{**BLUR, **wrong}]}).encode()
            for wrong in (
                {"name": 1}, {"start": "20"}, {"start": True}, {"start": -1}, {"end": 99}, {"end": 20},
                {"categories": "Britpop"}, {"categories": [1]}, {"categories": None},
            )
        ),
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_words(answer, server: Server):
    server.answers = [answer]
    with pytest.raises(LinkingError, match="no list of entities"):
        service(server).link(TEXT)


def test_an_answer_without_end_is_not_read_to_its_end(server: Server):
    server.answers = [b" " * 2_000_000]
    with pytest.raises(LinkingError, match="more than 1,000 bytes"):
        service(server, most_bytes=1000).link(TEXT)
    assert len(server.asked) == 1


def test_an_answer_that_comes_drop_by_drop_is_given_up(server: Server):
    server.answers = [[b" "] * 40]
    with pytest.raises(LinkingError, match=r"within 0\.3 s"):
        service(server, attempts=1, timeout=0.3).link(TEXT)


def test_nobody_there_is_told():
    config = ServiceConfig(address="http://127.0.0.1:9/", timeout=1.0, attempts=1)
    with pytest.raises(LinkingError, match=r"127\.0\.0\.1:9"):
        LinkingService(config).link(TEXT)


@pytest.mark.parametrize("address", ["", "localhost", "ftp://here/", "file:///etc/passwd", "http://me:word@here/"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(ConfigError):
        ServiceConfig(address=address)


def test_a_text_is_sent_once_and_kept(server: Server, tmp_path: Path):
    first = open_linker(server.address, cache=tmp_path / "cache")
    assert first.link(TEXT) == open_linker(server.address, cache=tmp_path / "cache").link(TEXT)
    assert len(server.asked) == 1
    first.link(TEXT + "!")
    assert len(server.asked) == 2


def test_failures_are_not_kept_and_what_is_damaged_is_asked_for_anew(server: Server, tmp_path: Path):
    linker = CachedLinker(service(server, attempts=1), tmp_path)
    server.answers.insert(0, 500)
    with pytest.raises(LinkingError):
        linker.link(TEXT)
    found = linker.link(TEXT)
    (kept,) = tmp_path.rglob("*.json")
    kept.write_text('[["Blur", 1')
    assert linker.link(TEXT) == found
    assert len(server.asked) == 3


def test_a_service_is_saved_and_loaded_with_its_cache(server: Server, tmp_path: Path):
    linker = CachedLinker(service(server), tmp_path / "cache")
    (tmp_path / "model").mkdir()
    linker.save(tmp_path / "model")
    again = load_linker(tmp_path / "model", cache=tmp_path / "cache")
    assert again.fingerprint == linker.fingerprint
    assert again.link(TEXT) == linker.link(TEXT)
    assert len(server.asked) == 1
