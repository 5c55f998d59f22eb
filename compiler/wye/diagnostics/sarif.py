"""Diagnostics in, a SARIF 2.1.0 log out, as code-scanning services read it.

Places in the checkout are relative to `%SRCROOT%`, other files have an absolute URI. The rules carry the pages of `wye explain`.
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from wye.diagnostics import explain
from wye.diagnostics.model import Diagnostic, Span
from wye.diagnostics.render import Sources

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(diagnostics: Sequence[Diagnostic], sources: Sources, messages: Sequence[str] = ()) -> dict[str, Any]:
    """The log of one run. `messages` are failures that have no place in a file: notifications of the tool."""
    codes = sorted({d.code for d in diagnostics})
    driver = {"name": "wye", "version": version("wye"), "rules": [_rule(code) for code in codes]}
    invocation: dict[str, Any] = {"executionSuccessful": not messages}
    if messages:
        invocation["toolExecutionNotifications"] = [{"level": "error", "message": _message(m)} for m in messages]
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the root of the checkout"}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(d, codes.index(d.code), sources) for d in diagnostics],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": code, "defaultConfiguration": {"level": "error"}, "properties": {"tags": ["pipeline"]}}
    if code not in explain.codes():  # a third party's target may have its own
        return rule
    page, title = explain.page(code), explain.title(code)
    prose = re.sub(r"(?s)```.*", "", page.partition("\n")[2]).strip()
    texts = {"shortDescription": {"text": title}, "fullDescription": {"text": " ".join(prose.split()) or title}}
    return {**rule, **texts, "help": {"text": page, "markdown": page}}


def _result(d: Diagnostic, rule: int, sources: Sources) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": d.code,
        "ruleIndex": rule,
        "level": d.severity,
        "message": _message(d.message + (f"\nhelp: {d.help}" if d.help else "")),
        "locations": [{"physicalLocation": _physical(d.span, sources)}],
    }
    if d.labels:
        result["relatedLocations"] = [
            {"id": n, "physicalLocation": _physical(label.span, sources), "message": _message(label.text)}
            for n, label in enumerate(d.labels)
        ]
    if d.target:
        result["properties"] = {"target": d.target}
    return result


def _physical(span: Span, sources: Sources) -> dict[str, Any]:
    shown = sources(span.path).path
    uri = quote(shown, safe="/")
    artifact = {"uri": f"file://{uri}"} if shown.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}
    line, column = max(1, span.line), max(1, span.column)
    last = max(line, span.end_line)
    region = {"startLine": line, "startColumn": column, "endLine": last, "endColumn": max(column if last == line else 1, span.end_column)}
    return {"artifactLocation": artifact, "region": region}


def _message(text: str) -> dict[str, str]:
    """Braces are placeholders in a message (3.11.5), and `[a](b)` is a link (3.11.6): neither is meant."""
    return {"text": text.replace("{", "{{").replace("}", "}}").replace("](", "] (")}
