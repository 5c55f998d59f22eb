"""A flat pipeline goes in; the same pipeline comes out with the program of every step and of every expression that needs one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from wye.frontend.project import Project
from wye.frontend.slicing.slice import Slice, slice_program
from wye.ir.expressions import references, walk
from wye.ir.model import Block, Call, Compute, Construct, Expr, Member, Output, Param, Pipeline, Program, Step
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
        reach: dict[tuple[str, str], set[Root]] = {}
        wanted: dict[str, set[Root]] = {}
        computes: dict[str, set[Root]] = {}
        for node in pipeline.body.nodes:
            if isinstance(node, Call):
                step = steps[node.step]
                env_names.setdefault(step.id, set()).update(name for name, _ in node.settings.env)
                packages.setdefault(step.id, set()).update(node.settings.packages)
                arriving = set().union(*(_arriving(e, reach) for _, e in node.bindings))
                wanted.setdefault(step.id, set()).update(arriving)
                leaving = arriving | set(self.of_step(step, env_names[step.id], packages[step.id]).classes)
                for port in step.ports:
                    reach[node.id, port.name] = leaving if carries(port.type) else set()
            elif isinstance(node, Compute):
                computes[node.id] = _arriving(node.value, reach)
                reach[node.id, "out"] = computes[node.id] if carries(node.type) else set()
        programs: dict[str, Program] = {}
        for id, step in steps.items():
            if id in wanted:
                made = self.of_step(step, env_names[id], packages[id], wanted[id])
                name = f"{step.module}.{step.function}"
                programs[name] = Program(name, self._project.entry.name, made.files)
                steps[id] = replace(step, program=name)
        nodes = []
        for node in pipeline.body.nodes:
            if isinstance(node, Compute) and computes[node.id]:
                name = f"{pipeline.name}.{node.id}"
                programs[name] = Program(
                    name, self._project.entry.name, self._slice(computes[node.id], packages=node.settings.packages).files
                )
                node = replace(node, program=name)
            elif isinstance(node, Compute):
                node = replace(node, program=None)
            nodes.append(node)
        kept = tuple(steps[i] for i in steps if i in wanted)
        return replace(
            pipeline, body=Block(tuple(nodes), pipeline.body.yields), steps=kept, programs=tuple(programs[n] for n in sorted(programs))
        )


def _arriving(expr: Expr, reach: dict[tuple[str, str], set[Root]]) -> set[Root]:
    """The classes that evaluating an expression may need."""
    found: set[Root] = set()
    for ref in references(expr):
        if isinstance(ref, Output):
            found |= reach.get((ref.task, ref.name), set())
        if isinstance(ref, Output | Param):
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
