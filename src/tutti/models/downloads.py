"""Fetching a published file over HTTP: whole and verified, or not at all.

Bytes are appended to ``<target>.partial``, so that a cut connection, a killed process or a later run goes on
where the last one stopped; the file gets its name only when its size and its checksum are the published ones.
Which files exist, and what becomes of them, is ``tutti.models.zoo``'s business.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tutti.errors import ConfigError, DownloadError
from tutti.files import lock_file, sha256_of

BLOCK_BYTES = 1 << 16
USER_AGENT = "tutti"
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

Progress = Callable[[int, int], None]  # bytes so far, bytes in all


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file that is published somewhere, and how to know it.

    Attributes:
        address: An http or https address.
        sha256: 64 hexadecimal digits.
        n_bytes: Its size.
    """

    address: str
    sha256: str
    n_bytes: int

    def __post_init__(self) -> None:
        if not self.address.startswith(("http://", "https://")):
            raise ConfigError(
                f"{self.address!r} is no http or https address", hint="give one that begins with https://"
            )


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a server, in seconds.

    Attributes:
        timeout: For a connection, and for each block of bytes.
        attempts: How often to try in a row without getting any further.
        first_pause: Before the second attempt; each later pause is twice the one before.
    """

    timeout: float = 30.0
    attempts: int = 4
    first_pause: float = 1.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.timeout <= 0 or self.first_pause < 0:
            raise ConfigError(f"{self} makes no sense", hint="give at least one attempt and a timeout above 0 s")


class _InterruptedError(Exception):
    """The transfer stopped for a reason that may pass."""


class _ForeignError(Exception):
    """What lies in the partial file is not the beginning of the published file."""


def download(
    remote: RemoteFile, target: Path, *, progress: Progress | None = None, patience: Patience | None = None
) -> None:
    """Fetch a published file to ``target``, going on from an earlier attempt where there is one.

    Two processes must not fetch to the same target at once: see :func:`one_at_a_time`.

    Args:
        remote: The file and its checksum.
        target: Where it shall lie; its folder is made.
        progress: Called with the bytes so far and the bytes in all, after every block.
        patience: Timeouts and attempts.

    Raises:
        DownloadError: The file is not there, is another one than published, could not be fetched, or could
            not be written. What was fetched is kept for the next attempt, unless its checksum was wrong.
    """
    partial = _partial(target)
    with writing(target, remote.n_bytes):
        _fetch_whole(remote, partial, progress or _silent, patience or Patience())
        partial.replace(target)


def _fetch_whole(remote: RemoteFile, partial: Path, progress: Progress, patience: Patience) -> None:
    """Fill the partial file, whatever it held before, until it is the published one."""
    resumed = _size(partial) > 0
    try:
        _fetch_with_patience(remote, partial, progress, patience)
        _verify(remote, partial)
    except _ForeignError as cause:
        partial.unlink(missing_ok=True)
        if not resumed:
            raise DownloadError(
                f"{remote.address} gave another file than the published one: {cause}; it was deleted",
                hint="try again later; if it stays so, the file has changed where it is published",
            ) from None
        # The beginning came from an earlier run, perhaps from a damaged file: begin anew, once.
        _fetch_whole(remote, partial, progress, patience)


def _fetch_with_patience(remote: RemoteFile, partial: Path, progress: Progress, patience: Patience) -> None:
    furthest = _size(partial)
    failures = 0
    while _size(partial) != remote.n_bytes:
        try:
            _fetch_once(remote, partial, progress, patience.timeout)
        except _InterruptedError as cause:
            reached = _size(partial)
            failures = 1 if reached > furthest else failures + 1
            furthest = max(furthest, reached)
            if failures >= patience.attempts:
                raise DownloadError(
                    f"{remote.address} could not be fetched: {cause}; {reached} of {remote.n_bytes} bytes came",
                    hint="check the network and run the same command again: it goes on where it stopped; "
                    "without a network, name folders that hold the published files in TUTTI_MODELS",
                ) from None
            time.sleep(patience.first_pause * 2 ** (failures - 1))


def _fetch_once(remote: RemoteFile, partial: Path, progress: Progress, timeout: float) -> None:
    """One request, appended to what is there.

    Raises:
        _InterruptedError: It stopped early.
        _ForeignError: The server's file has another size, or the partial file is too long to be its
            beginning.
        DownloadError: The server will not give the file.
    """
    start = _size(partial)
    if start > remote.n_bytes:
        raise _ForeignError(f"{start} bytes instead of {remote.n_bytes}")
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(remote.address, headers=headers)
    with _network(remote), urllib.request.urlopen(request, timeout=timeout) as response:
        _check_size(remote, response, start)
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            start = 0  # the server knows no ranges and sends the whole
        with partial.open("ab" if start else "wb") as file:
            for block in _blocks(response):
                file.write(block)
                start += len(block)
                if start > remote.n_bytes:
                    raise _ForeignError(f"more than {remote.n_bytes} bytes")
                progress(start, remote.n_bytes)
    if start < remote.n_bytes:
        raise _InterruptedError("the connection was cut")


def _blocks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    # read1 hands over what has come; read would lose the beginning of a block in which the connection is cut
    while block := response.read1(BLOCK_BYTES):
        yield block


def _check_size(remote: RemoteFile, response: http.client.HTTPResponse, start: int) -> None:
    """Refuse a file of another size before its bytes come."""
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        content_range = response.headers.get("Content-Range", "")
        if content_range != f"bytes {start}-{remote.n_bytes - 1}/{remote.n_bytes}":
            raise _ForeignError(f"the server answered with the range {content_range!r}")
        return
    length = response.headers.get("Content-Length")
    if length is not None and length != str(remote.n_bytes):
        raise _ForeignError(f"{length} bytes instead of {remote.n_bytes}")


@contextlib.contextmanager
def _network(remote: RemoteFile) -> Iterator[None]:
    """Sort what goes wrong on the way into what may pass and what will not."""
    try:
        yield
    except urllib.error.HTTPError as cause:
        cause.close()
        if cause.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise _ForeignError("the server's file is shorter than what has come") from None
        passing = cause.code in {408, 425, 429} or cause.code >= 500
        if passing:
            raise _InterruptedError(f"the server answered {cause.code} {cause.reason}") from None
        raise DownloadError(
            f"{remote.address} cannot be had: the server answered {cause.code} {cause.reason}",
            hint="name a folder that holds the published file in TUTTI_MODELS, or a mirror in TUTTI_MIRROR",
        ) from None
    except urllib.error.URLError as cause:
        raise _InterruptedError(str(cause.reason)) from None
    except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as cause:
        raise _InterruptedError(str(cause) or type(cause).__name__) from None


def _verify(remote: RemoteFile, partial: Path) -> None:
    found = sha256_of(partial)
    if found != remote.sha256:
        raise _ForeignError(f"its sha256 is {found}, published is {remote.sha256}")


@contextlib.contextmanager
def writing(target: Path, n_bytes: int) -> Iterator[None]:
    """Make the target's folder, and say in words what keeps a file of ``n_bytes`` from being written to it.

    Raises:
        DownloadError: The disk is full, or the folder cannot be made or written to.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except DownloadError:
        raise
    except OSError as cause:
        if cause.errno in NO_ROOM:
            needed = n_bytes - min(_size(_partial(target)), n_bytes)
            raise DownloadError(
                f"no room for {target.name}: {needed} more bytes of {n_bytes} are needed in {target.parent}",
                hint="make room, or set TUTTI_CACHE to a folder on a larger disk; what has come is kept",
            ) from None
        raise DownloadError(
            f"{target} cannot be written: {(cause.strerror or str(cause)).lower()}",
            hint="set TUTTI_CACHE to a folder that you may write to",
        ) from None


@contextlib.contextmanager
def one_at_a_time(target: Path, *, longest_wait: float = 600.0) -> Iterator[None]:
    """Wait until no other process works on the same target, and keep others waiting.

    Args:
        target: A file or folder in a folder that exists; the lock lies beside it and is freed when its holder
            dies.
        longest_wait: Seconds.

    Raises:
        DownloadError: Another process has held the lock for longer.
    """
    lock = target.with_name(f".{target.name}.lock")
    give_up = time.monotonic() + longest_wait
    with lock.open("a+") as file:
        while not lock_file(file):
            if time.monotonic() > give_up:
                raise DownloadError(
                    f"another process has been fetching {target.name} for {longest_wait:g} s",
                    hint=f"stop it and try again; if there is none, {lock} cannot be locked where it lies",
                )
            time.sleep(0.05)
        yield


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.partial")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _silent(n_done: int, n_total: int) -> None:
    pass
