from __future__ import annotations

import multiprocessing


def spawned(numbers: list[int]) -> list[int]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(square, numbers)


def square(n: int) -> int:
    return n * n
