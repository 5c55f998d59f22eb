"""Files and folders in; copies, digests, locks out. Whatever is made here is there whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

CHUNK = 1 << 20
MANY = 64
"""More files than this are brought to the disk by one `sync` of everything, not one by one."""
PATIENCE = 0.3
"""Seconds to try for a lock that is not waited for: somebody may only be looking whether it is free."""


def read_json(path: Path) -> Any:
    """What a JSON file says; None when there is none, or none that can be read."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def write_json(path: Path, content: Any, *, safe: bool = False) -> None:
    """`safe`: on the disk when this returns, whatever becomes of the machine."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    with new.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        if safe:
            file.flush()
            os.fsync(file.fileno())
    new.replace(path)
    if safe:
        _sync(path.parent)


def flush(folder: Path) -> None:
    """Bring all that is in a folder to the disk."""
    places = [Path(at) / name for at, _, names in os.walk(folder) for name in names]
    if len(places) > MANY:
        os.sync()
        return
    for place in [*places, *{p.parent for p in places}, folder]:
        _sync(place)


def _sync(path: Path) -> None:
    with contextlib.suppress(OSError):  # a file system that does not know it
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, or of the names and contents of a folder."""
    return _walk(path, None)


def copy(source: Path, target: Path) -> str:
    """Copy a file or a folder; the digest of exactly what was written. A copy and no link: whoever changes one changes no other."""
    return _walk(source, target)


def _walk(source: Path, target: Path | None) -> str:
    if not source.is_dir():
        return _file(source, target)
    if target is not None:
        target.mkdir()
    found = [(name, _walk(source / name, target and target / name)) for name in sorted(os.listdir(source))]
    return "folder:" + hashlib.sha256(json.dumps(found).encode()).hexdigest()


def _file(source: Path, target: Path | None) -> str:
    known = hashlib.sha256()
    with source.open("rb") as read, target.open("xb") if target else contextlib.nullcontext() as write:
        while data := read.read(CHUNK):
            known.update(data)
            if write is not None:
                write.write(data)
    return known.hexdigest()


def remove(path: Path) -> None:
    """Delete a folder so that nobody ever sees half of it under its own name."""
    going = path.with_name(f".going-{path.name}-{os.urandom(4).hex()}")
    try:
        path.rename(going)
    except FileNotFoundError:
        return
    shutil.rmtree(going, ignore_errors=True)


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a lock file, which ends with the process that holds it; whether it was to be had. The file stays: others may wait at it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        yield _lock(file, fcntl.LOCK_EX, None if wait else PATIENCE)


def in_use(path: Path) -> bool:
    """Whether somebody holds a lock file."""
    try:
        with path.open("rb") as file:
            return not _lock(file, fcntl.LOCK_SH, 0.0)
    except FileNotFoundError:
        return False


def _lock(file: IO[bytes], kind: int, seconds: float | None) -> bool:
    if seconds is None:
        fcntl.flock(file, kind)
        return True
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)
