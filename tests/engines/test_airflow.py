"""Compiled DAGs run under Airflow 2.10, 2.11 and 3.3: outputs and the run's final state equal the plain Python call.

Airflow takes seconds to import, so each version runs all its cases in one process (`airflow_driver.py`); the tests read its results.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import textwrap
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import wye
from wye.driver import compile_source, compile_target
from wye.testing.cases import Case, Outcome, examples, feature_cases, further, plain_call
from wye.testing.environments import engine, python_environment
from wye_targets.airflow import Airflow, AirflowOptions

ROOT = Path(__file__).parents[2]
VERSIONS = ("2.10.5", "2.11.2", "3.3.2")

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

@pipeline(schedule=Schedule(every="6h", catchup=True, overlap="queue"))
def interval() -> int:
    return one()
"""

ONCE = INTERVAL.replace('every="6h", catchup=True, overlap="queue"', 'at="2025-03-01T04:30:00+02:00"').replace("interval", "once")

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


@dataclass(frozen=True)
class Own:
    """A case of this suite. `marks`: it gets a folder of its own as the parameter of that name. `value`: what a run returns where the
    plain call does not say it."""

    source: str
    params: dict[str, Any] | None = None
    fails: bool = False
    marks: bool = False
    value: str | None = None
    variables: tuple[tuple[str, str], ...] = ()


OWN = {
    "names": Own(NAMES, {"params": 7}),
    "large": Own(LARGE),
    "large_text": Own(LARGE, {"seed": "\n{{ 1 + 1 }}\u202e🎉" * 20000, "n": 3}),
    "files": Own(FILES),
    "returns_file": Own(ARTIFACT, value="done"),  # a path has no wire text
    "required": Own(REQUIRED, {"a": -5, "b": None, "c": '"q" {{ ds }}', "d": 1}),
    "required_list": Own(REQUIRED, {"a": 2**53 - 1, "b": [1, 2**60], "c": "", "d": 1e300, "f": ["{{ ds }}", "y"], "e": 2**70, "g": "\0"}),
    "heals": Own(HEALS, marks=True, value="[1,2,3,4]"),  # the plain call has no retries
    "late": Own(LATE, fails=True, marks=True),
    "ordered": Own(ORDER, marks=True),
    "keeps": Own(SECRETS, variables=(("plain.secret", "open sesame"), ("json-secret", '{"password": "p\\"w{{ ds }}"}'))),
    "misses": Own(MISSING_SECRET, fails=True),
    "scheduled": Own(SCHEDULED, {"day": "{{ ds }}"}),
    "interval": Own(INTERVAL),
    "once": Own(ONCE),
    "apart": Own(AIRFLOW_IN_PROGRAM),
}

SHARED = [c for c in (*feature_cases(ROOT), *examples(ROOT), *further()) if "airflow" in c.targets]
ON_OLDEST = ("hostile_strings", "values", "parameters", "outputs", "order", "failing", "artifacts", "settings")
"""What runs on 2.10 too; every case is parsed there."""

RUNS = [(v, n) for v in VERSIONS for n in (*(c.name for c in SHARED), *OWN) if v != VERSIONS[0] or n in ON_OLDEST or n in OWN]


# --- what is run ------------------------------------------------------------------------------------------------------------------


_NONE = SimpleNamespace(params={})


@dataclass(frozen=True)
class Build:
    """All cases, compiled into one DAG folder: the DAG of each and the values of its parameters, as `wye run` takes them."""

    folder: Path
    cases: dict[str, Case]
    dags: dict[str, str]
    problems: dict[str, str]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    base = tmp_path_factory.mktemp("airflow")
    made = Build(base / "dags", {}, {}, {})
    made.folder.mkdir()
    for name, own in OWN.items():
        source = base / "own" / name / f"own_{name}.py"
        source.parent.mkdir(parents=True)
        source.write_text(textwrap.dedent(own.source), "utf-8")
        made.cases[name] = Case(name, source, own.params or {}, own.fails)
    for case in SHARED:
        made.cases[case.name] = case
    for name, case in made.cases.items():
        try:
            pipeline = compile_source(case.source)
            files, _ = compile_target(pipeline, Airflow(), AirflowOptions())
        except Exception as error:  # shown by the tests of this case alone
            made.problems[name] = f"{type(error).__name__}: {error}"
            continue
        made.dags[name] = next(f.path for f in files if "/" not in f.path)[:-3]
        for file in files:
            place = made.folder / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(file.text, "utf-8")
    return made


@pytest.fixture(scope="session")
def expected(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The outcome of a case's plain call, in a Python of the same minor version as Airflow's."""

    @cache
    def outcome(name: str) -> Outcome:
        if name in OWN and OWN[name].value is not None:
            return Outcome(OWN[name].value)
        case = build.cases[name]
        requirements = ("pip",) if not case.requirements else case.requirements
        python = python_environment("plain", [*requirements, *(("pyyaml>=6",) if name == "settings" else ())])
        if name in OWN and OWN[name].marks:
            case = replace(case, params={**case.params, "marks": str(tmp_path_factory.mktemp("plain"))})
        if name == "keeps":
            case = replace(case, variables={"ONE": "open sesame", "TWO": 'p"w{{ ds }}'})
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", str(Path(wye.__file__).parents[1]))
            return plain_call(case, python=str(python))

    return outcome


@pytest.fixture(scope="session")
def results(build: Build, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Any:
    """What the driver reports for a version; all its cases that this session asks for run at the first question."""
    asked = {
        (p["version"], p["name"])
        for p in (getattr(i, "callspec", _NONE).params for i in request.session.items)
        if {"version", "name"} <= p.keys()
    }

    @cache
    def run(version: str) -> dict[str, Any]:
        python = engine(f"airflow-{version}", [f"apache-airflow=={version}"])
        home = tmp_path_factory.mktemp(f"home-{version}")
        marks = {n: str(tmp_path_factory.mktemp(f"marks-{n}")) for n, own in OWN.items() if own.marks}
        wanted = [n for v, n in RUNS if v == version and (v, n) in asked and n in build.dags]
        cases = [
            {"id": n, "dag_id": build.dags[n], "conf": conf(build.cases[n], marks.get(n)), "returns": returns(build, n)} for n in wanted
        ]
        variables = dict(pair for own in OWN.values() for pair in own.variables)
        variables |= {"warehouse-password": "correct horse", "tokens": '{"api": "battery"}'}
        (home / "cases.json").write_text(json.dumps({"cases": cases, "variables": variables, "said": "saying open sesame"}))
        command = [str(python), str(Path(__file__).with_name("airflow_driver.py")), str(home / "cases.json"), str(home / "results.json")]
        with (home / "log").open("w") as log:
            done = subprocess.run(command, env=environment(home, build.folder), cwd=home, stdout=log, stderr=log, timeout=1800)
        said = (home / "log").read_text(errors="replace")
        found = json.loads((home / "results.json").read_text()) if (home / "results.json").exists() else {}
        return {**found, "marks": marks, "log": said, "died": said[-4000:] if done.returncode else ""}

    return run


def returns(build: Build, name: str) -> str | None:
    """The task that holds the pipeline's value."""
    files = (build.folder / f"{build.dags[name]}_steps" / "tasks").iterdir()
    return next((f.stem for f in files if json.loads(f.read_text("ascii")).get("returns")), None)


def environment(home: Path, dags: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "PYTHON", "WYE_"))}
    return kept | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor" if "-3." in home.name else "SequentialExecutor",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
    }


def conf(case: Case, marks: str | None) -> dict[str, Any]:
    """A run's `conf`: declared scalars as they are, all else as JSON text; so too what would not survive as a scalar."""
    given = {**case.params, **({"marks": marks} if marks else {})}
    declared = {p.name: p.type for p in compile_source(case.source).parameters} if given else {}
    native = {"bool": bool, "int": int, "float": (int, float), "str": str}

    def scalar(name: str, value: Any) -> bool:
        kind = declared[name]
        fits = isinstance(kind, str) and isinstance(value, native.get(kind, ()))
        return fits and not (kind == "int" and abs(value) >= 2**53) and not (kind == "str" and "\0" in value)

    return {k: v if scalar(k, v) else json.dumps(v) for k, v in given.items()}


# --- the tests --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "name"), RUNS)
def test_run_equals_the_plain_call(version: str, name: str, build: Build, expected: Any, results: Any) -> None:
    assert name not in build.problems, build.problems[name]
    case = build.cases[name]
    assert name in results(version)["runs"], results(version)["died"]
    ran = results(version)["runs"][name]
    if case.fails:
        assert ran["state"] == "failed", ran
        assert name == "late" or expected(name).value is None  # a time-out is the one failure that the plain call does not have
        return
    plain = expected(name)
    assert plain.value is not None, plain.error
    assert ran["state"] == "success", ran
    assert set(ran["tasks"].values()) == {"success"}
    if name == "returns_file":
        (made,) = Path(ran["outputs"].removeprefix("file://")).rglob("report.txt")
        assert made.read_text() == plain.value
    elif returns(build, name) is None:
        assert plain.value == "null"
    else:
        text = ran["outputs"] if not ran["outputs"].startswith("file:") else Path(ran["outputs"].removeprefix("file://")).read_text("ascii")
        assert text == plain.value


@pytest.mark.parametrize("version", VERSIONS)
def test_parsing_imports_no_code_of_the_pipelines(version: str, build: Build, results: Any) -> None:
    found = results(version)
    assert (found["died"], found["version"]) == ("", version)
    assert found["import_errors"] == {}
    assert found["modules"] == []
    assert found["files"] == sorted({f"{d}.py" for d in build.dags.values()})


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("syntax", ["regexp", "glob"])
def test_no_file_of_the_steps_folder_is_looked_at(version: str, syntax: str, build: Build, results: Any) -> None:
    assert results(version)["found"][syntax] == sorted({f"{d}.py" for d in build.dags.values()})


@pytest.mark.parametrize("version", VERSIONS)
def test_tasks_are_as_the_pipeline_says(version: str, build: Build, results: Any) -> None:
    """Every task's id, upstream tasks and arguments; no value of the user's in a templated field; one XCom per task."""
    for name, dag_id in build.dags.items():
        dag = results(version)["dags"][dag_id]
        forms = {f.stem: json.loads(f.read_text("ascii")) for f in (build.folder / f"{dag_id}_steps" / "tasks").iterdir()}
        assert set(dag["tasks"]) == set(forms), name
        for task, form in forms.items():
            read = {s["task"] for s in form["inputs"].values() if "task" in s}
            assert dag["tasks"][task]["upstream"] == sorted(read | set(form["after"])), (name, task)
            assert dag["tasks"][task]["op_kwargs"] == sorted(s["argument"] for s in form["inputs"].values() if "task" in s)
            assert dag["tasks"][task]["op_args"] == "()"
            assert dag["tasks"][task]["multiple_outputs"] is False


@pytest.mark.parametrize("version", VERSIONS)
def test_schedule_is_airflows_own(version: str, build: Build, results: Any) -> None:
    dags = results(version)["dags"]
    cron = dags[build.dags["scheduled"]]
    assert "15 6 * * mon-fri" in cron["schedule"]
    assert (cron["catchup"], cron["max_active_runs"], cron["tags"]) == (False, 1, ["flag", "team:growth"])
    assert cron["start_date"].startswith("2026-01-0")
    assert {t["execution_timeout"] for i, t in cron["tasks"].items() if i != "outputs"} == {3600.0}
    interval = dags[build.dags["interval"]]
    assert "0 */6 * * *" in interval["schedule"]
    assert (interval["catchup"], interval["max_active_runs"]) == (True, 1)
    once = datetime.fromisoformat(dags[build.dags["once"]]["start_date"])
    assert once == datetime.fromisoformat("2025-03-01T04:30:00+02:00")


@pytest.mark.parametrize("name", ["heals"])
@pytest.mark.parametrize("version", VERSIONS)
def test_retries_are_airflows_own_or_the_runners(version: str, name: str, build: Build, results: Any) -> None:
    tries = results(version)["runs"][name]["tries"]
    assert (tries["constant"], tries["exponential"], tries["in_process"], tries["late"]) == (3, 2, 1, 2)


@pytest.mark.parametrize("name", ["late"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_timeout_leaves_no_process(version: str, name: str, results: Any) -> None:
    pid = int(Path(results(version)["marks"][name], "pids").read_text())
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]


@pytest.mark.parametrize("name", ["keeps"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_secret_is_masked_in_the_log(version: str, name: str, results: Any) -> None:
    assert results(version)["runs"][name]["state"] == "success"
    assert results(version)["redacted"] == "saying ***"


def test_dag_files_are_sound(build: Build) -> None:
    """Valid Python 3.9 in ASCII, every function and variable defined once and before its use, every task file and program there."""
    assert build.problems == {}
    for dag_id in build.dags.values():
        text = (build.folder / f"{dag_id}.py").read_bytes()
        tree = ast.parse(text.decode("ascii"), feature_version=(3, 9))
        body = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name != "run_step").body
        defined = [n.name for n in body if isinstance(n, ast.FunctionDef)]
        defined += [t.id for n in body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)]
        assert len(defined) == len(set(defined))
        used = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        local = {a.arg for s in body if isinstance(s, ast.FunctionDef) for a in s.args.args}
        assert used <= {*defined, *local, "task", "run_step", "timedelta", "dict"}
        steps = build.folder / f"{dag_id}_steps"
        for file in (steps / "tasks").iterdir():
            program = json.loads(file.read_text("ascii")).get("program")
            assert program is None or (steps / "programs" / program / "lines.json").is_file()
