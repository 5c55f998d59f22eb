"""The commands of `make verify-cloud TARGET=sagemaker` by AWS's own CLI, on a server of S3 and of SageMaker's control plane (moto), which
runs nothing."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stores_engine import free_port, running

from wye.testing.environments import engine
from wye_targets.sagemaker import SagemakerOptions

sys.path.append(str(Path(__file__).parents[1] / "cloud"))
calls, verify, on_sagemaker = (importlib.import_module(name) for name in ("calls", "verify", "on_sagemaker"))
REQUIREMENTS = ("awscli==1.46.2", "moto[server,s3]==5.2.5")
BUCKET = "a-bucket"


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(engine("awscli", REQUIREMENTS)).parent


@pytest.fixture
def client(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    port = free_port()
    with running("moto_server", [str(folder / "moto_server"), "-p", str(port)], port, tmp_path):
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x"), ("EC2_METADATA_DISABLED", "true"), ("CONFIG_FILE", "none")):
            monkeypatch.setenv(f"AWS_{name}", value)
        calls.run(["aws", "s3", "mb", f"s3://{BUCKET}", "--region", "eu-west-1"])
        options = SagemakerOptions(region="eu-west-1", store=f"s3://{BUCKET}/wye", role="arn:aws:iam::123456789012:role/wye")
        yield on_sagemaker.Client(options, "20260102T030405", tmp_path / "work")


def stored() -> list[str]:
    done = subprocess.run(["aws", "s3", "ls", "--recursive", f"s3://{BUCKET}/"], capture_output=True, text=True)
    return [line.split()[-1] for line in done.stdout.splitlines()]


def test_every_command_is_one_of_the_clis(client: Any, tmp_path: Path) -> None:
    client.deploy("facts", verify.PIPELINES)
    built = {
        f"wye/facts/{p.relative_to(tmp_path / 'work/facts/upload')}" for p in (tmp_path / "work/facts/upload").rglob("*") if p.is_file()
    }
    assert set(stored()) == built
    run = client.start("facts", {"told": 'it\'s a "text"', "flag": True, "size": 2**40, "ratio": 0.5})
    assert client.state(run) == ("Succeeded", True)
    about = client._aws("sagemaker", "list-pipeline-parameters-for-execution", "--pipeline-execution-arn", run)
    assert {p["Name"]: json.loads(p["Value"]) for p in about["PipelineParameters"]} == {
        "told": "it's a \"text\"", "flag": True, "size": 2**40, "ratio": 0.5,
    }  # fmt: skip
    with pytest.raises(verify.Refused, match="list-pipeline-execution-steps"):  # moto has no steps
        client.ended("facts", run)
    place = f"s3://{BUCKET}/wye/facts/runs/{run.rpartition('/')[2]}/values"
    for name, text in (("outputs/out/outputs.json", "{}"), ("look/out/state.json", '{"status": "done"}'), ("look/out/out.json", "1")):
        (tmp_path / "object").write_text(text)
        calls.run(["aws", "s3", "cp", str(tmp_path / "object"), f"{place}/{name}", "--region", "eu-west-1"])
    assert client._left("facts", run) == ({"look": {"status": "done"}}, "{}")
    client.clean()
    assert stored() == []
    with pytest.raises(verify.Refused, match="start-pipeline-execution"):
        client.start("facts", {})


def test_what_the_cli_does_not_take_is_said_in_a_line(client: Any) -> None:
    with pytest.raises(verify.Refused, match=r"^`aws sagemaker delete-pipeline --pipeline-name …`: exit code \d+: ") as refused:
        client._aws("sagemaker", "delete-pipeline", "--pipeline-name", "nobody")
    assert "\n" not in str(refused.value)
