"""A flat pipeline goes in; the same pipeline comes out with the program of every step and of every expression that needs one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from wye.diagnostics import Label, Span
from wye.frontend.project import Project
from wye.frontend.shipping import Shipping, Wanted
from wye.frontend.slicing.slice import Slice, asks_for_context, check_whole, imported_at_once, slice_program
from wye.frontend.slicing.tables import import_name
from wye.ir.expressions import Key, key, references, walk
from wye.ir.model import Block, Call, Compute, Construct, DataFile, Expr, Fail, For, Map, Member, Node, Pipeline, Program, Step
from wye.ir.nodes import arms, every, expressions, rewritten
from wye.ir.settings import Settings
from wye.runtime.types import Type

_PLAIN = frozenset(
    {"none", "bool", "int", "float", "str", "bytes", "path", "datetime", "date", "time", "timedelta", "decimal", "uuid", "complex"}
)

TREE = "tree"
"""The one program of a pipeline whose packages travel as they are."""

Root = tuple[str, str]
"""(module, name): something that a program must hold."""


class Programs:
    """Slices the programs of one project; the same roots once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._shipping = Shipping(project)
        self._slices: dict[tuple[object, ...], Slice] = {}

    def of_step(
        self,
        step: Step,
        env_names: Iterable[str] = (),
        packages: Iterable[str] = (),
        classes: Iterable[Root] = (),
        files: Iterable[Wanted] = (),
    ) -> Slice:
        """The program of a step whose calls set these variables and have these packages and files, with further classes that may arrive."""
        types = [p.type for p in step.parameters] + [p.type for p in step.ports] + [step.type]
        roots = {(step.module, step.function), *classes, *(c for t in types for c in classes_in(t))}
        env_names = {*env_names, *(name for name, _ in step.settings.env)}
        return self._slice(roots, env_names, {*packages, *step.settings.packages}, {*files, *wanted_by(step.settings, step.span)})

    def _slice(self, roots: set[Root], env_names: Iterable[str] = (), packages: Iterable[str] = (), files: Iterable[Wanted] = ()) -> Slice:
        key = (frozenset(roots), frozenset(env_names), frozenset(packages), frozenset(files))
        if key not in self._slices:
            places = self._shipping.data(files)
            entry = self._project.entry.name
            made = slice_program(self._project, entry, sorted(roots), sorted(env_names), sorted(packages), places)
            cut = {f.path for f in made.files}
            data = self._shipping.read({place: file for place, file in places.items() if place not in cut})
            self._slices[key] = replace(made, data=data)
        return self._slices[key]

    def attach(self, pipeline: Pipeline) -> Pipeline:
        """Give every step and expression task its program. Problems go to the project's diagnostics.

        A program also holds the classes of the programs whose values can reach it: a class has one name in every step.
        """
        steps = {s.id: s for s in pipeline.steps}
        env_names: dict[str, set[str]] = {}
        packages: dict[str, set[str]] = {}
        files: dict[str, set[Wanted]] = {}
        calls = [*every(pipeline.body), *([pipeline.on_failure] if pipeline.on_failure else [])]
        for node in calls:
            if isinstance(node, Call):
                env_names.setdefault(node.step, set()).update(name for name, _ in node.settings.env)
                packages.setdefault(node.step, set()).update(node.settings.packages)
                files.setdefault(node.step, set()).update(wanted_by(node.settings, node.span))
        if self._project.layout.packaging == "tree":
            return self._tree(pipeline, env_names, packages, files)
        reach = self._reach(pipeline, env_names, packages, files)
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
                programs[name] = Program(name, self._project.entry.name, made.files, made.context, made.data)
        for id, step in steps.items():
            if id in wanted:
                made = self.of_step(step, env_names[id], packages[id], wanted[id], files[id])
                name = f"{step.module}.{step.function}"
                programs[name] = Program(name, self._project.entry.name, made.files, made.context, made.data)
                steps[id] = replace(step, program=name)
                self._refuse_cached(step, made.context, pipeline)

        kept = tuple(steps[i] for i in steps if i in wanted)
        return replace(pipeline, body=_named(pipeline.body, named), steps=kept, programs=tuple(programs[n] for n in sorted(programs)))

    def _refuse_cached(self, step: Step, context: Span | None, pipeline: Pipeline) -> None:
        """What a step makes of its run is not what another run would get."""
        for node in every(pipeline.body):
            if context and isinstance(node, Call) and node.step == step.id and node.settings.cache:
                self._project.diagnostics.error(
                    "WYE6022", f"`{step.name}` is cached, but asks for its context, which differs from run to run",
                    node.settings.span("cache", node.span), labels=[Label(context, "here")],
                    help="leave out `cache`, or hand the step what it needs: `day: datetime = ScheduledTime()`",
                )  # fmt: skip

    # packaging = "tree"

    def _tree(
        self, pipeline: Pipeline, env_names: dict[str, set[str]], packages: dict[str, set[str]], files: dict[str, set[Wanted]]
    ) -> Pipeline:
        """One program for all: the user's packages as they are."""
        steps = tuple(replace(s, program=TREE) for s in pipeline.steps if s.id in files)
        environments: dict[str, set[str]] = {}
        for step in steps:
            check_whole(self._project, [(step.module, step.function)], env_names[step.id] | {name for name, _ in step.settings.env})
            if not step.settings.image:
                environments[f"the step `{step.name}`"] = packages[step.id] | set(step.settings.packages)
        named: dict[str, str] = {}
        for node in every(pipeline.body):
            if isinstance(node, Compute | Fail) and any(_arriving(e, {}, any_class=True) for e in expressions(node)):
                named[node.id] = TREE
                environments[f"the expression at {node.span}"] = set(node.settings.packages)
        self._check_environments(environments)
        places = self._shipping.tree() | self._shipping.data(w for wanted in files.values() for w in wanted)
        data = self._shipping.read(places, whole=True)
        for step in steps:
            self._refuse_cached(step, asks_for_context(self._project, step.module), pipeline)
        program = Program(TREE, self._project.entry.name, (), context_in(data), data)
        return replace(pipeline, body=_named(pipeline.body, named), steps=steps, programs=(program,) if steps or named else ())

    def _check_environments(self, environments: dict[str, set[str]]) -> None:
        """What the pipeline's file imports is there in every task: each imports the file as a whole."""
        listed = {who: {import_name(p) for p in packages} for who, packages in environments.items()}
        somewhere = set().union(*listed.values())
        module = self._project.entry
        for top, node in imported_at_once(self._project, module):
            lacking = [who for who, names in listed.items() if top in somewhere and top not in names]
            if lacking:
                self._project.diagnostics.error(
                    "WYE6016", f"every task imports `{top}` with this file, and {lacking[0]} does not have it in its packages",
                    module.span(node), help="import it inside the steps that need it, or give it to all: defaults={'packages': [...]}",
                )  # fmt: skip

    def _reach(
        self, pipeline: Pipeline, env_names: dict[str, set[str]], packages: dict[str, set[str]], files: dict[str, set[Wanted]]
    ) -> dict[Key, set[Root]]:
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
                        leaving = arriving | set(self.of_step(step, env_names[step.id], packages[step.id], files=files[step.id]).classes)
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


def context_in(data: Iterable[DataFile]) -> Span | None:
    """Where the files of a tree may ask for a step's context: the first module that uses Wye and has the word."""
    for file in data:
        lines = file.data.split(b"\n") if file.source and b"wye" in file.data else []
        found = next((n for n, line in enumerate(lines, 1) if re.search(rb"\bcontext\b", line)), None)
        if file.source and found:
            return Span(file.source, found, 1, found, 1)
    return None


def wanted_by(settings: Settings, span: Span) -> list[Wanted]:
    """The files that a setting asks for; paths start from the folder of the file in which it is written."""
    return [(pattern, settings.span("files", span)) for pattern in settings.files]


def _named(block: Block, programs: dict[str, str]) -> Block:
    """The block with the programs of its expressions and failures."""

    def given(node: Node) -> Node:
        return replace(node, program=programs.get(node.id)) if isinstance(node, Compute | Fail) else node

    return Block(tuple(given(rewritten(n, lambda e: e, lambda b: _named(b, programs))) for n in block.nodes), block.yields)


def _arriving(expr: Expr, reach: dict[Key, set[Root]], any_class: bool = False) -> set[Root]:
    """The classes that evaluating an expression may need. `any_class`: also of what arrives nothing is known but its type."""
    found: set[Root] = set()
    for ref in references(expr):
        found |= {("", "")} if any_class and carries(ref.type) else reach.get(key(ref), set())
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
