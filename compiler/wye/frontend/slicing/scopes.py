"""A parsed module goes in; Python's scopes come out: what each binds, and where every name that is read or stored lives.

One walk without recursion, linear in the source; the result equals `symtable`'s (a test compares them on the standard library).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import libcst as cst

Kind = Literal["module", "class", "function", "lambda", "comprehension", "types"]
Mode = Literal["load", "store", "delete", "signature", "annotation", "local annotation"]
"""How a name occurs. The last three are loads in annotations: of a signature, of a class or module variable, of a local variable."""

ANNOTATIONS = ("signature", "annotation", "local annotation")


@dataclass(eq=False, slots=True, repr=False)
class Scope:
    """One scope. `depth` counts the functions and lambdas around its code, itself included: 0 runs when the module is imported.

    `types` is the scope of type parameters (`def f[T]`). `bindings` says for each name which statements (or expressions) bind it.
    """

    kind: Kind
    name: str
    node: cst.CSTNode
    parent: Scope | None
    private: str
    depth: int
    children: list[Scope] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    bindings: dict[str, list[cst.CSTNode]] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)

    def resolve(self, name: str) -> Scope:
        """The scope in which a (mangled) name lives when it is used here; the module's also for builtins."""
        if self.parent is None or name in self.globals:
            return self.module
        if name in self.bindings and name not in self.nonlocals:
            return self
        scope, transparent = self.parent, self.kind == "types"
        while scope.parent is not None:
            visible = scope.kind != "class" or transparent  # a class is seen from its type parameters only
            if scope.kind == "class" and name == "__class__":
                return scope
            if visible and name in scope.globals:
                break
            if visible and name in scope.bindings and name not in scope.nonlocals:
                return scope
            scope, transparent = scope.parent, transparent and scope.kind == "types"
        return self.module

    @property
    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def mangle(self, name: str) -> str:
        """A name as Python stores it: in NFKC, and a private one (`__x` in class C) as `_C__x`."""
        if not name.isascii():
            name = unicodedata.normalize("NFKC", name)
        if self.private and name.startswith("__") and not name.endswith("__"):
            return f"_{self.private}{name}"
        return name

    def walk(self) -> Iterator[Scope]:
        """This scope and all inside it, in source order."""
        todo = [self]
        while todo:
            scope = todo.pop()
            yield scope
            todo.extend(reversed(scope.children))


class Use(NamedTuple):
    """One occurrence of a name. `unit` is the index of the module-level statement that it stands in.

    `dead`: it stands in a block that never runs when the module is imported (`if TYPE_CHECKING:`, `if __name__ == "__main__":`).
    """

    node: cst.CSTNode
    name: str
    scope: Scope
    mode: Mode
    unit: int
    dead: bool


@dataclass(eq=False, slots=True, repr=False)
class Scopes:
    """The scopes of one module, every use of a name in source order, and each expression's parent."""

    module: Scope
    uses: list[Use]
    parents: dict[cst.CSTNode, cst.CSTNode]
    imports: list[tuple[cst.Import | cst.ImportFrom, Scope, int, bool]]
    """Every import statement with its scope, unit and deadness."""
    strings: list[tuple[cst.SimpleString, Scope, Mode, int, bool]]
    """String literals in annotations."""
    assigned_globals: dict[str, list[cst.CSTNode]]
    """Names that functions and classes bind at module level by `global`."""


def module_bindings(tree: cst.Module) -> dict[str, list[cst.CSTNode]]:
    """Every module-level name with the statements that bind it, those in functions by `global` last. A star import is under `*`."""
    scopes = build(tree)
    found = {name: list(nodes) for name, nodes in scopes.module.bindings.items()}
    for name, nodes in scopes.assigned_globals.items():
        found.setdefault(name, []).extend(nodes)
    return found


def loads(scopes: Scopes, unit: int) -> set[str]:
    """The names that one module-level statement, with all the code inside it, reads from module scope or from the builtins."""
    return {u.name for u in scopes.uses if u.unit == unit and u.mode not in ("store", "delete") and reaches_module(u)}


def reaches_module(use: Use) -> bool:
    """Whether a use may mean the module's name: also in a class body, where an unbound local falls back to the global."""
    scope = use.scope.resolve(use.name)
    return scope.parent is None or (scope is use.scope and scope.kind == "class" and use.mode not in ("store", "delete"))


def build(tree: cst.Module) -> Scopes:
    """The scopes of a module."""
    builder = _Builder(tree)
    builder.run(tree)
    return builder.result


# --- the walk -------------------------------------------------------------------------------------------------------------------


class _Item(NamedTuple):
    node: cst.CSTNode
    scope: Scope
    mode: Mode
    statement: cst.CSTNode
    dead: bool


_FIELDS: dict[type[cst.CSTNode], tuple[str, ...]] = {}
_TRIVIA = tuple(
    "whitespace lpar rpar leading_lines lines_after comma semicolon header footer trailing lbr rbr equal colon asynchronous dot operator "
    "start end prefix".split()
)


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The child nodes that can hold names, in source order; white space and punctuation are left out."""
    kind = type(node)
    names = _FIELDS.get(kind)
    if names is None:
        every = kind.__dataclass_fields__
        names = _FIELDS[kind] = tuple(n for n in every if not n.startswith(_TRIVIA) or (n == "operator" and kind is cst.Comparison))
    for name in names:
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from (v for v in value if isinstance(v, cst.CSTNode))


class _Builder:
    def __init__(self, tree: cst.Module) -> None:
        self.result = Scopes(Scope("module", "top", tree, None, "", 0), [], {}, [], [], {})
        self.stack: list[_Item] = []
        self.unit = 0

    def run(self, tree: cst.Module) -> None:
        handlers = {
            cst.Name: self.name, cst.Attribute: self.attribute, cst.Subscript: self.subscript, cst.Arg: self.arg,
            cst.SimpleString: self.string,
            cst.FunctionDef: self.function, cst.ClassDef: self.class_, cst.Lambda: self.lambda_, cst.TypeAlias: self.type_alias,
            cst.ListComp: self.comprehension, cst.SetComp: self.comprehension, cst.DictComp: self.comprehension,
            cst.GeneratorExp: self.comprehension, cst.NamedExpr: self.walrus, cst.Import: self.import_, cst.ImportFrom: self.import_,
            cst.Global: self.declare, cst.Nonlocal: self.declare, cst.AnnAssign: self.ann_assign, cst.AssignTarget: self.target,
            cst.AugAssign: self.aug_assign, cst.AsName: self.as_name, cst.For: self.for_, cst.CompFor: self.comp_for,
            cst.Del: self.delete,
            cst.MatchAs: self.capture, cst.MatchStar: self.capture, cst.MatchMapping: self.match_mapping,
            cst.MatchKeywordElement: self.match_keyword, cst.If: self.if_,
        }  # fmt: skip
        stack, parents = self.stack, self.result.parents
        for self.unit, statement in enumerate(tree.body):
            stack.append(_Item(statement, self.result.module, "load", statement, False))
            while stack:
                item = stack.pop()
                if isinstance(item.node, (cst.BaseSmallStatement, cst.BaseCompoundStatement)):
                    item = item._replace(statement=item.node)
                handler = handlers.get(type(item.node))
                inner = handler(item) if handler else [item._replace(node=c) for c in children(item.node)]
                for child in reversed(inner):
                    parents.setdefault(child.node, item.node)
                    stack.append(child)

    # names

    def bind(self, scope: Scope, name: str, node: cst.CSTNode) -> None:
        scope.bindings.setdefault(name, []).append(node)

    def use(self, item: _Item, text: str, mode: Mode) -> None:
        """Record one occurrence, and what it binds."""
        scope = item.scope
        name = scope.mangle(text)
        if mode in ("store", "delete"):
            if name in scope.globals:
                self.result.assigned_globals.setdefault(name, []).append(item.statement)
            elif name not in scope.nonlocals:
                self.bind(scope, name, item.statement)
        else:
            scope.reads.add(name)
            if name == "super" and scope.kind in ("function", "lambda", "comprehension"):
                scope.reads.add("__class__")
        self.result.uses.append(Use(item.node, name, scope, mode, self.unit, item.dead))

    def name(self, item: _Item) -> list[_Item]:
        assert isinstance(item.node, cst.Name)
        self.use(item, item.node.value, item.mode)
        return []

    def attribute(self, item: _Item) -> list[_Item]:
        assert isinstance(item.node, cst.Attribute)
        return [item._replace(node=item.node.value, mode="load" if item.mode in ("store", "delete") else item.mode)]

    def subscript(self, item: _Item) -> list[_Item]:
        mode: Mode = "load" if item.mode in ("store", "delete") else item.mode
        return [item._replace(node=c, mode=mode) for c in children(item.node)]

    def arg(self, item: _Item) -> list[_Item]:
        assert isinstance(item.node, cst.Arg)
        return [item._replace(node=item.node.value)]

    def string(self, item: _Item) -> list[_Item]:
        assert isinstance(item.node, cst.SimpleString)
        if item.mode in ANNOTATIONS:
            self.result.strings.append((item.node, item.scope, item.mode, self.unit, item.dead))
        return []

    # scopes

    def open(self, item: _Item, kind: Kind, name: str, parent: Scope | None = None, private: str | None = None) -> Scope:
        outer = parent or item.scope
        depth = outer.depth + (kind in ("function", "lambda"))
        scope = Scope(kind, name, item.node, outer, outer.private if private is None else private, depth)
        outer.children.append(scope)
        return scope

    def function(self, item: _Item) -> list[_Item]:
        node = item.node
        assert isinstance(node, cst.FunctionDef)
        self.use(item._replace(node=node.name), node.name.value, "store")
        inner = [item._replace(node=d.decorator, mode="load") for d in node.decorators]
        outer = self.types(item, node.type_parameters, node.name.value, inner)
        scope = self.open(item, "function", node.name.value, outer)
        self.parameters(item, node.params, outer, scope, inner)
        if node.returns:
            inner.append(item._replace(node=node.returns.annotation, scope=outer, mode="signature"))
        inner.append(item._replace(node=node.body, scope=scope, mode="load"))
        return inner

    def types(self, item: _Item, parameters: cst.TypeParameters | None, name: str, inner: list[_Item]) -> Scope:
        """The scope of type parameters when there are some, else the scope around."""
        if parameters is None:
            return item.scope
        scope = self.open(item, "types", name)
        for p in parameters.params:
            self.use(item._replace(node=p.param.name, scope=scope), p.param.name.value, "store")
            bound = p.param.bound if isinstance(p.param, cst.TypeVar) else None
            inner.extend(item._replace(node=n, scope=scope, mode="signature") for n in (bound, p.default) if n is not None)
        return scope

    def parameters(self, item: _Item, params: cst.Parameters, outer: Scope, scope: Scope, inner: list[_Item]) -> None:
        every = [*params.posonly_params, *params.params]
        every += [params.star_arg] if isinstance(params.star_arg, cst.Param) else []
        every += [*params.kwonly_params, *([params.star_kwarg] if params.star_kwarg else [])]
        for p in every:
            if p.default is not None:
                inner.append(item._replace(node=p.default, mode="load"))
            if p.annotation is not None:
                inner.append(item._replace(node=p.annotation.annotation, scope=outer, mode="signature"))
            scope.parameters.append(scope.mangle(p.name.value))
            self.use(item._replace(node=p.name, scope=scope, statement=p), p.name.value, "store")

    def class_(self, item: _Item) -> list[_Item]:
        node = item.node
        assert isinstance(node, cst.ClassDef)
        self.use(item._replace(node=node.name), node.name.value, "store")
        inner = [item._replace(node=d.decorator, mode="load") for d in node.decorators]
        outer = self.types(item, node.type_parameters, node.name.value, inner)
        scope = self.open(item, "class", node.name.value, outer, node.name.value.lstrip("_"))
        inner.extend(item._replace(node=a.value, scope=outer, mode="load") for a in (*node.bases, *node.keywords))
        inner.append(item._replace(node=node.body, scope=scope, mode="load"))
        return inner

    def lambda_(self, item: _Item) -> list[_Item]:
        assert isinstance(item.node, cst.Lambda)
        inner: list[_Item] = []
        scope = self.open(item, "lambda", "lambda")
        self.parameters(item, item.node.params, item.scope, scope, inner)
        return [*inner, item._replace(node=item.node.body, scope=scope)]

    def comprehension(self, item: _Item) -> list[_Item]:
        """The first iterable is evaluated outside; everything else is inside."""
        node = item.node
        assert isinstance(node, (cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp))
        scope = self.open(item, "comprehension", type(node).__name__)
        results: Sequence[cst.CSTNode] = (node.key, node.value) if isinstance(node, cst.DictComp) else (node.elt,)
        first = node.for_in
        inside: list[cst.CSTNode] = [c for c in (first.inner_for_in,) if c is not None]
        return [
            item._replace(node=first.iter),
            item._replace(node=first.target, scope=scope, mode="store"),
            *(item._replace(node=i.test, scope=scope) for i in first.ifs),
            *(item._replace(node=n, scope=scope) for n in (*inside, *results)),
        ]

    def comp_for(self, item: _Item) -> list[_Item]:
        node = item.node
        assert isinstance(node, cst.CompFor)
        inner = [item._replace(node=node.iter), item._replace(node=node.target, mode="store")]
        inner.extend(item._replace(node=i.test) for i in node.ifs)
        return [*inner, item._replace(node=node.inner_for_in)] if node.inner_for_in else inner

    def type_alias(self, item: _Item) -> list[_Item]:
        node = item.node
        assert isinstance(node, cst.TypeAlias)
        self.use(item._replace(node=node.name), node.name.value, "store")
        inner: list[_Item] = []
        outer = self.types(item, node.type_parameters, node.name.value, inner)
        scope = self.open(item, "types", node.name.value, outer)
        return [*inner, item._replace(node=node.value, scope=scope)]

    # statements and expressions that bind

    def walrus(self, item: _Item) -> list[_Item]:
        """In a comprehension the target belongs to the scope around it."""
        node = item.node
        assert isinstance(node, cst.NamedExpr)
        inner = [item._replace(node=node.value)]
        if not isinstance(node.target, cst.Name):
            return inner
        scope = item.scope
        while scope.kind == "comprehension" and scope.parent is not None:
            scope.nonlocals.add(scope.mangle(node.target.value))
            scope = scope.parent
        self.use(item._replace(node=node.target, scope=scope), node.target.value, "store")
        return inner

    def import_(self, item: _Item) -> list[_Item]:
        node = item.node
        assert isinstance(node, (cst.Import, cst.ImportFrom))
        self.result.imports.append((node, item.scope, self.unit, item.dead))
        if isinstance(node.names, cst.ImportStar):
            self.bind(item.scope, "*", node)
            return []
        for alias in node.names:
            if alias.asname and isinstance(alias.asname.name, cst.Name):
                bound: cst.CSTNode = alias.asname.name
            else:
                bound = alias.name
                while isinstance(bound, cst.Attribute):
                    bound = bound.value
            assert isinstance(bound, cst.Name)
            self.use(item._replace(node=bound), bound.value, "store")
        return []

    def declare(self, item: _Item) -> list[_Item]:
        node = item.node
        assert isinstance(node, (cst.Global, cst.Nonlocal))
        declared = item.scope.globals if isinstance(node, cst.Global) else item.scope.nonlocals
        declared.update(item.scope.mangle(n.name.value) for n in node.names)
        return []

    def ann_assign(self, item: _Item) -> list[_Item]:
        """A local variable's annotation is never evaluated; a bare `x: int` still makes x local."""
        node = item.node
        assert isinstance(node, cst.AnnAssign)
        mode: Mode = "annotation" if item.scope.kind in ("module", "class") else "local annotation"
        inner = [item._replace(node=node.value)] if node.value is not None else []
        return [
            item._replace(node=node.annotation.annotation, mode=mode),
            *inner,
            item._replace(node=node.target, mode="store"),
        ]

    def target(self, item: _Item) -> list[_Item]:
        assert isinstance(item.node, cst.AssignTarget)
        return [item._replace(node=item.node.target, mode="store")]

    def aug_assign(self, item: _Item) -> list[_Item]:
        node = item.node
        assert isinstance(node, cst.AugAssign)
        if isinstance(node.target, cst.Name):
            self.use(item._replace(node=node.target), node.target.value, "load")
        return [item._replace(node=node.value), item._replace(node=node.target, mode="store")]

    def as_name(self, item: _Item) -> list[_Item]:
        assert isinstance(item.node, cst.AsName)
        return [item._replace(node=item.node.name, mode="store")]

    def for_(self, item: _Item) -> list[_Item]:
        node = item.node
        assert isinstance(node, cst.For)
        rest = [n for n in (node.body, node.orelse) if n is not None]
        first = [item._replace(node=node.iter), item._replace(node=node.target, mode="store")]
        return [*first, *(item._replace(node=n) for n in rest)]

    def delete(self, item: _Item) -> list[_Item]:
        assert isinstance(item.node, cst.Del)
        return [item._replace(node=item.node.target, mode="delete")]

    def capture(self, item: _Item) -> list[_Item]:
        node = item.node
        assert isinstance(node, (cst.MatchAs, cst.MatchStar))
        if node.name is not None:
            self.use(item._replace(node=node.name), node.name.value, "store")
        pattern = node.pattern if isinstance(node, cst.MatchAs) else None
        return [item._replace(node=pattern)] if pattern is not None else []

    def match_mapping(self, item: _Item) -> list[_Item]:
        node = item.node
        assert isinstance(node, cst.MatchMapping)
        if node.rest is not None:
            self.use(item._replace(node=node.rest), node.rest.value, "store")
        return [item._replace(node=n) for e in node.elements for n in (e.key, e.pattern)]

    def match_keyword(self, item: _Item) -> list[_Item]:
        assert isinstance(item.node, cst.MatchKeywordElement)
        return [item._replace(node=item.node.pattern)]

    def if_(self, item: _Item) -> list[_Item]:
        """The blocks that never run when the module is imported are walked too, and marked."""
        node = item.node
        assert isinstance(node, cst.If)
        never = never_runs(node.test) if item.scope.kind == "module" else None
        inner = [item._replace(node=node.test), item._replace(node=node.body, dead=item.dead or never == "body")]
        return [*inner, item._replace(node=node.orelse, dead=item.dead or never == "else")] if node.orelse else inner


def never_runs(test: cst.BaseExpression) -> Literal["body", "else"] | None:
    """Which arm of an `if` never runs in an imported module: the body of `TYPE_CHECKING` and of `__name__ == "__main__"`."""
    match test:
        case cst.Name(value="TYPE_CHECKING") | cst.Attribute(attr=cst.Name(value="TYPE_CHECKING")):
            return "body"
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            return "else" if never_runs(inner) == "body" else None
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=cst.Equal(), comparator=right)]):
            sides = (left, right) if isinstance(left, cst.Name) else (right, left)
            match sides:
                case (cst.Name(value="__name__"), cst.SimpleString() as text) if text.evaluated_value == "__main__":
                    return "body"
    return None
