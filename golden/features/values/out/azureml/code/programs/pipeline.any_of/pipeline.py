from __future__ import annotations


def any_of(value: Any) -> Any:
    return value
