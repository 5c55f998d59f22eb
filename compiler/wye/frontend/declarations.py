"""Decorated functions go in, declarations of steps and pipelines come out: signatures, ports, settings, each problem with its span."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar

import libcst as cst

from wye.diagnostics import Label, Span
from wye.diagnostics.suggest import near
from wye.frontend.annotations import Annotations
from wye.frontend.constants import Constants, NotConstant
from wye.frontend.project import Definition, External, Module, Project, dotted, statements
from wye.ir.model import FAILURE, Const, Parameter, ParameterKind, Port, Step, StepParameter
from wye.ir.settings import PipelineSettings, Settings, Table, Targets
from wye.runtime.types import Type, format_of, show
from wye.runtime.values import CannotTravel, encode, normalise
from wye.schedules.meaning import check as check_schedule
from wye.sdk.settings import Cache, PipelineOptions, Schedule, SettingError, StepSettings, seconds

Kind = Literal["step", "pipeline"]
_JSON = frozenset({"none", "bool", "int", "float", "str", "json", "any"})
_INSTANT = "datetime"
"""Beside JSON, what a pipeline's parameter may be: a time, in UTC."""
_INDENTED_DECORATOR = re.compile(r"^[ \t]+@", re.MULTILINE)
T = TypeVar("T", StepSettings, PipelineOptions)


@dataclass(frozen=True)
class Handler:
    """The step of `on_failure`, its settings there, and where that is written."""

    definition: Definition
    step: Step
    settings: Settings
    span: Span


@dataclass(frozen=True)
class PipelineDeclaration:
    """A pipeline as declared; its body is lowered when it is needed."""

    id: str
    name: str
    definition: Definition
    parameters: tuple[Parameter, ...]
    type: Type
    settings: PipelineSettings
    span: Span
    on_failure: Handler | None = None

    @property
    def node(self) -> cst.FunctionDef:
        assert isinstance(self.definition.node, cst.FunctionDef)
        return self.definition.node


class Declarations:
    """Reads the declarations of one project, each once."""

    def __init__(self, project: Project, annotations: Annotations, constants: Constants) -> None:
        self._project, self._annotations, self._constants = project, annotations, constants
        self._report = project.diagnostics
        self._steps: dict[tuple[str, str], Step | None] = {}
        self._pipelines: dict[tuple[str, str], PipelineDeclaration | None] = {}

    def kind(self, definition: Definition) -> Kind | None:
        """Whether a definition is a step or a pipeline."""
        decorator = self._decorator(definition)
        return decorator[0] if decorator else None

    def all(self, module: Module) -> Iterator[tuple[Kind, Definition]]:
        """Every step and pipeline that stands at the top of a module, in source order."""
        for node in module.tree.body:
            if isinstance(node, cst.FunctionDef):
                definition = Definition(module, node.name.value, node)
                kind = self.kind(definition)
                if kind:
                    yield kind, definition

    def check_module(self, module: Module) -> None:
        """Report decorated functions that stand where no step can stand, and names defined twice."""
        if _INDENTED_DECORATOR.search(module.text):
            module.tree.visit(_Misplaced(self, module))
        for statement in statements(module.tree.body):
            if isinstance(statement, cst.LazyImport | cst.LazyImportFrom):
                self._report.error("WYE1010", "lazy imports are not read yet", module.span(statement), help="write a plain import")
            elif isinstance(statement, cst.ImportFrom) and self._project.leaves(module, statement):
                self._report.error(
                    "WYE6001", "this relative import leaves the package that the module is in", module.span(statement),
                    help=f"`{module.name}` is in the package `{module.package}`" if module.package else f"`{module.name}` is in no package",
                )  # fmt: skip
        for name, nodes in module.bindings.items():
            decorated = [n for n in nodes if isinstance(n, cst.FunctionDef) and self.kind(Definition(module, name, n))]
            if decorated and len(nodes) > 1:
                other = next(n for n in nodes if n is not decorated[-1])
                where = module.head(other) if isinstance(other, cst.FunctionDef | cst.ClassDef) else module.span(other)
                self._report.error(
                    "WYE2001", f"`{name}` is defined more than once", module.head(decorated[-1]),
                    labels=[Label(where, "also bound here")], help="give each step and pipeline a name of its own",
                )  # fmt: skip

    # --- steps ---------------------------------------------------------------------------------------------------------------

    def step(self, definition: Definition) -> Step | None:
        """The step; None when its declaration is wrong (reported)."""
        key = (definition.module.name, definition.name)
        if key not in self._steps:
            self._steps[key] = self._step(definition)
        return self._steps[key]

    def _step(self, definition: Definition) -> Step | None:
        module, node = definition.module, definition.node
        assert isinstance(node, cst.FunctionDef)
        settings, name = self._step_settings(definition)
        self._check_function(module, node, "step")
        parameters = tuple(
            StepParameter(p.name.value, kind, self._annotations.read(module, p.annotation).type, p.default is None, module.span(p))
            for kind, p in parameters_of(node)
        )
        ports, result, type_ = self._ports(module, node)
        return Step(
            f"{module.name}:{definition.name}", name or definition.name, module.name, definition.name, parameters, ports, result, type_,
            settings, "", _doc(node), module.head(node),
        )  # fmt: skip

    def _ports(self, module: Module, node: cst.FunctionDef) -> tuple[tuple[Port, ...], str, Type]:
        whole = self._annotations.read(module, node.returns)
        elements = self._annotations.elements(module, node.returns)
        result = "tuple" if elements else "one"
        found = [(e.name or f"out{i}", e.type, e.format) for i, e in enumerate(elements)] or [
            (whole.name or "out", whole.type, whole.format)
        ]
        if isinstance(whole.type, tuple) and whole.type[0] == "class" and not elements:
            named = self._named_tuple(module, node)
            if named:
                result, found = whole.type[1], [(n, t, None) for n, t in named]
        where = module.span(node.returns) if node.returns else module.head(node)
        names = [n for n, _, _ in found]
        for name in sorted({n for n in names if names.count(n) > 1}):
            self._report.error("WYE2002", f"two outputs are named `{name}`", where)
        for name in names:
            if not name.isidentifier():
                self._report.error("WYE2003", f"not a name for an output: {name!r}", where, help="use a Python identifier")
            elif name in ("done", "error"):  # their files would be the runner's own: done.json, error.json
                self._report.error("WYE2003", f"not a name for an output: {name!r}", where, help="it is the runner's own; rename it")
        if any(f for _, _, f in found):
            self._report.error(
                "WYE2004",
                "a file format on request is not compiled yet",
                where,
                help="leave `Format(...)` out: the default format is exact",
            )
        return tuple(Port(n, t, format_of(t)) for n, t, _ in found), result, whole.type  # type: ignore[arg-type]

    def _named_tuple(self, module: Module, node: cst.FunctionDef) -> list[tuple[str, Type]] | None:
        target = node.returns.annotation if node.returns else None
        if isinstance(target, cst.SimpleString):
            target = cst.parse_expression(str(target.evaluated_value))
        found = self._project.follow_path(module, dotted(target).split(".")) if target is not None and dotted(target) else None
        info = self._annotations.class_info(found) if isinstance(found, Definition) and isinstance(found.node, cst.ClassDef) else None
        return [(f.name, f.type) for f in info.fields] if info and info.kind == "namedtuple" and info.fields else None

    def _check_function(self, module: Module, node: cst.FunctionDef, kind: Kind) -> None:
        if node.asynchronous:
            self._report.error(
                "WYE2005",
                f"a {kind} cannot be `async`",
                module.head(node),
                help="await inside with `asyncio.run(...)`" if kind == "step" else None,
            )
        for _, p in parameters_of(node) if kind == "step" else ():
            if p.default and self._is_scheduled(module, p.default):
                self._report.error(
                    "WYE2021", f"`{p.name.value}` is a step's, and ScheduledTime() is for parameters of pipelines", module.span(p.default),
                    help="hand it the pipeline's parameter, or read `wye.context().scheduled_time` in the step",
                )  # fmt: skip
        for star in (node.params.star_arg, node.params.star_kwarg):
            if isinstance(star, cst.Param):
                stars = "*" if star is node.params.star_arg else "**"
                message = f"a {kind} cannot take `{stars}{star.name.value}`"
                self._report.error("WYE2006", message, module.span(star), help="name each parameter, or take a list or dict")
        if kind == "step":
            finder = _Yields()
            node.body.visit(finder)
            if finder.found is not None:
                self._report.error("WYE2007", "a step cannot be a generator", module.span(finder.found), help="return a list")

    # --- pipelines -----------------------------------------------------------------------------------------------------------

    def pipeline(self, definition: Definition) -> PipelineDeclaration | None:
        """The pipeline; None when its declaration cannot be read at all."""
        key = (definition.module.name, definition.name)
        if key not in self._pipelines:
            self._pipelines[key] = self._pipeline(definition)
        return self._pipelines[key]

    def _pipeline(self, definition: Definition) -> PipelineDeclaration:
        module, node = definition.module, definition.node
        assert isinstance(node, cst.FunctionDef)
        arguments = self._arguments(definition)
        handler = self._handler(module, arguments)
        settings, name = self._pipeline_settings(module, [a for a in arguments if handler is None or a is not handler[0]])
        self._check_function(module, node, "pipeline")
        for decorator in node.decorators[1:]:
            self._report.error("WYE2008", "a pipeline has no other decorator", module.span(decorator), help="decorate the steps instead")
        parameters = tuple(self._parameter(module, p) for _, p in parameters_of(node))
        type_ = self._annotations.read(module, node.returns).type
        if settings.schedule:
            for p in parameters:
                if p.required:
                    self._report.error(
                        "WYE2009", f"the pipeline is scheduled, but `{p.name}` has no default", p.span, help="give it a default value"
                    )
        return PipelineDeclaration(
            f"{module.name}:{definition.name}", name or definition.name, definition, parameters, type_, settings, module.head(node),
            handler[1] if handler else None,
        )  # fmt: skip

    def _handler(self, module: Module, arguments: Sequence[cst.Arg]) -> tuple[cst.Arg, Handler | None] | None:
        """The argument `on_failure=` when it names something, and the step that it is; none when that is wrong (reported)."""
        arg = next((a for a in arguments if a.keyword and a.keyword.value == "on_failure"), None)
        value, settings = arg.value if arg else None, Settings()
        while isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) and value.func.attr.value == "options":
            settings = settings.over(self.options(module, value.args))
            value = value.func.value
        found = self._project.follow_path(module, dotted(value).split(".")) if value is not None and dotted(value) else None
        if arg is None or not isinstance(found, Definition) or not isinstance(found.node, cst.FunctionDef):
            return None
        if self.kind(found) != "step":
            what = "a pipeline" if self.kind(found) else "no step"
            self._report.error(
                "WYE2022", f"`on_failure` is a step, and `{found.name}` is {what}", module.span(arg.value),
                labels=[Label(found.module.head(found.node), "defined here")], help='name a step, or write "stop" or "continue"',
            )  # fmt: skip
            return arg, None
        step = self.step(found)
        if step is None:
            return arg, None
        wrong = [p for p in step.parameters if p.required and p.type != FAILURE]
        wrong += [p for p in step.parameters if p.type == FAILURE][1:]
        for p in wrong:
            self._report.error(
                "WYE2023", f"nobody gives `{p.name}` when the run has failed", p.span, labels=[Label(module.span(arg), "runs it")],
                help="the step of `on_failure` takes nothing, or one `failure: wye.Failure`",
            )  # fmt: skip
        return arg, None if wrong else Handler(found, step, settings.over(step.settings), module.span(arg))

    def _parameter(self, module: Module, node: cst.Param) -> Parameter:
        type_ = self._annotations.read(module, node.annotation).type
        span = module.span(node)
        if not is_json(type_) and type_ != _INSTANT:
            self._report.error(
                "WYE2010", f"a pipeline's parameter has a JSON type, not `{show(type_)}`", span,
                help="use bool, int, float, str, list, dict, None or datetime, and build the rest in a step",
            )  # fmt: skip
        if node.default is None:
            return Parameter(node.name.value, type_, None, span)
        if self._is_scheduled(module, node.default):
            if type_ != "datetime":
                self._report.error(
                    "WYE3001", f"`{node.name.value}` has the default ScheduledTime(), which is a datetime, not `{show(type_)}`", span,
                    help=f"write `{node.name.value}: datetime = ScheduledTime()`",
                )  # fmt: skip
            return Parameter(node.name.value, type_, None, span, scheduled=True)
        try:
            value = normalise(self._constants.fold(module, node.default), type_)
            return Parameter(node.name.value, type_, Const(encode(value), type_, module.span(node.default)), span)
        except NotConstant as error:
            self._not_constant(f"the default of `{node.name.value}`", error)
        except (TypeError, CannotTravel) as error:
            self._report.error("WYE3001", f"the default of `{node.name.value}` does not fit its type: {error}", module.span(node.default))
        return Parameter(node.name.value, type_, Const("null", type_, span), span)

    def _is_scheduled(self, module: Module, node: cst.BaseExpression) -> bool:
        """Whether it is written `ScheduledTime()`."""
        return isinstance(node, cst.Call) and not node.args and self._annotations.external(module, node.func) == "wye.ScheduledTime"

    # --- settings ------------------------------------------------------------------------------------------------------------

    def _decorator(self, definition: Definition) -> tuple[Kind, cst.Decorator] | None:
        if not isinstance(definition.node, cst.FunctionDef):
            return None
        for decorator in definition.node.decorators:
            kind = self._decorator_kind(definition.module, decorator)
            if kind:
                return kind, decorator
        return None

    def _decorator_kind(self, module: Module, decorator: cst.Decorator) -> Kind | None:
        target = decorator.decorator.func if isinstance(decorator.decorator, cst.Call) else decorator.decorator
        found = self._project.follow_path(module, dotted(target).split(".")) if dotted(target) else None
        if not isinstance(found, External):
            return None
        return {"wye.step": "step", "wye.pipeline": "pipeline"}.get(found.dotted)  # type: ignore[return-value]

    def _arguments(self, definition: Definition) -> Sequence[cst.Arg]:
        module, node = definition.module, definition.node
        assert isinstance(node, cst.FunctionDef)
        found = self._decorator(definition)
        assert found
        kind, decorator = found
        if decorator is not node.decorators[0]:
            self._report.error("WYE2011", f"`@{kind}` must be the outermost decorator", module.span(decorator), help="move it to the top")
        for other in node.decorators:
            if other is not decorator and self._decorator_kind(module, other):
                self._report.error(
                    "WYE2012",
                    "a function is decorated by Wye once",
                    module.span(other),
                    labels=[Label(module.span(decorator), "first here")],
                )
        return decorator.decorator.args if isinstance(decorator.decorator, cst.Call) else ()

    def _step_settings(self, definition: Definition) -> tuple[Settings, str | None]:
        made = self.read(definition.module, self._arguments(definition), StepSettings, "step")
        return (self.freeze(*made), self._name(definition.module, made)) if made else (Settings(), None)

    def _pipeline_settings(self, module: Module, arguments: Sequence[cst.Arg]) -> tuple[PipelineSettings, str | None]:
        made = self.read(module, arguments, PipelineOptions, "pipeline")
        if not made:
            return PipelineSettings(), None
        given, spans = made
        defaults = Settings()
        if given.defaults:
            place = dict(spans)["defaults"]
            try:
                known = [f.name for f in fields(StepSettings) if f.name != "name"]
                for key in given.defaults:
                    if key not in known:
                        self._report.error("WYE2013", f"`defaults` has no setting `{key}`", place, help=near(str(key), known))
                kept = {k: v for k, v in given.defaults.items() if k in known}
                defaults = self.freeze(StepSettings(**kept), tuple((k, place) for k in kept))
            except SettingError as error:
                self._report.error("WYE2014", str(error), place, help=error.help)
        return PipelineSettings(
            given.schedule, seconds(given.timeout) if given.timeout is not None else None, given.max_parallel, given.on_failure,
            tuple(given.tags.items()), freeze_targets(given.targets), defaults, spans,
        ), self._name(module, made)  # fmt: skip

    def _name(self, module: Module, made: tuple[Any, tuple[tuple[str, Span], ...]]) -> str | None:
        given, spans = made
        if given.name is not None and (not isinstance(given.name, str) or not given.name.isidentifier() or not given.name.isascii()):
            self._report.error(
                "WYE2015", f"not a name: {given.name!r}", dict(spans)["name"], help="letters, digits and `_`, not first a digit"
            )
            return None
        return given.name

    def options(self, module: Module, args: Sequence[cst.Arg]) -> Settings:
        """The settings in `s.options(...)`."""
        made = self.read(module, args, StepSettings, "step")
        return self.freeze(*made) if made else Settings()

    def read(self, module: Module, args: Sequence[cst.Arg], kind: type[T], what: str) -> tuple[T, tuple[tuple[str, Span], ...]] | None:
        """The SDK's own settings object from keyword arguments, and where each was written; wrong ones are reported and left out."""
        known = [f.name for f in fields(kind)]
        values: dict[str, Any] = {}
        spans: dict[str, Span] = {}
        for arg in args:
            if arg.keyword is None or arg.star:
                self._report.error("WYE2016", f"`@{what}` takes keyword arguments only", module.span(arg))
                continue
            name = arg.keyword.value
            if name not in known:
                self._report.error("WYE2013", f"unknown setting `{name}`", module.span(arg.keyword), help=near(name, known))
                continue
            if name in values:
                self._report.error("WYE2017", f"`{name}` is set twice", module.span(arg.keyword), labels=[Label(spans[name], "first here")])
                continue
            try:
                value = self._constants.fold(module, arg.value, settings=True)
                kind(**{name: tuple(value) if isinstance(value, list) else value})  # type: ignore[arg-type]
                if isinstance(value, Schedule):
                    check_schedule(value)
            except NotConstant as error:
                self._not_constant(f"`{name}`", error)
                continue
            except SettingError as error:
                self._report.error("WYE2014", str(error), _argument_span(module, arg.value, error.field), help=error.help)
                continue
            values[name] = tuple(value) if isinstance(value, list) else value
            spans[name] = module.span(arg)
            if name == "targets":
                spans.update(_entries(module, arg.value, name))
        try:
            return kind(**values), tuple(sorted(spans.items()))
        except SettingError as error:
            self._report.error("WYE2014", str(error), spans.get(error.field, module.span(args[0])), help=error.help)
            return None

    def freeze(self, given: StepSettings, spans: tuple[tuple[str, Span], ...]) -> Settings:
        cache = given.cache
        return Settings(
            packages=tuple(given.packages), image=given.image, python=given.python, files=tuple(given.files),
            resources=given.resources, retry=given.retry,
            timeout=seconds(given.timeout) if given.timeout is not None else None, env=tuple(given.env.items()),
            secrets=tuple(given.secrets),
            cache=Cache() if cache is True else None if cache is False else cache, tags=tuple(given.tags.items()),
            targets=freeze_targets(given.targets), spans=tuple((n, s) for n, s in spans if n != "name"),
        )  # fmt: skip

    def _not_constant(self, what: str, error: NotConstant) -> None:
        self._report.error(
            "WYE2018", f"{what} must be a compile-time constant, but this {error.reason}", error.module.span(error.node),
            help=error.help or "write a literal or a module constant",
        )  # fmt: skip


def is_json(t: Type) -> bool:
    """Whether values of this type are plain JSON."""
    if isinstance(t, str):
        return t in _JSON
    if t[0] == "literal":
        return True
    if t[0] == "dict":
        return t[1] in ("str", "json") and is_json(t[2])
    return t[0] in ("list", "union") and all(is_json(a) for a in t[1:])


def freeze_targets(targets: dict[str, dict[str, Any]]) -> Targets:
    return tuple((name, tuple((k, _freeze(v)) for k, v in block.items())) for name, block in targets.items())


def _freeze(value: Any) -> Any:
    if isinstance(value, dict):
        return Table(tuple((k, _freeze(v)) for k, v in value.items()))
    return tuple(_freeze(v) for v in value) if isinstance(value, list | tuple) else value


def parameters_of(node: cst.FunctionDef) -> Iterator[tuple[ParameterKind, cst.Param]]:
    """The parameters of a function, in order, each with how it is passed."""
    for p in node.params.posonly_params:
        yield "positional_only", p
    for p in node.params.params:
        yield "positional_or_keyword", p
    for p in node.params.kwonly_params:
        yield "keyword_only", p


def _doc(node: cst.FunctionDef) -> str | None:
    text = node.get_docstring()
    return text.strip() if text else None


def _entries(module: Module, value: cst.BaseExpression, way: str) -> Iterator[tuple[str, Span]]:
    """Where each entry of a dict stands, by its way from outside: `targets.airflow.queue`."""
    for element in value.elements if isinstance(value, cst.Dict) else ():
        if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString):
            inner = f"{way}.{element.key.evaluated_value!s}"
            start, end = module.span(element.key), module.span(element.value)
            yield inner, Span(start.path, start.line, start.column, end.end_line, end.end_column)
            yield from _entries(module, element.value, inner)


def _argument_span(module: Module, value: cst.BaseExpression, name: str) -> Span:
    """The argument of a settings call that a `SettingError` names; the whole value when there is none."""
    if isinstance(value, cst.Call):
        for arg in value.args:
            if arg.keyword and arg.keyword.value == name:
                return module.span(arg)
    return module.span(value)


class _Yields(cst.CSTVisitor):
    """Finds a `yield` of the function itself."""

    def __init__(self) -> None:
        self.found: cst.CSTNode | None = None

    def visit_Yield(self, node: cst.Yield) -> None:
        self.found = self.found or node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False


class _Misplaced(cst.CSTVisitor):
    """Reports steps and pipelines that do not stand at the top of their module."""

    def __init__(self, declarations: Declarations, module: Module) -> None:
        self._declarations, self._module = declarations, module
        self._top = {id(n) for n in module.tree.body}

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        kind = self._declarations.kind(Definition(self._module, node.name.value, node))
        if kind and id(node) not in self._top:
            self._declarations._report.error(
                "WYE2019",
                f"a {kind} stands at the top of its module, not inside something else",
                self._module.head(node),
                help="move it out",
            )
