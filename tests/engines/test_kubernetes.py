"""Every feature case on a real cluster, each attempt a real pod: what a run gives, and its final state, is what the plain call gives."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from kubernetes_engine import Engine, engine, shimmed, wait_for

from wye.driver import compile_source
from wye.ir.nodes import every
from wye.runtime.values import plain
from wye.testing.cases import Case, examples, feature_cases, further, plain_call
from wye_targets.kubernetes import pods
from wye_targets.kubernetes.lower import NAMES

ROOT = Path(__file__).parents[2]
CASES = {c.name: c for c in (*feature_cases(ROOT), *examples(ROOT), *further()) if "kubernetes" in c.targets}
NEEDS = {"settings_containers": "GPUs"}
"""What a node of the tests does not have."""
LARGE = {"settings"}
"""Their steps ask for all of a node of two cores."""
SHARE = {"order"}
"""Their steps write to one file below `/tmp`, which pods have each of their own."""
RUNNABLE = {n: c for n, c in CASES.items() if n not in NEEDS and not c.requirements}
AT_A_TIME = 3


@pytest.fixture(scope="module")
def found() -> Iterator[Engine]:
    with engine() as made:
        yield made


def manifests(found: Engine, case: Case) -> list[dict[str, Any]]:
    """A case's, fitted to a small node, and its secrets."""
    with pytest.MonkeyPatch.context() as patch:
        if case.name in SHARE:
            shared = found.folder / "shared"
            shared.mkdir()
            shared.chmod(0o777)
            tmp = [{"name": "tmp", "hostPath": {"path": str(shared)}}]
            patch.setattr(pods, "volumes", lambda *_: tmp)
        if case.name in LARGE:
            patch.setattr(pods, "resources", lambda *_: {})
        made = found.manifests(case.source)
    return [*made, *secrets(case)]


def secrets(case: Case) -> list[dict[str, Any]]:
    if not case.variables:
        return []
    pipeline = compile_source(case.source)
    tasks = [n for n in (*every(pipeline.body), pipeline.on_failure) if hasattr(n, "settings")]
    wanted = {(x.name, x.key or "value"): case.variables[x.env] for n in tasks for x in n.settings.secrets}
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {key: text}}
        for (name, key), text in sorted(wanted.items())
    ]


@pytest.fixture(scope="module")
def runs(found: Engine, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The cases that this session of pytest has selected, a few at a time."""
    items = (i for i in request.session.items if i.path == request.path and "runs" in getattr(i, "fixturenames", ()))
    selected = {i.callspec.params["name"] for i in items}

    alone: dict[str, Lock] = defaultdict(Lock)  # two pipelines of one name would be each other's update

    def one(case: Case, manifests: list[dict[str, Any]]) -> dict[str, Any]:
        run = f"case-{NAMES.spell(case.name)}"
        with alone[next(d["metadata"]["name"] for d in manifests if d["kind"] == "CronJob")]:
            found.start(manifests, run, WYE_PARAMS=json.dumps(case.params))
            annotations = found.wait(run, 900)
            outputs = found.outputs(run)
            found.delete(run)
        return {"annotations": annotations, "outputs": outputs}

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        futures = {name: pool.submit(one, case, manifests(found, case)) for name, case in RUNNABLE.items() if name in selected}
        yield futures


@pytest.mark.parametrize("name", CASES)
def test_the_server_takes_the_manifests(name: str, found: Engine) -> None:
    """The API server's own validation, which no schema has."""
    said = found.apply(found.manifests(CASES[name].source), "--dry-run=server")
    assert "cronjob.batch/" in said


@pytest.mark.parametrize("name", CASES)
def test_run_equals_the_plain_call(name: str, runs: dict[str, Any]) -> None:
    case = CASES[name]
    if name not in RUNNABLE:
        pytest.skip(f"{name} needs {NEEDS.get(name) or ', '.join(case.requirements)}")
    expected = plain_call(case)
    got = runs[name].result()
    assert (expected.value is None) == case.fails, expected.error
    assert got["annotations"]["status"] == ("failed" if case.fails else "succeeded"), got
    assert (got["outputs"] or "null") == (expected.value or "null")
    if expected.value is not None and "outputs" in got["annotations"]:
        assert json.loads(got["annotations"]["outputs"]) == plain(expected.value)


def written(folder: Path, text: str) -> Path:
    source = folder / "flow.py"
    source.write_text("import os, sys, time\nfrom wye import Resources, Retry, Secret, pipeline, step\n" + text, "utf-8")
    return source


SLOW = """
@step
def first() -> int:
    print("the first step")
    return 1

@step
def slow(n: int) -> int:
    time.sleep(12)
    return n + 1

@step
def last(n: int) -> int:
    return n + 1

@pipeline
def {name}() -> int:
    return last(slow(first()))
"""


def under_way(found: Engine, run: str, task: str) -> bool:
    return any(p["metadata"]["annotations"].get("wye/task") == task and p["status"]["phase"] == "Running" for p in found.pods(run))


def test_a_driver_that_is_killed_goes_on(found: Engine, tmp_path: Path) -> None:
    found.start(found.manifests(written(tmp_path, SLOW.format(name="killed"))), "killed")
    wait_for(lambda: under_way(found, "killed", "slow"))
    (driver,) = found.driver("killed")
    found.kubectl("exec", driver["metadata"]["name"], "--", "python3", "-c", "import os; os.kill(1, 9)", check=False)
    found.kubectl("delete", "pod", driver["metadata"]["name"], "--grace-period=0", "--force")
    assert found.wait("killed")["status"] == "succeeded"
    assert found.outputs("killed") == "3"
    assert len(found.driver("killed")) >= 1
    assert found.driver("killed")[-1]["metadata"]["name"] != driver["metadata"]["name"]
    names = sorted(j["metadata"]["annotations"]["wye/task"] + " " + j["metadata"]["labels"]["wye/attempt"] for j in found.jobs("killed"))
    assert names == ["first 1", "last 1", "outputs 1", "slow 1"] or names == ["first 1", "last 1", "slow 1"]
    assert len([p for p in found.pods("killed") if "wye/attempt" in p["metadata"]["labels"]]) == len(names), "each Job had one pod"


def test_two_runs_at_once_and_one_is_deleted(found: Engine, tmp_path: Path) -> None:
    documents = found.manifests(written(tmp_path, SLOW.format(name="twice")))
    found.start(documents, "twice-a")
    found.create(next(d for d in documents if d["kind"] == "CronJob"), "twice-b")
    wait_for(lambda: under_way(found, "twice-a", "slow"))
    found.kubectl("delete", "job", "twice-a", "--wait=false")
    wait_for(lambda: not found.jobs("twice-a") and not found.pods("twice-a"))
    assert found.wait("twice-b")["status"] == "succeeded"
    assert found.outputs("twice-b") == "3"


FAULTS = """
@step(resources=Resources(memory="48Mi", cpu=0.1), retry=Retry(1, delay=1))
def hungry(place: str) -> int:
    import wye
    if wye.context().attempt == 1:
        held = []
        while True:
            held.append(bytearray(4_000_000))
    return 1

@step(image="localhost/no-such-image:1")
def absent() -> int:
    return 2

@step(timeout=2)
def late() -> int:
    time.sleep(60)
    return 3

@pipeline
def faults() -> list[int]:
    a = hungry("x")
    try:
        b = late()
    except Exception:
        b = 4
    c = absent()
    return [a, b, c]
"""


def test_out_of_memory_a_time_out_and_an_image_that_is_not_there(found: Engine, tmp_path: Path) -> None:
    """The first heals by its retry, the second is handled, the third fails the run and says why."""
    found.start(found.manifests(written(tmp_path, FAULTS.replace("import os, sys, time", ""))), "faults", WYE_PATIENCE="5")
    said = found.wait("faults")
    assert said["status"] == "failed"
    assert "absent" in said["message"]
    assert "localhost/no-such-image:1" in said["message"]
    log = found.kubectl("logs", found.driver("faults")[0]["metadata"]["name"])
    result = next(json.loads(line)["result"] for line in log.splitlines() if '"result"' in line)
    tasks = {t["id"]: t for t in result["tasks"]}
    assert (tasks["hungry"]["status"], tasks["hungry"]["attempts"]) == ("succeeded", 2)
    assert "out of memory" in log
    assert tasks["late"]["handled"]
    assert "longer than 2 s" in tasks["late"]["error"]["message"]
    wait_for(lambda: not any(p["status"]["phase"] == "Pending" for p in found.pods("faults")))


def test_every_pod_is_restricted(found: Engine, tmp_path: Path) -> None:
    """What the server has made of the pods, and that a step has no token."""
    source = written(
        tmp_path,
        """
@step
def look() -> list[str]:
    seen = [p for p in ("/var/run/secrets/kubernetes.io", "/code") if os.path.exists(p)]
    try:
        open("/etc/x", "w")
        seen.append("writable")
    except OSError:
        pass
    return seen + [str(os.getuid() != 0), os.environ["PRICE"], str(os.access(os.environ["HOME"], os.W_OK))]

@pipeline(defaults={"env": {"PRICE": "$(HOME) $$5"}})
def look_around() -> list[str]:
    return look()
""",
    )
    found.start(found.manifests(source), "look")
    assert found.wait("look")["status"] == "succeeded"
    assert json.loads(found.outputs("look") or "") == ["True", "$(HOME) $$5", "True"]


def test_wye_run(found: Engine, tmp_path: Path) -> None:
    """`wye run --on kubernetes`: progress, outputs, exit code, logs; a failure."""
    source = written(tmp_path, SLOW.format(name="followed").replace("time.sleep(12)", "assert n == 1"))
    (tmp_path / "wye.toml").write_text(
        f'[stacks.test]\ntarget = "kubernetes"\nimage = "{found.image}"\n'
        f'claim = "{found.options.claim}"\naccess = "ReadWriteMany"\nplacement.namespace = "{found.namespace}"\n'
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "wye.cli", "run", str(source), "--on", "kubernetes", "--stack", "test", "--format", "json", *words]
        return subprocess.run(command, cwd=tmp_path, env=shimmed(tmp_path, found), capture_output=True, text=True, timeout=300)

    done = run()
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["status"], printed["outputs"]) == ("succeeded", 3)
    assert {t["id"]: t["status"] for t in printed["tasks"]}["slow"] == "succeeded"
    assert "✓ slow" in done.stderr
    (log,) = (tmp_path / ".wye" / "kubernetes").glob("*/tasks/first/log.txt")
    assert "the first step" in log.read_text()
    source.write_text(source.read_text().replace("assert n == 1", "raise KeyError(n)"))
    done = run()
    assert done.returncode == 1
    assert "KeyError: 1" in done.stderr
    assert json.loads(done.stdout)["status"] == "failed"


def test_a_claim_of_its_own(found: Engine, tmp_path: Path) -> None:
    """Without a claim in the stack, the manifests bring one; all pods go where the driver is."""
    documents = found.manifests(written(tmp_path, SLOW.format(name="own")), replace(found.options, claim=None, access="ReadWriteOnce"))
    said = found.apply(documents, "--dry-run=server")
    assert "persistentvolumeclaim/own" in said
