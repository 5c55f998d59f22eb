"""Names of the user's modules go in; the program that they need comes out: real files under the modules' own dotted names.

Only what is provably inert and unreached is left out; everything else of an imported module stays, in order, with what it reaches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import libcst as cst

from wye.diagnostics import Span
from wye.frontend.project import Module, Project
from wye.frontend.slicing.cut import cut
from wye.frontend.slicing.facts import Ref
from wye.frontend.slicing.inert import Inert
from wye.frontend.slicing.names import External, is_standard
from wye.frontend.slicing.reach import Reach, Root
from wye.frontend.slicing.state import check_state
from wye.frontend.slicing.tables import import_name
from wye.ir.model import DataFile, ProgramFile


@dataclass(frozen=True, slots=True, order=True)
class ThirdParty:
    """A package outside the standard library that a program imports unconditionally; where it is imported."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Slice:
    """A program's files, what it imports from outside, its classes as (module, qualified name), where it calls `wye.context()`, and what
    travels beside the modules."""

    files: tuple[ProgramFile, ...]
    third_party: tuple[ThirdParty, ...]
    classes: tuple[Root, ...]
    context: Span | None = None
    data: tuple[DataFile, ...] = ()


_ANALYSES: WeakKeyDictionary[Project, Inert] = WeakKeyDictionary()


def slice_program(
    project: Project,
    entry: str,
    roots: Iterable[Root],
    env_names: Iterable[str] = (),
    packages: Iterable[str] = (),
    shipped: Iterable[str] = (),
) -> Slice:
    """The program that holds `roots` (their order does not matter). `entry` is in it: it is imported first.

    `env_names` are the environment variables that the step sets, `packages` the requirements that it states, `shipped` the places of the
    files that travel with it: modules among them are in the program as a whole. Problems go to the project's diagnostics.
    """
    inert = _analysis(project)
    roots = sorted({(module, name.partition(".")[0]) for module, name in roots})
    installed = frozenset(import_name(p) for p in packages)
    places = frozenset(shipped)
    reach = Reach(inert, False, False, installed)
    while True:
        for module in sorted(filter(None, map(project.at, places)), key=lambda m: m.path):
            reach.whole(module)
        reach.run(entry, roots)
        watched, hints = reach.mentions("__subclasses__"), reach.mentions("get_type_hints", "get_annotations")
        if (watched, hints) == (reach.watched, reach.hints):
            break
        reach = Reach(inert, watched or reach.watched, hints or reach.hints, installed)
    reach.report()
    check_state(inert, reach.kept_units(), reach.reached, roots, frozenset(env_names), places)
    files = tuple(cut(inert, inert.facts(m), reach.kept[m], reach.bare) for m in reach.modules())
    imports = sorted((ThirdParty(t.source, m.span(t.node)) for m, t in reach.third), reverse=True)
    third = {t.name: t for t in imports}  # the first import of each
    return Slice(files, tuple(sorted(third.values())), tuple(sorted(reach.classes())), min(reach.context, default=None))


def check_whole(project: Project, roots: Iterable[Root], env_names: Iterable[str]) -> None:
    """What would make a step differ from the plain call, in modules that travel as they are: in those that hold the roots."""
    inert = _analysis(project)
    found = sorted(set(roots))
    modules = [m for name in sorted({module for module, _ in found}) if (m := project.module(name))]
    kept = {m: [u for u in inert.facts(m).units if not u.dead] for m in modules}
    reached = {(m, name) for m, units in kept.items() for u in units for name in u.binds}
    check_state(inert, kept, reached, found, frozenset(env_names), None)


def asks_for_context(project: Project, name: str) -> Span | None:
    """Where a module says `wye.context`."""
    module = project.module(name)
    inert = _analysis(project)
    refs = [r for u in inert.facts(module).units for r in u.refs if "context" in (r.name, *r.chain)] if module else []
    places = [module.span(r.node) for r in refs if module and _outside(inert, module, r) == "wye.context"]
    return min(places, default=None)


def _outside(inert: Inert, module: Module, ref: Ref) -> str:
    origin = inert.target(ref.targets[0]) if ref.targets else inert.origin(module, ref.name)
    return ".".join([origin.name, *ref.chain]) if isinstance(origin, External) else ""


def imported_at_once(project: Project, module: Module) -> list[tuple[str, cst.CSTNode]]:
    """The third parties that importing a module imports itself, each with its statement."""
    targets = [t for u in _analysis(project).facts(module).units if not u.dead for t in u.imports if t.depth == 0 and not t.guarded]
    found = {t.source.partition(".")[0]: t.node for t in reversed(targets)}
    return [(top, node) for top, node in found.items() if top and top != "wye" and not is_standard(top) and not project.owns(top)]


def _analysis(project: Project) -> Inert:
    if project not in _ANALYSES:
        _ANALYSES[project] = Inert(project)
    return _ANALYSES[project]
