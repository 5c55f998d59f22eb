"""`@dataclass(frozen=True)` for the SDK's settings: a class in, the class with its methods out, and no import.

The standard library's own takes longer to import than all of the SDK. What is made here is a dataclass to it all the same:
`dataclasses.fields`, `asdict` and `replace` find the fields when they ask for them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Fresh:
    """A default that every instance gets anew."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def field(*, default_factory: Callable[[], Any]) -> Any:
    return _Fresh(default_factory)


def dataclass(*, frozen: bool) -> Callable[[type], type]:
    assert frozen
    return _frozen


class _Fields:
    """`__dataclass_fields__`, made when somebody looks."""

    def __init__(self, annotations: dict[str, Any], defaults: dict[str, Any]) -> None:
        self.annotations, self.defaults = annotations, defaults

    def __get__(self, instance: object, owner: type) -> dict[str, Any]:
        import dataclasses

        fields: list[tuple[str, Any, Any]] = []
        for name, annotation in self.annotations.items():
            default = self.defaults.get(name, dataclasses.MISSING)
            if isinstance(default, _Fresh):
                fields.append((name, annotation, dataclasses.field(default_factory=default.make)))
            else:
                fields.append((name, annotation, dataclasses.field(default=default)))
        made: dict[str, Any] = dataclasses.make_dataclass(owner.__name__, fields).__dict__["__dataclass_fields__"]
        return made


def _frozen(c: Any) -> Any:
    names = tuple(c.__annotations__)
    defaults = {n: vars(c)[n] for n in names if n in vars(c)}
    parameters = ", ".join(f"{n}=defaults[{n!r}]" if n in defaults else n for n in names)
    values = ", ".join(f"{n!r}: {n}.make() if type({n}) is Fresh else {n}" for n in names)
    after = "self.__post_init__()" if hasattr(c, "__post_init__") else "pass"
    scope = {"defaults": defaults, "Fresh": _Fresh}
    exec(f"def __init__(self, {parameters}):\n    self.__dict__.update({{{values}}})\n    {after}", scope)

    def eq(self: Any, other: Any) -> Any:
        return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented

    def hash_(self: Any) -> int:
        return hash(tuple(self.__dict__[n] for n in names))

    def repr_(self: Any) -> str:
        return f"{c.__qualname__}({', '.join(f'{n}={self.__dict__[n]!r}' for n in names)})"

    def frozen(self: Any, name: str, value: Any = None) -> None:
        raise AttributeError(f"{c.__qualname__} is frozen: its {name!r} cannot be changed")

    methods = {"__init__": scope["__init__"], "__eq__": eq, "__hash__": hash_, "__repr__": repr_, "__setattr__": frozen}
    for name, method in methods.items():
        method.__name__, method.__qualname__ = name, f"{c.__qualname__}.{name}"  # type: ignore[attr-defined]
        setattr(c, name, method)
    c.__delattr__ = frozen
    for name, default in defaults.items():
        if isinstance(default, _Fresh):
            delattr(c, name)
    c.__dataclass_fields__ = _Fields(dict(c.__annotations__), defaults)
    return c
