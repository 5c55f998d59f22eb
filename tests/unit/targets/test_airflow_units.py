"""The Airflow target's parts that need no Airflow: its decisions, its Python literals, and the adapter that runs a step."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
import types
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from wye import runtime
from wye.backend.capabilities import FEATURES
from wye.diagnostics import Span
from wye.ir import model as ir
from wye.sdk.settings import Retry, Schedule
from wye_targets.airflow import adapter
from wye_targets.airflow.capabilities import CAPABILITIES, AirflowOptions, native_backoff
from wye_targets.airflow.lower import _instant, _param, literal

SPAN = Span("p.py", 1, 1, 1, 2)


def test_every_feature_has_a_row_with_airflows_own_page() -> None:
    assert set(CAPABILITIES.rows) == {f.name for f in FEATURES}
    assert all(r.link.startswith("https://airflow.apache.org/docs/") for r in CAPABILITIES.rows.values())
    assert all(r.help for n, r in CAPABILITIES.rows.items() if r.level == "rejected" and n.startswith("step."))


@pytest.mark.parametrize(
    ("retry", "native"),
    [
        (Retry(1, delay=30, backoff=7), False),  # one delay only: there is nothing to multiply
        (Retry(3, delay=30, backoff=1), False),
        (Retry(3, delay="10m", backoff=2), False),  # capped from the first delay on
        (Retry(3, delay=30), True),
        (Retry(3, delay=30, backoff=3), None),
        (Retry(20, delay="1h", backoff=2, max_delay="7d"), None),
    ],
)
def test_backoff_is_airflows_own_only_where_it_means_the_same(retry: Retry, native: bool | None) -> None:
    assert native_backoff(retry) is native
    level = CAPABILITIES.row("step.retry", retry, AirflowOptions()).level
    assert level == ("emulated" if native is None else "native")


@pytest.mark.parametrize(
    ("feature", "schedule", "level"),
    [
        ("every", Schedule(every="6h"), "native"),
        ("every", Schedule(every="6h", start="2026-01-01T01:30"), "native"),
        ("every", Schedule(every="7h"), "rejected"),
        ("cron", Schedule(cron="0 6 * * *", timezone="Europe/Zurich"), "native"),
        ("cron", Schedule(cron="30 2 * * *", timezone="Europe/Zurich"), "rejected"),
        ("catchup", Schedule(cron="0 6 * * *", catchup=True), "rejected"),
        ("catchup", Schedule(cron="0 6 * * *", catchup=True, start="2026-01-01"), "native"),
    ],
)
def test_schedules(feature: str, schedule: Schedule, level: str) -> None:
    row = CAPABILITIES.row(f"schedule.{feature}", schedule, AirflowOptions())
    assert row.level == level
    assert row.help or level == "native"


@pytest.mark.parametrize(
    ("overlap", "catchup", "level"),
    [
        ("allow", False, "native"),
        ("skip", False, "native"),
        ("skip", True, "rejected"),
        ("queue", True, "native"),
        ("queue", False, "rejected"),
        ("replace", False, "rejected"),
    ],
)
def test_overlap(overlap: Any, catchup: bool, level: str) -> None:
    schedule = Schedule(cron="0 6 * * *", overlap=overlap, catchup=catchup)
    assert CAPABILITIES.row("schedule.overlap", schedule, AirflowOptions()).level == level


def test_a_store_is_a_folder_or_an_address() -> None:
    for feature in ("stack.store", "artifact.file", "artifact.bytes", "artifact.object"):
        row = CAPABILITIES.row(feature, None, AirflowOptions(store="s3://bucket"))
        assert (row.level, "s3fs" in row.how) == ("emulated", True)
        assert CAPABILITIES.row(feature, None, AirflowOptions(store="/mnt/store")).level == "native"
    assert "an object" in CAPABILITIES.row("output.parameter", None, AirflowOptions(store="s3://bucket")).how
    with pytest.raises(ValueError, match="no driver for a store at nfs://"):
        AirflowOptions(store="nfs://host/a")


@pytest.mark.parametrize("value", ["", "a'b\"c\\", "{{ ds }}\n\0\x7f\u202e🎉é", "'", '"', True, None, -3, 1.5, 1e300])
def test_literals_are_ascii_python(value: Any) -> None:
    assert literal(value).isascii()
    assert ast.literal_eval(literal(value)) == value


def test_instants() -> None:
    assert _instant("2026-01-05", "Europe/Zurich") == 'pendulum.datetime(2026, 1, 5, tz="Europe/Zurich")'
    assert _instant("2026-01-05T06:00:30", "UTC") == 'pendulum.datetime(2026, 1, 5, 6, 0, 30, tz="UTC")'
    assert _instant("2026-01-05T06:00:00+02:00", "UTC") == 'pendulum.parse("2026-01-05T06:00:00+02:00")'


@pytest.mark.parametrize(
    ("kind", "default", "says"),
    [
        ("str", '"a\\"b"', 'Param(\'a"b\', type="string")'),
        ("str", '"\\u0000"', 'Param(\'"\\\\u0000"\', type="string", description="str, as JSON")'),
        ("str", None, 'Param(type="string")'),
        ("bool", "true", 'Param(True, type="boolean")'),
        ("int", "9007199254740993", 'Param("9007199254740993", type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1)'),
        ("float", "1.0", 'Param(1.0, type="number")'),
        ("float", '{"$float": "nan"}', 'Param(\'{"$float": "nan"}\', type="string", description="float, as JSON")'),
        (("list", "str"), '["a"]', 'Param(\'["a"]\', type=["string", "array"], description="list[str], as JSON")'),
        (("dict", "str", "int"), "{}", 'Param("{}", type="string", description="dict[str, int], as JSON")'),
        (("union", "int", "none"), "null", 'Param("null", type="string", description="int | None, as JSON")'),
        ("any", None, 'Param(type="string", description="Any, as JSON")'),
        ("datetime", None, 'Param(type="string", format="date-time")'),
    ],
)
def test_params(kind: Any, default: str | None, says: str) -> None:
    value = None if default is None else ir.Const(default, kind, SPAN)
    assert _param(ir.Parameter("p", kind, value, SPAN)) == says


# --- the adapter ------------------------------------------------------------------------------------------------------------------


def test_values_are_found_where_they_are() -> None:
    context = {"params": {"n": 3.0, "big": "9007199254740993", "s": "3", "j": "[1]", "l": ["a"]}}

    def found(param: str, kind: Any, conf: str) -> Any:
        return adapter.value_of({"param": param, "type": kind, "conf": conf}, context, {})

    assert found("n", "int", "native") == {"value": 3}
    assert found("big", "int", "native") == {"raw": "9007199254740993"}
    assert found("s", "str", "native") == {"value": "3"}
    assert found("j", ["list", "int"], "text") == {"raw": "[1]"}
    assert found("l", ["list", "str"], "text") == {"raw": '["a"]'}
    upstream = {"train_": {"out0": {"text": "1"}, "out1": {"file": "/s/m"}}}
    assert adapter.value_of({"task": "train", "output": "out1", "argument": "train_"}, context, upstream) == {"file": "/s/m"}


def moment(hour: int) -> datetime:
    """A time, in a zone that is not UTC."""
    return datetime(2026, 1, 31, hour, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("run", "hour"),
    [
        ({"run_type": "scheduled", "data_interval_end": moment(7), "logical_date": moment(6), "run_after": moment(8)}, 6),
        ({"run_type": types.SimpleNamespace(value="backfill"), "data_interval_end": moment(7), "logical_date": moment(6)}, 6),
        ({"run_type": "manual", "data_interval_end": moment(7), "logical_date": moment(9), "run_after": moment(10)}, 8),
        ({"run_type": "manual", "data_interval_end": None, "logical_date": None, "run_after": moment(10)}, 9),  # Airflow 3
        ({"run_type": "asset_triggered", "data_interval_end": None, "logical_date": None, "run_after": moment(10)}, 9),
        ({"run_type": "dataset_triggered", "data_interval_end": None, "execution_date": None, "start_date": moment(11)}, 10),
    ],
)
def test_the_time_for_which_a_run_is_meant(run: dict[str, Any], hour: int) -> None:
    task = types.SimpleNamespace(task_id="t", map_index=-1, try_number=2, dag_id="d")
    context = {"dag_run": types.SimpleNamespace(**run), "ti": task, "run_id": "r", "params": {"day": None, "other": "2020-01-01T00:00Z"}}
    when = f"2026-01-31T{hour:02}:00:00+00:00"
    assert adapter.value_of({"param": "day", "type": "datetime", "conf": "time"}, context, {}) == {"raw": when}
    assert adapter.value_of({"param": "other", "type": "datetime", "conf": "time"}, context, {}) == {"raw": "2020-01-01T00:00Z"}
    said = {"run_id": "r", "attempt": 2, "scheduled_time": when, "task_id": "t", "pipeline": "d"}
    assert adapter.surroundings(context) == said
    task.map_index = 3
    assert adapter.surroundings(context) == {**said, "task_id": "t[3]"}


class Task3:
    """What a task of Airflow 3 may ask."""

    dag_id = "d"

    def __init__(self, states: dict[str, str], errors: dict[tuple[str, int], Any]) -> None:
        self.found, self.errors = states, errors

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        return {run_ids[0]: self.found}

    def xcom_pull(self, task_ids: str, key: str, map_indexes: int) -> Any:
        assert key == "error"
        return self.errors.get((task_ids, map_indexes))


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ({"a": "failed", "b_1": "success", "b_1_0": "success", "out": "upstream_failed"}, ("a", "X", "no")),
        ({"a": "success", "b_1": "success", "b_1_0": "success", "b_1_1": "failed", "out": "upstream_failed"}, ("b_1[1]", None, None)),
        ({"a": "success", "b_1": "success", "out": "upstream_failed"}, (None, None, None)),
    ],
)
def test_who_failed_first(states: dict[str, str], told: tuple[str | None, ...]) -> None:
    """In the order of the program; `b_1_1` is the second instance of `b_1`."""
    dag = types.SimpleNamespace(task_dict=dict.fromkeys(["a", "b_1", "out"]))
    context = {"ti": Task3(states, {("a", -1): {"error_type": "X", "message": "no"}}), "run_id": "r", "dag": dag}
    found = adapter.failure_of({"id": "h", "watches": ["out"], "order": ["a", "b_1", "out"]}, context)
    assert (found["task_id"], found["error_type"]) == told[:2]
    assert found["message"] == (told[2] or (f"the task {told[0]} failed" if told[0] else "the run failed"))


def test_long_values_and_artifacts_go_to_the_store(tmp_path: Path) -> None:
    out, store = tmp_path / "out", tmp_path / "store"
    out.mkdir()
    task = types.SimpleNamespace(dag_id="d", run_id="manual__2026-01-01T00:00:00+00:00/..", task_id="t", try_number=2)
    for name, text in (("short.json", "[1]"), ("long.json", json.dumps("x" * 40000)), ("model", "m")):
        (out / name).write_text(text)
    stale = store / "d" / adapter.safe(task.run_id) / "t" / "2" / "model"
    stale.mkdir(parents=True)

    def publish(name: str, format: str) -> dict[str, str]:
        return adapter.publish(out, {"name": name, "format": format}, str(store), {"ti": task})

    assert publish("short", "json") == {"text": "[1]"}
    assert Path(publish("long", "json")["file"]).read_text() == json.dumps("x" * 40000)
    assert publish("model", "auto") == {"file": str(stale)}
    assert stale.read_text() == "m"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ('{"type": ["app:Unfit", "Exception"], "message": "only 2 rows"}', "app:Unfit: only 2 rows"),
        ('{"type": [], "message": "the attempt took longer than 3 s"}', "the attempt took longer than 3 s"),
        ("", "the step's process ended with exit code 9 and left no result"),
    ],
)
def test_a_failure_says_why(error: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "error.json").write_text(error)
    assert adapter.failure(tmp_path, 9) == says


def test_run_ids_stay_apart_and_inside_the_store() -> None:
    ids = ["a:b", "a_b", "..", ".", "é", "a" * 300, "a" * 301]
    assert len({adapter.safe(i) for i in ids}) == len(ids)
    assert all(set(adapter.safe(i)) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-") for i in ids)


@pytest.mark.parametrize(
    ("executor", "local"), [("LocalExecutor", True), ("LocalExecutor,CeleryExecutor", False), ("a.b.LocalExecutor", True)]
)
def test_without_a_store_only_local_executors_have_one(executor: str, local: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    conf = types.SimpleNamespace(conf=types.SimpleNamespace(get=lambda *_: executor))
    monkeypatch.setitem(sys.modules, "airflow", types.ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.configuration", conf)
    monkeypatch.delenv("WYE_STORE", raising=False)
    monkeypatch.setenv("AIRFLOW_HOME", "/opt/airflow")
    if local:
        assert adapter.store_folder(None) == "/opt/airflow/wye/artifacts"
    else:
        with pytest.raises(RuntimeError, match="set `store` in the stack's options, or the variable WYE_STORE"):
            adapter.store_folder(None)
    monkeypatch.setenv("WYE_STORE", "/mnt/store")
    assert adapter.store_folder(None) == "/mnt/store"
    assert adapter.store_folder("/mnt/stack") == "/mnt/stack"


KILLED = """
import os, signal, sys
from wye_targets.airflow import adapter
if {raises}:
    def handler(*_): raise SystemExit("ended")
else:
    def handler(*_): pass
signal.signal(signal.SIGTERM, handler)
program = "import os, time; print(os.getpid(), flush=True); time.sleep(300)"
adapter.log.info = lambda _, line: (print(line, flush=True))
code = adapter.run([sys.executable, "-c", program], dict(os.environ))
print("code", code)
"""


@pytest.mark.parametrize(
    ("number", "raises", "says"),
    [(signal.SIGTERM, False, "code -15\n"), (signal.SIGTERM, True, ""), (signal.SIGKILL, False, "")],
    ids=["as Airflow 3", "as Airflow 2", "outright"],
)
def test_a_killed_task_leaves_no_process(number: int, raises: bool, says: str) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", KILLED.format(raises=raises)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env) as task:
        assert task.stdout
        pid = int(task.stdout.readline())
        task.send_signal(number)
        assert task.stdout.read() == says
    for _ in range(600):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]:
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store, which here is a folder, beside an adapter in a build's folder."""
    steps = tmp_path / "steps"
    steps.mkdir()
    (steps / "wye_runtime").symlink_to(Path(runtime.__file__).parent)
    url = (tmp_path / "bucket").as_uri()
    spec = {"url": url, "driver": "fsspec", "packages": ["fsspec"], "settings": {"auto_mkdir": True}}
    (steps / "store.json").write_text(json.dumps(spec))
    monkeypatch.setattr(adapter, "HERE", steps)
    return url


def test_an_address_takes_what_is_long(bucket: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "models").mkdir(parents=True)
    for name in ("0", "1", "2"):
        (out / "models" / name).write_text(name)
    texts = [json.dumps(c * 40000) for c in "ab"]
    (out / "texts").mkdir()
    for i, text in enumerate(texts):
        (out / "texts" / f"{i}.json").write_text(text)
    (out / "long.json").write_text(json.dumps(["x" * 40000, "y"]))
    (out / "short.json").write_text("true")
    ti = types.SimpleNamespace(dag_id="d", run_id="manual__2026-01-01T00:00:00+00:00/..", task_id="t", try_number=2, map_index=4)
    ports = [{"name": n, "format": f} for n, f in (("models", "auto*"), ("texts", "json*"), ("long", "json"), ("short", "json"))]
    key = adapter.stored(out, {"outputs": ports}, {"ti": ti}, tmp_path)
    assert key is not None
    assert re.fullmatch(rf"d/{adapter.safe(ti.run_id)}/tasks/t/4/2-[0-9a-f]{{8}}", key)
    models, listed, long, short = (adapter.publish(out, port, bucket, {"ti": ti}, key) for port in ports)
    assert short == {"text": "true"}
    assert models == {"store": key, "name": "models", "format": "auto*", "count": 3}
    assert [adapter.length(e) for e in (models, listed, long)] == [3, 2, 2]
    assert [adapter.plain({"item": listed, "index": i}) for i in (0, "1")] == [json.loads(t) for t in texts]
    assert adapter.plain({"item": long, "index": 1}) == "y"
    gets: dict[tuple[str, str], str] = {}
    entry = adapter.stores().localized({"item": models, "index": "1"}, str(tmp_path / "in"), gets)
    adapter.transfer({"get": [[*output, place] for output, place in gets.items()]}, tmp_path)
    assert Path(entry["file"]).read_text() == "1"
    assert len(list((tmp_path / "in").iterdir())) == 1, "the others are not fetched"
    with pytest.raises(RuntimeError, match="is not there, or was never finished"):
        adapter.fetched({"store": "d/none", "name": "out"})


def test_what_is_short_needs_no_store(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "out.json").write_text("1")
    assert adapter.stored(tmp_path / "out", {"outputs": [{"name": "out", "format": "json"}]}, {}, tmp_path) is None


def test_an_address_in_the_environment_needs_a_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WYE_STORE", "s3://lake/a")
    monkeypatch.setattr(adapter, "HERE", tmp_path)
    assert adapter.is_address(None)
    with pytest.raises(RuntimeError, match="name it in the stack"):
        adapter.transfer({}, tmp_path)
