"""Early returns, in branches and nested pipelines, and quality gates that hold back what follows."""

from __future__ import annotations

from wye import pipeline, step


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step
def check(rows: list[int]) -> None:
    if len(rows) > 50:
        raise ValueError("too many rows")


@step
def train(rows: list[int], rate: float) -> float:
    return sum(rows) * rate


@step
def deploy(score: float) -> str:
    return f"deployed {score}"


@pipeline
def guarded(rows: list[int], strict: bool = True) -> float | None:
    if not rows:
        return None
    if strict:
        check(rows)
    assert len(rows) < 100, f"{len(rows)} rows"
    return train(rows, 0.5)


@pipeline
def returns(n: int = 4, limit: float = 2.0) -> str:
    rows = load(n)
    if n < 0:
        raise ValueError(f"n is {n}")
    first = guarded(rows)
    if first is None:
        return "no rows"
    second = guarded(load(0), strict=False)
    if second is not None:
        return deploy(second)
    if first > limit:
        if first > 100:
            return "impossible"
        return deploy(first)
    return "not good enough"
