"""Bugs that users of other tools have reported, each as the pipeline it would be here; and the programs that semantics.md is made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixed import Fixed, both_ways, check, read

REPORTED = r"""
# airflow#46297: a branch in a mapped group, the join is always skipped
@step
def start() -> list[int]:
    return [1, 2, 3]


@step
def foo(n: int) -> int:
    return n + 1


@step
def bar(n: int) -> int:
    return n + 3


@step
def finalize(x: int) -> int:
    return x


@step
def finalize_all(results: list[int]) -> list[int]:
    return results


@pipeline
def expanding(n: int) -> int:
    if n == 1:
        result = foo(n)
    else:
        result = bar(n)
    return finalize(result)


@pipeline
def p():
    return finalize_all([expanding(n) for n in start()])
---
# airflow#39801: a join in a mapped group is skipped before the group is expanded
@step
def items(n: int) -> list[str]:
    return ["full", "partial", "none"][:n]


@step
def load(item: str) -> str:
    return item.upper()


@step
def optional(item: str) -> str:
    return item + "!"


@step
def end(item: str) -> str:
    return f"<{item}>"


@pipeline
def p(n: int = 3):
    done = []
    for item in items(n):
        loaded = load(item)
        if item == "full":
            loaded = optional(loaded)
        done.append(end(loaded))
    note(done)
    return done
# with n=1
# with n=0
---
# metaflow#2713: two conditional steps in a row lead to one end
@step
def start(x: int) -> str:
    return "middle1" if x > 1 else "end"


@step
def middle1(x: int) -> str:
    return "middle2" if x > 2 else "end"


@step
def middle2(x: int) -> int:
    return x * 100


@step
def end(x: int) -> int:
    return x + 1


@pipeline
def p(x: int = 3):
    r = x
    if start(x) == "middle1":
        r = add(r, 10)
        if middle1(x) == "middle2":
            r = middle2(r)
    return end(r)
# with x=2
# with x=1
---
# metaflow#3043: the step after a four-way switch, per item, is never scheduled
@step
def research(artist: str, depth: int) -> str:
    return {"a": "continue", "b": "done", "c": "unknown"}.get(artist, "failed") if depth == 0 else "done"


@step
def done(artist: str) -> str:
    return f"done {artist}"


@step
def unknown(artist: str) -> str:
    return f"unknown {artist}"


@step
def failed(artist: str) -> str:
    return f"failed {artist}"


@step
def agent_complete(text: str) -> str:
    return text.title()


@step
def join(texts: list[str]) -> int:
    return len("".join(texts))


@pipeline
def p(artists: list[str] = ["a", "b", "c", "d"]):
    texts = []
    for artist in artists:
        depth = 0
        decision = research(artist, depth)
        while decision == "continue":
            depth = inc(depth)
            decision = research(artist, depth)
        if decision == "done":
            text = done(artist)
        elif decision == "unknown":
            text = unknown(artist)
        else:
            text = failed(artist)
        texts.append(agent_complete(text))
    return join(texts), texts
# with artists=[]
# with artists=["b", "b"]
---
# sagemaker-python-sdk#3565: rejoin after a condition, one arm
@step
def condition(x: int) -> bool:
    return x > 2


@step
def foo() -> int:
    return 1


@step
def bar() -> int:
    return 2


@step
def baz() -> int:
    return 3


@pipeline
def p(x: int = 3):
    if condition(x):
        foo()
    bar()
    baz()
# with x=1
---
# sagemaker-python-sdk#3565: rejoin after a condition, two arms
@step
def condition(x: int) -> bool:
    return x > 2


@step
def foo_true() -> int:
    return 1


@step
def foo_false() -> int:
    return 0


@step
def bar(x: int) -> int:
    return x + 2


@step
def baz(x: int) -> int:
    return x * 3


@pipeline
def p(x: int = 3):
    if condition(x):
        r = foo_true()
    else:
        r = foo_false()
    r = bar(r)
    return baz(r)
# with x=1
---
# metaflow#3230: results gathered over skipped steps are lost
@pipeline
def p(a: bool = True, b: bool = False, c: bool = True):
    found = ["start"]
    if a:
        found = found + [tell("a")]
        if b:
            found = found + [tell("b")]
    if c:
        found = found + [tell("c")]
    return found
# with a=False
# with b=True
# with a=False, c=False
---
# metaflow#3334: the join's operator depended on the steps' names
@pipeline
def p(n: int = 3):
    if flip(n):
        z = inc(n)
    else:
        a = zero()
        while not big(a, n):
            a = inc(a)
        z = a
    return add(z, 1)
# with n=4
---
# airflow#67265: the arm not taken runs in a mapped group
@pipeline
def p(xs: list[int] = [1, 2, 3, 4]):
    for x in xs:
        if flip(x):
            note(x)
    return len(xs)
# with xs=[]
# with xs=[1]
---
# airflow#48845: one short circuit skips the other items
@pipeline
def p(xs: list[int] = [5, 6, 7]):
    return [inc(x) for x in xs if flip(x)]
---
# airflow: None is dropped from a fan-in
@pipeline
def p(xs: list[int] = [1, 3, 2]):
    return tell([maybe(x) for x in xs])
---
# airflow: everything after an empty expand is skipped
@pipeline
def p(n: int = 4):
    ys = [inc(x) for x in numbers(n)]
    note(ys)
    return total(ys)
# with n=0
---
# airflow#53667: all items left out
@pipeline
def p(xs: list[int] = [1, 3]):
    ys = [inc(x) for x in xs if flip(x)]
    return total(ys), ys
---
# kubeflow: a fan-in inside a condition
@pipeline
def p(n: int = 3, b: bool = True):
    if b:
        ys = [inc(x) for x in numbers(n)]
        r = total(ys)
    else:
        r = 0
    return inc(r)
# with b=False
# with n=0
---
# kubeflow: nested fan-out
@pipeline
def p(xs: list[int] = [1, 2]):
    return [[add(x, y) for y in numbers(x)] for x in xs]
# with xs=[]
---
# six SDKs: a condition on an output compiles to one fixed branch
@step
def flip_coin(n: int) -> str:
    return "heads" if n % 2 else "tails"


@pipeline
def p(n: int = 1):
    r = flip_coin(n)
    if r == "heads":
        one()
    else:
        zero()
# with n=2
"""

SEMANTICS = r"""
# 1: by value: a step sorts its argument
@step
def sort(xs: list[int]) -> list[int]:
    xs.sort()
    return xs


@pipeline
def p(xs: list[int] = [3, 1, 2]):
    if xs[0] > 2:
        ys = sort(xs)
    else:
        ys = xs
    return xs, ys
# with xs=[1, 3, 2]
---
# 1: by value: a mutable default in a loop
@step
def gather(x: int, into: list = []) -> list:
    into.append(x)
    return into


@pipeline
def p(xs: list[int] = [3, 1, 2]):
    return [gather(x) for x in xs]
---
# 1: by value: carried and gathered lists are copies
@pipeline
def p(xs: list[int] = [3, 1, 2]):
    ys = []
    zs = []
    for x in xs:
        ys = grow(ys)
        zs.append(total(ys))
    return ys, zs
---
# 2: exact values through branches, loops and carries
@step
def same(x: dict) -> dict:
    return x


@pipeline
def p(b: bool = True):
    v = {"z": 3, "a": 2**53 + 1, "f": 1e300, "n": -0.0, "t": (1, (2,)), "s": "{{ 1 + 1 }}", 1: None}
    if b:
        v = same(v)
    out = []
    for x in [v, v]:
        v = same(x)
        out.append(v)
    return v, out
# with b=False
---
# 2: an int where a float is declared, in a fold
@pipeline
def p(xs: list[int] = [3, 1, 2]):
    t = 0
    for x in xs:
        t = half(t) + x
    return t
---
# 2: outputs of a NamedTuple through a branch
@pipeline
def p(b: bool = True):
    i = info(3)
    if b:
        i = info(4)
    c, share = i
    return i, c, share, i[0]
# with b=False
---
# 4: check, then deploy
@pipeline
def p(n: int = 3):
    rows = numbers(n)
    check(n)
    return tell(rows)
# with n=2
---
# 4: check in a loop, then deploy
@pipeline
def p(xs: list[int] = [1, 3]):
    for x in xs:
        check(x)
    return tell(xs)
# with xs=[1, 2]
---
# 4: n = d["k"] inside a try must raise there
@pipeline
def p(d: dict[str, int] = {}):
    try:
        n = d["k"]
    except KeyError:
        return "no k"
    return inc(n)
# with d={"k": 1}
---
# 4: x = 10 // n raises even if the branch that uses x is not taken
@pipeline
def p(n: int = 0, b: bool = False):
    x = 10 // n
    if b:
        return inc(x)
    return 0
# with n=2
# with n=2, b=True
---
# 4: an owned list, accumulated and carried
@pipeline
def p(xs: list[int] = [3, 1, 2]):
    a = []
    c = []
    for x in xs:
        a.append(inc(x))
        if flip(len(c)):
            c.append(x)
    return a, c
# with xs=[]
---
# 5: the value of the condition selects, not which output is None
@pipeline
def p(n: int = 3, b: bool = True):
    if b:
        r = maybe(n)
    else:
        r = inc(n)
    return r
# with b=False
# with n=4
---
# 5: total += f(x) folds in index order
@pipeline
def p(xs: list[int] = [3, 1, 2]):
    t = ""
    for x in xs:
        t += label(x) + "|"
    return t
---
# 5: a map over nothing is done with empty results
@pipeline
def p(xs: list[int] = []):
    ys = [inc(x) for x in xs]
    zs = [add(y, 1) for y in ys]
    note(zs)
    return ys, zs, total(zs)
---
# 5: conditions compare as Python does
@pipeline
def p(a: str = "12.0", c: float = 12.0, n: int = 12):
    return (
        inc(1) if a == "12" else inc(2),
        inc(3) if c == n else inc(4),
        inc(5) if n == True else inc(6),
        inc(7) if a != "12" else inc(8),
    )
# with c=12.5, n=1, a="12"
---
# 6: cleanup does not run when the step before the try fails
@pipeline
def p(n: int = 3):
    gate(n * 20)
    try:
        inc(n)
    finally:
        note("cleanup")
# with n=1
---
# 6: a failure without a match fails the run although cleanup succeeds
@pipeline
def p(n: int = 3):
    try:
        r = risky(n)
    except KeyError:
        r = 0
    finally:
        note("cleanup")
    return r
# with n=2
# with n=0
---
# 7: break, continue and return become flags; nothing is duplicated
@pipeline
def p(xs: list[int] = [3, 1, 2, 4, 6]):
    seen = []
    for x in xs:
        if x == 1:
            continue
        y = inc(x)
        if big(y, 6):
            return seen, y
        if flip(y):
            seen.append(y)
            if len(seen) > 2:
                break
        note(x)
    return seen
# with xs=[1, 1]
# with xs=[3, 3, 3, 3]
# with xs=[2, 2, 8, 9]
---
# 8: classes have one name in every step
@step
def is_odd(k: Kind, t) -> bool:
    return k is Kind.ODD and isinstance(t, Thing)


@pipeline
def p(n: int = 3):
    if is_odd(kind(n), thing(n)):
        r = [is_odd(k, thing(1)) for k in [Kind.ODD, kind(4)]]
    else:
        r = []
    return r
# with n=2
"""


@pytest.mark.parametrize("program", read(REPORTED), ids=str)
@both_ways
def test_what_users_of_other_tools_reported(program: Fixed, way: str, folder: Path) -> None:
    check(program, folder, way)


@pytest.mark.parametrize("program", read(SEMANTICS), ids=str)
@both_ways
def test_the_programs_of_the_semantics(program: Fixed, way: str, folder: Path) -> None:
    check(program, folder, way)
