"""TOML text in, its values and where each key and value stands out; what does not parse is a diagnostic at its place.

`tomllib` is the authority on what the text means but gives no positions, so a second, lenient walk over text that is known to be valid
notes them: tables, dotted and quoted keys, inline tables, arrays.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from wye.diagnostics import CompileFailed, Diagnostic, Span

Key: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys of tables, indices of arrays."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key was first written, and its value (for a table made by a header or a dotted key: the key again)."""

    key: Span
    value: Span


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML file: what it says, and where. Span paths are absolute, for the file need not be below the source root."""

    file: Path
    values: dict[str, Any]
    places: dict[Key, Place]


def read_toml(file: Path) -> Document:
    """Raises `CompileFailed` when the file is not TOML, and OSError when it cannot be read."""
    path = file.as_posix()
    data = file.read_bytes()
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        return Document(file, tomllib.loads(text), locate(text, path))
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace").split("\n")
        span = Span(path, len(before), len(before[-1]) + 1, len(before), len(before[-1]) + 2)
        raise CompileFailed([Diagnostic("WYE5001", "the file is not UTF-8 text", span)]) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CompileFailed([_syntax_error(str(error), text, path)]) from None


def _syntax_error(message: str, text: str, path: str) -> Diagnostic:
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    lines = text.split("\n")
    line, column = (int(found[1]), int(found[2])) if found and found[1] else (len(lines), len(lines[-1]) + 1)
    said = message[: found.start()] if found else message
    return Diagnostic("WYE5001", f"not TOML: {said[:1].lower()}{said[1:]}", Span(path, line, column, line, column + 1))


_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^\s,\]}#]+(?: \d[^\s,\]}#]*)?")
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_STRINGS = (
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}',
    r"'''(?:[^']|'{1,2}(?!'))*'{3,5}",
    r'"(?:[^"\\]|\\.)*"',
    r"'[^']*'",
)
_STRING = re.compile("|".join(_STRINGS), re.DOTALL)


def locate(text: str, path: str) -> dict[Key, Place]:
    """The place of every key in valid TOML."""
    walk = _Walk(text, path)
    walk.document()
    return walk.places


class _Walk:
    def __init__(self, text: str, path: str) -> None:
        self.text, self.path, self.at = text, path, 0
        self.places: dict[Key, Place] = {}
        self.lengths: dict[Key, int] = {}
        """How many tables `[[name]]` headers have made so far."""
        self.lines = [0, *(m.end() for m in re.finditer("\n", text))]

    def document(self) -> None:
        table: Key = ()
        while self._skip(_BLANK) < len(self.text):
            if self.text[self.at] == "[":
                double = self.text.startswith("[[", self.at)
                self.at += 1 + double
                table = self._header(self._keys(), double)
                self.at += 1 + double
            else:
                self._pair(table)

    def _header(self, keys: list[tuple[str, Span]], double: bool) -> Key:
        at: Key = ()
        for n, (name, span) in enumerate(keys):
            at += (name,)
            last = n == len(keys) - 1
            self.places.setdefault(at, Place(span, span))
            if last and double:
                self.lengths[at] = self.lengths.get(at, 0) + 1
            if at in self.lengths:
                at += (self.lengths[at] - 1,)
                self.places.setdefault(at, Place(span, span))
        return at

    def _pair(self, table: Key) -> None:
        keys = self._keys()
        self.at += 1
        self._skip(_SPACE)
        at = table
        for name, span in keys:
            at += (name,)
            self.places.setdefault(at, Place(span, span))
        value = self._value(at)
        self.places[at] = Place(self.places[at].key, value)

    def _keys(self) -> list[tuple[str, Span]]:
        """A dotted key; stands after it and the blanks behind it."""
        keys = []
        while True:
            self._skip(_SPACE)
            start = self.at
            if self.text[start] in "\"'":
                self._skip(_STRING)
                name = next(iter(tomllib.loads(self.text[start : self.at] + "=0")))
            else:
                self._skip(_BARE)
                name = self.text[start : self.at]
            keys.append((name, self._span(start)))
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _value(self, at: Key) -> Span:
        start = self.at
        match self.text[start]:
            case "[":
                self.at += 1
                index = 0
                while self.text[self._skip(_BLANK)] != "]":
                    span = self._value((*at, index))
                    self.places[(*at, index)] = Place(span, span)
                    index += 1
                    if self.text[self._skip(_BLANK)] == ",":
                        self.at += 1
                self.at += 1
            case "{":
                self.at += 1
                while self.text[self._skip(_BLANK)] != "}":
                    self._pair(at)
                    if self.text[self._skip(_BLANK)] == ",":
                        self.at += 1
                self.at += 1
            case '"' | "'":
                self._skip(_STRING)
            case _:
                self._skip(_SCALAR)
        return self._span(start)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def _span(self, start: int) -> Span:
        def place(offset: int) -> tuple[int, int]:
            line = bisect_right(self.lines, offset)
            return line, offset - self.lines[line - 1] + 1

        return Span(self.path, *place(start), *place(self.at))
