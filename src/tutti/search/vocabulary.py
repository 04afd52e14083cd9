"""What models can say, by its earlier address: ``tutti.text.vocabulary``."""

from tutti.text.vocabulary import PREFIX_MARK, Concept, LabelSource, Vocabulary

__all__ = ["PREFIX_MARK", "Concept", "LabelSource", "Vocabulary"]
