"""Loops over run-time lists whose iterations are independent: bodies of several steps, filters, fan-in, dicts, running totals, empty lists."""

from __future__ import annotations

from wye import each, pipeline, step


@step
def split(text: str) -> list[str]:
    return text.split()


@step
def count(word: str) -> int:
    return len(word)


@step
def twice(n: int) -> int:
    return n * 2


@step
def keep(word: str) -> bool:
    return "e" in word


@step
def total(numbers: list[int]) -> int:
    return sum(numbers)


@step
def nothing(word: str) -> str | None:
    return None if len(word) < 4 else word


@pipeline
def maps(text: str = "the quick brown fox jumps over the lazy dog", n: int = 3) -> dict[str, object]:
    words = split(text)
    sizes = [twice(count(w)) for w in words]
    with_e = [w for w in words if keep(w)]
    table = {w: count(w) for w in each(words, max_parallel=2)}
    all_sizes = 0
    long = []
    last = ""
    for i, word in enumerate(words):
        size = count(word)
        double = twice(size)
        all_sizes += double
        if size > 4:
            long.append((i, word, double))
        last = word
    empty = [count(w) for w in split("")]
    squares = [twice(k) for k in range(n)]
    pairs = [count(a + b) for a, b in zip(words, with_e)]
    return {
        "total": total(sizes),
        "with_e": with_e,
        "table": table,
        "all_sizes": all_sizes,
        "long": long,
        "last": last,
        "empty": empty,
        "of nothing": total(empty),
        "squares": squares,
        "pairs": pairs,
        "none": [nothing(w) for w in words],
    }
