"""Files of word vectors: word2vec's text and binary format, GloVe's text format, each gzipped or not.

The formats are told apart by content. Files come from strangers: no header is believed before the words that it
promises are there, and memory is bounded by what is asked for. What the vectors are for is in ``word_vectors``.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from tutti.errors import ConfigError, ModelError
from tutti.files import atomic_file

GZIP = b"\x1f\x8b"
FOREIGN = {  # what else people have at hand, by its first bytes
    b"\x80": ("a pickle", "save the vectors with gensim's save_word2vec_format"),
    b"PK": ("a zip archive", "unpack it first"),
    b"\x93NUMPY": ("a NumPy array without words", "save the vectors with gensim's save_word2vec_format"),
}
MOST_DIMENSIONS = 10_000
MOST_WORD_BYTES = 4096
MOST_BYTES = 4 << 30  # of vectors in memory
ENDINGS = (".bin", ".txt", ".vec")  # of files that are written: binary, text, and text by its other usual name
BUFFER_BYTES = 1 << 20
BLOCK_WORDS = 4096  # how many vectors are gathered before they are made an array
Rows = Iterator[tuple[str, NDArray[np.float32]]]


def read_word_vectors(path: Path, *, limit: int | None) -> tuple[list[str], NDArray[np.float32]]:
    """Words and vectors of a file, in its order; of a word that stands there twice, the first.

    Args:
        path: The file.
        limit: Words at most; None reads all.

    Returns:
        Words, and vectors of shape (words, dimensions).

    Raises:
        ModelError: The file is missing, damaged, cut off, or of another format.
        ConfigError: No word is asked for, or the vectors would take more memory than ``MOST_BYTES``.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"{limit} words are no vocabulary", hint="give a limit of 1 or more")
    try:
        with path.open("rb") as raw:
            is_gzipped = raw.read(2) == GZIP
            raw.seek(0)
            opened = gzip.GzipFile(fileobj=raw) if is_gzipped else raw
            with io.BufferedReader(cast(io.RawIOBase, opened), buffer_size=BUFFER_BYTES) as file:
                return _gathered(path, _rows(path, cast("IO[bytes]", file)), limit=limit)
    except FileNotFoundError:
        raise ModelError(f"there is no file of word vectors {path}", hint="check the path") from None
    except (OSError, EOFError, zlib.error) as cause:
        reason = str(cause).partition("\n")[0] or type(cause).__name__
        raise ModelError(f"{path} cannot be read: {reason}", hint="fetch the file again, whole") from None


def write_word_vectors(path: Path, words: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Write word2vec's binary format where the name ends in ``.bin``, else its text; gzipped where ``.gz`` follows.

    Spaces in words become underscores, as both formats need.

    Raises:
        ConfigError: The name ends otherwise, see :func:`check_ending`.
    """
    check_ending(path)
    is_gzipped = path.suffix == ".gz"
    is_binary = (path.with_suffix("") if is_gzipped else path).suffix == ".bin"
    with atomic_file(path) as partial, partial.open("wb") as raw:
        zipped = gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) if is_gzipped else None
        file = cast("IO[bytes]", zipped or raw)
        file.write(f"{len(words)} {vectors.shape[1]}\n".encode())
        for word, vector in zip(words, vectors.astype("<f4"), strict=True):
            told = "_".join(word.split()).encode()
            numbers = vector.tobytes() if is_binary else " ".join(map(repr, map(float, vector))).encode()
            file.write(told + b" " + numbers + b"\n")
        if zipped is not None:
            zipped.close()


def check_ending(path: Path) -> None:
    """Make sure that a file's name says how word vectors are to be written, before they are learned.

    Raises:
        ConfigError: It ends in none of ``ENDINGS``, with or without ``.gz`` on top.
    """
    if (path.with_suffix("") if path.suffix == ".gz" else path).suffix not in ENDINGS:
        raise ConfigError(
            f"no word vectors can be written as {path.name}",
            hint=f"end its name in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}; .gz on top compresses it",
        )


def _gathered(path: Path, rows: Rows, *, limit: int | None) -> tuple[list[str], NDArray[np.float32]]:
    words: dict[str, None] = {}
    blocks: list[NDArray[np.float32]] = []
    block: list[NDArray[np.float32]] = []
    for word, vector in rows:
        if word in words:
            continue
        words[word] = None
        block.append(vector)
        if len(block) == BLOCK_WORDS:
            blocks.append(_finite(path, block, list(words)))
            block = []
        if 4 * len(words) * vector.size > MOST_BYTES:
            raise ConfigError(
                f"the vectors of {path} take more than {MOST_BYTES >> 30} GB", hint="ask for fewer words: limit=500000"
            )
        if len(words) == limit:
            break
    if not words:
        raise ModelError(f"{path} holds no word vectors", hint="give a file of word2vec or GloVe")
    if block:
        blocks.append(_finite(path, block, list(words)))
    return list(words), np.concatenate(blocks)


def _finite(path: Path, block: list[NDArray[np.float32]], words: list[str]) -> NDArray[np.float32]:
    matrix = np.stack(block)
    wrong = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    if len(wrong):
        raise ModelError(
            f"{path} is damaged: the vector of {words[len(words) - len(block) + wrong[0]]!r:.40} is not finite",
            hint="fetch the file again, whole",
        )
    return matrix


def _rows(path: Path, file: IO[bytes]) -> Rows:
    start = _ahead(file, 8)
    for mark, (what, hint) in FOREIGN.items():
        if start.startswith(mark):
            raise ModelError(f"{path} is {what}, no file of word2vec or GloVe", hint=hint)
    first = file.readline(BUFFER_BYTES)
    header = _header(first)
    if header is None:
        n_dims = len(first.split()) - 1
        if not 1 < n_dims <= MOST_DIMENSIONS or not _are_numbers(first.split()[1:]):
            raise ModelError(
                f"{path} begins with {first[:40]!r}, which is neither a word with its vector nor a header",
                hint="give a file of word vectors in the format of word2vec or GloVe",
            )
        yield _from_line(path, first, n_dims, number=1)
        yield from _text_rows(path, file, n_dims, first_number=2)
        return
    n_words, n_dims = header
    if n_words < 1 or not 0 < n_dims <= MOST_DIMENSIONS:
        raise ModelError(
            f"{path} says that it holds {n_words} words of {n_dims} dimensions", hint="fetch the file again, whole"
        )
    rows = _text_rows(path, file, n_dims, first_number=2) if _is_text(file) else _binary_rows(path, file, header)
    n_read = 0
    for row in rows:
        n_read += 1
        yield row
        if n_read == n_words:
            return
    raise ModelError(f"{path} breaks off after {n_read:,} of {n_words:,} words", hint="fetch the file again, whole")


def _ahead(file: IO[bytes], n_bytes: int) -> bytes:
    """The next bytes, which stay to be read."""
    position = file.tell()
    content = file.read(n_bytes)
    file.seek(position)
    return content


def _header(line: bytes) -> tuple[int, int] | None:
    fields = line.split()
    if len(fields) != 2 or not all(field.isdigit() and len(field) < 16 for field in fields):
        return None
    return int(fields[0]), int(fields[1])


def _is_text(file: IO[bytes]) -> bool:
    """Whether what follows a header is a line of numbers, as far as one sees ahead."""
    fields = _ahead(file, 1 << 16).partition(b"\n")[0].split(b" ")[1:]
    whole = fields[:-1] if len(fields) > 1 else fields  # the last may be cut off
    return bool(whole) and _are_numbers(whole[:20])


def _are_numbers(fields: Sequence[bytes]) -> bool:
    try:
        return bool([float(field) for field in fields])
    except ValueError:
        return False


def _text_rows(path: Path, file: IO[bytes], n_dims: int, *, first_number: int) -> Rows:
    longest = MOST_WORD_BYTES + 64 * n_dims
    number = first_number
    while line := file.readline(longest):
        if line.strip():
            yield _from_line(path, line, n_dims, number=number)
        number += 1


def _from_line(path: Path, line: bytes, n_dims: int, *, number: int) -> tuple[str, NDArray[np.float32]]:
    # From the right: some published words have spaces in them.
    word, *fields = line.rstrip().rsplit(maxsplit=n_dims)
    try:
        if len(fields) != n_dims:
            raise ValueError(f"it has {len(fields)} numbers")
        return _decoded(word), np.array([float(field) for field in fields], dtype=np.float32)
    except ValueError as cause:
        raise ModelError(
            f"{path}, line {number}, is no word with {n_dims} numbers: {str(cause)[:60]}",
            hint="fetch the file again, whole",
        ) from None


def _binary_rows(path: Path, file: IO[bytes], header: tuple[int, int]) -> Rows:
    n_words, n_dims = header
    for number in range(n_words):
        word = _binary_word(path, file, number)
        content = file.read(4 * n_dims) if word is not None else b""
        if word is None or len(content) < 4 * n_dims:
            return
        yield _decoded(word), np.frombuffer(content, dtype="<f4").astype(np.float32)


def _binary_word(path: Path, file: IO[bytes], number: int) -> bytes | None:
    """The bytes up to a space, without line ends, as gensim reads them; None where the file ends first."""
    word = bytearray()
    while letter := file.read(1):
        if letter == b" ":
            return bytes(word).replace(b"\n", b"")
        word += letter
        if len(word) > MOST_WORD_BYTES:
            raise ModelError(
                f"{path} is damaged: word {number + 1:,} has more than {MOST_WORD_BYTES:,} letters",
                hint="fetch the file again, whole",
            )
    return None


def _decoded(word: bytes) -> str:
    """In UTF-8, with a mark for what is none: a single broken word spoils no vocabulary."""
    return word.decode("utf-8", "replace")
