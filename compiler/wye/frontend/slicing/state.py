"""What a program keeps goes in; diagnostics come out for what would make a step differ from the plain call: module state that its code
changes, values that differ from process to process, its own file's place, and the environment read before the step's is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import libcst as cst

from wye.diagnostics import Label
from wye.frontend.project import Module
from wye.frontend.slicing import tables
from wye.frontend.slicing.beside import check_beside
from wye.frontend.slicing.facts import Ref, Unit
from wye.frontend.slicing.inert import Inert
from wye.frontend.slicing.names import External, Own
from wye.frontend.slicing.reach import WHOLE
from wye.frontend.slicing.scopes import Scope

Key = tuple[Module, str]
_STATE_HELP = "each step runs in its own process: take the value as an argument and return the new; to compute once, `functools.cache`"
_GENERATORS = frozenset({"random.Random", "random.SystemRandom", "numpy.random.default_rng", "numpy.random.RandomState"})
_CONSTRUCTION = frozenset({"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__call__"})


@dataclass(frozen=True, slots=True)
class Place:
    """What a use means: a name that one of the user's modules binds, with the attributes that follow; or something from outside."""

    key: Key | None
    rest: tuple[str, ...]
    outside: str


def check_state(
    inert: Inert,
    kept: Mapping[Module, Sequence[Unit]],
    reached: AbstractSet[Key],
    roots: Iterable[tuple[str, str]],
    env_names: AbstractSet[str],
    shipped: AbstractSet[str] | None = frozenset(),
) -> None:
    """`reached` are the module-level names that the program uses; `env_names` the variables that the step sets; `shipped` the places of
    the files that travel beside its modules, None when all do."""
    _State(inert, kept, reached, env_names, shipped).check(roots)


class _State:
    def __init__(
        self,
        inert: Inert,
        kept: Mapping[Module, Sequence[Unit]],
        reached: AbstractSet[Key],
        env_names: AbstractSet[str],
        shipped: AbstractSet[str] | None,
    ) -> None:
        self.shipped = shipped
        self.inert, self.project, self.report = inert, inert.project, inert.project.diagnostics
        self.kept, self.reached, self.env_names = kept, reached, env_names
        self.units: dict[Key, list[Unit]] = {}
        for module, units in kept.items():
            for unit in units:
                for name in unit.binds:
                    self.units.setdefault((module, name), []).append(unit)

    def check(self, roots: Iterable[tuple[str, str]]) -> None:
        runs = self._running(roots)
        drawn: set[str] = set()
        for (module, name), level in runs.items():
            for unit in self.units.get((module, name), ()):
                for ref in self._refs(module, unit):
                    if ref.depth >= level:
                        place = self._place(module, ref)
                        if ref.write:
                            self._mutation(module, unit, ref, place)
                        drawn.add(place.outside.rpartition(".")[0] if place.outside not in _GENERATORS else "")
        for module, units in self.kept.items():
            for unit in units:
                self._imported(module, unit, drawn)

    # names

    def _refs(self, module: Module, unit: Unit) -> Iterator[Ref]:
        stripped = self.inert.stripped(module, unit)
        return (r for r in unit.refs if r.node not in stripped and r.mode in ("load", "store", "delete"))

    def _place(self, module: Module, ref: Ref) -> Place:
        """What a use stands for, followed through modules."""
        if ref.targets:
            found, key = self.inert.target(ref.targets[0]), None
        else:
            found, key = self.inert.origin(module, ref.name), (module, ref.name)
        for i, part in enumerate(ref.chain):
            if isinstance(found, Own):
                return Place((found.module, found.name), ref.chain[i:], "")
            if isinstance(found, Module):
                key = (found, part)
                found = self.inert.member(found, part)
            elif isinstance(found, External):
                found = External(f"{found.name}.{part}")
            else:
                return Place(key, ref.chain[i:], "")
        if isinstance(found, Own):
            return Place((found.module, found.name), (), "")
        return Place(None if found else key, (), found.name if isinstance(found, External) else "")

    def _node(self, key: Key) -> cst.CSTNode | None:
        nodes = self.inert.facts(key[0]).bindings.get(key[1], [])
        return nodes[0] if nodes else None

    # what runs when

    def _running(self, roots: Iterable[tuple[str, str]]) -> dict[Key, int]:
        """The functions and classes whose code runs with the step: from which depth on. A function that is only called while modules
        are imported (a registering decorator) is not among them; what such a one returns is.
        """
        runs: dict[Key, int] = {}
        todo: list[tuple[Key, int]] = []

        def add(key: Key | None, level: int) -> None:
            if key and runs.get(key, 1_000_000) > level:
                runs[key] = level
                todo.append((key, level))

        for name, root in roots:
            module = self.project.module(name)
            if module:
                add((module, root), 1)
        for module, units in self.kept.items():
            for unit in units:
                if unit.importing is None and not self.inert.unit(module, unit):
                    for name in unit.binds:
                        add((module, name), 1)
                    if not unit.binds:
                        self._definition(module, unit, add)
        while todo:
            (module, name), level = todo.pop()
            for unit in self.units.get((module, name), ()):
                self._definition(module, unit, add)
                for ref in self._refs(module, unit):
                    if ref.depth >= level:
                        add(self._place(module, ref).key, 1)
        return runs

    def _definition(self, module: Module, unit: Unit, add: object) -> None:
        """What the values that a statement makes when it is imported may run later."""
        assert callable(add)
        decorators = _decorators(unit.node)
        for ref in self._refs(module, unit):
            if ref.depth == 0:
                key = self._place(module, ref).key
                calls = decorators.get(ref.node, 0) or _calls(ref)
                is_class = key is not None and isinstance(self._node(key), cst.ClassDef)
                add(key, 1 if is_class or not calls else calls + 1)

    # module state

    def _mutation(self, module: Module, unit: Unit, ref: Ref, place: Place) -> None:
        declared = ref.mode in ("store", "delete") and not ref.chain  # by `global`
        if place.key is None or not (declared or self.units.get(place.key)):
            return
        owner, name = place.key
        node = self._node((owner, name))
        if ref.write == "method" and not self._is_container(owner, node, place.rest[:-1]):
            return
        if isinstance(node, cst.Import | cst.ImportFrom) or self._while_classes_are_made(module, unit, ref):
            return
        label = [Label(owner.span(node), "it lives in the module")] if node is not None else []
        changed = ".".join([name, *place.rest[:-1]])
        self.report.error(
            "WYE6004", f"`{_function(ref.scope)}` changes `{changed}`, which outlives the call", module.span(ref.node), labels=label,
            help=_STATE_HELP + ("" if owner is self.project.entry else f"; or ship the package as it is: {WHOLE}"),
        )  # fmt: skip

    def _while_classes_are_made(self, module: Module, unit: Unit, ref: Ref) -> bool:
        """In a hook of class creation, or in a metaclass: that runs when modules are imported."""
        where = _function(ref.scope)
        if where in ("__init_subclass__", "__set_name__"):
            return True
        bases = [self.inert.path(module, b.value) for b in unit.node.bases] if isinstance(unit.node, cst.ClassDef) else []
        meta = any(isinstance(b, External) and b.name in tables.METACLASSES for b in bases)
        return meta and where in ("__new__", "__init__", "__prepare__")

    def _is_container(self, module: Module, node: cst.CSTNode | None, inner: tuple[str, ...]) -> bool:
        """Whether a method such as `append` or `update` is called on a list, dict, set and the like: one that a module or class makes."""
        if isinstance(node, cst.ClassDef) and inner:
            for line in node.body.body:
                for s in line.body if isinstance(line, cst.SimpleStatementLine) else ():
                    if isinstance(s, cst.Assign | cst.AnnAssign) and inner[0] in _names(s):
                        return self._is_container(module, s, inner[1:])
            return False
        value = node.value if isinstance(node, cst.Assign | cst.AnnAssign) else None
        if isinstance(value, cst.Call):
            origin = self.inert.path(module, value.func)
            return isinstance(origin, External) and origin.name in tables.CONTAINERS
        return isinstance(value, cst.List | cst.Dict | cst.Set | cst.ListComp | cst.DictComp | cst.SetComp)

    # what runs when a module is imported

    def _imported(self, module: Module, unit: Unit, drawn: AbstractSet[str]) -> None:
        used = any((module, n) in self.reached for n in unit.binds) or isinstance(unit.node, cst.FunctionDef | cst.ClassDef)
        for ref in self._refs(module, unit):
            place = self._place(module, ref)
            if self.shipped is not None:
                check_beside(self.inert, module, ref, place.key[0] if place.key else None, place.outside, self.shipped)
            if ref.depth:
                continue
            if ref.call and place.key and self._is_decorated(place.key) and not isinstance(unit.node, cst.FunctionDef | cst.ClassDef):
                self.report.error(
                    "WYE6010", f"`{place.key[1]}` is called when `{module.name}` is imported: every step would run it again",
                    module.span(ref.node), help='put the call under `if __name__ == "__main__":`',
                )  # fmt: skip
            self._outside(module, module, ref, ref, place.outside, used, unit)
            seed = tables.SEEDS.get(place.outside)
            if seed in drawn:
                self.report.error(
                    "WYE6008", f"`{place.outside}` at module level seeds every step anew", module.span(ref.node),
                    help="in plain Python the steps share one sequence: seed inside the step, or use a generator of its own",
                )  # fmt: skip
            if place.key and (ref.call or ref.node in _decorators(unit.node)):
                for inner_module, inner in self._called(place.key, max(_calls(ref), _decorators(unit.node).get(ref.node, 1))):
                    outside = self._place(inner_module, inner).outside
                    self._outside(module, inner_module, ref, inner, outside, used and not isinstance(unit.node, cst.FunctionDef), unit)

    def _is_decorated(self, key: Key) -> bool:
        """Whether a function is a step or a pipeline."""
        return any(self.inert.wye_decorators(key[0], unit) for unit in self.units.get(key, ()))

    def _called(self, key: Key, calls: int) -> Iterator[tuple[Module, Ref]]:
        """All uses in code that runs when a function or class of the user's is called while modules are imported."""
        seen = {key}
        todo = [(key, calls)]
        while todo:
            (module, name), depth = todo.pop()
            for unit in self.units.get((module, name), ()):
                if not isinstance(unit.node, cst.FunctionDef | cst.ClassDef):
                    continue
                for ref in self._refs(module, unit):
                    if not 1 <= ref.depth <= depth or (isinstance(unit.node, cst.ClassDef) and _function(ref.scope) not in _CONSTRUCTION):
                        continue
                    yield module, ref
                    inner = self._place(module, ref).key
                    if inner and ref.call and inner not in seen:
                        seen.add(inner)
                        todo.append((inner, 1))

    def _outside(self, module: Module, inner_module: Module, ref: Ref, inner: Ref, name: str, used: bool, unit: Unit) -> None:
        """A value from outside that a module takes when it is imported."""
        labels = [Label(inner_module.span(inner.node), "read here")] if inner is not ref else []
        if name in tables.VOLATILE and inner.call and used:
            self.report.error(
                "WYE6006", f"this value of {tables.VOLATILE[name]} is made anew in every step's process", module.span(ref.node),
                labels=labels, help="make it inside a step and pass it on",
            )  # fmt: skip
        if self.env_names and (name in ("os.environ", "os.getenv", "os.environb") or name.startswith("os.environ.")):
            read = _literal(self.inert.facts(inner_module).scopes.parents, inner)
            if read is None or read in self.env_names:
                names = _listed(self.env_names, read)
                self.report.error(
                    "WYE6009", f"the environment is read when `{module.name}` is imported, but the step sets {names}",
                    module.span(ref.node), labels=labels, help="read it inside the step, where its `env` is in force",
                )  # fmt: skip


def _listed(names: AbstractSet[str], read: str | None) -> str:
    return ", ".join(f"`{n}`" for n in ([read] if read else sorted(names)))


def _literal(parents: Mapping[cst.CSTNode, cst.CSTNode], ref: Ref) -> str | None:
    """The variable's name in `os.environ["X"]`, `os.getenv("X")`, `os.environ.get("X")`."""
    if ref.call and ref.call.args:
        value: cst.CSTNode = ref.call.args[0].value
    else:
        parent = parents.get(ref.node)
        if not isinstance(parent, cst.Subscript) or not isinstance(parent.slice[0].slice, cst.Index):
            return None
        value = parent.slice[0].slice.value
    return str(value.evaluated_value) if isinstance(value, cst.SimpleString) else None


def _decorators(node: cst.CSTNode) -> dict[cst.CSTNode, int]:
    """The decorators' callees of a definition, and of those in a class, with how often they are called: `@d` once, `@d(...)` twice."""
    if not isinstance(node, cst.FunctionDef | cst.ClassDef):
        return {}
    found: dict[cst.CSTNode, int] = {}
    for d in node.decorators:
        called = isinstance(d.decorator, cst.Call)
        found[d.decorator.func if isinstance(d.decorator, cst.Call) else d.decorator] = 1 + called
    for inner in node.body.body if isinstance(node, cst.ClassDef) else ():
        found.update(_decorators(inner))
    return found


def _calls(ref: Ref) -> int:
    return 1 if ref.call else 0


def _function(scope: Scope) -> str:
    """The name of the function around."""
    inner: Scope | None = scope
    while inner is not None and inner.kind not in ("function", "lambda"):
        inner = inner.parent
    return inner.name if inner else scope.name


def _names(node: cst.Assign | cst.AnnAssign) -> set[str]:
    targets = [t.target for t in node.targets] if isinstance(node, cst.Assign) else [node.target]
    return {t.value for t in targets if isinstance(t, cst.Name)}
