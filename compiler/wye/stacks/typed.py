"""Values as written and a type in, a tree of typed values out, each with its place and its origin; what does not fit is a problem there.

The types are those of the dataclasses that hold settings: scalars, `Literal`, lists, tables, dataclasses in dataclasses, `X | None`.
Where a scalar stands, `{env = "NAME", default = …}` may stand too: the one way in which a value comes from the environment.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from wye.diagnostics import Diagnostics
from wye.diagnostics.suggest import did_you_mean
from wye.stacks.tables import key_of
from wye.stacks.toml import Key, Place

SCALARS = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Setting:
    """One `key = value` as somebody wrote it. `origin` says who, for people; `place` where each part of the value stands, by its way;
    `environ` where marked values come from: None where there are none."""

    key: str
    value: Any
    origin: str
    place: Callable[[Key], Place]
    environ: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that is not taken apart further, and the variables of the environment that it was made of."""

    value: Any
    place: Place
    origin: str
    variables: tuple[str, ...] = ()


Tree: TypeAlias = "dict[str, Tree] | Leaf"
"""A dataclass or a table by key, else a leaf."""


class Misfit(Exception):
    """The value is reported; there is nothing to use."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is read, for people: "the target `x` has no option", "options of x", and the code of an unknown key."""

    unknown: str
    keys: str
    code: str
    target: str | None = None


class Reader:
    """Fits what was written to types."""

    def __init__(self, words: Words, problems: Diagnostics) -> None:
        self.words, self.problems = words, problems

    def tree(self, setting: Setting, hint: Any) -> Tree:
        """Raises `Misfit` when the value is not of the type."""
        return self._tree(setting.value, hint, (), setting, setting.key)

    def _tree(self, value: Any, hint: Any, at: Key, setting: Setting, name: str) -> Tree:
        hint = plain(hint)
        if is_dataclass(hint) and isinstance(value, dict):
            return self._record(value, hint, at, setting, name)
        if is_table(hint) and isinstance(value, dict) and all(isinstance(k, str) for k in value):
            inner = get_args(hint)[1]
            return self._each({k: (k, v, inner) for k, v in value.items()}, at, setting, name)
        variables: list[str] = []
        made = self._value(value, hint, at, setting, name, variables)
        return Leaf(made, setting.place(at), setting.origin, tuple(variables))

    def _record(self, value: dict[str, Any], kind: Any, at: Key, setting: Setting, name: str) -> Tree:
        hints = hints_of(kind)
        known = {key_of(f): f.name for f in fields(kind)}
        for key in value.keys() - known.keys():
            help = did_you_mean(str(key), known, f"keys of `{name}`")
            self._problem(self.words.code, f"`{name}` has no key `{key}`", setting.place((*at, key)).key, help)
        found = self._each({known[k]: (k, v, hints[known[k]]) for k, v in value.items() if k in known}, at, setting, name)
        if value.keys() - known.keys():
            raise Misfit
        return found

    def _each(self, parts: dict[str, tuple[str, Any, Any]], at: Key, setting: Setting, name: str) -> Tree:
        """Each key with its value and type: all of them, so that all their problems are found."""
        found: dict[str, Tree] = {}
        failed = False
        for field, (key, value, hint) in parts.items():
            try:
                found[field] = self._tree(value, hint, (*at, key), setting, f"{name}.{key}")
            except Misfit:
                failed = True
        if failed:
            raise Misfit
        return found

    def _value(self, value: Any, hint: Any, at: Key, setting: Setting, name: str, variables: list[str]) -> Any:
        origin, args = get_origin(hint), get_args(hint)
        if isinstance(value, dict) and "env" in value and setting.environ is not None and (hint in SCALARS or origin is Literal):
            return self._from_environment(value, hint, at, setting, name, variables)
        if origin in (list, tuple) and isinstance(value, (list, tuple)):
            return origin(self._value(v, plain(args[0]), (*at, n), setting, name, variables) for n, v in enumerate(value))
        if is_dataclass(hint) and isinstance(value, dict):  # in a list
            try:
                return build(self._record(value, hint, at, setting, name), hint)
            except ValueError as error:
                self._problem("WYE5008", str(error), setting.place(at).value, getattr(error, "help", None))
                raise Misfit from None
        try:
            return scalar(value, hint)
        except TypeError:
            message = f"`{name}` must be {show(hint)}, not {shown(value)}"
            self._problem("WYE5007", message, setting.place(at).value, None)
            raise Misfit from None

    def _from_environment(self, value: dict[str, Any], hint: Any, at: Key, setting: Setting, name: str, variables: list[str]) -> Any:
        place = setting.place(at).value
        for key in value.keys() - {"env", "default"}:
            help = did_you_mean(key, ("env", "default"), "keys")
            self._problem("WYE5002", f"a value from the environment has no key `{key}`", setting.place((*at, key)).key, help)
            raise Misfit
        variable = value["env"]
        if not isinstance(variable, str) or not variable or "=" in variable or not variable.isprintable():
            self._problem("WYE5009", f"not a name of an environment variable: {shown(variable)}", place, None)
            raise Misfit
        assert setting.environ is not None
        if variable not in setting.environ:
            if "default" not in value:
                help = f'set {variable}, or write {{env = "{variable}", default = …}}'
                self._problem("WYE5009", f"the environment variable {variable} is not set, which `{name}` is taken from", place, help)
                raise Misfit
            made = self._value(value["default"], hint, (*at, "default"), setting, name, variables)
        else:
            made = self._parsed(setting.environ[variable], hint, variable, name, place)
        variables.append(variable)
        return made

    def _parsed(self, text: str, hint: Any, variable: str, name: str, place: Any) -> Any:
        """The text of a variable as the type: `true`, `3`, `0.5`; a string as it is."""
        try:
            if get_origin(hint) is Literal:
                return next(a for a in get_args(hint) if str(a) == text)
            if hint is bool:
                return {"true": True, "false": False}[text]
            if not text.isascii() and hint is not str:
                raise ValueError(text)
            return scalar(hint(text), Any) if hint is float else hint(text)
        except (ValueError, TypeError, KeyError, StopIteration):
            self._problem("WYE5009", f"`{name}` must be {show(hint)}, which {variable} does not hold: {shown(text)}", place, None)
            raise Misfit from None

    def _problem(self, code: str, message: str, span: Any, help: str | None) -> None:
        self.problems.error(code, message, span, help=help, target=self.words.target)


# --- trees --------------------------------------------------------------------------------------------------------------------------


def merge(base: Tree | None, over: Tree) -> Tree:
    """Two trees of one type: tables are joined by key, everything else is replaced by what goes before."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return {**base, **{k: merge(base.get(k), v) for k, v in over.items()}}


def build(tree: Tree, hint: Any) -> Any:
    """The value of a tree; classes check what types cannot say and raise ValueError."""
    if isinstance(tree, Leaf):
        return tree.value
    hint = plain(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = hints_of(hint)
        return hint(**{name: build(inner, hints[name]) for name, inner in tree.items()})
    return {k: build(v, get_args(hint)[1]) for k, v in tree.items()}


# --- types --------------------------------------------------------------------------------------------------------------------------


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields, evaluated from their text once for each class."""
    return get_type_hints(kind)


def plain(hint: Any) -> Any:
    """`X` of `X | None`: a file has no None, it leaves the key out."""
    if get_origin(hint) in (Union, types.UnionType):
        args = [a for a in get_args(hint) if a is not type(None)]
        if len(args) == 1:
            return args[0]
    return hint


def is_table(hint: Any) -> bool:
    return get_origin(hint) in (dict, Mapping)


def scalar(value: Any, hint: Any) -> Any:
    """The value as the type; raises TypeError when it is not of it."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        for arg in args:
            try:
                return scalar(value, arg)
            except TypeError:
                pass
        raise TypeError
    if origin is Literal:
        if any(value == a and type(value) is type(a) for a in args):
            return value
    elif hint is Any:
        if _json(value):
            return value
    elif hint is float and type(value) is int:
        return float(value)
    elif isinstance(hint, type) and origin is None and type(value) is hint:
        return value
    raise TypeError


def _json(value: Any) -> bool:
    """Whether it is what every platform can write down."""
    if isinstance(value, dict):
        return all(isinstance(k, str) and _json(v) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_json, value))
    return value is None or type(value) in (str, int, bool) or (type(value) is float and math.isfinite(value))


_NAMES = {Any: "a JSON value", str: "a string", int: "an integer", bool: "true or false", float: "a number", type(None): "None"}


def show(hint: Any) -> str:
    """The type as a sentence: "a list of strings"."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(show(a) for a in args if a is not type(None))
    if origin is Literal:
        return "one of " + ", ".join(f'"{a}"' if isinstance(a, str) else repr(a) for a in args)
    if origin in (list, tuple):
        return f"a list of {_plural(args[0])}"
    if origin in (dict, Mapping):
        return f"a table of {_plural(args[1])}"
    if is_dataclass(hint):
        return "a table"
    return _NAMES.get(hint, getattr(hint, "__name__", str(hint)))


def _plural(hint: Any) -> str:
    words = {str: "strings", int: "integers", float: "numbers", bool: "booleans"}
    return "tables" if is_dataclass(hint) else words.get(hint, "values")


def shown(value: Any) -> str:
    """What was given, for people: short values as they stand."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 40 else _NAMES.get(type(value), type(value).__name__)
