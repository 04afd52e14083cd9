"""What the models of a catalogue can say, as one vocabulary.

Models name the same thing in many ways: ``female vocal``, ``woman`` and ``female vocalists``, ``genre---hiphop`` and
``Hip-Hop``. Here their labels become concepts with readable names, and labels of an absence (``no vocals``) become
evidence against the concept. How a query's words lead to concepts is in ``tutti.search.meaning``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tutti.text.spelling import forms, plain
from tutti.text.thesaurus import Thesaurus, load_thesaurus

# MTG-Jamendo writes "instrument---acousticguitar".
PREFIX_MARK = "---"


@dataclass(frozen=True, kw_only=True)
class LabelSource:
    """Where evidence of a concept is found.

    Attributes:
        model: Its name in the catalogue.
        label: As the model has it.
        column: Of the label among the model's labels.
        is_absence: Whether the label says that the concept is missing.
    """

    model: str
    label: str
    column: int
    is_absence: bool


@dataclass(frozen=True, kw_only=True)
class Concept:
    """Something that can be heard, by the name that a reader sees, and the labels that tell of it."""

    name: str
    sources: tuple[LabelSource, ...]


class Vocabulary:
    """The concepts that some models can hear.

    Args:
        labels: Of each model by its name, in the order of its probabilities.
        thesaurus: Says which labels are one.
        label_sets: Names of the label sets that models learned from. Where such a model keeps two teachers' opinions of
            the same thing apart, one label has its set's name behind it: ``rock (msd)``, which is rock.
    """

    def __init__(
        self,
        labels: Mapping[str, Sequence[str]],
        thesaurus: Thesaurus | None = None,
        *,
        label_sets: Iterable[str] = (),
    ) -> None:
        self._thesaurus = thesaurus or load_thesaurus()
        self._marks = tuple(f" ({name})" for name in label_sets)
        sources: dict[str, list[LabelSource]] = {}
        for model, names in labels.items():
            for column, label in enumerate(names):
                name, is_absence = self._concept_of(label)
                source = LabelSource(model=model, label=label, column=column, is_absence=is_absence)
                sources.setdefault(name, []).append(source)
        self.concepts = {name: Concept(name=name, sources=tuple(found)) for name, found in sorted(sources.items())}

    def __contains__(self, name: str) -> bool:
        return name in self.concepts

    def __len__(self) -> int:
        return len(self.concepts)

    def find(self, phrase: str) -> tuple[Concept, bool] | None:
        """The concept that a phrase names outright, and whether the phrase means its absence.

        A label, or a name that the thesaurus counts as the same; None where there is no such label.
        """
        for form in forms(plain(phrase)):
            name, is_absence = self._concept_of(form)
            if name in self.concepts:
                return self.concepts[name], is_absence
        return None

    def readable(self, label: str) -> str:
        """What to call a label where a person reads it: ``acoustic guitar``, ``no vocals``."""
        name, is_absence = self._concept_of(label)
        return f"no {name}" if is_absence else name

    def _concept_of(self, label: str) -> tuple[str, bool]:
        """The concept's name, and whether the label means its absence."""
        mark = next((mark for mark in self._marks if label.endswith(mark)), "")
        bare = plain(label.removesuffix(mark).rpartition(PREFIX_MARK)[2])
        sense = self._thesaurus.find(bare)
        if sense is not None and sense.relation in ("same", "absent"):
            return sense.entry.term, sense.relation == "absent"
        return bare or label, False
