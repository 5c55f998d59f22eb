"""An expression at module level goes in; whether evaluating it provably does nothing but make a value comes out, and of what kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import libcst as cst

from wye.frontend.project import Module, Project, dotted
from wye.frontend.slicing import tables
from wye.frontend.slicing.names import External, Locals, Names, Own, is_standard

Kind = Literal["data", "path", "display", "type", "object"]
"""What evaluating a pure expression gives: plain data (its operators run no code of the user's), a path, a display that holds other
objects, a class, or some object that may only be handed on."""


class Pure(Names):
    """Kinds of expressions, and which classes are plain."""

    def __init__(self, project: Project) -> None:
        super().__init__(project)
        self._kinds: dict[tuple[Module, str], Kind | None] = {}

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
                unpacked = [i.value for i in items if isinstance(i, cst.StarredDictElement)]
                starred = all(self.kind(module, v, local) in ("data", "display") for v in unpacked)
                return self._values(module, values, local) if starred else None
            case cst.Lambda(params=p):
                defaults = [q.default for q in (*p.posonly_params, *p.params, *p.kwonly_params) if q.default is not None]
                return "object" if all(self.kind(module, d, local) for d in defaults) else None
            case cst.UnaryOperation(expression=inner):
                return "data" if self.kind(module, inner, local) == "data" else None
            case cst.BinaryOperation(left=left, operator=operator, right=right):
                return _binary(self.kind(module, left, local), operator, self.kind(module, right, local))
            case cst.BooleanOperation(left=left, right=right):
                return self._all(module, (left, right), local)
            case cst.Comparison(left=left, comparisons=comparisons):
                operands = [left, *(c.comparator for c in comparisons)]
                if all(isinstance(c.operator, cst.Is | cst.IsNot) for c in comparisons):
                    return "data" if all(self.kind(module, n, local) for n in operands) else None
                return self._all(module, operands, local)
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

    def arguments(self, module: Module, args: Sequence[cst.Arg], local: Locals) -> bool:
        return all(self.kind(module, a.value, local) for a in args)

    def _call(self, module: Module, node: cst.Call, local: Locals) -> Kind | None:
        if not self.arguments(module, node.args, local):
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

    def _comprehension(self, module: Module, node: cst.CSTNode, local: Locals) -> Kind | None:
        """Over plain data, of plain data; its own names count as data, so nothing else than data can come in."""
        assert isinstance(node, cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp)
        clause: cst.CompFor | None = node.for_in
        if clause is None or clause.inner_for_in or clause.ifs or self.kind(module, clause.iter, local) not in ("data", "display"):
            return None
        targets = [e.value for e in clause.target.elements] if isinstance(clause.target, cst.Tuple) else [clause.target]
        names = frozenset(t.value for t in targets if isinstance(t, cst.Name))
        parts: Mapping[str, cst.CSTNode] = {"k": node.key, "v": node.value} if isinstance(node, cst.DictComp) else {"v": node.elt}
        return "display" if all(self.kind(module, p, local | names) for p in parts.values()) else None

    # classes

    def base(self, module: Module, node: cst.BaseExpression, watched: bool) -> bool:
        while isinstance(node, cst.Subscript):
            node = node.value
        if isinstance(node, cst.Call):
            origin = self.path(module, node.func)
            return isinstance(origin, External) and origin.name in tables.OBJECT_CALLS and self.arguments(module, node.args, frozenset())
        origin = self.path(module, node)
        if isinstance(origin, External):
            return origin.name in tables.BASES or is_standard(origin.name)
        if watched or not isinstance(origin, Own):
            return False
        if not isinstance(origin.node, cst.ClassDef):
            value = origin.node.value if isinstance(origin.node, cst.Assign) else None
            return isinstance(value, cst.Call) and self.kind(origin.module, value) is not None
        return self._plain(origin.module, origin.node)

    def _plain(self, module: Module, node: cst.ClassDef) -> bool:
        """A base class without a metaclass or a hook of the user's, all the way up."""
        key = (module, f"class {node.name.value}")
        if key not in self._kinds:
            self._kinds[key] = None
            metaclass = any(
                k.keyword and k.keyword.value == "metaclass" and not isinstance(self.path(module, k.value), External) for k in node.keywords
            )
            hooks = methods(node) & {"__init_subclass__"}
            plain = not metaclass and not hooks and all(self.base(module, b.value, False) for b in node.bases)
            self._kinds[key] = "type" if plain else None
        return self._kinds[key] is not None

    def is_enum(self, module: Module, node: cst.ClassDef, depth: int = 0) -> bool:
        for base in node.bases:
            origin = self.path(module, base.value)
            if isinstance(origin, External) and origin.name in tables.ENUMS:
                return True
            own = isinstance(origin, Own) and depth < 20 and origin
            if own and isinstance(own.node, cst.ClassDef) and self.is_enum(own.module, own.node, depth + 1):
                return True
        return False

    def _made_type(self, origin: Own) -> bool:
        """`Point = namedtuple("Point", …)`: calling it only makes a tuple."""
        value = origin.node.value if isinstance(origin.node, cst.Assign) else None
        made = self.path(origin.module, value.func) if isinstance(value, cst.Call) else None
        return isinstance(made, External) and made.name.endswith((".namedtuple", ".NamedTuple", ".NewType", ".TypedDict"))

    def _constructs(self, origin: Own, depth: int = 0) -> bool:
        """Whether making an instance of the user's class runs no code of the user's."""
        node, module = origin.node, origin.module
        assert isinstance(node, cst.ClassDef)
        own = {"__init__", "__new__", "__post_init__", "__setattr__", "__getattribute__", "__get__", "__set__", "__set_name__"}
        decorators = [d.decorator.func if isinstance(d.decorator, cst.Call) else d.decorator for d in node.decorators]
        if not all(self.path(module, d) in _PLAIN_DECORATORS for d in decorators):
            return False
        if methods(node) & own or not self._plain(module, node) or depth > 20 or _has_factory(node):
            return False
        for base in node.bases:
            found = self.path(module, base.value.value if isinstance(base.value, cst.Subscript) else base.value)
            if isinstance(found, Own) and isinstance(found.node, cst.ClassDef):
                if not self._constructs(found, depth + 1):
                    return False
            elif not (isinstance(found, External) and is_standard(found.name)):
                return False
        return not self.is_enum(module, node)


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


_PLAIN_DECORATORS = (External("dataclasses.dataclass"), External("functools.total_ordering"), External("typing.final"))
_FACTORIES = ("list", "dict", "set", "tuple", "str", "int")


def _has_factory(node: cst.ClassDef) -> bool:
    """A field of a dataclass that is made by a call of something else than list, dict, set."""
    for line in node.body.body:
        for s in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(s, cst.AnnAssign) and isinstance(s.value, cst.Call):
                for arg in s.value.args:
                    if arg.keyword and "factory" in arg.keyword.value and dotted(arg.value) not in _FACTORIES:
                        return True
    return False


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
