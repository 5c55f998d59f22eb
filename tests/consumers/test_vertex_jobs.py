"""The vendor's own code takes every job and schedule: the SDK's `PipelineJob`, the API's messages, and kfp's parser for what is inside.

What they take without a word, our own check refuses: ten ways to break a job, and who notices each.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from wye.driver import compile_source, compile_target
from wye.testing.cases import Case, examples, feature_cases
from wye.testing.environments import engine
from wye_targets.vertex import Vertex
from wye_targets.vertex.capabilities import Options
from wye_targets.vertex.check import check
from wye_targets.vertex.emit import text
from wye_targets.vertex.placement import Placement

ROOT = Path(__file__).parents[2]
CASES = [c for c in (*feature_cases(ROOT), *examples(ROOT)) if "vertex" in c.targets]
SDK = ("google-cloud-aiplatform==2.7.0", "PyYAML")
KFP = ("kfp==2.17.0", "kfp-kubernetes==2.17.0")
NUMBER = "projects/123/"
BARE = Options()
EVERYTHING = Options(
    store="gs://bucket/root",
    registry="europe-docker.pkg.dev/project/images",
    project="project",
    location="europe-west4",
    placement=Placement(
        service_account="trainer@project.iam.gserviceaccount.com",
        network=NUMBER + "global/networks/net",
        reserved_ip_ranges=("range",),
        network_attachment=NUMBER + "regions/europe-west4/networkAttachments/attachment",
        encryption_key=NUMBER + "locations/europe-west4/keyRings/ring/cryptoKeys/key",
        labels={"team": "ml"},
    ),
)

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def sdk() -> Iterator[Ask]:
    """What the SDK says of a job, in one process for all."""
    driver = [engine("vertex", SDK), "-W", "ignore", "-B", Path(__file__).with_name("vertex_driver.py")]
    with subprocess.Popen(driver, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(job: Path, schedule: Path | None = None, **parameters: Any) -> dict[str, Any]:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps({"job": str(job), "schedule": schedule and str(schedule), "parameters": parameters}) + "\n")
            process.stdin.flush()
            found: dict[str, Any] = json.loads(process.stdout.readline())
            return found

        yield ask
        assert process.stdin
        process.stdin.close()


@pytest.fixture(scope="module")
def kfp() -> Iterator[Callable[[Path], str | None]]:
    """What kfp's parser says of a specification."""
    engines = Path(__file__).parents[1] / "engines"
    program = f"""import sys; sys.path[:0] = [{str(engines)!r}]; import kfp_driver
for line in sys.stdin:
    try:
        kfp_driver.parse(line.strip()); kfp_driver.components.load_component_from_file(line.strip()); print(flush=True)
    except Exception as error:
        print(repr(error)[:200].replace(chr(10), " "), flush=True)
"""
    command = [engine("kfp", KFP), "-W", "ignore", "-B", "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(spec: Path) -> str | None:
            assert process.stdin
            assert process.stdout
            process.stdin.write(f"{spec}\n")
            process.stdin.flush()
            return process.stdout.readline().strip() or None

        yield ask
        assert process.stdin
        process.stdin.close()


def compiled(source: Path, folder: Path, options: Options = BARE) -> tuple[Path, Path | None]:
    files, _ = compile_target(compile_source(source), Vertex(), options)
    for file in files:
        (folder / file.path).write_bytes(file.content)
    schedule = folder / "schedule.json"
    return folder / "pipeline_job.json", schedule if schedule.exists() else None


def specification(job: Path) -> Path:
    place = job.with_name("spec.yaml")
    place.write_text(text(json.loads(job.read_text("utf-8"))["pipelineSpec"]), "utf-8")
    return place


@pytest.mark.parametrize("options", [BARE, EVERYTHING], ids=["bare", "everything"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_the_vendors_code_takes_every_case(case: Case, options: Options, sdk: Ask, kfp: Any, tmp_path: Path) -> None:
    job, schedule = compiled(case.source, tmp_path, options)
    assert sdk(job, schedule)["error"] is None
    assert kfp(specification(job)) is None


PARAMETERS = """\
from typing import Any
from wye import Schedule, pipeline, step

@step(cache=True)
def show(b: bool, i: int, f: float, s: str, xs: list[int], o: int | None, u: Any) -> str:
    return repr((b, i, f, s, xs, o, u))

@pipeline(schedule=Schedule(cron="0 6 * * 1-5", timezone="Europe/Zurich", end="2027-01-01", overlap="queue"),
          tags={"team": "ml"}, timeout="2h")
def flow(b: bool = True, i: int = 1, f: float = 1e16, s: str = "é🙂\\x7f", xs: list[int] = [1], o: int | None = None, u: Any = "x") -> str:
    "What it does."
    return show(b, i, f, s, xs, o, u)
"""


def test_run_parameters(sdk: Ask, tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(PARAMETERS, "utf-8")
    job, schedule = compiled(tmp_path / "flow.py", tmp_path, EVERYTHING)
    given = {"b": False, "i": 3, "f": 0.5, "s": "t", "xs": "[2]", "o": "7", "u": "{}"}
    answer = sdk(job, schedule, **given)
    assert answer["error"] is None
    assert answer["runtime"]["parameterValues"] == given
    assert answer["runtime"]["failurePolicy"] == "PIPELINE_FAILURE_POLICY_FAIL_FAST"
    assert answer["name"].startswith("flow-")
    assert "unknown" in sdk(job, schedule, unknown=1)["error"]


def test_a_persistent_resource_is_a_field_of_v1beta1(sdk: Ask, tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(PARAMETERS, "utf-8")
    place = Placement(persistent_resource=NUMBER + "locations/europe-west4/persistentResources/pool")
    job, schedule = compiled(tmp_path / "flow.py", tmp_path, Options(placement=place))
    assert sdk(job, schedule)["error"] is None
    form = json.loads(job.read_text("utf-8"))
    assert form["runtimeConfig"]["defaultRuntime"]["persistentResourceRuntimeDetail"]["persistentResourceName"].endswith("/pool")


# --- mutations --------------------------------------------------------------------------------------------------------------------

Job = dict[str, Any]


def _tasks(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = job["pipelineSpec"]["root"]["dag"]["tasks"]
    return found


def _first(found: dict[str, Any]) -> Any:
    return found[sorted(found)[0]]


def _reader(job: Job) -> Any:
    """Some input that reads another task, in whatever DAG."""
    for component in (job["pipelineSpec"]["root"], *job["pipelineSpec"]["components"].values()):
        for task in component.get("dag", {}).get("tasks", {}).values():
            for kind in task.get("inputs", {}).values():
                for source in kind.values():
                    for how in ("taskOutputParameter", "taskOutputArtifact"):
                        if how in source:
                            return source[how]
    return None


def _dangle(job: Job) -> None:
    found = _reader(job)
    if found is None:  # a pipeline of one task
        _first(_tasks(job))["dependentTasks"] = ["nobody"]
    else:
        found["producerTask"] = "nobody"


MUTATIONS: dict[str, tuple[str, Callable[[Job], Any]]] = {
    "unknown field of the job": ("sdk", lambda j: j.update(nothing=1)),
    "unknown field of a task": ("kfp", lambda j: _first(_tasks(j)).update(nothing=1)),
    "wrong type of a label": ("sdk", lambda j: j.update(labels={"a": 1})),
    "capital letter in a label": ("ours", lambda j: j.update(labels={"Team": "x"})),
    "unknown failure policy": ("sdk", lambda j: j["runtimeConfig"].update(failurePolicy="SOMEHOW")),
    "no schema version": ("sdk", lambda j: j["pipelineSpec"].pop("schemaVersion")),
    "component that is none": ("ours", lambda j: _first(_tasks(j))["componentRef"].update(name="comp-nobody")),
    "producer that is none": ("ours", _dangle),
    "unknown accelerator": (
        "ours",
        lambda j: _first(j["pipelineSpec"]["deploymentSpec"]["executors"])["container"].update(
            resources={"accelerator": {"resourceType": "GPU", "resourceCount": "1"}}
        ),
    ),
    "executor input twice": (
        "ours",
        lambda j: _first(j["pipelineSpec"]["deploymentSpec"]["executors"])["container"]["args"].append("{{$}}"),
    ),
}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_broken_job_is_noticed(case: Case, sdk: Ask, kfp: Any, tmp_path: Path) -> None:
    """Each by its own: `sdk` and `kfp` refuse what they know; what they take is ours to refuse."""
    job, _ = compiled(case.source, tmp_path)
    whole = json.loads(job.read_text("utf-8"))
    noticed: dict[str, str] = {}
    for name, (_, mutate) in MUTATIONS.items():
        broken = deepcopy(whole)
        mutate(broken)
        job.write_text(text(broken), "utf-8")
        if sdk(job)["error"]:
            noticed[name] = "sdk"
        elif kfp(specification(job)):
            noticed[name] = "kfp"
        elif check(broken):
            noticed[name] = "ours"
    assert noticed == {name: by for name, (by, _) in MUTATIONS.items()}
