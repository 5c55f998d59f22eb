"""A name of a user's module goes in; what it stands for comes out, when that is certain, and what importing a module imports."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import libcst as cst

from wye.frontend.project import Module, Project, dotted
from wye.frontend.slicing import tables
from wye.frontend.slicing.facts import Facts, Target, Unit, collect, targets_of


@dataclass(frozen=True, slots=True)
class External:
    """Something of the standard library, of a third party, or a builtin (`builtins.len`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Own:
    """The one statement that binds a name in one of the user's modules."""

    module: Module
    name: str
    node: cst.CSTNode


Origin = External | Own | Module | None
Locals = frozenset[str]

BUILTINS = frozenset(dir(__import__("builtins"))) | {"__name__", "__file__", "__doc__", "__package__", "__spec__", "__loader__", "__path__"}


def is_standard(name: str) -> bool:
    """Whether a dotted name belongs to the standard library of any Python that runs steps, or is a builtin."""
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names or top in tables.STDLIB_EVER or top == "builtins"


class Names:
    """Answers for one project, each question once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._facts: dict[Module, Facts] = {}
        self._graph: dict[Module, list[Module]] = {}
        self._closures: dict[Module, dict[Module, None]] = {}
        self._origins: dict[tuple[Module, str], Origin] = {}
        self._exported: dict[Module, frozenset[str] | None] = {}
        self._listed: dict[Module, frozenset[str] | None] = {}

    def facts(self, module: Module) -> Facts:
        if module not in self._facts:
            self._facts[module] = collect(self.project, module)
        return self._facts[module]

    # names

    def origin(self, module: Module, name: str, chain: Sequence[str] = (), seen: frozenset[tuple[str, str]] = frozenset()) -> Origin:
        """What a module-level name with attributes stands for, when that is certain."""
        found = self._origin(module, name, seen)
        for part in chain:
            if isinstance(found, Module):
                found = self.member(found, part, seen)
            elif isinstance(found, External):
                found = External(f"{found.name}.{part}")
            else:
                return None
        return found

    def _origin(self, module: Module, name: str, seen: frozenset[tuple[str, str]]) -> Origin:
        if seen:  # on the way of another question, what a circle of imports hides depends on where that began
            return self._sought(module, name, seen)
        if (module, name) not in self._origins:
            self._origins[module, name] = self._sought(module, name, seen)
        return self._origins[module, name]

    def _sought(self, module: Module, name: str, seen: frozenset[tuple[str, str]]) -> Origin:
        if (module.name, name) in seen:
            return None
        seen = seen | {(module.name, name)}
        facts = self.facts(module)
        nodes = facts.bindings.get(name, [])
        if facts.stars and (nodes or not all(self.exports(module, u, name) is False for u in facts.stars)):
            sources = [s for u in facts.stars if (s := self.exports(module, u, name)) is not False]
            if sources:
                source = sources[0]
                return self._origin(source, name, seen) if isinstance(source, Module) and len(sources) == 1 and not nodes else None
        if not nodes:
            return self.submodule(module, name) or (External(f"builtins.{name}") if name in BUILTINS else None)
        targets = [t for n in nodes for t in targets_of(self.project, module, n, name)]
        if len(targets) < len(nodes):
            return Own(module, name, nodes[0]) if len(nodes) == 1 and not targets else None
        origins = [self.target(t, seen) for t in targets]
        return origins[0] if all(o == origins[0] for o in origins) else None

    def exports(self, module: Module, star: Unit, name: str) -> Module | Literal[False] | None:
        """The user's module whose star import binds the name; False when it does not; None when that is not known."""
        sources = [t.source for t in star.imports if t.name == "*"]
        source = self.project.module(sources[0]) if sources else None
        if source is None:
            return None
        if source not in self._exported:
            self._exported[source] = self.exported(source)
        names = self._exported[source]
        return None if names is None else source if name in names else False

    def exported(self, module: Module, seen: frozenset[str] = frozenset()) -> frozenset[str] | None:
        """The names that `from module import *` binds; None when that is not known."""
        facts = self.facts(module)
        if "__all__" in facts.binders:
            if module not in self._listed:
                self._listed[module] = self.listed(module)
            return self._listed[module]
        names = {n for n in facts.binders if not n.startswith("_")}
        for star in facts.stars:
            for target in star.imports:
                source = self.project.module(target.source)
                inner = self.exported(source, seen | {module.name}) if source and source.name not in seen else None
                if inner is None:
                    return None
                names |= {n for n in inner if not n.startswith("_")}
        return frozenset(names)

    def listed(self, module: Module) -> frozenset[str] | None:
        """The literal names of `__all__`; None when it is anything but lists of literals."""
        found: set[str] = set()
        for node in self.facts(module).bindings.get("__all__", []):
            value = node.value if isinstance(node, cst.Assign | cst.AugAssign | cst.AnnAssign) else None
            if not isinstance(value, cst.List | cst.Tuple):
                return None
            for element in value.elements:
                if not isinstance(element.value, cst.SimpleString):
                    return None
                found.add(str(element.value.evaluated_value))
        return frozenset(found)

    def target(self, target: Target, seen: frozenset[tuple[str, str]] = frozenset()) -> Origin:
        """What an import's name stands for."""
        module = self.project.module(target.source)
        if target.name is None:
            return module or External(target.source)
        if module:
            return self.member(module, target.name, seen)
        return self.project.module(f"{target.source}.{target.name}") or External(f"{target.source}.{target.name}")

    def member(self, module: Module, name: str, seen: frozenset[tuple[str, str]] = frozenset()) -> Origin:
        """`module.name`: a name that it binds, or one of its submodules; builtins do not count."""
        facts = self.facts(module)
        if name not in facts.bindings and not facts.stars:
            return self.submodule(module, name)
        return self._origin(module, name, seen) or self.submodule(module, name)

    def submodule(self, package: Module, name: str) -> Module | None:
        """The submodule that `package.name` is: nothing in the package binds the name, or `from . import name` does."""
        found = self.project.module(f"{package.name}.{name}") if package.is_package else None
        targets = [targets_of(self.project, package, n, name) for n in self.facts(package).bindings.get(name, ())] if found else []
        itself = all(t and (t[0].source, t[0].name) in ((package.name, name), (f"{package.name}.{name}", None)) for t in targets)
        return found if itself else None

    def path(self, module: Module, node: cst.CSTNode, local: Locals = frozenset()) -> Origin:
        """What `a.b.c` in an expression at module level stands for."""
        parts = dotted(node).split(".")
        return self.origin(module, parts[0], parts[1:]) if parts[0] and parts[0] not in local else None

    # imports of the user's modules

    def imported(self, module: Module, target: Target) -> Iterator[Module]:
        """The user's modules that an import runs: the packages around each first, without those around the importing module."""
        names = [target.source, *([f"{target.source}.{target.name}"] if target.name and target.name != "*" else [])]
        for name in names:
            parts = name.split(".")
            for i in range(1, len(parts) + 1):
                prefix = ".".join(parts[:i])
                found = self.project.module(prefix)
                around = module.name == prefix or module.name.startswith(f"{prefix}.")
                if found and not (around and (i < len(parts) or self._only_submodule(found, target))):
                    yield found

    def _only_submodule(self, package: Module, target: Target) -> bool:
        """`from . import sibling` runs the sibling; the package is being imported anyway."""
        bound = target.name is not None and target.source == package.name
        return bound and self.submodule(package, str(target.name)) is not None

    def packages(self, module: Module) -> list[Module]:
        parts = module.name.split(".")
        found = (self.project.module(".".join(parts[:i])) for i in range(1, len(parts)))
        return [m for m in found if m]

    def edges(self, module: Module) -> list[Module]:
        if module not in self._graph:
            targets = [t for u in self.facts(module).units if not u.dead and not u.dropped for t in u.imports if t.depth == 0]
            self._graph[module] = list(dict.fromkeys(m for t in targets for m in self.imported(module, t)))
        return self._graph[module]

    def closure(self, module: Module) -> dict[Module, None]:
        """The module and all that importing it imports."""
        if module not in self._closures:
            found = {module: None}
            todo = [module]
            while todo:
                for inner in self.edges(todo.pop()):
                    if inner not in found:
                        found[inner] = None
                        todo.append(inner)
            self._closures[module] = found
        return self._closures[module]
