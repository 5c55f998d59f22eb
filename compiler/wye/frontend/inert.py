"""A module-level statement goes in; whether it is provably inert comes out: running it does nothing but bind names.

Inert and unreached statements are what a step's program may leave out. Whatever no rule proves stays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import libcst as cst

from wye.frontend import tables
from wye.frontend.facts import Facts, Target, Unit, collect, targets_of
from wye.frontend.project import Module, Project, dotted
from wye.frontend.scopes import children, never_runs

Kind = Literal["data", "path", "display", "type", "object"]
"""What evaluating a pure expression gives: plain data (its operators run no code of the user's), a path, a display that holds other
objects, a class, or some object that may only be handed on."""


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


def is_standard(name: str) -> bool:
    """Whether a dotted name belongs to the standard library of any Python that runs steps, or is a builtin."""
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names or top in tables.STDLIB_EVER or top == "builtins"


class Inert:
    """Answers for one project, each question once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._facts: dict[Module, Facts] = {}
        self._units: dict[tuple[Module, int, bool], bool] = {}
        self._kinds: dict[tuple[Module, str], Kind | None] = {}
        self._effects: dict[tuple[Module, bool], bool] = {}
        self._graph: dict[Module, list[Module]] = {}
        self._closures: dict[Module, dict[Module, None]] = {}

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
            submodule = self.project.module(f"{module.name}.{name}") if module.is_package else None
            return submodule or (External(f"builtins.{name}") if name in BUILTINS else None)
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
        names = self.exported(source)
        return None if names is None else source if name in names else False

    def exported(self, module: Module, seen: frozenset[str] = frozenset()) -> frozenset[str] | None:
        """The names that `from module import *` binds; None when that is not known."""
        facts = self.facts(module)
        if "__all__" in facts.binders:
            return self.listed(module)
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
            return self.project.module(f"{module.name}.{name}") if module.is_package else None
        return self._origin(module, name, seen)

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
        bound = target.name is not None and target.source == package.name and target.name not in self.facts(package).bindings
        return bound and self.project.module(f"{package.name}.{target.name}") is not None

    def effectful(self, module: Module, watched: bool) -> bool:
        """Whether importing a module does anything beyond binding names: it, or what it imports, has a statement that stays, or there
        is a circle of imports among them, which works in one order only."""
        key = (module, watched)
        if key not in self._effects:
            closure = self._closure(module)
            around = [p for m in closure for p in self._packages(m)]
            every = dict.fromkeys([*closure, *around, *(n for p in around for n in self._closure(p))])
            own = any(not u.future and not self.unit(m, u, watched) for m in every for u in self.facts(m).units if u.importing is None)
            self._effects[key] = own or any(m in self._closure(n) for m in every for n in self._edges(m))
        return self._effects[key]

    def _packages(self, module: Module) -> list[Module]:
        parts = module.name.split(".")
        found = (self.project.module(".".join(parts[:i])) for i in range(1, len(parts)))
        return [m for m in found if m]

    def _edges(self, module: Module) -> list[Module]:
        if module not in self._graph:
            targets = [t for u in self.facts(module).units if not u.dead and not u.dropped for t in u.imports if t.depth == 0]
            self._graph[module] = list(dict.fromkeys(m for t in targets for m in self.imported(module, t)))
        return self._graph[module]

    def _closure(self, module: Module) -> dict[Module, None]:
        """The module and all that importing it imports."""
        if module not in self._closures:
            found = {module: None}
            todo = [module]
            while todo:
                for inner in self._edges(todo.pop()):
                    if inner not in found:
                        found[inner] = None
                        todo.append(inner)
            self._closures[module] = found
        return self._closures[module]

    # statements

    def wye_decorators(self, module: Module, unit: Unit) -> list[cst.Decorator]:
        """Wye's own decorators of a function: a program has none."""
        node = unit.node
        return [d for d in node.decorators if self.is_wye(module, d.decorator)] if isinstance(node, cst.FunctionDef) else []

    def stripped(self, module: Module, unit: Unit) -> frozenset[cst.CSTNode]:
        """All nodes in them."""
        todo: list[cst.CSTNode] = list(self.wye_decorators(module, unit))
        found: set[cst.CSTNode] = set()
        while todo:
            node = todo.pop()
            found.add(node)
            todo.extend(children(node))
        return frozenset(found)

    def unit(self, module: Module, unit: Unit, watched: bool = False) -> bool:
        """Whether a module-level statement is inert; an import of the user's own is judged by the slice, not here.

        `watched`: the program looks at `__subclasses__()`, so subclasses of the user's classes are not inert.
        """
        key = (module, unit.index, watched)
        if key not in self._units:
            self._units[key] = unit.dead or unit.dropped or self.statement(module, unit.node, watched)
        return self._units[key]

    def statement(self, module: Module, node: cst.CSTNode, watched: bool = False, local: Locals = frozenset()) -> bool:
        match node:
            case cst.SimpleStatementLine(body=body) | cst.SimpleStatementSuite(body=body) | cst.IndentedBlock(body=body):
                return all(self.statement(module, s, watched, local) for s in body)
            case cst.Import() | cst.ImportFrom() | cst.Pass() | cst.Global() | cst.TypeAlias():
                return True
            case cst.Expr(value=value):
                return isinstance(value, cst.SimpleString | cst.ConcatenatedString | cst.Ellipsis | cst.Integer)
            case cst.Assign(targets=targets, value=value):
                return self.kind(module, value, local) is not None and all(_binds_only(t.target, value) for t in targets)
            case cst.AnnAssign(target=cst.Name(), value=value):
                return value is None or self.kind(module, value, local) is not None
            case cst.AugAssign(target=cst.Name(value="__all__"), value=value):
                return self.kind(module, value, local) == "data"
            case cst.FunctionDef():
                return self.function(module, node, local)
            case cst.ClassDef():
                return self.class_(module, node, watched)
            case cst.If(test=test, body=body, orelse=orelse):
                never = never_runs(test)
                arms = [a for a, name in ((body, "body"), (orelse, "else")) if a is not None and never != name]
                return (never is not None or self.kind(module, test, local) in ("data", "path")) and all(
                    self.statement(module, a, watched, local) for a in arms
                )
            case cst.Else(body=body) | cst.Finally(body=body):
                return self.statement(module, body, watched, local)
            case cst.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                parts: list[cst.CSTNode] = [body, *(h.body for h in handlers), *(p for p in (orelse, final) if p)]
                types = [h.type for h in handlers if h.type is not None]
                return all(self.kind(module, t, local) for t in types) and all(self.statement(module, p, watched, local) for p in parts)
        return False

    def function(self, module: Module, node: cst.FunctionDef, local: Locals = frozenset()) -> bool:
        """Defining it runs its decorators and its defaults. Annotations are taken to have no effect."""
        p = node.params
        every = [*p.posonly_params, *p.params, *p.kwonly_params]
        return all(self.decorator(module, d.decorator, local) for d in node.decorators) and all(
            q.default is None or self.kind(module, q.default, local) for q in every
        )

    def decorator(self, module: Module, node: cst.BaseExpression, local: Locals = frozenset()) -> bool:
        """Listed, `@x.setter` of a property, or the user's own when its body provably only makes functions."""
        callee = node.func if isinstance(node, cst.Call) else node
        if self.is_wye(module, node):
            return True
        if isinstance(node, cst.Call) and not self._arguments(module, node.args, local):
            return False
        if isinstance(callee, cst.Attribute) and callee.attr.value in ("setter", "deleter", "getter") and isinstance(callee.value, cst.Name):
            return callee.value.value in local
        origin = self.path(module, callee, local)
        if isinstance(origin, External):
            return origin.name in tables.DECORATORS
        return isinstance(origin, Own) and self._maker(origin, 2 if isinstance(node, cst.Call) else 1)

    def is_wye(self, module: Module, node: cst.BaseExpression) -> bool:
        """Whether a decorator is `step` or `pipeline`, however it was imported; a program is cut without it."""
        origin = self.path(module, node.func if isinstance(node, cst.Call) else node)
        return isinstance(origin, External) and origin.name in ("wye.step", "wye.pipeline")

    def _maker(self, origin: Own, calls: int) -> bool:
        """Whether calling the user's function (and then what it returns, `calls` times in all) only defines functions."""
        node = origin.node
        return isinstance(node, cst.FunctionDef) and not node.decorators and node.asynchronous is None and self._makes(origin.module, node, calls, frozenset())

    def _makes(self, module: Module, node: cst.FunctionDef, calls: int, local: Locals) -> bool:
        p = node.params
        stars = [s for s in (p.star_arg, p.star_kwarg) if isinstance(s, cst.Param)]
        local = local | {q.name.value for q in (*p.posonly_params, *p.params, *p.kwonly_params, *stars)}
        body = node.body.body
        statements = [s for line in body for s in (line.body if isinstance(line, cst.SimpleStatementLine) else [line])]
        local = local | {s.name.value for s in statements if isinstance(s, cst.FunctionDef)}
        inner = {s.name.value: s for s in statements if isinstance(s, cst.FunctionDef)}
        for statement in statements:
            if isinstance(statement, cst.Return):
                value = statement.value
                if isinstance(value, cst.Name) and calls > 1 and value.value in inner:
                    if not self._makes(module, inner[value.value], calls - 1, local):
                        return False
                elif not (isinstance(value, cst.Name) and calls == 1):
                    return False
            elif not self.statement(module, statement, False, local):
                return False
        return True

    def class_(self, module: Module, node: cst.ClassDef, watched: bool = False) -> bool:
        """A class whose creation runs no code of the user's: no metaclass, no `__init_subclass__`, a body of inert statements."""
        if not all(self.decorator(module, d.decorator) for d in node.decorators):
            return False
        for keyword in node.keywords:
            name = keyword.keyword.value if keyword.keyword else ""
            origin = self.path(module, keyword.value) if name == "metaclass" else None
            known = isinstance(origin, External) and origin.name in tables.METACLASSES
            if not known and not (name in ("total", "frozen", "closed") and self.kind(module, keyword.value) == "data"):
                return False
        if not all(self._base(module, b.value, watched) for b in node.bases):
            return False
        return self._class_body(module, node, self._is_enum(module, node))

    def _class_body(self, module: Module, node: cst.ClassDef, enum: bool) -> bool:
        local: set[str] = set()
        for line in node.body.body:
            for statement in line.body if isinstance(line, cst.SimpleStatementLine) else [line]:
                if isinstance(statement, cst.FunctionDef):
                    if enum and statement.name.value in ("__init__", "__new__", "_generate_next_value_", "__init_subclass__"):
                        return False
                    local.add(statement.name.value)
                if not self.statement(module, statement, False, frozenset(local)):
                    return False
        return True

    def _base(self, module: Module, node: cst.BaseExpression, watched: bool) -> bool:
        while isinstance(node, cst.Subscript):
            node = node.value
        if isinstance(node, cst.Call):
            origin = self.path(module, node.func)
            return isinstance(origin, External) and origin.name in tables.OBJECT_CALLS and self._arguments(module, node.args, frozenset())
        origin = self.path(module, node)
        if isinstance(origin, External):
            return origin.name in tables.BASES or is_standard(origin.name)
        if watched or not isinstance(origin, Own):
            return False
        if not isinstance(origin.node, cst.ClassDef):
            value = origin.node.value if isinstance(origin.node, cst.Assign) else None
            return isinstance(value, cst.Call) and self.kind(origin.module, value) is not None
        return not (methods(origin.node) & {"__init_subclass__", "__set_name__", "__mro_entries__"}) and self._plain(origin.module, origin.node)

    def _plain(self, module: Module, node: cst.ClassDef) -> bool:
        """A base class without a metaclass or a hook of the user's, all the way up."""
        key = (module, f"class {node.name.value}")
        if key not in self._kinds:
            self._kinds[key] = None
            metaclass = any(
                k.keyword and k.keyword.value == "metaclass" and not isinstance(self.path(module, k.value), External) for k in node.keywords
            )
            hooks = methods(node) & {"__init_subclass__"}
            plain = not metaclass and not hooks and all(self._base(module, b.value, False) for b in node.bases)
            self._kinds[key] = "type" if plain else None
        return self._kinds[key] is not None

    def _is_enum(self, module: Module, node: cst.ClassDef, depth: int = 0) -> bool:
        for base in node.bases:
            origin = self.path(module, base.value)
            if isinstance(origin, External) and origin.name in tables.ENUMS:
                return True
            if isinstance(origin, Own) and isinstance(origin.node, cst.ClassDef) and depth < 20 and self._is_enum(origin.module, origin.node, depth + 1):
                return True
        return False

    # expressions

    def kind(self, module: Module, node: cst.CSTNode | None, local: Locals = frozenset()) -> Kind | None:
        """What a pure expression evaluates to; None when evaluating it may run code, or is not known to be pure.

        `local` are names bound in the function or class around, whose values are not known.
        """
        match node:
            case cst.Integer() | cst.Float() | cst.Imaginary() | cst.SimpleString() | cst.ConcatenatedString() | cst.Ellipsis():
                return "data" if not isinstance(node, cst.ConcatenatedString) else self._all(module, (node.left, node.right), local)
            case cst.FormattedString(parts=parts):
                return self._all(module, [p.expression for p in parts if isinstance(p, cst.FormattedStringExpression)], local)
            case cst.Name() | cst.Attribute():
                return self._reference(module, node, local)
            case cst.Tuple(elements=elements) | cst.List(elements=elements) | cst.Set(elements=elements):
                return self._display(module, elements, local)
            case cst.Dict(elements=items):
                values = [v for i in items for v in ((i.key, i.value) if isinstance(i, cst.DictElement) else (i.value,))]
                starred = all(self.kind(module, i.value, local) in ("data", "display") for i in items if isinstance(i, cst.StarredDictElement))
                return self._values(module, values, local) if starred else None
            case cst.Lambda(params=p):
                return "object" if all(q.default is None or self.kind(module, q.default, local) for q in (*p.params, *p.kwonly_params)) else None
            case cst.UnaryOperation(expression=inner):
                return "data" if self.kind(module, inner, local) == "data" else None
            case cst.BinaryOperation(left=left, operator=operator, right=right):
                return _binary(self.kind(module, left, local), operator, self.kind(module, right, local))
            case cst.BooleanOperation(left=left, right=right):
                return self._all(module, (left, right), local)
            case cst.Comparison(left=left, comparisons=comparisons):
                if all(isinstance(c.operator, cst.Is | cst.IsNot) for c in comparisons):
                    return "data" if all(self.kind(module, n, local) for n in (left, *(c.comparator for c in comparisons))) else None
                return self._all(module, (left, *(c.comparator for c in comparisons)), local)
            case cst.IfExp(test=test, body=body, orelse=orelse):
                arms = {self.kind(module, body, local), self.kind(module, orelse, local)}
                if self.kind(module, test, local) != "data" or None in arms:
                    return None
                return arms.pop() if len(arms) == 1 else "object"
            case cst.Subscript(value=value):
                return self._subscript(module, node, value, local)
            case cst.Call():
                return self._call(module, node, local)
            case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
                return self._comprehension(module, node, local)
        return None

    def _all(self, module: Module, nodes: Iterable[cst.CSTNode], local: Locals) -> Kind | None:
        """Data when all are data or paths."""
        return "data" if all(self.kind(module, n, local) in ("data", "path") for n in nodes) else None

    def _values(self, module: Module, nodes: Iterable[cst.CSTNode], local: Locals) -> Kind | None:
        kinds = {self.kind(module, n, local) for n in nodes}
        return None if None in kinds else "data" if kinds <= {"data"} else "display"

    def _display(self, module: Module, elements: Sequence[cst.BaseElement], local: Locals) -> Kind | None:
        starred = all(self.kind(module, e.value, local) in ("data", "display") for e in elements if isinstance(e, cst.StarredElement))
        return self._values(module, [e.value for e in elements], local) if starred else None

    def _reference(self, module: Module, node: cst.Name | cst.Attribute, local: Locals) -> Kind | None:
        if isinstance(node, cst.Name) and node.value in local:
            return "object"
        origin = self.path(module, node, local)
        match origin:
            case External(name=name):
                return "data" if name in tables.DATA_VALUES else "type"
            case Own():
                return self._value(origin)
            case Module():
                return "object"
        if isinstance(node, cst.Name):
            return "object"
        base = self.kind(module, node.value, local)
        if base == "path":
            return "path" if node.attr.value in tables.PATH_ATTRIBUTES else None
        owner = self.path(module, node.value, local)
        return "object" if isinstance(owner, Own) and isinstance(owner.node, cst.ClassDef) else None

    def _value(self, origin: Own) -> Kind:
        """The kind of a name with one definition; `object` when it is not known to be more."""
        if isinstance(origin.node, cst.ClassDef):
            return "type"
        key = (origin.module, origin.name)
        if key not in self._kinds:
            self._kinds[key] = "object"
            node = origin.node
            simple = isinstance(node, cst.Assign) and all(isinstance(t.target, cst.Name) for t in node.targets)
            if simple or (isinstance(node, cst.AnnAssign) and node.value is not None):
                assert isinstance(node, cst.Assign | cst.AnnAssign)
                kind = self.kind(origin.module, node.value) or "object"
                self._kinds[key] = "display" if kind == "data" and not _immutable(node.value) else kind
        return self._kinds[key] or "object"

    def _subscript(self, module: Module, node: cst.Subscript, value: cst.BaseExpression, local: Locals) -> Kind | None:
        base = self.kind(module, value, local)
        if base == "type":
            origin = self.path(module, value, local)
            custom = isinstance(origin, Own) and isinstance(origin.node, cst.ClassDef) and "__class_getitem__" in methods(origin.node)
            return None if custom or (isinstance(origin, External) and origin.name in ("os.environ", "sys.argv")) else "type"
        indices = [e.slice.value for e in node.slice if isinstance(e.slice, cst.Index)]
        bounds = [b for e in node.slice if isinstance(e.slice, cst.Slice) for b in (e.slice.lower, e.slice.upper, e.slice.step) if b]
        inner = self._all(module, [*indices, *bounds], local)
        return base if base in ("data", "path") and inner else "object" if base == "display" and inner else None

    def _arguments(self, module: Module, args: Sequence[cst.Arg], local: Locals) -> bool:
        return all(self.kind(module, a.value, local) for a in args)

    def _call(self, module: Module, node: cst.Call, local: Locals) -> Kind | None:
        if not self._arguments(module, node.args, local):
            return None
        origin = self.path(module, node.func, local)
        kinds = [self.kind(module, a.value, local) for a in node.args]
        if isinstance(origin, External):
            name = origin.name
            if name in tables.DATA_CALLS:
                if all(k in ("data", "path") for k in kinds):
                    return "data"
                shallow = name in ("builtins.list", "builtins.tuple", "builtins.dict", "builtins.len", "collections.OrderedDict")
                contained = all(k in ("data", "path", "display") or a.keyword for a, k in zip(node.args, kinds))
                return "display" if shallow and contained else None
            if name in tables.OBJECT_CALLS or name in tables.DROPPABLE_VOLATILE:
                return "path" if name.startswith("pathlib.") else "type" if name.startswith("typing") else "object"
            exception = name.startswith("builtins.") and name.endswith(("Error", "Exception", "Warning"))
            return "object" if exception else self._method(module, node, kinds, local)
        if isinstance(origin, Own) and isinstance(origin.node, cst.ClassDef):
            return "object" if self._constructs(origin) else None
        if isinstance(origin, Own) and self._made_type(origin):
            return "object"
        return self._method(module, node, kinds, local)

    def _method(self, module: Module, node: cst.Call, kinds: Sequence[Kind | None], local: Locals) -> Kind | None:
        """A method of plain data or of a path."""
        if not isinstance(node.func, cst.Attribute):
            return None
        base, name = self.kind(module, node.func.value, local), node.func.attr.value
        if base == "path" and name in tables.PATH_METHODS and all(k in ("data", "path") for k in kinds):
            return "path"
        if base == "data" and name in tables.DATA_METHODS and all(k in ("data", "path") for k in kinds):
            return "data"
        return "display" if base == "display" and name in ("items", "keys", "values", "copy") else None

    def _made_type(self, origin: Own) -> bool:
        """`Point = namedtuple("Point", …)`: calling it only makes a tuple."""
        value = origin.node.value if isinstance(origin.node, cst.Assign) else None
        made = self.path(origin.module, value.func) if isinstance(value, cst.Call) else None
        return isinstance(made, External) and made.name.endswith((".namedtuple", ".NamedTuple", ".NewType", ".TypedDict"))

    def _constructs(self, origin: Own, depth: int = 0) -> bool:
        """Whether making an instance of the user's class runs no code of the user's."""
        node, module = origin.node, origin.module
        assert isinstance(node, cst.ClassDef)
        own = {"__init__", "__new__", "__post_init__", "__setattr__", "__call__", "__getattribute__"}
        if methods(node) & own or not self._plain(module, node) or depth > 20 or _has_factory(node):
            return False
        for base in node.bases:
            found = self.path(module, base.value.value if isinstance(base.value, cst.Subscript) else base.value)
            if isinstance(found, Own) and isinstance(found.node, cst.ClassDef):
                if not self._constructs(found, depth + 1):
                    return False
            elif not (isinstance(found, External) and is_standard(found.name)):
                return False
        return not self._is_enum(module, node)

    def _comprehension(self, module: Module, node: cst.CSTNode, local: Locals) -> Kind | None:
        """Over plain data, of plain data; its own names count as data, so nothing else than data can come in."""
        assert isinstance(node, cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp)
        clause: cst.CompFor | None = node.for_in
        if clause is None or clause.inner_for_in or clause.ifs or self.kind(module, clause.iter, local) not in ("data", "display"):
            return None
        names = frozenset(t.value for t in (clause.target.elements and [e.value for e in clause.target.elements] if isinstance(clause.target, cst.Tuple) else [clause.target]) if isinstance(t, cst.Name))  # fmt: skip
        parts: Mapping[str, cst.CSTNode] = {"k": node.key, "v": node.value} if isinstance(node, cst.DictComp) else {"v": node.elt}
        return "display" if all(self.kind(module, p, local | names) for p in parts.values()) else None


BUILTINS = frozenset(dir(__import__("builtins"))) | {"__name__", "__file__", "__doc__", "__package__", "__spec__", "__loader__", "__path__"}


def methods(node: cst.ClassDef) -> set[str]:
    """The names that a class body defines or assigns."""
    found: set[str] = set()
    for line in node.body.body:
        if isinstance(line, cst.FunctionDef | cst.ClassDef):
            found.add(line.name.value)
        elif isinstance(line, cst.SimpleStatementLine):
            for s in line.body:
                if isinstance(s, cst.Assign):
                    found.update(t.target.value for t in s.targets if isinstance(t.target, cst.Name))
    return found


def _immutable(node: cst.BaseExpression | None) -> bool:
    """A constant, or an operation on such: nobody can put anything else into it afterwards."""
    match node:
        case cst.BinaryOperation(left=left, right=right):
            return _immutable(left) and _immutable(right)
        case cst.Tuple(elements=elements):
            return all(_immutable(e.value) for e in elements)
        case cst.UnaryOperation(expression=inner):
            return _immutable(inner)
    plain = (cst.BaseNumber, cst.BaseString, cst.Name, cst.Attribute, cst.Comparison, cst.BooleanOperation)
    return isinstance(node, plain)


def _has_factory(node: cst.ClassDef) -> bool:
    """A field of a dataclass that is made by a call of something else than list, dict, set."""
    for line in node.body.body:
        for s in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(s, cst.AnnAssign) and isinstance(s.value, cst.Call):
                for arg in s.value.args:
                    if arg.keyword and "factory" in arg.keyword.value and dotted(arg.value) not in ("list", "dict", "set", "tuple", "str", "int"):
                        return True
    return False


def _binds_only(target: cst.BaseExpression, value: cst.BaseExpression) -> bool:
    """A name, or names that take a display apart."""
    if isinstance(target, cst.Name):
        return True
    if not isinstance(target, cst.Tuple | cst.List) or not isinstance(value, cst.Tuple | cst.List):
        return False
    plain = all(isinstance(e, cst.Element) and isinstance(e.value, cst.Name) for e in target.elements)
    return plain and len(target.elements) == len(value.elements)


def _binary(left: Kind | None, operator: cst.BaseBinaryOp, right: Kind | None) -> Kind | None:
    if left is None or right is None:
        return None
    pair = {left, right}
    if pair == {"data"}:
        return "data"
    if isinstance(operator, cst.Divide) and pair <= {"data", "path"}:
        return "path"
    if isinstance(operator, cst.BitOr) and pair <= {"data", "type"}:
        return "type"
    return "display" if isinstance(operator, cst.Add | cst.BitOr) and pair <= {"data", "display"} else None
