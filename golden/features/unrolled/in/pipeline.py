"""Loops over compile-time lists unroll: literals, constants, nested ones, with lists that the pipeline owns."""

from __future__ import annotations

from wye import pipeline, step

REGIONS = ("eu", "us", "ap")
GRID = [(1, "a"), (2, "b")]
RATES = {"slow": 0.1, "fast": 0.5}


@step
def fetch(region: str, n: int = 1) -> list[str]:
    return [f"{region}{i}" for i in range(n)]


@step
def fit(n: int, name: str, rate: float = 1.0) -> float:
    return n * rate


@step
def join(parts: list[list[str]]) -> str:
    return ",".join(x for part in parts for x in part)


@step
def best(scores: list[float]) -> float:
    return max(scores)


@step
def plus(total: int, x: int) -> int:
    return total + x


@pipeline
def unrolled(n: int = 2) -> dict[str, object]:
    parts = []
    for region in REGIONS:
        parts.append(fetch(region, n))
    scores = [fit(k, name) for k, name in GRID]
    extra = []
    for rate in [0.25, 0.75]:
        for k in (1, 2):
            score = fit(k, "grid", rate=rate)
            extra.append(score)
    last = fetch("none")
    for region in REGIONS:
        last = fetch(region)
    total = 0
    for x in [1, 2, 3]:
        total = plus(total, x * n)
    named = {region: fetch(region) for region in REGIONS}
    chosen = [fit(k, "c") for k in [1, 2, 3]]
    owned = [n]
    owned += [n + 1]
    owned.extend([7, 8])
    table = {"first": n}
    table["second"] = n * 2
    for nothing in []:
        parts.append(fetch(nothing))
    return {
        "join": join(parts),
        "best": best(scores + extra),
        "extra": extra,
        "last": last,
        "total": total,
        "named": named,
        "chosen": chosen,
        "owned": owned,
        "table": table,
        "rates": [RATES["slow"], RATES["fast"]],
    }
