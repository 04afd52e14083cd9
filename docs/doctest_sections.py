"""Shows the doctests at the end of our docstrings as examples, which mkdocstrings expects under a heading."""

import re
from typing import Any

import griffe

PARAGRAPHS = re.compile(r"\n\s*\n")


def with_headed_examples(docstring: str) -> str:
    """Put ``Examples:`` above every run of paragraphs that begin with a prompt, and indent them."""
    parts: list[str] = []
    in_examples = False
    for paragraph in PARAGRAPHS.split(docstring):
        is_example = paragraph.startswith(">>>")
        if is_example and not in_examples:
            parts.append("Examples:\n" + indented(paragraph))
        else:
            parts.append(indented(paragraph) if is_example else paragraph)
        in_examples = is_example
    return "\n\n".join(parts)


def indented(paragraph: str) -> str:
    """Four spaces before every line."""
    return "\n".join(f"    {line}" for line in paragraph.splitlines())


class DoctestSections(griffe.Extension):
    """Rewrites docstrings as they are read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for every module, class and function."""
        if obj.docstring and ">>>" in obj.docstring.value:
            obj.docstring.value = with_headed_examples(obj.docstring.value)
