"""Any pure expression over parameters and outputs may stand as an argument."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from wye import pipeline, step


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True)
class Config:
    depth: int
    name: str = "tree"
    mode: Mode = Mode.FAST


LIMITS = {"low": 1, "high": 10}
SUFFIX = ".csv"


@step
def rows(n: int) -> list[dict[str, Any]]:
    return [{"id": i, "name": f"n{i}", "tags": ["a", "b"][: i + 1]} for i in range(n)]


@step
def show(value: Any) -> str:
    return repr(value)


@step
def number(x: int) -> int:
    return x


@step
def words(text: str) -> list[str]:
    return text.split()


@step
def configured(config: Config) -> str:
    return f"{config.name}:{config.depth}:{config.mode.value}"


@pipeline
def expressions(n: int = 3, name: str = "Zoë", ratio: float = 0.5, flag: bool = True, xs: list[int] = [3, 1, 2], d: dict[str, int] = {"a": 1}) -> dict[str, Any]:
    r = rows(n)
    k = number(n)
    w = words(f"{name} is {n}")
    return {
        "fstring": show(f"{name!r:>10}|{ratio:.3f}|{n:05d}|{k}|{{literal}}|{name}{SUFFIX}|{'nested' + name}|{n:{k}d}|{n=}"),
        "subscript": [show(r[0]), show(r[-1]["name"]), show(r[1:]), show(xs[::-1]), show(r[k - 1]["tags"][0]), show(d["a"]), show(name[1:])],
        "arithmetic": [n + k * 2, n - k, n / 2, n // 2, n % 2, n**k, -n, +n, ~n, n << 2, n >> 1, n & 1, n | 4, n ^ k, (n + 1) * 2, 2**-1 * n],
        "compare": [n == 3, n != k, n < 4 <= 10, n in xs, "z" not in d, name is None, flag is True, 1 < k > 0, n == ratio],
        "logic": [flag and n, flag or n, not flag, n and "" or "empty", (flag or 0) and k],
        "ternary": ["big" if n > 2 else "small", show(1 if flag else 2), k if k else 0],
        "calls": [len(xs), sum(xs), min(xs), max(xs), sorted(xs), sorted(xs, reverse=True), abs(-n), round(ratio, 1), str(n), int("7"), float(n), bool(n)],
        "more": [list(range(n)), list(zip(xs, w)), list(enumerate(w)), list(reversed(xs)), any(xs), all(xs), divmod(n, 2), tuple(xs), repr(name), dict(a=n)],
        "methods": [name.upper(), name.replace("o", "0"), name.startswith("Z"), ", ".join(w), name.split("o"), list(d.keys()), d.get("b", n), list(d.items())],
        "display": [[n, *xs, k], (n, (k,)), {"a": n, **d, name: k}, {*xs, n} == {1, 2, 3}, [], (), {}],
        "comprehension": [[x * n for x in xs if x > 1], {x: str(x) for x in xs}, sorted({x % 2 for x in xs}), sum(x for x in xs), [a + b for a in xs for b in xs if a < b]],
        "lambda": [sorted(xs, key=lambda x: -x), max(w, key=lambda s: len(s)), list(map(lambda x: x + 1, xs)), list(filter(None, [0, n]))],
        "classes": [configured(Config(n, name)), configured(Config(depth=k + 1, mode=Mode.SLOW)), show(Mode.SLOW), Mode.FAST.value],
        "limits": [LIMITS["low"] + n, LIMITS["high"]],
        "walrus": [(m := n + 1), m * 2],
        "artifact": show({"rows": len(r), "k": k}),
        "inline": number(number(number(1) + 1) + number(2)),
    }
