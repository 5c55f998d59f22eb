"""A lowered Kubeflow pipeline in, the text of `pipeline.yaml` (and `schedule.json`, `run.json`) out.

Each executor's container gets the executor input, its task, the modules of its program to read, and the runtime as one line of base64.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files as resources
from typing import Any

from wye.backend.embed import LINES, UNPACK, archive, payload, runtime_files
from wye.backend.target import EmittedFile
from wye.backend.yaml import dump_all
from wye.diagnostics import CompileFailed, Diagnostic
from wye.runtime.values import wire
from wye_targets.kubeflow.adapter import FILES
from wye_targets.kubeflow.check import check
from wye_targets.kubeflow.lower import Native
from wye_targets.kubeflow.tasks import Executor

ARGUMENT_LIMIT = 131_071
"""Bytes of one argument of a program on Linux."""

# kfp.local's SubprocessRunner runs a command only if it names the module of kfp's own executor. It also writes its interpreter for each
# `python3` in a command, values included, except in what follows an argument with the two texts that kfp's own components have.
BOOT = f"""\
# Wye's runner. kfp.local runs only what names kfp.dsl.executor_main, and
# leaves alone what follows "$program_path/ephemeral_component.py" "$@"
import sys, tempfile
{UNPACK}
with tempfile.TemporaryDirectory() as folder:
    unpack(sys.argv.pop(), folder)
    sys.path.insert(0, folder)
    import wye_kubeflow
    sys.exit(wye_kubeflow.main(sys.argv[1:], folder))
"""

_EXPANDED = re.compile(r"(?<=\{)(?=\{)|(?<=\$)(?=[($])|(?<=python)(?=3)|(?<=/kfp-)(?=workspace)")
_BREAK = "\u241f"


def emit(native: Native) -> tuple[EmittedFile, ...]:
    executors = {label: {"container": _container(e)} for label, e in native.executors.items()}
    spec = {"components": native.spec["components"], "deploymentSpec": {"executors": executors}, **native.spec}
    faults = check(spec, native.platform)
    assert not faults, "\n".join(faults)
    _check_size(native, len(json.dumps([spec, native.platform], separators=(",", ":"))))
    documents = [dict(sorted(spec.items())), *([native.platform] if native.platform else [])]
    files = [EmittedFile("pipeline.yaml", _header(spec) + dump_all(documents))]
    if native.schedule:
        files.append(EmittedFile("schedule.json", json.dumps(native.schedule, indent=2) + "\n"))
    if native.run:
        files.append(EmittedFile("run.json", json.dumps(native.run, indent=2) + "\n"))
    return tuple(files)


def _check_size(native: Native, size: int) -> None:
    if size > native.max_bytes:
        message = f"the pipeline takes {size:,} bytes, and the service takes {native.max_bytes:,}"
        help = "ship less ([code] exclude, or slices), split the pipeline, read large constants from files, "
        help += "or say what the service takes: `max_bytes` in the stack"
        raise CompileFailed([Diagnostic("WYE4004", message, native.span, help=help, target="kubeflow")])


# --- containers -----------------------------------------------------------------------------------------------------------------


def _container(e: Executor) -> dict[str, Any]:
    container: dict[str, Any] = {
        "args": ["{{$}}", *_arguments(e)],
        "command": [e.python, "-c", BOOT],
    }
    if e.env:
        container["env"] = [{"name": k, "value": v} for k, v in sorted(e.env.items())]
    container["image"] = e.image
    if e.resources:
        container["resources"] = e.resources
    return container


def _arguments(e: Executor) -> Iterator[str]:
    """The task, then each module below a line with its name, then what travels as it is, then the runtime."""
    yield from quote(wire(e.task))
    for path, text in e.files:
        yield from quote(f"# {path}\n{wire(json.loads(text)) if path.rpartition('/')[2] == LINES else text}")
    if e.data:
        yield from quote(FILES + archive(e.data))
    runtime = _runtime(e.interpreter)
    assert len(runtime) <= ARGUMENT_LIMIT
    yield runtime


@cache
def _runtime(interpreter: bool) -> str:
    """`interpreter`: with what an island runs."""
    adapter = resources("wye_targets.kubeflow").joinpath("adapter.py").read_text(encoding="utf-8")
    return payload((("wye_kubeflow.py", adapter), *runtime_files(interpreter=interpreter)))


def quote(text: str) -> Iterator[str]:
    """The text as arguments in which nobody finds anything to expand, and which Linux takes; `adapter.unpack` undoes it."""
    text = _EXPANDED.sub(_BREAK, text.replace(_BREAK, _BREAK + "."))
    mark = ""
    while text:
        part = text.encode("utf-8", "surrogatepass")[: ARGUMENT_LIMIT - 1].decode("utf-8", "ignore")
        yield mark + part
        mark, text = "+", text[len(part) :]


# --- for people -----------------------------------------------------------------------------------------------------------------

_PYTHON = {"STRING": "str", "NUMBER_INTEGER": "int", "NUMBER_DOUBLE": "float", "BOOLEAN": "bool"}


def _header(spec: dict[str, Any]) -> str:
    """The comment that kfp's compiler writes: name, description, inputs and outputs."""
    lines = ["# PIPELINE DEFINITION", f"# Name: {spec['pipelineInfo']['name']}"]
    if "description" in spec["pipelineInfo"]:
        first, *rest = spec["pipelineInfo"]["description"].splitlines()
        lines += [f"# Description: {first}", *(f"#              {line}" for line in rest)]
    for title, definitions in (("Inputs", "inputDefinitions"), ("Outputs", "outputDefinitions")):
        found = spec["root"].get(definitions, {})
        entries = {n: _PYTHON[p["parameterType"]] + _default(p) for n, p in found.get("parameters", {}).items()}
        entries |= {n: a["artifactType"]["schemaTitle"] for n, a in found.get("artifacts", {}).items()}
        if entries:
            lines += [f"# {title}:", *(f"#    {n}: {e}" for n, e in sorted(entries.items()))]
    return "".join("".join(c if c.isprintable() else "?" for c in line) + "\n" for line in lines)


def _default(parameter: dict[str, Any]) -> str:
    if "defaultValue" not in parameter:
        return ""
    value = parameter["defaultValue"]
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return f" [Default: {text if len(text) <= 80 else text[:80] + '…'}]"
