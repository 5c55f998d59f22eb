"""A case folder and what the compiler makes of it in, a list of differences out; with `bless`, the expected files are rewritten.

Golden files pin bytes, with one exception: what every artifact embeds unchanged (the runtime, a target's adapter, Wye's version) is
replaced by a name in `<<>>`, so that a change of the runtime touches one file, `golden/runtime.txt`, and not every case.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from importlib.resources import files as resources
from pathlib import Path

from wye.backend.embed import PACKAGE, program_files, runtime_files
from wye.backend.target import EmittedFile
from wye.ir.model import Program

MARKER = re.compile(r"#\s*error:\s*((?:\[WYE\d{4}\][,\s]*)+)")
REPORTED = re.compile(r"^(\S[^:\n]*):(\d+):\d+: error\[(WYE\d{4})\]", re.MULTILINE)
PAYLOAD = re.compile(r"[A-Za-z0-9+/]{400,}={0,2}")
CONTENT = re.compile(r"-[0-9a-f]{16}(?=/)")
"""The end of the name of a folder that is called by what stands in it."""
RUNTIME_FOLDER = re.compile(rf"([0-9a-f]{{16}})/{PACKAGE}/")
BLOCK = re.compile(r"^( *)(\S+): \|\n((?:\1  .*\n|\n)+)", re.MULTILINE)
"""A text that stands in a YAML file as it is."""


def differences(folder: Path, produced: Mapping[str, str], *, bless: bool, only: str = "**/*") -> list[str]:
    """How the files below `folder` (`only` those) differ from those produced: missing, extra, changed. With `bless` they are made equal."""
    expected = {f.relative_to(folder).as_posix(): f for f in sorted(folder.glob(only)) if f.is_file()}
    if bless:
        _rewrite(folder, expected, produced)
        return []
    problems = [f"{folder.name}: no longer produced: {path}" for path in expected if path not in produced]
    for path, text in sorted(produced.items()):
        if path not in expected:
            problems.append(f"{folder.name}: not pinned: {path}")
            continue
        old = expected[path].read_bytes().decode("utf-8")
        if old != text:
            lines = difflib.unified_diff(old.splitlines(), text.splitlines(), f"{path} (pinned)", f"{path} (now)", lineterm="", n=2)
            problems.append("\n".join(list(lines)[:80]) or f"{path}: line endings differ")
    return problems


def _rewrite(folder: Path, expected: Mapping[str, Path], produced: Mapping[str, str]) -> None:
    for path, file in expected.items():
        if path not in produced:
            file.unlink()
    for path, text in produced.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_bytes() != text.encode("utf-8"):
            file.write_bytes(text.encode("utf-8"))
    for place in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        if not any(place.iterdir()):
            place.rmdir()


def orphans(root: Path, allowed: Iterable[str]) -> list[str]:
    """Files below a case's folder that no part of the case accounts for. `allowed` are names, or folders ending in `/`."""
    names = tuple(allowed)
    prefixes = tuple(n for n in names if n.endswith("/"))
    found = (f.relative_to(root).as_posix() for f in sorted(root.rglob("*")) if f.is_file() and "__pycache__" not in f.parts)
    return [f"{root.name}: orphan file: {p}" for p in found if p not in names and not p.startswith(prefixes)]


def pinned(files: Iterable[EmittedFile], package: str, programs: Iterable[Program] = ()) -> dict[str, str]:
    """The artifact of a target in `package` as it is pinned: what it embeds unchanged stands in `embedded.txt`, by name alone; so do
    `programs`, which the target `local` pins. Payloads are unpacked beside the file that holds them."""
    known = {f"programs/{p.id}/{path}": data for p in programs for path, data in program_files(p)}
    shipped = _shipped(package)
    seen: dict[str, str] = {}
    names: list[str] = []
    files = _without_folder(tuple(files))
    for file in sorted(files, key=lambda f: f.path):
        program = _program(file, known)
        if program:
            names.append(program)
        elif file.data is not None:
            seen[f"{file.path}.base64"] = base64.encodebytes(file.data).decode("ascii")
        elif file.text in shipped:
            names.append(f"{file.path}  <<{shipped[file.text]}>>")
        else:
            seen[file.path] = _without_payload(file, shipped, seen)
    lines = [f"{name}  {count} files\n" if name.endswith("/>>") else f"{name}\n" for name, count in Counter(names).items()]
    return seen | ({"embedded.txt": "".join(lines)} if lines else {})


def _program(file: EmittedFile, known: Mapping[str, bytes]) -> str | None:
    """For a program's file: the program's folder, and what the target `local` calls it."""
    path = CONTENT.sub("", file.path)
    name = path[path.find("programs/") :]
    data = file.text.encode("utf-8") if file.data is None else file.data
    if known.get(name) != data:
        return None
    _, id, below = name.split("/", 2)
    return f"{file.path.removesuffix(below)}  <<local/programs/{id}/>>"


def _without_folder(files: tuple[EmittedFile, ...]) -> tuple[EmittedFile, ...]:
    """The files with a name in place of the hash that a folder with the runtime is called by."""
    digest = next((m[1] for f in files if (m := RUNTIME_FOLDER.search(f.path))), None)
    if digest is None:
        return files
    mark = "<<runtime>>"
    return tuple(replace(f, path=f.path.replace(digest, mark), text=f.text.replace(digest, mark)) for f in files)


def embedded(files: Iterable[EmittedFile], package: str) -> dict[str, str]:
    """What the artifact embeds unchanged, also inside payloads: by name, size and hash."""
    shipped = _shipped(package)
    texts = [t for f in files for t in (f.text, *(t for p in PAYLOAD.findall(f.text) for t in _unpack(p).values()))]
    texts += [_block(found) for f in files if f.path.endswith(".yaml") for found in BLOCK.finditer(f.text)]
    found = {shipped[t]: t.encode() for t in texts if t in shipped}
    return {name: f"{len(data):6}  {hashlib.sha256(data).hexdigest()[:16]}  {name}\n" for name, data in found.items()}


@cache
def _shipped(package: str) -> dict[str, str]:
    """Where each text that an artifact may embed unchanged comes from: the runtime, or a file of the target's own package; what several
    targets share (packages beside theirs that begin with `_`) counts as each one's own."""
    beside = resources(package.rpartition(".")[0]).iterdir() if "." in package else ()
    shared = [p for p in beside if p.name.startswith("_") and not p.name.startswith("__") and p.is_dir()]
    found = [f for place in (*shared, resources(package)) for f in place.iterdir() if f.name.endswith(".py")]
    return {f.read_text("utf-8"): f"{package}/{f.name}" for f in found} | {
        text: path for path, text in runtime_files(interpreter=True, guards=True)
    }


def _unpack(payload: str) -> dict[str, str]:
    """The files of a payload; none when the text is something else."""
    try:
        data = zlib.decompress(base64.b64decode(payload))
        if data.startswith(b"[["):
            return _archived(data)
        return dict(json.loads(data))
    except (ValueError, zlib.error):
        return {}


def _archived(data: bytes) -> dict[str, str]:
    """The files of an archive (`embed.archive`), as text where they are."""
    head, _, rest = data.partition(b"\n")
    found: dict[str, str] = {}
    for path, size in json.loads(head):
        part, rest = rest[:size], rest[size:]
        try:
            found[path] = part.decode("utf-8")
        except UnicodeDecodeError:
            found[path] = base64.encodebytes(part).decode("ascii")
    return found


def _block(found: re.Match[str]) -> str:
    return "\n".join(line[len(found[1]) + 2 :] for line in found[3].split("\n"))


def _without_payload(file: EmittedFile, shipped: Mapping[str, str], seen: dict[str, str]) -> str:
    """The file's text with each payload replaced by a name; the payload's own files go to `seen`, below that name."""

    def replace(found: re.Match[str]) -> str:
        content = _unpack(found.group())
        if not content:
            return found.group()
        listing = "".join(f"--- {p}  <<{shipped[t]}>>\n" if t in shipped else f"--- {p}\n{t}\n" for p, t in content.items())
        base = f"{file.path}.payloads/"
        name = next((p for p, t in seen.items() if p.startswith(base) and t == listing), None)
        if name is None:
            name = f"{base}{sum(p.startswith(base) for p in seen)}.txt"
            seen[name] = listing
        return f"<<{name}>>"

    def named(found: re.Match[str]) -> str:
        name = shipped.get(_block(found))
        return f"{found[1]}{found[2]}: <<{name}>>\n" if name else found.group()

    text = PAYLOAD.sub(replace, BLOCK.sub(named, file.text) if file.path.endswith(".yaml") else file.text)
    return text.replace(f'"wye": "{_version()}"', '"wye": "<<version>>"')


_version = cache(lambda: version("wye"))


def marked(folder: Path) -> set[tuple[str, int, str]]:
    """(path, line, code) of every `# error: [WYE1234]` marker in the files below a folder."""
    found = set()
    for file in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".toml")):
        for number, line in enumerate(file.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            for codes in MARKER.findall(line):
                found |= {(file.relative_to(folder).as_posix(), number, code) for code in re.findall(r"WYE\d{4}", codes)}
    return found


def reported(stderr: str) -> set[tuple[str, int, str]]:
    """(path, line, code) of every diagnostic in rendered text."""
    return {(path, int(line), code) for path, line, code in REPORTED.findall(stderr)}
