"""What travels inside an artifact: the runtime package and step programs as files, and any such files as one line of text.

The compressor stands here because zlib's own output differs between builds of Python (zlib, zlib-ng, libdeflate), and an artifact has
the same bytes wherever it is compiled. What it writes is an ordinary zlib stream.
"""

from __future__ import annotations

import base64
import json
import zlib
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files as resources
from typing import Any

from wye import cache as compiled
from wye.ir.model import Program

PACKAGE = "wye_runtime"
LINES = "lines.json"
File = tuple[str, str]
"""A relative POSIX path, and its text."""
Shipped = tuple[str, bytes]
"""A relative POSIX path, and what stands there."""

_INTERPRETER = frozenset({"island.py", "launch.py", "outcome.py", "plan.py", "scope.py"})
_GUARDS = frozenset({"guards.py"})
_STORE = frozenset({"store.py"})

UNPACK = """\
def unpack(payload, folder):
    import base64, json, os, zlib
    for path, text in json.loads(zlib.decompress(base64.b64decode(payload))).items():
        place = os.path.join(folder, *path.split("/"))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8", newline="") as file:
            file.write(text)
"""
"""Python 3.9 source that writes a payload's files below a folder."""

_STORED = 65535
"""Bytes of the largest block that is not compressed."""


@cache
def runtime_files(*, interpreter: bool = False, guards: bool = False, store: bool = False) -> tuple[File, ...]:
    """The runtime as the package `wye_runtime`; with the plan interpreter only where a target runs plans, what reads guards only where its
    tasks have them, and what writes and reads a store only where the stack has the address of one."""
    found = {p.name: p.read_text(encoding="utf-8") for p in resources("wye.runtime").iterdir() if p.name.endswith(".py")}
    parts = ((interpreter, _INTERPRETER), (guards, _GUARDS), (store, _STORE))
    left_out = {name for wanted, names in parts if not wanted for name in names}
    return tuple((f"{PACKAGE}/{name}", text) for name, text in sorted(found.items()) if name not in left_out)


def module_files(program: Program) -> tuple[File, ...]:
    """A step program's modules as far as they were cut out of the user's, and `lines.json`: for each module the user's file and where
    runs of kept lines begin in it, and which files are to be executable.

    `{"churn.py": {"source": "src/churn.py", "lines": [[1, 1], [7, 30]]}, "bin/tool": {"executable": true}}`: line 8 here is line 31 there.
    """
    known: dict[str, dict[str, Any]] = {f.path: {"source": f.source, "lines": [list(pair) for pair in f.lines]} for f in program.files}
    for d in program.data:
        about: dict[str, Any] = {"source": d.source, "lines": [[1, 1]]} if d.source else {}
        if d.executable:
            about["executable"] = True
        if about:
            known[d.path] = about
    text = json.dumps(known, indent=1, sort_keys=True) + "\n"
    return (*((f.path, f.text) for f in sorted(program.files, key=lambda f: f.path)), (LINES, text))


def data_files(program: Program) -> tuple[Shipped, ...]:
    """What travels with a step program as it is."""
    return tuple((d.path, d.data) for d in sorted(program.data, key=lambda d: d.path))


def program_files(program: Program) -> tuple[Shipped, ...]:
    """All files of a step program."""
    return (*((path, text.encode("utf-8")) for path, text in module_files(program)), *data_files(program))


def archive(files: Iterable[Shipped]) -> str:
    """The files as one line of base64: a zlib stream of a line of JSON, `[[path, size]…]`, and what stands in them."""
    found = tuple(files)
    head = json.dumps([[path, len(data)] for path, data in found], ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return compiled.text(b"\n".join([head, b"".join(data for _, data in found)]), _compressed)


def payload(files: Iterable[File]) -> str:
    """The files as one line of base64: a zlib stream of the JSON object `{path: text}`. `UNPACK` is its reader."""
    return _payload(tuple(files))


@cache
def _payload(files: tuple[File, ...]) -> str:
    data = json.dumps(dict(files), ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return compiled.text(data, _compressed)


def _compressed(data: bytes) -> str:
    return base64.b64encode(compress(data)).decode("ascii")


# --- deflate (RFC 1951), with the fixed codes ------------------------------------------------------------------------------------

_SHORTEST, _LONGEST, _WINDOW, _TRIES = 4, 258, 32768, 24
_RUNS = ((0x30, 144, 8), (0x190, 112, 9), (0, 24, 7), (0xC0, 6, 8))  # first code, how many, bits
_LITERAL = [(first + i, bits) for first, count, bits in _RUNS for i in range(count)]
_LENGTH_STEPS = [(n, 0) for n in range(3, 11)] + [(3 + ((4 + k) << e), e) for e in range(1, 6) for k in range(4)]
_LENGTHS = {low + n: (257 + i, n, bits) for i, (low, bits) in enumerate(_LENGTH_STEPS) for n in range(1 << bits)} | {258: (285, 0, 0)}
_DISTANCE_BITS = [max(0, (i >> 1) - 1) for i in range(30)]
_DISTANCES = [1 + i if i < 4 else 1 + ((2 + (i & 1)) << _DISTANCE_BITS[i]) for i in range(30)]


def compress(data: bytes) -> bytes:
    """A zlib stream (RFC 1950): one block with fixed codes, or the data as they are where that is shorter (images, archives)."""
    blocks = range(0, len(data), _STORED) or range(1)
    plain = b"".join(_stored(data[at : at + _STORED], at == blocks[-1]) for at in blocks)
    stream = _coded(data)
    return b"\x78\x01" + min(stream, plain, key=len) + zlib.adler32(data).to_bytes(4, "big")


def _stored(part: bytes, last: bool) -> bytes:
    return bytes([last]) + len(part).to_bytes(2, "little") + (len(part) ^ 0xFFFF).to_bytes(2, "little") + part


def _coded(data: bytes) -> bytes:
    out = bytearray()
    held, width = 0b011, 3  # the last block; fixed codes

    def put(value: int, bits: int) -> None:
        nonlocal held, width
        held |= value << width
        width += bits
        while width >= 8:
            out.append(held & 255)
            held >>= 8
            width -= 8

    literal = [(_reversed(code, bits), bits) for code, bits in _LITERAL]
    for length, value in _matches(data):
        if length:
            symbol, rest, bits = _LENGTHS[length]
            put(*literal[symbol])
            put(rest, bits)
            step = bisect_right(_DISTANCES, value) - 1
            put(_reversed(step, 5), 5)
            put(value - _DISTANCES[step], _DISTANCE_BITS[step])
        else:
            put(*literal[value])
    put(*literal[256])
    put(0, 7)
    return bytes(out)


def _matches(data: bytes) -> Iterator[tuple[int, int]]:
    """`(0, byte)`, or `(length, distance)` of an earlier stretch that comes again: the longest of the latest few, the nearest of those."""
    seen: dict[bytes, deque[int]] = {}
    at = 0
    while at < len(data):
        length = distance = 0
        most = min(_LONGEST, len(data) - at)
        for earlier in reversed(seen.get(data[at : at + _SHORTEST], ())):
            if at - earlier > _WINDOW:
                break
            if length and data[earlier + length : earlier + length + 1] != data[at + length : at + length + 1]:
                continue
            same = _same(data, earlier, at, most)
            if same > length:
                length, distance = same, at - earlier
                if length == most:
                    break
        if length < _SHORTEST:
            length = 0
        yield (length, distance) if length else (0, data[at])
        for i in range(at, at + (length or 1)):
            seen.setdefault(data[i : i + _SHORTEST], deque(maxlen=_TRIES)).append(i)
        at += length or 1


def _same(data: bytes, a: int, b: int, most: int) -> int:
    """How many bytes from `a` and from `b` on are the same, at most `most`."""
    n = 0
    while n + 16 <= most and data[a + n : a + n + 16] == data[b + n : b + n + 16]:
        n += 16
    while n < most and data[a + n] == data[b + n]:
        n += 1
    return n


def _reversed(code: int, bits: int) -> int:
    """Codes are written from their highest bit, everything else from its lowest."""
    return int(f"{code:0{bits}b}"[::-1], 2)
