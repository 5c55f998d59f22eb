"""The driver of a run in a small cluster that can break: what it creates, what becomes of the run, and what is left."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes_fake import FakeCluster, fake_cluster

from wye.driver import compile_source, compile_target
from wye.testing.cases import feature_cases, plain_call
from wye_targets.kubernetes import Kubernetes
from wye_targets.kubernetes.capabilities import Options

pytestmark = pytest.mark.processes
HEAD = "import os, time\nfrom pathlib import Path\nfrom wye import Resources, Retry, Secret, each, pipeline, step\n"
PLAIN = Options()


@contextmanager
def cluster_of(folder: Path, source: str, options: Options = PLAIN) -> Iterator[FakeCluster]:
    file = folder / "flow.py"
    file.write_text(HEAD + source, "utf-8")
    with cluster_for(file, folder, options) as cluster:
        yield cluster


@contextmanager
def cluster_for(file: Path, folder: Path, options: Options) -> Iterator[FakeCluster]:
    files, _ = compile_target(compile_source(file), Kubernetes(), options)
    with fake_cluster(folder / "cluster", next(f.text for f in files if f.path == "manifests.yaml")) as cluster:
        yield cluster


def wait_for(what: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen")


CHAIN = """
@step
def add(x: int, y: int = 1) -> int:
    return x + y

@pipeline
def flow(n: int = 0, label: str = "a") -> dict[str, object]:
    xs = [add(i) for i in range(n)]
    if n > 1:
        last = add(xs[-1], 10)
    else:
        last = -1
    return {"xs": xs, "last": last, "label": label}
"""


def test_a_run(tmp_path: Path) -> None:
    """Branches and loops; parameters from a variable, from the ConfigMap and by default; the result where kubectl shows it."""
    with cluster_of(tmp_path, CHAIN) as cluster:
        (cluster.folder / "params" / "label").write_text("it's {{ ds }} $(HOME)")
        run = cluster.run("flow-1", PARAM_n="3")
        result = run.finish()
        assert json.loads(result["outputs"]) == {"xs": [1, 2, 3], "last": 13, "label": "it's {{ ds }} $(HOME)"}
        assert run.annotations["wye/status"] == "succeeded"
        assert json.loads(run.annotations["wye/outputs"]) == json.loads(result["outputs"])
        claim, _, folder = run.annotations["wye/folder"].partition(":")
        assert claim == "flow"
        assert json.loads((cluster.folder / "volume" / folder / "outputs.json").read_text()) == json.loads(result["outputs"])
        assert json.loads((cluster.folder / "message").read_text())["status"] == "succeeded"
        for (kind, _), job in cluster.objects.items():
            if kind == "jobs" and job is not run.job:
                assert job["metadata"]["ownerReferences"][0]["uid"] == run.job["metadata"]["uid"]
                assert job["metadata"]["annotations"]["wye/source"].startswith("flow.py:")
                assert "activeDeadlineSeconds" not in job["spec"]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"PARAM_n": "x"}, "'n'"),
        ({"PARAM_m": "1"}, "unknown parameter 'm'"),
        ({"WYE_PARAMS": "[]"}, "WYE_PARAMS"),
        ({}, "'n' has no default"),
    ],
)
def test_parameters_that_are_wrong_start_nothing(variables: dict[str, str], message: str, tmp_path: Path) -> None:
    with cluster_of(tmp_path, CHAIN.replace("n: int = 0", "n: int")) as cluster:
        run = cluster.run(**variables)
        assert message in run.finish(code=1)["message"]
        assert run.annotations["wye/status"] == "failed"
        assert message in run.annotations["wye/message"]
        assert cluster.tasks() == []


def test_the_api_server_in_trouble(tmp_path: Path) -> None:
    """Errors, slow answers, watches that are cut in a line or are too old: nothing runs twice, nothing is lost."""
    seen: dict[str, int] = {}

    with cluster_of(tmp_path, CHAIN) as cluster:

        def trouble(verb: str, path: str) -> int | None:
            seen[verb] = seen.get(verb, 0) + 1
            if verb == "create" and seen[verb] == 3:
                cluster.forget()
            if verb == "create" and seen[verb] in (2, 5):
                return 500
            if verb == "watch" and seen[verb] == 2:
                return 410
            return 429 if verb == "get" and seen[verb] == 1 else 503 if verb == "list" and seen[verb] == 1 else None

        cluster.troubles.append(trouble)
        cluster.drops = 2
        run = cluster.run(PARAM_n="3")
        result = run.finish()
        assert json.loads(result["outputs"])["xs"] == [1, 2, 3]
        assert sorted(t for t in cluster.tasks() if "add" in t) == ["add_2 1", *(f"for_1[{i}].add 1" for i in range(3))]


SLOW = """
@step
def first(folder: str) -> int:
    with open(folder + "/first", "a") as f: f.write("x")
    return 1

@step
def wait(folder: str, n: int) -> int:
    with open(folder + "/wait", "a") as f: f.write("x")
    while not os.path.exists(folder + "/go"): time.sleep(0.02)
    return n + 1

@step
def last(folder: str, n: int) -> int:
    with open(folder + "/last", "a") as f: f.write("x")
    return n + 1

@pipeline
def flow(folder: str) -> int:
    return last(folder, wait(folder, first(folder)))
"""


def test_a_driver_that_is_killed_goes_on(tmp_path: Path) -> None:
    with cluster_of(tmp_path, SLOW) as cluster:
        run = cluster.run(PARAM_folder=str(tmp_path))
        process = run.start()
        wait_for((tmp_path / "wait").exists)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        run.variables["PARAM_folder"] = "/changed"  # a run keeps the parameters that it began with
        process = run.start()
        (tmp_path / "go").touch()
        assert run.finish(process)["outputs"] == "3"
        assert [(tmp_path / n).read_text() for n in ("first", "wait", "last")] == ["x", "x", "x"]
        # the whole run has ended: another pod only tells so again
        before = len(cluster.requests)
        assert run.finish()["outputs"] == "3"
        assert "create" not in [verb for verb, _ in cluster.requests[before:]]


def test_a_driver_that_is_evicted_leaves_its_tasks_running(tmp_path: Path) -> None:
    with cluster_of(tmp_path, SLOW) as cluster:
        run = cluster.run(PARAM_folder=str(tmp_path))
        process = run.start()
        wait_for((tmp_path / "wait").exists)
        process.terminate()
        process.communicate()
        assert process.returncode == 75
        assert any("wait" in t for t in cluster.tasks())
        (tmp_path / "go").touch()
        assert run.finish()["outputs"] == "3"
        assert (tmp_path / "wait").read_text() == "x"


def test_a_run_that_is_deleted_takes_its_tasks_along(tmp_path: Path) -> None:
    with cluster_of(tmp_path, SLOW) as cluster:
        run = cluster.run(PARAM_folder=str(tmp_path))
        process = run.start()
        wait_for((tmp_path / "wait").exists)
        job = run.job
        with cluster.lock:
            del cluster.objects["jobs", "run"]  # and the garbage collector is slow
        process.terminate()
        out = process.communicate(timeout=30)[0]
        assert process.returncode == 1, out
        assert "the run's Job was deleted" in out
        assert cluster.tasks() == ["first 1"], "what has ended stays"
        assert job["metadata"]["annotations"]["wye/status"] == "running"


FAULTS = """
@step(retry=Retry(1, delay=0))
def twice(folder: str) -> int:
    with open(folder + "/twice", "a") as f: f.write("x")
    if len(open(folder + "/twice").read()) < 2:
        os.kill(os.getppid(), 9)  # the whole pod, as when it is out of memory
        os._exit(0)
    return 2

@step
def wrong() -> int:
    raise KeyError("no")

@step(image="no/such:1")
def absent() -> int:
    return 1

@pipeline
def flow(folder: str, image: bool = False) -> list[int]:
    a = twice(folder)
    try:
        b = wrong()
    except KeyError:
        b = 7
    if image:
        b = absent()
    return [a, b]
"""


def test_faults(tmp_path: Path) -> None:
    """Out of memory and again; an exception that is handled, by its type."""
    with cluster_of(tmp_path, FAULTS) as cluster:
        run = cluster.run(PARAM_folder=str(tmp_path))
        assert run.finish()["outputs"] == "[2,7]"
        assert "out of memory" in run.log
        assert "twice 2" in cluster.tasks()


def test_an_image_that_is_not_there(tmp_path: Path) -> None:
    with cluster_of(tmp_path, FAULTS) as cluster:
        run = cluster.run(PARAM_folder=str(tmp_path), PARAM_image="true")
        result = run.finish(code=1)
        assert "ErrImagePull (image no/such:1): not found" in run.annotations["wye/message"]
        assert result["status"] == run.annotations["wye/status"] == "failed"
        assert "absent 1" not in cluster.tasks(), "its Job would wait for ever"


def test_a_failure_keeps_its_type_and_its_record(tmp_path: Path) -> None:
    source = FAULTS.replace("except KeyError", "except ValueError")
    with cluster_of(tmp_path, source) as cluster:
        run = cluster.run(PARAM_folder=str(tmp_path))
        result = run.finish(code=1)
        error = next(t["error"] for t in result["tasks"] if t["id"] == "wrong")
        assert error["type"][:2] == ["KeyError", "LookupError"]
        assert "raise KeyError" in error["traceback"]
        assert "KeyError: 'no'" in run.annotations["wye/message"]


def test_a_pod_that_is_deleted_fails_its_attempt(tmp_path: Path) -> None:
    with cluster_of(tmp_path, SLOW) as cluster:
        run = cluster.run(PARAM_folder=str(tmp_path))
        process = run.start()
        wait_for((tmp_path / "wait").exists)
        pod = next(o for (k, n), o in cluster.objects.items() if k == "pods" and "wait" in n)
        cluster.remove_pod(pod)
        run.finish(process, code=1)
        assert "pod was deleted" in run.annotations["wye/message"]


def test_two_runs_at_once(tmp_path: Path) -> None:
    """Each has Jobs and a folder of its own."""
    with cluster_of(tmp_path, CHAIN) as cluster:
        first = cluster.run("a", PARAM_n="1").finish()
        second = cluster.run("b", PARAM_n="2").finish()
        assert [json.loads(r["outputs"])["xs"] for r in (first, second)] == [[1], [1, 2]]
        assert first["folder"] != second["folder"]
        assert len(os.listdir(cluster.folder / "volume" / "flow")) == 2


def test_a_run_that_takes_too_long(tmp_path: Path) -> None:
    with cluster_of(tmp_path, SLOW.replace("@pipeline", "@pipeline(timeout=3)")) as cluster:
        run = cluster.run(PARAM_folder=str(tmp_path))
        assert run.finish(code=1)["message"] == "the run took longer than 3 s"
        assert not any("wait" in t for t in cluster.tasks())
        assert cluster.cron_job["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 123


SECRET = """
@step(secrets=[Secret("whole", env="WHOLE"), Secret("keyed", env="KEYED", key="k")], env={"PRICE": "$(HOME) $$5"})
def show() -> list[str]:
    return [os.environ["WHOLE"], os.environ["KEYED"], os.environ["PRICE"]]

@pipeline
def flow() -> list[str]:
    return show()
"""


def test_secrets(tmp_path: Path) -> None:
    with cluster_of(tmp_path, SECRET) as cluster:
        secrets = cluster.folder / "secrets"
        for path in ("WHOLE", "keyed"):
            (secrets / path).mkdir(parents=True)
        (secrets / "keyed" / "k").write_text("two")
        run = cluster.run("none")
        run.finish(code=1)
        assert "the secret 'whole' is missing" in run.annotations["wye/message"]
        (secrets / "WHOLE" / "only").write_text("one")
        assert json.loads(cluster.run("both").finish()["outputs"]) == ["one", "two", "$(HOME) $$5"]
        (secrets / "WHOLE" / "other").write_text("three")
        run = cluster.run("several")
        run.finish(code=1)
        assert "has several keys (only, other)" in run.annotations["wye/message"]


@pytest.mark.parametrize("name", ["artifacts", "control_artifacts"])
def test_artifacts_in_a_store(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, folders, bytes, objects, lists of them that loops go over: in the store, which here is a folder, and not on the volume."""
    bucket = tmp_path / "bucket"
    spec = {"url": bucket.as_uri(), "driver": "fsspec", "packages": [], "settings": {"auto_mkdir": True}}
    monkeypatch.setattr(sys.modules["wye_targets.kubernetes.lower"], "spec_of", lambda *_: spec)
    case = next(c for c in feature_cases(Path(__file__).parents[3]) if c.name == name)
    with cluster_for(case.source, tmp_path, Options(store="s3://acme")) as cluster:
        run = cluster.run(WYE_PARAMS=json.dumps(case.params))
        result = run.finish()
        assert result["status"] == "succeeded", result
        assert json.loads(result["outputs"]) == json.loads(plain_call(case).value or "")
        left = [p for p in (cluster.folder / "volume").glob("*/*/tasks/**/out/**/*") if "outputs" not in p.parts and p.suffix != ".json"]
    assert [p for p in left if p.is_file() and p.stat().st_size] == []
    assert [p for p in bucket.glob("artifacts/run/tasks/*/1-*/out*") if p.is_file() and p.stat().st_size]
