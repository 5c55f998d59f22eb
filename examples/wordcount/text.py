"""Words and how often they occur."""

from __future__ import annotations

import re
from collections import Counter

WORD = re.compile(r"[^\W\d_]+")


def count_words(text: str, least_length: int) -> dict[str, int]:
    return dict(Counter(w for w in WORD.findall(text.lower()) if len(w) >= least_length))


def most_common(words: dict[str, int], top: int) -> list[tuple[str, int]]:
    """The `top` most common words; equally common ones by the alphabet."""
    return sorted(words.items(), key=lambda item: (-item[1], item[0]))[:top]
