"""A plan and parameters as they are given in; the wire text of every parameter out, or all that is wrong or missing here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from wye.diagnostics.suggest import did_you_mean
from wye.runs.packages import problem, unmet
from wye.runtime.scope import whole
from wye.runtime.values import CannotTravel, encode, instant, parse_argument, wire


class Text(str):
    """A parameter as a person typed it (`-p name=TEXT`); any other value is taken as it is."""

    __slots__ = ()


class RunInputError(Exception):
    """The run cannot start; `messages` are all the reasons."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


def check_inputs(plan: Mapping[str, Any], params: Mapping[str, Any], scheduled: datetime | None = None) -> dict[str, str]:
    """The wire text of every parameter of a plan; `scheduled` is the time for which the run is meant, else now. Raises
    `RunInputError` with all that is wrong or missing here."""
    problems: list[str] = []
    values = _parameters(plan, params, scheduled or datetime.now(UTC), problems)
    seen: set[str] = set()
    for node in whole(plan):
        for secret in node.get("secrets", ()):
            if secret["env"] not in os.environ and secret["env"] not in seen:
                seen.add(secret["env"])
                problems.append(f"secret `{secret['name']}` ({node['span']}): the environment variable {secret['env']} is not set")
        for package in node.get("packages", ()):
            if package in seen:
                continue
            seen.add(package)
            wrong = problem(package)
            if wrong:
                problems.append(f"package `{package}` ({node['span']}) is no requirement: {wrong}")
            elif missing := unmet(package):
                problems.append(f"package `{package}` ({node['span']}) {missing} in this environment; install it: pip install '{package}'")
    if problems:
        raise RunInputError(problems)
    return values


def _parameters(plan: Mapping[str, Any], params: Mapping[str, Any], scheduled: datetime, problems: list[str]) -> dict[str, str]:
    from wye.runtime.types import from_json

    declared = {p["name"]: p for p in plan["parameters"]}
    for name in params:
        if name not in declared:
            problems.append(f"unknown parameter `{name}`; {did_you_mean(name, declared, 'parameters')}")
    values: dict[str, str] = {}
    for name, parameter in declared.items():
        if name not in params:
            if parameter.get("scheduled"):
                values[name] = encode(scheduled, "datetime")
            elif "default" in parameter:
                values[name] = wire(parameter["default"])
            else:
                problems.append(f"parameter `{name}` has no default and no value; give one: -p {name}=…")
            continue
        value, t = params[name], from_json(parameter["type"])
        try:
            if isinstance(value, Text):
                value = parse_argument(value, t)
            values[name] = encode(instant(value) if t == "datetime" else value, t)
        except (TypeError, ValueError, CannotTravel) as error:
            problems.append(f"parameter `{name}`: {error}")
    return values
