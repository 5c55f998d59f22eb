"""The classes that the file is read by in, a JSON Schema (draft 2020-12) of `wye.toml` for editors out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin

from wye.stacks.tables import TABLES, Shared, key_of
from wye.stacks.typed import SCALARS, hints_of, is_table, plain

Json = dict[str, Any]
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema(options: Mapping[str, type]) -> Json:
    """`options`: the options class of each target."""
    stacks = {f"stack-{name}": _stack(kind, {"const": name}) for name, kind in sorted(options.items())}
    choices = [_when(name, f"stack-{name}") for name in sorted(options)]
    whole = _any_target(options)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "wye.toml",
        "description": "Stacks of Wye: where pipelines run, and with what.",
        "type": "object",
        "properties": {
            **_tables(),
            "stacks": {"type": "object", "additionalProperties": {"$ref": "#/$defs/stack"}, "description": "Stacks by name."},
        },
        "additionalProperties": False,
        "$defs": {
            **{name: _record(kind) for name, kind in TABLES.items()},
            "stack": {
                "type": "object",
                "properties": {"target": {"enum": sorted(options), "description": "The target that the stack compiles for."}},
                "allOf": [*choices, {"if": {"not": {"required": ["target"]}}, "then": {"$ref": "#/$defs/stack-to-extend"}}],
            },
            "stack-to-extend": whole,
            **stacks,
        },
    }


def _when(target: str, definition: str) -> Json:
    return {
        "if": {"properties": {"target": {"const": target}}, "required": ["target"]},
        "then": {"$ref": f"#/$defs/{definition}"},
    }


def _tables() -> Json:
    return {name: {"$ref": f"#/$defs/{name}"} for name in TABLES}


def _common() -> Json:
    return {
        "extends": {"type": "string", "description": "The stack whose values hold where this one says nothing."},
        **_record(Shared)["properties"],
        **_tables(),
    }


def _stack(kind: type, target: Json) -> Json:
    return {
        "type": "object",
        "description": _description(kind),
        "properties": {"target": target, **_common(), **_record(kind)["properties"]},
        "additionalProperties": False,
    }


def _any_target(options: Mapping[str, type]) -> Json:
    """A stack that names no target has what it is extended for: any target's options."""
    found: dict[str, list[Json]] = {}
    for kind in options.values():
        for key, form in _record(kind)["properties"].items():
            if form not in found.setdefault(key, []):
                found[key].append(form)
    merged = {key: forms[0] if len(forms) == 1 else {"anyOf": forms} for key, forms in sorted(found.items())}
    return {"type": "object", "properties": {**_common(), **merged}, "additionalProperties": False}


def _record(kind: Any) -> Json:
    hints = hints_of(kind)
    properties = {key_of(f): {**_type(hints[f.name]), **_default(f)} for f in fields(kind)}
    return {"type": "object", "description": _description(kind), "properties": properties, "additionalProperties": False}


def _description(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split())


def _default(field: Field[Any]) -> Json:
    """What holds when nothing is said, where that is a value of its own."""
    value = field.default
    if value is MISSING or value is None or value == ():
        return {}
    return {"default": value}


def _type(hint: Any) -> Json:
    hint = plain(hint)
    origin, args = get_origin(hint), get_args(hint)
    if hint in SCALARS or origin is Literal:
        form: Json = {"enum": list(args)} if origin is Literal else {"type": _TYPES[hint]}
        return {"anyOf": [form, _environment(form)]}
    if is_dataclass(hint):
        return _record(hint)
    if is_table(hint):
        return {"type": "object", "additionalProperties": _type(args[1])}
    if origin in (list, tuple):
        return {"type": "array", "items": _type(args[0])}
    return {}


def _environment(form: Json) -> Json:
    return {
        "type": "object",
        "description": "From a variable of the environment, when the pipeline is compiled.",
        "properties": {"env": {"type": "string", "minLength": 1}, "default": form},
        "required": ["env"],
        "additionalProperties": False,
    }
