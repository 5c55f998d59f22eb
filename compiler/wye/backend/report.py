"""The loss report: a checked pipeline in; how its target does each thing that it uses, as JSON and as a file, out."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from importlib import metadata
from pathlib import PurePosixPath
from typing import Any, get_args

from wye.backend.capabilities import Level
from wye.backend.check import CheckedPipeline, Decision
from wye.backend.images import Image
from wye.backend.target import EmittedFile
from wye.backend.write import REPORT
from wye.diagnostics import Span
from wye.stacks.tables import DEFAULT, Effective, key_of


def report_json(checked: CheckedPipeline) -> dict[str, Any]:
    """The report of one target: one row per use of a feature, in source order, and how many there are of each level; and what was set
    that goes beyond the source, with the variables of the environment that the artifact depends on. A target's
    `report` holds further fields, by which the platform knows that the file is none of its own."""
    rows = sorted(checked.decisions, key=lambda d: (d.span, d.feature, d.subject))
    levels = [d.level for d in rows]
    return {
        **getattr(checked.target, "report", {}),
        "wye": metadata.version("wye"),
        "pipeline": checked.pipeline.name,
        "target": checked.target.name,
        "summary": {level: levels.count(level) for level in get_args(Level) if level != "rejected"},
        "rows": [_row(d) for d in rows],
        **_set(checked),
        **({"images": [image_json(i) for i in checked.images]} if checked.images else {}),
    }


def report_file(checked: CheckedPipeline) -> EmittedFile:
    """`report.json`, by which a folder is known as a build of ours."""
    return EmittedFile(REPORT, json.dumps(report_json(checked), indent=2) + "\n")


def _row(d: Decision) -> dict[str, Any]:
    return {"feature": d.feature, "level": d.level, "how": d.how, "link": d.link, "subject": d.subject, "span": place(d.span)}


def image_json(image: Image) -> dict[str, Any]:
    """An image that the artifact names, for machines."""
    e = image.environment
    return {"image": image.reference, "base": e.base, "python": e.python, "packages": list(e.packages), "tasks": list(image.tasks)}


def _set(checked: CheckedPipeline) -> dict[str, Any]:
    """The chosen stack, each value that somebody has set for this target, and the environment's part in it."""
    found = [e for e in (*checked.config.effective, *checked.effective) if e.origin != DEFAULT]
    said: dict[str, Any] = {"stack": checked.config.stack} if checked.config.stack else {}
    if found:
        said["settings"] = [effective_json(e) for e in found]
    variables = sorted({v for e in found for v in e.variables})
    if variables:
        said["environment"] = variables
    return said


def effective_json(e: Effective) -> dict[str, Any]:
    """A value and whose it is, for machines. A stack's file is named without its folder, which is another one on each machine."""
    form: dict[str, Any] = {"task": e.subject} if e.subject else {}
    form |= {"key": e.key, "value": shown(e.value), "from": e.origin, "place": place(e.span) if e.span else None}
    return form | ({"environment": list(e.variables)} if e.variables else {})


def place(span: Span) -> str:
    path = PurePosixPath(span.path)
    return f"{path.name if path.is_absolute() else path}:{span.line}:{span.column}"


def shown(value: Any) -> Any:
    """A value as data, without the password of an address."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key_of(f): shown(v) for f in fields(value) if (v := getattr(value, f.name)) is not None}
    if isinstance(value, dict):
        return {k: shown(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(v) for v in value]
    return re.sub(r"(://)[^/@\s]*@", r"\1***@", value) if isinstance(value, str) else value
