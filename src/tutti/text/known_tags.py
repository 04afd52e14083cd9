"""Tags that count most, such as those that a space learned from, found by another form, another name, or misspelt.

How a phrase that is none of them becomes a vector is in ``tag_vectors``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from tutti.text.spelling import corrected, forms, plain
from tutti.text.thesaurus import Thesaurus, load_thesaurus

OtherForm = Literal["form", "synonym", "spelling"]
LONGEST_WORD = 40  # letters; nobody meant to spell a longer one


class KnownTags:
    """Tags that count most, such as those that a space learned from, found by their other forms and names.

    Args:
        tags: As they are written.
        thesaurus: Of music; None takes the one of this package.
    """

    def __init__(self, tags: Sequence[str] = (), thesaurus: Thesaurus | None = None) -> None:
        self.tags = tuple(tags)
        self._thesaurus = thesaurus or load_thesaurus()
        named = [tag for tag in reversed(tags) if plain(tag)]  # a heart or a smile has no letters to be found by
        self._tag_of = {key: tag for tag in named for key in (plain(tag).replace(" ", ""), plain(tag))}

    def find(self, phrase: str, *, is_word: bool) -> tuple[OtherForm, str] | None:
        """The tag that a plain phrase is another form of, and how; None for the tag itself, and without one.

        Args:
            phrase: Plain.
            is_word: Whether the phrase is a word by its own right, and so no misspelling.
        """
        if not self.tags or plain(self._tag_of.get(phrase, "")) == phrase:
            return None
        sense = self._thesaurus.find(phrase)
        same = (sense.entry.term, *sense.entry.same) if sense is not None and sense.relation == "same" else ()
        ways: list[tuple[OtherForm, tuple[str, ...]]] = [
            ("form", (*forms(phrase), *(form.replace(" ", "") for form in forms(phrase)))),
            ("synonym", same),
        ]
        if sense is None and not is_word:
            ways.append(("spelling", (corrected_phrase(phrase, self._tag_of) or "",)))
        found = ((how, self._tag_of[name]) for how, names in ways for name in map(plain, names) if name in self._tag_of)
        return next(found, None)


def corrected_phrase(phrase: str, known: Iterable[str]) -> str | None:
    """As :func:`tutti.text.spelling.corrected`; what has a word of more than 40 letters is not looked for."""
    return corrected(phrase, known) if max(map(len, phrase.split())) <= LONGEST_WORD else None
