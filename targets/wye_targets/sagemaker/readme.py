"""The definition in, the README that travels with it out: how it is uploaded, created and started without Wye."""

from __future__ import annotations

import json

from wye.ir import model as ir
from wye.runtime.types import show
from wye_targets.sagemaker.lower import Definition, parameter_default

FILL = "FILL-IN-{}"
"""What somebody has to write in its place."""

_HEAD = """\
# {name}

A pipeline compiled by Wye for Amazon SageMaker Pipelines. With the AWS CLI:

    aws s3 sync upload {folder}
    aws sagemaker create-pipeline --cli-input-json file://create-pipeline.json --pipeline-definition file://pipeline.json{role}
    aws sagemaker start-pipeline-execution --pipeline-name {name}{parameters}

Later versions: `update-pipeline` in place of `create-pipeline`, without `Tags`. Uploaded folders are named by their content: a
run goes on with those that it was started with, and `sync` never changes one. Do not run it with `--delete` while runs last.

A run ends as `Succeeded` or `Failed`. What it returned is `{folder}runs/EXECUTION-ID/values/outputs/out/outputs.json`; each step has
its values (and `state.json`: what became of it) in `values/STEP/out/`, and its files in `files/STEP/out/`.
"""

_GIVEN = """\
At the start of a run; a text is taken as it is (in double quotes, as JSON), everything else is JSON. At most 256
characters each.
"""
_ROLES = """\
## Roles

The jobs' role reads and writes `{folder}*`{secrets}; it pulls the images from ECR and writes logs to CloudWatch. The pipeline's
role creates, describes, stops and tags processing jobs, and passes the jobs' role to them{conditions}.
"""


_IMAGES = """\
## Images

The programs and what they need are in images. `wye build --push` makes them, from the same source with the same stack; what was compiled
from another source names another tag. ECR takes them when it has the repository: `aws ecr create-repository --repository-name {name}`.

"""


def readme(native: Definition) -> str:
    store = native.options.store
    bucket = native.facts.asked.get("Bucket")
    folder = f"{store.rstrip('/')}/{native.name}/" if store else f"s3://BUCKET/{native.name}/"
    needed = [n for f, n in native.facts.asked.items() if f != "ScheduledTime"]
    needed += [n for n, p in native.parameters if parameter_default(p) is None]
    given = " --pipeline-parameters" + "".join(f" Name={n},Value=…" for n in needed) if needed else ""
    role = "" if native.options.role else " --role-arn ROLE"
    parts = [_HEAD.format(name=native.name, folder=folder, role=role, parameters=given)]
    if native.facts.asked:
        parts.append("## What the stack does not say\n")
        parts.append("Parameters of the SageMaker pipeline:\n")
        parts.append("\n".join(f"- `{n}`: {text}" for n, text in native.facts.described().items()) + "\n")
    if native.parameters:
        parts.append("## Parameters\n")
        parts.append(_GIVEN)
        parts.append("\n".join(_parameter(n, p) for n, p in native.parameters) + "\n")
    if native.images:
        own = native.options.registry
        folder_of = own.partition("/")[2] if own else ""
        head = _IMAGES.format(name="/".join(p for p in (folder_of, native.images[0].repository) if p))
        parts.append(head + "\n".join(f"- `{i.reference}`" for i in native.images) + "\n")
    secrets = "" if not native.secrets else ", and the secrets " + ", ".join(f"`{s}`" for s in native.secrets)
    conditions = "; it reads what Condition steps look at, in the same folder" if native.conditional else ""
    parts.append(_ROLES.format(folder=folder.replace("s3://", "arn:aws:s3:::"), secrets=secrets, conditions=conditions))
    if native.pipeline.settings.schedule:
        parts.append("## Schedule\n")
        filled = ""
        if bucket or not native.options.scheduler_role or len(needed) > 0:
            filled = f" Put values in place of each `{FILL.format('…')}` first."
        parts.append(f"    aws scheduler create-schedule --cli-input-json file://schedule.json\n\nstarts it on time.{filled}\n")
    return "\n".join(parts)


def _parameter(name: str, p: ir.Parameter) -> str:
    text = f"- `{name}`: {show(p.type)}"
    if p.scheduled:
        return f"{text}, the time for which the run is meant unless given"
    default = parameter_default(p)
    if default is None:
        return f"{text}, must be given"
    said = (default if isinstance(default, str) else json.dumps(default)).replace("`", "\\u0060")
    return f"{text}, `{said}` unless given"
