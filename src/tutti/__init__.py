"""Tutti: music that is heard, seen, read and listened to by many.

    model = tutti.load_model("tutti-small")
    probabilities = model.predict("song.mp3")  # [n_labels], in the order of model.labels

    catalogue = tutti.open_catalogue("my-catalogue")
    for hit in catalogue.search("jazz piano -vocals", k=10):
        print(hit.score, hit.title, hit.why)

Everything else is imported from the rooms: ``tutti.audio``, ``tutti.data``, ``tutti.models``, ``tutti.search``, …
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tutti.data.catalogue import Catalogue
    from tutti.data.track import Track
    from tutti.errors import TuttiError
    from tutti.models.model import Model
    from tutti.models.zoo import load_model
    from tutti.search.library import Library, open_catalogue

__version__ = "0.1.0"
__all__ = ["Catalogue", "Library", "Model", "Track", "TuttiError", "__version__", "load_model", "open_catalogue"]

# Loaded when first asked for, so that `import tutti` takes no time.
_HOMES = {
    "Catalogue": "tutti.data.catalogue",
    "Library": "tutti.search.library",
    "Model": "tutti.models.model",
    "Track": "tutti.data.track",
    "TuttiError": "tutti.errors",
    "load_model": "tutti.models.zoo",
    "open_catalogue": "tutti.search.library",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tutti' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
