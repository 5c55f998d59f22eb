from __future__ import annotations


def union(value: Union[int, str, None], mode: Literal["x", "y", 1] = "x") -> str:
    return f"{value!r} {mode!r}"
