"""Definitions in SageMaker's own Python SDK (2.257.7): it writes every one of them as it is, and its local mode runs some on Docker,
with S3 by moto, to what the plain call comes to.

Local mode knows no caches, retries, time-outs or roles, runs one step after the other, and lets compose expand `$` in variables; all else
is as on the platform.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker_engine import docker, image_for_tests
from stores_engine import free_port, running
from test_images import Place, place  # noqa: F401 (a fixture)
from test_sagemaker import CASES, ROOT, agree, built, sagemaker

from wye.runtime.values import wire
from wye.testing.cases import Outcome, plain_call
from wye.testing.environments import EngineMissing, engine, missing
from wye_targets.sagemaker import SagemakerOptions
from wye_targets.sagemaker.capabilities import ACCOUNTS, GPU_TAG, TAG

SDK = ("sagemaker==2.257.7", "moto[server,s3]==5.2.5")
GOLDEN = sorted((ROOT / "golden" / "features").glob("*/out/sagemaker/pipeline.json"))
BUCKET = "a-bucket"
SECONDS = 300
Json = dict[str, Any]

STEPS = """\
from pathlib import Path
from wye import pipeline, step

@step
def folder(text: str) -> Path:
    Path("all/none").mkdir(parents=True)
    Path("all/empty.txt").touch()
    Path("all/text.txt").write_text(text)
    return Path("all")

@step
def look(place: Path) -> list[str]:
    return sorted(f"{p.relative_to(place)} {p.read_text() if p.is_file() else 'folder'}" for p in place.rglob("*"))

@pipeline
def p(text: str) -> list[str]:
    return look(folder(text))
"""


class Asked:
    """The SDK in a process of its own, which loads it once."""

    def __init__(self, python: Path, folder: Path) -> None:
        config = folder / "config.yaml"
        config.write_text("SchemaVersion: '1.0'\nSageMaker:\n  PythonSDK:\n    Modules:\n      TelemetryOptOut: true\n", "utf-8")
        compose = folder / "docker-compose"  # the SDK takes `docker compose` when its version is written `v2…`, as not everybody writes it
        compose.write_text('#!/bin/sh\nexec docker compose "$@"\n', "utf-8")
        compose.chmod(0o755)
        self.folder, self.log = folder, folder / "sdk.txt"
        path = f"{folder}:{os.environ['PATH']}"
        env = os.environ | {"SAGEMAKER_USER_CONFIG_OVERRIDE": str(config), "PATH": path, "TMPDIR": str(folder)}
        script = str(Path(__file__).with_name("sagemaker_local.py"))
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [python, "-u", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder, env=env
            )

    def __call__(self, **question: Any) -> Any:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        late = threading.Timer(SECONDS, self.process.kill)
        late.start()
        try:
            line = next((line for line in self._said() if line.startswith("ANSWER ")), None)
        finally:
            late.cancel()
        assert line, self.log.read_text()[-3000:]
        return json.loads(line.removeprefix("ANSWER "))

    def _said(self) -> Iterator[str]:
        """What it writes, and what the containers wrote."""
        assert self.process.stdout
        self.said: list[str] = []
        for line in self.process.stdout:
            self.said.append(line)
            yield line


@pytest.fixture(scope="session")
def python() -> Path:
    return engine("sagemaker", SDK)


@pytest.fixture(scope="session")
def sdk(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    asked = Asked(python, tmp_path_factory.mktemp("sdk"))
    yield asked
    asked.process.kill()
    asked.process.wait()


def clear(folder: Path) -> None:
    """Containers whose compose files are below a folder; local mode lets them lie."""
    form = '{{.ID}} {{.Label "com.docker.compose.project.config_files"}}'
    found = [line.split(" ", 1) for line in docker("ps", "--all", "--format", form).stdout.splitlines()]
    ours = [id for id, file in found if file.startswith(f"{folder}/")]
    if ours:
        docker("rm", "--force", *ours)
        docker("network", "rm", "sagemaker-local")  # unless somebody else is in it


@pytest.mark.parametrize("file", GOLDEN, ids=lambda f: f.parents[2].name)
def test_the_sdk_writes_the_same_definition(file: Path, sdk: Asked) -> None:
    definition = json.loads(file.read_text("utf-8"))
    written = sdk(definition=definition)
    assert written["Parameters"] == definition["Parameters"]
    assert written["Steps"] == definition["Steps"]


def test_the_images_are_those_that_the_sdk_names(sdk: Asked) -> None:
    ours = [f"{account}.dkr.ecr.{region}.amazonaws.com/{tag}" for region, account in ACCOUNTS.items() for tag in (TAG, GPU_TAG)]
    assert sdk(images=list(ACCOUNTS)) == ours


class Local:
    """Runs in local mode."""

    def __init__(self, sdk: Asked, image: str, endpoint: str) -> None:
        self.sdk, self.image, self.endpoint = sdk, image, endpoint

    def run(self, source: Path, folder: Path, given: dict[str, Any]) -> sagemaker.Run:
        return self.ran(built(source, folder, SagemakerOptions(image=self.image)), given)

    def ran(self, build: Path, given: dict[str, Any]) -> sagemaker.Run:
        """Our artifact, unchanged. Its images come from a registry that a run names: here they come from this machine."""
        definition = json.loads((build / "pipeline.json").read_text("utf-8"))
        name = json.loads((build / "create-pipeline.json").read_text("utf-8"))["PipelineName"]
        facts = {"Bucket": BUCKET, "Registry": "docker.io/library", "RoleArn": "arn:aws:iam::123456789012:role/wye"}
        asked = {p["Name"] for p in definition["Parameters"]}
        found = self.sdk(
            definition=definition, name=name, upload=str(build / "upload"), endpoint=self.endpoint, bucket=BUCKET,
            given={k: v for k, v in facts.items() if k in asked} | given,
        )  # fmt: skip
        log = f"{found['reason']}\n{''.join(self.sdk.said[-60:-1])}"
        return sagemaker.Run(found["state"], found["steps"], log, found["outputs"], list(found["steps"]), [])


@pytest.fixture(scope="session")
def local(sdk: Asked, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    try:
        image = image_for_tests()
        port = free_port()
        server = running("moto_server", [str(python.with_name("moto_server")), "-p", str(port)], port, tmp_path_factory.mktemp("moto"))
    except EngineMissing as reason:
        missing("docker", str(reason))
    with server:
        yield Local(sdk, image, f"http://127.0.0.1:{port}")
        clear(sdk.folder)


@pytest.mark.parametrize(
    ("name", "failed"),
    [
        ("files", None), ("control_last_branch", None), ("failing", "check"), ("on_failure_failing", "verdict"),
        ("control_failing_finally", "try_1_verdict"),
    ],
)  # fmt: skip
def test_local_mode_comes_to_what_the_plain_call_comes_to(name: str, failed: str | None, local: Local, tmp_path: Path) -> None:
    case = CASES[name]
    run = local.run(case.source, tmp_path / "build", {})
    agree(plain_call(case), run)
    assert [n for n, state in run.steps.items() if state == "Failed"] == ([failed] if failed else []), run.log


def test_local_mode_takes_the_other_branch(local: Local, tmp_path: Path) -> None:
    """And nothing of the one that is not taken."""
    run = local.run(CASES["control_last_branch"].source, tmp_path / "build", {"n": 1})
    assert run.state == "Failed"
    assert {n for n, state in run.steps.items() if state == "Failed"} == {"refuse_2"}
    assert not {"publish", "frame", "refuse", "if_2"} & run.steps.keys()


def test_local_mode_hands_on_folders_and_empty_files(local: Local, tmp_path: Path) -> None:
    source = tmp_path / "flow.py"
    source.write_text(STEPS, "utf-8")
    text = "{{ds}} 'é' null"
    agree(Outcome(wire(["empty.txt ", "none folder", f"text.txt {text}"])), local.run(source, tmp_path / "build", {"text": text}))


def test_local_mode_runs_in_images_that_wye_builds(local: Local, place: Place) -> None:  # noqa: F811
    """Nobody may write below /opt/ml but root, and so it is root in them."""
    with (place.folder / "wye.toml").open("a") as file:
        file.write(f'[stacks.aws]\ntarget = "sagemaker"\nimage = "{place.base}"\n')
    done = place.wye("build", "flow.py", "--stack", "aws", "--format", "json", PIP_NO_INDEX="1")
    assert done.returncode == 0, done.stderr
    images = [i["image"] for i in json.loads(done.stdout)["images"]]
    try:
        done = place.wye("compile", "flow.py", "--stack", "aws")
        assert done.returncode == 0, done.stderr
        (build,) = place.folder.glob("build/*/sagemaker")
        definition = json.loads((build / "pipeline.json").read_text("utf-8"))
        named = {s["Arguments"]["AppSpecification"]["ImageUri"]["Std:Join"]["Values"][1] for s in definition["Steps"]}
        assert named == {*images}
        assert len(images) == 2
        assert not list(build.glob("upload/*/*/programs")) + list(build.glob("upload/programs*"))
        agree(Outcome(wire({**place.plain(), "who": "False"})), local.ran(build, {}))
    finally:
        docker("image", "rm", "--force", *images)
