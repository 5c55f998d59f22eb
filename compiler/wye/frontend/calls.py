"""Calls as written go in, nodes and expressions come out: steps, pipelines, `each`, pure builtins, methods, the user's constructors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from wye.diagnostics import Label, Span
from wye.diagnostics.suggest import near
from wye.frontend import inference
from wye.frontend.annotations import ClassInfo
from wye.frontend.declarations import parameters_of
from wye.frontend.displays import display
from wye.frontend.expressions import Expressions
from wye.frontend.frame import Frame, constant, items_of, pairs_of
from wye.frontend.project import ATTRIBUTE, BUILTINS, Definition, External, Resolved, Unresolved, dotted
from wye.ir.expressions import references
from wye.ir.model import (
    Builtin,
    Call,
    Const,
    Construct,
    Expr,
    Method,
    Output,
    Pipeline,
    Result,
    Step,
    StepParameter,
    SubPipeline,
)  # fmt: skip
from wye.runtime.types import Type, format_of, show

_ORDERLESS = frozenset({"sorted", "len", "min", "max", "any", "all", "set", "frozenset", "bool"})
"""Builtins whose value does not depend on the order of a set."""


_HELP = {
    "wye.ScheduledTime": "make it the default of a parameter: `day: datetime = ScheduledTime()`",
    "wye.Uri": "it takes one text",
}

_EXHAUSTS = frozenset({"list", "tuple", "set", "frozenset", "dict", "sum", "sorted", "min", "max"})
"""Builtins that take every item of a generator."""


@dataclass(frozen=True, slots=True)
class _Callee:
    """What a call's callee is, with the `.after(...)` and `.options(...)` before the last parentheses."""

    found: Resolved | None
    text: str
    options: tuple[cst.Call, ...] = ()
    after: tuple[cst.Call, ...] = ()


class Calls:
    """Lowers the calls of one pipeline's body. `lower_pipeline` gives the lowered form of a nested pipeline."""

    def __init__(self, frame: Frame, expressions: Expressions, lower_pipeline: Callable[[Definition], Pipeline | None]) -> None:
        self.frame, self.expressions, self._lower_pipeline = frame, expressions, lower_pipeline
        expressions.calls = self

    # --- what is called ------------------------------------------------------------------------------------------------------

    def callee(self, node: cst.Call) -> _Callee:
        options: list[cst.Call] = []
        after: list[cst.Call] = []
        func: cst.BaseExpression = node.func
        while isinstance(func, cst.Call) and isinstance(func.func, cst.Attribute) and func.func.attr.value in ("options", "after"):
            (options if func.func.attr.value == "options" else after).append(func)
            func = func.func.value
        text = dotted(func)
        if not text or self.expressions.is_local(text.partition(".")[0]):
            return _Callee(None, text, tuple(options), tuple(after))
        found = self.frame.services.project.follow_path(self.frame.module, text.split("."))
        return _Callee(found, text, tuple(options), tuple(after))

    def kind(self, node: cst.Call) -> str | None:
        """`step` or `pipeline` when that is what is called."""
        found = self.callee(node).found
        return self.frame.services.declarations.kind(found) if isinstance(found, Definition) else None

    def calls_a_step(self, node: cst.CSTNode) -> bool:
        """Whether a step or a pipeline is called anywhere inside."""
        finder = _StepFinder(self)
        node.visit(finder)
        return finder.found

    def lower(self, node: cst.Call) -> Expr:
        frame, callee = self.frame, self.callee(node)
        match callee.found:
            case Definition() as found:
                kind = frame.services.declarations.kind(found)
                if kind and frame.conditional:
                    return frame.error(
                        "WYE1011", f"a {kind} is called inside a lambda or a generator that may not reach it", node,
                        help="call it before, or in a list comprehension",
                    )  # fmt: skip
                if kind == "step":
                    return self._step(node, callee, found)
                if kind == "pipeline":
                    return self._pipeline(node, callee, found)
                if isinstance(found.node, cst.ClassDef):
                    return self._construct(node, found)
                return frame.error(
                    "WYE1012", f"`{callee.text}` is not a step", node.func, labels=[Label(self._where(found), "defined here")],
                    help="decorate it with `@step`, or call it inside a step",
                )  # fmt: skip
            case External(dotted="wye.each"):
                value, _ = self.iterable(node)
                return value
            case External(dotted="wye.Uri") if len(node.args) == 1 and not (node.args[0].keyword or node.args[0].star):
                text = self.expressions.plain(node.args[0].value)
                return text if text.type == "str" else Builtin("str", (text,), (), "str", frame.module.span(node))
            case External(dotted=name) if name in BUILTINS and name == callee.text:
                return self._builtin(node, name)
            case External(dotted=name):
                return frame.error("WYE1012", f"`{callee.text}` is not a step", node.func, help=_HELP.get(name, "call it inside a step"))
        of_value = callee.found is None or not callee.text or callee.found == Unresolved(ATTRIBUTE)
        if isinstance(node.func, cst.Attribute) and of_value:
            return self._method(node, node.func)
        if callee.found is None and callee.text in frame.local_names:
            if callee.text not in frame.env:
                return self.expressions.lower(node.func)  # reports that it is read before it is bound
            return frame.error(
                "WYE1012", f"`{callee.text}` is a variable here, not a step", node.func,
                labels=[Label(frame.env[callee.text].span, "assigned here")], help="give the variable another name",
            )  # fmt: skip
        if callee.text and not self.expressions.is_local(callee.text.partition(".")[0]):
            reason = getattr(callee.found, "reason", "is not defined")
            help = near(callee.text, [*frame.module.bindings, *inference.BUILTINS]) if reason == "is not defined" else None
            return frame.error("WYE1003", f"`{callee.text}` {reason}", node.func, help=help if help and "did you" in help else None)
        return frame.error("WYE1012", "this is not a step", node.func, help="call a step by its name")

    def _where(self, found: Definition) -> Span:
        return found.module.head(found.node) if isinstance(found.node, cst.FunctionDef | cst.ClassDef) else found.module.span(found.node)

    # --- steps and pipelines -------------------------------------------------------------------------------------------------

    def _step(self, node: cst.Call, callee: _Callee, found: Definition) -> Expr:
        frame = self.frame
        step = frame.services.declarations.step(found)
        if step is None:
            return Const("null", "any", frame.module.span(node))
        settings = step.settings
        for options in reversed(callee.options):
            if self._runtime_options(options):
                continue
            settings = frame.services.declarations.options(frame.module, options.args).over(settings)
        settings = settings.over(frame.declaration.settings.defaults)
        after = self._after(callee)
        bindings = self._bind(node, step.parameters, step.name, found)
        id = frame.fresh(step.name)
        frame.add(Call(id, step.id, bindings, settings, after, False, frame.module.span(node)))
        return outputs(id, step, frame.module.span(node))

    def _pipeline(self, node: cst.Call, callee: _Callee, found: Definition) -> Expr:
        frame = self.frame
        if callee.options:
            frame.error("WYE2020", "`.options(...)` is for steps", callee.options[0], help="set `defaults=` on the pipeline")
        declaration = frame.services.declarations.pipeline(found)
        if declaration is None:
            return Const("null", "any", frame.module.span(node))
        kinds = [kind for kind, _ in parameters_of(declaration.node)]
        parameters = tuple(StepParameter(p.name, kind, p.type, p.required, p.span) for kind, p in zip(kinds, declaration.parameters))
        after = self._after(callee)
        bindings = self._bind(node, parameters, declaration.name, found)
        if declaration.id in frame.services.pipelines and frame.services.pipelines[declaration.id] is None:
            return frame.error(
                "WYE1016",
                f"the pipeline `{declaration.name}` calls itself",
                node,
                help="a pipeline's depth must be known; loop inside a step",
            )
        lowered = self._lower_pipeline(found)
        if lowered is None:
            return Const("null", "any", frame.module.span(node))
        id = frame.fresh(declaration.name)
        frame.add(SubPipeline(id, declaration.id, bindings, after, False, frame.module.span(node)))
        type_ = declaration.type if declaration.type != "any" else lowered.body.yields[0].type if lowered.body.yields else "none"
        return Result(id, 0, type_, format_of(type_), frame.module.span(node))  # type: ignore[arg-type]

    def _runtime_options(self, options: cst.Call) -> bool:
        """Report settings that read the pipeline's own names: they are values of a run."""
        finder = _LocalFinder(self.frame)
        for arg in options.args:
            arg.value.visit(finder)
        if finder.found is not None:
            self.frame.error(
                "WYE2018", f"a setting must be a compile-time constant, but `{finder.found.value}` is a value of the run", finder.found,
                help="write a literal or a module constant",
            )  # fmt: skip
        return finder.found is not None

    def _after(self, callee: _Callee) -> tuple[str, ...]:
        ids: dict[str, None] = {}
        for call in reversed(callee.after):
            for arg in call.args:
                if arg.keyword or arg.star:
                    self.frame.error("WYE1034", "`.after(...)` takes plain values", arg)
                    continue
                for ref in references(self.expressions.plain(arg.value)):
                    if isinstance(ref, Output):
                        ids[ref.task] = None
                    elif isinstance(ref, Result):
                        ids[ref.region] = None
        return tuple(ids)

    def _bind(self, node: cst.Call, parameters: Sequence[StepParameter], what: str, found: Definition) -> tuple[tuple[str, Expr], ...]:
        """Arguments bound as Python binds them, in the order of evaluation; each problem is reported."""
        frame, bound = self.frame, dict[str, Expr]()
        known = {p.name: p for p in parameters}
        positional = [p.name for p in parameters if p.kind != "keyword_only"]
        here = [Label(self._where(found), f"`{what}` is defined here")]
        position = 0
        whole = True  # what is missing is told only when every argument could be read
        for key, value, place in self._arguments(node):
            if place is None:
                whole = False
                continue
            if key is None:
                if position >= len(positional):
                    frame.error("WYE1034", f"`{what}` takes {len(positional)} positional arguments", place, labels=here)
                    continue
                key, position = positional[position], position + 1
            elif key not in known or known[key].kind == "positional_only":
                frame.error("WYE1032", f"`{what}` has no parameter `{key}`", place, labels=here, help=near(key, known) if known else None)
                whole = False
                continue
            if key in bound:
                frame.error("WYE1033", f"`{key}` is given twice", place, labels=here)
                continue
            bound[key] = value
            if inference.mismatch(value.type, known[key].type):
                frame.error(
                    "WYE3001", f"`{what}` takes {show(known[key].type)} for `{key}`, not {show(value.type)}", place,
                    labels=[Label(known[key].span, "declared here")],
                )  # fmt: skip
        missing = [p.name for p in parameters if p.required and p.name not in bound]
        if missing and whole:
            names = ", ".join(f"`{m}`" for m in missing)
            frame.error("WYE1031", f"`{what}` needs {names}", node, labels=here)
        return tuple(bound.items())

    def _arguments(self, node: cst.Call) -> Iterator[tuple[str | None, Expr, cst.CSTNode | None]]:
        """(keyword or None, value, place) of each argument; `*` and `**` of what is known when the pipeline is
        compiled are spread. No place: it could not be read."""
        for arg in node.args:
            if not arg.star:
                yield arg.keyword.value if arg.keyword else None, self.expressions.plain(arg.value), arg.value
                continue
            value = self.expressions.plain(arg.value)
            if arg.star == "*":
                items = items_of(self.frame, value)
                if items is not None:
                    for item in items:
                        yield None, item, arg
                    continue
            pairs = pairs_of(self.frame, value) if arg.star == "**" else None
            if pairs is None:
                message = f"`{arg.star}` unpacks what only a run can tell"
                yield None, self.frame.error("WYE1024", message, arg, help="name the arguments"), None
                continue
            for key, item in pairs:
                known, name = constant(key)
                if known and isinstance(name, str):
                    yield name, item, arg
                else:
                    yield None, self.frame.error("WYE1024", "a keyword must be a string", arg), None

    # --- pure calls ----------------------------------------------------------------------------------------------------------

    def _construct(self, node: cst.Call, found: Definition) -> Expr:
        frame = self.frame
        info: ClassInfo | None = frame.services.annotations.class_info(found)
        here = [Label(found.module.head(found.node), "defined here")] if isinstance(found.node, cst.ClassDef) else []
        if info is None or info.kind == "enum":
            help = (
                f"use a member: `{found.name}.NAME`"
                if info
                else "make it in a step; only dataclasses and NamedTuples are made in a pipeline"
            )
            return frame.error("WYE1025", f"`{found.name}` cannot be made in a pipeline", node, labels=here, help=help)
        if info.own_code:
            return frame.error(
                "WYE1025", f"making a `{found.name}` does more than fill its fields", node, labels=here, help="make it in a step"
            )
        if info.kind == "typeddict":
            return frame.error("WYE1025", f"`{found.name}` is a TypedDict", node, labels=here, help="write a dict: {...}")
        parameters = tuple(StepParameter(f.name, "positional_or_keyword", f.type, f.required, self._where(found)) for f in info.fields)
        bindings = dict(self._bind(node, parameters, found.name, found))
        span = frame.module.span(node)
        if list(bindings) == [f.name for f in info.fields]:
            return Construct(info.id, tuple(bindings.values()), (), info.type, span)
        return Construct(info.id, (), tuple(bindings.items()), info.type, span)

    def _builtin(self, node: cst.Call, name: str) -> Expr:
        frame = self.frame
        if name not in inference.BUILTINS:
            help = {"print": "print in a step", "open": "open files in a step", "input": "make it a parameter"}.get(
                name, "call it inside a step"
            )
            return frame.error("WYE1012", f"`{name}` is not a pure builtin", node.func, help=help)
        args: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        consumes = name in inference.CONSUMERS
        element: Type = "any"
        pending: list[tuple[int, cst.Lambda]] = []
        for arg in node.args:
            if arg.star:
                return frame.error("WYE1024", f"`{arg.star}` unpacks a literal only", arg, help="name the arguments")
            if isinstance(arg.value, cst.Lambda):
                pending.append((len(args) if not arg.keyword else -1 - len(keywords), arg.value))
                value: Expr = Const("null", "any", frame.module.span(arg.value))
            else:
                if (
                    isinstance(arg.value, cst.GeneratorExp)
                    and name not in _EXHAUSTS
                    and self.expressions.comprehensions.repeats_a_step(arg.value)
                ):
                    return frame.error(
                        "WYE1011",
                        f"`{name}` may stop before the generator's end, and with it the steps",
                        arg.value,
                        help="write a list: `[...]`",
                    )
                value = self.expressions.lower(arg.value) if consumes else self.expressions.plain(arg.value)
                if inference.kind_of(value.type) == "set" and name not in _ORDERLESS:
                    self.expressions.iterable(value, arg.value)
                if not arg.keyword and element == "any":
                    element = inference.element(value.type)
            if arg.keyword:
                keywords.append((arg.keyword.value, value))
            else:
                args.append(value)
        for place, function in pending:
            lowered = self.expressions.function(function, element)
            if place >= 0:
                args[place] = lowered
            else:
                keywords[-1 - place] = (keywords[-1 - place][0], lowered)
        known = items_of(frame, args[0]) if name in ("list", "tuple") and len(args) == 1 and not keywords else None
        if known is not None and not isinstance(args[0], Const):
            return display("list" if name == "list" else "tuple", list(known), frame.module.span(node))
        return Builtin(name, tuple(args), tuple(keywords), inference.builtin(name, [a.type for a in args]), frame.module.span(node))

    def _method(self, node: cst.Call, func: cst.Attribute) -> Expr:
        frame, name = self.frame, func.attr.value
        value = self.expressions.plain(func.value)
        kind = inference.kind_of(value.type)
        if kind in ("list", "dict") and name in inference.MUTATORS:
            return frame.error(
                "WYE1017",
                f"`.{name}()` changes a value in place",
                func,
                help="build a new one: `xs = xs + [x]`, `sorted(xs)`, `{**d, k: v}`",
            )
        if kind is None or kind == "set":
            what = show(value.type) if value.type not in ("any", "json") else "a value whose type is not declared"
            return frame.error(
                "WYE1013",
                f"`.{name}()` is called on {what}",
                func,
                help="only methods of str, list, dict and tuple are pure; do it in a step",
            )
        if name not in inference.METHODS[kind]:
            return frame.error(
                "WYE1013", f"`.{name}()` is not a pure method of {kind}", func.attr, help=near(name, inference.METHODS[kind])
            )
        args: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for arg in node.args:
            if arg.star:
                return frame.error("WYE1024", f"`{arg.star}` unpacks a literal only", arg, help="name the arguments")
            item = self.expressions.lower(arg.value) if name == "join" else self.expressions.plain(arg.value)
            if name == "join":
                self.expressions.iterable(item, arg.value)
            if arg.keyword:
                keywords.append((arg.keyword.value, item))
            else:
                args.append(item)
        return Method(
            value, name, tuple(args), tuple(keywords), inference.method(value.type, name, [a.type for a in args]), frame.module.span(node)
        )

    # --- loops over compile-time lists ---------------------------------------------------------------------------------------

    def iterable(self, node: cst.BaseExpression) -> tuple[Expr, int | None]:
        """What a loop goes over, and the limit of an `each(..., max_parallel=n)` around it."""
        frame = self.frame
        callee = self.callee(node) if isinstance(node, cst.Call) else None
        if not isinstance(node, cst.Call) or not callee or callee.found != External("wye.each"):
            return self.expressions.lower(node), None
        limit: int | None = None
        value: Expr | None = None
        for arg in node.args:
            if arg.keyword and arg.keyword.value == "max_parallel":
                known, found = constant(self.expressions.plain(arg.value))
                if not known or type(found) is not int or found < 1:
                    frame.error("WYE2014", "`max_parallel` must be a positive integer known at compile time", arg.value)
                else:
                    limit = found
            elif arg.keyword or arg.star or value is not None:
                frame.error("WYE1032", "`each` takes the items and `max_parallel`", arg)
            else:
                value = self.expressions.lower(arg.value)
        return value if value is not None else frame.error("WYE1031", "`each` needs the items", node), limit


def outputs(id: str, step: Step, span: Span) -> Expr:
    """The value of a call of a step, rebuilt from its outputs."""
    values = [Output(id, p.name, p.type, p.format, span) for p in step.ports]
    if step.result == "one":
        return values[0]
    if step.result == "tuple":
        return display("tuple", values, span)
    return Construct(step.result, tuple(values), (), step.type, span)


class _LocalFinder(cst.CSTVisitor):
    """Finds a name of the pipeline's own."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self.found: cst.Name | None = None

    def visit_Name(self, node: cst.Name) -> None:
        if self.found is None and node.value in self._frame.local_names:
            self.found = node

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)  # not the keyword
        return False


class _StepFinder(cst.CSTVisitor):
    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.found = False

    def visit_Call(self, node: cst.Call) -> bool:
        self.found = self.found or self._calls.kind(node) is not None
        return not self.found
