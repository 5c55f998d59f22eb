"""A JSON document in; its text out, in few lines: a value stands on one line where it fits, and parts that belong together always do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

WIDTH = 140


def in_lines(value: Any, whole: Callable[[Any], bool] = lambda value: False, pad: str = "") -> str:
    """JSON in ASCII, keys in insertion order. `whole` says which objects and lists stand on one line, however long it is."""
    line = json.dumps(value, allow_nan=False)
    if not isinstance(value, dict | list) or len(pad) + len(line) <= WIDTH or whole(value):
        return line
    inner = pad + " "
    if isinstance(value, list):
        if not any(isinstance(v, dict | list) for v in value):
            return line
        return "[\n" + ",\n".join(inner + in_lines(v, whole, inner) for v in value) + "]"
    text, column, opened = "{", len(pad) + 1, False
    for i, (key, v) in enumerate(value.items()):
        member = f"{json.dumps(key)}: {in_lines(v, whole, inner)}" + ("," if i < len(value) - 1 else "}")
        first, *rest = member.split("\n")
        if i and (opened or column + 1 + len(first) > WIDTH):
            text, column = text + "\n" + inner, len(inner)
        elif i:
            text, column = text + " ", column + 1
        text += member
        column, opened = column + len(first), bool(rest) or len(first) > WIDTH
    return text
