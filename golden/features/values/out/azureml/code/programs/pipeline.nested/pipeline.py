from __future__ import annotations


def nested() -> tuple[tuple[int, tuple[str, None]], list[tuple[int, ...]]]:
    return (1, ("a", None)), [(), (1,), (1, 2)]
