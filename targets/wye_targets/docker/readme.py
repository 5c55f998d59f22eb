"""The compose project in, the README that travels with it out: how to run it by hand, without Wye."""

from __future__ import annotations

import json

from wye.ir import model as ir
from wye.runtime.types import show
from wye.runtime.values import plain
from wye_targets.docker.lower import Project

_RUN = """\
# {name}

A pipeline compiled by Wye. It runs with Docker and its compose plugin (2.27 or newer), on an engine of
this machine, for its containers see this folder; on another machine, copy the folder there and run it there.

    docker compose up --abort-on-container-failure

ends with 0 when the run has succeeded, and with another code when it has failed. Without the flag the code says nothing.
"""

_AFTER = """\
## A run

`RUN_ID` names a run (`default` unless given). The same command goes on with a run that was ended: what is done is not done again, and
nothing is repeated once all is done. Another `RUN_ID` is another run; `-p` lets two run at the same time:

    RUN_ID=monday docker compose -p {name}-monday up --abort-on-container-failure

What the pipeline returned, and what each task left (`state/`, `tasks/`), is on the volume `runs`, below the run's id:

    docker compose cp outputs:/runs/default/outputs.json .

## Clean up

    docker compose down        # the containers and the network
    docker compose down -v     # and the volume with every run
"""


_IMAGES = """\
## Images

The programs and what they need are in images, which an engine that does not have them pulls. `wye build` makes them, from the same source
with the same stack; what was compiled from another source names another tag.

"""


def readme(project: Project) -> str:
    parts = [_RUN.format(name=project.compose["name"])]
    if project.images:
        parts.append(_IMAGES + "\n".join(f"- `{i.reference}`" for i in project.images) + "\n")
    if project.parameters:
        example = project.parameters[0][0]
        parts.append("## Parameters\n")
        parts.append(
            f"They are environment variables, `{example}=… docker compose up …`, or lines of a file `.env` beside `compose.yaml`\n"
            "(there in single quotes). A text is taken as it is, everything else is JSON. An empty variable is an empty text; one\n"
            "that is not set stands for the default.\n"
        )
        parts.append("\n".join(_parameter(v, p) for v, p in project.parameters) + "\n")
    if project.secrets:
        parts.append("## Secrets\n")
        parts.append(
            "They are environment variables too, of who starts the run; containers get them as files. To take one from a file\n"
            "instead, write a `compose.override.yaml` with `secrets: {NAME: !override {file: ./secret.txt}}`; containers that were made\n"
            "before keep what they have until `docker compose down`.\n"
        )
        parts.append("\n".join(f"- `{v}`: {s.name}{f', its entry {s.key}' if s.key else ''}" for s, v in project.secrets.items()) + "\n")
    if project.pipeline.settings.schedule:
        parts.append("## Schedule\n")
        parts.append("`crontab.txt` has the line that starts it. What a run needs of the environment stands in `.env`.\n")
    parts.append(_AFTER.format(name=project.compose["name"]))
    return "\n".join(parts)


def _parameter(variable: str, parameter: ir.Parameter) -> str:
    text = f"- `{variable}`: {show(parameter.type)}"
    if parameter.default is None and not parameter.scheduled:
        return f"{text}, must be given"
    if parameter.scheduled:
        return f"{text}, the time for which the run is meant unless given: `SCHEDULED_TIME`, else when it is started"
    default = json.dumps(plain(parameter.default.text) if parameter.default else None).replace("`", "\\u0060")
    return f"{text}, `{default if len(default) <= 200 else default[:200] + '…'}` unless given"
