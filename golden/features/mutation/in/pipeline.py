"""Steps that change their arguments, return them, keep mutable defaults, or write the same file name: every hand-over is by value."""

from __future__ import annotations

import os
from pathlib import Path

from wye import pipeline, step


@step
def load() -> list[int]:
    return [3, 1, 2]


@step
def sort(xs: list[int]) -> list[int]:
    xs.sort()
    return xs


@step
def clear(xs: list[int]) -> int:
    xs.clear()
    return len(xs)


@step
def grow(x: int, seen: list[int] = []) -> list[int]:
    seen.append(x)
    return seen


@step
def twice(row: dict[str, list[int]]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    row["a"].append(1)
    return row, row


@step
def poke(row: dict[str, list[int]]) -> dict[str, list[int]]:
    row["a"].append(9)
    return row


@step
def shared() -> list[list[int]]:
    inner = [0]
    return [inner, inner]


@step
def poke_first(rows: list[list[int]]) -> list[list[int]]:
    rows[0].append(1)
    return rows


@step
def write(text: str) -> Path:
    path = Path(f"{text}-dir")
    path.mkdir(exist_ok=True)
    (path / "out.txt").write_text(text)
    return path / "out.txt"


@step
def read(path: Path) -> str:
    return path.read_text()


@step
def setenv(value: str) -> str:
    os.environ["MUTATION_CASE"] = value
    return value


@pipeline
def mutation(row: dict[str, list[int]] = {"a": []}) -> dict[str, object]:
    xs = load()
    first = sort(xs)
    emptied = clear(xs)
    left, right = twice(row)
    poked = poke(left)
    one, two = write("one"), write("two")
    return {
        "xs": [xs, first, emptied, xs],
        "defaults": [grow(1), grow(2), grow(3, [0])],
        "rows": [left, right, poked, row],
        "shared": poke_first(shared()),
        "files": [read(one), read(two)],
        "env": setenv("set"),
    }
