"""`wye stack`: the stacks of the nearest `wye.toml` in; which there are, what holds in one and why, their mistakes, or a schema out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from wye.backend import registry
from wye.backend.report import effective_json, place, shown
from wye.cli.compile import block_settings
from wye.cli.failure import Usage
from wye.cli.output import heading, json_diagnostics, say, say_json, show_diagnostics, table
from wye.cli.source import split_source
from wye.diagnostics import CompileFailed, Diagnostic, Diagnostics
from wye.stacks import NoStack, Setting, Stack, StackFile, config_of, find, stack_of, stack_options
from wye.stacks.choice import VARIABLE, chosen, keep
from wye.stacks.schema import schema
from wye.stacks.tables import DEFAULT, Effective

PRECEDENCE = (
    'the source, for one call: `.options(targets={…})`, then `@step(targets={…})`, then `@pipeline(defaults={"targets": …})`',
    "the source, for the pipeline: `@pipeline(targets={…})`",
    "the stack",
    "the stacks that it extends, the nearest first",
    "the tables at the top of the file: [code], [packages]",
    "the default",
)
"""What goes before what, first to last. Tables are joined by key; everything else is replaced."""


def list_command(format: str) -> int:
    return _answer(None, format, lambda found: _list(found, format))


def show_command(name: str | None, source: str | None, explain: bool, format: str) -> int:
    return _answer(source, format, lambda found: _show(found, name, source, explain, format))


def use_command(name: str | None, forget: bool) -> int:
    return _answer(None, "text", lambda found: _use(found, name, forget))


def check_command(name: str | None, format: str) -> int:
    return _answer(None, format, lambda found: _check(found, name, format))


def schema_command() -> int:
    say(json.dumps(schema({n: registry.load(n).options for n in registry.names()}), indent=2))
    return 0


def _answer(source: str | None, format: str, answer: Callable[[StackFile], int]) -> int:
    """What the nearest file with stacks gives. Exit 0; 1 when the file has problems."""
    file = split_source(source)[0] if source else Path.cwd() / "pipeline.py"
    try:
        found = find(file)
        if found is None:
            raise NoStack("there are no stacks: no wye.toml here or above", 'write a wye.toml with [stacks.NAME] and target = "…"')
        return answer(found)
    except CompileFailed as failure:
        show_diagnostics(failure.diagnostics, file.resolve().parent)
        if format == "json":
            say_json({"diagnostics": json_diagnostics(failure.diagnostics, file.resolve().parent)})
        return 1


# --- list and use -------------------------------------------------------------------------------------------------------------------


def _list(found: StackFile, format: str) -> int:
    current, by = chosen(found)
    rows = [(name, _target_of(found, name), body.get("extends")) for name, body in found.stacks.items()]
    if format == "json":
        say_json([{"name": n, "target": t, "extends": e, "chosen": by if n == current else None} for n, t, e in rows])
    else:
        cells = [[n, t or "–", str(e or ""), f"chosen by {by}" if n == current else ""] for n, t, e in rows]
        table(["stack", "target", "extends", ""], cells, indent=0)
    return 0


def _target_of(found: StackFile, name: str) -> str | None:
    """The target, looked up along the chain; None when there is none, or the chain is broken, which `check` tells."""
    seen: list[Any] = []
    while isinstance(name, str) and name in found.stacks and name not in seen:
        seen.append(name)
        if "target" in found.stacks[name]:
            return str(found.stacks[name]["target"])
        name = found.stacks[name].get("extends")
    return None


def _use(found: StackFile, name: str | None, forget: bool) -> int:
    if forget == (name is not None):
        raise Usage("which stack?", "wye stack use NAME, or wye stack use --none")
    if name is not None:
        stack_of(found, name, registry.names())
    file = keep(found, name)
    say(f"{name or 'no stack'}, for this checkout: {_near(file)}")
    return 0


def _near(path: Path) -> str:
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


# --- show ---------------------------------------------------------------------------------------------------------------------------


def _show(found: StackFile, name: str | None, source: str | None, explain: bool, format: str) -> int:
    name = name or chosen(found)[0]
    if name is None:
        raise Usage("which stack?", f"wye stack show NAME; `wye stack use NAME` or {VARIABLE} chooses one")
    stack = stack_of(found, name, registry.names())
    own, tasks = _source(source, stack) if source else ([], ())
    made = stack_options(stack.target, registry.load(stack.target).options, stack.settings, own)
    values = [*stack.config.effective, *made.effective, *tasks]
    if format == "json":
        form = {"stack": name, "target": stack.target, "file": _near(found.document.file), "chain": list(stack.chain)}
        say_json({**form, "values": [effective_json(e) for e in values], "precedence": list(PRECEDENCE)})
        return 0
    heading(f"{name}: {stack.target}" + (f", extends {' -> '.join(stack.chain[1:])}" if len(stack.chain) > 1 else ""))
    if explain:
        table(["key", "value", "from", "where"], [[_key(e), _written(e.value), _whose(e), place(e.span) if e.span else ""] for e in values])
        say()
        say("  what goes before what; tables are joined by key, everything else is replaced:")
        for number, line in enumerate(PRECEDENCE, 1):
            say(f"  {number}. {line}")
    else:
        table(["key", "value"], [[_key(e), _written(e.value)] for e in values if e.origin != DEFAULT])
    return 0


def _source(source: str, stack: Stack) -> tuple[list[Setting], tuple[Effective, ...]]:
    """What a pipeline's source says for the stack's target: for all tasks, and for some."""
    from wye import driver
    from wye.backend.placement import check_blocks

    file, name = split_source(source)
    pipeline = driver.compile_source(file, name, cached=True)
    problems = Diagnostics()
    own = block_settings(pipeline, stack.target)
    made = stack_options(stack.target, registry.load(stack.target).options, stack.settings, own)
    tasks = check_blocks(pipeline, stack.target, made.value, problems)
    problems.check()
    return own, tasks


def _key(e: Effective) -> str:
    return f"{e.subject}: {e.key}" if e.subject else e.key


def _whose(e: Effective) -> str:
    return f"{e.origin} (environment: {', '.join(e.variables)})" if e.variables else e.origin


def _written(value: Any) -> str:
    """A value as TOML has it, nearly: what is not set is a dash."""
    value = shown(value)
    if value is None or value in ({}, []):
        return "–" if value is None else json.dumps(value)
    return json.dumps(value, ensure_ascii=False)


# --- check --------------------------------------------------------------------------------------------------------------------------


def _check(found: StackFile, name: str | None, format: str) -> int:
    """Every stack with its target's options, and whether the files that it names are there."""
    problems = Diagnostics()
    extended = {body.get("extends") for body in found.stacks.values() if isinstance(body.get("extends"), str)}
    names: Sequence[str] = [name] if name else [n for n in found.stacks if _target_of(found, n) is not None or n not in extended]
    try:
        config_of(found)  # what holds for every stack, also when there is none
    except CompileFailed as failure:
        for problem in failure.diagnostics:
            problems.add(problem)
    for one in names:
        try:
            stack = stack_of(found, one, registry.names())
            stack_options(stack.target, registry.load(stack.target).options, stack.settings)
        except CompileFailed as failure:
            for problem in failure.diagnostics:
                problems.add(problem)
        else:
            for problem in _missing(stack):
                problems.add(problem)
    root = found.folder
    if format == "json":
        say_json({"file": _near(found.document.file), "stacks": list(names), "diagnostics": json_diagnostics(problems.items, root)})
    elif problems.items:
        show_diagnostics(problems.items, root)
    else:
        say(f"{found.name}: {len(names)} {'stack is' if len(names) == 1 else 'stacks are'} good")
    return 1 if problems.failed else 0


def _missing(stack: Stack) -> Iterable[Diagnostic]:
    """What [code] and [packages] name and is not there."""
    config = stack.config
    for e in config.effective:
        if e.key not in ("packages.lock", "packages.wheels", "packages.cert", "code.include") or e.span is None or not e.value:
            continue
        for text in e.value if isinstance(e.value, tuple) else (e.value,):
            there = any(config.path(".").glob(text)) if e.key == "code.include" else config.path(text).exists()
            if not there:
                yield Diagnostic("WYE5012", f"there is nothing at {text!r}", e.span, help="paths begin at the folder of this file")
