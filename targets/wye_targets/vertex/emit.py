"""A lowered pipeline in, the text of `pipeline_job.json` (and `schedule.json`) out."""

from __future__ import annotations

import json
import re
from typing import Any

from wye.backend.target import EmittedFile
from wye.diagnostics import CompileFailed, Diagnostic
from wye_targets._kfp.containers import Adapter, container
from wye_targets.vertex.check import check
from wye_targets.vertex.lower import Native

ADAPTER: Adapter = (("wye_vertex.py", "wye_targets.vertex", "container.py"), ("wye_kfp.py", "wye_targets._kfp", "adapter.py"))

WIDTH = 140


def emit(native: Native) -> tuple[EmittedFile, ...]:
    executors = {label: {"container": container(e, ADAPTER)} for label, e in native.whole.executors.items()}
    spec = {**native.whole.spec, "deploymentSpec": {"executors": executors}}
    job = {**native.job, "pipelineSpec": dict(sorted(spec.items()))}
    job = dict(sorted(job.items()))
    schedule = scheduled(native.schedule, job) if native.schedule else None
    faults = check(job, schedule)
    assert not faults, "\n".join(faults)
    size = len(json.dumps(job, separators=(",", ":")))
    if size > native.max_bytes:
        message = f"the pipeline takes {size:,} bytes, and the service takes {native.max_bytes:,}"
        help = 'build images that have the programs (packaging = "image" in [code]), ship less ([code] exclude, or slices), split the '
        help += "pipeline, read large constants from files, or say what the service takes: `max_bytes` in the stack"
        raise CompileFailed([Diagnostic("WYE4004", message, native.span, help=help, target="vertex")])
    files = [EmittedFile("pipeline_job.json", text(job))]
    if schedule:
        files.append(EmittedFile("schedule.json", text(schedule)))
    return tuple(files)


def scheduled(schedule: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    """The schedule, with the job that each of its runs is."""
    return schedule | {"createPipelineJobRequest": schedule["createPipelineJobRequest"] | {"pipelineJob": job}}


def text(form: dict[str, Any]) -> str:
    """JSON that is YAML too, as the SDK reads it: which knows no pairs of surrogates, no bare delete and no number like 1e+16."""
    return _TOKENS.sub(_readable, _laid_out(form, "", 0)) + "\n"


def _laid_out(value: Any, margin: str, used: int) -> str:
    """What fits in a line stands in one, of which so many characters are used."""
    whole = json.dumps(value)
    if not isinstance(value, dict | list) or not value or used + len(whole) < WIDTH:
        return whole
    inner = margin + "  "
    keys = [f"{inner}{json.dumps(k)}: " for k in value] if isinstance(value, dict) else [inner] * len(value)
    parts = [k + _laid_out(v, inner, len(k)) for k, v in zip(keys, value.values() if isinstance(value, dict) else value)]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(parts) + f"\n{margin}{closing}"


_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9.]+e[-+][0-9]+')
_ESCAPES = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|\\.")


def _readable(token: re.Match[str]) -> str:
    found = token[0]
    if found[0] == '"':
        return _ESCAPES.sub(_whole, found).replace("\x7f", "\\u007f")
    return found if "." in found else found.replace("e", ".0e")


def _whole(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[0]
    return chr(0x10000 + (int(found[1], 16) - 0xD800) * 0x400 + int(found[2], 16) - 0xDC00)
