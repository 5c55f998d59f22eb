"""A module-level statement goes in; whether it is provably inert comes out: running it does nothing but bind names.

Inert and unreached statements are what a step's program may leave out. Whatever no rule proves stays.
"""

from __future__ import annotations

import libcst as cst

from wye.frontend.project import Module, Project
from wye.frontend.slicing import tables
from wye.frontend.slicing.facts import Target, Unit
from wye.frontend.slicing.names import External, Locals, Own
from wye.frontend.slicing.pure import Pure
from wye.frontend.slicing.scopes import children, never_runs


class Inert(Pure):
    """Answers for one project, each question once."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self._units: dict[tuple[Module, int, bool], bool] = {}
        self._effects: dict[tuple[Module, bool], bool] = {}
        self._staying: dict[tuple[Module, bool], list[Unit]] = {}
        self._stripped: dict[tuple[Module, int], frozenset[cst.CSTNode]] = {}

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
        if isinstance(node, cst.Call) and not self.arguments(module, node.args, local):
            return False
        if (
            isinstance(callee, cst.Attribute)
            and isinstance(callee.value, cst.Name)
            and callee.attr.value in ("setter", "deleter", "getter")
        ):
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
        if not isinstance(node, cst.FunctionDef) or node.decorators or node.asynchronous:
            return False
        return self._makes(origin.module, node, calls, frozenset())

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
        if not all(self.base(module, b.value, watched) for b in node.bases):
            return False
        return self._class_body(module, node, self.is_enum(module, node))

    def _class_body(self, module: Module, node: cst.ClassDef, enum: bool) -> bool:
        local: set[str] = set()
        for line in node.body.body:
            for statement in line.body if isinstance(line, cst.SimpleStatementLine) else [line]:
                if isinstance(statement, cst.FunctionDef):
                    if enum and statement.name.value in ("__init__", "__new__", "_generate_next_value_", "__init_subclass__"):
                        return False
                    local.add(statement.name.value)
                if not self.statement(module, statement, False, frozenset(local)) or self._described(module, statement, local):
                    return False
        return True

    def _described(self, module: Module, node: cst.CSTNode, local: set[str]) -> bool:
        """Whether a class attribute is set to an object that is made elsewhere: it may have a `__set_name__`."""
        value = node.value if isinstance(node, cst.Assign | cst.AnnAssign) else None
        if not isinstance(value, cst.Name) or value.value in local:
            return False
        origin = self.path(module, value)
        made = isinstance(origin, Own) and not isinstance(origin.node, cst.FunctionDef | cst.ClassDef)
        return made and self.kind(module, value) == "object"

    # what stays

    def staying(self, module: Module, watched: bool) -> list[Unit]:
        """The statements that are in every program which holds the module."""
        key = (module, watched)
        if key not in self._staying:
            self._staying[key] = [u for u in self.facts(module).units if not u.dead and self._stays(module, u, watched)]
        return self._staying[key]

    def _stays(self, module: Module, unit: Unit, watched: bool) -> bool:
        if unit.future or unit.dropped:
            return unit.future
        if any(t.depth == 0 and self.runs(module, t, watched) for t in unit.imports):
            return True
        return unit.importing is None and not self.unit(module, unit, watched)

    def runs(self, module: Module, target: Target, watched: bool) -> bool:
        """Whether an import runs a statement that stays, or enters a circle of imports, whose order matters."""
        return any(self.effectful(m, watched) for m in self.imported(module, target))

    def effectful(self, module: Module, watched: bool) -> bool:
        """Whether importing a module does anything beyond binding names: it, or what it imports, has a statement that stays, or there
        is a circle of imports among them, which works in one order only."""
        key = (module, watched)
        if key not in self._effects:
            closure = self.closure(module)
            around = [p for m in closure for p in self.packages(m)]
            every = dict.fromkeys([*closure, *around, *(n for p in around for n in self.closure(p))])
            own = any(not u.future and not self.unit(m, u, watched) for m in every for u in self.facts(m).units if u.importing is None)
            self._effects[key] = own or any(m in self.closure(n) for m in every for n in self.edges(m))
        return self._effects[key]

    # Wye's own decorators

    def wye_decorators(self, module: Module, unit: Unit) -> list[cst.Decorator]:
        """Wye's own decorators of a function: a program has none."""
        node = unit.node
        return [d for d in node.decorators if self.is_wye(module, d.decorator)] if isinstance(node, cst.FunctionDef) else []

    def stripped(self, module: Module, unit: Unit) -> frozenset[cst.CSTNode]:
        """All nodes in them."""
        key = (module, unit.index)
        if key in self._stripped:
            return self._stripped[key]
        todo: list[cst.CSTNode] = list(self.wye_decorators(module, unit))
        found: set[cst.CSTNode] = set()
        while todo:
            node = todo.pop()
            found.add(node)
            todo.extend(children(node))
        self._stripped[key] = frozenset(found)
        return self._stripped[key]


def _binds_only(target: cst.BaseExpression, value: cst.BaseExpression) -> bool:
    """A name, or names that take a display apart."""
    if isinstance(target, cst.Name):
        return True
    if not isinstance(target, cst.Tuple | cst.List) or not isinstance(value, cst.Tuple | cst.List):
        return False
    plain = all(isinstance(e, cst.Element) and isinstance(e.value, cst.Name) for e in target.elements)
    return plain and len(target.elements) == len(value.elements)
