"""The intermediate representation: structured regions in SSA form, frozen, every node with a span.

Values are expressions; nodes (tasks and regions) stand in blocks. Inner blocks refer to outer values; inner values leave a region
only as its results. Consumers use `match` with `assert_never`; no concrete node is ever subclassed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from wye.diagnostics import Span
from wye.ir.settings import PipelineSettings, Settings
from wye.runtime.types import Type

ParameterKind = Literal["positional_only", "positional_or_keyword", "keyword_only"]
Format = Literal["json", "bytes", "path", "auto", "json*", "bytes*", "path*", "auto*"]
"""How one output travels: `json` is a parameter (wire text); `bytes`, `path` and `auto` are artifacts (files). With a star: a list of
such, each of which travels by itself (what the iterations of a `Map` yield)."""


# --- values ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Const:
    """A compile-time value, as codec JSON text (`wye.runtime.values.encode`)."""

    text: str
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Param:
    """A reference to a parameter of the pipeline."""

    name: str
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Output:
    """A reference to one output of a `Call` or `Compute` node."""

    task: str
    name: str
    type: Type
    format: Format
    span: Span


@dataclass(frozen=True, slots=True)
class Item:
    """The current item of a `Map` or `For` region: a parameter, or one artifact of a list of them."""

    region: str
    type: Type
    format: Format
    span: Span


@dataclass(frozen=True, slots=True)
class Carry:
    """The n-th carried value of a `For` or `While` region, as its body sees it."""

    region: str
    index: int
    type: Type
    format: Format
    span: Span


@dataclass(frozen=True, slots=True)
class Result:
    """The n-th result of a region."""

    region: str
    index: int
    type: Type
    format: Format
    span: Span


FAILURE: Type = ("class", "wye:Failure")
"""What the step of `on_failure` may take."""

Value: TypeAlias = Const | Param | Output | Item | Carry | Result


# --- expressions ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unary:
    op: Literal["-", "+", "~", "not"]
    operand: Expr
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    op: Literal["+", "-", "*", "/", "//", "%", "**", "@", "<<", ">>", "&", "|", "^"]
    left: Expr
    right: Expr
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """`first op1 e1 op2 e2 …`; operators as Python writes them (`==`, `not in`, `is not`, …)."""

    first: Expr
    rest: tuple[tuple[str, Expr], ...]
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Logical:
    op: Literal["and", "or"]
    operands: tuple[Expr, ...]
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Select:
    """`then if condition else orelse`, without a step call in any operand."""

    condition: Expr
    then: Expr
    orelse: Expr
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """`value[index]`; the index may be a `Slice`."""

    value: Expr
    index: Expr
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Slice:
    lower: Expr | None
    upper: Expr | None
    step: Expr | None
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Attr:
    value: Expr
    name: str
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Display:
    """A list, tuple or set display; items may be `Star`."""

    kind: Literal["list", "tuple", "set"]
    items: tuple[Expr, ...]
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Star:
    """`*value` in a display."""

    value: Expr
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class DictDisplay:
    """`{k: v, **m}`; the key of an unpacked mapping is None."""

    items: tuple[tuple[Expr | None, Expr], ...]
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class FormatField:
    """`{value!conversion:spec}` of an f-string."""

    value: Expr
    conversion: str | None
    spec: tuple[str | FormatField, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class FormatString:
    parts: tuple[str | FormatField, ...]
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Builtin:
    """A call of a listed pure builtin."""

    name: str
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Method:
    """A call of a listed method of a str, list, dict or tuple."""

    value: Expr
    name: str
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Construct:
    """A call of a dataclass or NamedTuple of the user's; `cls` is `module:qualname`."""

    cls: str
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...]
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an Enum of the user's; `cls` is `module:qualname`."""

    cls: str
    name: str
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Lambda:
    """Only as an argument of a pure builtin."""

    parameters: tuple[str, ...]
    body: Expr
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Local:
    """A name bound inside the expression: a lambda's parameter or a comprehension's target."""

    name: str
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Clause:
    """`for targets in iterable if …` of a pure comprehension. `targets` is printed as written: `x`, or `k, v`."""

    targets: str
    iterable: Expr
    conditions: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """A comprehension without step calls. `key` is set for a dict."""

    kind: Literal["list", "set", "dict", "generator"]
    key: Expr | None
    element: Expr
    clauses: tuple[Clause, ...]
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Unpack:
    """`value` as a tuple of exactly `count` items, else ValueError as Python raises it. `star` is the index of the starred target."""

    value: Expr
    count: int
    star: int | None
    type: Type
    span: Span


@dataclass(frozen=True, slots=True)
class Cast:
    """`value` checked and normalised as a declared type, as at every call (an int for a float becomes a float)."""

    value: Expr
    type: Type
    span: Span


Expr: TypeAlias = (
    Const | Param | Output | Item | Carry | Result
    | Unary | Binary | Compare | Logical | Select | Index | Slice | Attr | Display | Star | DictDisplay | FormatString
    | Builtin | Method | Construct | Member | Lambda | Local | Comprehension | Unpack | Cast
)  # fmt: skip


# --- nodes ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a step. `bindings` are by parameter name, in the order of evaluation; `after` are ids of nodes that must be done
    before it starts although no data comes from them. `ordered`: nobody uses its value, so it keeps program order."""

    id: str
    step: str
    bindings: tuple[tuple[str, Expr], ...]
    settings: Settings
    after: tuple[str, ...]
    ordered: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Compute:
    """An expression evaluated as a task; its output is `out`."""

    id: str
    value: Expr
    format: Format
    type: Type
    settings: Settings
    program: str | None
    after: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Fail:
    """`raise` or `assert`, as a task: `error` makes the exception; with a `condition` it is raised only where that is true."""

    id: str
    error: Expr
    condition: Expr | None
    settings: Settings
    program: str | None
    after: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class SubPipeline:
    """A call of a pipeline inside a pipeline; its result is `Result(id, 0)`."""

    id: str
    pipeline: str
    bindings: tuple[tuple[str, Expr], ...]
    after: tuple[str, ...]
    ordered: bool
    span: Span


@dataclass(frozen=True, slots=True)
class If:
    """Results are the yields of the arm taken. After the passes the condition is a reference to a bool. `names`, of every region: what the
    source calls its results."""

    id: str
    condition: Expr
    then: Block
    orelse: Block
    after: tuple[str, ...]
    span: Span
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Map:
    """Independent iterations. Each yield of the body becomes a result: the list of what the iterations yielded, by item index, each
    traveling by itself (format `json*`, `auto*`, …). After the passes `over` is a reference to a list: `json`, or one with a star."""

    id: str
    over: Expr
    body: Block
    concurrency: int | None
    after: tuple[str, ...]
    span: Span
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class For:
    """Sequential iterations with carried values; the body yields the next values of the carries, the last are the results. `stop` is the
    carry (a bool) that ends the loop early when it has become true."""

    id: str
    over: Expr
    carries: tuple[Expr, ...]
    stop: int | None
    body: Block
    after: tuple[str, ...]
    span: Span
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    """The condition block yields the condition; the body yields the next values of the carries. `stop` as in `For`: when that carry is
    true, the condition is not evaluated again."""

    id: str
    carries: tuple[Expr, ...]
    stop: int | None
    condition: Block
    body: Block
    after: tuple[str, ...]
    span: Span
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handler:
    """`except types:`, as the names in an error record's MRO: `ValueError`, `module:qualname`. Empty: every failure."""

    types: tuple[str, ...]
    body: Block
    span: Span


@dataclass(frozen=True, slots=True)
class Try:
    """Results are the yields of `orelse` (of `body` without one) or of the handler that ran, then those of `final`. `orelse` may refer to
    values of `body`."""

    id: str
    body: Block
    handlers: tuple[Handler, ...]
    orelse: Block | None
    final: Block | None
    after: tuple[str, ...]
    span: Span
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Island:
    """A region that a target cannot express: one task that runs it with the plan interpreter. Its outputs are `r0`, `r1`, …, the results of
    the region, which is the one node of `body`; `reason` is for the report. `turn`: instead of a region it holds all of the body of a loop,
    of which the target runs the iterations."""

    id: str
    body: Block
    ports: tuple[Port, ...]
    settings: Settings
    reason: str
    after: tuple[str, ...]
    span: Span
    turn: bool = False


Node: TypeAlias = Call | Compute | Fail | SubPipeline | If | Map | For | While | Try | Island


@dataclass(frozen=True, slots=True)
class Block:
    """Nodes in program order, and the values that leave the block."""

    nodes: tuple[Node, ...]
    yields: tuple[Expr, ...]


# --- declarations ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepParameter:
    name: str
    kind: ParameterKind
    type: Type
    required: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Port:
    """One output of a step: `out`, or `out0`, `out1`, … of a tuple, or a NamedTuple's field, or the name in `Annotated[T, "name"]`."""

    name: str
    type: Type
    format: Format


@dataclass(frozen=True, slots=True)
class Step:
    """A step as declared. `id` is `module:function`. `result` says how the call's value is rebuilt from the ports:
    `one`, `tuple`, or the `module:qualname` of a NamedTuple."""

    id: str
    name: str
    module: str
    function: str
    parameters: tuple[StepParameter, ...]
    ports: tuple[Port, ...]
    result: str
    type: Type
    settings: Settings
    program: str
    doc: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """One module of a program. `lines` are (line here, line in the user's file) where a run of kept lines begins."""

    path: str
    text: str
    source: str
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a program that travels as it is, byte by byte."""

    path: str
    data: bytes
    executable: bool
    source: str | None = None
    """The user's file, for tracebacks, when it is a module."""


@dataclass(frozen=True, slots=True)
class Program:
    """A folder of real modules that a step needs, under the user's own dotted names, and of the files that travel beside them; `entry`
    is imported first. `context` is where the step asks for its context, if it does."""

    id: str
    entry: str
    files: tuple[ProgramFile, ...]
    context: Span | None = None
    data: tuple[DataFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a pipeline; `default` is None when a value must be given. `scheduled`: without a value it is the time for which the
    run is meant (`ScheduledTime()`)."""

    name: str
    type: Type
    default: Const | None
    span: Span
    scheduled: bool = False

    @property
    def required(self) -> bool:
        return self.default is None and not self.scheduled


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One pipeline, with every step, program and nested pipeline that it needs. `body` yields the return value, or nothing."""

    id: str
    name: str
    parameters: tuple[Parameter, ...]
    body: Block
    type: Type
    settings: PipelineSettings
    steps: tuple[Step, ...]
    programs: tuple[Program, ...]
    pipelines: tuple[Pipeline, ...]
    doc: str | None
    span: Span
    on_failure: Call | None = None
    """The call that runs when the run has failed. It has no bindings: a parameter of type `FAILURE` is the run's affair."""
    install: str | None = None
    """Where its tasks' packages come from and what pins them, as JSON: `backend/supply.py` says it."""

    def step(self, id: str) -> Step:
        return next(s for s in self.steps if s.id == id)
