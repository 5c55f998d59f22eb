"""`FILE[:PIPELINE]` and parameters as typed in, a path, a name and texts by name out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from wye.cli.failure import Refused, Usage
from wye.runtime.values import instant


def split_source(text: str) -> tuple[Path, str | None]:
    """The file, and the pipeline's name if one is given. A path may hold colons: what exists as it stands is a path."""
    left, colon, right = text.rpartition(":")
    if colon and right.isidentifier() and not Path(text).exists() and (left.endswith(".py") or Path(left).exists()):
        return Path(left), right
    return Path(text), None


def split_parameters(texts: Sequence[str]) -> dict[str, str]:
    """`NAME=TEXT …` by name."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise Usage(f"not a parameter: {text!r}", "write -p NAME=TEXT")
        if name in found:
            raise Usage(f"the parameter `{name}` is given twice")
        found[name] = value
    return found


def read_moment(text: str) -> datetime:
    """A time with its offset, in UTC."""
    try:
        found: datetime = instant(text)
    except ValueError as error:
        raise Usage(f"{text!r}: {error}") from None
    return found


def read_parameters(file: Path) -> dict[str, Any]:
    """The object in a JSON file; values are codec JSON."""
    try:
        value = json.loads(file.read_text("utf-8-sig"))
    except UnicodeDecodeError:
        raise Refused(f"{file}: not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise Refused(f"{file}:{error.lineno}:{error.colno}: not JSON: {error.msg[:1].lower()}{error.msg[1:]}") from None
    except RecursionError:
        raise Refused(f"{file}: nested too deeply") from None
    if not isinstance(value, dict):
        raise Refused(f"{file}: the parameters must be one JSON object", '{"name": value, …}')
    return value
