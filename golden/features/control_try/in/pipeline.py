"""try, except, else and finally: handled failures, clean-up, and what may be read afterwards."""

from __future__ import annotations

from wye import pipeline, step


class Trouble(ValueError):
    pass


@step
def risky(n: int) -> int:
    if n > 2:
        raise Trouble(f"too large: {n}")
    if n < 0:
        raise KeyError(n)
    return n


@step
def cleanup(n: int) -> str:
    return f"clean {n}"


@step
def inc(n: int) -> int:
    return n + 1


@pipeline
def guarded(n: int) -> str:
    try:
        a = risky(n)
        b = inc(a)
    except Trouble:
        return "trouble"
    except (KeyError, TypeError):
        b = -1
    else:
        b = inc(b)
    finally:
        cleanup(n)
    return f"b is {b}"


@pipeline
def tries(n: int = 1) -> list[object]:
    results = [guarded(n), guarded(n + 5), guarded(-n)]
    d = {"x": n}
    try:
        k = d["k"]
    except KeyError:
        k = 7
    try:
        made = inc(n)
    finally:
        done = cleanup(n)
    return [results, k, made, done]
