"""The commands of `make verify-cloud TARGET=sagemaker` as requests, against AWS's own models (botocore)."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from test_sagemaker_shapes import asked, python  # noqa: F401

from wye_targets.sagemaker import SagemakerOptions

sys.path.append(str(Path(__file__).parents[1] / "cloud"))
verify, on_sagemaker = (importlib.import_module(name) for name in ("verify", "on_sagemaker"))
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/wye-verify/execution/abcdefghijkl"
ANSWERS = {
    "StartPipelineExecution": {"PipelineExecutionArn": ARN},
    "DescribePipelineExecution": {"PipelineExecutionStatus": "Succeeded"},
    "ListPipelineExecutionSteps": {"PipelineExecutionSteps": []},
}


def pascal(words: str) -> str:
    return "".join(part.title() for part in words.strip("-").split("-"))


@dataclass(slots=True)
class Client(on_sagemaker.Client):  # type: ignore[misc, name-defined]
    """Its commands as requests: a word behind `--some-name` is the member SomeName; `file://` is read."""

    requests: list[list[Any]] = field(default_factory=list)

    def _aws(self, *words: str, cwd: Path | None = None) -> Any:
        given: dict[str, Any] = {}
        for name, text in zip(words[2::2], words[3::2], strict=True):
            content = (cwd / text.removeprefix("file://")).read_text("utf-8") if text.startswith("file://") and cwd else text
            if name == "--cli-input-json":
                given |= json.loads(content)
            else:
                given[pascal(name)] = json.loads(content) if name == "--pipeline-parameters" else content
        self.requests.append(["sagemaker", pascal(words[1]), given])
        return ANSWERS.get(pascal(words[1]), {})

    def _s3(self, *words: str, cwd: Path | None = None) -> None:
        pass


def test_every_request_is_one_of_awss_model(python: Path, tmp_path: Path) -> None:  # noqa: F811
    options = SagemakerOptions(region="eu-west-1", store="s3://a-bucket/wye", role="arn:aws:iam::123456789012:role/wye")
    client = Client(options, "20260102T030405", tmp_path)
    verify.verify(client, say=lambda line: None, pause=0)
    client.stop(ARN)
    operations = {operation for _, operation, _ in client.requests}
    assert len(operations) == 6
    for _, operation, given in client.requests:
        if operation in ("StartPipelineExecution", "CreatePipeline", "DeletePipeline", "StopPipelineExecution"):
            given.setdefault("ClientRequestToken", "0" * 32)  # the command line makes one, as it is marked as a token
    assert [p for p in asked(python, client.requests) if p] == []
    broken = [["sagemaker", "StartPipelineExecution", {"PipelineName": "a b", "PipelineParameters": [{"Name": "x", "Value": 1}]}]]
    assert asked(python, broken) != [[]]
