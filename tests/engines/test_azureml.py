"""Pipeline jobs by the documented rules of Azure Machine Learning: a run comes to what the plain call comes to, in value and final state.

`azureml_interpreter.py` runs the compiled files alone: commands in bash, the adapter, the runner and the steps in processes of their own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import azureml_interpreter as azureml
import pytest

from wye.backend.write import write_build
from wye.driver import compile_source, compile_target
from wye.runtime.values import decode
from wye.testing.cases import Case, Outcome, examples, feature_cases, further, plain_call
from wye_targets.azureml import Azureml, AzuremlOptions

ROOT = Path(__file__).parents[2]
CASES = {c.name: c for c in (*feature_cases(ROOT), *examples(ROOT), *further()) if "azureml" in c.targets}


def built(source: Path, folder: Path, options: AzuremlOptions | None = None) -> Path:
    """Compile it as anybody would."""
    files, _ = compile_target(compile_source(source), Azureml(), options or AzuremlOptions())
    write_build(folder, files)
    return folder


@contextmanager
def vault(secrets: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """A key vault and the endpoint of a managed identity: its address, and the variables by which a job finds the endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            query = {k: v[0] for k, v in parse_qs(asked.query).items()}
            name = asked.path.removeprefix("/secrets/")
            status, answer = 403, {"error": "no"}
            if asked.path == "/msi" and self.headers["secret"] == "s3" and query["resource"] == "https://vault.azure.net":
                status, answer = 200, {"access_token": "t0", "expires_on": 1}
            elif self.headers["Authorization"] == "Bearer t0" and query.get("api-version") == "7.4":
                status, answer = (200, {"value": secrets[name]}) if name in secrets else (404, {"error": "SecretNotFound"})
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *about: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield address, {"MSI_ENDPOINT": f"{address}/msi", "MSI_SECRET": "s3"}
    finally:
        server.shutdown()
        server.server_close()


def secrets_of(build: Path, variables: dict[str, str]) -> dict[str, str]:
    """What the vault holds: what the variables of the case hold, under the names that the tasks ask for."""
    found: dict[str, str] = {}
    for form in json.loads((build / "code" / "pipeline.json").read_text("utf-8"))["tasks"].values():
        for s in form.get("secrets", ()):
            value = variables.get(s["env"], "")
            found[s["name"]] = json.dumps({s["key"]: value}) if s.get("key") else value
    return found


def texts(params: dict[str, Any]) -> dict[str, Any]:
    return {n: v if isinstance(v, bool | int) else json.dumps(v).replace("'", "\\u0027") for n, v in params.items()}


def missing(case: Case) -> list[str]:
    """What the case's steps import and this interpreter does not have."""
    installed = {d.name.lower() for d in metadata.distributions()}
    return [r for r in case.requirements if r.partition("==")[0].lower() not in installed]


def agree(expected: Outcome, run: azureml.Run) -> None:
    """Value and final state are those of the plain call."""
    if expected.value is None:
        assert run.state == "Failed", f"{expected.error}\n{run.log}"
    else:
        assert run.state == "Completed", run.log
        assert (run.outputs or "null") == expected.value, run.log


@pytest.mark.parametrize("name", CASES)
def test_a_run_equals_the_plain_call(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    if missing(case):
        pytest.skip(f"{name} needs {', '.join(missing(case))}")
    build = built(case.source, tmp_path / "build")
    there = azureml.deploy(build)
    with vault(secrets_of(build, case.variables)) as (address, env):
        given = texts(case.params) | ({"key_vault": address} if "key_vault" in there.job.get("inputs", {}) else {})
        run = azureml.run(there, tmp_path / "run", given, env, seed=len(name))
    expected = plain_call(case)
    assert (expected.value is None) == case.fails, expected.error
    agree(expected, run)


# --- what no case says ------------------------------------------------------------------------------------------------------------------

STEPS = """\
import os, time
from datetime import datetime
from pathlib import Path
from wye import Cache, Failure, Retry, ScheduledTime, Secret, context, pipeline, step

@step
def one(n: int = 1) -> int:
    return n

@step(cache=True)
def kept(n: int) -> int:
    print("kept runs")
    return n + 1

@step
def folder(n: int) -> Path:
    Path("all/none").mkdir(parents=True)
    Path("all/empty.txt").touch()
    return Path("all")

@step
def look(place: Path) -> list[str]:
    return sorted(f"{p.relative_to(place)} {p.is_dir()}" for p in place.rglob("*"))

@step
def boom(text: str) -> int:
    raise ValueError(text)

@step
def check(n: int) -> None:
    print("check", n)
"""


class Made:
    """A source's pipeline job, and its runs."""

    def __init__(self, source: str, folder: Path, options: AzuremlOptions | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.count = folder, 0
        (folder / "flow.py").write_text(STEPS + source, "utf-8")
        self.build = built(folder / "flow.py", folder / "build", options)
        self.there = azureml.deploy(self.build)

    def run(self, given: dict[str, Any] | None = None, env: dict[str, str] | None = None, **more: Any) -> azureml.Run:
        self.count += 1
        return azureml.run(self.there, self.folder / f"run{self.count}", given, env, **more)


def test_what_is_reused_and_what_is_not(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p(n: int = 1) -> tuple[int, int]:\n    return kept(kept(n)), kept(one(n))\n", tmp_path)
    first, second, third = made.run(), made.run(), made.run({"n": 5})
    assert (first.reused, first.outputs) == ([], second.outputs)
    assert sorted(second.reused) == ["kept", "kept_2"], "what reads a job that ran again runs again"
    assert second.log.count("kept runs") == 1
    assert (third.reused, decode(str(third.outputs))) == ([], (7, 6))


def test_parameters_of_a_run(tmp_path: Path) -> None:
    long = "long " * 300
    signature = f'n: int = 1, b: bool = False, s: str = "{long}", f: float = 0.1, k: str = "it\'s $HOME"'
    made = Made(f'@pipeline\ndef p({signature}) -> str:\n    return f"{{one(n)}} {{b}} {{s}} {{f}} {{k}}"\n', tmp_path)
    assert made.run().outputs == json.dumps(f"1 False {long} 0.1 it\\u0027s \\u0024HOME").replace("\\\\", "\\")
    given = {"n": -7, "b": True, "s": '"null"', "f": 1e-7, "k": '"a\\u0027b"'}
    assert decode(str(made.run(given).outputs)) == "-7 True null 1e-07 a'b"
    assert decode(str(made.run({"s": "null {{ds}} $HOME", "k": "007"}).outputs)) == "1 False null {{ds}} $HOME 0.1 007"
    wrong = made.run({"f": "much"})
    assert (wrong.state, wrong.outputs) == ("Failed", None)
    assert "parameter f: not JSON of float" in wrong.log
    need = Made("@pipeline\ndef p(n: int) -> int:\n    check(2)\n    return one(n)\n", tmp_path / "need")
    nothing = need.run()
    assert (nothing.state, "check 2" in nothing.log) == ("Failed", False)
    assert "parameter n has no default and no value; give the input n" in nothing.log
    assert need.run({"n": 3}).outputs == "3"


def test_folders_arrive_with_what_blobs_do_not_keep(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p() -> list[str]:\n    return look(folder(2))\n", tmp_path)
    assert decode(str(made.run().outputs)) == ["empty.txt False", "none True"]


def test_a_lost_machine_fails_the_run_without_its_clean_up(tmp_path: Path) -> None:
    body = "    try:\n        a = one(1)\n    finally:\n        check(2)\n    return a\n"
    run = Made(f"@pipeline\ndef p() -> int:\n{body}", tmp_path).run(lost=frozenset({"one"}))
    assert (run.state, "check 2" in run.log) == ("Failed", False)


def test_a_run_that_takes_too_long(tmp_path: Path) -> None:
    wait = "@step\ndef wait() -> int:\n    time.sleep(60)\n    return 1\n\n"
    told = "@step\ndef note(f: Failure) -> None:\n    print('told', f.task_id, f.message)\n\n"
    for settings, more in (("", ""), (", on_failure=note", "told None the run took longer than 3 s")):
        made = Made(
            f"{wait}{told}@pipeline(timeout='3s'{settings})\ndef p() -> int:\n    return wait()\n", tmp_path / (settings or "-")[2:]
        )
        run = made.run()
        assert run.state == "Failed"
        assert "the run took longer than 3 s" in run.log
        assert more in run.log


def test_failures_and_what_comes_after(tmp_path: Path) -> None:
    body = "    try:\n        boom('no')\n    finally:\n        check(7)\n"
    for settings in ("", "on_failure='continue'"):
        made = Made(f"@pipeline({settings})\ndef p() -> None:\n{body}    check(8)\n", tmp_path / f"a{settings[:1]}")
        for seed in range(3):
            run = made.run(seed=seed)
            assert (run.state, "check 7" in run.log, "check 8" in run.log) == ("Failed", True, False)
    other = Made("@pipeline(on_failure='continue')\ndef p() -> int:\n    check(one(9))\n    return boom('no')\n", tmp_path / "b")
    assert all((run.state, "check 9" in run.log) == ("Failed", True) for run in (other.run(seed=s) for s in range(3)))
    note = "@step\ndef note(f: Failure) -> None:\n    print('told', f.task_id, f.error_type, f.message, f.run_id)\n\n"
    told = Made(f"{note}@pipeline(on_failure=note)\ndef p(t: str = 'no') -> int:\n    return boom(t)\n", tmp_path / "c").run()
    assert (told.state, "told boom ValueError no busy_leaf_1" in told.log) == ("Failed", True)
    assert told.results["verdict"] == "Failed"


def test_the_time_for_which_a_run_is_meant(tmp_path: Path) -> None:
    source = """
from wye import Schedule

@step
def say(day: datetime) -> str:
    c = context()
    return f"{day.isoformat()} {c.scheduled_time.isoformat()} {c.run_id} {c.attempt} {c.pipeline} {c.task_id}"

@pipeline(schedule=Schedule(cron="0 6 * * *"))
def p(day: datetime = ScheduledTime()) -> tuple[str, datetime]:
    return say(day), day
"""
    made = Made(source, tmp_path)
    time = "2026-03-22T18:59:43+00:00"
    for text in ("2026-03-22T18:59:43.0000000Z", "2026-03-22 18:59:43", "2026-03-22T19:59:43+01:00"):
        said, day = decode(str(made.run({"scheduled_time": text}).outputs))
        assert (said, day) == (f"{time} {time} busy_leaf_1 1 p say", datetime(2026, 3, 22, 18, 59, 43, tzinfo=UTC))
    other = made.run({"day": "2020-01-01T00:00:00Z", "scheduled_time": time})
    assert decode(str(other.outputs))[0].startswith(f"2020-01-01T00:00:00+00:00 {time}")
    by_hand = made.run()
    said, day = decode(str(by_hand.outputs))
    assert said.split()[0] == said.split()[1] == day.isoformat()
    unclear = made.run({"scheduled_time": "03/22/2026 18:59"})
    assert (unclear.state, "not a time: '03/22/2026 18:59'" in unclear.log) == ("Failed", True)


def test_secrets_of_a_vault(tmp_path: Path) -> None:
    source = """
@step(secrets=[Secret("db", env="PW"), Secret("both", env="TOKEN", key="api")])
def use() -> str:
    return os.environ["PW"] + os.environ["TOKEN"]

@pipeline
def p() -> str:
    return use()
"""
    made = Made(source, tmp_path)
    with vault({"db": "a$b", "both": '{"api": "x\'y"}'}) as (address, env):
        assert decode(str(made.run({"key_vault": address}, env).outputs)) == "a$bx'y"
        assert "give the input key_vault" in made.run({}, env).log
        assert "cannot be read: 403" in made.run({"key_vault": address}, {**env, "MSI_SECRET": "other"}).log
    with vault({"db": "a"}) as (address, env):
        assert "the secret 'both' cannot be read: 404" in made.run({"key_vault": address}, env).log
        cleaned = "    try:\n        return use()\n    finally:\n        check(3)\n"
        after = Made(source.replace("    return use()\n", cleaned), tmp_path / "b").run({"key_vault": address}, env)
        assert (after.state, "check 3" in after.log) == ("Failed", True), "a secret that is not there fails a step like any other"


def test_what_the_platform_would_refuse_is_refused(tmp_path: Path) -> None:
    made = Made("@pipeline\ndef p(s: str = 'x') -> int:\n    return len(s)\n", tmp_path)
    with pytest.raises(azureml.Refused, match="no such inputs"):
        made.run({"t": "x"})
    (made.build / "code" / ".gitignore").write_text("programs\n")
    with pytest.raises(azureml.Refused, match="left out of the upload"):
        azureml.deploy(made.build)
