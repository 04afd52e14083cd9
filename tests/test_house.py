"""The house keeps its order: rooms import one way, and ``import tutti`` stays light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "tutti"
GROUND = ["errors", "files"]  # modules of the root that every room may use
ROOMS = [
    *["audio", "image", "text", "listening", "data", "models", "evaluation", "explain"],
    *["training", "papers", "search", "cluster", "serve", "cli"],
]
ORDER = GROUND + ROOMS
EXTRAS = {
    *["sklearn", "lightning_fabric", "tensorboard", "matplotlib", "umap", "numba", "scipy"],
    *["transformers", "sentence_transformers", "librosa", "pandas", "implicit", "onnxruntime"],
}
BUILT = sorted(folder.name for folder in SOURCE.iterdir() if (folder / "__init__.py").exists())


def imported_rooms(module: Path) -> Iterator[tuple[int, str]]:
    """The line and the room of every import of this package in a module, also inside functions."""
    package = ("tutti", *module.relative_to(SOURCE).parent.parts)
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{origin}.{alias.name}" for alias in node.names] if origin == "tutti" else [origin]
        else:
            continue
        for name in names:
            if name.startswith("tutti.") and name != "tutti.__version__":
                yield node.lineno, name.split(".")[1]


def in_new_process(code: str) -> list[str]:
    """What a fresh interpreter prints as JSON."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("room", [*GROUND, *BUILT])
def test_a_room_imports_only_from_the_rooms_before_it(room):
    modules = [SOURCE / f"{room}.py"] if room in GROUND else sorted((SOURCE / room).rglob("*.py"))
    uphill = [
        f"{module.relative_to(SOURCE)}:{line} imports tutti.{other}"
        for module in modules
        for line, other in imported_rooms(module)
        if other not in ORDER or ORDER.index(other) > ORDER.index(room)
    ]
    assert not uphill


def test_the_check_of_imports_sees_every_form_of_them(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", tmp_path)
    (tmp_path / "audio").mkdir()
    module = tmp_path / "audio" / "decoding.py"
    module.write_text(
        "import tutti.data.track\nfrom tutti import search\nfrom ..models import zoo\n"
        "from . import frontends\ndef late():\n    from tutti.serve.report import write_report\n"
    )
    assert [room for _, room in imported_rooms(module)] == ["data", "search", "models", "audio", "serve"]


def test_every_folder_is_a_room_and_every_room_says_what_lives_there():
    assert set(BUILT) <= set(ROOMS)
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert folders == set(BUILT)
    for room in BUILT:
        docstring = ast.get_docstring(ast.parse((SOURCE / room / "__init__.py").read_text(encoding="utf-8")))
        assert docstring, f"{room}/__init__.py says nothing"
        assert len(docstring.splitlines()) >= 3, f"{room}/__init__.py should say what lives elsewhere"


def test_importing_tutti_loads_no_extra_and_no_room_with_heavy_things():
    loaded = in_new_process("import json, sys, tutti; print(json.dumps(sorted(sys.modules)))")
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & EXTRAS
    assert not packages & {"torch", "lancedb", "pyarrow", "av", "PIL", "typer"}


def test_importing_tutti_takes_less_than_a_second_beyond_torch():
    code = (
        "import json, time, torch\nfrom time import process_time\nbegun = process_time()\nimport tutti\n"
        "print(json.dumps([process_time() - begun]))"
    )
    assert in_new_process(code)[0] < 1.0


def test_the_public_list_is_exact_and_loads_no_extra():
    offered, reachable, loaded = in_new_process(
        "import json, sys, tutti\nspace = {}\nexec('from tutti import *', space)\nspace.pop('__builtins__')\n"
        "print(json.dumps([sorted(space), sorted({*tutti._HOMES, '__version__'}), sorted(sys.modules)]))"
    )
    assert offered == reachable
    assert not {name.partition(".")[0] for name in loaded} & EXTRAS
    import tutti

    assert sorted(tutti.__all__) == offered
