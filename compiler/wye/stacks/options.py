"""A target's options class and what a stack and a source say in, the options out: typed, with each problem at its place."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from wye.diagnostics import Diagnostics, Span
from wye.diagnostics.suggest import did_you_mean
from wye.stacks.tables import key_of


@dataclass(frozen=True, slots=True)
class Setting:
    """One `key = value`, and where it stands."""

    key: str
    value: Any
    key_span: Span
    value_span: Span


def make_options(target: str, kind: type, settings: Iterable[Setting]) -> Any:
    """An instance of the target's options class; of two settings with one key the later wins. Raises `CompileFailed`."""
    problems = Diagnostics()
    made = _make(_Kind(f"the target `{target}` has no option", f"options of {target}", "WYE5006", target), kind, settings, problems)
    problems.check()
    return made


def make_table(name: str, kind: type, settings: Iterable[Setting], problems: Diagnostics) -> Any:
    """An instance of the class of `[name]`, in the same way; the class itself when there are problems."""
    return _make(_Kind(f"`[{name}]` has no key", f"keys of [{name}]", "WYE5002", None), kind, settings, problems)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is made, for people."""

    unknown: str
    keys: str
    code: str
    target: str | None


def _make(what: _Kind, kind: type, settings: Iterable[Setting], problems: Diagnostics) -> Any:
    hints = get_type_hints(kind)
    known = {key_of(f): f.name for f in fields(kind) if f.init}
    chosen: dict[str, Any] = {}
    given: dict[str, Setting] = {}
    failed = False
    for setting in settings:
        key = setting.key
        if key not in known:
            help = did_you_mean(key, known, what.keys)
            problems.error(what.code, f"{what.unknown} `{key}`", setting.key_span, help=help, target=what.target)
            failed = True
            continue
        name = known[key]
        try:
            chosen[name] = _fit(setting.value, hints[name])
            given[name] = setting
        except TypeError:
            message = f"`{key}` must be {_show(hints[name])}, not {_shown(setting.value)}"
            problems.error("WYE5007", message, setting.value_span, target=what.target)
            failed = True
    return kind() if failed else _build(what, kind, chosen, given, problems)


def _build(what: _Kind, kind: type, chosen: dict[str, Any], given: dict[str, Setting], problems: Diagnostics) -> Any:
    """The class checks what types cannot say: it raises a ValueError, whose `field` names the option and `help` the remedy."""
    try:
        return kind(**chosen)
    except ValueError as error:
        if not given:
            raise
        setting = given.get(getattr(error, "field", ""), list(given.values())[-1])
        problems.error("WYE5008", str(error), setting.value_span, help=getattr(error, "help", None), target=what.target)
        return kind()


def _fit(value: Any, hint: Any) -> Any:
    """The value as the type; raises TypeError when it is not of it. Lists become tuples where the type says so."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        for arg in args:
            try:
                return _fit(value, arg)
            except TypeError:
                pass
        raise TypeError
    if origin is Literal:
        if any(value == a and type(value) is type(a) for a in args):
            return value
    elif hint is Any:
        return value
    elif origin in (list, tuple) and isinstance(value, (list, tuple)):
        return origin(_fit(v, args[0]) for v in value)
    elif origin in (dict, Mapping) and isinstance(value, dict):
        return {_fit(k, args[0]): _fit(v, args[1]) for k, v in value.items()}
    elif hint is float and type(value) is int:
        return float(value)
    elif isinstance(hint, type) and origin is None and (type(value) is hint):
        return value
    raise TypeError


_NAMES = {str: "a string", int: "an integer", bool: "true or false", float: "a number", type(None): "None"}


def _show(hint: Any) -> str:
    """The type as a sentence: "a list of strings"."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(_show(a) for a in args if a is not type(None))
    if origin is Literal:
        return "one of " + ", ".join(f'"{a}"' if isinstance(a, str) else repr(a) for a in args)
    if origin in (list, tuple):
        return f"a list of {_plural(args[0])}"
    if origin in (dict, Mapping):
        return f"a table of {_plural(args[1])}"
    return _NAMES.get(hint, getattr(hint, "__name__", str(hint)))


def _plural(hint: Any) -> str:
    return {str: "strings", int: "integers", float: "numbers", bool: "booleans"}.get(hint, "values")


def _shown(value: Any) -> str:
    """What was given, for people: short values as they stand."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 40 else _NAMES.get(type(value), type(value).__name__)
