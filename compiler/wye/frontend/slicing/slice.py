"""Names of the user's modules go in; the program that they need comes out: real files under the modules' own dotted names.

Only what is provably inert and unreached is left out; everything else of an imported module stays, in order, with what it reaches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from wye.diagnostics import Span
from wye.frontend.project import Project
from wye.frontend.slicing.cut import cut
from wye.frontend.slicing.inert import Inert
from wye.frontend.slicing.reach import Reach, Root
from wye.frontend.slicing.state import check_state
from wye.frontend.slicing.tables import import_name
from wye.ir.model import ProgramFile


@dataclass(frozen=True, slots=True, order=True)
class ThirdParty:
    """A package outside the standard library that a program imports unconditionally; where it is imported."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Slice:
    """A program's files, what it imports from outside, its classes as (module, qualified name), and where it calls `wye.context()`."""

    files: tuple[ProgramFile, ...]
    third_party: tuple[ThirdParty, ...]
    classes: tuple[Root, ...]
    context: Span | None = None


_ANALYSES: WeakKeyDictionary[Project, Inert] = WeakKeyDictionary()


def slice_program(
    project: Project, entry: str, roots: Iterable[Root], env_names: Iterable[str] = (), packages: Iterable[str] = ()
) -> Slice:
    """The program that holds `roots` (their order does not matter). `entry` is in it: it is imported first.

    `env_names` are the environment variables that the step sets, `packages` the requirements that it states. Problems go to the
    project's diagnostics.
    """
    inert = _ANALYSES.get(project)
    if inert is None:
        inert = _ANALYSES[project] = Inert(project)
    roots = sorted({(module, name.partition(".")[0]) for module, name in roots})
    installed = frozenset(import_name(p) for p in packages)
    reach = Reach(inert, False, False, installed)
    while True:
        reach.run(entry, roots)
        watched, hints = reach.mentions("__subclasses__"), reach.mentions("get_type_hints", "get_annotations")
        if (watched, hints) == (reach.watched, reach.hints):
            break
        reach = Reach(inert, watched or reach.watched, hints or reach.hints, installed)
    reach.report()
    check_state(inert, reach.kept_units(), reach.reached, roots, frozenset(env_names))
    files = tuple(cut(inert, inert.facts(m), reach.kept[m], reach.bare) for m in reach.modules())
    imports = sorted((ThirdParty(t.source, m.span(t.node)) for m, t in reach.third), reverse=True)
    third = {t.name: t for t in imports}  # the first import of each
    return Slice(files, tuple(sorted(third.values())), tuple(sorted(reach.classes())), min(reach.context, default=None))
