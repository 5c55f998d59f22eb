"""A lowered Kubeflow pipeline in, the text of `pipeline.yaml` (and `schedule.json`, `run.json`) out."""

from __future__ import annotations

import json
from typing import Any

from wye.backend.target import EmittedFile
from wye.backend.yaml import dump_all
from wye.diagnostics import CompileFailed, Diagnostic
from wye_targets._kfp.check import check
from wye_targets._kfp.containers import Adapter, container
from wye_targets.kubeflow.lower import Native

ADAPTER: Adapter = (("wye_kubeflow.py", "wye_targets._kfp", "adapter.py"),)


def emit(native: Native) -> tuple[EmittedFile, ...]:
    executors = {label: {"container": container(e, ADAPTER)} for label, e in native.whole.executors.items()}
    whole = native.whole.spec
    spec = {"components": whole["components"], "deploymentSpec": {"executors": executors}, **whole}
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
        help = 'build images that have the programs (packaging = "image" in [code]), ship less ([code] exclude, or slices), split the '
        help += "pipeline, read large constants from files, or say what the service takes: `max_bytes` in the stack"
        raise CompileFailed([Diagnostic("WYE4004", message, native.span, help=help, target="kubeflow")])


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
