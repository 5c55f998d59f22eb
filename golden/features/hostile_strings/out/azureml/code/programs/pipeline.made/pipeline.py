from __future__ import annotations

from corpus import CORPUS


def made() -> list[str]:
    """Text that only exists at run time."""
    return [*CORPUS, "\x00", "".join(map(chr, range(128))), chr(0xD800)]
