"""Artifact files: a value in, a file or folder out, and back. The format is fixed at compile time; `load` looks at no type.

`json` is the codec's wire text, `bytes` raw. `path` is a folder: `value.json`, and each Path copied to `0/<name>`, `1/<name>`, …
`auto` is wire text when the codec takes the value, the `path` form when it holds a Path, else pickle protocol 4.
With a star, a list of which each element travels by itself: a folder of `0`, `1`, … (`0.json`, `1.json`, … for `json*`).
"""

from __future__ import annotations

import os
import pathlib
import pickle
import shutil
import tempfile
from typing import Any, List

from .types import Type
from .values import CannotTravel, build, decode, encode, normalise, tree, wire

_PICKLE = b"\x80\x04"


def save(value: Any, t: Type, format: str, path: Any) -> None:
    """Write a value of type `t` to `path`, which must not exist. Raises `TypeError` on a mismatch and `CannotTravel`."""
    if format[-1:] == "*":
        if type(value) is not list:
            raise TypeError(f"$: wanted a list, got {type(value).__qualname__}")
        os.mkdir(path)
        for i, element in enumerate(value):
            save(element, element_type(t), format[:-1], part(path, format, i))
    elif format == "json":
        _write(path, encode(value, t).encode())
    elif format == "bytes":
        _write(path, normalise(value, t))
    elif format == "path":
        _save_folder(value, t, path)
    else:
        _save_auto(value, t, path)


def load(path: Any, format: str) -> Any:
    """The value that `save` wrote."""
    if format[-1:] == "*":
        return [load(p, format[:-1]) for p in parts(path, format)]
    if format == "path" or (format == "auto" and os.path.isdir(path)):
        folder = pathlib.Path(os.path.abspath(path))
        return build((folder / "value.json").read_text("ascii"), lambda tag, name: folder / name)
    with open(path, "rb") as file:
        if format == "bytes":
            return file.read()
        start = file.read(2)
        file.seek(0)
        if start == _PICKLE and format == "auto":
            return pickle.load(file)
        return decode(file.read().decode("ascii"))


def part(folder: Any, format: str, index: int) -> str:
    """Where an element of a list stands that has a format with a star."""
    return os.path.join(folder, str(index) + ".json" * (format == "json*"))


def parts(folder: Any, format: str) -> List[str]:
    """Where all of them stand. A platform may keep files of its own beside them."""
    return [part(folder, format, i) for i in range(sum(n.partition(".")[0].isdigit() for n in os.listdir(folder)))]


def element_type(t: Type) -> Type:
    """The declared type of a list's elements."""
    made: Type = t[1] if isinstance(t, tuple) and t[0] == "list" else "any"
    return made


def copy_value(value: Any, t: Type, format: str, folder: Any) -> Any:
    """The value as a consumer gets it, by way of a new place in `folder` that stays when the value holds a Path."""
    if format == "json":
        return decode(encode(value, t))
    place = tempfile.mkdtemp(dir=folder)
    try:
        save(value, t, format, os.path.join(place, "v"))
        copied = load(os.path.join(place, "v"), format)
    except BaseException:
        shutil.rmtree(place)
        raise
    if not os.path.isdir(os.path.join(place, "v")):
        shutil.rmtree(place)
    return copied


def _write(path: Any, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def _save_auto(value: Any, t: Type, path: Any) -> None:
    found = []

    def note(v: Any, wanted: Type) -> Any:
        if wanted != "path":
            return None
        found.append(v)
        return {"$path": ""}

    try:
        made = tree(value, t, note)
    except CannotTravel:
        _save_pickle(normalise(value, t), path)
        return
    if found:
        _save_folder(value, t, path)
    else:
        _write(path, wire(made).encode())


def _save_folder(value: Any, t: Type, folder: Any) -> None:
    sources = []

    def name(v: Any, wanted: Type) -> Any:
        if wanted != "path":
            return None
        sources.append(v)
        return {"$path": f"{len(sources) - 1}/{_name(v)}"}

    text = wire(tree(value, t, name))
    os.mkdir(folder)
    for i, source in enumerate(sources):
        os.mkdir(os.path.join(folder, str(i)))
        _copy(source, os.path.join(folder, str(i), _name(source)))
    _write(os.path.join(folder, "value.json"), text.encode())


def _name(path: pathlib.Path) -> str:
    return path.name if path.name not in ("", "..") else path.resolve().name or "root"


def _copy(source: Any, target: str) -> None:
    """Names and contents, links followed: what an object store keeps."""
    if os.path.isdir(source):
        names = sorted(os.listdir(source))
        os.mkdir(target)
        for name in names:
            _copy(os.path.join(source, name), os.path.join(target, name))
    elif os.path.isfile(source):
        shutil.copyfile(source, target)
    else:
        raise CannotTravel("$", f"no such file or folder: {source}")


class _Pickler(pickle.Pickler):
    def reducer_override(self, v: Any) -> Any:
        if isinstance(v, pathlib.PurePath):
            raise CannotTravel("$", "a Path inside a pickled object; declare it: Path, list[Path], dict[str, Path] or a dataclass field")
        return NotImplemented


def _save_pickle(value: Any, path: Any) -> None:
    with open(path, "wb") as file:
        try:
            _Pickler(file, 4).dump(value)
        except CannotTravel:
            raise
        except Exception as error:  # whatever a class of the user's or of a library raises
            raise CannotTravel("$", f"a {type(value).__qualname__} cannot be pickled: {error}") from error
