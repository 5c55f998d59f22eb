"""Places in the source in; the words that stand there out: the user's own condition, arguments and names. What cannot be read, or what
the compiler made (a flag for a `break`, say), is printed from the IR instead.

A node's span is where it is written; a value's span is where the value was made, so it says nothing of the place that reads it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, assert_never

from wye.diagnostics import Span
from wye.ir import model as ir
from wye.ir.expressions import Reference
from wye.ir.model import Expr
from wye.ir.printer import Printer

Lines = Callable[[str], tuple[str, ...]]
"""From a span's path to the lines of that file; none when it cannot be read."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """An expression as written, on one line, and the variables in it. A literal has none."""

    text: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call. Without a keyword it goes by its place."""

    keyword: str | None
    value: Phrase


@dataclass(frozen=True, slots=True)
class Loop:
    """`title` is `for shard in split(rows)`; `targets` are its variables, `carried` what its body changes."""

    title: str
    targets: tuple[str, ...]
    carried: frozenset[str]


class Words:
    """Texts from one pipeline's files."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._tree = cache(self._parsed)

    def arguments(self, span: Span) -> tuple[Argument, ...] | None:
        """Those of the call at a span, in order; None where they are unpacked from something."""
        text = self._source(span)
        call = _expression(text)
        if text is None or not isinstance(call, ast.Call):
            return None
        if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
            return None
        given = [(None, a) for a in call.args] + [(k.arg, k.value) for k in call.keywords]
        return tuple(Argument(keyword, _phrase(text, value)) for keyword, value in given)

    def condition(self, node: ir.If) -> Phrase:
        """What an `if`, `elif` or ternary tests; of `a and f(b)`, what decides whether `f(b)` is called."""
        text = self._source(node.span)
        tree = _expression(text)
        if isinstance(tree, ast.BoolOp) and not isinstance(node.condition, ir.Logical):
            first = tree.values[:-1]
            tree = first[0] if len(first) == 1 else ast.BoolOp(tree.op, first)
        if text is None or tree is None:
            word = (text or "").rstrip(":").split(" ")[0]
            # what stands after a loop or a `try` that holds a `return`
            return Phrase(f"the {word} ended early" if word in ("for", "while", "try") else printed(node.condition), ())
        return _phrase(text, tree.test if isinstance(tree, ast.IfExp) else tree)

    def loop(self, node: ir.Map | ir.For) -> Loop:
        text = (self._source(node.span) or "").rstrip(": \t\n")
        comprehension = _expression(f"[0 {text}]") if text.startswith("for ") else None
        if not isinstance(comprehension, ast.ListComp):
            return Loop(f"for item in {printed(node.over)}", ("item",), frozenset())
        return Loop(" ".join(text.split()), _names(comprehension.generators[0].target), self._changed(node.span))

    def repeated(self, node: ir.While) -> tuple[Phrase, frozenset[str]]:
        """What a `while` tests, and what its body changes."""
        text = (self._source(node.span) or "").rstrip(": \t\n").removeprefix("while").strip()
        tree = _expression(text)
        phrase = _phrase(text, tree) if tree else Phrase(printed(node.condition.yields[0]), ())
        return phrase, self._changed(node.span)

    def statement(self, span: Span) -> tuple[Phrase, str | None] | None:
        """The statement in which a span begins, and the variable that it binds if that is all it does. Of a block the part alone."""
        begin = (span.line, span.column - 1)
        statements = [n for n in ast.walk(self._tree(span.path)) if isinstance(n, ast.stmt)]
        around = [n for n in statements if (n.lineno, n.col_offset) <= begin and span.line <= (n.end_lineno or 0)]
        if not around or isinstance(around[-1], ast.FunctionDef):
            return None
        found = around[-1]  # the walk goes down level by level: the innermost is the last
        if isinstance(found, ast.For | ast.While | ast.If | ast.Try):
            text = self._source(span) or ""
            tree = _expression(text)
            return (_phrase(text, tree) if tree else Phrase(" ".join(text.rstrip(": ").split()) + ": …", _names(found)), None)
        target = found.targets[0] if isinstance(found, ast.Assign) and len(found.targets) == 1 else None
        phrase = Phrase(" ".join(ast.unparse(found).split()), _names(found))
        return phrase, target.id if isinstance(target, ast.Name) else None

    def failure(self, node: ir.Fail) -> Phrase:
        """A `raise` or `assert` statement."""
        text = " ".join((self._source(node.span) or "").split())
        if text.split(" ")[0] in ("raise", "assert"):
            statement = self.statement(node.span)
            return Phrase(text, statement[0].names if statement else ())
        return Phrase(f"raise {printed(node.error)}" + ("" if node.condition is None else f" if {printed(node.condition)}"), ())

    def returned(self, pipeline: ir.Pipeline) -> tuple[str, Span] | None:
        """What a pipeline's `return` gives, and where; of several the last one's place alone."""
        functions = {n.lineno: n for n in ast.walk(self._tree(pipeline.span.path)) if isinstance(n, ast.FunctionDef)}
        function = functions.get(pipeline.span.line)
        found = [n for n in ast.walk(function) if isinstance(n, ast.Return)] if function else []
        if not found:
            return None
        last = max(found, key=lambda n: (n.lineno, n.col_offset))
        end, end_column = last.end_lineno or last.lineno, (last.end_col_offset or last.col_offset) + 1
        span = Span(pipeline.span.path, last.lineno, last.col_offset + 1, end, end_column)
        text = _text("\n".join(self._lines(pipeline.span.path)), last.value) if last.value and len(found) == 1 else ""
        return text, span

    def _changed(self, span: Span) -> frozenset[str]:
        """The variables that the loop at a span binds or changes in its body."""
        for node in ast.walk(self._tree(span.path)):
            if isinstance(node, ast.For | ast.While) and (node.lineno, node.col_offset + 1) == (span.line, span.column):
                inside = [n for statement in node.body for n in ast.walk(statement)]
                bound = {n.id for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
                owners = [n.value for n in inside if isinstance(n, ast.Attribute | ast.Subscript)]
                return frozenset(bound | {n.id for n in owners if isinstance(n, ast.Name)})
        return frozenset()

    def _source(self, span: Span) -> str | None:
        """What is written at a span."""
        lines = self._lines(span.path)
        if not 1 <= span.line <= span.end_line <= len(lines):
            return None
        taken = list(lines[span.line - 1 : span.end_line])
        taken[-1] = taken[-1][: span.end_column - 1]
        taken[0] = taken[0][span.column - 1 :]
        return "\n".join(taken).strip() or None

    def _parsed(self, path: str) -> ast.Module:
        try:
            return ast.parse("\n".join(self._lines(path)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.Module([], [])


def _phrase(source: str, node: ast.expr) -> Phrase:
    return Phrase(_text(source, node), _names(node))


def _names(node: ast.AST) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n.id for n in ast.walk(node) if isinstance(n, ast.Name)))


def _expression(text: str | None) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body if text else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    try:  # as where it stood, inside brackets: over several lines
        return ast.parse(f"(\n{text}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _text(source: str, node: ast.expr) -> str:
    """A part of the source as written; on one line, if it is not."""
    written = ast.get_source_segment(source, node) if hasattr(node, "lineno") else None
    return written if written and "\n" not in written and _expression(written) else ast.unparse(node)


# --- without the source -----------------------------------------------------------------------------------------------------------


def printed(expr: Expr) -> str:
    """The expression as short as can be."""
    while isinstance(expr, ir.Cast):
        expr = expr.value
    return _Shown(expr).print(expr)[0]


class _Shown(Printer):
    """`train.auc` for an output, no casts, classes by their own names."""

    def __init__(self, expr: Expr) -> None:
        super().__init__(expr, lambda r: "")

    def reference(self, expr: Reference) -> str:
        match expr:
            case ir.Param(name=name):
                return name
            case ir.Output(task=task, name=name):
                return task if name == "out" else f"{task}.{name}"
            case ir.Item():
                return "item"
            case ir.Carry(index=index):
                return f"carried[{index}]"
            case ir.Result(region=region):
                return region
            case _:
                assert_never(expr)

    def constant(self, value: Any) -> str:
        return repr(value) if isinstance(value, str) else "…"

    def cast(self, expr: ir.Cast) -> str:
        bare: Expr = expr
        while isinstance(bare, ir.Cast):
            bare = bare.value
        text = self.print(bare)[0]
        return text if isinstance(bare, Reference | ir.Const) else f"({text})"

    def class_name(self, cls: str) -> str:
        return cls.rsplit(":", 1)[-1]
