"""A compiled SageMaker pipeline in; what SageMaker's own local mode makes of it on Docker out. Runs where the SDK is; a line of JSON for
each question, and one that begins with `ANSWER` for each answer:

    {"images": [region, ...]}                                                   AWS's own images, as the SDK names them
    {"definition": {...}}                                                       the same definition as the SDK itself writes it
    {"definition": {...}, "name", "upload", "endpoint", "bucket", "given": {}}  a run: its state, its steps' states, what it returned

Local mode takes the SDK's objects, not a definition: so each step is one whose arguments are those of our JSON, with the SDK's own objects
in place of references. Nothing else of the definition is known here.
https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-local-mode.html
"""

from __future__ import annotations

import json
import os
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

PROPERTY = re.compile(r"Steps\.([A-Za-z0-9_-]+)\.ProcessingOutputConfig\.Outputs\['([A-Za-z0-9_-]+)'\]\.S3Output\.S3Uri")
PROPERTY_FILE = re.compile(r"Steps\.([A-Za-z0-9_-]+)\.PropertyFiles\.([A-Za-z0-9_-]+)")
ROLE = "arn:aws:iam::123456789012:role/wye"
Json = dict[str, Any]


def main() -> None:
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}
    for line in sys.stdin:
        asked = json.loads(line)
        found: Any
        if "images" in asked:
            found = [image(region, machine) for region in asked["images"] for machine in ("ml.m5.large", "ml.g5.xlarge")]
        elif "upload" in asked:
            found = run(asked)
        else:
            found = json.loads(rebuilt(asked["definition"], "p", offline()).definition())
        print("\nANSWER", json.dumps(found), flush=True)


def image(region: str, machine: str) -> str:
    from sagemaker import image_uris

    found = image_uris.retrieve("pytorch", region, version="2.5.1", py_version="py311", instance_type=machine, image_scope="training")
    return str(found)


@cache
def offline() -> Any:
    from sagemaker.workflow.pipeline_context import LocalPipelineSession

    return LocalPipelineSession(default_bucket="a-bucket")


def run(asked: Json) -> Json:
    os.environ["AWS_ENDPOINT_URL"] = asked["endpoint"]
    import boto3
    from sagemaker.workflow.pipeline_context import LocalPipelineSession

    s3 = boto3.client("s3")
    if asked["bucket"] not in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=asked["bucket"], CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]})
    for file in sorted(Path(asked["upload"]).rglob("*")):
        if file.is_file():
            s3.upload_file(str(file), asked["bucket"], f"{asked['name']}/{file.relative_to(asked['upload'])}")
    session = LocalPipelineSession(boto3.Session(), default_bucket=asked["bucket"], s3_endpoint_url=asked["endpoint"])
    pipeline = rebuilt(asked["definition"], asked["name"], session)
    pipeline.create(ROLE)
    execution = pipeline.start(parameters=asked["given"])
    steps = {s["StepName"]: s["StepStatus"] for s in execution.list_steps()["PipelineExecutionSteps"]}
    key = f"{asked['name']}/runs/{execution.pipeline_execution_name}/values/outputs/out/outputs.json"
    found = s3.list_objects_v2(Bucket=asked["bucket"], Prefix=key).get("Contents")
    text = s3.get_object(Bucket=asked["bucket"], Key=key)["Body"].read().decode().strip() if found else None
    said = execution.describe()
    return {"state": said["PipelineExecutionStatus"], "reason": said.get("FailureReason"), "steps": steps, "outputs": text}


def rebuilt(definition: Json, name: str, session: Any) -> Any:
    from sagemaker.workflow.pipeline import Pipeline

    makes = Objects(definition["Parameters"])
    steps = [makes.step(s) for s in definition["Steps"]]
    return Pipeline(name, list(makes.parameters.values()), pipeline_experiment_config=None, steps=steps, sagemaker_session=session)


class Objects:
    """The SDK's objects for what stands in a definition."""

    def __init__(self, parameters: list[Json]) -> None:
        from sagemaker.workflow import parameters as kinds

        self.parameters = {
            p["Name"]: getattr(kinds, f"Parameter{p['Type']}")(name=p["Name"], default_value=p.get("DefaultValue")) for p in parameters
        }
        self.steps: dict[str, Any] = {}

    def step(self, step: Json) -> Any:
        made = self.condition(step) if step["Type"] == "Condition" else self.processing(step)
        self.steps[step["Name"]] = made
        return made

    def condition(self, step: Json) -> Any:
        from sagemaker.workflow.condition_step import ConditionStep
        from sagemaker.workflow.conditions import ConditionEquals

        arguments = step["Arguments"]
        assert all(c["Type"] == "Equals" for c in arguments["Conditions"])
        return ConditionStep(
            name=step["Name"],
            depends_on=step.get("DependsOn"),
            conditions=[ConditionEquals(self.value(c["LeftValue"]), self.value(c["RightValue"])) for c in arguments["Conditions"]],
            if_steps=[self.step(s) for s in arguments["IfSteps"]],
            else_steps=[self.step(s) for s in arguments["ElseSteps"]],
        )

    def processing(self, step: Json) -> Any:
        from sagemaker.workflow.properties import Properties, PropertyFile
        from sagemaker.workflow.retry import SageMakerJobExceptionTypeEnum, SageMakerJobStepRetryPolicy
        from sagemaker.workflow.steps import CacheConfig, ConfigurableRetryStep, ProcessingStep, StepTypeEnum

        class Job(ProcessingStep):  # type: ignore[misc]
            """Whose arguments are said, instead of made by a `Processor`."""

            def __init__(self, said: Any) -> None:
                ConfigurableRetryStep.__init__(
                    self, step["Name"], StepTypeEnum.PROCESSING, depends_on=step.get("DependsOn"), retry_policies=[]
                )
                self.said, self.step_args, self.cache_config = said, None, None
                self.property_files = [
                    PropertyFile(f["PropertyFileName"], f["OutputName"], f["FilePath"]) for f in step.get("PropertyFiles", ())
                ]
                self._properties = Properties(step_name=self.name, step=self, shape_name="DescribeProcessingJobResponse")

            @property
            def arguments(self) -> Any:
                return self.said

        made = Job(self.value(step["Arguments"]))
        if "CacheConfig" in step:
            made.cache_config = CacheConfig(step["CacheConfig"]["Enabled"], step["CacheConfig"].get("ExpireAfter"))
        for policy in step.get("RetryPolicies", ()):
            types = [next(e for e in SageMakerJobExceptionTypeEnum if e.value == t) for t in policy["ExceptionType"]]
            rate, interval, attempts = policy["BackoffRate"], policy["IntervalSeconds"], policy["MaxAttempts"]
            made.add_retry_policy(SageMakerJobStepRetryPolicy(types, None, rate, interval, attempts))
        return made

    def value(self, value: Any) -> Any:
        from sagemaker.workflow.functions import Join, JsonGet

        if isinstance(value, list):
            return [self.value(v) for v in value]
        if not isinstance(value, dict):
            return value
        match value:
            case {"Get": str(reference)}:
                return self.reference(reference)
            case {"Std:Join": {"On": on, "Values": values}}:
                return Join(on=on, values=[self.value(v) for v in values])
            case {"Std:JsonGet": {"PropertyFile": {"Get": reference}, "Path": path}}:
                found = PROPERTY_FILE.fullmatch(reference)
                assert found, reference
                return JsonGet(step_name=found[1], property_file=found[2], json_path=path)
        return {k: self.value(v) for k, v in value.items()}

    def reference(self, reference: str) -> Any:
        from sagemaker.workflow.execution_variables import ExecutionVariable

        kind, _, rest = reference.partition(".")
        if kind == "Parameters":
            return self.parameters[rest]
        if kind == "Execution":
            return ExecutionVariable(rest)
        found = PROPERTY.fullmatch(reference)
        assert found, reference
        return self.steps[found[1]].properties.ProcessingOutputConfig.Outputs[found[2]].S3Output.S3Uri


if __name__ == "__main__":
    main()
