"""A pipeline's file and what was asked for in; the stack that holds, and who chose it, out.

Chosen on the command line, else by `WYE_STACK`, else by `.wye/stack` beside the file with the stacks: a file of this checkout alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wye.stacks.files import NoStack, Stack, StackFile, find, load_config, load_stack
from wye.stacks.tables import Config

VARIABLE = "WYE_STACK"
KEPT = ".wye/stack"
IGNORE = "# What stands here belongs to this checkout alone.\n*\n"


@dataclass(frozen=True, slots=True)
class Choice:
    """The stack, if one is chosen, and by whom; and what holds for every target."""

    stack: Stack | None
    config: Config
    by: str = ""


def choose(file: Path, named: str | None, targets: Iterable[str], environ: Mapping[str, str] = os.environ, *, kept: bool = True) -> Choice:
    """`named`: on the command line. `kept`: whether the environment and the checkout are asked when nothing is. Raises as `load_stack`."""
    name, by = (named, "--stack") if named is not None else chosen(find(file), environ) if kept else (None, "")
    if name is None:
        return Choice(None, load_config(file, environ))
    try:
        stack = load_stack(file, name, targets, environ)
    except NoStack as error:
        if by == "--stack":
            raise
        help = "`wye stack use NAME` chooses another one" if by == KEPT else f"set {VARIABLE} to another one, or to nothing"
        raise NoStack(f"{error}; {by} chooses it", f"{error.help}; {help}") from None
    return Choice(stack, stack.config, by)


def chosen(found: StackFile | None, environ: Mapping[str, str] = os.environ) -> tuple[str | None, str]:
    """The name that the environment or the checkout chooses, and which of them does."""
    if environ.get(VARIABLE):
        return environ[VARIABLE], VARIABLE
    try:
        name = (found.folder / KEPT).read_text("utf-8").strip() if found else ""
    except (OSError, UnicodeDecodeError):
        name = ""
    return (name, KEPT) if name else (None, "")


def keep(found: StackFile, name: str | None) -> Path:
    """Remember a choice in this checkout; None forgets it. The file that remembers it."""
    place = found.folder / KEPT
    if name is None:
        place.unlink(missing_ok=True)
        return place
    place.parent.mkdir(exist_ok=True)
    ignore = place.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text(IGNORE, "utf-8")
    temporary = place.with_name(f"stack.{os.getpid()}")
    temporary.write_text(f"{name}\n", "utf-8")
    os.replace(temporary, place)
    return place
