"""Run-time control flow on Kubeflow where it goes wrong easily, by `kfp.local` and by the service's own rules, beside the plain call."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import kfp_interpreter
import pytest
from kfp_engine import REQUIREMENTS, ROOT, Engine, arguments, beyond, same, written

from wye.testing.cases import plain_call
from wye.testing.environments import engine


@pytest.fixture(scope="module")
def kfp() -> Iterator[Engine]:
    found = Engine(engine("kfp", REQUIREMENTS))
    yield found
    found.close()


@pytest.fixture
def plain(kfp: Engine, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The plain call, on the very Python that the engine runs steps on."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "compiler"))
    return lambda case: plain_call(case, python=str(kfp.python))


CONDITIONS = """
import importlib.util, json, sys
from kfp.local import io
from kfp.local.orchestrator.enhanced_dag_orchestrator import ConditionEvaluator
for line in sys.stdin:
    condition, inputs, wanted = json.loads(line)
    store = io.IOStore()
    for name, value in inputs.items():
        store.put_parent_input(name, value)
    found = ConditionEvaluator.evaluate_condition(condition, store)
    if found is not wanted:
        print(condition, inputs, found, wanted)
"""


def test_kfp_local_finds_every_condition_as_python_does(kfp: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the unit tests of the table of conditions ask, which compare it with Python."""
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "unit" / "targets"))
    import test_kubeflow_conditions as table

    asked: list[tuple[str, dict[str, Any], bool]] = []

    def record(condition: str, inputs: dict[str, Any]) -> bool:
        asked.append((condition, inputs, kfp_interpreter.evaluate(condition, inputs)))
        return asked[-1][2]

    monkeypatch.setattr(table, "evaluate", record)
    for parameter in (False, True):
        table.test_bools(parameter)
        for op in table.ORDERS:
            table.test_numbers(op, parameter)
    for constant in ("fast", "", "null", "true", "a.b/c:d@e+f-g_9"):
        table.test_texts(constant)
    for text in (None, "", "null", "None", "x"):
        table.test_optional_texts(text)
    table.test_several()
    assert len(asked) > 2000
    lines = "".join(json.dumps(a) + "\n" for a in asked)
    done = subprocess.run([kfp.python, "-W", "ignore", "-c", CONDITIONS], input=lines, capture_output=True, text=True, check=True)
    assert done.stdout == ""


TRY = """\
from wye import pipeline, step

def log(text: str) -> None:
    with open("LOG", "a") as file:
        file.write(text + ";")

@step
def note(text: str) -> str:
    log(text)
    return text

@step
def work(n: int) -> int:
    log(f"work {n}")
    if n == 1:
        raise ValueError("no luck")
    return n

@step
def clean(n: int) -> None:
    log(f"clean {n}")
    if n == 2:
        raise KeyError("not clean")

@pipeline
def flow(n: int = 0) -> int:
    before = note("before")
    try:
        x = work(n)
    finally:
        CLEANUP
    note("after")
    return x
"""
CLEANUPS = {"one": "clean(n)", "several": "note(before + '!'); clean(n)", "branches": "if n < 9: note('x'); clean(n)"}


@pytest.mark.parametrize("cleanup", CLEANUPS)
@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("local", [True, False])
def test_a_clean_up_runs_once_and_a_failure_fails_the_run(cleanup: str, n: int, local: bool, kfp: Engine, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    text = CLEANUPS[cleanup].replace("; ", "\n        ").replace(": note", ":\n            note")
    spec = kfp.compiled(written(tmp_path, TRY.replace("LOG", str(log)).replace("CLEANUP", text)).source, tmp_path)
    assert not beyond(spec)
    outcome = kfp.run(tmp_path, {"n": n}, {}) if local else kfp.by_the_rules(tmp_path, {"n": n}, {})
    assert (outcome.error is None) == (n == 0), outcome.log
    between = {"one": "", "several": "before!;", "branches": "x;"}[cleanup]
    assert log.read_text() == f"before;work {n};{between}clean {n};" + "after;" * (n == 0)


TOLD = """\
import os, time
import wye
from wye import Failure, Retry, pipeline, step

def log(line: str) -> None:
    with open(os.environ["MARK"], "a") as file:
        file.write(line + ";")

@step
def work(n: int, how: str) -> int:
    if n == 2 and how == "raise":
        raise LookupError("{{ ds }}")
    if n == 2 and how == "kill":
        os.kill(os.getppid(), 9)
    return n

@step(timeout="1s")
def slow(how: str) -> int:
    time.sleep(9 if how == "slow" else 0)
    return 1

@step
def clean() -> None:
    log("clean")

@step
def ask(n: int) -> bool:
    return n > 5

@step(retry=Retry(1, delay="0s"))
def tell(failure: Failure, prefix: str = "told") -> str:
    log(f"{prefix} {failure.pipeline} {failure.task_id} {failure.run_id == wye.context().run_id} {wye.context().attempt}")
    if wye.context().attempt == 1:
        raise OSError
    return "done"

@pipeline(on_failure=tell)
def flow(how: str = "fine", n: int = 1) -> list[int]:
    try:
        many = [work(i, how) for i in [n, n + 1]]
        one = slow(how)
    finally:
        clean()
    TAIL
"""
TAILS = {
    "plain": "return many",
    "branch": "if ask(n):\n        work(one, how)\n    return many",
    "cached": "return [work.options(cache=True)(one, how)]",
}


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("how", ["fine", "raise", "kill", "slow"])
def test_a_step_runs_when_the_run_has_failed(how: str, tail: str, kfp: Engine, tmp_path: Path) -> None:
    """By the service's rules, which say to the step whether the run has failed: however it ends, with a branch not taken, or a task that
    the cache answers for."""
    mark = tmp_path / "mark"
    kfp.compiled(written(tmp_path, TOLD.replace("TAIL", TAILS[tail])).source, tmp_path)
    outcome = kfp.by_the_rules(tmp_path, {"how": how}, {"MARK": str(mark)})
    assert (outcome.error is None) == (how == "fine"), outcome.log
    told = "" if how == "fine" else "told flow None True 1;told flow None True 2;"
    assert mark.read_text() == "clean;" + told
    if how == "fine":
        assert outcome.text == ("[1]" if tail == "cached" else "[1,2]")


@pytest.mark.parametrize("how", ["fine", "raise"])
def test_kfp_local_runs_it_too(how: str, kfp: Engine, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = TOLD.replace("TAIL", TAILS["branch"]).replace("if wye.context().attempt == 1:", "if False:")
    text = text.replace("{failure.run_id == wye.context().run_id} {wye.context().attempt}", "{failure.run_id != ''}")
    spec = kfp.compiled(written(tmp_path, text).source, tmp_path)
    assert not beyond(spec)
    outcome = kfp.run(tmp_path, {"how": how}, {"MARK": str(mark)})
    assert (outcome.error is None) == (how == "fine"), outcome.log
    assert mark.read_text() == "clean;" + ("" if how == "fine" else "told flow None True;")


JOINS = """\
from typing import Any
from wye import pipeline, step

class Model:
    def __init__(self, n): self.n = n

@step
def model(n: int) -> Any:
    return Model(n)

@step
def size(m: Any) -> int:
    return m.n if isinstance(m, Model) else len(m)

@step(cache=True)
def kept(n: int) -> int:
    return n * 100

@step
def num(n: int) -> int:
    return n

@pipeline
def flow(n: int = 0, flag: bool = False) -> list[int]:
    k = num(n)
    m = model(40)
    if k > 1:
        m, c = model(n), kept(3)
    elif flag:
        c = kept(k)
        num(7)
    else:
        m, c = "text", n
        if k == 0:
            num(8)
    sizes = []
    for x in [m, m]:
        if flag:
            y = model(size(x))
        else:
            y = x
        sizes.append(size(y))
    return [size(m), c, *sizes]
"""


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("n", "flag"), [(0, False), (0, True), (2, True)])
def test_joins_of_artifacts(n: int, flag: bool, seed: int, kfp: Engine, plain: Any, tmp_path: Path) -> None:
    case = replace(written(tmp_path, JOINS), params={"n": n, "flag": flag})
    spec = kfp.compiled(case.source, tmp_path)
    assert beyond(spec)
    same(kfp.by_the_rules(tmp_path, case.params, {}, seed), plain(case), spec)


NESTED = """\
from wye import each, pipeline, step

@step
def upto(n: int) -> list[int]:
    return list(range(n))

@step
def add(a: int, b: int, c: int = 0) -> int:
    return a * 100 + b * 10 + c

@step
def odd(n: int) -> bool:
    return n % 2 == 1

@step
def one() -> int:
    with open("LOG", "a") as file:
        file.write("1")
    return 1

@pipeline
def flow(n: int = 3, xs: list[int] = [5, 6]) -> list[list[list[int]]]:
    k = one()
    grid = []
    for a in each(upto(n), max_parallel=2):
        row = []
        for b in upto(a):
            if odd(b):
                cells = [add(a, b, c) for c in xs]
            else:
                cells = [add(x, one()) for x in upto(b)]
            row.append(cells)
        grid.append(row)
    return grid
"""


@pytest.mark.parametrize("params", [{}, {"n": 0}, {"n": 1}, {"n": 4, "xs": []}])
@pytest.mark.parametrize("local", [True, False])
def test_loops_in_loops(params: dict[str, Any], local: bool, kfp: Engine, plain: Any, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    case = replace(written(tmp_path, NESTED.replace("LOG", str(log))), params=params)
    spec = kfp.compiled(case.source, tmp_path)
    given = arguments(spec, params)
    outcome = kfp.run(tmp_path, given, {}) if local else kfp.by_the_rules(tmp_path, given, {})
    ran = log.read_text()
    same(outcome, plain(case), spec)
    assert log.read_text() == ran * 2, "no step runs where a list is empty"


HOSTILE = """\
from wye import pipeline, step

@step
def say(i: int) -> str:
    return TEXTS[i]

@step
def mark(text: str) -> str:
    return text + "!"

TEXTS = ["fast", "'fast'", '"fast"', "fast\\\\", "a||b", "a && b", "!(x)", "{{x}}", "$(HOME) python3",
         "é🙂\\ud800", "\\n", "true", "pipelinechannel"]

@pipeline
def flow(i: int = 0) -> list[str]:
    text = say(i)
    if text == "fast":
        a = mark("same")
    else:
        a = mark(text)
    if text in ("true", "pipelinechannel"):
        b = mark("in")
    elif text == "a||b" or text == "{{x}}" or text == "'fast'":
        b = "by a task"
    elif text:
        b = "else"
    else:
        b = ""
    return [a, b, *[mark(t) for t in [text, text]]]
"""


@pytest.mark.parametrize("i", range(13))
def test_hostile_texts_in_conditions(i: int, kfp: Engine, plain: Any, tmp_path: Path) -> None:
    case = replace(written(tmp_path, HOSTILE), params={"i": i})
    spec = kfp.compiled(case.source, tmp_path)
    same(kfp.run(tmp_path, {"i": i}, {}), plain(case), spec)


ISLANDS = """\
from wye import Retry, Secret, pipeline, step

@step(retry=Retry(2, delay=0), secrets=[Secret("db", env="PASSWORD")], env={"A": "{{a}}"})
def grow(n: int) -> int:
    import os
    with open("MARK", "a") as file:
        file.write(".")
    if os.path.getsize("MARK") < 2:
        raise RuntimeError("not yet")
    return n * 2 if os.environ["PASSWORD"] == "p {{x}}" and os.environ["A"] == "{{a}}" else -1

@step
def risky(n: int) -> int:
    if n > 20:
        raise KeyError(n)
    return n

@pipeline
def flow(n: int = 3, xs: list[int] = [1, 2]) -> list[int]:
    x = n
    while x < 30:
        x = grow(x)
    total = 0
    for y in xs:
        total = risky(total + y)
    try:
        z = risky(x)
    except LookupError:
        z = -7
    lists = []
    for y in xs:
        try:
            lists.append(risky(y * 15))
        except KeyError:
            lists.append(0)
    return [x, total, z, *lists]
"""


@pytest.mark.parametrize("params", [{}, {"n": 40, "xs": []}, {"n": 40, "xs": [15, 15]}])
def test_islands(params: dict[str, Any], kfp: Engine, plain: Any, tmp_path: Path) -> None:
    mark = tmp_path / "attempts"
    case = replace(written(tmp_path, ISLANDS.replace("MARK", str(mark))), params=params, variables={"PASSWORD": "p {{x}}"})
    spec = kfp.compiled(case.source, tmp_path)
    outcome = kfp.run(tmp_path, arguments(spec, params), case.variables)
    mark.write_text("..")
    expected = plain(case)
    if expected.value is None:
        assert outcome.error
        assert "KeyError: 30" in outcome.log
    else:
        same(outcome, expected, spec)


def test_at_most_so_many_tasks_at_a_time_beside_regions(kfp: Engine, plain: Any, tmp_path: Path) -> None:
    text = NESTED.replace("@pipeline", "@pipeline(max_parallel=2)").replace("LOG", str(tmp_path / "log.txt"))
    case = written(tmp_path, text)
    spec = kfp.compiled(case.source, tmp_path)
    same(kfp.run(tmp_path, {}, {}), plain(case), spec)
    same(kfp.by_the_rules(tmp_path, {}, {}), plain(case), spec)


def test_more_items_than_a_parameter_takes_fail_where_they_are_made(kfp: Engine, tmp_path: Path) -> None:
    text = NESTED.replace("list(range(n))", "list(range(400_000))").replace("LOG", str(tmp_path / "log.txt"))
    kfp.compiled(written(tmp_path, text).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error
    assert "at most" in outcome.log
    assert "'upto'" in outcome.error
