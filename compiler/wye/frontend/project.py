"""The user's own modules: a file goes in, parsed modules with positions and name resolution come out. Nothing is imported or run."""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from wye.cache import probe
from wye.diagnostics import CompileFailed, Diagnostic, Diagnostics, Span
from wye.sources import USUAL, InputError, Layout, listing, source_root

SMALL_STATEMENTS = (cst.SimpleStatementLine, cst.SimpleStatementSuite)


ATTRIBUTE = "is an attribute of a value"
"""Why a dotted name stands for nothing of a module's."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A name's one binding statement in one of the user's modules."""

    module: Module
    name: str
    node: cst.CSTNode


@dataclass(frozen=True, slots=True)
class External:
    """Something from the standard library or a third party, by its dotted name (`pandas.DataFrame`, `wye.step`, `len`)."""

    dotted: str


@dataclass(frozen=True, slots=True)
class ModuleRef:
    """One of the user's own modules."""

    module: Module


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A name that has no single definition; `reason` says why in a few words."""

    reason: str
    nodes: tuple[cst.CSTNode, ...] = ()


Resolved = Definition | External | ModuleRef | Unresolved


@dataclass(eq=False)
class Module:
    """One of the user's modules. `name` is dotted; `path` is POSIX and relative to the first source root."""

    name: str
    path: str
    text: str
    tree: cst.Module
    is_package: bool
    _positions: Mapping[cst.CSTNode, CodeRange] = field(repr=False)

    def span(self, node: cst.CSTNode) -> Span:
        """Where a node stands in the source."""
        if isinstance(node, cst.Module):
            return Span(self.path, 1, 1, 1, 1)
        place = self._positions[node]
        return Span(self.path, place.start.line, place.start.column + 1, place.end.line, place.end.column + 1)

    def head(self, node: cst.FunctionDef | cst.ClassDef) -> Span:
        """The span of a definition's name: what a person looks at."""
        return self.span(node.name)

    @property
    def place(self) -> str:
        """Where it stands in a program: below its own source root."""
        return self.name.replace(".", "/") + ("/__init__.py" if self.is_package and self.name != "__init__" else ".py")

    @property
    def package(self) -> str:
        """The dotted name that relative imports start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @cached_property
    def bindings(self) -> dict[str, list[cst.CSTNode]]:
        """Every module-level name with the statements that bind it, in source order. A star import is under `*`."""
        found: dict[str, list[cst.CSTNode]] = {}
        for statement in statements(self.tree.body):
            for name in bound_names(statement):
                found.setdefault(name, []).append(statement)
        return found


class Project:
    """The modules below the source roots, loaded when they are first asked for. `root` is that of the file, and goes first."""

    def __init__(self, file: Path, layout: Layout = USUAL) -> None:
        """Raises `InputError` when the file cannot be read and `CompileFailed` when it does not parse."""
        file = Path(file)
        if file.is_dir():
            raise InputError(f"{file} is a folder; name the Python file that holds the pipeline")
        if file.suffix != ".py":
            raise InputError(f"{file} is not a Python file (.py)")
        if not file.exists():
            raise InputError(f"{file} does not exist")
        self.file = file
        self.probes: dict[str, str | None] = {}
        """What was read, and where nothing was found: `wye.cache` says how it is written."""
        self.layout = layout
        folders = layout.folders()
        self.root = source_root(file, self._exists, folders)
        self.roots = tuple(dict.fromkeys((self.root, *folders)))
        self._stated = frozenset(folders)
        for pattern in (*layout.roots, *layout.include):
            self.listed(layout.base, pattern)
        self.diagnostics = Diagnostics()
        self.modules: dict[str, Module] = {}
        self._absent: set[str] = set()
        parts = file.resolve().relative_to(self.root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        if not all(p.isidentifier() for p in name.split(".")):
            raise InputError(f"{file}: {name!r} is not a module name; rename the file so that Python could import it")
        self._top: dict[str, bool] = {}
        entry = self.module(name)
        if entry is None:
            self.diagnostics.check()
            raise InputError(f"{file} cannot be read")
        self.entry = entry

    def owns(self, name: str) -> bool:
        """Whether a dotted name is below one of the user's own packages or modules."""
        top = name.partition(".")[0]
        if top not in self._top:
            standard = top in sys.stdlib_module_names
            self._top[top] = self._locate(top) is not None or (not standard and any(self._is_namespace(r, top) for r in self.roots))
        return self._top[top]

    def module(self, name: str) -> Module | None:
        """The user's module of that dotted name; None when it is not the user's or does not exist.

        A module that cannot be read or parsed is recorded as a diagnostic once, and stays None.
        """
        if name in self.modules:
            return self.modules[name]
        if name in self._absent:
            return None
        found = self._locate(name)
        module = self._load(name, *found) if found else None
        if module is None:
            self._absent.add(name)
        else:
            self.modules[name] = module
        return module

    def _locate(self, name: str) -> tuple[Path, bool] | None:
        """The file of a module, and whether it is a package: found as Python's path finder finds it."""
        *packages, last = name.split(".")
        places: Sequence[Path] = self.roots
        for part in packages:
            around = next((p / part for p in places if self._exists(p / part / "__init__.py")), None)
            places = [around] if around else [p / part for p in places]
        for place in places:
            if self._exists(place / last / "__init__.py"):
                return place / last / "__init__.py", True
            if self._exists(place / f"{last}.py"):
                return place / f"{last}.py", False
        return None

    def at(self, place: str) -> Module | None:
        """The module that stands at a place in a program, if it is one."""
        parts = place.removesuffix(".py").removesuffix("/__init__").split("/")
        module = self.module(".".join(parts)) if place.endswith(".py") and all(p.isidentifier() for p in parts) else None
        return module if module and module.place == place else None

    def locate(self, name: str) -> Path | None:
        """The file of one of the user's modules, which is not read."""
        found = self._locate(name)
        return found[0] if found else None

    def _exists(self, file: Path) -> bool:
        """Whether there is such a file. Every place that was looked at is on record, found or not."""
        if not file.is_file():
            self.probes[str(file)] = None
            return False
        if str(file) not in self.probes:
            self.probes[str(file)] = probe(str(file))
        return True

    def is_folder(self, name: str) -> bool:
        """Whether a dotted name stands for a folder: it may be a namespace package."""
        for root in self.roots:
            folder = str(root.joinpath(*name.split(".")))
            self.probes[folder] = probe(folder)
            if self.probes[folder] in ("folder", "folder of modules"):
                return True
        return False

    def listed(self, folder: Path, pattern: str) -> list[str]:
        """Every file that a path or glob below a folder stands for, relative to it. The answer is on record."""
        key = f"{folder}\0{pattern}"
        self.probes[key] = probe(key)
        return listing(str(folder), pattern)

    def read(self, file: Path) -> bytes:
        """The bytes of a file, which are on record. Raises OSError."""
        data = file.read_bytes()
        self.probes[str(file)] = hashlib.sha256(data).hexdigest()
        return data

    def _is_namespace(self, root: Path, top: str) -> bool:
        """A namespace package of the user's: a folder of modules or packages without `__init__.py`. Below a root that is stated any folder
        is one; below that of the file there may be folders of all kinds."""
        folder = str(root / top)
        self.probes[folder] = probe(folder)
        return self.probes[folder] == "folder of modules" or (self.probes[folder] == "folder" and root in self._stated)

    def _load(self, name: str, file: Path, is_package: bool) -> Module | None:
        path = os.path.relpath(file, self.root).replace(os.sep, "/")
        start = Span(path, 1, 1, 1, 1)
        try:
            data = self.read(file)
        except OSError as error:
            raise InputError(f"{file}: {error.strerror or error}") from None
        try:
            text = data.decode("utf-8-sig")
            tree = cst.parse_module(text)
        except UnicodeDecodeError as error:
            self.diagnostics.error("WYE1001", f"the file is not UTF-8 (byte {error.start})", start, help="save it as UTF-8")
            return None
        except cst.ParserSyntaxError as error:
            line, column = _syntax_place(text) or (max(error.raw_line, 1), error.raw_column + 1)
            self.diagnostics.error("WYE1002", "invalid syntax", Span(path, line, column, line, column + 1), help=_syntax_help(text))
            return None
        except RecursionError:
            self.diagnostics.error("WYE1002", "the source is nested too deeply", start, help="split the expression")
            return None
        wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
        return Module(name, path, text, tree, is_package, wrapper.resolve(PositionProvider))

    def imported(self, module: Module, node: cst.ImportFrom) -> str:
        """The absolute dotted name of the module that a from-import names."""
        name = dotted(node.module) if node.module else ""
        if not node.relative:
            return name
        base = module.package.split(".") if module.package else []
        up = len(node.relative) - 1
        base = base[: len(base) - up] if up else base
        return ".".join([*base, *([name] if name else [])])

    def leaves(self, module: Module, node: cst.ImportFrom) -> bool:
        """Whether a relative import goes above the outermost package: Python refuses it."""
        return len(node.relative) > len(module.package.split(".") if module.package else [])

    def resolve(self, module: Module, name: str) -> Resolved:
        """What a module-level name stands for, followed through the user's imports, aliases and re-exports."""
        return self._resolve(module, name, ())

    def _resolve(self, module: Module, name: str, seen: tuple[tuple[str, str], ...]) -> Resolved:
        if (module.name, name) in seen:
            return Unresolved("is imported in a circle")
        seen = (*seen, (module.name, name))
        nodes = module.bindings.get(name, [])
        if len(nodes) > 1:
            return Unresolved("is bound more than once in its module", tuple(nodes))
        if nodes:
            return self._follow(module, name, nodes[0], seen)
        for star in module.bindings.get("*", []):
            assert isinstance(star, cst.ImportFrom)
            source = self.imported(module, star)
            target = self.module(source)
            if target is None:
                return Unresolved(f"may come from `from {source} import *`, which is not the user's own module", (star,))
            if name in exported(target):
                return self._resolve(target, name, seen)
        submodule = self.module(f"{module.name}.{name}") if module.is_package else None
        if submodule:
            return ModuleRef(submodule)
        if name in BUILTINS:
            return External(name)
        return Unresolved("is not defined")

    def _follow(self, module: Module, name: str, node: cst.CSTNode, seen: tuple[tuple[str, str], ...]) -> Resolved:
        if isinstance(node, cst.Import):
            for alias in node.names:
                full = dotted(alias.name)
                if alias.asname and isinstance(alias.asname.name, cst.Name) and alias.asname.name.value == name:
                    return self._module_or_external(full)
                if not alias.asname and full.partition(".")[0] == name:
                    return self._module_or_external(name)
        if isinstance(node, cst.ImportFrom):
            source = self.imported(module, node)
            original = next(a for a, bound in from_names(node) if bound == name)
            return self.attribute(source, original, seen)
        if isinstance(node, cst.Assign) and isinstance(node.value, cst.Name | cst.Attribute) and len(node.targets) == 1:
            parts = dotted(node.value).split(".")
            if parts[0]:
                target = self.follow_path(module, parts, seen)
                if isinstance(target, External | ModuleRef) or (
                    isinstance(target, Definition) and isinstance(target.node, cst.FunctionDef | cst.ClassDef)
                ):
                    return target
        return Definition(module, name, node)

    def follow_path(self, module: Module, parts: Sequence[str], seen: tuple[tuple[str, str], ...] = ()) -> Resolved:
        """What `a.b.c` stands for at module level."""
        found = self._resolve(module, parts[0], seen)
        for part in parts[1:]:
            match found:
                case ModuleRef(inner):
                    found = self._resolve(inner, part, seen)
                case External(dotted=name):
                    found = External(f"{name}.{part}")
                case _:
                    return Unresolved(ATTRIBUTE)
        return found

    def attribute(self, source: str, name: str, seen: tuple[tuple[str, str], ...] = ()) -> Resolved:
        """What `from source import name` binds."""
        module = self.module(source)
        if module:
            submodule = name not in module.bindings and module.is_package and self.module(f"{source}.{name}")
            found = ModuleRef(submodule) if submodule else self._resolve(module, name, seen)
            missing = isinstance(found, Unresolved) and found.reason == "is not defined"
            return Unresolved(f"is not defined in `{source}`") if missing else found
        submodule = self.owns(source) and self.module(f"{source}.{name}")
        if submodule:
            return ModuleRef(submodule)
        return Unresolved(f"is imported from `{source}`, which does not exist") if self.owns(source) else External(f"{source}.{name}")

    def _module_or_external(self, name: str) -> Resolved:
        module = self.module(name)
        return ModuleRef(module) if module else External(name)


BUILTINS = frozenset(dir(__import__("builtins"))) | {"__name__", "__file__", "__doc__"}


def exported(module: Module) -> set[str]:
    """The names that a star import of the module binds: what stands there without a leading underscore."""
    return {n for n in module.bindings if n != "*" and not n.startswith("_")}


def dotted(node: cst.CSTNode) -> str:
    """`a.b.c` as text; empty when the node is anything but names joined by dots."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return ""
    return ".".join([node.value, *reversed(parts)])


def from_names(node: cst.ImportFrom) -> Iterator[tuple[str, str]]:
    """(original name, bound name) of each name of a from-import; nothing for a star import."""
    if not isinstance(node.names, cst.ImportStar):
        for alias in node.names:
            original = dotted(alias.name)
            bound = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else original
            yield original, bound


def statements(body: Sequence[cst.BaseStatement | cst.BaseSmallStatement]) -> Iterator[cst.CSTNode]:
    """The statements that run at a body's own level, compound ones entered, functions and classes not."""
    for node in body:
        if isinstance(node, SMALL_STATEMENTS):
            yield from node.body
            continue
        yield node
        if not isinstance(node, cst.FunctionDef | cst.ClassDef):
            for inner in _blocks(node):
                yield from statements(inner.body)


def _blocks(node: cst.CSTNode) -> Iterator[cst.BaseSuite]:
    for child in node.children:
        if isinstance(child, cst.BaseSuite):
            yield child
        elif isinstance(child, cst.If | cst.Else | cst.Finally | cst.ExceptHandler | cst.ExceptStarHandler | cst.MatchCase):
            yield from _blocks(child)


def bound_names(node: cst.CSTNode) -> Iterator[str]:
    """The names that one module-level statement binds itself (not those in the statements inside it)."""
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        yield node.name.value
    elif isinstance(node, cst.Import):
        for alias in node.names:
            if alias.asname and isinstance(alias.asname.name, cst.Name):
                yield alias.asname.name.value
            else:
                yield dotted(alias.name).partition(".")[0]
    elif isinstance(node, cst.ImportFrom):
        if isinstance(node.names, cst.ImportStar):
            yield "*"
        for _, bound in from_names(node):
            yield bound
    elif isinstance(node, cst.Assign):
        for target in node.targets:
            yield from target_names(target.target)
    elif isinstance(node, cst.AnnAssign):
        if node.value is not None:
            yield from target_names(node.target)
    elif isinstance(node, cst.AugAssign | cst.For):
        yield from target_names(node.target)
    elif isinstance(node, cst.With):
        for item in node.items:
            if item.asname:
                yield from target_names(item.asname.name)
    elif isinstance(node, cst.TypeAlias):
        yield node.name.value
    elif isinstance(node, cst.Try | cst.TryStar):
        for handler in node.handlers:
            if handler.name and isinstance(handler.name.name, cst.Name):
                yield handler.name.name.value


def target_names(node: cst.CSTNode) -> Iterator[str]:
    """The plain names in an assignment's target."""
    if isinstance(node, cst.Name):
        yield node.value
    elif isinstance(node, cst.Tuple | cst.List):
        for element in node.elements:
            yield from target_names(element.value)
    elif isinstance(node, cst.StarredElement):
        yield from target_names(node.value)


def _syntax_place(text: str) -> tuple[int, int] | None:
    """Line and column of a syntax error as Python's own parser sees it, which tells the place better; it runs nothing."""
    try:
        ast.parse(text)
    except SyntaxError as error:
        return (error.lineno or 1, max(error.offset or 1, 1))
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


def _syntax_help(text: str) -> str | None:
    return "Python 2 source is not read" if "\nprint " in text else None


def failed(code: str, message: str, span: Span, help: str | None = None) -> CompileFailed:
    """A failure with one diagnostic."""
    return CompileFailed([Diagnostic(code, message, span, (), help)])
