"""Pipelines with control flow that only the Airflow suite runs."""

TRACES = """
import pathlib
from wye import Retry, Secret, each, pipeline, step

def trace(marks, line):
    with (pathlib.Path(marks) / "trace").open("a") as file:
        file.write(line + "\\n")

@step
def num(marks: str, n: int) -> int:
    trace(marks, f"num {n}")
    return n

@step
def even(n: int) -> bool:
    return n % 2 == 0

@step
def rows(n: int) -> list[int]:
    return list(range(n))

@step
def total(marks: str, xs: list[int]) -> int:
    trace(marks, f"total {xs}")
    return sum(xs)

@step
def note(marks: str, line: str) -> None:
    trace(marks, line)

@step
def boom(n: int) -> int:
    if n > 0:
        raise ValueError(f"boom {n}")
    return n

@step
def maybe(n: int) -> int | None:
    return None if n % 2 else n
"""
"""Steps that say in a file that they ran. What ran after a failure begins with `!` where it must, with `?` where it must not."""

BRANCHES = """
@pipeline
def branches(marks: str, n: int = 3) -> list[object]:
    z = num(marks, 100)
    if n == 0:
        return [z]
    if n > 5:
        if even(n):
            if n > 7:
                y = z
            else:
                y = num(marks, n)
                note(marks, "inner")
        else:
            y = None
        note(marks, f"y {y}")
    elif n == 4:
        y = "four"
    elif even(n):
        y = total(marks, [n, z])
    else:
        y = n
        note(marks, "odd")
    note(marks, "after")
    if even(z):
        note(marks, "even")
    return [y, num(marks, 7)]
"""

MAPS = """
@pipeline
def maps(marks: str, n: int = 3, flag: bool = True) -> list[object]:
    k = num(marks, 10)
    found = []
    for r in rows(n):
        if flag:
            if even(r):
                x = num(marks, r)
                if x > 2:
                    y = total(marks, [x, k])
                    note(marks, f"big {x}")
                else:
                    y = maybe(r + 1)
            elif r == 3:
                y = "three"
            else:
                y = k
        else:
            y = "off"
        note(marks, f"item {r}")
        found.append(y)
    twice = [num(marks, x) for x in [num(marks, r) for r in rows(n)]]
    if even(n):
        inner = [total(marks, [r, *twice]) for r in each(rows(3), max_parallel=2) if even(r)]
    else:
        inner = []
    nones = [maybe(r) for r in rows(n)]
    return [found, twice, inner, nones, total(marks, twice)]
"""

FINALLY = """
@pipeline
def cleans(marks: str, n: int = 1) -> int:
    x = num(marks, n)
    r = 0
    if n > 1:
        note(marks, "in")
        try:
            try:
                a = [boom(v - 2) for v in rows(n - 1)]
                if even(n):
                    r = boom(n - 3)
                else:
                    r = num(marks, x)
            finally:
                if n > 4:
                    note(marks, "!inner big")
                note(marks, "!inner")
            note(marks, f"? {a}")
        finally:
            note(marks, "!outer")
    note(marks, f"? end {r}")
    return r
"""

NOT_ENTERED = """
@pipeline
def not_entered(marks: str, n: int = 1) -> int:
    x = num(marks, n)
    boom(x)
    try:
        note(marks, "?body")
    finally:
        note(marks, "?cleanup")
    return x
"""

VERDICT = """
@pipeline
def verdict(marks: str, n: int = 1) -> None:
    x = num(marks, n)
    try:
        boom(x)
    finally:
        note(marks, "!cleanup")
"""

HIDDEN = """
@step(retry=Retry(1, delay="2s"))
def slow(n: int) -> int:
    raise ValueError(n)

@pipeline
def hidden(marks: str, n: int = 1) -> int:
    x = slow(n)
    if even(n):
        note(marks, f"?{x}")
    ys = [num(marks, r + x) for r in rows(0)]
    return 5
"""
"""What fails late is read only where a branch is not taken, and by a loop over nothing."""

ISLANDS = """
@pipeline
def islands(marks: str, n: int = 4) -> list[object]:
    found = []
    for r in rows(n):
        t = n
        for s in rows(r):
            t = total(marks, [t, s])
        found.append([t, [num(marks, t + s) for s in rows(r)]])
    x = n
    if even(n):
        while x < 20:
            x = total(marks, [x, x, 1])
    try:
        y = boom(x)
    except ValueError:
        y = -1
    first = -1
    for r in each(rows(n), max_parallel=1):
        note(marks, f"one by one {r}")
    for r in rows(n):
        if r > 1:
            first = r
            break
    return [found, x, y, first]
"""

RETRIED_ITEMS = """
@step(retry=Retry(1, delay="1s"), timeout=30, secrets=[Secret("plain.secret", env="ONE")])
def flaky(marks: str, n: int) -> str:
    import os
    place = pathlib.Path(marks) / f"tried{n}"
    if not place.exists():
        place.write_text("")
        raise RuntimeError(f"the first attempt for {n}")
    return os.environ["ONE"] + str(n)

@pipeline
def retried_items(marks: str) -> list[str]:
    return [flaky(marks, r) for r in rows(3)]
"""

TOO_LONG = """
from wye import pipeline, step

@step
def rows(n: int) -> list[int]:
    return list(range(n))

@step
def inc(n: int) -> int:
    return n + 1

@pipeline
def too_long(n: int = 1025) -> list[int]:
    return [inc(r) for r in rows(n)]
"""

FLOW_NAMES = '''
"""Names that the tasks of regions have a use for themselves."""
from wye import pipeline, step

@step
def index(index: int) -> int:
    return index

@step
def over(items: int, test: int) -> list[int]:
    return list(range(items + test))

@step
def condition(condition: int) -> bool:
    return condition % 2 == 0

@step
def items(ti: int, map_index: int = 3) -> int:
    return ti + map_index

@step
def for_1_items(index: int, arm: int) -> int:
    return index * 100 + arm

@step
def if_1_join(gate: int) -> int:
    return gate + 5

@step
def task_group(dag: int) -> int:
    return dag

@pipeline
def flow_names(n: int = 3) -> list[object]:
    found = []
    for index_ in over(n, 1):
        if condition(index_):
            y = items(index(index_))
        else:
            y = for_1_items(index_, index_)
        found.append(y)
    z = if_1_join(n) if condition(n) else items(task_group(n))
    return [found, z]
'''

STORED = '''
"""Artifacts and long values through branches, joins and the items of loops."""
import pathlib
from wye import pipeline, step

class Model:
    def __init__(self, n):
        self.n = n

@step
def rows(n: int) -> list[int]:
    return list(range(n))

@step
def fit(n: int):
    return Model(n)

@step
def read(m: object) -> str:
    return f"{type(m).__name__} {getattr(m, 'n', m)}"

@step
def read_all(ms: list[object]) -> list[int]:
    return [m.n for m in ms]

@step
def write(n: int) -> pathlib.Path:
    place = pathlib.Path(f"file{n}.txt")
    place.write_text(str(n) * n)
    return place

@step
def cat(places: list[pathlib.Path]) -> list[str]:
    return [p.name + p.read_text() for p in places]

@step
def one(place: pathlib.Path) -> str:
    return place.name

@step
def blob(n: int) -> bytes:
    return bytes([n]) * 40000 * n

@step
def long(n: int) -> str:
    return "{{ ds }} \'%(x)s\\n" * (n * 3000)

@step
def odd(n: int) -> "int | float | str | None":
    return [None, float("nan"), 2**70, "{{ ds }} \'$HOME `", "", -0.0][n % 6]

@step
def size(b: object) -> int:
    return len(b)

@pipeline
def stored(n: int = 4, word: str = "{{ ds }}", big: int = 2**53 + 1) -> list[object]:
    kept = []
    for r in rows(n):
        if r % 2:
            m, p, t = fit(r), write(r), long(r)
        else:
            m, p, t = r, write(r * 10), word
        kept.append([read(m), one(p), t])
    models = [fit(r) for r in rows(n)]
    places = [write(r) for r in rows(n)]
    if n > 2:
        chosen, x = models[1], big
    else:
        chosen, x = fit(n), odd(n)
    odds = [odd(r) for r in rows(6)]
    words = [w for w in ["a", word, ""] if size(w) > 0]
    return [kept, read_all(models), [read(m) for m in models], cat(places), read(chosen), x, odds, words, [size(blob(r)) for r in rows(n)]]
'''
