"""The front end: a Python file goes in, an `ir.Pipeline` comes out. Nothing of the user's is imported or run.

project       files → parsed modules, names resolved across them
declarations  decorated functions → signatures, outputs, settings
body          a pipeline's statements → nodes; expressions, calls: what stands in them
programs      what each step needs of the user's modules → real files
"""

from __future__ import annotations

from pathlib import Path

import libcst as cst

from wye.diagnostics import Label
from wye.diagnostics.suggest import near
from wye.frontend.annotations import Annotations
from wye.frontend.body import Body
from wye.frontend.constants import Constants
from wye.frontend.declarations import Declarations, PipelineDeclaration
from wye.frontend.frame import Services
from wye.frontend.programs import Programs
from wye.frontend.project import Definition, Project
from wye.ir.model import Call, Pipeline, Step, SubPipeline
from wye.ir.nodes import every
from wye.sources import USUAL, Layout

__all__ = ["Source", "load"]


class Source:
    """One of the user's files, read. `pipeline` is its IR before the passes; `programs` completes it after them."""

    def __init__(self, file: Path, name: str | None = None, layout: Layout = USUAL) -> None:
        """Raises `InputError` and `CompileFailed`."""
        self.project = Project(file, layout)
        annotations, constants = Annotations(self.project), Constants(self.project)
        declarations = Declarations(self.project, annotations, constants)
        self._services = Services(self.project, annotations, constants, declarations)
        self._programs = Programs(self.project)
        self._steps: dict[str, Step] = {}
        chosen = self._choose(name)
        pipeline = self._lower(chosen) if chosen else None
        for module in list(self.project.modules.values()):
            declarations.check_module(module)
        defaults = {p for inner in self._services.pipelines.values() if inner for p in inner.settings.defaults.packages}
        for step in list(self._steps.values()) if layout.packaging == "slice" else ():
            self._programs.of_step(step, packages=defaults)  # its problems belong among the first that are shown
        self.project.diagnostics.check()
        assert pipeline is not None
        self.pipeline = pipeline

    def programs(self, pipeline: Pipeline) -> Pipeline:
        """The flat pipeline with the program of every task. Raises `CompileFailed`."""
        done = self._programs.attach(pipeline)
        self.project.diagnostics.check()
        return done

    def _choose(self, name: str | None) -> Definition | None:
        """The pipeline that was asked for: by name, or the one that no other of the file calls."""
        entry, report, declarations = self.project.entry, self.project.diagnostics, self._services.declarations
        found: dict[str, Definition] = {}
        for kind, definition in declarations.all(entry):
            if kind == "step":
                self._step(definition)
            else:
                found[definition.name] = definition
        if name is not None:
            if name not in found:
                report.error(
                    "WYE1036",
                    f"there is no pipeline `{name}` in {entry.path}",
                    entry.span(entry.tree),
                    help=near(name, found) if found else None,
                )
                return None
            return found[name]
        if not found:
            report.error(
                "WYE1035", f"there is no pipeline in {entry.path}", entry.span(entry.tree), help="decorate a function with `@pipeline`"
            )
            return None
        called = {n for d in found.values() for n in _names_called(d)} if len(found) > 1 else set()
        roots = [d for n, d in found.items() if n not in called] or list(found.values())
        if len(roots) > 1:
            report.error(
                "WYE1037", f"there are {len(roots)} pipelines to choose from", entry.head(roots[1].node),  # type: ignore[arg-type]
                labels=[Label(entry.head(d.node), f"`{d.name}`") for d in roots if isinstance(d.node, cst.FunctionDef)],
                help=f"name one: {self.project.file.name}:{roots[0].name}",
            )  # fmt: skip
            return None
        return roots[0]

    def _step(self, definition: Definition) -> Step | None:
        step = self._services.declarations.step(definition)
        if step:
            self._steps[step.id] = step
        return step

    def _lower(self, definition: Definition) -> Pipeline | None:
        """A pipeline's IR with everything that it needs; each once. None when it is being lowered already, or is wrong."""
        declaration = self._services.declarations.pipeline(definition)
        if declaration is None:
            return None
        pipelines = self._services.pipelines
        if declaration.id in pipelines:
            return pipelines[declaration.id]
        pipelines[declaration.id] = None
        pipelines[declaration.id] = self._pipeline(declaration)
        return pipelines[declaration.id]

    def _pipeline(self, declaration: PipelineDeclaration) -> Pipeline:
        block = Body(self._services, declaration, self._lower).lower()
        steps: dict[str, Step] = {}
        nested: dict[str, Pipeline] = {}
        for node in every(block):
            if isinstance(node, Call) and node.step not in steps:
                module, _, name = node.step.partition(":")
                owner = self.project.modules[module]
                step = self._step(Definition(owner, name, owner.bindings[name][0]))
                assert step
                steps[step.id] = step
            elif isinstance(node, SubPipeline):
                inner = self._services.pipelines[node.pipeline]
                assert inner
                steps.update({s.id: s for s in inner.steps})
                nested.update({p.id: p for p in inner.pipelines})
                nested[inner.id] = inner
        handler = declaration.on_failure
        call = None
        if handler:
            self._step(handler.definition)
            steps[handler.step.id] = handler.step
            settings = handler.settings.over(declaration.settings.defaults)
            call = Call("on_failure", handler.step.id, (), settings, (), True, handler.span)
        doc = declaration.node.get_docstring()
        return Pipeline(
            declaration.id, declaration.name, declaration.parameters, block, declaration.type, declaration.settings,
            tuple(steps.values()), (), tuple(nested.values()), doc.strip() if doc else None, declaration.span, call,
        )  # fmt: skip


def load(file: Path, name: str | None = None, layout: Layout = USUAL) -> Source:
    """Read a file and lower its pipeline. Raises `InputError` when it cannot be read, `CompileFailed` for problems in it."""
    return Source(file, name, layout)


def _names_called(definition: Definition) -> set[str]:
    finder = _Callees()
    definition.node.visit(finder)
    return finder.names - {definition.name}


class _Callees(cst.CSTVisitor):
    """The plain names that are called anywhere in a function."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Call(self, node: cst.Call) -> None:
        func: cst.BaseExpression = node.func
        while isinstance(func, cst.Call) and isinstance(func.func, cst.Attribute):
            func = func.func.value
        if isinstance(func, cst.Name):
            self.names.add(func.value)
