"""`wye golden check|bless`: pipelines in; how their artifacts differ from those that a repository pins, or the new pins, out."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wye.cli import machine
from wye.cli.compile import Compiled, Wanted, compile_all
from wye.cli.failure import Refused, Usage
from wye.cli.output import json_diagnostics, note, say, say_json, show_diagnostics
from wye.cli.pins import Difference, Pin, compare, pinned_files, read_pins, write_pins
from wye.cli.source import split_source
from wye.diagnostics import Diagnostic
from wye.diagnostics.render import colour_on
from wye.diagnostics.screen import paint, safe

SHOWN = 60
"""Lines of one file's diff; `git diff` shows the rest after a bless."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One pin, compiled now. Without `made` it could not be compiled."""

    pin: Pin
    compiled: Compiled
    made: dict[str, bytes] | None
    differences: tuple[Difference, ...] = ()

    @property
    def problems(self) -> tuple[Diagnostic, ...]:
        return self.compiled.problems

    @property
    def status(self) -> str:
        return "failed" if self.made is None else "different" if self.differences else "same"


def golden_command(action: str, sources: Sequence[str], folder: Path, targets: Sequence[str], stack: str | None, format: str) -> int:
    """Exit 0 when all is as pinned, or was blessed; 1 when something differs or cannot be compiled."""
    with machine.whole(format, _failed):
        recorded = read_pins(folder)
        wanted = [replace(pin, files=_files(recorded, pin)) for pin in _wanted(recorded, sources, folder, targets, stack)]
        gone = [p for p in wanted if action == "bless" and not sources and not _file(folder, p)[0].exists()]
        outcomes = [_compare(folder, pin) for pin in wanted if pin not in gone]
        _check_places(recorded, outcomes, gone)
        if action == "bless" and all(o.made is not None for o in outcomes):
            new = {o.pin: o.made for o in outcomes if o.made is not None}
            write_pins(folder, [p for p in recorded if p.key not in {w.key for w in wanted}], wanted, new)
    SHOW[format](outcomes, gone, action, folder)
    wrong = {"failed"} if action == "bless" else {"failed", "different"}
    return 1 if any(o.status in wrong for o in outcomes) else 0


def _wanted(recorded: Sequence[Pin], sources: Sequence[str], folder: Path, targets: Sequence[str], stack: str | None) -> list[Pin]:
    chosen = [("target", t) for t in dict.fromkeys(targets)] + ([("stack", stack)] if stack else [])
    wanted: dict[Any, Pin] = {}
    for text in sources:
        file, name = split_source(text)
        source = os.path.relpath(file, folder).replace(os.sep, "/") + (f":{name}" if name else "")
        pins = [Pin(source, by, n) for by, n in chosen] if chosen else [p for p in recorded if p.source == source]  # type: ignore[arg-type]
        if not pins:
            raise Usage(f"nothing of {text} is pinned in {folder}, and no target is given", f"wye golden bless {text} -t TARGET")
        wanted |= {p.key: p for p in pins}
    if not sources:
        wanted = {p.key: p for p in recorded if not chosen or (p.by, p.name) in chosen}
        if not wanted:
            raise Refused(f"nothing is pinned in {folder}", "wye golden bless FILE -t TARGET")
    return list(wanted.values())


def _files(recorded: Iterable[Pin], pin: Pin) -> tuple[str, ...]:
    return next((r.files for r in recorded if r.key == pin.key), ())


def _file(folder: Path, pin: Pin) -> tuple[Path, str | None]:
    file, name = split_source(pin.source)
    return Path(os.path.normpath(folder / file)), name


def _compare(folder: Path, pin: Pin) -> Outcome:
    file, name = _file(folder, pin)
    targets, stack = ((pin.name,), None) if pin.by == "target" else ((), pin.name)
    compiled = compile_all(Wanted(f"{file}:{name}" if name else str(file), targets, False, stack, strict=False, no_schedule=False))
    if compiled.failed or compiled.pipeline is None:
        return Outcome(pin, compiled, None)
    made = pinned_files(f"{compiled.pipeline.name}/{pin.name}", [f for r in compiled.results for f in r.files])
    return Outcome(pin, compiled, made, tuple(compare(folder, pin, made)))


def _check_places(recorded: Sequence[Pin], outcomes: Sequence[Outcome], gone: Sequence[Pin]) -> None:
    """Two pipelines of one name, or a stack with the name of a target, would write over each other."""
    done = {o.pin.key for o in outcomes} | {p.key for p in gone}
    owners = {path: pin for pin in recorded if pin.key not in done for path in pin.files}
    for outcome in outcomes:
        for path in outcome.made or ():
            other = owners.setdefault(path, outcome.pin)
            if other.key != outcome.pin.key:
                what = f"{other.source} and {outcome.pin.source}" if other.source != outcome.pin.source else outcome.pin.source
                raise Refused(f"{what}: two pins have the same place {path.rpartition('/')[0]}", "give the second one another --dir")


# --- for people -------------------------------------------------------------------------------------------------------------------


def _text(outcomes: Sequence[Outcome], gone: Sequence[Pin], action: str, folder: Path) -> None:
    for outcome in outcomes:
        if outcome.made is None:
            show_diagnostics(outcome.problems, outcome.compiled.root)
    failed = any(o.made is None for o in outcomes)
    changed = [d for o in outcomes for d in o.differences]
    if action == "bless" and failed:
        note("nothing was written")
    elif action == "bless":
        for d in changed:
            say(f"{_WRITTEN[d.change]} {safe((folder / d.path).as_posix())}")
        for path in (path for pin in gone for path in pin.files):
            say(f"removed {safe((folder / path).as_posix())}")
        note(f"{_count(sum(len(o.made or ()) for o in outcomes), 'file')} pinned in {folder}")
    else:
        for d in changed:
            _show(d)
        same = sum(o.status == "same" for o in outcomes)
        note(f"{same} of {_count(len(outcomes), 'artifact')} as pinned in {folder}")
        if changed:
            kinds = Counter(d.change for d in changed)
            note(", ".join(f"{_count(n, 'file')} {kind}" for kind, n in kinds.items()) + "; if that is meant: wye golden bless")


_WRITTEN = {"changed": "changed", "not pinned": "new    ", "missing": "new    ", "no longer made": "removed"}


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def _show(d: Difference) -> None:
    colour = colour_on(sys.stdout)
    say(paint(f"{safe(d.path)}: {d.change}", "bold", colour))
    for line in _cut(d.diff)[2:]:
        kind = {"+": "good", "-": "error", "@": "label"}.get(line[:1])
        say(paint(safe(line), kind, colour) if kind else safe(line))
    say()


def _cut(diff: str) -> list[str]:
    lines = diff.split("\n")[:-1]
    return lines if len(lines) <= SHOWN else [*lines[:SHOWN], f"… and {len(lines) - SHOWN} more lines"]


# --- for machines -----------------------------------------------------------------------------------------------------------------


def _json(outcomes: Sequence[Outcome], gone: Sequence[Pin], action: str, folder: Path) -> None:
    pins = []
    for o in outcomes:
        file, name = _file(folder, o.pin)
        differences = [{"path": (folder / d.path).as_posix(), "change": d.change, "line": d.line, "diff": d.diff} for d in o.differences]
        source = file.as_posix() + (f":{name}" if name else "")
        pipeline = o.compiled.pipeline.name if o.compiled.pipeline else None
        who = {"source": source, "pipeline": pipeline, "target": None, "stack": None, o.pin.by: o.pin.name}
        pins.append({**who, "status": o.status, "differences": differences, "diagnostics": json_diagnostics(o.problems, o.compiled.root)})
    statuses = {o.status for o in outcomes}
    status = next((s for s in ("failed", "different") if s in statuses), "same")
    removed = sorted((folder / path).as_posix() for pin in gone for path in pin.files)
    say_json({"status": status, "pins": pins, "removed": removed, "messages": []})


def _github(outcomes: Sequence[Outcome], gone: Sequence[Pin], action: str, folder: Path) -> None:
    from wye.diagnostics.github import as_github, command

    root = machine.checkout(folder / "any")
    for o in outcomes:
        sys.stdout.write(as_github(o.problems, machine.findings(o.compiled, {}).sources))
        for d in o.differences if action == "check" else ():
            place = os.path.relpath((folder / d.path).resolve(), root).replace(os.sep, "/")
            text = "\n".join([f"{d.change}; if that is meant: wye golden bless", *_cut(d.diff)])
            sys.stdout.write(command("error", text, file=place, line=d.line, title="pinned artifact"))


def _failed(message: str, format: str) -> None:
    if format == "json":
        say_json({"status": "failed", "pins": [], "removed": [], "messages": [message]})
    else:
        from wye.diagnostics.github import command

        sys.stdout.write(command("error", message, title="wye"))


SHOW: dict[str, Callable[[Sequence[Outcome], Sequence[Pin], str, Path], None]] = {"text": _text, "json": _json, "github": _github}
