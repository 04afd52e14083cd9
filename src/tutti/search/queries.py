"""Phrases of a query, by their earlier address: they are taken apart in ``tutti.text.phrases``."""

from tutti.text.phrases import LONGEST_QUERY, Phrase, parse

__all__ = ["LONGEST_QUERY", "Phrase", "parse"]
