"""The user's code as a place on disk: a file and what the stack file says of the code in; source roots and the files to ship out.

No parser is needed for it.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

_NEVER = ("__pycache__", "*.pyc", "*.pyo", ".git", ".hg", ".svn", ".DS_Store")
"""What no program has: caches and the records of version control."""


class InputError(Exception):
    """The file to compile cannot be read at all; the message is one line for the user."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the user's code lies on disk and how it travels: `[code]` of the stack file.

    `slice` cuts out what each step needs; `tree` ships packages as they are. `base` is the folder that the other paths start from.
    """

    packaging: Literal["slice", "tree"] = "slice"
    include: tuple[str, ...] = ()
    """Folders, files or globs of such: what `tree` ships. Without any: the packages that the pipeline imports."""
    exclude: tuple[str, ...] = ()
    """Globs of what stays out: of a name, or of a path below `base`."""
    roots: tuple[str, ...] = ()
    """Folders, or globs of such, whose modules are the user's own, beside the folder of the pipeline's file."""
    base: Path = Path()

    def folders(self) -> tuple[Path, ...]:
        """The source roots that are stated, and those of what is included, in order, each once."""
        stated = [Path(self.base, p).resolve() for r in self.roots for p in matches(str(self.base), r)]
        included = [Path(self.base, p).resolve() for i in self.include for p in matches(str(self.base), i)]
        found = [*stated, *(above(p) for p in included if not any(p.is_relative_to(root) for root in stated))]
        return tuple(dict.fromkeys(f for f in found if f.is_dir()))

    def excluded(self, file: Path) -> bool:
        """Whether a file that would travel stays out."""
        path = os.path.relpath(file, self.base).replace(os.sep, "/")
        parts = path.split("/")
        if any(fnmatchcase(part, pattern) for part in parts for pattern in _NEVER):
            return True
        heads = ["/".join(parts[: i + 1]) for i in range(len(parts))]
        return any(
            fnmatchcase(p, e.rstrip("/").removeprefix("./")) for e in self.exclude for p in (heads if "/" in e.rstrip("/") else parts)
        )


USUAL = Layout()
"""What holds when no file says anything."""


def source_root(file: Path, exists: Callable[[Path], bool] = Path.is_file, roots: tuple[Path, ...] = ()) -> Path:
    """The folder that Python would have on its path: the innermost of `roots` that holds the file, else the folder above the outermost
    package that does."""
    folder = file.resolve().parent
    around = [r for r in roots if folder.is_relative_to(r)]
    if around:
        return max(around, key=lambda r: len(r.parts))
    while exists(folder / "__init__.py") and folder.parent != folder:
        folder = folder.parent
    return folder


def above(place: Path) -> Path:
    """The source root of a package, a module or a folder that is a package without `__init__.py`."""
    folder = place.resolve().parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    return folder


def matches(folder: str, pattern: str) -> list[str]:
    """What a path or glob below a folder stands for, in an order that depends on the names alone. `**` goes through folders."""
    if not glob.has_magic(pattern):
        return [pattern] if os.path.exists(os.path.join(folder, pattern)) else []
    return sorted(p.rstrip("/") for p in glob.glob(pattern, root_dir=folder, recursive=True))


def files_below(place: str) -> list[str]:
    """The files at or below a path, as paths that start with it, in an order that depends on the names alone."""
    if not os.path.isdir(place):
        return [place] if os.path.isfile(place) else []
    found: list[str] = []
    for folder, folders, names in os.walk(place, followlinks=True):
        folders[:] = sorted(f for f in folders if not any(fnmatchcase(f, n) for n in _NEVER) and not _loops(os.path.join(folder, f)))
        found.extend(os.path.join(folder, n) for n in names)
    return sorted(found)


def _loops(folder: str) -> bool:
    """Whether a link leads to a folder that it stands in."""
    return os.path.islink(folder) and Path(folder).resolve() in Path(folder).absolute().parents


def listing(folder: str, pattern: str) -> list[str]:
    """Every file that a path or glob below a folder stands for, folders with all that is in them; relative to the folder, in order."""
    found = (f for p in matches(folder, pattern) for f in files_below(os.path.join(folder, p)))
    return sorted({os.path.relpath(f, folder).replace(os.sep, "/") for f in found})
