"""The one file writer: emitted files in; build folders on the disk, each replaced as a whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from wye.backend.target import EmittedFile

REPORT = "report.json"
"""Every build has one: by it a build folder is known as ours."""


class WriteFailed(Exception):
    """The build could not be written; the message says why. What stood there before still stands."""


def write_builds(builds: Mapping[Path, Iterable[EmittedFile]]) -> None:
    """Write each folder's files. Nothing on the disk changes before all of them are written beside their places."""
    staged: list[tuple[Path, Path]] = []
    try:
        for folder, files in builds.items():
            _check_replaceable(folder)
            new = folder.with_name(f".{folder.name}.new-{os.getpid()}")
            staged.append((folder, new))
            _stage(new, files)
        _swap(staged)
    except OSError as error:
        raise WriteFailed(f"cannot write {error.filename or 'the build'}: {error.strerror or error}") from error
    finally:
        for _, new in staged:
            shutil.rmtree(new, ignore_errors=True)


def write_build(folder: Path, files: Iterable[EmittedFile]) -> None:
    """Write one build folder."""
    write_builds({folder: files})


def _check_replaceable(folder: Path) -> None:
    """Only a build of ours, or nothing, may be replaced."""
    if not folder.is_symlink() and not folder.exists():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise WriteFailed(f"{folder} is not a folder")
    if any(folder.iterdir()) and not (folder / REPORT).is_file():
        raise WriteFailed(f"{folder} is not a build of Wye (it has no {REPORT}); remove it, or choose another folder with -o")


def _stage(new: Path, files: Iterable[EmittedFile]) -> None:
    if new.exists():
        shutil.rmtree(new)  # what a killed compile of the same process id left
    new.mkdir(parents=True)
    seen: set[str] = set()
    for file in files:
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts or not path.parts or str(path).casefold() in seen:
            raise ValueError(f"not a path inside a build, or there twice: {file.path!r}")
        seen.add(str(path).casefold())
        place = new / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.content)
        if file.mode is not None:
            place.chmod(file.mode)
            for folder in place.parents[: len(path.parts)]:
                folder.chmod(0o755)


def _swap(staged: list[tuple[Path, Path]]) -> None:
    """Put the new folders in the place of the old ones; when one cannot be, put all the old ones back."""
    moved: list[tuple[Path, Path | None]] = []
    try:
        for folder, new in staged:
            old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
            if folder.exists():
                shutil.rmtree(old, ignore_errors=True)
                folder.rename(old)
                moved.append((folder, old))
            else:
                moved.append((folder, None))
            new.rename(folder)
    except BaseException:  # an interrupt as well
        for folder, before in reversed(moved):
            shutil.rmtree(folder, ignore_errors=True)
            if before is not None:
                before.rename(folder)
        raise
    for _, before in moved:
        if before is not None:
            shutil.rmtree(before, ignore_errors=True)
