from __future__ import annotations


def show(value: Any) -> str:
    return f"{type(value).__name__} {value!r}"
