"""The codec: `decode(encode(v))` is v, exactly, or `CannotTravel` names the path. Runs on every Python from 3.9 on."""

# ruff: noqa: UP006, UP017, UP036, UP042, PIE796

import collections
import dataclasses
import enum
import json
import math
import re
import sys
import typing
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path, PurePosixPath
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from wye.runtime.types import format_of, from_json, show
from wye.runtime.values import CannotTravel, decode, encode, normalise, parse_argument, plain

try:
    from hypothesis import given
    from hypothesis import strategies as st
except ImportError:
    given = None


class Color(enum.Enum):
    RED = 1
    CRIMSON = 1
    BLUE = (2, 3)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Kind(str, enum.Enum):
    A = "a"


class Access(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()
    BOTH = READ | WRITE
    RUN = enum.auto()


class Bits(enum.IntFlag):
    ONE = 1
    TWO = 2


class Point(typing.NamedTuple):
    x: float
    y: typing.Any = None


Old = collections.namedtuple("Old", "a b")


class SubPoint(Point):
    pass


@dataclasses.dataclass
class Row:
    name: str
    values: typing.Any = None
    note: str = "n"


@dataclasses.dataclass(frozen=True)
class Frozen:
    key: typing.Any
    limit: typing.ClassVar[int] = 3

    class Inner(enum.Enum):
        X = "x"


@dataclasses.dataclass
class Derived:
    seed: dataclasses.InitVar[int]
    total: int = dataclasses.field(init=False)
    made: typing.List[int] = dataclasses.field(default_factory=list)

    calls: typing.ClassVar[int] = 0

    def __post_init__(self, seed):
        type(self).calls += 1
        self.total = seed * 2


@dataclasses.dataclass
class Private:
    __secret: int = 1


@dataclasses.dataclass
class Base:
    a: int


@dataclasses.dataclass
class Slotted(Base):
    __slots__ = ("b",)
    b: int


class PlainSlots:
    __slots__ = ("c", "extra")


@dataclasses.dataclass
class SlottedState(PlainSlots):
    c: int


@dataclasses.dataclass
class ListClass(list):
    a: int = 1


@dataclasses.dataclass
class Overrides:
    a: int = 0

    def __setattr__(self, name, value):
        raise AssertionError("codec ran the user's code")

    def __init__(self):
        self.__dict__["a"] = 5


class Text(str):
    pass


class OddText(str):
    """Two of the same text are different keys."""

    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other


class Int(int):
    def __repr__(self):
        return "?"


class Float(float):
    """As numpy.float64."""

    def __repr__(self):
        return "np.float64(…)"


class Index:
    """As numpy.int64."""

    def __init__(self, n):
        self.n = n

    def __index__(self):
        return self.n


class Array:
    """An array has `__index__`, and refuses."""

    def __index__(self):
        raise TypeError("only integer scalar arrays can be converted to a scalar index")


class Bool:
    """As numpy.bool_: no `__index__`."""

    def __bool__(self):
        return True


class Zone(tzinfo):
    def utcoffset(self, when):
        return timedelta(hours=1)


def same(a, b):
    """Equal in value, type, order and nesting."""
    if type(a) is not type(b):
        return False
    if isinstance(a, enum.Enum):
        return a is b
    if isinstance(a, float):
        return (a != a and b != b) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, (set, frozenset)):
        return len(a) == len(b) and same(sorted(map(encode, a)), sorted(map(encode, b)))
    if isinstance(a, Decimal):
        return a.as_tuple() == b.as_tuple()
    if isinstance(a, (datetime, time)):
        key = [(type(x.tzinfo), str(x.tzinfo), x.replace(tzinfo=None).isoformat(), x.fold, x.tzname()) for x in (a, b)]
        return key[0] == key[1]
    if dataclasses.is_dataclass(a):
        names = [f.name for f in dataclasses.fields(a)]
        return all(hasattr(a, n) == hasattr(b, n) and same(getattr(a, n, 0), getattr(b, n, 0)) for n in names)
    return a == b


SAFE = re.compile(r"[ -~]*")


def check_wire(text):
    """Nothing in it that YAML, a shell, Jinja, CEL, compose or Argo expands."""
    assert SAFE.fullmatch(text)
    assert not re.search(r"[$%<>&'`]", text)
    for mark in ("{{", "}}", "{%", "{#"):
        assert mark not in text
    outside = re.sub(r'"(\\.|[^"\\])*"', "", text)
    assert [text.count(brace) for brace in "{}"] == [outside.count(brace) for brace in "{}"]


def check_travels(value):
    text = encode(value)
    check_wire(text)
    assert same(decode(text), value), text
    assert encode(decode(text)) == text
    json.dumps(plain(text))
    assert same(parse_argument(text, "any"), value)


HOSTILE = [
    "", " ", "{{ds}}", "{{ 1 + 1 }}", "${HOME}", "$(x)", "%(x)s", "{% raw %}", "`id`", "yes", "~", "1e3", "0x1F", "null", "- a", "a: b",
    "#c", "'", '"',
    '{"$tuple": [1]}', "\\", "\\u0024", "\\n", "\n", "\r\n", "\t", "\0", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\u202ertl",
    "😀", "é", "e\u0301",
    "\ud800", "\udc80", "\udc80\ud800", "<!--", "</script>", "&amp;", "!!python/object", "a" * 100_000, "{{{{", "}}}}", "{#", "#}",
    "{{'{{'}}", "%%", "$$", "$",
]  # fmt: skip

EXACT = [
    None, True, False, 0, 1, -1, 2**53, 2**53 + 1, 2**63, -(2**64), 10**4000, 0.0, -0.0, 1.0, 1e-320, 1.7976931348623157e308, math.pi,
    float("nan"), float("inf"), float("-inf"), b"", b"\0\xff", 1 + 2j, complex(-0.0, float("nan")),
    [], {}, (), set(), frozenset(), [[]], [()], ((),), {"a": {"b": {"c": {"d": {}}}}}, {1: 2}, {"1": 1, 1: 2}, {True: 1, "true": 2},
    {None: 0}, {(1, "a"): [1]},
    {frozenset({1}): 1}, {"$a": 1}, {"$tuple": [1]}, {"a": 1, "$b": 2}, {"": 1}, {"b": 1, "a": 2}, {float("nan"), 1}, {1, "1", (1,)},
    {"z", "y", "x"},
    date(1, 1, 1), datetime(1, 1, 1), datetime(2024, 2, 29, 1, 2, 3, 4), datetime(2024, 1, 1, tzinfo=timezone.utc),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=-3, minutes=-30))),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(seconds=3661, microseconds=5))),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(microseconds=1))), time(1, tzinfo=timezone(timedelta(microseconds=-1)), fold=1),
    time(1, tzinfo=timezone.utc, fold=1),
    datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=1), "CET")), datetime(2024, 1, 1, tzinfo=timezone(timedelta(0), "Zulu")),
    datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Zurich")),
    datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Zurich")),
    datetime(2024, 10, 27, 2, 30, fold=1), time(1, 2, 3, 4), time(1, fold=1), time(1, tzinfo=ZoneInfo("UTC")), time(1, tzinfo=timezone.utc),
    timedelta(0), timedelta(-1, 5, 7), timedelta.max, timedelta.min,
    Decimal("1.10"), Decimal("-0"), Decimal("sNaN"), Decimal("-NaN12"), Decimal("Infinity"), Decimal("1E+400"), Decimal("9" * 60),
    UUID("12345678123456781234567812345678"),
    Color.RED, Color.CRIMSON, Color.BLUE, Level.HIGH, Kind.A, Access.READ, Access.BOTH, Access.READ | Access.RUN, Access(0),
    Bits.ONE | Bits.TWO, Bits(8),
    Frozen.Inner.X, {Color.RED: 1}, {Level.LOW: 1}, [Kind.A, "a"],
    Point(1.0), Point(1.0, [Point(2.0)]), Old(1, (2,)), {Point(1.0): 1},
    Row("a"), Row("a", [Row("b", {1: (2,)})]), Frozen((1, 2)), {Frozen(1): Frozen(2)}, Derived(2), Private(), Slotted(1, 2),
    SlottedState(3), Overrides(),
    [None, [True, (1, {2: {3}})]],
]  # fmt: skip


@pytest.mark.parametrize("value", EXACT, ids=lambda v: type(v).__name__)
def test_exact(value):
    check_travels(value)
    check_travels([value, {"k": value}, (value,), {"$d": value}])


@pytest.mark.parametrize("text", HOSTILE, ids=lambda v: ascii(v)[:20])
def test_hostile_strings_travel_and_leave_nothing_to_expand(text):
    text = text[:200_000]
    check_travels(text)
    check_travels({text: [text, (text,), {text: text}]})


def test_post_init_does_not_run_again():
    before = Derived.calls
    value = Derived(2)
    assert decode(encode(value)) == value
    assert Derived.calls == before + 1


def test_unset_field_stays_unset():
    value = Derived(1)
    del value.total
    assert not hasattr(decode(encode(value)), "total")


def test_dataclass_with_slots():
    if sys.version_info < (3, 10):
        pytest.skip("dataclass(slots=True) is of 3.10")
    module = sys.modules[__name__]
    made = dataclasses.make_dataclass("Made", [("a", int), ("b", list)], slots=True, frozen=True)
    made.__module__, module.Made = __name__, made
    try:
        check_travels(made(1, [2]))
    finally:
        del module.Made


class Fields(dict):
    pass


def local_classes():
    class Here(enum.Enum):
        A = 1

    @dataclasses.dataclass
    class There:
        a: int

    return Here.A, There(1)


def deep(n, make):
    value = 0
    for _ in range(n):
        value = make(value)
    return value


def cycle():
    value = {"a": []}
    value["a"].append(value)
    return value


def with_state(value, **state):
    vars(value).update(state)
    return value


REFUSED = [
    (object(), "$"),
    (int, "$"),
    (len, "$"),
    (bytearray(b"a"), "$"),
    (memoryview(b"a"), "$"),
    (range(3), "$"),
    (iter([]), "$"),
    ([1, {"a": object()}], "$[1].a"),
    ({"rows": [0, 1, 2, {"when": Zone()}]}, "$.rows[3].when"),
    ({"a b": {7: object()}}, "$['a b'][7]"),
    ((1, (object(),)), "$[1][0]"),
    (Row("x", [object()]), "$.values[0]"),
    (Point(1.0, object()), "$.y"),
    (collections.OrderedDict(a=1), "$"),
    (collections.defaultdict(list), "$"),
    (collections.Counter("a"), "$"),
    (Fields(a=1), "$"),
    (type("Sub", (list,), {})(), "$"),
    (type("Bytes", (bytes,), {})(), "$"),
    (10**4300, "$"),
    ("\ud83d\ude00", "$"),
    ({"\ud83d\ude00": 1}, "$['\\ud83d\\ude00']"),
    (datetime(2024, 1, 1, tzinfo=Zone()), "$"),
    (type("Stamp", (datetime,), {})(2024, 1, 1), "$"),
    (Path("a"), "$"),
    (PurePosixPath("a"), "$"),
    (type("Place", (type(Path()),), {})("a"), "$"),
    (local_classes()[0], "$"),
    (local_classes()[1], "$"),
    (with_state(Row("a"), more=1), "$"),
    (with_state(SubPoint(1.0), more=1), "$"),
    (ListClass(), "$"),
    (Array(), "$"),
    (Bool(), "$"),
    (ValueError("x"), "$"),
    (re.compile("a"), "$"),
    ({OddText("a"): 1, OddText("a"): 2}, "$"),
    ({OddText("a"), OddText("a")}, "$"),
    ({Index(1): "a", True: "b"}, "$"),
    ({Index(1), True}, "$"),
]


@pytest.mark.parametrize(("value", "path"), REFUSED, ids=lambda v: type(v).__name__)
def test_refused_with_the_path(value, path):
    with pytest.raises(CannotTravel) as error:
        encode(value)
    assert error.value.path == path
    assert str(error.value).startswith(path + ": ")
    with pytest.raises(CannotTravel):
        encode([value])


def test_slots_beyond_the_fields_are_refused():
    value = SlottedState(1)
    value.extra = 2
    with pytest.raises(CannotTravel, match="extra"):
        encode(value)


def test_cycles_and_depth():
    with pytest.raises(CannotTravel, match="nested deeper"):
        encode(cycle())
    row = Row("a")
    row.values = [row]
    with pytest.raises(CannotTravel, match="nested deeper"):
        encode(row)
    for make in (lambda v: [v], lambda v: {"a": v}, lambda v: (v,), lambda v: {1: v}, lambda v: Row("a", v), lambda v: Point(1.0, v)):
        check_travels(deep(100, make))
        for n in (101, 10_000):
            with pytest.raises(CannotTravel, match="nested deeper"):
                encode(deep(n, make))
    with pytest.raises(CannotTravel) as error:
        encode(deep(300, lambda v: {"key": v}))
    assert len(str(error.value)) < 300


def test_renamed_class_is_refused():
    made = enum.Enum("Renamed", "A B")
    with pytest.raises(CannotTravel, match="cannot be imported"):
        encode(made.A)


def test_sets_are_written_in_one_order():
    assert encode({"b", "a", "c"}) == encode({"c", "b", "a"}) == '{"\\u0024set":["a","b","c"]}'


def test_wire_form():
    assert encode({"a": [1, 1.5, None, True], "b": {}}) == '{"a":[1,1.5,null,true],"b":{} }'
    assert encode("a'\n\x7f`$%<>&{}é") == '"a\\u0027\\u000a\\u007f\\u0060\\u0024\\u0025\\u003c\\u003e\\u0026\\u007b\\u007d\\u00e9"'
    assert encode((1,)) == '{"\\u0024tuple":[1]}'
    assert encode(Color.RED) == '{"\\u0024enum":["' + __name__ + ':Color","RED"]}'


def test_decode_refuses_what_it_does_not_know():
    for text in ('{"$no": 1}', "NaN", "[Infinity]", "{", ""):
        with pytest.raises(ValueError):
            decode(text)


# --- normalisation -----------------------------------------------------------------------------------------------------------------

NAME = __name__ + ":"

ACCEPTED = [
    (Text("a"), "str", "a"),
    (Int(3), "int", 3),
    (Float(1.5), "float", 1.5),
    (Index(3), "int", 3),
    (Index(3), "float", 3.0),
    (3, "float", 3.0),
    (Int(3), "float", 3.0),
    (Level.LOW, "int", 1),
    (Level.LOW, "float", 1.0),
    (Kind.A, "str", "a"),
    (datetime(2024, 1, 1), "date", datetime(2024, 1, 1)),
    ([Int(1), Text("a"), (Float(0.5),), {Index(1): Index(2)}], "any", [1, "a", (0.5,), {1: 2}]),
    ([Int(1), Text("a")], ("list", "json"), [1, "a"]),
    ([1, 2.5], ("list", "float"), [1.0, 2.5]),
    ((1, 2), ("tuple", "float", "int"), (1.0, 2)),
    ((1, 2), ("tuple*", "float"), (1.0, 2.0)),
    ((), ("tuple",), ()),
    ({"a": 1}, ("dict", "str", "float"), {"a": 1.0}),
    ({1: 1}, ("dict", "float", "int"), {1.0: 1}),
    ({1, 2}, ("set", "float"), {1.0, 2.0}),
    (frozenset({1}), ("frozenset", "int"), frozenset({1})),
    ([1], ("union", ("list", "float"), ("list", "int")), [1]),
    ([1, 2.5], ("union", ("list", "int"), ("list", "float")), [1.0, 2.5]),
    (1, ("union", "float", "none"), 1.0),
    (1, ("union", "float", "int"), 1),
    (None, ("union", "float", "none"), None),
    (Kind.A, ("union", "str", ("class", NAME + "Kind")), Kind.A),
    (Kind.A, ("union", "str", "none"), "a"),
    ({"a": [1]}, ("dict", "str", ("union", ("list", "float"), "none")), {"a": [1.0]}),
    ("a", ("literal", "a", 1), "a"),
    (Text("a"), ("literal", "a"), "a"),
    (Row("a"), ("class", NAME + "Row"), Row("a")),
    (Slotted(1, 2), ("class", NAME + "Base"), Slotted(1, 2)),
    (Point(1.0), ("class", NAME + "Point"), Point(1.0)),
    (Row(Text("a"), [Int(1)]), "any", Row("a", [1])),
    (1 + 0j, "complex", 1 + 0j),
    (b"a", "bytes", b"a"),
]


@pytest.mark.parametrize(("value", "t", "wanted"), ACCEPTED, ids=lambda v: type(v).__name__)
def test_normalise(value, t, wanted):
    assert same(normalise(value, t), wanted)
    assert same(decode(encode(value, t)), wanted)
    assert same(parse_argument(encode(value, t), t), wanted)
    assert same(normalise(value, from_json(json.loads(json.dumps(t)))), wanted)


MISMATCHES = [
    (True, "int", "$: wanted int, got bool"),
    (True, "float", "$: wanted float, got bool"),
    (1, "bool", "$: wanted bool, got int"),
    (1.0, "int", "$: wanted int, got float"),
    ("1", "int", "$: wanted int, got str"),
    (1, "str", "$: wanted str, got int"),
    (None, "int", "$: wanted int, got NoneType"),
    (0, "none", "$: wanted None, got int"),
    (1, "complex", "$: wanted complex, got int"),
    (10**400, "float", "$: the int is too large for a float"),
    (Bool(), "bool", "$: wanted bool, got " + __name__ + ".Bool"),
    (bytearray(), "bytes", "$: wanted bytes, got bytearray"),
    ("a", "path", "$: wanted Path, got str"),
    (date(2024, 1, 1), "datetime", "$: wanted datetime, got datetime.date"),
    ([1, "a"], ("list", "int"), "$[1]: wanted int, got str"),
    ((1,), ("list", "int"), "$: wanted list[int], got tuple"),
    ([1], ("tuple*", "int"), "$: wanted tuple[int, ...], got list"),
    ((1, 2), ("tuple", "int"), "$: wanted tuple[int], got a tuple of 2"),
    (Point(1.0), ("tuple", "float", "none"), "$: wanted tuple[float, None], got " + __name__ + ".Point"),
    ({"a": {"b": 1.5}}, ("dict", "str", ("dict", "str", "int")), "$.a.b: wanted int, got float"),
    ({1: 1}, ("dict", "str", "int"), "$[1]: wanted str, got int"),
    (collections.OrderedDict(), ("dict", "json", "json"), "$: wanted dict[Any, Any], got collections.OrderedDict"),
    (1.5, ("union", "int", "none"), "$: wanted int | None, got float"),
    (True, ("literal", 1), "$: wanted Literal[1], got bool"),
    (1.0, ("literal", 1), "$: wanted Literal[1], got float"),
    (Point(1.0), ("class", NAME + "Row"), "$: wanted Row, got " + __name__ + ".Point"),
]


@pytest.mark.parametrize(("value", "t", "message"), MISMATCHES, ids=lambda v: type(v).__name__)
def test_mismatch_names_path_and_types(value, t, message):
    for function in (normalise, encode):
        with pytest.raises(TypeError) as error:
            function(value, t)
        assert str(error.value) == message


def test_normalise_keeps_what_the_codec_does_not_take_where_any_is_declared():
    thing = object()
    assert normalise(thing, "any") is thing
    assert normalise([thing, Int(1)], ("list", "any"))[0] is thing
    assert same(normalise([thing, Int(1)], ("list", "any"))[1], 1)
    assert normalise({"a": Path("x")}, ("dict", "str", "path")) == {"a": Path("x")}
    value = cycle()
    assert normalise(value, "any") is value
    with pytest.raises(CannotTravel):
        normalise([thing], ("list", "json"))


def test_normalise_copies():
    value = [[1]]
    assert normalise(value, "any") == value
    assert normalise(value, "any")[0] is not value[0]


def test_large_ints_that_become_one_float_are_refused():
    with pytest.raises(CannotTravel):
        encode({2**53, 2**53 + 1}, ("set", "float"))
    with pytest.raises(CannotTravel):
        encode({2**53: "a", 2**53 + 1: "b"}, ("dict", "float", "str"))


def test_real_numpy():
    np = pytest.importorskip("numpy")
    assert same(decode(encode({"a": np.float64(0.5), "b": [np.int64(2**62)], "c": np.str_("x")})), {"a": 0.5, "b": [2**62], "c": "x"})
    assert same(normalise(np.float64(2), "float"), 2.0)
    assert same(normalise(np.int32(2), "float"), 2.0)
    for value in (np.bool_(True), np.array([1]), np.array([1, 2]), np.float32(1.5), np.bytes_(b"a"), np.datetime64("2024-01-01")):
        with pytest.raises(CannotTravel):
            encode([value])
    with pytest.raises(TypeError, match="wanted bool, got numpy"):
        normalise(np.bool_(True), "bool")


# --- people ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "t", "value"),
    [
        ("abc", "str", "abc"), ('"abc"', "str", "abc"), ("123", "str", "123"), ("null", "str", "null"), ('["a"]', "str", '["a"]'),
        ("", "str", ""),
        ('"', "str", '"'), (' "a" ', "str", "a"), ("1", "int", 1), ("1", "float", 1.0), ("1e3", "float", 1000.0), ("true", "bool", True),
        ("null", "none", None), ("null", ("union", "int", "none"), None), ("[1, 2]", ("list", "float"), [1.0, 2.0]),
        ('{"a": 1}', ("dict", "str", "int"), {"a": 1}),
        ("abc", "any", "abc"), ("123", "any", 123), ('"123"', "any", "123"), ("NaN", "any", "NaN"), ("nan", "any", "nan"),
        ("[1,", "any", "[1,"), ("", "any", ""),
        ('{"$ref": 1}', "any", {"$ref": 1}), ('{"$tuple": [1]}', "any", (1,)), ('{"$set": 5}', "any", '{"$set": 5}'),
        ('{"$float": "nan"}', "float", float("nan")),
        ("1" * 5000, "any", "1" * 5000),
    ],
)  # fmt: skip
def test_parse_argument(text, t, value):
    if text == "1" * 5000 and not hasattr(sys, "set_int_max_str_digits"):
        pytest.skip("no limit of digits")
    assert same(parse_argument(text, t), value)


@pytest.mark.parametrize(
    ("text", "t"),
    [("abc", "int"), ("1.5", "int"), ("true", "int"), ("1", "bool"), ("True", "bool"),
     ("abc", ("union", "str", "none")), ("NaN", "float"), ("", "int"), ('["a"]', ("list", "int"))],
)  # fmt: skip
def test_parse_argument_refuses(text, t):
    with pytest.raises(ValueError):
        parse_argument(text, t)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ((1, (2,)), [1, [2]]), ({1: "a", None: 2}, {"1": "a", "null": 2}), ({1: "a", "1": "b"}, [[1, "a"], ["1", "b"]]),
        ({"$a": 1}, {"$a": 1}), ({2, 1}, [1, 2]),
        (float("nan"), "nan"), (b"ab", "YWI="), (timedelta(minutes=1), 60.0), (date(2024, 1, 2), "2024-01-02"), (Decimal("1.10"), "1.10"),
        (datetime(2024, 1, 1, tzinfo=ZoneInfo("Europe/Zurich")), "2024-01-01T00:00:00[Europe/Zurich]"), (Color.RED, "RED"),
        (Point(1.0), [1.0, None]),
        (Row("a", (1,)), {"name": "a", "values": [1], "note": "n"}), (1 + 2j, [1.0, 2.0]), ({}, {}), (time(1, fold=1), "01:00:00"),
    ],
)  # fmt: skip
def test_plain(value, shown):
    assert plain(encode(value)) == shown


def test_plain_imports_nothing():
    assert plain('{"$dataclass": ["no.such.module:C", {"a": {"$enum": ["nor:this", "X"]} }]}') == {"a": "X"}


def test_types():
    assert format_of(("list", "json")) == "json"
    assert format_of(("list", "any")) == "auto"
    assert format_of(("union", "path", "none")) == "path"
    assert format_of(("class", "m:C", "path", "any")) == "path"
    assert format_of("bytes") == "bytes"
    assert format_of(("union", "bytes", "none")) == "json"
    assert show(("dict", "str", ("union", ("tuple*", "float"), "none"))) == "dict[str, tuple[float, ...] | None]"


# --- properties --------------------------------------------------------------------------------------------------------------------

if given:
    zones = st.none() | st.just(timezone.utc) | st.sampled_from(["Europe/Zurich", "America/New_York", "UTC"]).map(ZoneInfo)
    zones = zones | st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
    text = st.deferred(lambda: st.text(st.characters(exclude_categories=())) | st.integers(0, 39).map(HOSTILE.__getitem__))
    atoms = st.deferred(  # a signalling NaN has no hash
        lambda: (
            st.none() | st.booleans() | st.integers() | st.floats() | text | st.binary() | st.complex_numbers() | st.uuids() | st.dates()
            | st.decimals().filter(lambda d: not d.is_snan()) | st.datetimes(timezones=zones) | st.times(timezones=zones) | st.timedeltas()
            | st.sampled_from([*Color, *Level, Kind.A, Access.READ | Access.RUN, Access.BOTH, Bits(3), Frozen.Inner.X])
        )
    )  # fmt: skip

    def wider(inner):
        frozen = st.frozensets(inner, max_size=4) | st.builds(Point, inner, inner) | st.builds(Frozen, inner)
        return st.lists(inner, max_size=4).map(tuple) | frozen

    hashable = st.deferred(lambda: st.recursive(atoms, wider, max_leaves=8))

    def holding(inner):
        sequences = st.lists(inner, max_size=4) | st.lists(inner, max_size=3).map(tuple) | st.sets(hashable, max_size=4)
        dicts = st.dictionaries(text, inner, max_size=4) | st.dictionaries(hashable, inner, max_size=4)
        return sequences | dicts | st.builds(Row, text, inner) | inner.map(subclassed)

    def subclassed(v):
        return Text(v) if isinstance(v, str) else Float(v) if type(v) is float else object() if v is None else v

    anything = st.deferred(lambda: st.recursive(hashable, holding, max_leaves=16))

    def without_subclasses(v):
        """What the first normalisation makes of a value."""
        if isinstance(v, (Text, Float)):
            return str.__str__(v) if isinstance(v, str) else float(v) * 1.0
        if type(v) in (list, tuple, set, frozenset):
            return type(v)(map(without_subclasses, v))
        if type(v) is dict:
            return {without_subclasses(k): without_subclasses(x) for k, x in v.items()}
        if type(v) is Row:
            return Row(*(without_subclasses(x) for x in (v.name, v.values, v.note)))
        return v

    @pytest.mark.filterwarnings("ignore:Generating overly large repr")
    @given(anything)
    def test_exact_or_an_error_that_names_the_path(value):
        try:
            wire = encode(value)
        except CannotTravel as error:
            if not error.path.startswith("$"):
                raise
            return
        check_wire(wire)
        back = decode(wire)
        assert same(back, without_subclasses(value))
        assert encode(back) == wire
        assert same(parse_argument(wire, "any"), back)
        json.dumps(plain(wire))

    @given(text)
    def test_strings_travel_or_hold_a_pair_of_surrogates(value):
        if re.search("[\ud800-\udbff][\udc00-\udfff]", value):
            with pytest.raises(CannotTravel):
                encode(value)
        else:
            check_travels(value)
            assert parse_argument(encode(value, "str"), "str") == value
