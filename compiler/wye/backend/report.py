"""The loss report: a checked pipeline in; how its target does each thing that it uses, as JSON and as a file, out."""

from __future__ import annotations

import json
from importlib import metadata
from typing import Any, get_args

from wye.backend.capabilities import Level
from wye.backend.check import CheckedPipeline, Decision
from wye.backend.target import EmittedFile
from wye.backend.write import REPORT


def report_json(checked: CheckedPipeline) -> dict[str, Any]:
    """The report of one target: one row per use of a feature, in source order, and how many there are of each level."""
    rows = sorted(checked.decisions, key=lambda d: (d.span, d.feature, d.subject))
    levels = [d.level for d in rows]
    return {
        "wye": metadata.version("wye"),
        "pipeline": checked.pipeline.name,
        "target": checked.target.name,
        "summary": {level: levels.count(level) for level in get_args(Level) if level != "rejected"},
        "rows": [_row(d) for d in rows],
    }


def report_file(checked: CheckedPipeline) -> EmittedFile:
    """`report.json`, by which a folder is known as a build of ours."""
    return EmittedFile(REPORT, json.dumps(report_json(checked), indent=2) + "\n")


def _row(d: Decision) -> dict[str, Any]:
    return {"feature": d.feature, "level": d.level, "how": d.how, "link": d.link, "subject": d.subject, "span": str(d.span)}
