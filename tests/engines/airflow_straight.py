"""Straight-line pipelines that only the Airflow suite runs."""

NAMES = '''
"""Names that Airflow, the DAG file or Python have a use for themselves."""
from wye import pipeline, step

@step
def task(ds: int, ti: int, params: dict[str, int], self: int) -> int:
    return ds + ti * 10 + params["a"] * 100 + self * 1000

@step
def dag(conf: int, run_id: int, task: int, var: int) -> tuple[int, str]:
    return conf + run_id + task + var, "dag"

@step
def run_step(context: int) -> int:
    return context + 1

@step
def print(Param: int) -> dict[str, int]:
    return {"a": Param}

@step
def timedelta(straße: int) -> int:
    return straße

@step
def outputs(STEPS: int) -> int:
    return STEPS

@pipeline
def names(ds: int = 1, params: int = 2, dag_run: int = 3) -> list[object]:
    a = run_step(ds)
    b = print(a)
    c = task(a, params, b, a)
    n, s = dag(c, c, c, dag_run)
    return [c, n, s, timedelta(outputs(n)), timedelta(a)]
'''

LARGE = '''
"""Values above what stands in an XCom go through the store."""
from wye import pipeline, step

@step
def make(n: int, seed: str) -> list[str]:
    return [seed + "{{ ds }} ' \\\\" + str(i) for i in range(n)]

@step
def both(rows: list[str]) -> tuple[str, int]:
    return "|".join(rows), len(rows)

@pipeline
def large(n: int = 9000, seed: str = "SEED") -> tuple[str, int, list[str]]:
    rows = make(n, seed[:3])
    text, count = both(rows)
    return text, count + len(seed), rows
'''.replace("SEED", "é{{ ds }}" * 5000)

FILES = '''
"""Files, folders, bytes and objects, made, passed on, changed in place and returned."""
import pathlib
from wye import pipeline, step

class Model:
    def __init__(self, weights):
        self.weights = weights

@step
def folder() -> pathlib.Path:
    place = pathlib.Path("model v1")
    (place / "sub").mkdir(parents=True)
    (place / "sub" / "a.txt").write_text("text")
    (place / "b.bin").write_bytes(bytes(range(256)))
    return place

@step
def touch(place: pathlib.Path) -> str:
    (place / "new").write_text("x")
    return place.name + " " + " ".join(sorted(str(p.relative_to(place)) for p in place.rglob("*")))

@step
def raw() -> bytes:
    return b"\\x00\\xff" * 50000

@step
def model(data: bytes):
    return Model([len(data), {1: (2, 3)}])

@step
def read(m: Model, data: bytes) -> str:
    m.weights.append(1)
    return f"{m.weights} {len(data)}"

@pipeline
def files() -> list[str]:
    place, data = folder(), raw()
    first = touch(place)
    second = touch.after(first)(place)
    m = model(data)
    return [first, second, read(m, data), read(m, data)]
'''

ARTIFACT = """
from pathlib import Path
from wye import pipeline, step

@step
def write() -> Path:
    Path("report.txt").write_text("done")
    return Path("report.txt")

@pipeline
def returns_file() -> Path:
    return write()
"""

REQUIRED = """
from typing import Optional
from wye import pipeline, step

@step
def show(a: int, b: Optional[list[int]], c: str, d: float, e: int) -> str:
    return repr((a, b, c, d, e))

@pipeline
def required(a: int, b: Optional[list[int]], c: str, d: float, e: int = 2**53 + 1, f: list[str] = ["x"], g: str = "nul \\0") -> list[str]:
    return [show(a, b, c, d, e), show(1, None, g, 1, 2), f[0]]
"""

TOLD = """
import os, pathlib, time
import wye
from wye import Failure, pipeline, step

def trace(line: str) -> None:
    with (pathlib.Path(os.environ["MARKS"]) / "trace").open("a") as file:
        file.write(line + "\\n")

@step
def start(how: str) -> int:
    if how == "first":
        raise LookupError("{{ ds }}")
    return 3

@step(timeout="6s")
def work(n: int, how: str) -> int:
    if n == 2 and how == "raise":
        raise LookupError("{{ ds }}")
    if n == 2 and how == "kill":
        os.kill(os.getpid(), 9)
    if n == 2 and how == "slow":
        time.sleep(60)
    return n

@step
def clean() -> int:
    trace("!clean")
    return 1

@step
def tell(failure: Failure) -> None:
    same = failure.run_id == wye.context().run_id
    trace(f"!told {failure.task_id.partition('[')[0]} {failure.error_type} {failure.message} {same}")

@pipeline(on_failure=tell)
def told(marks: str, how: str = "raise") -> list[int]:
    first = start(how)
    try:
        many = [work(n, how) for n in range(first)]
    finally:
        clean()
    return many
"""

ATTEMPTS = """
import wye
from wye import Retry, pipeline, step

@step(retry=Retry(2, delay="1s", backoff=1))
def native(n: int) -> list[object]:
    if wye.context().attempt < 2 + n:
        raise RuntimeError(f"attempt {wye.context().attempt}")
    return [wye.context().attempt, wye.context().task_id]

@step(retry=Retry(2, delay="0.1s", backoff=3))
def of_the_runner() -> int:
    if wye.context().attempt < 3:
        raise RuntimeError(f"attempt {wye.context().attempt}")
    return wye.context().attempt

@step
def rows() -> list[int]:
    return [0, 1]

@pipeline
def attempts() -> list[object]:
    mapped = [native(n) for n in rows()]
    return [native(0), mapped, of_the_runner()]
"""

HEALS = """
import pathlib
from wye import Retry, pipeline, step

def attempt(marks: str, name: str, need: int) -> int:
    place = pathlib.Path(marks) / name
    with place.open("a") as file:
        file.write("x")
    count = len(place.read_text())
    if count < need:
        raise RuntimeError(f"attempt {count} of {name} fails")
    return count

@step(retry=Retry(2, delay="1s", backoff=1))
def constant(marks: str) -> int:
    attempt(marks, "constant", 3)
    return 1

@step(retry=Retry(1, delay="1s"))
def exponential(marks: str) -> int:
    attempt(marks, "exponential", 2)
    return 2

@step(retry=Retry(2, delay=0.01, backoff=3))
def in_process(marks: str) -> int:
    attempt(marks, "in_process", 3)
    return 3

@step(retry=Retry(1, delay="1s"), timeout=5)
def late(marks: str) -> int:
    import time
    try:
        attempt(marks, "late", 2)
    except RuntimeError:
        time.sleep(60)
    return 4

@pipeline
def heals(marks: str) -> list[int]:
    return [constant(marks), exponential(marks), in_process(marks), late(marks)]
"""

LATE = """
import pathlib, subprocess, sys, time
from wye import pipeline, step

@step(timeout=3)
def sleep(marks: str) -> int:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    pathlib.Path(marks, "pids").write_text(str(child.pid))
    time.sleep(300)
    return 1

@pipeline
def late(marks: str) -> int:
    return sleep(marks)
"""

ORDER = """
import pathlib, time
from wye import pipeline, step

@step
def note(marks: str, text: str) -> None:
    with (pathlib.Path(marks) / "order").open("a") as file:
        file.write(text)

@step
def read(marks: str) -> str:
    return (pathlib.Path(marks) / "order").read_text()

@pipeline
def ordered(marks: str) -> str:
    note(marks, "a")
    note(marks, "b")
    note(marks, "c")
    return read(marks)
"""

SECRETS = """
import os
from wye import Secret, pipeline, step

@step(secrets=[Secret("plain.secret", env="ONE"), Secret("json-secret", env="TWO", key="password")], env={"THREE": "{{ ds }} $HOME %(x)s"})
def use() -> str:
    print("saying", os.environ["ONE"])
    return " ".join(os.environ[k] for k in ("ONE", "TWO", "THREE"))

@pipeline
def keeps() -> str:
    return use()
"""

MISSING_SECRET = """
import os
from wye import Secret, pipeline, step

@step(secrets=[Secret("absent", env="ABSENT_HERE")])
def use() -> str:
    return os.environ["ABSENT_HERE"]

@pipeline
def misses() -> str:
    return use()
"""

SCHEDULED = '''
from wye import Schedule, pipeline, step

@step(name="nightly")
def report(day: str = "{{ ds }}") -> str:
    return day

@pipeline(
    schedule=Schedule(
        cron="15 6 * * mon-fri", timezone="Europe/Zurich", start="2026-01-05", end="2027-01-31T06:00:00", overlap="skip", paused=True
    ),
    timeout="2h", max_parallel=3, tags={"team": "growth", "flag": ""}, defaults={"timeout": "1h"},
)
def scheduled(day: str = "x") -> list[str]:
    """Report {{ ds }} every morning: "quoted", 'so' \\\\ and $HOME."""
    return [report(), report(day)]
'''

INTERVAL = """
from wye import Schedule, pipeline, step

@step
def one() -> int:
    return 1

@pipeline(schedule=Schedule(every="6h", start="2026-01-01", catchup=True, overlap="queue"))
def interval() -> int:
    return one()
"""

ONCE = INTERVAL.replace('every="6h", start="2026-01-01", catchup=True, overlap="queue"', 'at="2025-03-01T04:30:00+02:00"').replace(
    "interval", "once"
)

AIRFLOW_IN_PROGRAM = '''
"""A program that looks like a DAG to Airflow: import airflow, dag = DAG("x")."""
import sys
if "airflow" in sys.modules:
    raise SystemExit("a step's program was imported into Airflow")
from wye import pipeline, step

@step
def modules() -> list[str]:
    return [m for m in sys.modules if m.startswith("airflow")]

@pipeline
def apart() -> list[str]:
    return modules()
'''
