"""A function's real annotations in, type descriptors out: what the compiler reads from the same source without running it.

An annotation that cannot be evaluated here (a module that is imported under `TYPE_CHECKING`, say) is `any`, as a class is that Wye
does not know.
"""

from __future__ import annotations

import ast
import builtins
import dataclasses
import datetime
import decimal
import enum
import importlib
import inspect
import pathlib
import sys
import sysconfig
import types
import typing
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from wye.runtime.shim import Context, Failure, Uri
from wye.runtime.types import Type, contains

_ATOMS: dict[Any, Type] = {
    None: "none", types.NoneType: "none", bool: "bool", int: "int", float: "float", str: "str", bytes: "bytes", complex: "complex",
    pathlib.Path: "path", pathlib.PurePath: "path", pathlib.PosixPath: "path",
    datetime.datetime: "datetime", datetime.date: "date", datetime.time: "time", datetime.timedelta: "timedelta",
    decimal.Decimal: "decimal", uuid.UUID: "uuid", Uri: "str",
    Context: ("class", "wye:Context"), Failure: ("class", "wye:Failure"),
    list: ("list", "json"), dict: ("dict", "json", "json"), set: ("set", "json"), frozenset: ("frozenset", "json"),
    tuple: ("tuple*", "json"),
}  # fmt: skip
_GENERIC = {list: 1, set: 1, frozenset: 1, dict: 2}
_WRAPPERS = tuple(getattr(typing, n) for n in ("Final", "ClassVar", "Required", "NotRequired", "ReadOnly") if hasattr(typing, n))


@dataclass(frozen=True, slots=True)
class Described:
    """A function as the compiler sees it. `result` says how the value is rebuilt from the ports: `one`, `tuple`, or `class` (`kind`)."""

    signature: inspect.Signature
    parameters: Mapping[str, Type]
    type: Type
    ports: tuple[tuple[str, Type], ...]
    result: str
    kind: Any


@cache
def describe_function(function: Callable[..., Any]) -> Described:
    """Signature, parameter types and outputs of a step's or a pipeline's function."""
    inner = inspect.unwrap(function)
    names = _Names(sys.modules.get(inner.__module__), inner.__globals__)
    written = _annotations(inner)
    signature = inspect.signature(function)
    parameters = {name: describe(written.get(name, Any), names) for name in signature.parameters}
    returned = _evaluate(written.get("return", Any), names)
    ports, result, kind = _ports(returned, names)
    return Described(signature, parameters, describe(returned, names), ports, result, kind)


def describe(annotation: Any, names: Mapping[str, Any], inside: tuple[type, ...] = ()) -> Type:
    """The descriptor of an annotation. `inside` are the classes whose fields are being read: a class inside itself is `any`."""
    annotation = _evaluate(annotation, names)
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is None:
        return _plain(annotation, names, inside)
    if origin in _ATOMS and not hasattr(annotation, "__args__"):
        return _ATOMS[origin]  # a bare `typing.List`
    if origin is typing.Annotated or origin in _WRAPPERS:
        return describe(args[0], names, inside)
    if origin is typing.Union or origin is types.UnionType:
        return _union(describe(a, names, inside) for a in args)
    if origin is typing.Literal:
        return ("literal", *args) if all(a is None or type(a) in (str, int, bool) for a in args) else "any"
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            return ("tuple*", describe(args[0], names, inside))
        return ("tuple", *(describe(a, names, inside) for a in args))
    if _GENERIC.get(origin) == len(args):
        return (origin.__name__, *(describe(a, names, inside) for a in args))
    return "any"


def _plain(annotation: Any, names: Mapping[str, Any], inside: tuple[type, ...]) -> Type:
    """An annotation without arguments."""
    try:
        if annotation in _ATOMS:
            return _ATOMS[annotation]
    except TypeError:
        return "any"
    if isinstance(annotation, typing.NewType):
        return describe(annotation.__supertype__, names, inside)
    if hasattr(typing, "TypeAliasType") and isinstance(annotation, typing.TypeAliasType):
        return describe(annotation.__value__, names, inside)
    if not isinstance(annotation, type) or annotation in inside or not _users(annotation):
        return "any"
    if typing.is_typeddict(annotation):
        return ("dict", "str", "json")
    name = f"{annotation.__module__}:{annotation.__qualname__}"
    if issubclass(annotation, enum.Enum):
        return ("class", name)
    if not _is_named_tuple(annotation) and "__dataclass_params__" not in vars(annotation):
        return "any"
    held = [t for _, t in _fields(annotation, (*inside, annotation))]
    return ("class", name, *(trait for trait in ("path", "any") if any(contains(t, trait) for t in held)))


def _is_named_tuple(c: Any) -> bool:
    return isinstance(c, type) and issubclass(c, tuple) and typing.NamedTuple in getattr(c, "__orig_bases__", ()) and "_fields" in vars(c)


def _fields(c: Any, inside: tuple[type, ...]) -> Iterator[tuple[str, Type]]:
    """The fields of a dataclass or NamedTuple; each annotation is read where its class stands."""
    fields = c._fields if issubclass(c, tuple) else [f.name for f in dataclasses.fields(c)]
    for name in fields:
        owner = next(k for k in c.__mro__ if name in _annotations(k))
        module = sys.modules.get(owner.__module__)
        yield name, describe(_annotations(owner)[name], _Names(module, vars(module) if module else {}), inside)


def _union(parts: Iterator[Type]) -> Type:
    flat: list[Type] = []
    for t in parts:
        flat += [p for p in (t[1:] if isinstance(t, tuple) and t[0] == "union" else (t,)) if p not in flat]
    if "any" in flat:
        return "any"
    return flat[0] if len(flat) == 1 else ("union", *flat)


def _ports(returned: Any, names: Mapping[str, Any]) -> tuple[tuple[tuple[str, Type], ...], str, Any]:
    """The outputs of a step, by its return annotation."""
    args = typing.get_args(returned)
    if typing.get_origin(returned) is tuple and args and Ellipsis not in args:
        return tuple((_name(a, names) or f"out{i}", describe(a, names)) for i, a in enumerate(args)), "tuple", tuple
    if _is_named_tuple(returned) and returned._fields and _users(returned):
        return tuple(_fields(returned, (returned,))), "class", returned
    return ((_name(returned, names) or "out", describe(returned, names)),), "one", object


def _name(annotation: Any, names: Mapping[str, Any]) -> str | None:
    annotation = _evaluate(annotation, names)
    return next((m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, str)), None)


@cache
def _users(c: type) -> bool:
    """Whether a class is the user's own, and can be named: not the standard library's, not an installed package's."""
    module = sys.modules.get(c.__module__)
    path = getattr(module, "__file__", None)
    if module is None or "<locals>" in c.__qualname__ or (path is None and c.__module__ != "__main__"):
        return False
    if path is None:
        return True
    installed = [pathlib.Path(sysconfig.get_path(n)).resolve() for n in ("stdlib", "platstdlib", "purelib", "platlib")]
    parents = pathlib.Path(path).resolve().parents
    return not any(p in parents for p in installed) and not any(p.name in ("site-packages", "dist-packages") for p in parents)


# --- evaluation -------------------------------------------------------------------------------------------------------------------


def _annotations(holder: Any) -> Mapping[str, Any]:
    """The annotations of a function or of a class itself, as text where they cannot be evaluated."""
    try:
        return inspect.get_annotations(holder)
    except NameError:  # from 3.14 on they are evaluated when they are asked for
        return inspect.get_annotations(holder, format=4)  # type: ignore[call-arg]  # annotationlib.Format.STRING


def _evaluate(annotation: Any, names: Mapping[str, Any]) -> Any:
    """What a written annotation stands for; `Any` when it cannot be evaluated."""
    for _ in range(40):
        text = annotation.__forward_arg__ if isinstance(annotation, typing.ForwardRef) else annotation
        if not isinstance(text, str):
            return annotation
        try:
            annotation = eval(text, {"__builtins__": {}}, names)
        except Exception:
            return Any
    return Any


class _Unknown:
    """What stands for a name that is not there: a part of an annotation can be `any` by itself."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, item: Any) -> Any:
        return self

    def __call__(self) -> None:
        """`typing` takes only what can be called for a type."""

    def __or__(self, other: Any) -> Any:
        return self

    __ror__ = __or__


class _Names(Mapping[str, Any]):
    """The names that an annotation of a module sees, with those that it imports for type checkers alone."""

    def __init__(self, module: Any, globals_: Mapping[str, Any]) -> None:
        self._module = module
        self._globals = globals_

    def __getitem__(self, name: str) -> Any:
        if name in self._globals:
            return self._globals[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        imports = _checker_imports(self._module) if self._module else {}
        if name in imports:
            try:
                module, member = imports[name]
                found = importlib.import_module(module)
                return getattr(found, member) if member else found
            except (ImportError, AttributeError):
                pass
        return _Unknown()

    def __iter__(self) -> Iterator[str]:
        return iter(self._globals)

    def __len__(self) -> int:
        return len(self._globals)


@cache
def _checker_imports(module: Any) -> dict[str, tuple[str, str]]:
    """What a module imports under `if TYPE_CHECKING:` from modules of the user's: name to (module, member)."""
    found: dict[str, tuple[str, str]] = {}
    try:
        source = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return found
    package = module.__package__ or ""
    for block in source.body:
        if not (isinstance(block, ast.If) and ast.unparse(block.test).split(".")[-1] == "TYPE_CHECKING"):
            continue
        for statement in block.body:
            if isinstance(statement, ast.Import):
                for name in statement.names:
                    top = name.name.split(".")[0]
                    found[name.asname or top] = (name.name if name.asname else top, "")
            elif isinstance(statement, ast.ImportFrom):
                above = package.split(".")[: len(package.split(".")) - statement.level + 1] if statement.level else []
                origin = ".".join([*above, *([statement.module] if statement.module else [])])
                found.update((a.asname or a.name, (origin, a.name)) for a in statement.names)
    return found
