"""Texts on which engines part ways, though they agree on those of the sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

ODD = (
    "",
    " ",
    "never seen in training",
    "a b c",
    "Don't: x-y_z, 1,234.5 & 3.",
    "Łódź, ÄÖÜ ß, İSTANBUL ǅ",
    "cafe\u0301 naïve ﬁne",  # An accent of its own, and letters that fall apart.
    "😀 👍🏽 🇵🇱",
    "日本語のテキスト",
    "one\ntwo\r\n\tthree\u00a0four\u200bfive",
)
MAX_CHANGED = 3  # Texts of the sample.


def odd_texts(sample: Iterable[str | None], max_length: int) -> Iterator[str]:
    """Yield texts of other scripts, without words, and of the sample in other letters, order and length."""
    yield from ODD
    texts = list(islice((text for text in sample if text), MAX_CHANGED))
    for text in texts:
        yield from (text.upper(), text.title(), " ".join(reversed(text.split())))
    both = " ".join([*texts, *ODD])
    yield (both * (1 + max_length // len(both)))[:max_length]
