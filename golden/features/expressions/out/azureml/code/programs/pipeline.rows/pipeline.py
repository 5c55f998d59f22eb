from __future__ import annotations


def rows(n: int) -> list[dict[str, Any]]:
    return [{"id": i, "name": f"n{i}", "tags": ["a", "b"][: i + 1]} for i in range(n)]
