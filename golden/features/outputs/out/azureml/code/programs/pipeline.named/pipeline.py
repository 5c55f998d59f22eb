from __future__ import annotations


def named() -> Annotated[float, "accuracy"]:
    return 0.75
