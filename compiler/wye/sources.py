"""The user's file as a place on disk: a path goes in, the source root that spans are relative to comes out. No parser is needed for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


class InputError(Exception):
    """The file to compile cannot be read at all; the message is one line for the user."""


def source_root(file: Path, exists: Callable[[Path], bool] = Path.is_file) -> Path:
    """The folder that Python would have on its path: above the outermost package that holds the file."""
    folder = file.resolve().parent
    while exists(folder / "__init__.py") and folder.parent != folder:
        folder = folder.parent
    return folder
