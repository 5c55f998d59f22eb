"""A class of settings and what the layers say in, outermost first; its instance and why each value holds out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from wye.diagnostics import Diagnostics, Span
from wye.diagnostics.suggest import did_you_mean
from wye.stacks.tables import DEFAULT, Effective, Shared, key_of
from wye.stacks.toml import Place
from wye.stacks.typed import Leaf, Misfit, Reader, Setting, Tree, Words, build, hints_of, is_table, merge, plain


@dataclass(frozen=True, slots=True)
class Made:
    """An instance, and each of its values."""

    value: Any
    effective: tuple[Effective, ...]


def stack_options(target: str, kind: type, stack: Iterable[Setting], source: Iterable[Setting] = ()) -> Made:
    """The options that a stack and the source give; the source goes before. What any stack may name and this target has no option for
    is only handed on. Raises `CompileFailed`."""
    known = {key_of(f) for f in fields(kind)}
    given = list(stack)
    shared = {key_of(f) for f in fields(Shared)} - known
    other = [s for s in given if s.key in shared]
    problems = Diagnostics()
    made = make(option_words(target), kind, [*(s for s in given if s not in other), *source], problems)
    rest = make(option_words(target), Shared, other, problems)
    problems.check()
    return Made(made.value, (*made.effective, *(e for e in rest.effective if e.origin != DEFAULT)))


def overlay(target: str, base: Any, settings: Iterable[Setting], problems: Diagnostics) -> Made:
    """`base` with the settings over it, joined as layers are; of the values only those that are set here."""
    given = list(settings)
    tree = _tree(option_words(target), type(base), given, problems)
    if tree is None:
        return Made(base, ())
    kind: Any = type(base)
    hints = hints_of(kind)
    changed: dict[str, Any] = {}
    for name, inner in tree.items():
        own = build(inner, hints[name])
        changed[name] = {**getattr(base, name), **own} if is_table(plain(hints[name])) else own
    value = _checked(lambda: replace(base, **changed), option_words(target), tree, problems)
    effective = () if value is None else tuple(e for e in _effective(type(base), tree, value, "") if e.origin != DEFAULT)
    return Made(base if value is None else value, effective)


def option_words(target: str) -> Words:
    return Words(f"the target `{target}` has no option", f"options of {target}", "WYE5006", target)


def table_words(name: str) -> Words:
    return Words(f"`[{name}]` has no key", f"keys of [{name}]", "WYE5002")


def make(words: Words, kind: type, settings: Iterable[Setting], problems: Diagnostics) -> Made:
    """The same for any dataclass, with the problems collected; with problems it is the class as it is without settings."""
    tree = _tree(words, kind, settings, problems)
    value = None if tree is None else _checked(lambda: build(tree, kind), words, tree, problems)
    return Made(kind(), ()) if value is None or tree is None else Made(value, tuple(_effective(kind, tree, value, "")))


def _tree(words: Words, kind: type, settings: Iterable[Setting], problems: Diagnostics) -> dict[str, Tree] | None:
    """All settings, by field; None when one of them is wrong."""
    reader = Reader(words, problems)
    hints = hints_of(kind)
    known = {key_of(f): f.name for f in fields(kind) if f.init}
    tree: dict[str, Tree] = {}
    failed = False
    for setting in settings:
        name = known.get(setting.key)
        if name is None:
            help = did_you_mean(setting.key, known, words.keys)
            problems.error(words.code, f"{words.unknown} `{setting.key}`", setting.place(()).key, help=help, target=words.target)
            failed = True
            continue
        try:
            tree[name] = merge(tree.get(name), reader.tree(setting, hints[name]))
        except Misfit:
            failed = True
    return None if failed else tree


def _checked(make: Callable[[], Any], words: Words, tree: Tree, problems: Diagnostics) -> Any:
    """The class checks what types cannot say: it raises a ValueError, whose `field` names the option and `help` the remedy."""
    try:
        return make()
    except ValueError as error:
        leaf = _blamed(tree, getattr(error, "field", ""))
        if leaf is None:
            raise
        problems.error("WYE5008", str(error), leaf.place.value, help=getattr(error, "help", None), target=words.target)
        return None


def _blamed(tree: Tree, field: str) -> Leaf | None:
    """What stands at the field of that name, at any depth; else the last that there is."""
    found = list(_leaves(tree, ()))
    return next((leaf for way, leaf in found if field in way), found[-1][1] if found else None)


def _leaves(tree: Tree, way: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Leaf]]:
    if isinstance(tree, Leaf):
        yield way, tree
    else:
        for key, inner in tree.items():
            yield from _leaves(inner, (*way, key))


def _effective(kind: Any, tree: Tree, value: Any, before: str) -> Iterator[Effective]:
    """Every field, whether set or not; tables by key."""
    assert isinstance(tree, dict)
    hints = hints_of(kind)
    for f in fields(kind):
        name, inner = before + key_of(f), tree.get(f.name)
        hint, own = plain(hints[f.name]), getattr(value, f.name)
        if isinstance(inner, Leaf):
            yield Effective(name, own, inner.origin, inner.place.value, inner.variables)
        elif is_dataclass(hint):
            yield from _effective(hint, inner or {}, own, f"{name}.")
        elif inner:
            yield from _table(inner, own, name)
        else:
            yield Effective(name, own, DEFAULT)


def _table(tree: dict[str, Tree], value: Any, before: str) -> Iterator[Effective]:
    for key, inner in tree.items():
        name = f"{before}.{_spelled(key)}"
        if isinstance(inner, Leaf):
            yield Effective(name, value[key], inner.origin, inner.place.value, inner.variables)
        elif inner:
            yield from _table(inner, value[key], name)


def _spelled(key: str) -> str:
    """A key as TOML takes it in a dotted one."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def settings_of_source(block: Iterable[tuple[str, Any]], origin: str, spans: Mapping[str, Span], whole: Span) -> list[Setting]:
    """The settings of a `targets={"x": {…}}` block as the IR holds it: tables are tuples of pairs there. `spans` by dotted key."""

    def place(key: str) -> Any:
        def at(way: tuple[str | int, ...]) -> Place:
            names = [".".join(map(str, (key, *way[:n]))) for n in range(len(way), -1, -1)]
            found = next((spans[n] for n in names if n in spans), whole)
            return Place(found, found)

        return at

    return [Setting(key, value, origin, place(key)) for key, value in block]
