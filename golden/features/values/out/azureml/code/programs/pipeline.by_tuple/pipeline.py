from __future__ import annotations


def by_tuple() -> dict[tuple[int, str], bool]:
    return {(2, "b"): True, (1, "a"): False}
