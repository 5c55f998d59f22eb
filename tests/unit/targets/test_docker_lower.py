"""Compose projects as they are lowered: what waits for what, under which guards, what may fail, and what compose could misread."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from wye.backend.capabilities import FEATURES
from wye.backend.target import EmittedFile
from wye.diagnostics import CompileFailed
from wye.driver import compile_source, compile_target
from wye_targets.docker import Docker, DockerOptions
from wye_targets.docker.capabilities import CAPABILITIES
from wye_targets.docker.emit import escaped
from wye_targets.docker.lower import _size

STEPS = """\
from wye import Resources, Retry, Schedule, Secret, each, pipeline, step

@step
def one(n: int = 1) -> int:
    return n

@step
def check(n: int) -> None:
    pass

@step
def yes(n: int) -> bool:
    return n > 0
"""


class Made:
    """A source's build: its compose file, its task files, its other files."""

    def __init__(self, source: str, folder: Path, **settings: Any) -> None:
        file = folder / "flow.py"
        file.write_text(STEPS + source, "utf-8")
        pipeline = compile_source(file)
        pipeline = replace(pipeline, settings=replace(pipeline.settings, **settings))
        files, self.checked = compile_target(pipeline, Docker(), DockerOptions())
        self.files: dict[str, EmittedFile] = {f.path: f for f in files}
        self.compose = yaml.load(self["compose.yaml"], yaml.CSafeLoader)
        self.tasks = {
            p.split("/")[-1].removesuffix(".json"): json.loads(f.text) for p, f in self.files.items() if p.startswith("steps/tasks/")
        }

    def __getitem__(self, path: str) -> str:
        return self.files[path].text

    def waits(self, service: str) -> list[str]:
        return list(self.compose["services"][service].get("depends_on", ()))


def test_every_feature_has_a_row_with_a_link() -> None:
    assert set(CAPABILITIES.rows) == {f.name for f in FEATURES}
    assert [n for n, r in CAPABILITIES.rows.items() if not r.link.startswith("https://")] == []


def test_guards_and_joins(tmp_path: Path) -> None:
    """Tasks of an arm wait for all that the `if` waits for; who reads its result waits for both arms and chooses by the condition."""
    made = Made(
        """
@pipeline
def p(c: bool = True, n: int = 2) -> int:
    a = one(n)
    if c:
        x = one(a)
        if yes(x):
            x = one(7)
    else:
        x = 5
    return one(x)
""",
        tmp_path,
    )
    assert made.waits("one_2") == ["one"]
    assert made.tasks["one_2"]["guards"] == [{"if": {"param": "c"}, "is": True}]
    inner = {"task": "yes", "output": "out", "format": "json"}
    assert made.tasks["one_3"]["guards"] == [{"if": {"param": "c"}, "is": True}, {"if": inner, "is": True}]
    last = made.tasks["one_4"]
    first = {"task": "one_2", "output": "out", "format": "json"}
    chosen = {"select": inner, "then": {"task": "one_3", "output": "out", "format": "json"}, "else": first}
    assert last["inputs"]["n"] == {"select": {"param": "c"}, "then": chosen, "else": {"const": 5}, "format": "json", "type": "int"}
    assert set(made.waits("one_4")) == {"one_3"}
    assert "guards" not in last


def test_clean_up_waits_for_all_of_the_body_and_a_verdict_for_both(tmp_path: Path) -> None:
    made = Made(
        """
@pipeline
def p(n: int = 1) -> int:
    a = one(n)
    try:
        b = one(a)
        check(b)
    finally:
        check(n)
    return one(b)
""",
        tmp_path,
    )
    assert {n for n, t in made.tasks.items() if t.get("soft")} == {"one_2", "check"}
    assert made.tasks["check"]["checks"] == ["one_2"]
    assert made.waits("check_2") == ["check"]
    assert "checks" not in made.tasks["check_2"], "it runs whatever became of the body"
    assert made.tasks["check_2"]["watches"] == ["one_2", "check"]
    assert made.waits("try_1_verdict") == ["check", "check_2"]
    assert made.tasks["try_1_verdict"]["of"] == ["one_2", "check", "check_2"]
    assert made.waits("one_3") == ["try_1_verdict"]


def test_a_try_in_a_try_is_not_entered_when_what_stands_before_it_has_failed(tmp_path: Path) -> None:
    made = Made(
        """
@pipeline
def p(n: int = 1) -> None:
    try:
        check(n)
        try:
            check(one(n))
        finally:
            check(3)
    finally:
        check(4)
""",
        tmp_path,
    )
    inner_final = next(n for n, t in made.tasks.items() if t.get("args") == {"n": {"const": 3}})
    assert made.tasks[inner_final]["checks"] == ["check"]
    assert made.tasks[inner_final]["soft"]
    outer_final = next(n for n, t in made.tasks.items() if t.get("args") == {"n": {"const": 4}})
    assert "checks" not in made.tasks[outer_final]
    assert "soft" not in made.tasks[outer_final]
    inner = made.tasks["try_2_verdict"]
    assert (inner["soft"], inner["checks"]) == (True, ["check"])


def test_continue_makes_every_task_soft_and_a_last_verdict(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p() -> int:\n    a = one()\n    return one(a)\n", tmp_path, on_failure="continue")
    assert [n for n, t in made.tasks.items() if t.get("soft")] == ["one", "one_2"]
    assert made.waits("outputs") == ["verdict"]
    assert "checks" not in made.tasks["verdict"]


def test_two_secrets_for_one_variable_are_two(tmp_path: Path) -> None:
    made = Made(
        """
@step(secrets=[Secret("db-1", env="PW"), Secret("api", env="KEY")])
def a(n: int) -> int:
    return n

@step(secrets=[Secret("db-2", env="PW", key="user"), Secret("api", env="KEY"), Secret("db-2", env="PW_db_1")])
def b(n: int) -> int:
    return n

@pipeline
def p(n: int = 1) -> int:
    return b(a(n))
""",
        tmp_path,
    )
    assert made.compose["services"]["a"]["secrets"] == ["PW_db_1_2", "KEY"]
    assert made.compose["services"]["b"]["secrets"] == ["PW_db_2_user", "KEY", "PW_db_1"]
    assert [s.get("file", s["env"]) for s in made.tasks["b"]["secrets"]] == ["PW_db_2_user", "KEY", "PW_db_1"]
    assert (
        set(made.compose["secrets"]) == {"PW_db_1_2", "PW_db_2_user", "PW_db_1", "KEY"} == set(made.compose["services"]["start"]["secrets"])
    )
    assert "- `PW_db_2_user`: db-2, its entry user\n" in made["README.md"]


def test_nothing_of_the_users_is_interpolated(tmp_path: Path) -> None:
    made = Made(
        """
@step(env={"A": "$HOME ${X:?}", "B": "plain value"}, tags={"k": "$HOME ${X}"}, secrets=[Secret("a", env="T")])
def s(x: str) -> str:
    return x

@pipeline(tags={"$t": "$$"})
def p(x: str = "${HOME}") -> str:
    return s(x + "$HOME")
""",
        tmp_path,
    )
    service = made.compose["services"]["s"]
    assert service["environment"] == {"B": "plain value"}
    assert made.tasks["s"]["env"] == {"A": "$HOME ${X:?}"}
    assert service["labels"]["k"] == "$$HOME $${X}"
    assert service["labels"]["$t"] == "$$$$"
    text = made["compose.yaml"].replace("$$", "").replace("${RUN_ID:-default}", "")
    assert text.count("$") == len(made.compose["services"]), "the key of a tag, once in each: compose leaves keys as they are"
    assert (made.compose["secrets"], service["secrets"]) == ({"T": {"environment": "T"}}, ["T"])
    assert made.compose["services"]["start"]["secrets"] == ["T"], "what is missing is missed before anything runs"
    assert made.compose["services"]["start"]["environment"] == {"PARAM_x": None}
    assert escaped({"a$": ["$x", "${RUN_ID:-default}", 1]}) == {"a$": ["$$x", "${RUN_ID:-default}", 1]}


def test_names_of_services_differ_on_every_file_system(tmp_path: Path) -> None:
    made = Made(
        """
@step(name="Load")
def load1(n: int) -> int:
    return n

@step(name="load")
def load2(n: int) -> int:
    return n

@step(name="start")
def start(n: int) -> int:
    return n

@step(name="outputs")
def outputs(n: int) -> int:
    return n

@pipeline
def Größe(größe: int = 1, Path: int = 2) -> int:
    return outputs(start(load1(größe) + load2(Path)))
""",
        tmp_path,
    )
    names = list(made.compose["services"])
    assert (names[0], names[-1]) == ("start", "outputs")
    assert len({n.casefold() for n in names}) == len(names)
    assert all(set(made.waits(n)) <= set(names[:i]) for i, n in enumerate(names)), "each waits for earlier ones"
    assert all(n == n.lower() for n in names)
    assert made.tasks["outputs"]["op"] == "compute"
    variables = made.compose["services"]["start"]["environment"]
    assert all(v.isascii() and v.startswith("PARAM_") for v in variables)
    assert len(variables) == 2


def test_resources(tmp_path: Path) -> None:
    source = """
@step(resources=Resources({}))
def s() -> int:
    return 1

@pipeline
def p() -> int:
    return s()
"""
    made = Made(source.format('cpu=0.5, memory="1.5Gi", gpu=2'), tmp_path)
    resources = made.compose["services"]["s"]["deploy"]["resources"]
    assert resources["limits"] == {"cpus": "0.5", "memory": "1536m"}
    assert resources["reservations"]["devices"] == [{"driver": "nvidia", "count": 2, "capabilities": ["gpu"]}]
    with pytest.raises(CompileFailed):
        Made(source.format('memory="1Mi"'), tmp_path)
    assert [_size(n) for n in (2 << 30, 3 << 20, 1000, 4096)] == ["2g", "3m", "1000b", "4k"]


def test_a_build_is_known_by_what_it_does(tmp_path: Path) -> None:
    """Another image or another program is another version; a time-out of the run as well."""
    source = "@pipeline\ndef p() -> int:\n    return one()\n"

    def digest(text: str, **settings: Any) -> str:
        return str(json.loads(Made(text, tmp_path, **settings)["steps/pipeline.json"])["digest"])

    same = digest(source)
    assert digest(source) == same
    others = [digest(source.replace("one()", "one(2)")), digest(source, timeout=9.0), digest(source, max_parallel=2)]
    assert len({same, *others}) == 4


def test_a_scheduled_run_is_a_project_of_its_own(tmp_path: Path) -> None:
    source = '@pipeline(schedule=Schedule(cron="0 6 * * *", timezone="UTC", overlap="skip"))\ndef p() -> int:\n    return one()\n'
    line = Made(source, tmp_path)["crontab.txt"].splitlines()[-1]
    assert line.startswith('0 6 * * * cd "$PROJECT" && id=$(date -u +')
    assert "flock -n .wye.lock docker compose -p p-$id up --abort-on-container-failure; docker compose -p p-$id down" in line
    assert "%" not in line.replace("\\%", "")


def test_a_step_that_runs_when_the_run_has_failed(tmp_path: Path) -> None:
    """It waits for all, also for what the pipeline returns; a verdict behind it is the run's final state."""
    source = """
@step
def tell() -> None:
    pass

@pipeline(on_failure=tell)
def p() -> int:
    try:
        a = one()
    finally:
        check(1)
    return a + 1
"""
    made = Made(source, tmp_path)
    assert list(made.tasks["on_failure"]["handles"]) == ["one", "check", "outputs"]
    assert made.waits("on_failure") == ["outputs"]
    assert {n for n, t in made.tasks.items() if t.get("soft") == "always"} == {"check", "try_1_verdict", "outputs", "on_failure"}
    assert made.tasks["outputs"]["checks"] == ["try_1_verdict"]
    assert "checks" not in made.tasks["on_failure"]
    assert (made.waits("verdict"), made.tasks["verdict"]["op"]) == (["on_failure"], "verdict")
    assert "soft" not in made.tasks["verdict"]
    assert made.tasks["verdict"]["of"] == ["one", "check", "try_1_verdict", "outputs", "on_failure"]


def test_images_without_a_registry_of_their_own_come_from_the_stacks() -> None:
    options = DockerOptions(registry="mirror.example.com/hub")
    assert options.where(None) == "mirror.example.com/hub/python:3.11-slim"
    assert [options.where(i) for i in ("a/b:1", "ghcr.io/a", "localhost/x:1")] == [
        "mirror.example.com/hub/a/b:1",
        "ghcr.io/a",
        "localhost/x:1",
    ]
    with pytest.raises(ValueError, match="not a registry"):
        DockerOptions(registry="$HOME")
    with pytest.raises(ValueError, match="not the name of an image"):
        DockerOptions(image="a b")
