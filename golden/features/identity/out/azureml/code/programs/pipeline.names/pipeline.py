from __future__ import annotations


def square(n: int) -> int:
    return n * n


def names(child: Child) -> list[str]:
    return [type(child).__module__, type(child).__qualname__, __name__, square.__module__]
