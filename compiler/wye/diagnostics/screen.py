"""Any text in, text that is safe to show on a terminal out, with its display width; and the few colours that we use."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import category, east_asian_width

_COLOURS = {"bold": "1", "error": "1;31", "warning": "1;33", "label": "1;34", "gutter": "34", "help": "1;36", "dim": "2", "good": "32"}
_JOINERS = "\u200c\u200d"
"""Zero-width, but part of ordinary Persian, Hindi and emoji text."""


def paint(text: str, name: str, on: bool) -> str:
    """The text in one of our colours."""
    return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if on and text else text


@lru_cache(maxsize=1024)
def cell(char: str) -> tuple[str, int]:
    """How one character (not a tab) is shown, and in how many columns. Control characters and those that reorder or hide text
    become visible: a source must not be able to look like something else."""
    code = ord(char)
    if 0x20 <= code < 0x7F:
        return char, 1
    if code < 0x20:
        return chr(0x2400 + code), 1
    if code == 0x7F:
        return "\u2421", 1
    kind = category(char)
    if char in _JOINERS or kind in ("Mn", "Me") or 0x1160 <= code <= 0x11FF:
        return char, 0
    if kind in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        shown = f"<U+{code:04X}>"
        return shown, len(shown)
    return char, 2 if east_asian_width(char) in "WF" else 1


def safe(text: str, *, newlines: bool = False) -> str:
    """The text with control characters made visible."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if newlines and c == "\n" else "    " if c == "\t" else cell(c)[0] for c in text)
