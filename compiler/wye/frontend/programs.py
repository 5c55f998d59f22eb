"""A flat pipeline goes in; the same pipeline comes out with the program of every step and of every expression that needs one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wye.diagnostics import Label, Span
from wye.frontend.project import Project
from wye.frontend.slicing.slice import Slice, slice_program
from wye.ir.expressions import Key, key, references, walk
from wye.ir.model import Block, Call, Compute, Construct, Expr, Fail, For, Map, Member, Node, Pipeline, Program, Step
from wye.ir.nodes import arms, every, expressions, rewritten
from wye.runtime.types import Type

_PLAIN = frozenset(
    {"none", "bool", "int", "float", "str", "bytes", "path", "datetime", "date", "time", "timedelta", "decimal", "uuid", "complex"}
)

Root = tuple[str, str]
"""(module, name): something that a program must hold."""


class Programs:
    """Slices the programs of one project; the same roots once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._slices: dict[tuple[frozenset[Root], tuple[str, ...], tuple[str, ...]], Slice] = {}

    def of_step(self, step: Step, env_names: Iterable[str] = (), packages: Iterable[str] = (), classes: Iterable[Root] = ()) -> Slice:
        """The program of a step whose calls set these variables and have these packages, with further classes that may arrive."""
        types = [p.type for p in step.parameters] + [p.type for p in step.ports] + [step.type]
        roots = {(step.module, step.function), *classes, *(c for t in types for c in classes_in(t))}
        return self._slice(roots, {*env_names, *(name for name, _ in step.settings.env)}, {*packages, *step.settings.packages})

    def _slice(self, roots: set[Root], env_names: Iterable[str] = (), packages: Iterable[str] = ()) -> Slice:
        key = (frozenset(roots), tuple(sorted(env_names)), tuple(sorted(packages)))
        if key not in self._slices:
            self._slices[key] = slice_program(self._project, self._project.entry.name, sorted(roots), key[1], key[2])
        return self._slices[key]

    def attach(self, pipeline: Pipeline) -> Pipeline:
        """Give every step and expression task its program. Problems go to the project's diagnostics.

        A program also holds the classes of the programs whose values can reach it: a class has one name in every step.
        """
        steps = {s.id: s for s in pipeline.steps}
        env_names: dict[str, set[str]] = {}
        packages: dict[str, set[str]] = {}
        calls = [*every(pipeline.body), *([pipeline.on_failure] if pipeline.on_failure else [])]
        for node in calls:
            if isinstance(node, Call):
                env_names.setdefault(node.step, set()).update(name for name, _ in node.settings.env)
                packages.setdefault(node.step, set()).update(node.settings.packages)
        reach = self._reach(pipeline, env_names, packages)
        wanted: dict[str, set[Root]] = {}
        programs: dict[str, Program] = {}
        named: dict[str, str] = {}
        for node in calls:
            arriving = set().union(*(_arriving(e, reach) for e in expressions(node)))
            if isinstance(node, Call):
                wanted.setdefault(node.step, set()).update(arriving)
            elif isinstance(node, Compute | Fail) and arriving:
                name = named[node.id] = f"{pipeline.name}.{node.id}"
                made = self._slice(arriving, packages=node.settings.packages)
                programs[name] = Program(name, self._project.entry.name, made.files, made.context)
        for id, step in steps.items():
            if id in wanted:
                made = self.of_step(step, env_names[id], packages[id], wanted[id])
                name = f"{step.module}.{step.function}"
                programs[name] = Program(name, self._project.entry.name, made.files, made.context)
                steps[id] = replace(step, program=name)
                self._refuse_cached(step, made.context, pipeline)

        def block(b: Block) -> Block:
            return Block(tuple(given(rewritten(n, lambda e: e, block)) for n in b.nodes), b.yields)

        def given(node: Node) -> Node:
            return replace(node, program=named.get(node.id)) if isinstance(node, Compute | Fail) else node

        kept = tuple(steps[i] for i in steps if i in wanted)
        return replace(pipeline, body=block(pipeline.body), steps=kept, programs=tuple(programs[n] for n in sorted(programs)))

    def _refuse_cached(self, step: Step, context: Span | None, pipeline: Pipeline) -> None:
        """What a step makes of its run is not what another run would get."""
        for node in every(pipeline.body):
            if context and isinstance(node, Call) and node.step == step.id and node.settings.cache:
                self._project.diagnostics.error(
                    "WYE6022", f"`{step.name}` is cached, but asks for its context, which differs from run to run",
                    node.settings.span("cache", node.span), labels=[Label(context, "here")],
                    help="leave out `cache`, or hand the step what it needs: `day: datetime = ScheduledTime()`",
                )  # fmt: skip

    def _reach(self, pipeline: Pipeline, env_names: dict[str, set[str]], packages: dict[str, set[str]]) -> dict[Key, set[Root]]:
        """For each value the classes that it may hold. Carries go round: until nothing more is found."""
        steps = {s.id: s for s in pipeline.steps}
        reach: dict[Key, set[Root]] = {}
        while True:
            before = {k: len(v) for k, v in reach.items()}
            for node in every(pipeline.body):
                match node:
                    case Call():
                        step = steps[node.step]
                        arriving = set().union(*(_arriving(e, reach) for _, e in node.bindings))
                        leaving = arriving | set(self.of_step(step, env_names[step.id], packages[step.id]).classes)
                        for port in step.ports:
                            reach["output", node.id, port.name] = leaving if carries(port.type) else set()
                    case Compute():
                        reach["output", node.id, "out"] = _arriving(node.value, reach) if carries(node.type) else set()
                    case Map(over=over) | For(over=over):
                        reach["item", node.id] = _arriving(over, reach)
                    case _:
                        pass
                for i, values in enumerate(zip(*arms(node))):
                    found = set().union(*(_arriving(e, reach) for e in values))
                    reach["result", node.id, i] = reach["carry", node.id, i] = found
            if {k: len(v) for k, v in reach.items()} == before:
                return reach


def _arriving(expr: Expr, reach: dict[Key, set[Root]]) -> set[Root]:
    """The classes that evaluating an expression may need."""
    found: set[Root] = set()
    for ref in references(expr):
        found |= reach.get(key(ref), set())
        found.update(classes_in(ref.type))
    for part in walk(expr):
        if isinstance(part, Construct | Member):
            module, _, name = part.cls.partition(":")
            found.add((module, name))
        found.update(classes_in(part.type))
    return found


def classes_in(t: Type) -> list[Root]:
    """The user's classes that a type names."""
    if isinstance(t, str) or t[0] == "literal":
        return []
    if t[0] == "class":
        module, _, name = str(t[1]).partition(":")
        return [(module, name.partition(".")[0])]
    return [c for a in t[1:] for c in classes_in(a)]


def carries(t: Type) -> bool:
    """Whether a value of this type may hold an object of one of the user's classes."""
    if isinstance(t, str):
        return t not in _PLAIN
    if t[0] == "literal":
        return False
    return t[0] == "class" or any(carries(a) for a in t[1:])
