"""Printed expressions evaluate to what their tree means, on this Python and on 3.9."""

from __future__ import annotations

import ast
import json
import operator
import subprocess
import warnings
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wye.diagnostics import Span
from wye.ir import model as ir
from wye.ir.expressions import children, rebuild, size, walk
from wye.ir.model import Expr
from wye.ir.printer import print_expr, value_form
from wye.runtime.child import _unpack
from wye.runtime.values import decode, encode, find
from wye.testing.environments import interpreter

S = Span("p.py", 1, 1, 1, 2)
ANY = "any"


def const(value: Any) -> ir.Const:
    return ir.Const(encode(value), ANY, S)


def param(name: str) -> ir.Param:
    return ir.Param(name, ANY, S)


def local(name: str) -> ir.Local:
    return ir.Local(name, ANY, S)


def binary(op: Any, left: Expr, right: Expr) -> ir.Binary:
    return ir.Binary(op, left, right, ANY, S)


def compare(first: Expr, *rest: tuple[str, Expr]) -> ir.Compare:
    return ir.Compare(first, rest, "bool", S)


def text_of(expr: Expr) -> str:
    return print_expr(expr, lambda r: getattr(r, "name", "x")).text


# --- the reference: the tree itself ---------------------------------------------------------------------------------------------

BINARY = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
          "**": operator.pow, "<<": operator.lshift, ">>": operator.rshift, "&": operator.and_, "|": operator.or_,
          "^": operator.xor}  # fmt: skip
COMPARE = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
           "in": lambda a, b: a in b, "not in": lambda a, b: a not in b}  # fmt: skip
UNARY = {"-": operator.neg, "+": operator.pos, "~": operator.invert, "not": operator.not_}
CONVERT = {None: lambda v: v, "r": repr, "s": str, "a": ascii}


class TooLarge(Exception):
    pass


def small(value: Any) -> Any:
    if (isinstance(value, int) and abs(value) > 10**9) or (hasattr(value, "__len__") and len(value) > 2000):
        raise TooLarge
    return value


def evaluate(e: Expr, names: dict[str, Any]) -> Any:
    def ev(x: Expr) -> Any:
        return evaluate(x, names)

    match e:
        case ir.Const(text=text):
            return decode(text)
        case ir.Param(name=name):
            return names[name]
        case ir.Local(name=name):
            return names["local " + name]
        case ir.Unary(op=op, operand=operand):
            return UNARY[op](ev(operand))
        case ir.Binary(op=op, left=left, right=right):
            a, b = ev(left), ev(right)
            if op in ("**", "<<") and isinstance(b, int) and abs(b) > 12:
                raise TooLarge
            return small(BINARY[op](small(a), small(b)))
        case ir.Compare(first=first, rest=rest):
            left, result = ev(first), True
            for op, right in rest:
                value = ev(right)
                result = COMPARE[op](left, value)
                if not result:
                    return result
                left = value
            return result
        case ir.Logical(op=op, operands=operands):
            for operand in operands:
                value = ev(operand)
                if bool(value) == (op == "or"):
                    return value
            return value
        case ir.Select(condition=condition, then=then, orelse=orelse):
            return ev(then) if ev(condition) else ev(orelse)
        case ir.Index(value=value, index=index):
            return ev(value)[ev(index)]
        case ir.Slice(lower=a, upper=b, step=c):
            return slice(*(None if x is None else ev(x) for x in (a, b, c)))
        case ir.Display(kind=kind, items=items):
            found: list[Any] = []
            for i in items:
                found.extend(ev(i.value)) if isinstance(i, ir.Star) else found.append(ev(i))
            return {"list": list, "tuple": tuple, "set": set}[kind](found)
        case ir.DictDisplay(items=pairs):
            made: dict[Any, Any] = {}
            for k, v in pairs:
                if k is None:
                    made |= {**ev(v)}
                else:
                    key = ev(k)
                    made[key] = ev(v)
            return made
        case ir.FormatString(parts=parts):
            return join(parts, names)
        case ir.Builtin(name=name, args=args, keywords=keywords):
            return {"len": len, "sum": sum, "str": str, "sorted": sorted}[name](*map(ev, args), **{k: ev(v) for k, v in keywords})
        case ir.Method(value=value, name=name, args=args):
            return getattr(ev(value), name)(*map(ev, args))
        case ir.Lambda(parameters=parameters, body=body):
            return lambda *args: evaluate(body, names | {"local " + p: a for p, a in zip(parameters, args)})
        case ir.Comprehension(kind=kind, element=element, clauses=(clause,)):
            inner = [names | {"local " + clause.targets: v} for v in ev(clause.iterable)]
            values = [evaluate(element, n) for n in inner if all(evaluate(c, n) for c in clause.conditions)]
            return {"list": list, "set": set, "generator": list}[kind](values)
        case ir.Unpack(value=value, count=count, star=star):
            return _unpack(ev(value), count, star)
    raise AssertionError(e)


def join(parts: Any, names: dict[str, Any]) -> str:
    return "".join(
        p if isinstance(p, str) else format(CONVERT[p.conversion](evaluate(p.value, names)), join(p.spec, names) if p.spec else "")
        for p in parts
    )


def outcome(function: Any) -> Any:
    try:
        return repr(function())
    except (TooLarge, RecursionError):
        assume(False)
    except Exception as error:
        return type(error).__name__


def run_form(form: dict[str, Any], names: dict[str, Any]) -> Any:
    """What the runner does with a V."""
    if "const" in form:
        return decode(json.dumps(form["const"]))
    if "input" in form:
        return names[form["input"]]
    scope = {n: run_form(v, names) for n, v in form["with"].items()} | {n: find(c) for n, c in form.get("use", {}).items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `1[0]`: fine in a random expression
        return eval(form["py"], {"_unpack": _unpack, **scope})


# --- random expressions ---------------------------------------------------------------------------------------------------------

NAMES = {"x": 3, "y": [1, 2, 0], "len": "ab", "format": (1, "c")}
LEAVES = st.one_of(
    st.integers(-4, 40).map(const),
    st.sampled_from([0.5, -1.5, 2.0, 1e22, float("inf"), None, True, False, 2**70]).map(const),
    st.sampled_from(["", "a", "é'\"\\\n{}", "%(x)s", "z" * 80, [], [1, 2], (1,), {"a": 1}]).map(const),
    st.sampled_from(sorted(NAMES)).map(param),
)  # fmt: skip


def compound(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    few = st.lists(inner, max_size=3).map(tuple)
    some = st.lists(inner, min_size=2, max_size=3).map(tuple)
    field = st.builds(
        lambda v, c, s: ir.FormatField(v, c, s, S),
        inner,
        st.sampled_from([None, "r", "s", "a"]),
        st.one_of(st.just(()), st.sampled_from([(">9",), ("{",)]), inner.map(lambda w: ("<", ir.FormatField(w, None, (), S)))),
    )

    def lambda_(body: Expr, argument: Expr, items: Expr) -> Expr:
        key = ir.Lambda(("x",), binary("+", local("x"), body), ANY, S)
        return ir.Builtin("sorted", (ir.Display("list", (argument, items), ANY, S),), (("key", key),), ANY, S)

    def comprehension(kind: Any, element: Expr, iterable: Expr, condition: Expr) -> Expr:
        element = binary("+", local("len"), element)
        made = ir.Comprehension(kind, None, element, (ir.Clause("len", iterable, (condition,)),), ANY, S)
        return ir.Builtin("sum", (made,), (), ANY, S) if kind == "generator" else made

    return st.one_of(
        st.builds(lambda op, a: ir.Unary(op, a, ANY, S), st.sampled_from(sorted(UNARY)), inner),
        st.builds(binary, st.sampled_from(sorted(BINARY)), inner, inner),
        st.builds(lambda a, r: compare(a, *r), inner, st.lists(st.tuples(st.sampled_from(sorted(COMPARE)), inner), min_size=1, max_size=2)),
        st.builds(lambda op, o: ir.Logical(op, o, ANY, S), st.sampled_from(["and", "or"]), some),
        st.builds(lambda a, b, c: ir.Select(a, b, c, ANY, S), inner, inner, inner),
        st.builds(lambda a, b: ir.Index(a, b, ANY, S), inner, inner),
        st.builds(
            lambda v, a, b, c: ir.Index(v, ir.Slice(a, b, c, ANY, S), ANY, S),
            inner,
            st.none() | inner,
            st.none() | inner,
            st.none() | inner,
        ),
        st.builds(lambda k, i: ir.Display(k, i, ANY, S), st.sampled_from(["list", "tuple", "set"]), few),
        st.builds(lambda a, b: ir.Display("list", (ir.Star(a, ANY, S), b), ANY, S), inner, inner),
        st.builds(lambda a, b, c: ir.DictDisplay(((a, b), (None, c)), ANY, S), inner, inner, inner),
        st.builds(lambda p: ir.FormatString(tuple(p), ANY, S), st.lists(st.sampled_from(["{", "a'\"", "\n"]) | field, max_size=3)),
        st.builds(lambda a: ir.Builtin("len", (a,), (), ANY, S), inner),
        st.builds(lambda a: ir.Method(a, "index", (const(1),), (), ANY, S), inner),
        st.builds(lambda a, n: ir.Unpack(a, n, None, ANY, S), inner, st.integers(1, 2)),
        st.builds(lambda_, inner, inner, inner),
        st.builds(comprehension, st.sampled_from(["list", "set", "generator"]), inner, inner, inner),
    )


EXPRESSIONS = st.recursive(LEAVES, compound, max_leaves=8)


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS)
def test_the_text_evaluates_to_the_tree(expr: Expr) -> None:
    expected = outcome(lambda: evaluate(expr, NAMES))
    form = value_form(expr, lambda r: r.name)  # type: ignore[union-attr]
    assert "py" not in form or form["py"].isascii()
    if "py" in form:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(form["py"], mode="eval", feature_version=(3, 9))
    assert outcome(lambda: run_form(form, NAMES)) == expected


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS)
def test_rebuilding_from_the_operands_changes_nothing(expr: Expr) -> None:
    for e in walk(expr):
        assert rebuild(e, children(e)) == e
    assert size(expr) == sum(1 for _ in walk(expr))


def test_the_text_evaluates_on_python_3_9() -> None:
    python = interpreter("3.9")
    if python is None:
        pytest.skip("there is no Python 3.9 here")
    cases: list[tuple[dict[str, Any], str]] = []

    @settings(max_examples=80, deadline=None, database=None)
    @given(EXPRESSIONS)
    def collect(expr: Expr) -> None:
        expected = outcome(lambda: evaluate(expr, NAMES))
        form = value_form(expr, lambda r: r.name)  # type: ignore[union-attr]
        if "py" in form and "use" not in form and not any(isinstance(e, ir.Unpack) for e in walk(expr)):
            scope = {n: repr(run_form(v, NAMES)) for n, v in form["with"].items()}
            cases.append(({"py": form["py"], "scope": scope}, expected))

    collect()
    program = (
        "import json, sys, warnings; warnings.simplefilter('ignore'); inf = float('inf'); nan = float('nan'); out = []\n"
        "for case in json.load(sys.stdin):\n"
        "    try: out.append(repr(eval(case['py'], {n: eval(v) for n, v in case['scope'].items()})))\n"
        "    except Exception as error: out.append(type(error).__name__)\n"
        "print(json.dumps(out))"
    )
    done = subprocess.run([python, "-c", program], input=json.dumps([c for c, _ in cases]), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # sets of str have no stable order
    for (case, expected), got in zip(cases, json.loads(done.stdout)):
        assert got == expected or (expected.startswith("{") and sorted(got) == sorted(expected)), case


# --- the text itself ------------------------------------------------------------------------------------------------------------

X, Y, Z = param("x"), param("y"), param("z")


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (binary("*", binary("+", X, Y), Z), "(x + y) * z"),
        (binary("+", X, binary("*", Y, Z)), "x + y * z"),
        (binary("-", X, binary("-", Y, Z)), "x - (y - z)"),
        (binary("-", binary("-", X, Y), Z), "x - y - z"),
        (binary("**", binary("**", X, Y), Z), "(x ** y) ** z"),
        (binary("**", X, binary("**", Y, Z)), "x ** y ** z"),
        (binary("**", const(-1), const(-1)), "(-1) ** -1"),
        (ir.Unary("-", binary("**", X, Y), ANY, S), "-x ** y"),
        (ir.Unary("not", compare(X, ("==", Y)), ANY, S), "not x == y"),
        (compare(ir.Unary("not", X, ANY, S), ("==", Y)), "(not x) == y"),
        (compare(compare(X, ("<", Y)), ("<", Z)), "(x < y) < z"),
        (compare(X, ("<", Y), ("not in", Z)), "x < y not in z"),
        (compare(X, ("is not", const(None))), "x is not None"),
        (ir.Logical("or", (ir.Logical("and", (X, Y), ANY, S), Z), ANY, S), "x and y or z"),
        (ir.Logical("and", (ir.Logical("or", (X, Y), ANY, S), Z), ANY, S), "(x or y) and z"),
        (ir.Select(X, ir.Select(X, Y, Z, ANY, S), ir.Select(Y, X, Z, ANY, S), ANY, S), "(y if x else z) if x else x if y else z"),
        (ir.Attr(const(1), "real", ANY, S), "(1).real"),
        (ir.Display("tuple", (X,), ANY, S), "(x,)"),
        (ir.Display("set", (), ANY, S), "set()"),
        (ir.FormatString(("a", ir.FormatField(X, "r", (".2f",), S)), "str", S), "\"\".join(['a', format(repr(x), '.2f')])"),
        (ir.FormatString((), "str", S), '""'),
        (ir.Construct("m:Outer.Model", (X,), (("k", Y),), ANY, S), "Model(x, k=y)"),
        (ir.Member("m:Kind", "A", ANY, S), "Kind.A"),
    ],
)
def test_no_more_parentheses_than_needed(expr: Expr, text: str) -> None:
    assert text_of(expr) == text


def test_classes_of_one_name_from_two_modules_stay_apart() -> None:
    printed = print_expr(compare(ir.Member("a:Kind", "A", ANY, S), ("==", ir.Member("b:Kind", "A", ANY, S))), lambda r: "x")
    assert printed.text == "Kind.A == Kind_2.A"
    assert printed.classes == {"Kind": "a:Kind", "Kind_2": "b:Kind"}


def test_a_cast_becomes_a_value_that_the_text_names() -> None:
    form = value_form(binary("+", ir.Cast(X, ("list", "float"), S), ir.Cast(binary("/", X, Y), "float", S)), lambda r: r.name)  # type: ignore[union-attr]
    assert form == {
        "py": "x + value",
        "with": {
            "x": {"cast": ["list", "float"], "value": {"input": "x"}},
            "value": {"cast": "float", "value": {"py": "x / y", "with": {"x": {"input": "x"}, "y": {"input": "y"}}}},
        },
    }


def test_a_bare_cast_a_constant_and_a_reference_need_no_text() -> None:
    assert value_form(ir.Cast(ir.Cast(X, "int", S), "int", S), lambda r: "i") == {"cast": "int", "value": {"input": "i"}}
    assert value_form(const((1, float("nan"))), lambda r: "i") == {"const": {"$tuple": [1, {"$float": "nan"}]}}
    assert value_form(X, lambda r: "i") == {"input": "i"}


def test_a_name_bound_inside_captures_no_input() -> None:
    clause = ir.Clause("x", const([1, 2]), ())
    body = binary("+", local("x"), X)
    printed = print_expr(ir.Comprehension("list", None, body, (clause,), ANY, S), lambda r: "x")
    assert printed.text == "[x + x_2 for x in const]"
    assert printed.values["x_2"] == {"input": "x"}


def test_deep_expressions_print() -> None:
    expr: Expr = X
    for _ in range(900):
        expr = binary("+", expr, const(1))
    assert eval(text_of(expr), {"x": 0}) == 900
