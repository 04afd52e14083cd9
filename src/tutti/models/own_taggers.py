"""Running a person's own Python file that adds to ``ARCHITECTURES``, because that person said so.

Nothing here is ever called for a name that stands in a bundle or a recipe.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from tutti.errors import ModelError
from tutti.models.taggers import ARCHITECTURES


def import_taggers(file: Path | str) -> list[str]:
    """Run a Python file, and name the architectures that it has put into ``ARCHITECTURES``.

    A file may be run again, and then replaces its own.

    Raises:
        ModelError: There is no such file, it fails, it adds nothing, or it replaces an architecture of Tutti's.
    """
    file = Path(file)
    known = dict(ARCHITECTURES)
    try:
        _run(file)
        added = sorted(name for name, ours in ARCHITECTURES.items() if known.get(name) is not ours)
        taken = [name for name in added if name in known and known[name].build.__module__.startswith("tutti.")]
        if taken:
            raise ModelError(f"{file} replaces the architecture {taken[0]!r}", hint="give yours a name of its own")
        if not added:
            raise ModelError(
                f"{file} adds no architecture",
                hint='end it with ARCHITECTURES["mine"] = MINE, from tutti.models.taggers',
            )
    except ModelError:
        ARCHITECTURES.clear()
        ARCHITECTURES.update(known)
        raise
    return added


def _run(file: Path) -> None:
    name = f"own_{file.stem}"
    specification = importlib.util.spec_from_file_location(name, file)
    if not file.is_file() or specification is None or specification.loader is None:
        raise ModelError(f"{file} is no Python file", hint="name the file that holds your architecture")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # where dataclasses look themselves up
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        raise ModelError(
            f"{file} fails: {type(error).__name__}: {error}", hint=f"run it by itself: python {file}"
        ) from error
