"""The pipeline in, the README that travels with it out: how it is run without Wye."""

from __future__ import annotations

from wye.ir import model as ir
from wye.runtime.types import show
from wye_targets.azureml.adapter import DEFAULT, REQUIRED, RUN
from wye_targets.azureml.lower import LAST, VAULT, Native

_HEAD = """\
# {name}

A pipeline compiled by Wye for Azure Machine Learning. With the Azure CLI and its extension `ml`:

    az ml job create -f pipeline.yml{given}
"""
_RESULT = """\
`az ml job download --name JOB --output-name result` fetches what it returned: `outputs.json`, and the files that it names.
"""
_SCHEDULE = """\
`az ml schedule create -f schedule.yml` runs it by its schedule.
"""
_SCHEDULED_VAULT = """\
Write the name of the key vault in place of `<required>` in `pipeline.yml` first.
"""
_VAULT = """\
The input `key_vault` is the name of the key vault that holds the steps' secrets.
"""
_INPUTS = """\
`--set inputs.NAME=VALUE` says what an input is: text as it is, everything else as JSON, and `'` as `\\u0027`.
"""


def readme(native: Native) -> str:
    required = [n for n, p in native.parameters if not p.scheduled and p.default is None]
    required += [VAULT] * (VAULT in native.inputs)
    head = _HEAD.format(name=native.pipeline.name, given="".join(f" --set inputs.{n}=…" for n in required))
    said = [
        (_RESULT, any(t.key == LAST for t in native.tasks)),
        (_SCHEDULE, native.pipeline.settings.schedule),
        (_SCHEDULED_VAULT, native.pipeline.settings.schedule and VAULT in native.inputs),
        (_VAULT, VAULT in native.inputs),
        (_INPUTS, native.parameters),
    ]
    text = "".join(text for text, wanted in said if wanted)
    inputs = "".join(_parameter(native, n, p) for n, p in native.parameters)
    return "\n".join(filter(None, (head, text, inputs)))


def _parameter(native: Native, name: str, p: ir.Parameter) -> str:
    text, value = f"- `{name}`: {show(p.type)}", native.inputs[name]
    if value == RUN and p.scheduled:
        return f"{text}, the time for which the run is meant unless given\n"
    if value == REQUIRED and p.default is None:
        return f"{text}, must be given\n"
    default = "true" if value is True else "false" if value is False else str(value) if value != DEFAULT else "a long text"
    default = default.replace("`", "\\u0060")
    return f"{text}, `{default if len(default) <= 200 else default[:200] + '…'}` unless given\n"
