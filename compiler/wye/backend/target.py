"""What a target is: tables of what the platform can do, one pure function to the platform's own tree, one to files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from wye.backend.capabilities import Capabilities

if TYPE_CHECKING:
    from wye.backend.check import CheckedPipeline


@dataclass(frozen=True, slots=True)
class EmittedFile:
    """One file of an artifact; `path` is POSIX, relative to `build/<pipeline>/<target>/`."""

    path: str
    text: str
    data: bytes | None = None
    """What stands in it instead of the text, when that is no UTF-8 text."""
    mode: int | None = None
    """Its permissions, where they matter: then whoever compiles has no say in them."""

    @property
    def content(self) -> bytes:
        return self.text.encode("utf-8") if self.data is None else self.data


def emitted(path: str, data: bytes, mode: int | None = None) -> EmittedFile:
    """A file of an artifact, whatever stands in it."""
    try:
        return EmittedFile(path, data.decode("utf-8"), mode=mode)
    except UnicodeDecodeError:
        return EmittedFile(path, "", data, mode)


class Target(Protocol):
    """A target, found by the entry point `wye.targets`. `options` is a frozen dataclass: the typed options of a stack."""

    name: str
    options: type
    capabilities: Capabilities

    def lower(self, checked: CheckedPipeline, options: Any) -> Any: ...

    def emit(self, native: Any) -> Sequence[EmittedFile]: ...
