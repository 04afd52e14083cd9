"""The guide's examples in Python print what the guide says they do."""

from __future__ import annotations

import re


def test_the_guide_to_modalities_prints_what_it_says(root, capsys):
    page = (root / "docs" / "guides" / "modality-agnostic.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(import numpy.*?)```\n\n```text\n(.*?)```", page, re.DOTALL)
    assert found is not None
    exec(found[1], {})
    assert capsys.readouterr().out == found[2]
