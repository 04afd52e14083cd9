"""The guide's table of mappings is the published one, and its example gives what it says."""

from __future__ import annotations

import ast
import re

from tutti.data.emotion_mapping import MAPPINGS, TABLE_5_5, published_mapping


def test_the_table_of_mappings_in_the_guide_is_the_published_one(root):
    page = (root / "docs" / "guides" / "sentence-retrieval.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\w+) \| ([a-z, |]+) \|$", page, re.MULTILINE))
    for emotion in TABLE_5_5:
        cells = [cell.strip() for cell in rows[emotion].split("|")]
        assert cells == [", ".join(published_mapping(name).moods_of[emotion]) for name in MAPPINGS]


def test_the_example_of_a_lexicon_gives_what_the_guide_says(root, tmp_path, monkeypatch):
    page = (root / "docs" / "guides" / "sentence-retrieval.md").read_text(encoding="utf-8")
    (code,) = [one for one in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "read_affects" in one]
    *lines, asked, answer = code.strip().splitlines()
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec("\n".join(lines), names)
    assert eval(asked, names) == ast.literal_eval(answer.removeprefix("# "))
