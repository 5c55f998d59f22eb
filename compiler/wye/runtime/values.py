"""The codec: a value in, ASCII JSON text out that no template engine can touch; and back, exact, or an error that names the path.

JSON's own kinds are themselves. Everything else is an object with one key that begins with `$` (`{"$tuple": [1, 2]}`). Classes go by
`module:qualname` and are rebuilt without running their code.
"""

from __future__ import annotations

import binascii
import dataclasses
import enum
import importlib
import json
import math
import operator
import pathlib
import re
import types
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Callable, Dict, Optional
from uuid import UUID

from .types import Type, show

DEPTH = 100
"""Nesting beyond this cannot travel: every supported Python's own JSON reader must be able to read it."""

BITS = 14000
"""Integers beyond this cannot travel: Python refuses to read more than 4300 digits."""

Leaf = Callable[[Any, Type], Any]
"""Gets what the codec does not take, and the type that is wanted there; gives a tree for it, or None to refuse."""

_KINDS: Any = {
    type(None): "none", bool: "bool", int: "int", float: "float", str: "str", bytes: "bytes", complex: "complex", Decimal: "decimal",
    UUID: "uuid", datetime: "datetime", date: "date", time: "time", timedelta: "timedelta",
}  # fmt: skip
_PATH = type(pathlib.Path())
_SCALARS = {"str": str, "int": int, "float": float}
_CONTAINERS: Any = {"list": list, "tuple": tuple, "tuple*": tuple, "set": set, "frozenset": frozenset, "dict": dict}
_UNTYPED: Any = {c: (n, "json", "json")[: 3 if c is dict else 2] for n, c in _CONTAINERS.items()}
_HIDDEN = re.compile(r"\\([bfnrt])|(\\.)|[{}$%<>&'`]")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6}))?([Zz]|[+-]\d\d:\d\d)?)?$")
"""What every supported Python reads in the same way."""
_SHORT = {"b": 8, "f": 12, "n": 10, "r": 13, "t": 9}


class CannotTravel(Exception):
    """A value that the codec cannot give back exactly. `path` says where in the value it stands."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)
        self.path, self.message = path, message

    def __str__(self) -> str:
        return f"{self.path if len(self.path) < 200 else self.path[:200] + '…'}: {self.message}"


def encode(value: Any, t: Type = "any") -> str:
    """The wire text of a value of type `t`. Raises `TypeError` on a mismatch and `CannotTravel`."""
    return wire(tree(value, t))


def decode(text: str) -> Any:
    """The value of a wire text, exact. Imports the classes of the user's that it names."""
    return build(text)


def normalise(value: Any, t: Type, path: str = "$") -> Any:
    """The value as one of type `t`: subclasses of JSON scalars become those, what has `__index__` an int, an int for a float a float.
    What the codec does not take stays itself where `any` is declared. Raises `TypeError` on a mismatch."""
    kept = []

    def keep(v: Any, wanted: Type) -> Any:
        if wanted == "any" or isinstance(v, pathlib.PurePath):
            kept.append(v)
            return {"$keep": len(kept) - 1}
        return None

    made = tree(value, t, keep, path)
    return build(json.dumps(made), lambda tag, index: kept[index])


def plain(text: str) -> Any:
    """A wire text as JSON for people: tags are projected away."""

    def project(found: Any) -> Any:
        tag, v = next(iter(found.items())) if len(found) == 1 else ("", found)
        if tag == "$dict":
            keys = [k if isinstance(k, str) else json.dumps(k) for k, _ in v]
            return dict(zip(keys, (x for _, x in v))) if len(set(keys)) == len(keys) else v
        if tag == "$timedelta":
            return timedelta(*v).total_seconds()
        if tag == "$datetime" or tag == "$time":
            return v if isinstance(v, str) else v[0] + f"[{v[2]}]" * (v[2] is not None)
        return v[1] if tag in ("$enum", "$namedtuple", "$dataclass") else v if tag[:1] == "$" else found

    return json.loads(text, object_hook=project)


def parse_argument(text: str, t: Type) -> Any:
    """A parameter as a person types it: a `str` is a JSON string or the text itself; another type is JSON of it; undeclared, JSON if it
    parses, else the text. Raises `ValueError`."""
    try:
        value = build(text, lambda tag, v: {tag: v})
    except Exception as error:
        if t in ("str", "any", "json"):
            return text
        if t != "datetime":
            raise ValueError(f"not JSON of {show(t)}: {error}") from None
        value = text
    if t == "str" and not isinstance(value, str):
        return text
    try:
        return instant(value) if t == "datetime" else normalise(value, t)
    except (TypeError, CannotTravel) as error:
        raise ValueError(str(error)) from None


def instant(value: Any) -> Any:
    """A time as a run's parameter has it: aware, in UTC. ISO text will do. Raises `ValueError`, and `TypeError` for what is no time."""
    found = _INSTANT.match(value) if isinstance(value, str) else None
    if found:
        day, clock, second, fraction, offset = found.groups()
        offset = "+00:00" if offset in ("Z", "z") else offset or ""
        try:
            value = datetime.fromisoformat(f"{day}T{clock or '00:00'}{second or ':00'}.{(fraction or '').ljust(6, '0')}{offset}")
        except ValueError as error:
            raise ValueError(f"not a time: {error}") from None
    if not isinstance(value, datetime):
        if isinstance(value, str):
            raise ValueError("not an ISO time: write 2026-01-31T06:00:00+00:00")
        raise _mismatch(value, "datetime", "$")
    if value.utcoffset() is None:
        raise ValueError("a time without an offset is no instant: write 2026-01-31T06:00:00+00:00")
    return normalise(value.astimezone(timezone.utc), "datetime")


def wire(made: Any) -> str:
    """The text of a tree. Only JSON's own braces stay, and never two in a row."""
    text = json.dumps(made, separators=(",", ":"), allow_nan=False)
    text = re.sub(r'"[^"\\]*(?:\\.[^"\\]*)*"', lambda found: _HIDDEN.sub(_hide, found[0]), text)
    return re.sub(r"}(?=})", "} ", text)


def _hide(found: Any) -> str:
    return found[2] or "\\u%04x" % (_SHORT[found[1]] if found[1] else ord(found[0]))


# --- values to trees ---------------------------------------------------------------------------------------------------------------


def tree(value: Any, t: Type = "any", leaf: Leaf = lambda v, t: None, path: str = "$") -> Any:
    """What JSON can hold for a value of type `t`."""
    return _walk(value, t, path, 0, False, leaf)


def _walk(v: Any, t: Type, path: str, depth: int, exact: bool, leaf: Leaf) -> Any:
    """`exact` forbids conversions: a union looks for the alternative that needs none first."""
    if depth > DEPTH:
        raise CannotTravel(path, f"nested deeper than {DEPTH} levels, or inside itself")
    if t == "json":
        made = _UNTYPED.get(type(v))
        return _walk(v, made, path, depth, exact, leaf) if made else _atom(v, path, depth, leaf)
    if t == "any":
        try:
            return _walk(v, "json", path, depth, exact, leaf)
        except CannotTravel:
            made = leaf(v, t)
            if made is None:
                raise
            return made
    if isinstance(t, str):
        return _atom(_as_declared(v, t, path, exact), path, depth, leaf)
    head, args = t[0], t[1:]
    if head == "union":
        for mode in (True,) if exact else (True, False):
            for alternative in args:
                try:
                    return _walk(v, alternative, path, depth, mode, leaf)
                except TypeError:
                    pass
        raise _mismatch(v, t, path)
    if head == "literal":
        v = _scalar(v)
        if not any(type(v) is type(a) and v == a for a in args):
            raise _mismatch(v, t, path)
        return _atom(v, path, depth, leaf)
    if head == "class":
        if args[0] not in [f"{c.__module__}:{c.__qualname__}" for c in type(v).__mro__]:
            raise _mismatch(v, t, path)
        return _atom(v, path, depth, leaf)
    kind = _CONTAINERS[head]
    if type(v) is not kind:
        raise _mismatch(v, t, path)
    if kind is dict:
        return _dict(v, args, path, depth + 1, exact, leaf)
    if head == "tuple" and len(v) != len(args):
        raise TypeError(f"{path}: wanted {show(t)}, got a tuple of {len(v)}")
    types_ = args if head == "tuple" else args * len(v)
    items = [_walk(x, a, f"{path}[{i}]", depth + 1, exact, leaf) for i, (x, a) in enumerate(zip(v, types_))]
    if head in ("set", "frozenset"):
        items.sort(key=json.dumps)  # the order of a set differs from process to process
        _distinct(items, path)
    return items if kind is list else {"$" + kind.__name__: items}


def _dict(v: Any, args: Any, path: str, depth: int, exact: bool, leaf: Leaf) -> Any:
    pairs = []
    for key, item in v.items():
        where = path + _step(key)
        pairs.append([_walk(key, args[0], where, depth, exact, leaf), _walk(item, args[1], where, depth, exact, leaf)])
    if all(isinstance(key, str) and key[:1] != "$" for key, _ in pairs):
        made = dict(pairs)
        if len(made) != len(pairs):
            raise CannotTravel(path, "two keys become one")
        return made
    _distinct([key for key, _ in pairs], path)
    return {"$dict": pairs}


def _step(key: Any) -> str:
    if type(key) is str:
        return f".{key}" if key.isidentifier() else f"[{key!r:.40}]"
    return f"[{key}]" if type(key) is int and -(10**9) < key < 10**9 else f"[a {type(key).__name__}]"


def _distinct(items: Any, path: str) -> None:
    """Keys and members that were different stay so (a conversion to float, a subclass with its own `__eq__`)."""
    if len(set(build(json.dumps(items), lambda tag, v: (tag, str(v))))) != len(items):
        raise CannotTravel(path, "two of its keys or members become one")


def _mismatch(v: Any, t: Type, path: str) -> TypeError:
    c = type(v)
    return TypeError(f"{path}: wanted {show(t)}, got {_dotted(c)}")


def _dotted(c: Any) -> str:
    return c.__qualname__ if c.__module__ == "builtins" else f"{c.__module__}.{c.__qualname__}"


def _scalar(v: Any) -> Any:
    """numpy's scalars and their like as the JSON scalar that they are. (numpy's bool has `__index__` in some versions; it is no int.)"""
    c = type(v)
    if c in _KINDS or isinstance(v, enum.Enum):
        return v
    for base in (str, int, float):
        if isinstance(v, base):
            return _base(v, base)
    if hasattr(c, "__index__") and c.__name__[:4] != "bool" and not hasattr(c, "__dataclass_fields__") and not isinstance(v, tuple):
        try:
            return int.__int__(operator.index(v))
        except Exception:  # an array has `__index__` too, and refuses
            pass
    return v


def _base(v: Any, base: Any) -> Any:
    return str.__str__(v) if base is str else int.__int__(v) if base is int else float.__float__(v)


def _as_declared(v: Any, t: str, path: str, exact: bool) -> Any:
    made = _scalar(v)
    if isinstance(made, enum.Enum) and not exact:
        made = next((_base(v, b) for n, b in _SCALARS.items() if isinstance(v, b) and t in (n, "float")), made)
    kind = _KINDS.get(type(made))
    if kind == "int" and t == "float" and not exact:
        try:
            return float(made)
        except OverflowError:
            raise TypeError(f"{path}: the int is too large for a float") from None
    if kind != t and not (t == "date" and kind == "datetime") and not (t == "path" and type(v) is _PATH):
        raise _mismatch(v, t, path)
    return made


def _atom(v: Any, path: str, depth: int, leaf: Leaf) -> Any:
    """A value that is no list, tuple, set or dict."""
    v = _scalar(v)
    c: Any = type(v)
    if v is None or c is bool:
        return v
    if c is str:
        if not v.isascii() and re.search("[\ud800-\udbff][\udc00-\udfff]", v):
            raise CannotTravel(path, "two surrogates in a row, which JSON reads as one character")
        return v
    if c is int:
        if v.bit_length() > BITS:
            raise CannotTravel(path, f"an int of more than {BITS} bits")
        return v
    if c is float:
        return v if math.isfinite(v) else {"$float": repr(v)}
    if c is complex:
        return {"$complex": [_atom(v.real, path, depth, leaf), _atom(v.imag, path, depth, leaf)]}
    if c is bytes:
        return {"$bytes": binascii.b2a_base64(v, newline=False).decode()}
    if c is timedelta:
        return {"$timedelta": [v.days, v.seconds, v.microseconds]}
    if c is datetime or c is time:
        return {"$" + c.__name__: _moment(v, path)}
    if c in _KINDS:
        return {"$" + _KINDS[c]: str(v)}
    if c is _PATH:
        made = leaf(v, "path")
        if made is None:
            raise CannotTravel(path, "a Path travels only as an output that is declared as Path, list[Path], …")
        return made
    return _instance(v, c, path, depth, leaf)


def _moment(v: Any, path: str) -> Any:
    """ISO text; with fold and zone beside it where the text alone does not say all."""
    zone = v.tzinfo
    how: Any = None
    simple = zone is None
    if type(zone) is timezone:
        offset = zone.utcoffset(None)
        how = [offset.days, offset.seconds, offset.microseconds, zone.tzname(None)]
        simple = how[3] == timezone(offset).tzname(None) and not how[2]  # a Python may read an offset of microseconds as UTC
    elif zone is not None:
        how = getattr(zone, "key", None)
        if type(zone).__module__ != "zoneinfo" or how is None:
            raise CannotTravel(path, f"its time zone is a {_dotted(type(zone))}, not a timezone or a named ZoneInfo")
    return v.isoformat() if simple and not v.fold else [v.replace(tzinfo=None, fold=0).isoformat(), v.fold, how]


def _instance(v: Any, c: Any, path: str, depth: int, leaf: Leaf) -> Any:
    name = f"{c.__module__}:{c.__qualname__}"
    known = isinstance(v, enum.Enum) or hasattr(c, "__dataclass_fields__") or (isinstance(v, tuple) and hasattr(c, "_fields"))
    if not known:
        raise CannotTravel(path, f"a {_dotted(c)} does not travel by value")
    try:
        found = find(name)
    except (ImportError, AttributeError, ValueError):
        found = None
    if found is not c:
        raise CannotTravel(path, f"its class cannot be imported as {name}")
    if isinstance(v, enum.Enum):
        if c.__members__.get(v._name_) is v:
            return {"$enum": [name, v._name_]}
        value = _walk(v._value_, "json", path, depth + 1, False, leaf)  # a combination of flags
        if not isinstance(v, enum.Flag) or c(v._value_) is not v:
            raise CannotTravel(path, "not a member of its Enum")
        return {"$enum": [name, [value]]}
    state = {**getattr(v, "__dict__", {}), **_slots(c, v)}
    if isinstance(v, tuple):
        if state or len(v) != len(c._fields):
            raise CannotTravel(path, "it holds more than the fields of its NamedTuple")
        return {"$namedtuple": [name, [_walk(x, "json", f"{path}.{n}", depth + 1, False, leaf) for n, x in zip(c._fields, v)]]}
    fields = [f.name for f in dataclasses.fields(c)]
    extra = sorted(set(state) - set(fields))
    if extra:
        raise CannotTravel(path, f"it holds more than the fields of its dataclass: {', '.join(extra)}")
    try:
        object.__new__(c)
    except TypeError:
        raise CannotTravel(path, f"{name} cannot be made without its constructor") from None
    return {"$dataclass": [name, {n: _walk(state[n], "json", f"{path}.{n}", depth + 1, False, leaf) for n in fields if n in state}]}


def _members(c: Any) -> Any:
    return {n: d for k in c.__mro__ for n, d in vars(k).items() if isinstance(d, types.MemberDescriptorType)}


def _slots(c: Any, v: Any) -> Any:
    """What an instance holds in slots."""
    held = {}
    for name, slot in _members(c).items():
        with suppress(AttributeError):
            held[name] = slot.__get__(v)
    return held


# --- text to values ----------------------------------------------------------------------------------------------------------------


def build(text: str, special: Optional[Callable[[str, Any], Any]] = None) -> Any:
    """The value of a text. `special(tag, payload)` gives the value of a tag that is not the codec's own."""

    def untag(found: Any) -> Any:
        if len(found) == 1:
            tag, v = next(iter(found.items()))
            if tag[:1] == "$":
                make = _MAKE.get(tag)
                if make:
                    return make(v)
                if special:
                    return special(tag, v)
                raise ValueError(f"unknown tag {tag}")
        return found

    return json.loads(text, object_hook=untag, parse_constant=_constant)


def find(name: str) -> Any:
    """What `module:qualname` names."""
    module, _, qualname = name.partition(":")
    found = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


def _constant(text: str) -> Any:
    raise ValueError(f"not JSON: {text}")


def _make_moment(c: Any) -> Callable[[Any], Any]:
    def make(v: Any) -> Any:
        if isinstance(v, str):
            return c.fromisoformat(v)
        text, fold, zone = v
        if isinstance(zone, str):
            from zoneinfo import ZoneInfo

            zone = ZoneInfo(zone)
        elif zone is not None:
            zone = timezone(timedelta(*zone[:3]), zone[3])
        return c.fromisoformat(text).replace(tzinfo=zone, fold=fold)

    return make


def _make_enum(v: Any) -> Any:
    c, member = find(v[0]), v[1]
    return c.__members__[member] if isinstance(member, str) else c(member[0])


def _make_dataclass(v: Any) -> Any:
    c = find(v[0])
    made = object.__new__(c)
    slots = _members(c)
    for name, item in v[1].items():
        if name in slots:
            slots[name].__set__(made, item)
        else:
            made.__dict__[name] = item
    return made


_MAKE: Dict[str, Any] = {
    "$tuple": tuple,
    "$set": set,
    "$frozenset": frozenset,
    "$dict": dict,
    "$bytes": binascii.a2b_base64,
    "$float": float,
    "$complex": lambda v: complex(*v),
    "$decimal": Decimal,
    "$uuid": UUID,
    "$date": date.fromisoformat,
    "$datetime": _make_moment(datetime),
    "$time": _make_moment(time),
    "$timedelta": lambda v: timedelta(*v),
    "$enum": _make_enum,
    "$namedtuple": lambda v: tuple.__new__(find(v[0]), v[1]),
    "$dataclass": _make_dataclass,
}
