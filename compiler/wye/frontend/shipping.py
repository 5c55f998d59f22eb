"""`files=` patterns, and what the stack file says of the code, go in; the files that travel as they are come out, byte by byte.

A file stands in a program where it stands below its source root, so that a path from a module's `__file__` leads to it in both.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from wye.diagnostics import Span
from wye.frontend.project import Project
from wye.frontend.slicing.names import is_standard
from wye.ir.model import DataFile
from wye.sources import matches

MOST = 64 * 2**20
"""Bytes of the files that a program may carry: they travel inside the artifact, on every target."""

_COMPILED = (".so", ".pyd", ".dylib", ".dll")
_RESERVED = ("lines.json", "wye.py")
"""What the runner itself puts beside a program's files."""

Wanted = tuple[str, Span]
"""A pattern of `files=`, and where it is written."""


class Shipping:
    """Reads the files of one project that travel as they are."""

    def __init__(self, project: Project) -> None:
        self._project, self._report = project, project.diagnostics
        self._start = project.entry.span(project.entry.tree)
        self._folders: dict[tuple[Path, str], list[str]] = {}

    # files=

    def data(self, wanted: Iterable[Wanted]) -> dict[str, Path]:
        """The files that steps ask for, by their place in a program."""
        found: dict[str, Path] = {}
        for pattern, span in sorted(set(wanted), key=lambda w: (w[1], w[0])):
            folder = (self._project.root / span.path).parent.resolve()
            files = [] if os.path.isabs(pattern) else self._listed(folder, pattern)
            if not files:
                self._report.error(
                    "WYE6011", f"no file is called `{pattern}`", span, help=_relative_help(pattern, folder, self._root(folder))
                )
            for name in files:
                file = Path(os.path.normpath(folder / name))
                root = self._root(file.parent)
                if root is None:
                    self._report.error(
                        "WYE6012", f"`{name}` is not below a source root, so a program has no place for it", span,
                        help="move it beside the module or below, or state a folder around it: [code] roots in wye.toml",
                    )  # fmt: skip
                elif not self._project.layout.excluded(file):
                    found[file.relative_to(root).as_posix()] = file
        return found

    # packaging = "tree"

    def tree(self) -> dict[str, Path]:
        """All that is included, the pipeline's file, and the packages of the user's that one of these imports: whole, by their place."""
        found: dict[str, Path] = {}
        parts: set[Path] = set()
        """Packages of which only a part is included."""
        for pattern in self._project.layout.include:
            files = self._include(pattern)
            if not files:
                self._report.error(
                    "WYE6011", f"nothing is called `{pattern}`", self._start,
                    help=f"[code] include in wye.toml names folders and files below {self._project.layout.base.name or 'its folder'}",
                )  # fmt: skip
            for file in files:
                self._add(found, file)
            parts.update(p for p in (self._package(f) for f in files if f.suffix == ".py") if p)
        todo = [self._project.root / self._project.entry.path]
        scanned: set[Path] = set()
        while todo:
            file = Path(os.path.normpath(todo.pop()))
            if file in scanned:
                continue
            scanned.add(file)
            self._add(found, file)
            package = self._package(file)
            if package is None or package in parts:
                todo += self._imported(file)
                continue
            for name in self._listed(package, "."):
                if not self._project.layout.excluded(package / name):
                    self._add(found, package / name)
                    if name.endswith(".py"):
                        scanned.add(package / name)
                        todo += self._imported(package / name)
        for place in sorted(found):
            top = place.partition("/")[0].removesuffix(".py")
            if is_standard(top) and place in (f"{top}.py", f"{top}/__init__.py"):
                self._report.error(
                    "WYE6002", f"the module `{top}` has the name of a standard one", Span(self._shown(found[place]), 1, 1, 1, 1),
                    help="rename the file: Python may import either",
                )  # fmt: skip
        return found

    def _include(self, pattern: str) -> list[Path]:
        base = self._project.layout.base
        files = [Path(os.path.normpath(base / name)) for name in self._listed(base, pattern)]
        files = [f.resolve().parent / f.name for f in files]
        around = [p / "__init__.py" for f in files for p in f.parents if (p / "__init__.py").is_file()]
        return [f for f in dict.fromkeys([*files, *around]) if not self._project.layout.excluded(f)]

    def _add(self, found: dict[str, Path], file: Path) -> None:
        root = self._root(file.parent)
        if root is not None:
            found.setdefault(file.relative_to(root).as_posix(), file)

    def _package(self, file: Path) -> Path | None:
        """The outermost package around a module: what travels as a whole."""
        root, package = self._root(file.parent), None
        for folder in file.parents:
            if folder == root or not (folder / "__init__.py").is_file():
                break
            package = folder
        return package

    def _imported(self, file: Path) -> list[Path]:
        """The user's modules that a file imports, wherever in it. A file that does not parse here imports nothing that is known."""
        try:
            tree = ast.parse(self._project.read(file))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return []
        root = self._root(file.parent)
        parts = file.relative_to(root).with_suffix("").parts if root else ()
        package = parts[:-1]  # of a package's own file, `__init__` is the last part
        found = (self._project.locate(name) for name in dict.fromkeys(_names(tree, package)) if self._project.owns(name))
        return [f for f in found if f]

    # files

    def read(self, places: dict[str, Path], whole: bool = False) -> tuple[DataFile, ...]:
        """The files' contents. `whole`: they are the user's packages, where nothing may be compiled."""
        found: list[DataFile] = []
        seen: dict[str, str] = {}
        size = 0
        for place, file in sorted(places.items()):
            shown = self._shown(file)
            span = Span(shown, 1, 1, 1, 1)
            problem, help = _problem(place, seen, whole)
            if problem:
                self._report.error("WYE6012", f"`{shown}` {problem}", self._start, help=help)
                continue
            seen[place.casefold()] = place
            try:
                size += file.stat().st_size
                if size > MOST:
                    message = f"the files that travel take more than {MOST // 2**20} MiB (with `{shown}`)"
                    help = "leave some out ([code] exclude), or read large data from a store, by a parameter that names the place"
                    self._report.error("WYE6012", message, self._start, help=help)
                    break
                data, executable = self._project.read(file), bool(file.stat().st_mode & 0o100)
            except OSError as error:
                self._report.error("WYE6012", f"`{shown}` cannot be read: {error.strerror or error}", self._start)
                continue
            found.append(DataFile(place, data, executable, span.path if place.endswith(".py") else None))
        return tuple(found)

    def _root(self, folder: Path) -> Path | None:
        around = [r for r in self._project.roots if folder.is_relative_to(r)]
        return max(around, key=lambda r: len(r.parts)) if around else None

    def _listed(self, folder: Path, pattern: str) -> list[str]:
        if (folder, pattern) not in self._folders:
            self._folders[folder, pattern] = self._project.listed(folder, pattern)
        return self._folders[folder, pattern]

    def _shown(self, file: Path) -> str:
        return os.path.relpath(file, self._project.root).replace(os.sep, "/")


def _problem(place: str, seen: dict[str, str], whole: bool) -> tuple[str | None, str | None]:
    """Why a file cannot travel, and what to do."""
    if place.casefold() in seen:
        return f"and `{seen[place.casefold()]}` differ in upper and lower case alone", "rename one: not every file system can hold both"
    if place in _RESERVED:
        return "has the name of a file of the runner's", "rename it, or put it in a folder"
    if any("\ud800" <= c <= "\udfff" or c < " " for c in place):
        return "has a name that is not text", "rename it"
    if whole and place.endswith(_COMPILED):
        help = "build a wheel of it and list that in `packages` ([packages] wheels); or leave it out: [code] exclude"
        return "is compiled: it runs on one Python and platform only", help
    return None, None


def _relative_help(pattern: str, folder: Path, root: Path | None) -> str:
    if os.path.isabs(pattern):
        return "write the path from the folder of this file"
    if root is not None and matches(str(root), pattern):
        return f"paths start from the folder of this file; write {os.path.relpath(root / pattern, folder).replace(os.sep, '/')!r}"
    return "paths start from the folder of this file; `*` stands for names, `**` for folders"


def _names(tree: ast.Module, package: tuple[str, ...]) -> Iterator[str]:
    """The dotted names that a module's imports may run, in the order of the source."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _prefixes(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from _prefixes(source)
            yield from (f"{source}.{alias.name}" for alias in node.names if source and alias.name != "*")


def _prefixes(name: str) -> Iterator[str]:
    parts = name.split(".") if name else []
    return (".".join(parts[: i + 1]) for i in range(len(parts)))
