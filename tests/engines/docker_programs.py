"""Programs for what goes wrong easily in a compose project: hostile words, failures, clean-up, resuming, large artifacts."""

from __future__ import annotations

HEAD = """\
import os, signal, sys, time
from pathlib import Path
from wye import Resources, Retry, Secret, pipeline, step

@step
def one(n: int = 1) -> int:
    return n

@step
def add(a: int, b: int) -> int:
    return a + b

@step
def fails(n: int = 1) -> int:
    raise ValueError(f"{n} is $HOME too ${{many}} {{{{ds}}}}")

@step
def mark(name: str) -> str:
    Path("/runs/marks").mkdir(exist_ok=True)
    with open("/runs/marks/" + name, "a") as file:
        file.write("x")
    return name
"""

HOSTILE = ["$HOME", "${X:?no}", "$$", "'\"`", "{{ds}} %s", "a\nb\tc", "yes", "1e3", "", " x ", "naïve ☃", "#", "\\", "null", "-- --rm"]

PROGRAMS = {
    "failing": """
@pipeline
def p() -> int:
    a = one()
    b = fails(a)
    return add(a, b)
""",
    "failing_last": """
@pipeline
def p() -> int:
    xs = [one(), one(2)]
    return xs[5]
""",
    "heals": """
@step(retry=Retry(2, delay=0.1))
def flaky() -> int:
    tries = Path("/tmp/tries")
    tries.write_text((tries.read_text() if tries.exists() else "") + "x")
    if len(tries.read_text()) < 3:
        raise RuntimeError("not yet")
    return len(tries.read_text())

@pipeline
def p() -> int:
    return flaky()
""",
    "late": """
@step(timeout=1, retry=Retry(1, delay=0.1))
def slow() -> int:
    mark("late")
    time.sleep(60)
    return 1

@pipeline
def p() -> int:
    return slow()
""",
    "deadline": """
@step
def slow() -> int:
    time.sleep(120)
    return 1

@pipeline(timeout=15)
def p() -> int:
    try:
        a = slow()
    finally:
        mark("after")
    return a
""",
    "secret": """
@step(secrets=[Secret("the-token", env="TOKEN")])
def uses() -> str:
    return os.environ["TOKEN"]

@pipeline
def p() -> str:
    mark("before")
    return uses()
""",
    "two_secrets": """
@step(secrets=[Secret("one", env="PW")])
def first() -> str:
    return os.environ["PW"]

@step(secrets=[Secret("other", env="PW", key="user")])
def second() -> str:
    return os.environ["PW"]

@pipeline
def p() -> list[str]:
    return [first(), second()]
""",
    "cleans": """
@pipeline
def p() -> int:
    try:
        a = one()
        b = fails(a)
        mark("never")
    finally:
        mark("cleaned")
    mark("after")
    return add(a, b)
""",
    "continues": """
@step
def slowly(name: str) -> str:
    time.sleep(3)
    return mark(name)

@pipeline(on_failure="continue")
def p() -> list[object]:
    return [fails(), mark(slowly("independent"))]
""",
    "resumes": """
@step
def second() -> int:
    if not Path("/runs/marks/second").exists():
        mark("second")
        raise RuntimeError("the first time")
    return 2

@pipeline
def p() -> list[object]:
    first = mark("first")
    try:
        again = second()
    finally:
        mark("cleaned")
    return [first, again, mark("third")]
""",
    "large": """
@step
def make(folder: str = "x") -> Path:
    path = Path("large.bin")
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for _ in range(200):
            file.write(block)
    return path

@step
def hand_on(path: Path) -> Path:
    return path

@step(resources=Resources(memory="96Mi"))
def measure(path: Path) -> int:
    return path.stat().st_size

@pipeline
def p() -> int:
    return measure(hand_on(make()))
""",
    "memory": """
@step(resources=Resources(memory="64Mi", cpu=0.5))
def eats() -> int:
    return len(bytearray(1 << 30))

@pipeline
def p() -> int:
    try:
        n = eats()
    finally:
        mark("cleaned")
    return n
""",
    "two_at_a_time": """
@step
def works(n: int) -> list[float]:
    start = time.time()
    time.sleep(1.5)
    return [start, time.time()]

@pipeline(max_parallel=2)
def p() -> list[list[float]]:
    a = works(1)
    b = works(2)
    c = works(3)
    return [a, b, c]
""",
    "killed": """
@step
def stuck() -> int:
    mark("running")
    time.sleep(300)
    return 1

@pipeline
def p() -> int:
    return stuck()
""",
    "twice": """
@pipeline
def p(n: int = 1) -> int:
    return one(add(n, n))
""",
    "hostile": f"""
TEXTS = {HOSTILE!r}
TAGS = {{"{{{{k}}}}$": "v$HOME '\\"", "plain": "${{X:?y}}", "line": "a\\nb"}}

@step(env={{"A": "$HOME ${{X:?no}} $$ '\\"`", "B": "plain", "C": ""}}, tags=TAGS)
def words(given: str, texts: list[str]) -> list[object]:
    return [given, texts, os.environ["A"], os.environ["B"], os.environ["C"]]

@pipeline(tags=TAGS)
def p(given: str = "$HOME ${{X:?no}} '\\"\\n`{{{{ds}}}}", other: str = "") -> list[object]:
    return [words(given, ["$HOME ${{X:?no}}", "$$"]), other]
""",
}


def source(name: str) -> str:
    return HEAD + PROGRAMS[name]
