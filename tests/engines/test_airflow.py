"""Compiled DAGs run under Airflow 2.10, 2.11 and 3.3: outputs and the run's final state equal the plain Python call.

Airflow takes seconds to import, so each version runs all its cases in one process (`airflow_driver.py`); the tests read its results.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import airflow_control as control
import airflow_straight as straight
import pytest

import wye
from wye.cli.compile import options_for
from wye.driver import compile_source, compile_target
from wye.stacks import Choice, Config
from wye.testing.cases import Case, Outcome, examples, feature_cases, further, plain_call
from wye.testing.environments import engine, python_environment
from wye_targets.airflow import Airflow

ROOT = Path(__file__).parents[2]
VERSIONS = ("2.10.5", "2.11.2", "3.3.2")


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
    "names": Own(straight.NAMES, {"params": 7}),
    "large": Own(straight.LARGE),
    "large_text": Own(straight.LARGE, {"seed": "\n{{ 1 + 1 }}\u202e🎉" * 20000, "n": 3}),
    "files": Own(straight.FILES),
    "returns_file": Own(straight.ARTIFACT, value="done"),  # a path has no wire text
    "required": Own(straight.REQUIRED, {"a": -5, "b": None, "c": '"q" {{ ds }}', "d": 1}),
    "required_list": Own(
        straight.REQUIRED, {"a": 2**53 - 1, "b": [1, 2**60], "c": "", "d": 1e300, "f": ["{{ ds }}", "y"], "e": 2**70, "g": "\0"}
    ),
    "heals": Own(straight.HEALS, marks=True, value="[1,2,3,4]"),  # the plain call has no retries
    "late": Own(straight.LATE, fails=True, marks=True),
    **{
        f"told_{how}": Own(straight.TOLD.replace("def told", f"def told_{how}"), {"how": how}, how != "fine", marks=True)
        for how in ("fine", "first", "raise", "kill", "slow")
    },
    "attempts": Own(straight.ATTEMPTS, value='[[2,"native_2"],[[2,"native[0]"],[3,"native[1]"]],3]'),
    "ordered": Own(straight.ORDER, marks=True),
    "keeps": Own(straight.SECRETS, variables=(("plain.secret", "open sesame"), ("json-secret", '{"password": "p\\"w{{ ds }}"}'))),
    "misses": Own(straight.MISSING_SECRET, fails=True),
    "scheduled": Own(straight.SCHEDULED, {"day": "{{ ds }}"}),
    "interval": Own(straight.INTERVAL),
    "once": Own(straight.ONCE),
    "apart": Own(straight.AIRFLOW_IN_PROGRAM),
    **{
        f"branches_{n}": Own(control.TRACES + control.BRANCHES.replace("branches", f"branches_{n}"), {"n": n}, marks=True)
        for n in (0, 2, 3, 4, 6, 7, 8)
    },
    **{f"maps_{n}": Own(control.TRACES + control.MAPS.replace("maps", f"maps_{n}"), {"n": n}, marks=True) for n in (0, 1, 5, 12)},
    "maps_off": Own(control.TRACES + control.MAPS.replace("maps", "maps_off"), {"flag": False}, marks=True),
    **{
        f"cleans_{n}": Own(control.TRACES + control.FINALLY.replace("cleans", f"cleans_{n}"), {"n": n}, n >= 4, True)
        for n in (1, 2, 3, 4, 5, 6)
    },
    "not_entered": Own(control.TRACES + control.NOT_ENTERED, fails=True, marks=True),
    "verdict": Own(control.TRACES + control.VERDICT, fails=True, marks=True),
    "hidden": Own(control.TRACES + control.HIDDEN, fails=True, marks=True),
    "islands": Own(control.TRACES + control.ISLANDS, marks=True),
    "retried_items": Own(control.TRACES + control.RETRIED_ITEMS, marks=True, value='["open sesame0","open sesame1","open sesame2"]'),
    "too_long": Own(control.TOO_LONG, fails=True),
    "flow_names": Own(control.FLOW_NAMES),
    "stored": Own(control.STORED),
}

FURTHER = further()
SHARED = [c for c in (*feature_cases(ROOT), *examples(ROOT), *FURTHER) if "airflow" in c.targets]
NAMES = (*(c.name for c in SHARED), *OWN)
RUNS = [(version, name) for version in VERSIONS for name in NAMES]


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
            if case in SHARED:  # several of them may have one name
                pipeline = replace(pipeline, name=f"case_{name}")
            files, _ = compile_target(pipeline, Airflow(), options_for(pipeline, "airflow", Choice(None, Config())).value)
        except Exception as error:  # shown by the tests of this case alone
            made.problems[name] = f"{type(error).__name__}: {error}"
            continue
        made.dags[name] = next(f.path for f in files if "/" not in f.path)[:-3]
        for file in files:
            place = made.folder / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.content)
    return made


@pytest.fixture(scope="session")
def plain_marks(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The folder that the plain call of a case gets."""
    return cache(lambda name: tmp_path_factory.mktemp(f"plain-{name}"))


@pytest.fixture(scope="session")
def expected(build: Build, plain_marks: Any) -> Any:
    """The outcome of a case's plain call, in a Python of the same minor version as Airflow's."""

    @cache
    def outcome(name: str) -> Outcome:
        if name in OWN and OWN[name].value is not None:
            return Outcome(OWN[name].value)
        case = build.cases[name]
        requirements = ("pip",) if not case.requirements else case.requirements
        python = python_environment("plain", [*requirements, *(("pyyaml>=6",) if name == "settings" else ())])
        if name in OWN and OWN[name].marks:
            place = str(plain_marks(name))
            case = replace(case, params={**case.params, "marks": place}, variables={**case.variables, "MARKS": place})
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
        wanted = [n for n in NAMES if (version, n) in asked and n in build.dags]
        cases = [
            {"id": n, "dag_id": build.dags[n], "conf": conf(build.cases[n], marks.get(n)), "returns": returns(build, n),
             "env": {"MARKS": marks.get(n, "")}} for n in wanted
        ]  # fmt: skip
        variables = dict(pair for own in OWN.values() for pair in own.variables)
        variables |= {"warehouse-password": "correct horse", "tokens": '{"api": "battery"}'}
        (home / "cases.json").write_text(json.dumps({"cases": cases, "variables": variables, "said": "saying open sesame"}))
        command = [str(python), str(Path(__file__).with_name("airflow_driver.py")), str(home / "cases.json"), str(home / "results.json")]
        with (home / "log").open("w") as log:
            done = subprocess.run(command, env=environment(home, build.folder), cwd=home, stdout=log, stderr=log, timeout=1800)
        said = (home / "log").read_text(errors="replace")
        found = json.loads((home / "results.json").read_text()) if (home / "results.json").exists() else {}
        return {**found, "marks": marks, "log": said, "died": f"exit code {done.returncode}: {said[-4000:]}" if done.returncode else ""}

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
def test_run_equals_the_plain_call(version: str, name: str, build: Build, expected: Any, plain_marks: Any, results: Any) -> None:
    assert name not in build.problems, build.problems[name]
    case = build.cases[name]
    assert name in results(version)["runs"], results(version)["died"]
    ran = results(version)["runs"][name]
    plain = None if name in PLAIN_CANNOT else expected(name)
    if name in OWN and OWN[name].marks and plain:
        wanted, found = (traced(place, case.fails) for place in (plain_marks(name), Path(results(version)["marks"][name])))
        assert found == wanted
    if case.fails:
        assert ran["state"] == "failed", ran
        assert plain is None or plain.value is None
        return
    assert plain
    assert plain.value is not None, plain.error
    assert ran["state"] == "success", ran
    states = {*ran["tasks"].values(), *(s for many in ran["mapped"].values() for s in many)}
    assert states <= ({"success", "skipped"} if has_regions(build, name) else {"success"})
    if name == "returns_file":
        (made,) = Path(ran["outputs"].removeprefix("file://")).rglob("report.txt")
        assert made.read_text() == plain.value
    elif returns(build, name) is None:
        assert plain.value == "null"
    else:
        text = ran["outputs"] if not ran["outputs"].startswith("file:") else Path(ran["outputs"].removeprefix("file://")).read_text("ascii")
        assert text == plain.value


PLAIN_CANNOT = ("late", "too_long", "told_kill", "told_slow")
"""What fails on Airflow alone: a time-out, a process that is killed, and a list that is too long there."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "told"),
    [("told_kill", "!told work None the step's process was killed by SIGKILL (out of memory?) True"),
     ("told_slow", "!told work None the task work[2] failed True")],
)  # fmt: skip
def test_the_step_of_on_failure_is_told_of_what_has_no_exception(version: str, name: str, told: str, build: Build, results: Any) -> None:
    assert results(version)["runs"][name]["state"] == "failed"
    assert traced(Path(results(version)["marks"][name]), True) == ["!clean", told]


def traced(marks: Path, failed: bool) -> list[str]:
    """The steps that say that they ran; after a failure, those that must have, or must not."""
    file = marks / "trace"
    lines = sorted(file.read_text().splitlines()) if file.exists() else []
    return [line for line in lines if not failed or line[0] in "!?"]


def forms(build: Build, name: str) -> dict[str, dict[str, Any]]:
    """The task files of a case, by task."""
    return {f.stem: json.loads(f.read_text("ascii")) for f in (build.folder / f"{build.dags[name]}_steps" / "tasks").iterdir()}


OF_REGIONS = ("join", "branch", "items", "verdict")


def has_regions(build: Build, name: str) -> bool:
    return any(form["op"] in OF_REGIONS or "region" in form or "guards" in form for form in forms(build, name).values())


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
        files = forms(build, name)
        assert set(dag["tasks"]) == set(files), name
        for task, form in files.items():
            found = dag["tasks"][task]
            sources = [s for s in sources_in([form["inputs"], form.get("guards", [])]) if "argument" in s]
            assert {s["task"] for s in sources if s["task"] in files} <= set(found["upstream"])
            assert {s["argument"] for s in sources} <= set(found["op_kwargs"])
            if not has_regions(build, name):
                assert found["upstream"] == sorted({s["task"] for s in sources} | set(form["after"])), (name, task)
                assert (found["rule"], found["expanded"], found["group"]) == ("all_success", [], None)
            assert found["op_args"] == "()"
            assert not found["multiple_outputs"]


def sources_in(form: Any) -> Iterator[dict[str, Any]]:
    """The places where values come from, at any depth."""
    if isinstance(form, dict):
        yield form
        form = list(form.values())
    for part in form if isinstance(form, list) else []:
        yield from sources_in(part)


@pytest.mark.parametrize("name", ["maps_5"])
@pytest.mark.parametrize("version", VERSIONS)
def test_loops_are_mapped_by_airflow(version: str, name: str, build: Build, results: Any) -> None:
    """One task, or one group of tasks, that expands over the items; never `none_failed_min_one_success` in a group."""
    tasks = results(version)["dags"][build.dags[name]]["tasks"]
    group = {t: found for t, found in tasks.items() if found["group"] and not found["expanded"]}
    assert len(group) >= 6
    assert {found["rule"] for found in group.values()} == {"all_success", "none_failed"}
    assert {t for t, found in tasks.items() if found["limit"] == 2}
    mapped = results(version)["runs"][name]["mapped"]
    assert {t for t, found in tasks.items() if found["expanded"] and not found["group"]} <= set(mapped)
    assert {len(mapped[t]) for t in group if tasks[t]["limit"] is None} == {5}
    assert "skipped" in {s for many in mapped.values() for s in many}


@pytest.mark.parametrize("name", ["retried_items"])
@pytest.mark.parametrize("version", VERSIONS)
def test_an_item_is_tried_again_alone(version: str, name: str, results: Any) -> None:
    ran = results(version)["runs"][name]
    assert ran["mapped"] == {"flaky": ["success"] * 3}
    assert ran["tries"]["flaky"] == 2


@pytest.mark.parametrize("name", ["too_long"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_list_above_the_limit_fails_where_it_is_counted(version: str, name: str, results: Any) -> None:
    ran = results(version)["runs"][name]["tasks"]
    assert (ran["rows"], ran["for_1_items"], ran["inc"]) == ("success", "failed", "upstream_failed")
    assert "is longer than Airflow's limit, [core] max_map_length = 1024" in results(version)["log"]


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
    for name, dag_id in build.dags.items():
        text = (build.folder / f"{dag_id}.py").read_bytes()
        tree = ast.parse(text.decode("ascii"), feature_version=(3, 9))
        body = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name != "run_step").body
        groups = [n for n in body if isinstance(n, ast.FunctionDef) and "task_group" in ast.dump(n.decorator_list[0])]
        parts = [*body, *(s for g in groups for s in g.body)]
        defined = [n.name for n in parts if isinstance(n, ast.FunctionDef)]
        assert len(defined) == len(set(defined))
        given = [n.id for s in body if isinstance(s, ast.Assign) for t in s.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        assert len(given) == len(set(given))
        assert not set(given) & set(defined)
        given += [t.id for g in groups for s in g.body if isinstance(s, ast.Assign) for t in s.targets if isinstance(t, ast.Name)]
        used = {n.id for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        local = {a.arg for s in parts if isinstance(s, ast.FunctionDef) for a in s.args.args}
        assert used <= {*defined, *given, *local, "task", "task_group", "run_step", "timedelta", "dict"}
        steps = build.folder / f"{dag_id}_steps"
        for form in forms(build, name).values():
            for program in {n["program"] for n in sources_in(form) if isinstance(n.get("program"), str)}:
                assert (steps / "programs" / program / "lines.json").is_file()
        assert (steps / "wye_runtime" / "plan.py").exists() is any(f["op"] == "island" for f in forms(build, name).values())
