"""Type descriptors: the compiler writes them, the runner reads them; no annotation is ever evaluated in a container.

A descriptor is a string (an atom) or a tuple `(head, *arguments)`; in JSON the tuple is a list.

    any json none bool int float str bytes path datetime date time timedelta decimal uuid complex
    ("list", T)  ("set", T)  ("frozenset", T)  ("dict", K, V)  ("tuple", A, B, …)  ("tuple*", T)
    ("union", A, B, …)  ("literal", constant, …)
    ("class", "module:qualname", *traits)   # a dataclass, NamedTuple or Enum; traits: "path", "any" when a field holds such

`any` stands for no annotation, for `Any` and `object`, and for every class that is not listed: its values travel as artifacts.
`json` stands for whatever the codec takes: a bare `list` is ("list", "json"), a bare `dict` ("dict", "json", "json").
"""

from __future__ import annotations

from typing import Any, Tuple, Union

Type = Union[str, Tuple[Any, ...]]
"""A descriptor; nested descriptors are inside the tuple."""


def from_json(value: Any) -> Type:
    """The descriptor that `json.loads` gave, with tuples again."""
    if isinstance(value, list):
        if value and value[0] == "literal":
            return ("literal", *value[1:])
        return tuple(from_json(v) if isinstance(v, list) else v for v in value)
    return str(value)


def format_of(t: Type) -> str:
    """How an output of this type travels: `json` (a parameter), or as an artifact `bytes`, `path` or `auto`."""
    if t == "bytes":
        return "bytes"
    if contains(t, "path"):
        return "path"
    return "auto" if contains(t, "any") else "json"


def contains(t: Type, atom: str) -> bool:
    """Whether the atom stands anywhere in the descriptor."""
    if isinstance(t, str):
        return t == atom
    if t[0] == "literal":
        return False
    if t[0] == "class":
        return atom in t[2:]
    return any(contains(a, atom) for a in t[1:])


def show(t: Type) -> str:
    """The descriptor as a person writes the annotation."""
    if isinstance(t, str):
        names = {"any": "Any", "json": "Any", "none": "None", "path": "Path", "decimal": "Decimal", "uuid": "UUID"}
        return names.get(t, t)
    head, args = t[0], t[1:]
    if head == "union":
        return " | ".join(show(a) for a in args)
    if head == "literal":
        return "Literal[" + ", ".join(repr(a) for a in args) + "]"
    if head == "class":
        return str(args[0]).split(":")[-1]
    if head == "tuple*":
        return "tuple[" + show(args[0]) + ", ...]"
    return str(head) + "[" + (", ".join(show(a) for a in args) or "()") + "]"
