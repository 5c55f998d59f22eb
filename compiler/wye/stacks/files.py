"""A pipeline's file and a stack's name in, the stack out: what `[stacks.NAME]` of the nearest `wye.toml` (or `[tool.wye]`) says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wye.diagnostics import Diagnostics
from wye.diagnostics.suggest import did_you_mean
from wye.stacks.options import Setting, make_table
from wye.stacks.tables import Code, Config, Packages
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
    config: Config


def load_stack(file: Path, name: str, targets: Iterable[str]) -> Stack:
    """The stack of that name for the pipeline in `file`.

    Raises `NoStack`, `CompileFailed` with diagnostics that point into the TOML file, or OSError when that cannot be read.
    """
    found = _find(file)
    if found is None:
        raise NoStack(f"there is no stack `{name}`: no wye.toml here or above", f'write a wye.toml with [stacks.{name}] and target = "…"')
    document, root = found
    problems = Diagnostics()
    section = _section(document, root, problems)
    stacks = _table(document, (*root, "stacks"), section.get("stacks", {}), problems)
    problems.check()
    if name not in stacks:
        raise NoStack(f"there is no stack `{name}` in {document.file.name}", did_you_mean(name, stacks, "stacks"))
    at: Key = (*root, "stacks", name)
    body = _table(document, at, stacks[name], problems)
    problems.check()
    target = _target(document, at, body, targets, problems)
    config = _config(document, [(root, section), (at, body)], problems)
    problems.check()
    settings = tuple(_settings(document, at, {k: v for k, v in body.items() if k not in ("target", *TABLES)}))
    return Stack(name, target, settings, document.file, config)


def load_config(file: Path) -> Config:
    """What the nearest file says for every target, when no stack is chosen. Raises as `load_stack` does, except `NoStack`."""
    found = _find(file)
    if found is None:
        return Config()
    document, root = found
    problems = Diagnostics()
    config = _config(document, [(root, _section(document, root, problems))], problems)
    problems.check()
    return config


TABLES = {"code": Code, "packages": Packages}


def _config(document: Document, levels: list[tuple[Key, dict[str, Any]]], problems: Diagnostics) -> Config:
    """The tables for all targets; of two levels that say a key the later goes before."""
    made: dict[str, Any] = {}
    for name, kind in TABLES.items():
        settings: list[Setting] = []
        for at, body in levels:
            settings += _settings(document, (*at, name), _table(document, (*at, name), body.get(name, {}), problems))
        made[name] = make_table(name, kind, settings, problems)
    return Config(**made, folder=document.file.parent)


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
        if key not in ("stacks", *TABLES):
            place = document.places[*root, key].key
            problems.error("WYE5002", f"unknown key `{key}`", place, help=did_you_mean(key, ["stacks", *TABLES], "keys here"))
    return section


def _table(document: Document, at: Key, value: Any, problems: Diagnostics) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    problems.error("WYE5003", f"`{at[-1]}` must be a table", document.places[at].value, help=f"write [{'.'.join(map(str, at))}]")
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


def _settings(document: Document, at: Key, body: dict[str, Any]) -> Iterable[Setting]:
    for key, value in body.items():
        place = document.places[*at, key]
        yield Setting(key, value, place.key, place.value)
