"""Runs inside the kfp environment: cases as JSON on standard input, their outcomes as JSON on standard output, a line each.

A case is `{"pipeline": FILE, "arguments": {…}, "variables": {…}, "root": FOLDER}`; an outcome `{"output": TEXT | null,
"artifact": PATH | null, "error": TEXT | null, "log": TEXT}`. Every document is parsed as the message that it claims to be before it runs.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import warnings
from typing import Any

import yaml
from google.protobuf import json_format
from kfp import components, local
from kfp.kubernetes import kubernetes_executor_config_pb2 as kubernetes
from kfp.local import subprocess_task_handler
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

REPLACED = subprocess_task_handler.replace_python_executable


def interpreter(command: list[str], executable: str) -> list[str]:
    """The command by this interpreter. `kfp.local` replaces the text `python3`, and so makes a path that is no file of `python3.11`."""
    first, *rest = REPLACED(command, executable)
    return [re.sub(re.escape(executable) + r"(\.\d+)+", lambda _: executable, first), *rest]


def parse(path: str) -> None:
    """The loader keeps executors and the platform's part as they are: here they must be the messages that the service reads."""
    with open(path, encoding="utf-8") as file:
        spec, *platforms = yaml.safe_load_all(file)
    json_format.ParseDict(spec, pb.PipelineSpec())
    for executor in spec["deploymentSpec"]["executors"].values():
        json_format.ParseDict(executor, pb.PipelineDeploymentConfig.ExecutorSpec())
    for platform in platforms:
        json_format.ParseDict(platform, pb.PlatformSpec())
        found = platform["platforms"]["kubernetes"].get("deploymentSpec", {}).get("executors", {})
        for config in found.values():
            json_format.ParseDict(config, kubernetes.KubernetesExecutorConfig())


def run(case: dict[str, Any]) -> dict[str, Any]:
    log = io.StringIO()
    outcome: dict[str, Any] = {"output": None, "artifact": None, "error": None}
    before = dict(os.environ)
    os.environ.update(case.get("variables", {}))
    try:
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            parse(case["pipeline"])
            local.init(local.SubprocessRunner(use_venv=False), pipeline_root=case["root"], raise_on_error=True)
            task = components.load_component_from_file(case["pipeline"])(**case.get("arguments", {}))
        output = task.outputs.get("Output")
        if isinstance(output, str) or output is None:
            outcome["output"] = output
        else:
            outcome["artifact"] = output.path
    except Exception as error:
        outcome["error"] = f"{type(error).__name__}: {error}"
    finally:
        os.environ.clear()
        os.environ.update(before)
    return outcome | {"log": log.getvalue()}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    subprocess_task_handler.replace_python_executable = interpreter
    for line in sys.stdin:
        answer = json.dumps(run(json.loads(line)))
        print(answer, flush=True)
