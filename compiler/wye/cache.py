"""Compiled pipelines kept by the content of what they came from: a file's path in, the pipeline of its unchanged source out.

An entry holds every file that the front end read, with its hash, and every place where it looked and found nothing: a module that
appears later makes the entry void, as a changed one does, and as a file more or less does where a glob was followed. Entries are
pickles, so they stand in the user's own cache folder and never in a project's: a repository cannot bring one along. `WYE_CACHE` names
another folder, or is `off`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from wye.ir.model import Pipeline
from wye.sources import Layout, listing

Probes = Mapping[str, str | None]
"""By absolute path: the SHA-256 of a file's bytes, `folder` or `folder of modules`, None for nothing there. By `folder\\0glob`: that of
the names that it stands for."""


def load(file: Path, pipeline: str | None, layout: Layout) -> Pipeline | None:
    """The kept pipeline, if everything that it was made from is as it was."""
    place = _place(file, pipeline, layout)
    try:
        if place is None:
            return None
        with place.open("rb") as stream:
            fingerprint, probes, kept = pickle.load(stream)
    except Exception:  # an entry that cannot be read, for whatever reason, is no entry
        return None
    if fingerprint != _fingerprint() or any(probe(path) != seen for path, seen in probes.items()):
        return None
    return kept if isinstance(kept, Pipeline) else None


def store(file: Path, name: str | None, layout: Layout, probes: Probes, pipeline: Pipeline) -> None:
    """Keep a pipeline. A cache that cannot be written is no error."""
    place = _place(file, name, layout)
    if place is None:
        return
    with contextlib.suppress(pickle.PicklingError, RecursionError):
        _write(place, pickle.dumps((_fingerprint(), dict(probes), pipeline), protocol=5))


def text(source: bytes, make: Callable[[bytes], str]) -> str:
    """`make(source)`, which depends on nothing else, kept from one compile to the next."""
    folder = _folder()
    place = folder / f"{hashlib.sha256(make.__qualname__.encode() + source).hexdigest()[:32]}.txt" if folder else None
    try:
        if place is not None:
            seal, _, kept = place.read_text("ascii").partition("\n")
            if seal == hashlib.sha256(kept.encode("ascii")).hexdigest():  # a file that a crash cut short is no entry
                return kept
    except (OSError, ValueError):
        pass
    made = make(source)
    if place is not None:
        _write(place, f"{hashlib.sha256(made.encode('ascii')).hexdigest()}\n{made}".encode("ascii"))
    return made


def probe(path: str) -> str | None:
    """What stands at a path now."""
    folder, glob, pattern = path.partition("\0")
    if glob:
        return hashlib.sha256("\n".join(listing(folder, pattern)).encode("utf-8", "surrogateescape")).hexdigest()
    try:
        with open(path, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except IsADirectoryError:
        try:
            modules = any(n.endswith(".py") or os.path.exists(os.path.join(path, n, "__init__.py")) for n in os.listdir(path))
            return "folder of modules" if modules else "folder"
        except OSError:
            return "folder"
    except OSError:
        return None


def _place(file: Path, pipeline: str | None, layout: Layout) -> Path | None:
    folder = _folder()
    key = f"{file.resolve()}\0{pipeline or ''}\0{layout}".encode()
    return folder / f"{hashlib.sha256(key).hexdigest()[:32]}.pickle" if folder else None


def folder(kind: str) -> Path | None:
    """Where things of a kind are kept; None when nothing is to be kept."""
    chosen = os.environ.get("WYE_CACHE")
    if chosen == "off":
        return None
    return (Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wye") / kind


def _folder() -> Path | None:
    return folder("compiled")


def _write(place: Path, data: bytes) -> None:
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(data)
        os.replace(temporary, place)


def _fingerprint() -> str:
    """This Wye and this Python: another one may make something else of the same source."""
    root = Path(__file__).parent
    parts = [sys.version]
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(n for n in names if n.endswith(".py")):
            status = os.stat(os.path.join(folder, name))
            parts.append(f"{os.path.relpath(folder, root)}/{name}:{status.st_size}:{status.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
