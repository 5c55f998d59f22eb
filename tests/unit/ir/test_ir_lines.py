"""JSON in few lines: the same JSON, and what belongs together on one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wye.ir.lines import WIDTH, in_lines

LONG = "x" * 100


@pytest.mark.parametrize(
    "value",
    [
        {}, [], None, "\n\u2028{", {"a": {}, "b": []}, [[], [LONG, LONG], {LONG: [LONG]}],
        {LONG: LONG, "a": 1, "b": {LONG: {LONG: 1}}, "c": 2},
        {"a": [{"n": i, LONG: LONG} for i in range(3)]}, {str(i): i for i in range(100)}, list(range(100)),
    ],
)  # fmt: skip
def test_it_is_the_same_json(value: Any) -> None:
    text = in_lines(value, lambda v: False)
    found = json.loads(text)
    assert found == value
    if isinstance(value, dict):
        assert list(found) == list(value)
    assert text.isascii()


def test_what_fits_stands_on_one_line() -> None:
    value = {"name": "a", "kind": "b", "parts": [{"n": 1, "text": LONG}, {"n": 2, "text": LONG}], "last": True}
    assert in_lines(value, lambda v: False).splitlines() == [
        '{"name": "a", "kind": "b", "parts": [',
        f'  {{"n": 1, "text": "{LONG}"}},',
        f'  {{"n": 2, "text": "{LONG}"}}],',
        ' "last": true}',
    ]
    assert all(len(line) <= WIDTH for line in in_lines({str(i): i for i in range(100)}, lambda v: False).splitlines())


def test_what_is_whole_stands_on_one_line() -> None:
    value = {"a": {"whole": True, LONG: LONG}, "b": {"whole": False, LONG: LONG}}
    lines = in_lines(value, lambda v: isinstance(v, dict) and v.get("whole") is True).splitlines()
    assert json.dumps(value["a"]) in lines[0]
    assert not any(json.dumps(value["b"]) in line for line in lines)
