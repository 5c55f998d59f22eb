"""Every feature case, every example and cases of this target's own: compiled, run, and compared with the plain call.

All run by `kfp.local`, but for what it cannot do (`beyond`). What has sub-DAGs runs by the service's own rules too (`kfp_interpreter`),
which differ: `kfp.local` forgives what the service does not.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import kfp_interpreter
import pytest
import yaml

from wye.diagnostics import CompileFailed
from wye.driver import compile_source, compile_target
from wye.runtime.values import decode, encode
from wye.testing.cases import Case, examples, feature_cases, further, plain_call
from wye.testing.environments import engine
from wye_targets.kubeflow import Kubeflow
from wye_targets.kubeflow.adapter import EXACT, arrived
from wye_targets.kubeflow.capabilities import Options

ROOT = Path(__file__).parents[2]
FEATURES, EXAMPLES = ([c for c in cases if "kubeflow" in c.targets] for cases in ((*feature_cases(ROOT), *further()), examples(ROOT)))
REQUIREMENTS = ("kfp==2.17.0", "kfp-kubernetes==2.17.0", "pip", *sorted({r for c in EXAMPLES for r in c.requirements}))


@dataclass(frozen=True)
class Outcome:
    """What the root output `Output` held, or why the run failed; and all that was printed."""

    output: str | None
    artifact: str | None
    error: str | None
    log: str

    @property
    def text(self) -> str | None:
        """The wire text of the value: of an artifact it is the file's content."""
        if self.artifact is None:
            return self.output and arrived("Output", self.output, {"as": "text"})
        folder = Path(self.artifact)
        return (folder / "value.json" if folder.is_dir() else folder).read_text("ascii")


class Engine:
    """One process in the kfp environment, which runs one compiled pipeline after the other."""

    def __init__(self, python: Path) -> None:
        self.python = python
        driver = Path(__file__).with_name("kfp_driver.py")
        self._process = subprocess.Popen([python, "-B", driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, folder: Path, arguments: dict[str, Any], variables: dict[str, str]) -> Outcome:
        case = {"pipeline": str(folder / "pipeline.yaml"), "arguments": arguments, "variables": variables, "root": str(folder / "root")}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        return Outcome(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate(timeout=60)


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


def compiled(source: Path, folder: Path) -> dict[str, Any]:
    """Compile to `folder`; the first document of the pipeline."""
    pipeline = compile_source(source)
    schedule = pipeline.settings.schedule
    options = Options(timezone=schedule.timezone) if schedule else Options()  # the cluster reads schedules in the pipeline's own zone
    files, _ = compile_target(pipeline, Kubeflow(), options)
    for file in files:
        (folder / file.path).write_text(file.text, "utf-8")
    return next(iter(yaml.safe_load_all((folder / "pipeline.yaml").read_text("utf-8"))))


def arguments(spec: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Run parameters as a client gives them: KFP's own types, and JSON for what is a STRING."""
    kinds = {n: p["parameterType"] for n, p in spec["root"].get("inputDefinitions", {}).get("parameters", {}).items()}
    exact = {"STRING": lambda v: encode(decode(json.dumps(v))), "NUMBER_DOUBLE": float}
    return {n: exact.get(kinds[n], lambda v: v)(v) for n, v in params.items()}


def carried(spec: dict[str, Any], case: Case) -> Case:
    """The case with run parameters that a NUMBER_INTEGER carries; that any other fails has a test of its own."""
    kinds = {n: p["parameterType"] for n, p in spec["root"].get("inputDefinitions", {}).get("parameters", {}).items()}
    params = {n: max(-EXACT, min(v, EXACT)) if kinds[n] == "NUMBER_INTEGER" else v for n, v in case.params.items()}
    return replace(case, params=params)


def dags(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Every sub-DAG."""
    return [c["dag"] for c in spec["components"].values() if "dag" in c]


def beyond(spec: dict[str, Any]) -> bool:
    """Whether `kfp.local` cannot run it: it takes one of several parameters, but not of several artifacts."""
    return any(len(o["artifactSelectors"]) > 1 for d in dags(spec) for o in d.get("outputs", {}).get("artifacts", {}).values())


def by_the_rules(folder: Path, python: Path, given: dict[str, Any], variables: dict[str, str], seed: int = 0) -> Outcome:
    """A run by the service's rules."""
    text = (folder / "pipeline.yaml").read_text("utf-8")
    launch = kfp_interpreter.process(str(python))
    result = kfp_interpreter.run(text, given, folder / f"rules-{seed}", launch, variables, seed)
    return Outcome(result.output, result.artifact, None if result.succeeded else "failed", result.log)


def same(outcome: Outcome, expected: Any, spec: dict[str, Any]) -> None:
    assert expected.value is not None, expected.error
    assert outcome.error is None, outcome.log
    assert outcome.text == (None if expected.value == "null" and not spec["root"].get("outputDefinitions") else expected.value)


@pytest.mark.parametrize("case", [*FEATURES, *EXAMPLES], ids=lambda c: c.name)
def test_equals_the_plain_call(case: Case, kfp: Engine, plain: Any, tmp_path: Path) -> None:
    try:
        spec = compiled(case.source, tmp_path)
    except CompileFailed as refused:
        if case in further() and {d.code for d in refused.diagnostics} == {"WYE4005"}:
            pytest.skip("the steps of an island do not share an image")
        raise
    case = carried(spec, case)
    given = arguments(spec, case.params)
    expected = plain(case)
    outcomes = [] if beyond(spec) else [kfp.run(tmp_path, given, case.variables)]
    if dags(spec):
        outcomes.append(by_the_rules(tmp_path, kfp.python, given, case.variables))
    for outcome in outcomes:
        if case.fails:
            assert expected.error
            assert outcome.error, "the plain call raises, and the run succeeded"
        else:
            same(outcome, expected, spec)


# --- cases of this target's own ---------------------------------------------------------------------------------------------------


def written(folder: Path, text: str) -> Case:
    source = folder / "flow.py"
    source.write_text(text, "utf-8")
    return Case("flow", source)


def test_a_run_fails_with_the_traceback_of_the_step(kfp: Engine, tmp_path: Path) -> None:
    compiled(written(tmp_path, FAILING).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error
    assert 'flow.py", line 5, in bad' in outcome.log
    assert "ValueError: no luck" in outcome.log
    assert "wye_runtime" not in outcome.log


FAILING = """\
from wye import pipeline, step

@step
def bad(x: int) -> int:
    raise ValueError("no luck")

@step
def after(x: int) -> int:
    return x

@pipeline
def flow() -> int:
    return after(bad(1))
"""


def test_a_retry_heals(kfp: Engine, tmp_path: Path) -> None:
    mark = tmp_path / "attempts"
    spec = compiled(written(tmp_path, HEALED.replace("MARK", str(mark))).source, tmp_path)
    assert spec["root"]["dag"]["tasks"]["twice"]["retryPolicy"]["maxRetryCount"] == 2
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error is None, outcome.log
    assert outcome.text == "3"
    assert "retryPolicy" not in spec["root"]["dag"]["tasks"]["pause"], "half a second is the runner's business"


HEALED = """\
from pathlib import Path
from wye import Retry, pipeline, step

def attempt(path: str) -> int:
    with open(path, "a") as file:
        file.write(".")
    return Path(path).stat().st_size

@step(retry=Retry(2, delay=0))
def twice() -> int:
    n = attempt("MARK")
    if n < 3:
        raise RuntimeError("not yet")
    return n

@step(retry=Retry(1, delay=0.1))
def pause(n: int) -> int:
    if attempt("MARK.2") < 2:
        raise RuntimeError("not yet")
    return n

@pipeline
def flow() -> int:
    return pause(twice())
"""


def test_a_time_out_fails(kfp: Engine, tmp_path: Path) -> None:
    compiled(written(tmp_path, SLOW).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error
    assert "longer than 1 s" in outcome.log


SLOW = """\
import time
from wye import pipeline, step

@step(timeout=1)
def slow() -> int:
    time.sleep(60)
    return 1

@pipeline
def flow() -> int:
    return slow()
"""

MIXED = "python3 $HOME ${X} `id` 'q' \"d\" %s \\ é 🙂"
OVERRIDES = """\
from typing import Any
from wye import pipeline, step

@step
def show(b: bool, i: int, f: float, s: str, xs: list[int], o: int | None, u: Any) -> str:
    return repr((b, i, f, s, xs, o, u))

@pipeline
def flow(b: bool = True, i: int = 1, f: float = 0.5, s: str = "text", xs: list[int] = [1], o: int | None = None, u: Any = "x") -> str:
    return show(b, i, f, s, xs, o, u)
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (True, 1, 0.5, "text", [1], None, "x")),
        ({"b": False, "i": -(2**53) + 1, "f": -0.0}, (False, -(2**53) + 1, -0.0, "text", [1], None, "x")),
        ({"i": 2**53 - 1, "f": 3.0}, (True, 2**53 - 1, 3.0, "text", [1], None, "x")),
        (
            {"s": "python3 $HOME ${X} `id` 'q' \"d\" %s \\ é 🙂"},
            (True, 1, 0.5, "python3 $HOME ${X} `id` 'q' \"d\" %s \\ é 🙂", [1], None, "x"),
        ),
        ({"s": '"{{ds}} \\u007b\\n"'}, (True, 1, 0.5, "{{ds}} {\n", [1], None, "x")),
        ({"s": "12"}, (True, 1, 0.5, "12", [1], None, "x")),
        ({"xs": "[]", "o": "7", "u": "[1, 2]"}, (True, 1, 0.5, "text", [], 7, [1, 2])),
        ({"u": "not json"}, (True, 1, 0.5, "text", [1], None, "not json")),
        ({"o": str(2**64)}, (True, 1, 0.5, "text", [1], 2**64, "x")),
    ],
)
def test_run_parameters(given: dict[str, Any], expected: tuple[Any, ...], kfp: Engine, tmp_path: Path) -> None:
    compiled(written(tmp_path, OVERRIDES).source, tmp_path)
    outcome = kfp.run(tmp_path, given, {})
    assert outcome.error is None, outcome.log
    assert decode(outcome.text or "") == repr(expected)


@pytest.mark.parametrize("given", [{"i": 2**53}, {"i": 1.5}, {"xs": "{}"}, {"xs": "nonsense"}, {"o": "true"}])
def test_wrong_run_parameters_fail(given: dict[str, Any], kfp: Engine, tmp_path: Path) -> None:
    compiled(written(tmp_path, OVERRIDES).source, tmp_path)
    assert kfp.run(tmp_path, given, {}).error


HOSTILE_PROGRAM = '''\
"""{{workflow.name}} {{$}} {{$.inputs.parameters['x']}} {{$.outputs.output_file}} /kfp-workspace"""
import os
from wye import pipeline, step

TEXT = "{{{{ds}}}} $(HOME) $$(HOME) $$$ ${HOME} `id` {% raw %} python3 pip install \u241f \u241f. \u241f\u241f \\\\ \\n é 🙂"

@step(env={"PLAIN": "a b 'c' \\"d\\" %s", "TEMPLATE": "{{workflow.name}}", "VARIABLE": "$(HOME) $$ ${HOME}", "LINES": "a\\nb", "EMPTY": ""})
def show(text: str) -> list[str]:
\tname = "{{" + text + "}}"  # a tab, and trailing blanks   
\treturn [TEXT, name, f"{{{name}}}", __doc__ or "", *(os.environ[k] for k in ("PLAIN", "TEMPLATE", "VARIABLE", "LINES", "EMPTY"))]

@pipeline
def flow() -> list[str]:
    return show("{{$}}" + TEXT)
'''


def test_hostile_program_and_env(kfp: Engine, plain: Any, tmp_path: Path) -> None:
    case = written(tmp_path, HOSTILE_PROGRAM)
    compiled(case.source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error is None, outcome.log
    assert outcome.text == plain(case).value


NOISE = "import random; return ''.join(random.Random(1).choices('abcdefghijklmnopqrstuvwxyz', k=300_000))"
LONG = """\
from wye import pipeline, step

@step
def echo(text: str) -> str:
    return text
{padding}
@pipeline
def flow() -> int:
    return size(echo("{long}"))

@step
def size(text: str) -> int:
    return len(text)
"""


@pytest.mark.parametrize("count", [1, 100_000])
def test_long_values_and_long_modules(count: int, kfp: Engine, tmp_path: Path) -> None:
    padding = "".join(f"    # {i} {'é' * 60}\n" for i in range(2000))
    compiled(written(tmp_path, LONG.format(long="x" * count, padding=padding)).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error is None, outcome.log
    assert outcome.text == str(count)


def test_a_value_over_the_limit_fails_where_it_is_made(kfp: Engine, tmp_path: Path) -> None:
    compiled(written(tmp_path, LONG.format(long="x", padding="").replace("return text", NOISE)).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error
    assert "a Kubeflow parameter" in outcome.log
    assert "'echo'" in outcome.error


TREE = """\
from pathlib import Path
from wye import Secret, pipeline, step

@step
def make() -> Path:
    root = Path("tree")
    (root / "empty" / "below").mkdir(parents=True)
    (root / "a b").mkdir()
    (root / "a b" / "ü.txt").write_text("hi")
    return root

@step
def spoil(tree: Path) -> int:
    (tree / "a b" / "ü.txt").unlink()
    return 1

@step(secrets=[Secret("db", env="PASSWORD"), Secret("db", env="USER_NAME", key="user")])
def names(tree: Path, n: int) -> list[str]:
    import os
    return [os.environ["PASSWORD"], os.environ["USER_NAME"], *sorted(p.relative_to(tree).as_posix() for p in tree.rglob("*"))]

@pipeline
def flow() -> list[str]:
    tree = make()
    return names(tree, spoil(tree))
"""


def test_folders_and_secrets(kfp: Engine, plain: Any, tmp_path: Path) -> None:
    case = written(tmp_path, TREE)
    compiled(case.source, tmp_path)
    variables = {"PASSWORD": "p {{x}}", "USER_NAME": "u"}
    outcome = kfp.run(tmp_path, {}, variables)
    assert outcome.error is None, outcome.log
    assert outcome.text == plain(Case("flow", case.source, variables=variables)).value
    failed = kfp.run(tmp_path, {}, {})
    assert failed.error
    assert "PASSWORD" in failed.log


def test_an_artifact_returned(kfp: Engine, tmp_path: Path) -> None:
    text = TREE.replace("-> list[str]:\n    tree", "-> Path:\n    tree").replace("return names(tree, spoil(tree))", "return tree")
    compiled(written(tmp_path, text).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error is None, outcome.log
    assert (Path(outcome.artifact or "") / "0" / "tree" / "a b" / "ü.txt").read_text() == "hi"


# --- run-time control flow ----------------------------------------------------------------------------------------------------------

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
    spec = compiled(written(tmp_path, TRY.replace("LOG", str(log)).replace("CLEANUP", text)).source, tmp_path)
    assert not beyond(spec)
    outcome = kfp.run(tmp_path, {"n": n}, {}) if local else by_the_rules(tmp_path, kfp.python, {"n": n}, {})
    assert (outcome.error is None) == (n == 0), outcome.log
    between = {"one": "", "several": "before!;", "branches": "x;"}[cleanup]
    assert log.read_text() == f"before;work {n};{between}clean {n};" + "after;" * (n == 0)


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
    spec = compiled(case.source, tmp_path)
    assert beyond(spec)
    same(by_the_rules(tmp_path, kfp.python, case.params, {}, seed), plain(case), spec)


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
    spec = compiled(case.source, tmp_path)
    given = arguments(spec, params)
    outcome = kfp.run(tmp_path, given, {}) if local else by_the_rules(tmp_path, kfp.python, given, {})
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
    spec = compiled(case.source, tmp_path)
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
    spec = compiled(case.source, tmp_path)
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
    spec = compiled(case.source, tmp_path)
    same(kfp.run(tmp_path, {}, {}), plain(case), spec)
    same(by_the_rules(tmp_path, kfp.python, {}, {}), plain(case), spec)


def test_more_items_than_a_parameter_takes_fail_where_they_are_made(kfp: Engine, tmp_path: Path) -> None:
    text = NESTED.replace("list(range(n))", "list(range(400_000))").replace("LOG", str(tmp_path / "log.txt"))
    compiled(written(tmp_path, text).source, tmp_path)
    outcome = kfp.run(tmp_path, {}, {})
    assert outcome.error
    assert "at most" in outcome.log
    assert "'upto'" in outcome.error
