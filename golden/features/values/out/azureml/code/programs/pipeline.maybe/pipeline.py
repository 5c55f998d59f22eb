from __future__ import annotations


def maybe(value: Optional[int]) -> Optional[int]:
    return value
