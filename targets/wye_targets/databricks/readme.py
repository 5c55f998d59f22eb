"""The job in, the README that travels with it out: how it is deployed and run without Wye."""

from __future__ import annotations

from wye.ir import model as ir
from wye.runtime.types import show
from wye_targets.databricks.lower import Job, parameter_text, scheduled

_HEAD = """\
# {name}

A pipeline compiled by Wye: a bundle with one job. With the Databricks CLI (0.244 or newer):

    databricks bundle deploy{variables}
    databricks bundle run {name}{variables}

deploys and runs it as yourself, for trying it out (target `dev`: schedules are paused, names have yours before them);
`--target prod` deploys it for good. What the pipeline returned is what the notebook of its last task exits with.

`job.json` is the same job as `POST /api/2.2/jobs/create` takes it, for other tools: put the folder that this one is copied to in place of
`${{workspace.file_path}}`{others}.
"""


def readme(job: Job) -> str:
    variables = "".join(f" --var {n}=…" for n in job.variables)
    others = " and values in place of each `${var.…}`" if job.variables else ""
    parts = [_HEAD.format(name=job.name, variables=variables, others=others)]
    if job.variables:
        parts.append("## Variables\n")
        parts.append("Of the bundle; `--var NAME=VALUE`, or a file `.databricks/bundle/<target>/variable-overrides.json`.\n")
        parts.append("\n".join(f"- `{n}`: {text}" for n, text in job.variables.items()) + "\n")
    if job.parameters:
        parts.append("## Parameters\n")
        parts.append(
            f"Job parameters: `databricks bundle run {job.name}{variables} --params '{job.parameters[0][0]}=…'`.\n"
            "A text is taken as it is, everything else is JSON.\n"
        )
        parts.append("\n".join(_parameter(job, n, p) for n, p in job.parameters) + "\n")
    return "\n".join(parts)


def _parameter(job: Job, name: str, p: ir.Parameter) -> str:
    text = f"- `{name}`: {show(p.type)}"
    if p.scheduled:
        return f"{text}, the time for which the run is meant unless given"
    if p.default is None:
        return f"{text}, must be given"
    default = parameter_text(p, scheduled(job.pipeline)).replace("`", "\\u0060")
    return f"{text}, `{default if len(default) <= 200 else default[:200] + '…'}` unless given"
