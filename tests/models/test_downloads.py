"""Downloads against a real HTTP server on loopback that can be told to misbehave."""

from __future__ import annotations

import hashlib
import http.server
import multiprocessing
import os
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tutti.errors import ConfigError, DownloadError
from tutti.models.downloads import Patience, RemoteFile, download, one_at_a_time

CONTENT = np.random.default_rng(7).bytes(200_000)
IMPATIENT = Patience(timeout=2.0, attempts=3, first_pause=0.0)


@dataclass
class Behaviour:
    """What the server does; ``requests`` records the Range header of each request."""

    content: bytes = CONTENT
    cut_after: list[int] = field(default_factory=list)  # bytes before the cut, for each of the next requests
    statuses: list[int] = field(default_factory=list)  # errors, for each of the next requests
    knows_ranges: bool = True
    requests: list[str | None] = field(default_factory=list)


class Server(http.server.ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = Behaviour()

    def remote(self, content: bytes = CONTENT) -> RemoteFile:
        digest = hashlib.sha256(content).hexdigest()
        return RemoteFile(address=f"http://127.0.0.1:{self.server_port}/file", sha256=digest, n_bytes=len(content))


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        behaviour = self.server.behaviour
        wanted = self.headers.get("Range")
        behaviour.requests.append(wanted)
        if behaviour.statuses:
            self.send_error(behaviour.statuses.pop(0))
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and behaviour.knows_ranges else 0
        n_bytes = len(behaviour.content)
        if start >= n_bytes:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{n_bytes - 1}/{n_bytes}")
        self.send_header("Content-Length", str(n_bytes - start))
        self.end_headers()
        n_sent = behaviour.cut_after.pop(0) if behaviour.cut_after else n_bytes
        self.wfile.write(behaviour.content[start : start + n_sent])

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_file_arrives_whole_and_progress_counts_up_to_its_size(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    download(server.remote(), tmp_path / "new" / "file", progress=lambda *counts: seen.append(counts))
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file"]


def test_a_cut_connection_is_resumed_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.behaviour.cut_after = [50_000, 70_000]
    download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.behaviour.requests == [None, "bytes=50000-", "bytes=120000-"]


def test_a_later_run_goes_on_where_an_earlier_one_gave_up(server: Server, tmp_path: Path) -> None:
    server.behaviour.cut_after = [1000, 0, 0, 0]
    with pytest.raises(DownloadError, match="1000 of 200000 bytes came"):
        download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert not (tmp_path / "file").exists()
    download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.behaviour.requests[-1] == "bytes=1000-"


def test_a_server_that_knows_no_ranges_sends_the_whole_again(server: Server, tmp_path: Path) -> None:
    server.behaviour.cut_after = [50_000]
    server.behaviour.knows_ranges = False
    download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_server_without_ranges_that_always_cuts_is_given_up(server: Server, tmp_path: Path) -> None:
    server.behaviour.cut_after = [50_000] * 20
    server.behaviour.knows_ranges = False
    with pytest.raises(DownloadError, match="the connection was cut"):
        download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert len(server.behaviour.requests) == IMPATIENT.attempts


def test_a_wrong_checksum_is_said_and_nothing_is_kept(server: Server, tmp_path: Path) -> None:
    server.behaviour.content = CONTENT[:-1] + b"?"
    with pytest.raises(DownloadError, match="another file than the published one: its sha256 is"):
        download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert list(tmp_path.iterdir()) == []
    assert len(server.behaviour.requests) == 1


@pytest.mark.parametrize("size", [1000, 200_000, 300_000])
def test_a_damaged_beginning_from_an_earlier_run_is_thrown_away(size: int, server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.partial").write_bytes(b"\0" * size)
    download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_finished_partial_file_needs_no_request(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.partial").write_bytes(CONTENT)
    download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.behaviour.requests == []


def test_a_file_of_another_size_is_refused_before_it_comes(server: Server, tmp_path: Path) -> None:
    server.behaviour.content = CONTENT + b"more"
    with pytest.raises(DownloadError, match="200004 bytes instead of 200000"):
        download(server.remote(), tmp_path / "file", patience=IMPATIENT)


def test_a_file_that_became_shorter_is_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.partial").write_bytes(CONTENT[:150_000])
    server.behaviour.content = CONTENT[:100_000]
    with pytest.raises(DownloadError, match="100000 bytes instead of 200000"):
        download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert server.behaviour.requests == ["bytes=150000-", None]


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_missing_file_is_asked_for_once(status: int, server: Server, tmp_path: Path) -> None:
    server.behaviour.statuses = [status] * 5
    with pytest.raises(DownloadError, match=f"the server answered {status}"):
        download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert len(server.behaviour.requests) == 1


def test_a_server_in_trouble_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.behaviour.statuses = [503, 429]
    download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_no_server_at_all_is_said_with_what_to_do(server: Server, tmp_path: Path) -> None:
    remote = server.remote()
    server.socket.close()
    with pytest.raises(DownloadError, match="could not be fetched") as caught:
        download(remote, tmp_path / "file", patience=IMPATIENT)
    assert "TUTTI_MODELS" in str(caught.value.hint)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_says_how_many_bytes_were_needed_and_where(server: Server, tmp_path: Path) -> None:
    # Whatever is written to /dev/full meets the system's own "no space left on device".
    (tmp_path / "file.partial").symlink_to("/dev/full")
    with pytest.raises(DownloadError, match=r"no room for file: 200000 more bytes of 200000 .* in ") as caught:
        download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert str(tmp_path) in caught.value.message
    assert "TUTTI_CACHE" in str(caught.value.hint)
    assert not (tmp_path / "file").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes there")
def test_when_room_runs_out_in_the_middle_what_came_is_kept(server: Server, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    run = context.Process(target=_download_with_little_room, args=(server.remote(), tmp_path / "file"))
    run.start()
    run.join()
    assert run.exitcode == 0
    assert 0 < (tmp_path / "file.partial").stat().st_size <= 100_000
    download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.behaviour.requests[-1] is not None


def _download_with_little_room(remote: RemoteFile, target: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    with pytest.raises(DownloadError, match=r"no room for file: 1[0-9]{5} more bytes of 200000"):
        download(remote, target, patience=IMPATIENT)


def test_a_folder_that_cannot_be_made_names_the_setting(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the cache should be")
    with pytest.raises(DownloadError, match="cannot be written: not a directory") as caught:
        download(server.remote(), tmp_path / "cache" / "models" / "file", patience=IMPATIENT)
    assert caught.value.hint == "set TUTTI_CACHE to a folder that you may write to"
    assert server.behaviour.requests == []


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_names_the_setting(server: Server, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DownloadError, match="cannot be written: permission denied"):
        download(server.remote(), tmp_path / "file", patience=IMPATIENT)
    tmp_path.chmod(0o700)


def test_whoever_waits_too_long_for_another_process_is_told(tmp_path: Path) -> None:
    with (
        one_at_a_time(tmp_path / "file"),
        pytest.raises(DownloadError, match="another process has been fetching file for 0 s"),
        one_at_a_time(tmp_path / "file", longest_wait=0),
    ):
        pass


def test_other_kinds_of_address_are_refused() -> None:
    with pytest.raises(ConfigError, match="no http or https address"):
        RemoteFile(address="file:///etc/passwd", sha256="0" * 64, n_bytes=1)
