"""Runs inside the environment of google-cloud-aiplatform: files as JSON on standard input, what the SDK makes of each on standard output.

A file is `{"job": PATH, "schedule": PATH | null, "parameters": {…}}`, an answer `{"error": TEXT | null, "runtime": {…}, "name": TEXT}`,
each in a line. The messages are those of the service: unknown fields and wrong types are refused.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform, aiplatform_v1, aiplatform_v1beta1
from google.protobuf import json_format


def accept(case: dict[str, Any]) -> dict[str, Any]:
    with open(case["job"], encoding="utf-8") as file:
        job = json.load(file)
    api = aiplatform_v1beta1 if "defaultRuntime" in job["runtimeConfig"] else aiplatform_v1
    message = api.PipelineJob()._pb
    json_format.ParseDict(job, message)
    back = json_format.MessageToDict(message)
    if back["pipelineSpec"] != json.loads(json.dumps(job["pipelineSpec"])):
        raise ValueError("the specification comes back as another")
    made = aiplatform.PipelineJob("check", case["job"], pipeline_root="gs://bucket/root", parameter_values=case.get("parameters") or None)
    if json_format.MessageToDict(made._gca_resource._pb)["pipelineSpec"] != back["pipelineSpec"]:
        raise ValueError("the SDK reads another specification in the file")
    if case.get("schedule"):
        with open(case["schedule"], encoding="utf-8") as file:
            schedule = json.load(file)
        json_format.ParseDict(schedule, api.Schedule()._pb)
    return {"name": made.job_id, "runtime": made.to_dict().get("runtimeConfig", {})}


if __name__ == "__main__":
    aiplatform.init(project="project", location="europe-west4", credentials=AnonymousCredentials(), staging_bucket="gs://bucket")
    for line in sys.stdin:
        answer: dict[str, Any] = {"error": None, "runtime": {}, "name": ""}
        try:
            answer |= accept(json.loads(line))
        except Exception as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        print(json.dumps(answer), flush=True)
