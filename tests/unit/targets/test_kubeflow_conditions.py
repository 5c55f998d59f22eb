"""Conditions that KFP evaluates itself: each row of the table at its boundaries, against Python and by the service's rules of CEL."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wye.diagnostics import Span
from wye.ir import model as ir
from wye.ir.expressions import Reference
from wye.runtime.types import Type
from wye.runtime.values import encode
from wye_targets._kfp import adapter
from wye_targets._kfp.conditions import Order, express
from wye_targets._kfp.dags import TEXT, Kind

sys.path.append(str(Path(__file__).parents[2] / "engines"))
from kfp_interpreter import evaluate

HERE = Span("p.py", 1, 1, 1, 9)
NATIVE = {"bool": "BOOLEAN", "int": "NUMBER_INTEGER", "float": "NUMBER_DOUBLE"}


def const(value: Any, t: Type) -> ir.Const:
    return ir.Const(encode(value, t), t, HERE)


def compare(left: ir.Expr, op: str, right: ir.Expr) -> ir.Expr:
    return ir.Compare(left, ((op, right),), "bool", HERE)


def value(t: Type, *, parameter: bool = False) -> Reference:
    return ir.Param("x", t, HERE) if parameter else ir.Output("x", "out", t, "json", HERE)


def operand(reference: Reference, order: Order) -> tuple[str, Kind] | None:
    """As the lowering has it: a run parameter in KFP's own type; an output as text, and as a number where that is asked for."""
    channel = f"inputs.parameter_values['x{'-' * bool(order)}{order}']"
    if isinstance(reference, ir.Param):
        return (channel, Kind(NATIVE[str(reference.type)], "value")) if reference.type in NATIVE else None
    if order:
        return (channel, Kind(NATIVE[str(reference.type)], "value")) if reference.type in ("int", "float") else None
    return channel, TEXT


def holds(condition: ir.Expr, given: Any, t: Type, *, parameter: bool = False) -> bool:
    found = express(condition, operand)
    assert found is not None, "no row of the table"
    if parameter:
        return evaluate(found.text, {"x": given})
    text = encode(given, t)
    inputs: dict[str, Any] = {"x": text}
    if t in ("int", "float"):
        inputs |= {"x-low": adapter.number(text, False), "x-high": adapter.number(text, t == "float")}
    return evaluate(found.text, json.loads(json.dumps(inputs)))  # they travel as JSON


INTS = [0, 1, -1, 5, 6, 7, 2**53 - 1, 2**53, 2**53 + 1, -(2**53), -(2**53) - 1, 2**63, 10**30, -(10**30)]
FLOATS = [0.0, -0.0, 0.8, math.nextafter(0.8, 1), math.nextafter(0.8, 0), 5.0, -5.0, 1e300, -1e300, 5e-324, math.inf, -math.inf, math.nan]
TEXTS = ["", "fast", "Fast", "fast ", "'fast'", '"fast"', "\\", "fast\n", "a||b", "a or b", "!(x)", "null", "true", "é", "🙂", "{{x}}"]
ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


@pytest.mark.parametrize("op", ORDERS)
@pytest.mark.parametrize("parameter", [False, True])
def test_numbers(op: str, parameter: bool) -> None:
    """An int and a float beside constants, and constants beside them."""
    mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op)
    for t, givens, constants in (
        ("int", INTS, [0, 5, -5, 6, 2**53 - 1, -(2**53) + 1]),
        ("float", FLOATS, [0, 0.8, -5, 5.0, 1e-7, 2**53 - 1]),
    ):
        for given in givens:
            if parameter and not (abs(given) <= 2**53 - 1 or (t == "float" and math.isfinite(given))):
                continue  # no such run parameter
            for c in constants:
                x = value(t, parameter=parameter)
                same = t == "float" or op in ("==", "!=")
                right = const(float(c) if t == "float" and not isinstance(c, int) else c, "float" if isinstance(c, float) else "int")
                assert holds(compare(x, op, right), given, t, parameter=parameter) == ORDERS[op](given, c), (given, op, c, same)
                assert holds(compare(right, op, x), given, t, parameter=parameter) == ORDERS[mirrored](given, c), (c, op, given)


@pytest.mark.parametrize("constant", ["fast", "", "null", "true", "a.b/c:d@e+f-g_9"])
def test_texts(constant: str) -> None:
    for given in [*TEXTS, constant]:
        for op in ("==", "!="):
            assert holds(compare(value("str"), op, const(constant, "str")), given, "str") == ORDERS[op](given, constant)
        for options in ([constant], [constant, "x"], ["x", "y"]):
            several = ir.Display("tuple", tuple(const(c, "str") for c in options), "any", HERE)
            assert holds(compare(value("str"), "in", several), given, "str") == (given in options)
            assert holds(compare(value("str"), "not in", several), given, "str") == (given not in options)


@pytest.mark.parametrize("given", [None, "", "null", "None", "x"])
def test_optional_texts(given: str | None) -> None:
    t = ("union", "str", "none")
    for c in (None, "x", "null", ""):
        for op, wanted in (
            ("==", given == c),
            ("!=", given != c),
            *((("is", given is None), ("is not", given is not None)) if c is None else ()),
        ):
            assert holds(compare(value(t), op, const(c, "none" if c is None else "str")), given, t) == wanted


@pytest.mark.parametrize("parameter", [False, True])
def test_bools(parameter: bool) -> None:
    for given in (True, False):
        x = value("bool", parameter=parameter)
        assert holds(x, given, "bool", parameter=parameter) is given
        assert holds(ir.Unary("not", x, "bool", HERE), given, "bool", parameter=parameter) is (not given)
        for c in (True, False):
            for op in ("==", "!=", "is", "is not"):
                wanted = (given == c) == (op in ("==", "is"))
                assert holds(compare(x, op, const(c, "bool")), given, "bool", parameter=parameter) is wanted


@pytest.mark.parametrize(
    ("t", "givens"),
    [
        ("int", INTS),
        ("float", FLOATS),
        ("str", TEXTS),
        (("list", "int"), [[], [0], [1, 2]]),
        (("dict", "str", "int"), [{}, {"": 0}]),
        (("union", ("list", "str"), "none"), [None, [], [""]]),
        (("union", "int", "float", "bool", "str"), [0, 0.0, -0.0, False, "", 1, True, "0"]),
        ("none", [None]),
    ],
)
def test_truth(t: Type, givens: list[Any]) -> None:
    for given in givens:
        assert holds(ir.Builtin("bool", (value(t),), (), "bool", HERE), given, t) is bool(given), given


def test_several() -> None:
    x = value("int")
    between = ir.Compare(const(0, "int"), (("<", x), ("<=", const(5, "int"))), "bool", HERE)
    outside = ir.Logical("or", (compare(x, "<", const(-5, "int")), compare(x, "==", const(5, "int"))), "bool", HERE)
    both = ir.Logical("and", (outside, ir.Unary("not", between, "bool", HERE)), "bool", HERE)
    nested = ir.Unary("not", ir.Unary("not", both, "bool", HERE), "bool", HERE)
    for given in INTS:
        assert holds(between, given, "int") == (0 < given <= 5)
        assert holds(outside, given, "int") == (given < -5 or given == 5)
        assert holds(both, given, "int") == ((given < -5 or given == 5) and not 0 < given <= 5)
        assert holds(nested, given, "int") == holds(both, given, "int")


NO_ROW = [
    compare(value("int"), "==", const(True, "bool")),  # true in Python for 1, and the texts differ
    compare(value("int"), "==", const(1.0, "float")),
    compare(value("bool"), "==", const(1, "int")),
    compare(value(("union", "int", "bool")), "==", const(1, "int")),
    compare(value("any"), "==", const("x", "str")),
    compare(value("json"), "==", const(1, "int")),
    compare(value("int"), ">", const(2**53, "int")),
    compare(value("int"), ">", const(0.5, "float")),
    compare(value("float"), ">", const(1e300, "float")),
    compare(value("str"), ">", const("a", "str")),
    compare(value("str"), "==", const("a b", "str")),
    compare(value("str"), "==", const("it's", "str")),
    compare(value("str"), "==", const("a\\b", "str")),
    compare(value("str"), "==", const("a||b", "str")),
    compare(value("str"), "==", const("pipelinechannel--x", "str")),
    compare(value("str"), "==", value("str")),
    compare(value("str", parameter=True), "==", const("a", "str")),  # `a`, `"a"` and `"\u0061"` are the same run parameter
    compare(value(("list", "int")), "==", const([1], ("list", "int"))),
    compare(value("int"), "is", const(1, "int")),
    compare(ir.Builtin("len", (value("str"),), (), "int", HERE), ">", const(1, "int")),
    ir.Builtin("bool", (value(("tuple", "int")),), (), "bool", HERE),
    ir.Builtin("bool", (value("decimal"),), (), "bool", HERE),
    ir.Logical("and", (value("bool"), value("any")), "bool", HERE),
]  # fmt: skip


@pytest.mark.parametrize("condition", NO_ROW)
def test_what_is_not_certain_is_a_task(condition: ir.Expr) -> None:
    assert express(condition, operand) is None


def test_a_value_that_is_no_parameter_is_not_read() -> None:
    assert express(value("bool"), lambda reference, order: None) is None
