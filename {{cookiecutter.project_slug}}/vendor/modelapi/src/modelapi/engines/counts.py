"""Texts as counts of their words, or of their characters, as scikit-learn's vectorizers make them.

A graph has no operators for that which answer alike in every language and on every machine, so it is given the counts.
This needs neither scikit-learn nor pandas.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
BLANKS = re.compile(r"\s\s+")


class Words(NamedTuple):
    """How texts are taken apart, in the words of scikit-learn; the vocabulary is in the order of the columns."""

    vocabulary: list[str]
    analyzer: Literal["word", "char", "char_wb"]
    lowercase: bool
    strip_accents: Literal["ascii", "unicode"] | None
    token_pattern: str
    stop_words: list[str]
    ngram_range: tuple[int, int]
    binary: bool


class Counter:
    """Counts the words of a vocabulary."""

    def __init__(self, words: Words) -> None:
        self.width = len(words.vocabulary)
        self._places = {word: place for place, word in enumerate(words.vocabulary)}
        self._binary = words.binary
        self._prepare = _preparation(words)
        self._split = _splitting(words)

    def __call__(self, texts: Sequence[str]) -> Array:
        """Count in each text, into float64 of shape (n_texts, n_words)."""
        counts = np.zeros((len(texts), self.width))
        find = self._places.get
        for row, text in zip(counts, texts, strict=True):
            for word in self._split(self._prepare(text)):
                if (place := find(word)) is not None:
                    row[place] += 1
        return np.minimum(counts, 1, out=counts) if self._binary else counts


def _preparation(words: Words) -> Callable[[str], str]:
    strip = {None: None, "ascii": _to_ascii, "unicode": _without_accents}[words.strip_accents]
    if not strip:
        return str.lower if words.lowercase else str
    return (lambda text: strip(text.lower())) if words.lowercase else strip


def _to_ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ASCII", "ignore").decode("ASCII")


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def _splitting(words: Words) -> Callable[[str], Iterator[str]]:
    low, high = words.ngram_range
    find, stop = re.compile(words.token_pattern).findall, frozenset(words.stop_words)

    def of_words(text: str) -> Iterator[str]:
        tokens = [token for token in find(text) if token not in stop]
        for size in range(low, min(high, len(tokens)) + 1):
            for start in range(len(tokens) - size + 1):
                yield " ".join(tokens[start : start + size])

    def of_characters(text: str) -> Iterator[str]:
        text = BLANKS.sub(" ", text)
        for size in range(low, min(high, len(text)) + 1):
            for start in range(len(text) - size + 1):
                yield text[start : start + size]

    def of_characters_in_words(text: str) -> Iterator[str]:
        for word in BLANKS.sub(" ", text).split():
            padded = f" {word} "
            for size in range(low, high + 1):
                for start in range(max(1, len(padded) - size + 1)):
                    yield padded[start : start + size]
                if len(padded) <= size:  # A short word is counted once.
                    break

    return {"word": of_words, "char": of_characters, "char_wb": of_characters_in_words}[words.analyzer]
