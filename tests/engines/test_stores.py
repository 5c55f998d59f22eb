"""Object stores as real servers, by their real drivers: what is put comes back, in little memory, and nothing half done counts."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import airflow_straight as straight
import pytest
from docker_engine import built, environment, image_for_tests
from kubernetes_engine import engine as engine_of_pods
from stores_engine import DRIVERS, Served, host_of_containers, image_with_wheels, served

from wye.driver import compile_source, compile_target
from wye.runtime.values import plain
from wye.testing.cases import Case, feature_cases, plain_call
from wye.testing.environments import EngineMissing, engine, missing
from wye_targets.airflow import Airflow
from wye_targets.airflow.capabilities import AirflowOptions

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "compiler/wye/runtime"
MEMORY = 480 * 1024**2
"""Of the address space of a transfer."""
LARGE = 512 * 1024**2
HOSTILE = {
    "out/value.json": b"{}",
    "out/0/model.bin": os.urandom(3_000_000),
    "out/0/a b": b"1",
    "out/0/#x?y=%41&z": b"2",
    "out/0/{{ ds }} $HOME": b"3",
    "out/0/日本/é": b"4",
    "out/0/.hidden": b"5",
    "out/0/new\nline": b"6",
    "out/0/[*]": b"7",
    "out/1/none": b"",
    "out/1/packed.csv.gz": b"\x1f\x8b no gzip",
    "x.json": b"true",
}


@pytest.fixture(scope="session")
def python() -> Path:
    return engine("stores", DRIVERS)


@pytest.fixture(scope="session", params=["s3", "gs", "az"])
def store(request: pytest.FixtureRequest, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    try:
        with served(request.param, python, tmp_path_factory.mktemp("store")) as made:
            yield made
    except EngineMissing as reason:
        missing("azurite" if request.param == "az" else "stores", str(reason))


class Transfers:
    """Jobs of the runtime's store module, each a process of the drivers' Python."""

    def __init__(self, python: Path, folder: Path) -> None:
        self.python, self.folder = python, folder

    def start(self, store: Served, job: dict[str, Any], env: dict[str, str] | None = None, memory: int = 0) -> subprocess.Popen[str]:
        file = self.folder / "job.json"
        file.write_text(json.dumps({"store": store.spec(), "error": str(self.folder / "error.txt"), **job}))
        argv = [str(self.python), "-B", str(RUNTIME / "__main__.py"), "store", str(file)]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "AZURE_", "GOOGLE_"))}

        def limited() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

        return subprocess.Popen(
            argv, env={**clean, **(store.env if env is None else env)}, text=True, stderr=subprocess.PIPE,
            preexec_fn=limited if memory else None,
        )  # fmt: skip

    def run(self, store: Served, job: dict[str, Any], env: dict[str, str] | None = None, memory: int = 0) -> tuple[int, str]:
        (self.folder / "error.txt").unlink(missing_ok=True)
        process = self.start(store, job, env, memory)
        said = process.communicate(timeout=300)[1]
        file = self.folder / "error.txt"
        return process.returncode, file.read_text() if file.exists() else said[-2000:]

    def listed(self, store: Served, prefix: str = "") -> set[str]:
        """The objects of the store, by their keys."""
        how, place = store.spec()["settings"], f"{store.url}/{prefix}"
        program = f"import fsspec; print(*fsspec.filesystem({store.scheme!r}, **{how!r}).find({place!r}), sep='\\n')"
        done = subprocess.run(
            [str(self.python), "-c", program], env={**os.environ, **store.env}, capture_output=True, text=True, check=True
        )
        return {line.split("/wye/", 1)[1] for line in done.stdout.split("\n") if "/wye/" in line}

    def put(self, store: Served, folder: Path, key: str, **more: Any) -> None:
        assert self.run(store, {"put": [[str(folder), key]]}, **more) == (0, ""), "it is put"


@pytest.fixture
def transfers(python: Path, tmp_path: Path) -> Transfers:
    return Transfers(python, tmp_path)


def made(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "out/1/empty").mkdir()
    return folder


def seen(place: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(place)): p.read_bytes() if p.is_file() else None for p in place.rglob("*")}


def digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def test_what_was_put_comes_back(store: Served, transfers: Transfers, tmp_path: Path) -> None:
    folder = made(tmp_path / "in", HOSTILE)
    transfers.put(store, folder, "p/r/tasks/train/1")
    gets = [["p/r/tasks/train/1", name, str(tmp_path / "back" / name)] for name in ("out", "x.json")]
    assert transfers.run(store, {"get": gets, "notes": [["p/r/run.json", "{}"]]}) == (0, "")
    assert seen(tmp_path / "back") == seen(folder)


def test_what_is_larger_than_the_memory_streams(store: Served, transfers: Transfers, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    block = os.urandom(1024**2)
    with (tmp_path / "in/out").open("wb") as file:
        for i in range(LARGE // len(block)):
            file.write(i.to_bytes(8, "big") + block[8:])
    wanted = digest(tmp_path / "in/out")
    transfers.put(store, tmp_path / "in", "large/1", memory=MEMORY)
    (tmp_path / "in/out").unlink()
    assert transfers.run(store, {"get": [["large/1", "out", str(tmp_path / "back")]]}, memory=MEMORY) == (0, "")
    assert digest(tmp_path / "back") == wanted


def test_what_was_killed_in_mid_upload_is_no_output(store: Served, transfers: Transfers, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/out").write_bytes(os.urandom(96 * 1024**2))
    (tmp_path / "in/small.json").write_bytes(b"1")
    process = transfers.start(store, {"put": [[str(tmp_path / "in"), "killed/1"]]})
    time.sleep(1.5)  # whether it is in mid-upload then, or before it or behind it, the rule is the same
    process.send_signal(signal.SIGKILL)
    ended = process.wait()
    code, text = transfers.run(store, {"get": [["killed/1", "small.json", str(tmp_path / "back")]]})
    if ended:
        assert (code, text) == (1, f"{store.url}/killed/1 is not there, or was never finished; does a rule of the store remove objects?")
    transfers.put(store, tmp_path / "in", "killed/2")


def test_what_is_not_there_is_told_in_a_line(store: Served, transfers: Transfers, tmp_path: Path) -> None:
    code, text = transfers.run(store, {"get": [["p/none", "out", str(tmp_path / "back")]]})
    assert (code, text) == (1, f"{store.url}/p/none is not there, or was never finished; does a rule of the store remove objects?")


def test_a_bucket_that_is_not_there_is_told_in_a_line(store: Served, transfers: Transfers, tmp_path: Path) -> None:
    spec = {**store.spec(), "url": f"{store.scheme}://nowhere/wye"}
    code, text = transfers.run(store, {"store": spec, "notes": [["p/run.json", "{}"]]})
    assert code == 1
    assert text.startswith(f"cannot write {store.scheme}://nowhere/wye/p/run.json: ")
    assert "\n" not in text


def test_without_credentials(python: Path, transfers: Transfers, tmp_path: Path) -> None:
    with served("s3", python, tmp_path) as store:
        env = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        code, text = transfers.run(store, {"notes": [["p/run.json", "{}"]]}, env=env)
    assert (code, text) == (1, f"cannot write {store.url}/p/run.json: Unable to locate credentials")


# --- on targets ----------------------------------------------------------------------------------------------------------------------


CASES = {c.name: c for c in feature_cases(ROOT) if c.name in ("artifacts", "control_artifacts")}


@pytest.mark.parametrize("name", CASES)
def test_compose_projects_hand_on_through_it(name: str, python: Path, transfers: Transfers, tmp_path: Path) -> None:
    """The image has no driver: it is installed once in the run. Credentials are in the environment of who says `up`, and nowhere else."""
    case = CASES[name]
    try:
        image = image_with_wheels(image_for_tests(), "s3fs")
    except EngineMissing as reason:
        missing("docker", str(reason))
    (tmp_path / "server").mkdir()
    with served("s3", python, tmp_path / "server", host_of_containers()) as store:
        project = built(
            case.source, tmp_path / "build", image, f"wye-stores-{os.getpid()}-{name}", store=store.url, store_options=store.options
        )
        assert not [f for f in project.folder.rglob("*") if f.is_file() and b"testing" in f.read_bytes()], "credentials"
        try:
            run = project.up(env={**environment(case.params), **store.env})
            assert run.code == 0, run.log
            expected = plain_call(case).value
            assert run.outputs == expected, run.log
            found = transfers.listed(store)
            text = project.compose("cp", "start:/runs/default/tasks", str(tmp_path / "tasks"))
            assert text.returncode == 0, text.stderr
        finally:
            project.down()
    pipeline = json.loads((project.folder / "steps/pipeline.json").read_text())["pipeline"]
    assert {f"{pipeline}/default/run.json", f"{pipeline}/default/outputs.json"} <= found
    assert any("/tasks/fit/" in key for key in found), "an object"
    kept = {f.suffix for f in (tmp_path / "tasks").glob("*/out/*") if f.parts[-3] != "outputs"}
    assert kept == {".json"}, "artifacts are in the store alone"


PODS = """
from pathlib import Path
from wye import pipeline, step

@step
def write(n: int) -> list[Path]:
    for i in range(n):
        Path(f"{i}.txt").write_text("x" * (i + 1))
    return [Path(f"{i}.txt") for i in range(n)]

@step
def size(file: Path) -> tuple[str, int]:
    return file.name, len(file.read_text())

@pipeline
def sizes(n: int = 2) -> list[tuple[str, int]]:
    return [size(f) for f in write(n)]
"""


def test_pods_hand_on_through_it(python: Path, transfers: Transfers, tmp_path: Path) -> None:
    """The image has no driver: each pod installs it. Credentials are in a Secret. The volume has values alone."""
    (tmp_path / "sizes.py").write_text(PODS, "utf-8")
    (tmp_path / "server").mkdir()
    with engine_of_pods() as found, served("s3", python, tmp_path / "server", host_of_containers()) as store:
        image = image_with_wheels(image_for_tests(), "s3fs")
        options = replace(found.options, image=image, store=store.url, store_options=store.options, store_secret="store")
        documents = found.manifests(tmp_path / "sizes.py", options)
        assert "testing" not in json.dumps(documents), "credentials"
        found.apply([{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "store"}, "stringData": store.env}])
        found.start(documents, "sizes")
        assert found.wait("sizes")["status"] == "succeeded"
        assert plain(found.outputs("sizes") or "") == [["0.txt", 1], ["1.txt", 2]]
        assert any(key.startswith("sizes/sizes/tasks/write/1-") for key in transfers.listed(store))
        assert [f for f in found.folder.glob("**/out/**/*.txt") if f.stat().st_size] == []


AIRFLOW_VERSIONS = ("2.10.5", "2.11.2", "3.3.2")


def airflow_environment(home: Path, dags: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "PYTHON", "WYE_", "AWS_"))}
    return kept | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor" if "-3." in home.name else "SequentialExecutor",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
    }


@pytest.mark.parametrize("version", AIRFLOW_VERSIONS)
def test_dags_hand_on_through_it(version: str, python: Path, transfers: Transfers, tmp_path: Path) -> None:
    """Airflow itself has no driver: it is installed once, in an environment that the worker keeps."""
    airflow = engine(f"airflow-{version}", [f"apache-airflow=={version}"])
    large = tmp_path / "own" / "own_large.py"
    large.parent.mkdir()
    large.write_text(textwrap.dedent(straight.LARGE), "utf-8")
    cases = [replace(CASES["control_artifacts"], name="case_control_artifacts"), Case("own_large", large)]
    (tmp_path / "server").mkdir()
    (tmp_path / "home").mkdir()
    with served("s3", python, tmp_path / "server") as store:
        given = []
        for case in cases:
            pipeline = replace(compile_source(case.source), name=case.name)
            files, _ = compile_target(pipeline, Airflow(), AirflowOptions(store=store.url, store_options=store.options))
            for file in files:
                place = tmp_path / "dags" / file.path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.content)
            forms = (json.loads(f.read_text("ascii")) for f in (tmp_path / "dags" / f"{case.name}_steps" / "tasks").iterdir())
            last = next(form["id"] for form in forms if form.get("returns"))
            given.append({"id": case.name, "dag_id": case.name, "conf": {}, "returns": last})
        wanted, results = tmp_path / "home/cases.json", tmp_path / "home/results.json"
        wanted.write_text(json.dumps({"cases": given}))
        env = {**airflow_environment(tmp_path / f"home-{version}", tmp_path / "dags"), **store.env}
        (tmp_path / f"home-{version}").mkdir()
        command = [str(airflow), str(Path(__file__).with_name("airflow_driver.py")), str(wanted), str(results)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, errors="replace", timeout=1200)
        assert results.exists(), done.stderr[-3000:]
        runs = json.loads(results.read_text())["runs"]
        for case in cases:
            expected, ran = plain_call(case), runs[case.name]
            assert ran["state"] == "success", (ran, done.stdout[-3000:])
            outputs = ran["outputs"]
            if outputs.startswith(store.url):
                key, _, name = outputs.removeprefix(store.url + "/").rpartition("/")
                assert transfers.run(store, {"get": [[key, name, str(tmp_path / "back" / case.name)]]}) == (0, "")
                outputs = (tmp_path / "back" / case.name).read_text("ascii")
            assert outputs == expected.value
        assert {case.name for case in cases} <= {k.split("/")[0] for k in transfers.listed(store)}
    assert not (tmp_path / f"home-{version}" / "wye" / "artifacts").exists()
