"""A pipeline's file in; the stacks of the nearest `wye.toml` (or `[tool.wye]` of a `pyproject.toml`), and what holds for all, out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wye.diagnostics import CompileFailed, Diagnostic, Diagnostics, Label
from wye.diagnostics.suggest import did_you_mean
from wye.stacks.options import Made, make, table_words
from wye.stacks.tables import TABLES, Config, Effective
from wye.stacks.toml import Document, Key, Place, read_toml
from wye.stacks.typed import Setting

OWN, PROJECT = "wye.toml", "pyproject.toml"
STACK_KEYS = ("target", "extends", *TABLES)
"""What every stack may say; the rest are options of its target."""


class NoStack(Exception):
    """There is no stack of that name; the message is one line, `help` says what to write."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.help = help


@dataclass(frozen=True, slots=True)
class Stack:
    """A named target and its options as the file states them, the outermost first; `make_options` checks them against the target's own.
    `chain`: the stack, what it extends, and so on."""

    name: str
    target: str
    settings: tuple[Setting, ...]
    config: Config
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StackFile:
    """The file that was found: where its section begins, and the stacks in it as they stand."""

    document: Document
    root: Key
    section: dict[str, Any]
    stacks: dict[str, Any]

    @property
    def folder(self) -> Path:
        return self.document.file.parent

    @property
    def name(self) -> str:
        return self.document.file.name


# --- the file -----------------------------------------------------------------------------------------------------------------------


def find(file: Path) -> StackFile | None:
    """The nearest file with stacks, upward from the pipeline's. Raises `CompileFailed`, or OSError when it cannot be read.

    In one folder there is one of them: which of two holds could only be guessed.
    """
    for folder in file.resolve().parents:
        own, project = folder / OWN, folder / PROJECT
        document = read_toml(own) if own.is_file() else None
        other = _with_section(project, quiet=document is not None) if project.is_file() else None
        if document and other:
            at = other.places["tool", "wye"].key
            help = "move all of it to one of them"
            raise CompileFailed([Diagnostic("WYE5010", f"{OWN} stands beside this file, and both hold stacks", at, help=help)])
        if document:
            return _opened(document, ())
        if other:
            return _opened(other, ("tool", "wye"))
    return None


def _with_section(file: Path, *, quiet: bool) -> Document | None:
    """A `pyproject.toml`, if it has our section. `quiet`: nobody needs it, so it may be broken."""
    try:
        document = read_toml(file)
    except CompileFailed:
        if quiet:
            return None
        raise
    tool = document.values.get("tool")
    return document if isinstance(tool, dict) and "wye" in tool else None


def _opened(document: Document, root: Key) -> StackFile:
    value: Any = document.values
    for key in root:
        value = value[key]
    problems = Diagnostics()
    section = _table(document, root, value, problems)
    for key in section:
        if key not in ("stacks", *TABLES):
            place = document.places[*root, key].key
            problems.error("WYE5002", f"unknown key `{key}`", place, help=did_you_mean(key, ["stacks", *TABLES], "keys here"))
    stacks = _table(document, (*root, "stacks"), section.get("stacks", {}), problems)
    for name in stacks:
        if name != name.strip() or not name or not name.isprintable():
            place = document.places[*root, "stacks", name].key
            problems.error("WYE5003", f"not a name of a stack: {name!r}", place, help="letters, digits, `-`, `_` and what else can be read")
        stacks[name] = _table(document, (*root, "stacks", name), stacks[name], problems)
    problems.check()
    return StackFile(document, root, section, stacks)


def _table(document: Document, at: Key, value: Any, problems: Diagnostics) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    problems.error("WYE5003", f"`{at[-1]}` must be a table", document.places[at].value, help=f"write [{'.'.join(map(str, at))}]")
    return {}


# --- one stack ----------------------------------------------------------------------------------------------------------------------


def load_stack(file: Path, name: str, targets: Iterable[str], environ: Mapping[str, str] = os.environ) -> Stack:
    """The stack of that name for the pipeline in `file`.

    Raises `NoStack`, `CompileFailed` with diagnostics that point into the TOML file, or OSError when that cannot be read.
    """
    found = find(file)
    if found is None:
        raise NoStack(f"there is no stack `{name}`: no {OWN} here or above", f'write a {OWN} with [stacks.{name}] and target = "…"')
    return stack_of(found, name, targets, environ)


def stack_of(found: StackFile, name: str, targets: Iterable[str], environ: Mapping[str, str] = os.environ) -> Stack:
    """The stack of that name in a file. Raises as `load_stack` does."""
    if name not in found.stacks:
        raise NoStack(f"there is no stack `{name}` in {found.name}", did_you_mean(name, found.stacks, "stacks"))
    problems = Diagnostics()
    chain = _chain(found, name, problems)
    target = _target(found, chain, sorted(targets), problems)
    levels = [(found.root, "")] + [((*found.root, "stacks", n), n) for n in reversed(chain)]
    config = _config(found, levels, name, problems, environ)
    problems.check()
    settings: list[Setting] = []
    for at, stack in levels[1:]:
        rest = {k: v for k, v in found.stacks[stack].items() if k not in STACK_KEYS}
        if "store" in rest:  # options are those of the store that they were written for
            settings = [s for s in settings if s.key != "store-options"]
        settings += _settings(found.document, at, rest, whose(stack, name), environ)
    return Stack(name, target, tuple(settings), config, tuple(chain))


def load_config(file: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """What the nearest file says for every target, when no stack is chosen. Raises as `load_stack` does, except `NoStack`."""
    found = find(file)
    return Config() if found is None else config_of(found, environ)


def config_of(found: StackFile, environ: Mapping[str, str] = os.environ) -> Config:
    """The same of a file that was found."""
    problems = Diagnostics()
    made = _config(found, [(found.root, "")], "", problems, environ)
    problems.check()
    return made


def whose(stack: str, chosen: str) -> str:
    """The origin of what a stack says, for people."""
    return f"stack {stack}" if stack == chosen else f"stack {stack}, which {chosen} extends"


def _chain(found: StackFile, name: str, problems: Diagnostics) -> list[str]:
    """The stack, the one it extends, and so on."""
    chain = [name]
    while "extends" in found.stacks[chain[-1]]:
        base = found.stacks[chain[-1]]["extends"]
        place = _place(found, chain[-1], "extends")
        if not isinstance(base, str):
            problems.error("WYE5003", "`extends` must be a string: one stack", place.value)
        elif base in chain:
            circle = " -> ".join([*chain[chain.index(base) :], base])
            labels = [Label(_place(found, n, "extends").value, "and this one") for n in chain[chain.index(base) : -1]]
            problems.error("WYE5011", f"the stacks extend each other: {circle}", place.value, labels=labels, help="leave one `extends` out")
        elif base not in found.stacks:
            problems.error("WYE5011", f"there is no stack `{base}`", place.value, help=did_you_mean(base, found.stacks, "stacks"))
        else:
            chain.append(base)
            continue
        break
    return chain


def _target(found: StackFile, chain: Sequence[str], known: list[str], problems: Diagnostics) -> str:
    stating = [n for n in chain if "target" in found.stacks[n]]
    for name in stating:
        target, place = found.stacks[name]["target"], _place(found, name, "target").value
        if not isinstance(target, str):
            problems.error("WYE5003", "`target` must be a string", place)
        elif target not in known:
            problems.error("WYE5005", f"unknown target `{target}`", place, help=did_you_mean(target, known, "targets"))
    if not stating:
        help = f'write target = "…", one of: {", ".join(known)}'
        at = found.document.places[*found.root, "stacks", chain[0]].key
        problems.error("WYE5004", f"the stack `{chain[0]}` names no target", at, help=help)
        return ""
    return str(found.stacks[stating[0]]["target"])


def _place(found: StackFile, stack: str, key: str) -> Place:
    return found.document.places[*found.root, "stacks", stack, key]


# --- the tables for every target ----------------------------------------------------------------------------------------------------


def _config(found: StackFile, levels: Sequence[tuple[Key, str]], chosen: str, problems: Diagnostics, environ: Mapping[str, str]) -> Config:
    """Of two levels that say a key the later goes before."""
    made: dict[str, Made] = {}
    for name, kind in TABLES.items():
        settings: list[Setting] = []
        for at, stack in levels:
            body = found.stacks[stack] if stack else found.section
            table = _table(found.document, (*at, name), body.get(name, {}), problems)
            settings += _settings(found.document, (*at, name), table, whose(stack, chosen) if stack else found.name, environ)
        made[name] = make(table_words(name), kind, settings, problems)
    effective = [Effective(f"{name}.{e.key}", e.value, e.origin, e.span, e.variables) for name, m in made.items() for e in m.effective]
    return Config(**{name: m.value for name, m in made.items()}, folder=found.folder, stack=chosen, effective=tuple(effective))


def _settings(document: Document, at: Key, body: dict[str, Any], origin: str, environ: Mapping[str, str]) -> Iterator[Setting]:
    for key, value in body.items():
        yield Setting(key, value, origin, lambda way, key=key: document.places[*at, key, *way], environ)  # type: ignore[misc]
