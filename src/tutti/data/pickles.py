"""Old pickles and NumPy files of research datasets, read without running anything that is in them.

A pickle is a program for a small machine, which may call whatever it names. The machine here knows the instructions for
plain containers, texts, bytes and numbers, and of everything that a pickle can name only what NumPy's arrays of numbers
and texts are rebuilt from, by functions of our own. All else is refused before it is looked up.
"""

from __future__ import annotations

import io
import math
import operator
import pickle
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from tutti.errors import DatasetError

MAX_BYTES = 1 << 30
KINDS = re.compile(r"[<>=|]?[biufcSU]\d{0,9}")  # NumPy's numbers, truth values and texts; neither objects nor records
# fmt: off
INSTRUCTIONS = (
    "MARK", "STOP", "POP", "POP_MARK", "PROTO", "FRAME",
    "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    "LIST", "EMPTY_LIST", "APPEND", "APPENDS", "DICT", "EMPTY_DICT", "SETITEM", "SETITEMS",
    "TUPLE", "EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_SET", "ADDITEMS", "FROZENSET",
    "PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET", "MEMOIZE",
    "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD",
)
# fmt: on


def load_pickle(path: Path | str, *, what: str = "a pickle", max_bytes: int = MAX_BYTES) -> Any:
    """What a pickle of plain containers, texts, numbers and NumPy arrays holds. Python 2's strings come as bytes.

    Args:
        path: A pickle of any protocol.
        what: What it should hold, for messages.
        max_bytes: A larger file is refused.

    Raises:
        DatasetError: It is missing, damaged, too large, or asks for anything but data; nothing of it was run.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as cause:
        reason = (cause.strerror or str(cause)).lower()
        raise DatasetError(
            f"{path}, {what}, cannot be read: {reason}", hint="tutti datasets check says what is missing"
        ) from None
    if len(content) > max_bytes:
        raise DatasetError(f"{path} has more than {max_bytes:,} bytes", hint="fetch the published file")
    try:
        return _DataUnpickler(io.BytesIO(content), encoding="bytes").load()
    except _RefusedError as refusal:
        raise DatasetError(
            f"{path} is refused: {refusal}, and {what} should hold data only",
            hint="do not open it with pickle.load: fetch it again from where the dataset's authors publish it",
        ) from None
    except Exception as cause:  # what damage leads an unpickler into has no limit
        reason = (str(cause) or type(cause).__name__).partition("\n")[0]
        raise DatasetError(f"{path}, {what}, is damaged: {reason}", hint="fetch it again, whole") from None


def load_array(path: Path | str, *, what: str = "an array") -> NDArray[Any]:
    """The array of a ``.npy`` file; arrays of objects, which are pickles, are refused.

    Raises:
        DatasetError: It is missing, damaged, or holds objects.
    """
    path = Path(path)
    try:
        array = np.load(path, allow_pickle=False)
    except OSError as cause:
        reason = (cause.strerror or str(cause)).lower()
        raise DatasetError(
            f"{path}, {what}, cannot be read: {reason}", hint="tutti datasets check says what is missing"
        ) from None
    except Exception as cause:  # a damaged header fails in many ways
        reason = (str(cause) or type(cause).__name__).partition("\n")[0]
        raise DatasetError(f"{path}, {what}, is damaged: {reason}", hint="fetch it again, whole") from None
    if not isinstance(array, np.ndarray):
        raise DatasetError(f"{path} is an archive, not an array", hint="fetch the published .npy file")
    return array


def load_texts(path: Path | str, *, what: str = "texts") -> list[str]:
    """The texts of a ``.npy`` file, such as ids or labels.

    Raises:
        DatasetError: It is missing, damaged, or holds no list of texts.
    """
    array = load_array(path, what=what)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "SU"):  # of no texts the type is anything
        raise DatasetError(
            f"{path}, {what}, has shape {array.shape} and type {array.dtype}; wanted is a list of texts",
            hint="fetch it again, whole",
        )
    texts = np.char.decode(array, "utf-8", "replace") if array.dtype.kind == "S" else array
    return [str(text) for text in texts]


class _RefusedError(pickle.UnpicklingError):
    """The pickle asks for something other than data."""


class _Maker:
    """A function that a pickle may call; unlike a function, it cannot be altered by the pickle."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *arguments: Any) -> Any:
        return self._make(*arguments)

    def __setstate__(self, state: object) -> None:
        raise _RefusedError("it alters a function")


class _Dtype:
    """The kind and byte order of an array's items, in the two steps in which pickles tell them."""

    def __init__(self, code: bytes | str, *_: object) -> None:
        text = code.decode("ascii") if isinstance(code, bytes) else code
        if not isinstance(text, str) or not KINDS.fullmatch(text):
            raise _RefusedError(f"it holds an array of {text!r:.20}")
        self.dtype = np.dtype(text)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, order, subdtype, names, fields = state[:5]
        if (subdtype, names, fields) != (None, None, None):
            raise _RefusedError("it holds an array of records")
        text = order.decode("ascii") if isinstance(order, bytes) else order
        if text in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(cast("Any", text))
        if self.dtype.kind in "SU":  # the size of text stands only here
            n_bytes = int(state[5])
            self.dtype = np.dtype((self.dtype.str[:2], n_bytes // (4 if self.dtype.kind == "U" else 1)))


class _Array(np.ndarray):
    """An array whose content a pickle tells after it has been made."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, is_fortran, content = state
        if not isinstance(dtype, _Dtype) or not isinstance(content, bytes):
            raise _RefusedError("it holds an array of objects")
        lengths = tuple(operator.index(length) for length in shape)
        if any(length < 0 for length in lengths) or math.prod(lengths) * dtype.dtype.itemsize != len(content):
            raise ValueError("an array's shape and size do not agree")
        super().__setstate__((1, lengths, dtype.dtype, cast("Any", bool(is_fortran)), content))


def _empty_array(subtype: object, *_: object) -> NDArray[Any]:
    if subtype is not _ARRAY_TYPE:
        raise _RefusedError("it makes an array of something that is no array")
    return np.empty(0, dtype=np.int8).view(_Array)


def _array_from_buffer(content: object, dtype: object, shape: tuple[int, ...], order: str) -> NDArray[Any]:
    if not isinstance(content, bytes) or not isinstance(dtype, _Dtype):
        raise _RefusedError("it holds an array of objects")
    return np.frombuffer(content, dtype.dtype).reshape(shape, order=cast("Any", order)).copy()


def _scalar(dtype: object, content: object) -> Any:
    if not isinstance(content, bytes) or not isinstance(dtype, _Dtype):
        raise _RefusedError("it holds a number made of an object")
    return np.frombuffer(content, dtype.dtype)[0]


def _encode(text: str, encoding: str) -> bytes:
    """Bytes, as Python 3 writes them in the protocols of Python 2."""
    if str(encoding) not in ("latin1", "latin-1"):
        raise _RefusedError(f"it encodes text as {encoding!r:.20}")
    return text.encode("latin-1")


def _no_bytes() -> bytes:
    """Empty bytes, as Python 3 writes them in the protocols of Python 2."""
    return b""


def _not_callable(*_: object) -> Any:
    raise _RefusedError("it calls numpy.ndarray")


_ARRAY_TYPE = _Maker(_not_callable)
# By module and name. Python 3 and NumPy 2 have each renamed the modules.
MAKERS: dict[tuple[str, str], _Maker] = {
    ("numpy", "ndarray"): _ARRAY_TYPE,
    ("numpy", "dtype"): _Maker(_Dtype),
    ("collections", "OrderedDict"): _Maker(dict),
    ("_codecs", "encode"): _Maker(_encode),
}
for _builtins in ("__builtin__", "builtins"):
    MAKERS[_builtins, "set"] = _Maker(set)
    MAKERS[_builtins, "frozenset"] = _Maker(frozenset)
    MAKERS[_builtins, "bytes"] = _Maker(_no_bytes)
for _core in ("numpy.core", "numpy._core"):
    MAKERS[f"{_core}.multiarray", "_reconstruct"] = _Maker(_empty_array)
    MAKERS[f"{_core}.multiarray", "scalar"] = _Maker(_scalar)
    MAKERS[f"{_core}.numeric", "_frombuffer"] = _Maker(_array_from_buffer)

CODES = {getattr(pickle, name)[0] for name in INSTRUCTIONS}


def _refuse_instruction(_: object) -> None:
    raise _RefusedError("it uses instructions that make objects")


def _read_bytearray(unpickler: Any) -> None:
    """Take bytes off the file, as many as there are, before a place for them is made."""
    (length,) = struct.unpack("<Q", unpickler.read(8))
    unpickler.append(bytes(unpickler.read(length)))


class _DataUnpickler(pickle._Unpickler):
    """Python's own unpickler in Python, with fewer instructions and its own meaning of names.

    The one in C cannot be told to leave instructions out, and reserves whatever memory a damaged file asks for.
    """

    dispatch: ClassVar = {
        code: instruction if code in CODES else _refuse_instruction
        for code, instruction in pickle._Unpickler.dispatch.items()
    } | {pickle.BYTEARRAY8[0]: _read_bytearray}

    def find_class(self, module: str, name: str) -> Any:
        """Our own function in place of the one that the pickle names."""
        if (module, name) not in MAKERS:
            raise _RefusedError(f"it asks for {module}.{name}"[:100])
        return MAKERS[module, name]
