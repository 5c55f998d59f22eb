"""What became of a pipeline on each target in; tables for people out: how much is native, what is not and every construct of control
flow by its place in the source, and by what means each is done.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wye.backend.capabilities import FEATURES, Level
from wye.backend.check import Decision
from wye.cli.output import columns_of, heading, say, table
from wye.diagnostics import Diagnostic, Span
from wye.diagnostics.render import Sources
from wye.diagnostics.screen import safe

_CONTROL = {f.name for f in FEATURES if f.group == "control flow"}
_LEVELS: tuple[Level, ...] = ("native", "emulated", "advisory", "rejected")
_IN_ISLAND = "in island"
_MOST_TARGETS = 6
"""More do not stand side by side, however wide the screen is; and a brief report of more says only what is not native, and what has no
effect."""
_LEAST_SOURCE, _PIPE = 16, 120


@dataclass(frozen=True, slots=True)
class Outcome:
    """One target's part: its decisions, or why it was rejected."""

    target: str
    decisions: tuple[Decision, ...]
    problems: tuple[Diagnostic, ...]


@dataclass(slots=True)
class _Row:
    """One use of a feature: what each target does with it."""

    span: Span
    feature: str
    levels: dict[str, list[str]] = field(default_factory=dict)

    def word(self, outcome: Outcome) -> str:
        """The cell of one target. What stands in an island is not decided apart."""
        levels = self.levels.get(outcome.target, [])
        if levels:
            return "/".join(sorted(set(levels), key=_LEVELS.index))
        return _IN_ISLAND if self.feature in _CONTROL and not outcome.problems else ""


def show_report(name: str, outcomes: Sequence[Outcome], sources: Sources, *, brief: bool = False) -> None:
    """The three tables on standard output."""
    brief = brief and len(outcomes) > _MOST_TARGETS
    heading(name)
    counts = []
    for outcome in outcomes:
        levels = [d.level for d in outcome.decisions]
        numbers = [str(levels.count(level)) if levels else "" for level in _LEVELS[:3]]
        counts.append([outcome.target, "rejected" if outcome.problems else "compiled", *numbers, str(len(outcome.problems))])
    table(["target", "", *(f"{level}#" for level in _LEVELS)], counts)
    rows = _rows(outcomes)
    if brief:
        rows = [r for r in rows if any(level != "native" for levels in r.levels.values() for level in levels)]
    if rows:
        say()
        _show_places(rows, outcomes, sources, brief)
        means = _means(rows, outcomes)
        without = [m for m in means if m[1] in ("advisory", "rejected")] if brief else means
        if without:
            say()
            table(["feature", "level", "target", "how~"], without)
        if brief and any(m[1] == "emulated" for m in means):
            say()
            say("  How the emulated ones are done: `wye check FILE --all`, or report.json beside each artifact.")


def _rows(outcomes: Iterable[Outcome]) -> list[_Row]:
    """Every construct of control flow, and whatever is not native on every target, in source order."""
    found: dict[tuple[Span, str], _Row] = {}
    for outcome in outcomes:
        for d in outcome.decisions:
            found.setdefault((d.span, d.feature), _Row(d.span, d.feature)).levels.setdefault(outcome.target, []).append(d.level)
        for problem in outcome.problems:
            feature = _refused(problem)[0]
            found.setdefault((problem.span, feature), _Row(problem.span, feature)).levels.setdefault(outcome.target, []).append("rejected")
    shown = [r for r in found.values() if r.feature in _CONTROL or any(level != "native" for ls in r.levels.values() for level in ls)]
    return sorted(shown, key=lambda r: r.span)


def _refused(problem: Diagnostic) -> tuple[str, str]:
    """The feature that a diagnostic of the capability check is about, and why it is refused; of another one its code and message."""
    for feature in sorted(FEATURES, key=lambda f: -len(f.title)):
        _, title, after = problem.message.partition(feature.title)
        if problem.code in ("WYE4001", "WYE4002") and title:
            return feature.name, after.partition(": ")[2] or problem.message
    return problem.code, problem.message


def _show_places(rows: Sequence[_Row], outcomes: Sequence[Outcome], sources: Sources, brief: bool) -> None:
    """One line per use, a column per target; where these do not fit, the targets by level. The source, if there is room for it."""
    wide = columns_of(sys.stdout, _PIPE)
    places = [_place(r.span, sources) for r in rows]
    words = [[r.word(o) for o in outcomes] for r in rows]
    names = ["feature", *(o.target for o in outcomes)]
    cells = [[r.feature, *w] for r, w in zip(rows, words)]
    needed = sum(max(len(c[n]) for c in [names, *cells]) + 2 for n in range(len(names)))
    longest = max(map(len, places)) + 4
    beside = len(outcomes) <= _MOST_TARGETS and 8 + needed <= wide
    if not beside:
        named = [_by_level(w, outcomes, ("native",) if brief else ()) for w in words]
        names, cells = ["feature", "not native~" if brief else "targets~"], [[r.feature, text] for r, text in zip(rows, named)]
    if longest + (needed if beside else 40) > wide + 2:
        _by_file(rows, names, cells, sources)
    elif beside and wide - longest - needed >= _LEAST_SOURCE:
        room = wide - longest - needed
        table(["where", *names, "source"], [[p, *c, _line(r.span, sources, room)] for p, c, r in zip(places, cells, rows)])
    else:
        table(["where", *names], [[p, *c] for p, c in zip(places, cells)])


def _by_file(rows: Sequence[_Row], names: Sequence[str], cells: Sequence[Sequence[str]], sources: Sources) -> None:
    """A table for each file: long paths and many columns do not go together."""
    for n, path in enumerate(dict.fromkeys(r.span.path for r in rows)):
        if n:
            say()
        say(f"  {safe(sources(path).path)}")
        table(["line", *names], [[str(r.span.line), *c] for r, c in zip(rows, cells) if r.span.path == path])


def _by_level(words: Sequence[str], outcomes: Sequence[Outcome], without: Sequence[str]) -> str:
    """`native: argo, local; emulated: airflow`."""
    found: dict[str, list[str]] = {}
    for word, outcome in zip(words, outcomes):
        if word and word not in without:
            found.setdefault(word, []).append(outcome.target)
    order = [*_LEVELS, _IN_ISLAND]
    return "; ".join(f"{w}: {', '.join(found[w])}" for w in sorted(found, key=lambda w: order.index(w.partition("/")[0])))


def _means(rows: Sequence[_Row], outcomes: Sequence[Outcome]) -> list[list[str]]:
    """By what means: each way once, with the targets that go it."""
    shown = {(r.span, r.feature) for r in rows}
    order = {feature: n for n, feature in enumerate(dict.fromkeys(r.feature for r in rows))}
    found: dict[tuple[str, str, str], list[str]] = {}
    for outcome in outcomes:
        ways = [(d.feature, d.level, d.how) for d in outcome.decisions if (d.span, d.feature) in shown]
        ways += [(feature, "rejected", why) for feature, why in map(_refused, outcome.problems)]
        for way in ways:
            if (way[0] in _CONTROL or way[1] != "native") and outcome.target not in found.setdefault(way, []):
                found[way].append(outcome.target)
    ordered = sorted(found, key=lambda way: (order[way[0]], _LEVELS.index(way[1])))
    return [[feature, level, ", ".join(found[feature, level, how]), how] for feature, level, how in ordered]


def _place(span: Span, sources: Sources) -> str:
    return f"{sources(span.path).path}:{span.line}"


def _line(span: Span, sources: Sources, most: int) -> str:
    lines = sources(span.path).lines
    text = safe(lines[span.line - 1].strip()) if span.line <= len(lines) else ""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
