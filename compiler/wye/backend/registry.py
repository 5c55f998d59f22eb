"""The name of a target in, the target out: every installed package may offer targets by the entry point `wye.targets`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from wye.backend.remote import CannotRun, Launch, Ran
from wye.backend.target import Target
from wye.diagnostics.suggest import did_you_mean

GROUP = "wye.targets"


class UnknownTarget(Exception):
    """No installed package offers this target; `help` says which there are."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown target `{name}`")
        self.name = name
        self.help = did_you_mean(name, names(), "targets")


class BrokenTarget(Exception):
    """A package offers this target, but it cannot be used; the message is one line."""


@cache
def _found() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        first = found.setdefault(point.name, point)
        if first.value != point.value:
            raise BrokenTarget(f"two packages offer the target `{point.name}`: {first.value} and {point.value}")
    return found


def names() -> tuple[str, ...]:
    """The installed targets, sorted."""
    return tuple(_found())


@cache
def load(name: str) -> Target:
    """The target of that name. Raises `UnknownTarget` or `BrokenTarget`."""
    point = _found().get(name)
    if point is None:
        raise UnknownTarget(name)
    try:
        found = point.load()
        target = found() if isinstance(found, type) else found
        target.options()  # every option has a default: a target works without a stack
    except Exception as error:
        raise BrokenTarget(f"target `{name}` ({point.value}) cannot be loaded: {type(error).__name__}: {error}") from error
    missing = [a for a in ("name", "options", "capabilities", "lower", "emit") if not hasattr(target, a)]
    if missing or target.name != name:
        fault = f"has no `{missing[0]}`" if missing else f"calls itself `{target.name}`"
        raise BrokenTarget(f"target `{name}` ({point.value}) {fault}")
    return cast(Target, target)


def runner(name: str) -> Callable[[Launch], Ran]:
    """How the target runs its own artifact. Raises `CannotRun` when it cannot; otherwise as `load`."""
    run = getattr(load(name), "run", None)
    if run is None:
        able = [n for n in names() if hasattr(load(n), "run")]
        raise CannotRun(f"`wye run` cannot start a run on {name}", f"it can on: {', '.join(able)}; without --on it runs here")
    return cast(Callable[[Launch], Ran], run)
