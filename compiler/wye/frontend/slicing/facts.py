"""A user's module goes in; what each of its module-level statements binds, reads, imports and writes comes out, once per module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import libcst as cst

from wye.frontend.inference import MUTATORS
from wye.frontend.project import Module, Project, dotted
from wye.frontend.slicing.scopes import ANNOTATIONS, Mode, Scope, Scopes, Use, build, never_runs, reaches_module

_DROP = "wye: drop"


@dataclass(frozen=True, slots=True)
class Target:
    """What one name of an import statement stands for: a module, or (`name` set) something that is taken from it."""

    source: str
    name: str | None
    node: cst.CSTNode
    """The import statement."""
    guarded: bool
    """It stands in a function, or in an `if` or `try`: it may be meant not to exist."""
    depth: int = 0
    """The functions around it: 0 runs when the module is imported."""


@dataclass(frozen=True, slots=True)
class Ref:
    """One use of a module-level name, or of a name imported in a function, with the attributes that follow it: `helpers.data.load`.

    `depth` counts the functions and lambdas around it: 0 is evaluated when the module is imported.
    """

    name: str
    chain: tuple[str, ...]
    targets: tuple[Target, ...]
    """For a name that is imported in a function: its imports; `name` is no module-level name then."""
    node: cst.CSTNode
    depth: int
    call: cst.Call | None
    write: Literal["store", "method"] | None
    mode: Mode
    scope: Scope


@dataclass(eq=False, slots=True, repr=False)
class Unit:
    """One statement of a module's own level, the smallest thing that is kept or dropped."""

    index: int
    node: cst.BaseStatement
    first: int
    """The first line, comments above included; counted from 1."""
    last: int
    binds: list[str] = field(default_factory=list)
    refs: list[Ref] = field(default_factory=list)
    imports: list[Target] = field(default_factory=list)
    """The live imports in it, at any depth; a star import has the name `*`."""
    dead: bool = False
    """A whole `if TYPE_CHECKING:` or `if __name__ == "__main__":`."""
    dropped: bool = False
    """Marked `# wye: drop`: the user says that nothing is lost where nobody reaches it."""

    @property
    def importing(self) -> cst.Import | cst.ImportFrom | None:
        """The import statement, when the unit is just that."""
        if isinstance(self.node, cst.SimpleStatementLine) and len(self.node.body) == 1:
            inner = self.node.body[0]
            return inner if isinstance(inner, cst.Import | cst.ImportFrom) else None
        return None

    def names(self) -> Iterator[tuple[str, Target]]:
        """(bound name, target) of each name of a unit that is an import statement."""
        statement = self.importing
        if statement is None or isinstance(statement.names, cst.ImportStar):
            yield from (("*", t) for t in self.imports)
            return
        for alias, target in zip(statement.names, self.imports):
            name = dotted(alias.name)
            asname = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else None
            yield asname or (name.partition(".")[0] if isinstance(statement, cst.Import) else name), target

    @property
    def future(self) -> bool:
        """`from __future__ import …`: it is never left out."""
        return any(t.source == "__future__" for t in self.imports)


@dataclass(eq=False, slots=True, repr=False)
class Facts:
    """What is known of one module."""

    module: Module
    scopes: Scopes
    lines: list[str]
    """The source, newlines as `\\n`, without them."""
    units: list[Unit]
    binders: dict[str, list[Unit]]
    stars: list[Unit]
    lazy: bool
    """`from __future__ import annotations`."""

    def text(self, unit: Unit) -> str:
        return "\n".join(self.lines[unit.first - 1 : unit.last])

    @property
    def bindings(self) -> dict[str, list[cst.CSTNode]]:
        return self.scopes.module.bindings


def collect(project: Project, module: Module) -> Facts:
    """Read one module: two linear walks."""
    scopes = build(module.tree)
    lines = module.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    units = [Unit(i, s, _first_line(module, s), 0) for i, s in enumerate(module.tree.body)]
    end = len(lines) - (1 if lines and not lines[-1] else 0) - len(module.tree.footer)
    for unit, following in zip(units, [*units[1:], None]):
        unit.last = following.first - 1 if following else max(end, unit.first)
        unit.dead = isinstance(unit.node, cst.If) and unit.node.orelse is None and never_runs(unit.node.test) == "body"
        unit.dropped = any(_DROP in c.value for c in _comments(unit.node))
    facts = Facts(module, scopes, lines, units, {}, [], False)
    honest = all(_says_false(n) for n in scopes.module.bindings.get("TYPE_CHECKING", ()))
    for unit in units:
        unit.dead = unit.dead and honest
    locals_: dict[tuple[Scope, str], list[Target]] = {}
    for statement, scope, index, dead in scopes.imports:
        if dead and honest:
            continue
        guarded = units[index].importing is None
        for bound, target in _targets(project, module, statement, guarded, scope.depth):
            units[index].imports.append(target)
            if scope.parent is not None:
                locals_.setdefault((scope, scope.mangle(bound)), []).append(target)
        if scope.parent is None and isinstance(statement.names, cst.ImportStar):
            facts.stars.append(units[index])
    facts.lazy = any(u.future and "annotations" in (t.name for t in u.imports) for u in units)
    for use in scopes.uses:
        if use.dead and honest:
            continue
        unit = units[use.unit]
        if use.mode in ("store", "delete"):
            if use.scope.parent is None:
                binders = facts.binders.setdefault(use.name, [])
                if unit not in binders[-1:]:
                    binders.append(unit)
                    unit.binds.append(use.name)
            elif use.scope.resolve(use.name).parent is None:
                unit.refs.append(Ref(use.name, (), (), use.node, use.scope.depth, None, "store", use.mode, use.scope))
            continue
        ref = _ref(use, scopes, locals_)
        if ref:
            unit.refs.append(ref)
    for text, scope, mode, index, dead in scopes.strings:
        if not (dead and honest):
            units[index].refs.extend(_in_string(text, scope, mode))
    if module.tree.get_docstring() is not None:
        facts.binders.setdefault("__doc__", []).append(units[0])
    return facts


def _says_false(node: cst.CSTNode) -> bool:
    """A binding of TYPE_CHECKING that is False when the program runs."""
    if isinstance(node, cst.ImportFrom):
        return dotted(node.module or cst.Name("x")) in ("typing", "typing_extensions")
    return isinstance(node, cst.Assign) and isinstance(node.value, cst.Name) and node.value.value == "False"


def _first_line(module: Module, node: cst.BaseStatement) -> int:
    """With the decorators and the comments above."""
    decorators = node.decorators if isinstance(node, cst.FunctionDef | cst.ClassDef) else ()
    return module.span(decorators[0] if decorators else node).line - len(_leading(node))


def _leading(node: cst.CSTNode) -> tuple[cst.EmptyLine, ...]:
    return tuple(getattr(node, "leading_lines", ()))


def _comments(node: cst.BaseStatement) -> Iterator[cst.Comment]:
    """The comments above a statement and at the end of its first line."""
    for line in (*_leading(node), *getattr(node, "lines_after_decorators", ())):
        if line.comment:
            yield line.comment
    body = getattr(node, "body", None)
    places = [getattr(node, "trailing_whitespace", None), getattr(body, "header", None), getattr(body, "trailing_whitespace", None)]
    for place in places:
        if isinstance(place, cst.TrailingWhitespace) and place.comment:
            yield place.comment


def _targets(
    project: Project, module: Module, node: cst.Import | cst.ImportFrom, guarded: bool, depth: int = 0
) -> Iterator[tuple[str, Target]]:
    """(bound name, target) of each name of an import statement."""
    if isinstance(node, cst.Import):
        for alias in node.names:
            full = dotted(alias.name)
            if alias.asname and isinstance(alias.asname.name, cst.Name):
                yield alias.asname.name.value, Target(full, None, node, guarded, depth)
            else:
                yield full.partition(".")[0], Target(full, None, node, guarded, depth)
        return
    source = project.imported(module, node)
    if isinstance(node.names, cst.ImportStar):
        yield "*", Target(source, "*", node, guarded, depth)
        return
    for alias in node.names:
        original = dotted(alias.name)
        bound = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else original
        yield bound, Target(source, original, node, guarded, depth)


def targets_of(project: Project, module: Module, node: cst.CSTNode, name: str, guarded: bool = False) -> list[Target]:
    """What a name stands for, by one import statement. `import a.b` binds `a`: the module `a`."""
    if not isinstance(node, cst.Import | cst.ImportFrom):
        return []
    found = [(b, t) for b, t in _targets(project, module, node, guarded) if b == name]
    return [_as_bound(b, t) for b, t in found]


def _as_bound(bound: str, target: Target) -> Target:
    """`import a.b` binds the top module; `import a.b as c` the inner one."""
    if target.name is None and isinstance(target.node, cst.Import):
        plain = any(dotted(a.name) == target.source and not a.asname for a in target.node.names)
        if plain and target.source.partition(".")[0] == bound:
            return Target(bound, None, target.node, target.guarded, target.depth)
    return target


def _ref(use: Use, scopes: Scopes, locals_: dict[tuple[Scope, str], list[Target]]) -> Ref | None:
    """The use as a reference, when it means a module-level name or a name that a function imports."""
    targets: tuple[Target, ...] = ()
    if not reaches_module(use):
        scope = use.scope.resolve(use.name)
        targets = tuple(_as_bound(use.name, t) for t in locals_.get((scope, use.name), ()))
        if not targets:
            return None
    node: cst.CSTNode = use.node
    chain: list[str] = []
    while isinstance(parent := scopes.parents.get(node), cst.Attribute):
        chain.append(use.scope.mangle(parent.attr.value))
        node = parent
    call = parent if isinstance(parent, cst.Call) and parent.func is node else None
    write = None if use.mode in ANNOTATIONS else _write(node, chain, scopes.parents)
    return Ref(use.name, tuple(chain), targets, node, use.scope.depth, call, write, use.mode, use.scope)


def _write(node: cst.CSTNode, chain: list[str], parents: dict[cst.CSTNode, cst.CSTNode]) -> Literal["store", "method"] | None:
    """Whether the object behind `node` (a name with its attributes) is stored into, or a method that changes it is called."""
    inside, method = bool(chain), chain[-1] if chain else ""
    while isinstance(parent := parents.get(node), cst.Subscript | cst.Attribute) and parent.value is node:
        node, inside = parent, True
        method = parent.attr.value if isinstance(parent, cst.Attribute) else ""
    if isinstance(parent, cst.Call) and parent.func is node:
        return "method" if method in MUTATORS else None
    while isinstance(parent, cst.Element | cst.StarredElement | cst.Tuple | cst.List):
        node, parent = parent, parents.get(parent)
    if isinstance(parent, cst.AssignTarget | cst.AugAssign | cst.AnnAssign | cst.Del | cst.For | cst.CompFor) and parent.target is node:
        return "store" if inside or isinstance(parent, cst.AugAssign) else None
    return "store" if inside and isinstance(parent, cst.AsName) else None


def _in_string(text: cst.SimpleString, scope: Scope, mode: Mode) -> Iterator[Ref]:
    """The names in an annotation that is written as a string; nothing when it is no expression."""
    try:
        inner = cst.parse_expression(str(text.evaluated_value))
    except Exception:  # any text may stand in Literal["…"] or Annotated
        return
    scopes = build(cst.Module([cst.SimpleStatementLine([cst.Expr(inner)])]))
    for use in scopes.uses:
        name, outer = scope.mangle(use.name), scope
        if use.mode == "load" and use.scope.parent is None and (outer.resolve(name).parent is None or outer.kind == "class"):
            node: cst.CSTNode = use.node
            chain: list[str] = []
            while isinstance(parent := scopes.parents.get(node), cst.Attribute):
                chain.append(parent.attr.value)
                node = parent
            yield Ref(name, tuple(chain), (), text, scope.depth, None, None, mode if mode in ANNOTATIONS else "annotation", scope)
