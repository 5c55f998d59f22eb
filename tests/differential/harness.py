"""A program's source in; what the plain call comes to and what the compiled plan comes to in this process, and which steps ran, out.

The plan runs by the plan interpreter itself, with a launcher that does here what the runner's child does in a process of its own. Tasks
that may run at the same time start in a shuffled order.
"""

from __future__ import annotations

import ast
import asyncio
import functools
import inspect
import json
import linecache
import os
import random
import signal
import sys
import tempfile
import traceback
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from wye import Pipeline, Step, driver
from wye.ir import model as ir
from wye.ir.json import plan_json
from wye.passes import islands
from wye.runs.inputs import check_inputs
from wye.runtime import child, files, island, plan, values
from wye.runtime import shim as program_side

Log = list[tuple[str, tuple[str, ...]]]
"""The steps that ran, in order: name and arguments as they came."""


MOST_STEPS, MOST_TEXT, MOST_SECONDS = 300, 5000, 2.0
"""More than this is no small program."""


class Endless(Exception):
    """The plan does not end."""


class TooBig(BaseException):
    """A random program runs for too long."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to: the text of its value, or that it failed. For a person to read: with what, and which steps ran."""

    text: str | None
    error: str = field(default="", compare=False)
    types: tuple[str, ...] = field(default=(), compare=False)
    """The names in the MRO of the first error, as error records have them."""
    log: Log = field(default_factory=list, compare=False)
    lines: tuple[int, ...] = field(default=(), compare=False)
    """Where the plain call failed: the lines of the pipelines on the stack, outermost first."""
    by_task: bool = field(default=False, compare=False)
    """Whether it failed in a step, a `raise` or an `assert`: an expression may be evaluated later in its block than it is written."""
    handled: bool = field(default=False, compare=False)
    """Whether a failure was caught: then what does not wait for what failed may have run too."""

    @property
    def ran(self) -> Counter[tuple[str, tuple[str, ...]]]:
        return Counter(self.log)

    def __str__(self) -> str:
        steps = ", ".join(f"{name}({', '.join(args)})" for name, args in self.log)
        return f"{self.text if self.text is not None else 'failed: ' + self.error}   [{steps}]"


def text_of(value: Any) -> str:
    """The wire text of a value; of what only a pickle can carry, how it shows itself."""
    try:
        return values.encode(value)
    except values.CannotTravel:
        return f"object {value!r}"


# --- the user's module, as the plain call sees it and as a step's process sees it ----------------------------------------------------


@contextmanager
def loaded(source: str, name: str, log: Log, *, program: bool) -> Iterator[Any]:
    """The module under its own name, with every call of a step written to `log`. `program`: imported as the runner does it, where the
    decorators do nothing."""
    module = types.ModuleType(name)
    module.__file__ = f"{name}.py"
    before = sys.modules["wye"]
    try:
        sys.modules[name] = module
        if program:
            sys.modules["wye"] = _shim(log)
        exec(compile(source, module.__file__, "exec"), vars(module))
        for found in list(vars(module).values()):
            if isinstance(found, Step):
                found.function = _recorded(found.function, log)
        sys.modules["wye"] = before
        yield module
    finally:
        sys.modules["wye"] = before
        sys.modules.pop(name, None)
        linecache.cache.pop(f"{name}.py", None)


def _shim(log: Log) -> types.ModuleType:
    shim = types.ModuleType("wye")
    exec(Path(program_side.__file__).read_text("utf-8"), vars(shim))
    vars(shim)["step"] = lambda function=None, **settings: _recorded(function, log) if function else functools.partial(_recorded, log=log)
    return shim


def _recorded(function: Callable[..., Any], log: Log) -> Callable[..., Any]:
    signature = inspect.signature(function)

    @functools.wraps(function)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        log.append((function.__name__, tuple(map(repr, bound.arguments.values()))))
        if len(log) > MOST_STEPS or sum(map(len, log[-1][1])) > MOST_TEXT:
            raise TooBig
        return function(*args, **kwargs)

    return recorded


# --- two ways to run ----------------------------------------------------------------------------------------------------------------


def plain(source: str, name: str, arguments: Mapping[str, Any], pipeline: str = "p") -> Outcome:
    """The reference: the pipeline called as a function."""
    log: Log = []
    with loaded(source, name, log, program=False) as module:
        found = vars(module)[pipeline]
        assert isinstance(found, Pipeline)
        try:
            with _limited():
                return Outcome(text_of(found(**arguments)), log=log)
        except Exception as error:
            lines, in_step = _lines(error, module)
            raised = [ast.unparse(n) for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Raise) and n.lineno in lines[-1:]]
            return Outcome(None, repr(error), _mro(error), log, lines, in_step or bool(raised))


@contextmanager
def _limited() -> Iterator[None]:
    """A loop without calls of steps may run for ever: in a program that is tried as a smaller one."""

    def stop(*_: Any) -> None:
        raise TooBig

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    try:
        yield
    finally:
        signal.signal(signal.SIGVTALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _lines(error: BaseException, module: Any) -> tuple[tuple[int, ...], bool]:
    """The lines of the pipelines on the stack, and whether a step was running."""
    codes = {v.function.__code__ for v in vars(module).values() if isinstance(v, Pipeline)}
    steps = {v.__wrapped__.__code__ for v in vars(module).values() if isinstance(v, Step)}
    stack = list(traceback.walk_tb(error.__traceback__))
    return tuple(line for frame, line in stack if frame.f_code in codes), any(frame.f_code in steps for frame, _ in stack)


def _mro(error: BaseException) -> tuple[str, ...]:
    classes = type(error).__mro__
    return tuple(c.__qualname__ if c.__module__ == "builtins" else f"{c.__module__}:{c.__qualname__}" for c in classes)


def compiled(source: str, name: str, folder: Path, pipeline: str = "p") -> ir.Pipeline:
    """The pipeline after the passes. Raises `CompileFailed`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.py"
    file.write_text(source)
    return driver.compile_source(file, pipeline)


def planned(made: ir.Pipeline, source: str, name: str, arguments: Mapping[str, Any], scratch: Path, seed: int = 0) -> Outcome:
    """The plan of a compiled pipeline, by the plan interpreter, in this process."""
    log: Log = []
    form = json.loads(json.dumps(plan_json(made)))
    texts = check_inputs(form, arguments)
    launcher = Launcher(seed)
    here = mock.patch.multiple(plan, write=write, Carried=Carried)
    with loaded(source, name, log, program=True), here:
        result = plan.run_plan(form, {n: {"text": t} for n, t in texts.items()}, str(scratch), launcher, 4)
        handled = any(t.handled for t in result.tasks) or launcher.failed
        if result.status != "succeeded":
            first = result.error or {"type": [], "message": str(result.message)}
            names = tuple(first["type"])
            shown = f"{names[0].rpartition(':')[2] if names else '?'}({first['message']})"
            ids = [t.id for t in result.tasks if t.status == "failed" and not t.handled]
            return Outcome(None, f"{shown} in {', '.join(ids)}", names, log)
        if result.returned is None:
            return Outcome("null", log=log, handled=handled)
        return Outcome(text_of(files.load(*result.returned)), log=log, handled=handled)


def forced(made: ir.Pipeline) -> ir.Pipeline:
    """The pipeline with every region an island: for a target that can express none."""
    return islands(made, lambda node, inside: "to see it work", "nowhere")


class Launcher:
    """Runs an attempt here and now, as the child does."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.count = 0
        self.failed = False
        """Whether a task inside an island failed."""

    def note(self, event: Any) -> None:
        self.failed = self.failed or event.kind == "failed"

    async def run(self, task: dict[str, Any], folder: str, attempt: int) -> int:
        self.count += 1
        if self.count > MOST_STEPS * 3:
            raise Endless
        for _ in range(self.random.choice((0, 0, 1, 2, 5, 25))):  # others may go first
            await asyncio.sleep(0)
        with open(os.path.join(folder, "task.json")) as file:
            task = json.load(file)
        with open(os.path.join(folder, "values.json")) as file:
            given = json.load(file)
        out = os.path.join(folder, "out")
        if task["op"] == "island":
            error = await island.run_island(task, given, os.path.join(folder, "work"), out, self, 4, self.note)
            write(os.path.join(out, "error.json" if error else "done.json"), error or {})
            return int(error["exit"]) if error else 0
        try:
            one = Attempt(task, given, folder)
            one.run(out)
            write(os.path.join(out, "done.json"), {"outputs": [o["name"] for o in one.task["outputs"]]})
        except Exception as error:
            code = 3 if isinstance(error, values.CannotTravel) else 1
            record = {"type": _mro(error), "message": child._message(error), "traceback": "", "exit": code}
            write(os.path.join(out, "error.json"), record)
            return code
        return 0


class Carried(plan.Carried):
    def iteration(self) -> Any:
        if self.count > MOST_STEPS:
            raise Endless
        return super().iteration()


class Attempt(child.Attempt):
    def fresh(self) -> str:
        return tempfile.mkdtemp(dir=self.folder)


def write(path: str, content: Any) -> None:
    with open(path, "w") as file:
        json.dump(content, file)


# --- what must be the same ------------------------------------------------------------------------------------------------------------


def difference(source: str, wanted: Outcome, got: Outcome) -> str:
    """Why a run is not what the plain call was; empty when it is.

    Which steps ran is defined when the call succeeds, and when it fails at something that everything after it waits for.
    """
    if got.text != wanted.text:
        return "another value" if None not in (got.text, wanted.text) else "only one of them fails"
    if wanted.text is not None:
        more, less = got.ran - wanted.ran, wanted.ran - got.ran
        allowed = not less and (not more or (got.handled and not {name for name, _ in more} & {"never", *_ordered(source)}))
        return "" if allowed else f"other steps ran: {_change(wanted.ran, got.ran)}"
    if wanted.by_task and (early := Counter({step: n for step, n in (got.ran - wanted.ran).items() if step[0] in _ordered(source)})):
        return f"steps ran before their turn: {_change(Counter(), early)}"
    later = _held_back(source, wanted.lines)
    if later is not None:
        if any(name in later for name, _ in got.ran - wanted.ran):
            return f"steps ran after the failure: {_change(wanted.ran, got.ran)}"
        if got.types[:1] != wanted.types[:1]:
            return "another error"
    return ""


LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _ordered(source: str) -> set[str]:
    """The steps that `p` calls for their effect only, in no loop: they start after everything before them has succeeded."""
    found: dict[str, bool] = {}

    def visit(node: ast.AST, alone: bool, p: bool) -> None:
        if name := _called(node):
            found[name] = found.get(name, True) and alone and p
        inside = p and not isinstance(node, LOOPS) and not (isinstance(node, ast.FunctionDef) and node.name != "p")
        for part in ast.iter_child_nodes(node):
            visit(part, isinstance(node, ast.Expr), inside)

    visit(ast.parse(source), False, True)
    return {name for name, ordered in found.items() if ordered}


def _called(node: ast.AST) -> str | None:
    """The name of what is called, before any `.after(...)`."""
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id
        node = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr in ("after", "options") else ast.Pass()
    return None


def _change(wanted: Counter[Any], got: Counter[Any]) -> str:
    def show(steps: Counter[Any]) -> str:
        return ", ".join(f"{name}({', '.join(args)})" for name, args in steps.elements()) or "nothing"

    return f"{show(got - wanted)} instead of {show(wanted - got)}"


def _held_back(source: str, lines: tuple[int, ...]) -> set[str] | None:
    """The steps that wait for the failure if they come after it: it is a `raise`, an `assert` or a call for its effect, on every level.

    Other iterations may run: what loops call is not among the steps. None when the failure holds nothing back.
    """
    tree = ast.parse(source)
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    loose: set[str] = set()
    found = dict.fromkeys(lines, False)
    for loop in (n for n in ast.walk(tree) if isinstance(n, LOOPS)):
        if any(line in range(loop.lineno, (loop.end_lineno or 0) + 1) for line in lines):
            loose |= {name for n in ast.walk(loop) if (name := _called(n))}
    for name in list(loose):  # and what the pipelines among them call
        loose |= {inner for n in ast.walk(functions.get(name, ast.Pass())) if (inner := _called(n))}
    for node in ast.walk(tree):
        effect = isinstance(node, ast.Raise | ast.Assert) or (isinstance(node, ast.Expr) and _called(node.value) in functions)
        if effect and isinstance(node, ast.stmt):
            # Arguments with calls in them may be what failed.
            inner = [c for c in ast.walk(node) if isinstance(c, ast.Call | ast.comprehension | ast.BinOp | ast.Subscript)]
            if len(inner) <= 1:
                found.update({line: True for line in range(node.lineno, (node.end_lineno or node.lineno) + 1) if line in found})
    return functions.keys() - loose if lines and all(found.values()) else None


def early(log: Log, first: str, then: str) -> bool:
    """Whether a step ran before one that it waits for."""
    names = [name for name, _ in log]
    return then in names[: len(names) - names[::-1].index(first) - 1] if first in names else False
