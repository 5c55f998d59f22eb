"""The one YAML writer: JSON-like data in; block-style text out, the same bytes on every machine.

Written here, because libyaml and PyYAML's own emitter fold lines at different places, and a pipeline of thousands of tasks is to be
written in a fraction of a second. What any YAML 1.1 or 1.2 reader could take for something else than a string is quoted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

_WORD = r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?::[A-Za-z0-9_./@+-]+)*"
_PLAIN = re.compile(rf"{_WORD}(?: {_WORD})*")
_RESERVED = re.compile(r"y|n|yes|no|on|off|true|false|null|none|nan|inf", re.IGNORECASE)
_PRINTABLE = re.compile(r"[ -~]*")
# Lines that stand in a literal block as they are: no tabs or other controls, nothing that a reader takes for a line break or drops,
# no marks that turn the reading direction, no spaces at an end.
_BLOCK = re.compile(
    r"[!-~\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
    r"(?:[ -~\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff\n]*)"
)
_LOOSE = re.compile(r" \n| \Z|\n\n\Z")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_LONGEST_KEY = 1000


class Flow(dict[str, Any]):
    """A mapping that stands on one line: of scalars, and of mappings likewise."""


def dump(value: Any) -> str:
    """One document. Mappings keep their order; keys are strings; no anchors, no tags, no folding."""
    lines = list(_lines(value))
    return "\n".join(lines) + "\n"


def dump_all(values: Iterable[Any]) -> str:
    """Several documents."""
    return "---\n".join(dump(v) for v in values)


def _lines(value: Any) -> Iterator[str]:
    """The lines of a value that stands on lines of its own."""
    match value:
        case dict() if value:
            for key, item in value.items():
                yield from _entry(_key(key) + ":", item, "" if isinstance(item, list | tuple) else "  ")
        case list() | tuple() if value:
            for item in value:
                if isinstance(item, dict | list | tuple) and item:
                    mark = "- "
                    for line in _lines(item):
                        yield mark + line if line else ""
                        mark = "  "
                else:
                    yield from _entry("-", item, "  ")
        case _:
            yield from _entry("", value, "  ")


def _entry(lead: str, value: Any, indent: str) -> Iterator[str]:
    """A value after its key or dash: on the same line, or below it."""
    if isinstance(value, Flow) and value:
        yield f"{lead} {_flow(value)}".lstrip()
    elif isinstance(value, dict | list | tuple) and value:
        yield lead
        for line in _lines(value):
            yield indent + line if line else ""
    elif isinstance(value, str) and "\n" in value and _BLOCK.fullmatch(value) and not _LOOSE.search(value):
        body, strip = (value[:-1], "") if value.endswith("\n") else (value, "-")
        yield f"{lead} |{strip}".lstrip()
        for line in body.split("\n"):
            yield "  " + line if line else ""
    else:
        yield f"{lead} {_scalar(value)}".lstrip()


def _flow(value: Any) -> str:
    """A value between braces, where a plain text must not hold a colon either."""
    if isinstance(value, dict) and value:
        return "{" + ", ".join(f"{_closed(_key(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    return _closed(_scalar(value))


def _closed(text: str) -> str:
    return f'"{text}"' if ":" in text and text[0] not in "\"'" else text


def _key(key: Any) -> str:
    if not isinstance(key, str) or len(key) > _LONGEST_KEY:
        raise ValueError(f"not a key of a YAML mapping: {str(key)[:80]!r}")
    return _string(key)


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int():
            return int.__repr__(value)
        case float() if math.isfinite(value):
            text = float.__repr__(value)
            return text if "." in text else text.replace("e", ".0e")  # YAML 1.1 reads 1e+16 as a string
        case float():
            return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
        case dict():
            return "{}"
        case list() | tuple():
            return "[]"
        case _:
            raise ValueError(f"not a value of a YAML document: {type(value).__name__}")


def _string(text: str) -> str:
    if _PLAIN.fullmatch(text) and not _RESERVED.fullmatch(text):
        return text
    if ('"' in text or "\\" in text) and _PRINTABLE.fullmatch(text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(c if " " <= c <= "~" and c not in '"\\' else _escape(c) for c in text) + '"'


def _escape(c: str) -> str:
    code = ord(c)
    return _ESCAPES.get(c) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
