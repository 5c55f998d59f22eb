"""What a pipeline returns need not come from a step: a constant, a parameter, an expression; and printing to stdout changes nothing."""

from __future__ import annotations

import sys

from wye import pipeline, step


@step
def chatter(n: int) -> int:
    print('{"outputs": "not this"}')
    print("\x1b[31mred\x1b[0m {{ ds }}", file=sys.stderr)
    return n


@pipeline
def returns_constant(n: int = 3, ratio: float = 1) -> tuple[str, int, float, list[int]]:
    m = chatter(n)
    return "constant", n, ratio, [n, m, n + m]
