"""A plan and parameters as they are given in; the parameters' wire text and the tasks' interpreters out, or all that is wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wye.diagnostics.suggest import did_you_mean
from wye.runs.environments import EnvironmentFailed
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
    """The wire text of every parameter of a plan that runs here. Raises `RunInputError` with all that is wrong or missing."""
    values, problems = parameters(plan, params, scheduled or datetime.now(UTC))
    problems += lacking(plan)
    if problems:
        raise RunInputError(problems)
    return values


def lacking(plan: Mapping[str, Any]) -> list[str]:
    """The secrets that are not here, and packages that nobody could install."""
    problems: list[str] = []
    seen: set[str] = set()
    for node in whole(plan):
        for secret in node.get("secrets", ()):
            if secret["env"] not in os.environ and secret["env"] not in seen:
                seen.add(secret["env"])
                problems.append(f"secret `{secret['name']}` ({node['span']}): the environment variable {secret['env']} is not set")
        for package in node.get("packages", ()):
            wrong = None if package in seen else problem(package)
            seen.add(package)
            if wrong:
                problems.append(f"package `{package}` ({node['span']}) is no requirement: {wrong}")
    return problems


def interpreters(plan: Mapping[str, Any], python: Callable[[tuple[str, ...]], Path]) -> None:
    """Put each node's `interpreter` in the place of its `packages`; where this environment meets them, nothing. `python` gives the
    interpreter that has them, or raises `EnvironmentFailed`. Raises `RunInputError`."""
    problems: list[str] = []
    known: dict[tuple[str, ...], str | None] = {}
    for node in whole(plan):
        wanted = tuple(node.pop("packages", ()))
        if wanted not in known:
            reasons = [f"`{p}` {reason}" for p in wanted if (reason := unmet(p))]
            try:
                known[wanted] = str(python(wanted)) if reasons else None
            except EnvironmentFailed as error:
                known[wanted] = None
                problems.append(f"packages ({node['span']}): here {', '.join(reasons)}\n{error}")
        interpreter = known[wanted]
        if interpreter is not None:
            node["interpreter"] = interpreter
    if problems:
        raise RunInputError(problems)


def parameters(plan: Mapping[str, Any], params: Mapping[str, Any], scheduled: datetime) -> tuple[dict[str, str], list[str]]:
    """The wire text of every parameter of a plan, `scheduled` being the time for which the run is meant; and what is wrong with them."""
    from wye.runtime.types import from_json

    declared = {p["name"]: p for p in plan["parameters"]}
    problems = [f"unknown parameter `{name}`; {did_you_mean(name, declared, 'parameters')}" for name in params if name not in declared]
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
    return values, problems
