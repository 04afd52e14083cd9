"""Old pickles: data comes through as it is, and nothing in them is ever run."""

from __future__ import annotations

import collections
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from tutti.data.pickles import load_array, load_pickle, load_texts
from tutti.errors import DatasetError

PLAIN = {
    "list": [1, -2, 3.5, True, None, 10**40],
    "texts": ("a", "ü", b"\x00\xff"),
    "nested": {("a", 1): [{"b": (1, 2)}, {1, 2}, frozenset({3})]},
    "ordered": collections.OrderedDict(z=1, a=2),
}
ARRAYS = {
    "float64": np.arange(6.0).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(3, 2)),
    "big endian": np.arange(3, dtype=">i4"),
    "bool": np.array([[True], [False]]),
    "texts": np.array(["TRAAA", "b"]),
    "bytes": np.array([b"TRAAA", b"b"]),
    "empty": np.zeros((0, 50)),
    "scalar": np.float64(2.5),
}


def stored(folder: Path, content: bytes) -> Path:
    """A file with these bytes."""
    path = folder / "list.cP"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_through_in_every_protocol(tmp_path, protocol):
    assert load_pickle(stored(tmp_path, pickle.dumps(PLAIN, protocol))) == PLAIN


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ARRAYS)
def test_numpy_arrays_come_through_in_every_protocol(tmp_path, name, protocol):
    array = ARRAYS[name]
    content = pickle.dumps({"y": [array, array]}, protocol)
    read = load_pickle(stored(tmp_path, content))["y"]
    assert np.array_equal(read[0], array)
    assert read[1].dtype == pickle.loads(content)["y"][1].dtype
    assert read[0].shape == array.shape


def test_a_pickle_of_python_2_gives_bytes_and_arrays_under_numpys_old_names(tmp_path):
    # What Python 2 and NumPy 1 wrote of {"TR1": numpy.array([[1.0], [0.0]])}, protocol 0.
    content = (
        b"(dp1\nS'TR1'\np2\ncnumpy.core.multiarray\n_reconstruct\np3\n(cnumpy\nndarray\np4\n(I0\ntp5\nS'b'\np6\n"
        b"tp7\nRp8\n(I1\n(I2\nI1\ntp9\ncnumpy\ndtype\np10\n(S'f8'\np11\nI0\nI1\ntp12\nRp13\n(I3\nS'<'\np14\nNNNI-1\n"
        b"I-1\nI0\ntp15\nbI00\nS'\\x00\\x00\\x00\\x00\\x00\\x00\\xf0?\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00'\n"
        b"p16\ntp17\nbs."
    )
    read = load_pickle(stored(tmp_path, content))
    assert list(read) == [b"TR1"]
    assert read[b"TR1"].tolist() == [[1.0], [0.0]]


def test_published_lists_of_python_2_are_read(shared):
    for name, count in {"train": 15_244, "valid": 1_529, "test": 4_332}.items():
        clips = load_pickle(shared / "datasets" / "magnatagatune" / f"{name}_list_pub.cP")
        assert len(clips) == count
        assert all(isinstance(clip, bytes) for clip in clips)
    assert len(load_pickle(shared / "datasets" / "msd" / "filtered_list_test.cP")) == 28_435


class Calling:
    """Pickles to the call of a function."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


class Rebuilt:
    """An object with a state, as any class makes one."""

    def __init__(self) -> None:
        self.state = 1


def text(value: str) -> bytes:
    """The instruction that puts a text on the stack."""
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def hostile(victim: Path) -> dict[str, bytes]:
    """Pickles that would write the victim's file, or make objects, when loaded in the ordinary way."""
    import os

    shell, code = f"touch {victim}", f"__import__('pathlib').Path({str(victim)!r}).touch()"
    objects = np.array([Calling(os.system, shell)], dtype=object)
    import operator

    attack = Calling(os.system, shell)
    return {
        "os.system": pickle.dumps(attack),
        "os.system in protocol 0": f"cos\nsystem\n(S'{shell}'\ntR.".encode(),
        "os.system by INST": f"(S'{shell}'\nios\nsystem\n.".encode(),
        "os.system by OBJ": f"(cos\nsystem\nS'{shell}'\no.".encode(),
        "builtins.eval": pickle.dumps(Calling(eval, code)),
        "eval of Python 2": f"c__builtin__\neval\n(S{code!r}\ntR.".encode(),
        "nested getattr": b"\x80\x04cbuiltins\ngetattr\n(cbuiltins\n__import__\n(X\x02\x00\x00\x00ostRX\x06\x00\x00\x00"
        b"systemtR(" + text(shell) + b"tR.",
        "dotted name": b"\x80\x04" + text("numpy") + text("lib.os.system") + b"\x93(" + text(shell) + b"tR.",
        "dotted name below an allowed one": b"\x80\x04" + text("numpy") + text("ndarray.__reduce__") + b"\x93.",
        "array of objects": pickle.dumps(objects),
        "array of objects, protocol 0": pickle.dumps(objects, 0),
        "deep in data": pickle.dumps({"tags": [("a", [1, 2, {"b": attack}])]}),
        "as a key": pickle.dumps({"ok": 1, (1, 2): attack}, 2),
        "attrgetter": pickle.dumps(Calling(operator.attrgetter, "system")),
        "an object": pickle.dumps(Rebuilt()),
        "an object, protocol 0": pickle.dumps(Rebuilt(), 0),
        "a persistent id": b"P0\n.",
        "an extension": b"\x82\x01.",
        "numpy's load": f"cnumpy\nload\n(S'{victim}'\nNI01\ntR.".encode(),
        "state of an allowed function": b"cnumpy\ndtype\n}" + text("_make") + b"I1\nsb.",
        "a class where the array's type belongs": b"cnumpy.core.multiarray\n_reconstruct\n(c__builtin__\nset\n(I0\n"
        b"tS'b'\ntR.",
        "a dtype of objects": b"cnumpy\ndtype\n(S'O8'\nI0\nI1\ntR.",
        "a dtype with objects beside numbers": b"cnumpy\ndtype\n(S'i4,O'\nI0\nI1\ntR.",
        "a dtype of records": b"cnumpy\ndtype\n(S'V8'\nI0\nI1\ntR.",
        "text in another encoding": b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13tR.",
    }


HOSTILE = sorted(hostile(Path("victim")))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_pickle_is_refused_and_does_nothing(tmp_path, name):
    victim = tmp_path / "victim"
    path = stored(tmp_path, hostile(victim)[name])
    with pytest.raises(DatasetError, match="is refused: it") as caught:
        load_pickle(path)
    assert not victim.exists()
    assert "pickle.load" in caught.value.hint


def test_the_hostile_pickles_would_do_harm_in_the_ordinary_way(tmp_path):
    for name in ("os.system", "builtins.eval", "nested getattr", "array of objects, protocol 0", "os.system by INST"):
        victim = tmp_path / name.replace(" ", "-")
        pickle.loads(hostile(victim)[name])
        assert victim.exists(), name


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n_bytes", [0, 1, 7, 20, 60])
def test_a_truncated_pickle_is_damaged(tmp_path, n_bytes):
    content = pickle.dumps([np.arange(100.0), "a" * 40], 2)
    with pytest.raises(DatasetError, match=r"is damaged|is refused"):
        load_pickle(stored(tmp_path, content[:n_bytes]), what="the list")


def test_a_pickle_that_announces_more_than_it_holds_reserves_nothing(tmp_path):
    for content in (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 50) + b"abc.", b"r\xff\xff\xff\x7f]r\xff\xff\xff\x7f."):
        with pytest.raises(DatasetError, match="is damaged"):
            load_pickle(stored(tmp_path, content))


def test_an_array_whose_shape_and_size_disagree_is_damaged(tmp_path):
    content = pickle.dumps(np.arange(3.0), 2).replace(b"K\x03\x85", b"K\x09\x85")
    with pytest.raises(DatasetError, match="shape and size"):
        load_pickle(stored(tmp_path, content))


def test_a_pickle_that_is_too_large_or_missing_is_told(tmp_path):
    with pytest.raises(DatasetError, match="more than 10 bytes"):
        load_pickle(stored(tmp_path, pickle.dumps(["a" * 100])), max_bytes=10)
    with pytest.raises(DatasetError, match="no such file"):
        load_pickle(tmp_path / "absent.cP")


def test_an_array_file_with_objects_or_damage_is_refused(tmp_path):
    victim = tmp_path / "victim"
    import os

    np.save(tmp_path / "objects.npy", np.array([Calling(os.system, f"touch {victim}")], dtype=object))
    np.save(tmp_path / "good.npy", np.arange(4))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "good.npy").read_bytes()[:-3])
    np.savez(tmp_path / "archive.npz", a=np.arange(2))
    assert load_array(tmp_path / "good.npy").tolist() == [0, 1, 2, 3]
    for name in ("objects.npy", "cut.npy", "archive.npz", "absent.npy"):
        with pytest.raises(DatasetError):
            load_array(tmp_path / name)
    assert not victim.exists()


def test_texts_are_lists_of_letters_or_bytes_and_nothing_else(tmp_path):
    for good in (["a", "ü"], [b"a", "ü".encode()], []):
        np.save(tmp_path / "texts.npy", np.array(good))
        assert load_texts(tmp_path / "texts.npy") == ["a", "ü"][: len(good)]
    for bad in ("a", [["a"]], [1, 2]):
        np.save(tmp_path / "texts.npy", np.array(bad))
        with pytest.raises(DatasetError, match="wanted is a list of texts"):
            load_texts(tmp_path / "texts.npy")
