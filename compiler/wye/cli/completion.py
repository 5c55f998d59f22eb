"""What stands on a command line so far in (by argcomplete, which knows the shells), what may come next out; and what a shell has to source.

It runs at each TAB, so nothing of the compiler is imported: names are read off the files themselves. What cannot be read completes nothing.
"""

from __future__ import annotations

import argparse
import ast
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import argcomplete
from argcomplete.completers import DirectoriesCompleter, FilesCompleter
from argcomplete.shell_integration import shellcode

from wye.cli.app import COMMANDS
from wye.diagnostics import explain

Completer = Callable[..., Iterable[str]]


def shell_code(shell: str) -> str:
    """What the shell has to source."""
    return shellcode(["wye"], shell=shell)


def complete() -> None:
    """Answer the shell, and end the process."""
    argcomplete.autocomplete(_parser(), always_complete_options="long")


def _parser() -> argparse.ArgumentParser:
    """All commands in one: a command of two words is one below another."""
    root = argparse.ArgumentParser(prog="wye", allow_abbrev=False)
    root.add_argument("--version", action="store_true", help="show the version")
    groups: dict[tuple[str, ...], Any] = {(): root.add_subparsers()}
    for name, command in COMMANDS.items():
        *above, last = name.split()
        if (place := tuple(above)) not in groups:
            groups[place] = groups[place[:-1]].add_parser(place[-1]).add_subparsers()
        parser = groups[place].add_parser(last, help=command.summary, allow_abbrev=False)
        for o in command.options:
            action = parser.add_argument(*o.names, **o.settings)
            if action.choices is None:
                action.completer = COMPLETERS.get(str(action.metavar), _nothing)
    return root


# --- what completes which place ---------------------------------------------------------------------------------------------------


def _sources(prefix: str, **_: Any) -> Iterable[str]:
    """Python files and folders; after `FILE:` the pipelines of the file."""
    file, colon, _rest = prefix.rpartition(":")
    if colon and file.endswith(".py"):
        return [f"{file}:{name}" for name in _pipelines(Path(file))]
    return FilesCompleter(allowednames=("py",), directories=True)(prefix)


def _pipelines(file: Path) -> list[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return []
    return [f.name for f in tree.body if isinstance(f, ast.FunctionDef) and any(_name(d) == "pipeline" for d in f.decorator_list)]


def _name(decorator: ast.expr) -> str | None:
    """`pipeline` of `@pipeline`, `@wye.pipeline` and `@pipeline(…)`."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else None


def _targets(**_: Any) -> Iterable[str]:
    from importlib.metadata import entry_points

    return entry_points(group="wye.targets").names


def _stacks(parsed_args: argparse.Namespace, **_: Any) -> Iterable[str]:
    """Those of the nearest file with stacks, above the pipeline if one is given, else above the current folder."""
    given = getattr(parsed_args, "sources", None) or [getattr(parsed_args, "source", None)]
    folder = Path(os.path.abspath(given[0] or "x")).parent
    for above in (folder, *folder.parents):
        for name, keys in (("wye.toml", ()), ("pyproject.toml", ("tool", "wye"))):
            found: Any = _toml(above / name)
            for key in (*keys, "stacks"):
                found = found.get(key, {}) if isinstance(found, dict) else {}
            if found and isinstance(found, dict):
                return list(found)
    return []


def _toml(file: Path) -> Any:
    import tomllib

    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _nothing(**_: Any) -> Iterable[str]:
    return ()


def _codes(**_: Any) -> Iterable[str]:
    return explain.codes()


def _runs(**_: Any) -> Iterable[str]:
    folder = Path(".wye/runs")
    return sorted(f.name for f in folder.iterdir() if f.is_dir()) if folder.is_dir() else []


COMPLETERS: Mapping[str, Completer] = {
    "FILE[:PIPELINE]": _sources,
    "TARGET": _targets,
    "STACK": _stacks,
    "CODE": _codes,
    "RUN": _runs,
    "DIR": DirectoriesCompleter(),
    "OUT": FilesCompleter(),
    "FILE.json": FilesCompleter(allowednames=("json",), directories=True),
}
"""By the word that stands for the argument in the help."""
