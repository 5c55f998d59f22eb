"""Pinned artifacts on the disk: what a compile makes in, how that differs from what a repository pins, or the files written, out.

`<folder>/wye-golden.json` says what is pinned, and which files below the folder are ours: no other file is ever changed or removed.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from wye.backend.target import EmittedFile
from wye.backend.write import REPORT, WriteFailed
from wye.cli.failure import Refused

MANIFEST = "wye-golden.json"
Change = Literal["changed", "not pinned", "missing", "no longer made"]


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """One pinned artifact. `source` is `FILE[:PIPELINE]` from the folder of the pins; it is compiled for a target or for a stack.
    `files` are paths in the folder."""

    source: str
    by: Literal["target", "stack"]
    name: str
    files: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, Literal["target", "stack"], str]:
        return self.source, self.by, self.name


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not as pinned. `diff` is unified: what is pinned against what is compiled now."""

    path: str
    change: Change
    line: int
    diff: str


# --- the manifest -----------------------------------------------------------------------------------------------------------------


def read_pins(folder: Path) -> tuple[Pin, ...]:
    """What is pinned there; nothing when there is no manifest."""
    file = folder / MANIFEST
    try:
        data = json.loads(file.read_text("utf-8"))
        if data["wye-golden"] != 1:
            raise Refused(f"{file}: made by another version of Wye", "remove the folder and bless again")
        pins = tuple(_pin(**p) for p in data["pins"])
    except FileNotFoundError:
        return ()
    except (ValueError, TypeError, KeyError):
        raise Refused(f"{file}: this is no manifest of Wye (merged by hand?)", "remove it and its files, and bless again") from None
    for path in (path for pin in pins for path in pin.files):
        _inside(folder, path)
    return pins


def _pin(source: str, files: list[str], target: str | None = None, stack: str | None = None) -> Pin:
    name = target if target is not None else stack
    if name is None or not all(isinstance(text, str) for text in (source, name, *files)):
        raise TypeError
    return Pin(source, "target" if target is not None else "stack", name, tuple(files))


def _inside(folder: Path, path: str) -> Path:
    """The place of a pinned file. A manifest is only a file of a repository: it must not lead out of its folder."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise Refused(f"{folder / MANIFEST}: {path!r} is no path in this folder")
    for above in pure.parents:
        if (folder / above).is_symlink() and above != PurePosixPath("."):
            raise Refused(f"{folder / above} is a symbolic link: nothing is written through it")
    return folder / pure


def _manifest(pins: Iterable[Pin]) -> bytes:
    rows = [{"source": p.source, p.by: p.name, "files": sorted(p.files)} for p in sorted(pins)]
    return (json.dumps({"wye-golden": 1, "pins": rows}, indent=2) + "\n").encode()


# --- what is made, what is there --------------------------------------------------------------------------------------------------


def pinned_files(place: str, files: Iterable[EmittedFile]) -> dict[str, bytes]:
    """The artifact as it is pinned below `place`: the report without Wye's version, which alone changes nothing."""
    return {f"{place}/{f.path}": _without_version(f.content) if f.path == REPORT else f.content for f in files}


def _without_version(report: bytes) -> bytes:
    return (json.dumps({k: v for k, v in json.loads(report).items() if k != "wye"}, indent=2) + "\n").encode()


def compare(folder: Path, pin: Pin, made: Mapping[str, bytes]) -> list[Difference]:
    """How the files of a pin differ from those made now."""
    found = []
    for path in sorted({*pin.files, *made}):
        place = _inside(folder, path)
        pinned = place.read_bytes() if place.is_file() and path in pin.files else None
        now = made.get(path)
        if pinned == now:
            continue
        change: Change = "no longer made" if now is None else "changed" if pinned is not None else "not pinned"
        if pinned is None and path in pin.files:
            change = "missing"
        line, diff = _diff(path, pinned, now)
        found.append(Difference(path, change, line, diff))
    return found


def _diff(path: str, pinned: bytes | None, now: bytes | None) -> tuple[int, str]:
    """The first line that differs, and all of it as a unified diff."""
    names = (f"{path} (pinned)", f"{path} (compiled now)")
    try:
        before, after = ((data or b"").decode("utf-8").splitlines(keepends=True) for data in (pinned, now))
    except UnicodeDecodeError:
        return 1, f"--- {names[0]}\n+++ {names[1]}\nno text: {_size(pinned)} are pinned, {_size(now)} compiled now\n"
    line = next((n for n, (a, b) in enumerate(zip(before, after), 1) if a != b), min(len(before), len(after)) + 1)
    lines = [text if text.endswith("\n") else f"{text}\n\\ no newline at the end\n" for text in difflib.unified_diff(before, after, *names)]
    return min(line, max(len(before), 1)), "".join(lines).replace("\r\n", "\\r\n")


def _size(data: bytes | None) -> str:
    return f"{len(data or b'')} bytes"


# --- writing ----------------------------------------------------------------------------------------------------------------------


def write_pins(folder: Path, kept: Sequence[Pin], old: Sequence[Pin], new: Mapping[Pin, Mapping[str, bytes]]) -> None:
    """Put `new` in the place of `old`, beside `kept`. Every file appears whole. What is being written stands in the manifest before it is
    there, so that a bless that was interrupted is finished by the next one."""
    ours = {path for pin in (*old, *kept) for path in pin.files}
    made = {path: content for files in new.values() for path, content in files.items()}
    places = {path: _inside(folder, path) for path in {*ours, *made}}
    if foreign := sorted(p for p in made if p not in ours and os.path.lexists(places[p]) and not _same(places[p], made[p])):
        raise Refused(f"{folder / foreign[0]} was not written by `wye golden`, and nothing was changed", "move it, or choose another --dir")
    gone = sorted({path for pin in old for path in pin.files} - made.keys() - {path for pin in kept for path in pin.files})
    try:
        both = [Pin(*pin.key, tuple({*files, *(f for o in old if o.key == pin.key for f in o.files)})) for pin, files in new.items()]
        _replace(folder / MANIFEST, _manifest([*kept, *(o for o in old if o.key not in {p.key for p in both}), *both]))
        for path in gone:
            _remove(folder, places[path])
        for path, content in sorted(made.items()):
            if not _same(places[path], content):
                _replace(places[path], content)
        _replace(folder / MANIFEST, _manifest([*kept, *(Pin(*pin.key, tuple(files)) for pin, files in new.items())]))
    except OSError as error:
        raise WriteFailed(f"cannot write {error.filename or folder}: {error.strerror or error}") from error


def _same(place: Path, content: bytes) -> bool:
    return place.is_file() and not place.is_symlink() and place.read_bytes() == content


def _replace(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f".{place.name}.new-{os.getpid()}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, place)
    finally:
        temporary.unlink(missing_ok=True)


def _remove(folder: Path, place: Path) -> None:
    """The file, and the folders that are empty without it."""
    place.unlink(missing_ok=True)
    for above in place.parents:
        if above == folder or not above.is_dir() or any(above.iterdir()):
            return
        above.rmdir()
