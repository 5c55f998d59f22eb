"""Roots go in; the closure of what they need comes out: which statements of which modules, and of an import which names.

First what the roots reach; then what stays in the modules that this includes, with what that reaches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst

from wye.diagnostics import Label, Span
from wye.frontend.project import Module
from wye.frontend.slicing import tables
from wye.frontend.slicing.facts import Facts, Ref, Target, Unit, targets_of
from wye.frontend.slicing.inert import Inert
from wye.frontend.slicing.names import External, Own, is_standard
from wye.frontend.slicing.running import context_use

_FIRST = ("name", "package", "anchor", "distribution_name")
"""What the first parameter is called of what takes a module's name, or a package's."""

WHOLE = 'packaging = "tree" in [code] of wye.toml'
"""The way out where a slice cannot follow."""

Root = tuple[str, str]
"""(module, name) of something that a program must hold."""


class Reach:
    """What a set of roots needs. `kept` says for each module which statements are in the program, and for an import which names."""

    def __init__(self, inert: Inert, watched: bool, hints: bool, installed: frozenset[str] = frozenset()) -> None:
        """`installed` are top-level names of third parties that are there whether a root uses them or not."""
        self.inert = inert
        self.project = inert.project
        self.watched, self.hints, self._installed = watched, hints, installed
        self.kept: dict[Module, dict[int, set[str] | None]] = {}
        self.bare: set[tuple[Module, int]] = set()
        self.third: dict[tuple[Module, Target], Unit | None] = {}
        self.reached: set[tuple[Module, str]] = set()
        self.context: set[Span] = set()
        """Where the program asks for the step's context."""
        self._followed: set[tuple[str, str, tuple[str, ...]]] = set()
        self._whole: set[Module] = set()
        self._pinned: set[str] = set()
        self._todo: list[tuple[Module, str | Unit]] = []
        self._stay: tuple[Module, Unit] | None = None
        self._problems: list[tuple[Module, Target, Module, Unit]] = []

    # results

    def modules(self) -> list[Module]:
        return sorted(self.kept, key=lambda m: m.path)

    def kept_units(self) -> dict[Module, list[Unit]]:
        return {m: [self.inert.facts(m).units[i] for i in sorted(self.kept[m])] for m in self.modules()}

    def mentions(self, *words: str) -> bool:
        """Whether a word stands anywhere in what is kept."""
        return any(w in self.inert.facts(m).text(u) for m, units in self.kept_units().items() for u in units for w in words)

    def classes(self) -> Iterator[Root]:
        """The classes defined at module level, and in such classes; also those that `namedtuple` and its like make."""
        for module, units in self.kept_units().items():
            for unit in units:
                if isinstance(unit.node, cst.ClassDef):
                    yield from ((module.name, q) for q in _qualnames(unit.node, ""))
                    continue
                for name in unit.binds:
                    origin = self.inert.origin(module, name)
                    if isinstance(origin, Own) and origin.module is module and self._is_class(origin):
                        yield module.name, name

    def _is_class(self, origin: Own) -> bool:
        value = origin.node.value if isinstance(origin.node, cst.Assign) else None
        made = self.inert.path(origin.module, value.func) if isinstance(value, cst.Call) else None
        makers = (".namedtuple", ".NamedTuple", ".Enum", ".IntEnum", ".StrEnum", ".Flag", ".IntFlag", ".make_dataclass")
        return isinstance(origin.node, cst.ClassDef) or (isinstance(made, External) and made.name.endswith(makers))

    # the closure

    def run(self, entry: str, roots: Iterable[Root]) -> None:
        """First what the roots reach, then what stays in the modules that this includes."""
        roots = list(roots)
        self._starts = [m for name in dict.fromkeys([entry, *(name for name, _ in roots)]) if (m := self.project.module(name))]
        for name, root in roots:
            module = self.project.module(name)
            if module:
                self.reach(module, root)
        self._drain()
        self._first = self._installed | {t.source.partition(".")[0] for _, t in self.third}
        start = self.project.module(entry)
        if start:
            self.include(start)
        done: set[tuple[Module, int]] = set()
        while pending := [(m, u) for m in self.modules() for u in self.staying(m) if (m, u.index) not in done]:
            for module, unit in pending:
                done.add((module, unit.index))
                self._stay = (module, unit)
                if unit.importing and not unit.future:
                    self._stay_import(module, unit)
                else:
                    self.keep(module, unit)
                self._drain()

    def _drain(self) -> None:
        while self._todo:
            module, what = self._todo.pop()
            if isinstance(what, Unit):
                self._unit(module, what)
            else:
                self._name(module, what)

    def include(self, module: Module) -> None:
        """The module is in the program, and the packages around it."""
        if module in self.kept:
            return
        self.kept[module] = {}
        parts = module.name.split(".")
        for i in range(1, len(parts)):
            parent = self.project.module(".".join(parts[:i]))
            if parent:
                self.include(parent)

    def reach(self, module: Module, name: str) -> None:
        if (module, name) not in self.reached:
            self.reached.add((module, name))
            self.include(module)
            self._todo.append((module, name))

    def whole(self, module: Module) -> None:
        """Everything of a module: its names are looked up in ways that cannot be followed."""
        self.include(module)
        if module in self._whole:
            return
        self._whole.add(module)
        for unit in self.inert.facts(module).units:
            if unit.dead:
                continue
            for name in unit.binds or [""]:
                self.keep(module, unit, name)

    def _name(self, module: Module, name: str) -> None:
        """All statements that bind the name stay: the last one to run wins."""
        facts = self.inert.facts(module)
        binders = facts.binders.get(name, [])
        for unit in binders:
            self.keep(module, unit, name)
        for star in facts.stars:
            source = self.inert.exports(module, star, name)
            if source is None and (not binders or star.index > binders[0].index):
                self.keep(module, star)
            elif isinstance(source, Module):
                self.keep(module, star)
                self.reach(source, name)
        if name == "__file__" and not binders:
            return
        if not binders and (submodule := self.inert.submodule(module, name)):
            self._pin(submodule)

    def keep(self, module: Module, unit: Unit, name: str = "") -> None:
        """A statement is in the program; of an import just the name."""
        kept = self.kept[module]
        statement = unit.importing
        if statement is None or unit.future or isinstance(statement.names, cst.ImportStar):
            if kept.get(unit.index, set()) is not None:
                kept[unit.index] = None
                self._todo.append((module, unit))
            return
        names = kept.setdefault(unit.index, set())
        assert names is not None
        if name and name not in names:
            names.add(name)
            for bound, target in unit.names():
                if bound == name:
                    self._import(module, target)

    def _unit(self, module: Module, unit: Unit) -> None:
        """What a kept statement reaches."""
        facts = self.inert.facts(module)
        for target in unit.imports:
            self._import(module, target)
            if target.name == "*":
                self._star(target)
        stripped = self.inert.stripped(module, unit)
        open_ = self.hints or self._open(module, unit)
        for ref in unit.refs:
            if ref.node in stripped or ref.mode == "local annotation" or not self._evaluated(module, facts, ref, open_):
                continue
            if ref.targets:
                self._targets(ref.targets, ref.chain)
                dynamic = [d for t in ref.targets if (d := self._dotted(self.inert.target(t), ref.chain))]
            else:
                self.reach(module, ref.name)
                self._follow(module, ref.name, ref.chain)
                dynamic = [d for d in (self._dotted(self.inert.origin(module, ref.name), ref.chain),) if d]
            for name in dynamic:
                self._dynamic(module, ref, name)
                if name.startswith("wye.") and (use := context_use(self.project, module, ref, name)):
                    self.context.add(use)

    @staticmethod
    def _dotted(origin: object, chain: tuple[str, ...]) -> str:
        return ".".join([origin.name, *chain]) if isinstance(origin, External) else ""

    def _dynamic(self, module: Module, ref: Ref, name: str) -> None:
        """Names that are looked up by text: the whole module stays."""
        prefixes = {".".join(name.split(".")[: i + 1]) for i in range(name.count(".") + 1)}
        empty = ref.call is not None and not ref.call.args
        own_names = (name in ("builtins.vars", "builtins.dir") and empty) or (name == "builtins.locals" and not ref.depth)
        if prefixes & tables.DYNAMIC_MODULE or own_names:
            self.whole(module)
        package = literal(ref) if prefixes & tables.RESOURCES else None
        if package and (found := self.project.module(package)):
            self.include(found)
        if name in tables.DYNAMIC_IMPORT and not is_standard(module.name):
            self._computed_import(module, ref)

    def _computed_import(self, module: Module, ref: Ref) -> None:
        """`importlib.import_module("acme.plugins")` keeps that module whole; a computed name cannot be followed."""
        name = literal(ref)
        if name is None:
            self.project.diagnostics.error(
                "WYE6007", "a module that is imported by a computed name cannot be followed", module.span(ref.call or ref.node),
                help=f"import it with an import statement, write its name as a literal, or ship whole packages: {WHOLE}",
            )  # fmt: skip
            return
        if name.startswith("."):
            name = f"{module.package}{name}"
        found = self.project.module(name)
        if found:
            self.whole(found)
        elif self.project.owns(name):
            self._missing(module, name, ref.call or ref.node)

    def _open(self, module: Module, unit: Unit) -> bool:
        """Whether code outside the standard library sees the annotations of a definition: they count as evaluated."""
        node = unit.node
        if not isinstance(node, cst.ClassDef | cst.FunctionDef):
            return False
        seers = [d.decorator.func if isinstance(d.decorator, cst.Call) else d.decorator for d in node.decorators]
        seers += [b.value for b in node.bases] if isinstance(node, cst.ClassDef) else []
        origins = [self.inert.path(module, s.value if isinstance(s, cst.Subscript) else s) for s in seers]
        return any(not isinstance(o, External) or not (is_standard(o.name) or o.name.startswith("wye.")) for o in origins)

    def _evaluated(self, module: Module, facts: Facts, ref: Ref, open_: bool) -> bool:
        """Whether a use is evaluated. An annotation that stays text is not; but tools read those of classes."""
        if ref.mode not in ("signature", "annotation") or not (facts.lazy or isinstance(ref.node, cst.SimpleString)) or open_:
            return True
        if ref.scope.kind != "class" or ref.mode != "annotation":
            return False
        origin = self.inert.origin(module, ref.name)
        return not isinstance(origin, External) or is_standard(origin.name)

    # imports

    def _import(self, module: Module, target: Target) -> None:
        """An import that is in the program."""
        source = self.project.module(target.source)
        name = target.name
        if source is None:
            inner = self.project.module(f"{target.source}.{name}") if name else None
            if inner:
                self.include(inner)
            elif self._absent(target):
                if not target.guarded:
                    self._missing(module, target.source, target.node)
            elif not self._namespace(target.source):
                self._outside(module, target)
            return
        self.include(source)
        if name is None or name == "*":
            return
        facts = self.inert.facts(source)
        if name in facts.binders or facts.stars:
            self.reach(source, name)
        if inner := self.inert.submodule(source, name):
            self.include(inner)
        elif name not in facts.binders and "__getattr__" in facts.binders:
            self.whole(source)

    def _star(self, target: Target) -> None:
        """A star import needs all that `__all__` lists; without it, it takes what is there."""
        source = self.project.module(target.source)
        if source is None or "__all__" not in self.inert.facts(source).binders:
            return
        listed = self.inert.listed(source)
        if listed is None:
            self.whole(source)
            return
        for name in sorted({"__all__", *listed}):
            self.reach(source, name)

    @staticmethod
    def _relative(target: Target) -> bool:
        return isinstance(target.node, cst.ImportFrom) and bool(target.node.relative)

    def _absent(self, target: Target) -> bool:
        """An import from below one of the user's packages where there is no such module."""
        if self.project.module(target.source) or self._namespace(target.source):
            return False
        return self.project.owns(target.source) or self._relative(target)

    def _namespace(self, name: str) -> bool:
        return bool(name) and self.project.is_folder(name)

    def _missing(self, module: Module, name: str, node: cst.CSTNode) -> None:
        if isinstance(node, cst.ImportFrom) and self.project.leaves(module, node):
            return  # reported with the module
        self.project.diagnostics.error(
            "WYE6001", f"there is no module `{name or '.'}`", module.span(node),
            help=f"it would be {name.replace('.', '/')}.py below the folder of the entry file" if name else None,
        )  # fmt: skip

    def _outside(self, module: Module, target: Target) -> None:
        """An import from the standard library or a third party."""
        top = target.source.partition(".")[0]
        if is_standard(top) or top in ("wye", "__future__"):
            return
        if not target.guarded:
            self.third.setdefault((module, target), self._stay[1] if self._stay else None)
            if self._stay and top not in self._first:
                self._problems.append((module, target, *self._stay))

    def _pin(self, module: Module) -> None:
        """A submodule that is there because somebody imported it: whoever does so keeps the import."""
        self.include(module)
        self._pinned.add(module.name)

    def _follow(self, module: Module, name: str, chain: tuple[str, ...]) -> None:
        """A name with attributes: those of modules are reached where they are defined."""
        if (module.name, name, chain) in self._followed:
            return
        self._followed.add((module.name, name, chain))
        facts = self.inert.facts(module)
        nodes = facts.bindings.get(name, [])
        self._targets([t for n in nodes for t in targets_of(self.project, module, n, name)], chain)
        for star in facts.stars:
            source = self.inert.exports(module, star, name)
            if isinstance(source, Module):
                self._follow(source, name, chain)
        if inner := self.inert.submodule(module, name):
            self._module(inner, chain)

    def _targets(self, targets: Iterable[Target], chain: tuple[str, ...]) -> None:
        for target in targets:
            source = self.project.module(target.source)
            if target.name is None:
                if source:
                    self._module(source, chain)
                elif self._namespace(target.source):
                    self._inner(target.source, chain)
                continue
            if source:
                self._follow(source, target.name, chain)
                continue
            inner = self.project.module(f"{target.source}.{target.name}")
            if inner:
                self._module(inner, chain)

    def _inner(self, package: str, chain: tuple[str, ...]) -> None:
        """`a.b.f` where `a` is a folder without `__init__.py`."""
        if chain:
            inner = self.project.module(f"{package}.{chain[0]}")
            if inner:
                self._module(inner, chain[1:])
            else:
                self._inner(f"{package}.{chain[0]}", chain[1:])

    def _module(self, module: Module, chain: tuple[str, ...]) -> None:
        """A module of the user's with attributes; without any it is handed on as a value, so all of it may be used."""
        self.include(module)
        if not chain or chain[0] == "__dict__":
            self.whole(module)
            return
        name = chain[0]
        facts = self.inert.facts(module)
        if name in facts.binders or facts.stars:
            self.reach(module, name)
            self._follow(module, name, chain[1:])
        if inner := self.inert.submodule(module, name):
            if name not in facts.binders:
                self._pin(inner)
            self._module(inner, chain[1:])
        elif name not in facts.binders and "__getattr__" in facts.binders:
            self.whole(module)

    # what stays

    def staying(self, module: Module) -> list[Unit]:
        """The statements of an included module that stay although nobody may reach them."""
        found = self.inert.staying(module, self.watched)
        pinned = [u for u in self.inert.facts(module).units if any(self._pins(module, t) for t in u.imports)] if self._pinned else []
        return sorted({*found, *pinned}, key=lambda u: u.index) if pinned else found

    def _pins(self, module: Module, target: Target) -> bool:
        """Whether an import is how a submodule comes to be there that somebody takes from its package."""
        return target.depth == 0 and any(m.name in self._pinned for m in self.inert.imported(module, target))

    def _stay_import(self, module: Module, unit: Unit) -> None:
        """An import that is kept for what it runs: without the names that nobody reaches."""
        for bound, target in unit.names():
            if not (self._pins(module, target) or self.inert.runs(module, target, self.watched)):
                continue
            for inner in self.inert.imported(module, target):
                self.include(inner)
            submodule = target.name is not None and target.name != "*" and isinstance(self.inert.target(target), Module)
            facts = self.inert.facts(module)
            top = target.source.partition(".")[0]
            clash = top in facts.binders or any(r.name == top for u in facts.units for r in u.refs)
            if target.name is None or submodule:
                self.keep(module, unit, bound)
            elif not clash:
                self.kept[module].setdefault(unit.index, set())
                self.bare.add((module, unit.index))
            else:
                self.keep(module, unit, bound)

    # problems

    def _certain(self) -> set[Module]:
        """The modules that are imported whatever the `if` and `try` statements of the user's modules decide."""
        todo = list(self._starts)
        found = set(todo)
        while todo:
            module = todo.pop()
            units = [self.inert.facts(module).units[i] for i in self.kept.get(module, ())]
            for target in (t for u in units for t in u.imports if not (t.guarded and t.depth == 0)):
                for inner in self.inert.imported(module, target):
                    if inner not in found:
                        found.add(inner)
                        todo.append(inner)
        return found

    def report(self) -> None:
        """Problems of the program as a whole."""
        report = self.project.diagnostics
        for module in self.modules():
            if is_standard(module.name):
                report.error(
                    "WYE6002", f"the module `{module.name}` has the name of a standard one", module.span(module.tree),
                    help="rename the file: Python may import either",
                )  # fmt: skip
            for unit in self.inert.facts(module).units:
                for target in unit.imports:
                    if target.depth == 0 and not (unit.dead or unit.dropped or target.guarded) and self._absent(target):
                        self._missing(module, target.source, target.node)
        certain = self._certain() if self._problems else set()
        for where, target, module, unit in self._problems:
            if where not in certain:
                continue  # it is imported below an `if` or `try` alone, as plain Python does or does not
            what = f"this runs when `{module.name}` is imported and needs `{target.source}`"
            message = f"{what}, which the step neither uses nor has in its packages"
            report.error(
                "WYE6003", message, module.span(unit.node), labels=[Label(where.span(target.node), "imported here")],
                help="move it, or the step, to another module; or put `# wye: drop` on it: then only programs that use its names have it",
            )  # fmt: skip


def literal(ref: Ref) -> str | None:
    """The first argument of a call, when it is a string as it stands."""
    first = ref.call.args[0] if ref.call and ref.call.args else None
    argument = first.value if first and not first.star and (not first.keyword or first.keyword.value in _FIRST) else None
    return str(argument.evaluated_value) if isinstance(argument, cst.SimpleString) else None


def _qualnames(node: cst.ClassDef, prefix: str) -> Iterator[str]:
    name = f"{prefix}{node.name.value}"
    yield name
    for line in node.body.body:
        if isinstance(line, cst.ClassDef):
            yield from _qualnames(line, f"{name}.")
