"""Static types of pure expressions: operand types go in, the result's type comes out. `any` is never wrong, only less exact."""

from __future__ import annotations

from typing import Any

from wye.runtime.types import Type, contains

NUMBERS = ("bool", "int", "float")
SCALARS = frozenset({"none", "bool", "int", "float", "str", "bytes", "complex"})

ITERATORS = frozenset({"enumerate", "zip", "map", "filter", "reversed", "iter"})
"""Builtins whose value can be read once: only where it is consumed at once."""

CONSUMERS = frozenset(
    {"list", "tuple", "set", "frozenset", "dict", "sorted", "sum", "min", "max", "any", "all", "enumerate", "zip", "map", "filter"}
)

_BUILTINS: dict[str, Type | None] = {
    "abs": None, "all": "bool", "any": "bool", "ascii": "str", "bin": "str", "bool": "bool", "bytes": "bytes", "chr": "str",
    "complex": "complex", "dict": ("dict", "json", "json"), "divmod": None, "enumerate": None, "filter": None, "float": "float",
    "format": "str", "frozenset": ("frozenset", "json"), "hex": "str", "int": "int", "len": "int", "list": ("list", "json"), "map": None,
    "max": None, "min": None, "oct": "str", "ord": "int", "pow": None, "range": None, "repr": "str", "reversed": None,
    "round": None, "set": ("set", "json"), "sorted": ("list", "json"), "str": "str", "sum": None,
    "tuple": ("tuple*", "json"), "zip": None,
}  # fmt: skip
BUILTINS = frozenset(_BUILTINS)

_STR: dict[str, Type | None] = {
    **dict.fromkeys(
        "capitalize casefold center expandtabs format join ljust lower lstrip removeprefix removesuffix replace rjust rstrip strip "
        "swapcase title upper zfill translate".split(), "str"),
    **dict.fromkeys(
        "endswith isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isspace istitle isupper startswith".split(),
        "bool"),
    **dict.fromkeys("count find index rfind rindex".split(), "int"),
    "encode": "bytes", "split": ("list", "str"), "rsplit": ("list", "str"), "splitlines": ("list", "str"),
    "partition": ("tuple", "str", "str", "str"), "rpartition": ("tuple", "str", "str", "str"),
}  # fmt: skip
METHODS: dict[str, dict[str, Type | None]] = {
    "str": _STR,
    "list": {"index": "int", "count": "int", "copy": None},
    "tuple": {"index": "int", "count": "int"},
    "dict": {"get": None, "keys": None, "values": None, "items": None, "copy": None},
}
MUTATORS = frozenset(
    "append extend insert remove pop clear sort reverse update setdefault popitem add discard appendleft popleft extendleft rotate "
    "difference_update intersection_update symmetric_difference_update subtract move_to_end".split()
)
"""Methods that change what they are called on."""

VIEWS = frozenset({"keys", "values", "items"})


def kind_of(t: Type) -> str | None:
    """str, list, dict or tuple when the static type is one of these."""
    if t == "str":
        return "str"
    if isinstance(t, tuple):
        return {"list": "list", "dict": "dict", "tuple": "tuple", "tuple*": "tuple", "set": "set", "frozenset": "set"}.get(t[0])
    return None


def vague(*types: Type) -> Type:
    """The type of something computed from these: JSON-like when they all are, else `any`."""
    return "any" if any(contains(t, "any") or contains(t, "path") for t in types) else "json"


def join(*types: Type) -> Type:
    """One of these. Lists of this and lists of that are lists of either."""
    flat: list[Type] = []
    for t in types:
        for part in t[1:] if isinstance(t, tuple) and t[0] == "union" else (t,):
            alike = next((i for i, f in enumerate(flat) if _container(part) and part[0] == f[0] and part != f), None)
            if alike is not None:
                flat[alike] = (part[0], *(join(a, b) for a, b in zip(flat[alike][1:], part[1:])))
            elif part not in flat:
                flat.append(part)
    if "any" in flat:
        return "any"
    if "json" in flat and not any(contains(t, "path") for t in flat):
        return "json"
    return flat[0] if len(flat) == 1 else ("union", *flat)


def _container(t: Type) -> bool:
    return isinstance(t, tuple) and t[0] in ("list", "set", "frozenset", "tuple*", "dict")


def binary(op: str, left: Type, right: Type) -> Type:
    if left in NUMBERS and right in NUMBERS:
        if op == "/":
            return "float"
        if op == "**":
            return "float" if "float" in (left, right) else "json"
        if op in ("&", "|", "^") and left == right == "bool":
            return "bool"
        return "float" if "float" in (left, right) else "int"
    if op == "+" and left == right and kind_of(left):
        return left
    if op == "+" and kind_of(left) == kind_of(right) == "list":
        assert isinstance(left, tuple)
        assert isinstance(right, tuple)
        return ("list", join(left[1], right[1]))
    if op == "%" and left == "str":
        return "str"
    if op == "*" and left in ("str", "bytes") and right == "int":
        return left
    if op == "*" and kind_of(left) == "list" and right == "int":
        return left
    if op in ("&", "|", "-", "^") and kind_of(left) == "set" and kind_of(right) == "set":
        return left
    return vague(left, right)


def unary(op: str, operand: Type) -> Type:
    if op == "not":
        return "bool"
    if operand == "bool":
        return "int"
    return operand if operand in NUMBERS else vague(operand)


def compare(ops: list[str], operands: list[Type]) -> Type:
    plain = all(op in ("is", "is not", "in", "not in") for op in ops) or not any(contains(t, "any") for t in operands)
    return "bool" if plain else "any"


def index(value: Type, key: Any, sliced: bool) -> Type:
    """The type of `value[key]`; `key` is the constant index of a tuple, or None."""
    if value in ("str", "json"):
        return value
    if value == "bytes":
        return "bytes" if sliced else "int"
    if isinstance(value, tuple):
        head, args = value[0], value[1:]
        if head == "list" or head == "tuple*":
            return value if sliced else args[0]
        if head == "dict":
            return args[1]  # type: ignore[no-any-return]
        if head == "tuple":
            if not sliced and isinstance(key, int) and -len(args) <= key < len(args):
                return args[key]  # type: ignore[no-any-return]
            return ("tuple*", join(*args)) if sliced and args else vague(*args)
        if head == "union":
            return vague(*args)
    return "any"


def element(value: Type) -> Type:
    """The type of an item when a value is iterated over."""
    if isinstance(value, tuple):
        if value[0] in ("list", "set", "frozenset", "tuple*", "dict"):
            return value[1]  # type: ignore[no-any-return]
        if value[0] == "tuple" and len(value) > 1:
            return join(*value[1:])
        if value[0] == "union":
            return join(*map(element, value[1:]))
    return value if value in ("str", "json") else "int" if value == "bytes" else "any"


def builtin(name: str, args: list[Type]) -> Type:
    known = _BUILTINS[name]
    first: Type = args[0] if args else "none"
    if name in ("list", "sorted", "tuple", "set", "frozenset") and args:
        head = {"sorted": "list", "tuple": "tuple*"}.get(name, name)
        return (head, element(first))
    if name == "abs" or (name == "round" and len(args) == 2):
        return unary("-", first)
    if name == "round" and first in NUMBERS:
        return "int"
    if name == "sum" and len(args) == 1:
        item = element(first)
        return item if item in ("int", "float") else "int" if item == "bool" else vague(item)
    if name in ("min", "max"):
        return element(first) if len(args) == 1 else join(*args)
    if name == "range":
        return ("list", "int")
    if name == "enumerate":
        return ("list", ("tuple", "int", element(first)))
    if name == "zip":
        return ("list", ("tuple", *(element(a) for a in args)))
    if name in ("reversed", "filter"):
        return ("list", element(args[-1] if args else "any"))
    if name == "dict" and args:
        return vague(*args) if vague(*args) == "any" else ("dict", "json", "json")
    return known if known is not None else vague(*args)


def method(receiver: Type, name: str, args: list[Type]) -> Type:
    kind = kind_of(receiver)
    assert kind
    known = METHODS[kind][name]
    if known is not None:
        return known
    if name == "copy":
        return receiver
    assert isinstance(receiver, tuple)
    if name == "get":
        return join(receiver[2], args[1] if len(args) > 1 else "none")
    if name == "items":
        return ("list", ("tuple", receiver[1], receiver[2]))
    return ("list", receiver[1] if name == "keys" else receiver[2])


def value_type(value: Any) -> Type:
    """The static type of a folded constant."""
    match value:
        case None:
            return "none"
        case bool() | int() | float() | str() | bytes() | complex():
            return type(value).__name__
        case list() | set() | frozenset():
            return (type(value).__name__, join(*map(value_type, value)) if value else "json")
        case tuple():
            return ("tuple", *map(value_type, value))
        case dict():
            return ("dict", join(*map(value_type, value)), join(*map(value_type, value.values()))) if value else ("dict", "json", "json")
    return "any"


def mismatch(given: Type, wanted: Type) -> bool:
    """Whether a value of the given static type can never be accepted: definite mismatches between builtin JSON types only."""
    if wanted in ("any", "json") or given in ("any", "json"):
        return False
    if isinstance(given, tuple) and given[0] == "union":
        return all(mismatch(g, wanted) for g in given[1:])
    if isinstance(wanted, tuple) and wanted[0] == "union":
        return all(mismatch(given, w) for w in wanted[1:])
    a, b = _json_kind(given), _json_kind(wanted)
    if a is None or b is None:
        return False
    if a == "int" and b == "float":
        return False
    if a != b:
        return True
    if a == "list" and isinstance(given, tuple) and isinstance(wanted, tuple):
        return False  # an empty list fits every item type
    return False


def _json_kind(t: Type) -> str | None:
    if isinstance(t, str):
        return t if t in ("none", "bool", "int", "float", "str") else None
    return t[0] if t[0] in ("list", "dict") else None
