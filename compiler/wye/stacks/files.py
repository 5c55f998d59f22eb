"""A pipeline's file and a stack's name in, the stack out: what `[stack.NAME]` of the nearest `wye.toml` (or `[tool.wye]`) says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wye.diagnostics import Diagnostics
from wye.diagnostics.suggest import did_you_mean
from wye.stacks.options import Setting
from wye.stacks.toml import Document, Key, read_toml


class NoStack(Exception):
    """There is no stack of that name; the message is one line, `help` says what to write."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True, slots=True)
class Stack:
    """A named target and its options as the file states them; `make_options` checks them against the target's own."""

    name: str
    target: str
    settings: tuple[Setting, ...]
    file: Path


def load_stack(file: Path, name: str, targets: Iterable[str]) -> Stack:
    """The stack of that name for the pipeline in `file`.

    Raises `NoStack`, `CompileFailed` with diagnostics that point into the TOML file, or OSError when that cannot be read.
    """
    found = _find(file)
    if found is None:
        raise NoStack(f"there is no stack `{name}`: no wye.toml here or above", f'write a wye.toml with [stack.{name}] and target = "…"')
    document, root = found
    problems = Diagnostics()
    section = _section(document, root, problems)
    stacks = _table(document, (*root, "stack"), section.get("stack", {}), problems)
    problems.check()
    if name not in stacks:
        raise NoStack(f"there is no stack `{name}` in {document.file.name}", did_you_mean(name, stacks, "stacks"))
    at: Key = (*root, "stack", name)
    body = _table(document, at, stacks[name], problems)
    problems.check()
    target = _target(document, at, body, targets, problems)
    problems.check()
    settings = (_setting(document, (*at, key), value) for key, value in body.items() if key != "target")
    return Stack(name, target, tuple(settings), document.file)


def _find(file: Path) -> tuple[Document, Key] | None:
    """The nearest file with stacks above the pipeline, and the way to its section. In one folder `wye.toml` goes first."""
    for folder in file.resolve().parents:
        own, project = folder / "wye.toml", folder / "pyproject.toml"
        if own.is_file():
            return read_toml(own), ()
        if project.is_file():
            document = read_toml(project)
            tool = document.values.get("tool")
            if isinstance(tool, dict) and "wye" in tool:
                return document, ("tool", "wye")
    return None


def _section(document: Document, root: Key, problems: Diagnostics) -> dict[str, Any]:
    value: Any = document.values
    for key in root:
        value = value[key]
    section = _table(document, root, value, problems)
    for key in section:
        if key != "stack":
            place = document.places[*root, key].key
            problems.error("WYE5002", f"unknown key `{key}`", place, help=did_you_mean(key, ["stack"], "keys here"))
    return section


def _table(document: Document, at: Key, value: Any, problems: Diagnostics) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    problems.error("WYE5003", f"`{at[-1]}` must be a table", document.places[at].value, help="write [stack.NAME]")
    return {}


def _target(document: Document, at: Key, body: dict[str, Any], targets: Iterable[str], problems: Diagnostics) -> str:
    known = sorted(targets)
    target = body.get("target")
    if target is None:
        help = f'write target = "…", one of: {", ".join(known)}'
        problems.error("WYE5004", f"the stack `{at[-1]}` names no target", document.places[at].key, help=help)
    elif not isinstance(target, str):
        problems.error("WYE5003", "`target` must be a string", document.places[*at, "target"].value)
    elif target not in known:
        place = document.places[*at, "target"].value
        problems.error("WYE5005", f"unknown target `{target}`", place, help=did_you_mean(target, known, "targets"))
    return str(target)


def _setting(document: Document, at: Key, value: Any) -> Setting:
    place = document.places[at]
    return Setting(str(at[-1]), value, place.key, place.value)
