from __future__ import annotations


def both() -> tuple[Annotated[int, "rows"], Annotated[list[str], "columns"]]:
    return 3, ["a", "b"]
