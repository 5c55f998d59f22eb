"""A module's facts and what is kept of it go in; the program's file comes out, comments and formatting of what is kept unchanged."""

from __future__ import annotations

import libcst as cst

from wye.frontend.project import Module
from wye.frontend.slicing.facts import Facts, Unit
from wye.frontend.slicing.inert import Inert
from wye.ir.model import ProgramFile


def cut(inert: Inert, facts: Facts, kept: dict[int, set[str] | None], bare: set[tuple[Module, int]]) -> ProgramFile:
    """The kept statements in order. Of an import, the kept names; of a function, all decorators but Wye's."""
    module = facts.module
    units = [facts.units[i] for i in sorted(kept)]
    out: list[tuple[str, int]] = []
    if units:
        out.extend((line, i) for i, line in enumerate(facts.lines[: facts.units[0].first - 1], 1))
    for unit in units:
        names = kept[unit.index]
        if names is not None:
            out.extend(_import(facts, unit, names, (module, unit.index) in bare))
            continue
        removed: set[int] = set()
        for decorator in inert.wye_decorators(module, unit):
            span = module.span(decorator)
            removed.update(range(span.line, span.end_line + (span.end_column > 1)))
        out.extend((facts.lines[i - 1], i) for i in range(unit.first, unit.last + 1) if i not in removed)
    while out and not out[0][0].strip():
        out.pop(0)
    lines: list[tuple[int, int]] = []
    for here, (_, there) in enumerate(out, 1):
        if not lines or there - here != lines[-1][1] - lines[-1][0]:
            lines.append((here, there))
    return ProgramFile(module.place, "".join(f"{text}\n" for text, _ in out), module.path, tuple(lines))


def _import(facts: Facts, unit: Unit, names: set[str], bare: bool) -> list[tuple[str, int]]:
    """An import statement with just the kept names; without any it is there for what the module does when it is imported."""
    whole = [(facts.lines[i - 1], i) for i in range(unit.first, unit.last + 1)]
    statement, node = unit.importing, unit.node
    assert statement is not None
    assert isinstance(node, cst.SimpleStatementLine)
    aliases: list[cst.ImportAlias] = []
    if not isinstance(statement.names, cst.ImportStar):
        aliases = [a for a, (bound, _) in zip(statement.names, unit.names()) if bound in names]
        if len(aliases) == len(statement.names):
            return whole
    if aliases:
        new: cst.BaseSmallStatement = statement.with_changes(names=_with_last_comma(statement, aliases))
    elif bare:
        new = cst.Import([cst.ImportAlias(_name(unit.imports[0].source))])
    else:
        return []
    first = facts.module.span(node).line
    code = cst.Module([]).code_for_node(node.with_changes(body=[new], leading_lines=[])).rstrip("\n").split("\n")
    above = [(facts.lines[i - 1], i) for i in range(unit.first, first)]
    return [*above, *((line, first + min(i, unit.last - first)) for i, line in enumerate(code))]


def _with_last_comma(statement: cst.Import | cst.ImportFrom, aliases: list[cst.ImportAlias]) -> list[cst.ImportAlias]:
    """The last kept name ends as the last name did: with a comma, or without."""
    assert not isinstance(statement.names, cst.ImportStar)
    last = aliases[-1]
    if last is not statement.names[-1]:
        aliases[-1] = last.with_changes(comma=statement.names[-1].comma)
    return aliases


def _name(name: str) -> cst.Name | cst.Attribute:
    head, *rest = name.split(".")
    node: cst.Name | cst.Attribute = cst.Name(head)
    for part in rest:
        node = cst.Attribute(node, cst.Name(part))
    return node
