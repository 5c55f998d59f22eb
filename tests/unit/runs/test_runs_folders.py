"""A run is looked at while it runs: files come and go, and a task's own folder is its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from wye.runs.folders import Run, size


def written(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def test_what_a_step_leaves_is_no_task(tmp_path: Path) -> None:
    tasks = tmp_path / "tasks"
    written(tasks / "a" / "task.json", {"id": "a"})
    written(tasks / "a" / "out" / "folder" / "task.json", {"id": "the user's"})
    written(tasks / "a" / "work" / "task.json", {"id": "the user's"})
    written(tasks / "for_1" / "0" / "b" / "task.json", {"id": "b"})
    written(tasks / "for_1" / "0" / "b" / "result.json", {"error": None, "seconds": 1.0, "attempts": 1})
    assert sorted((t["id"], t["status"]) for t in Run(tmp_path, {}).tasks()) == [("a", "unfinished"), ("b", "succeeded")]


def test_what_is_gone_when_it_is_looked_at_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`os.walk` has seen a task and a file that are gone a moment later."""
    written(tmp_path / "tasks" / "a" / "task.json", {"id": "a"})
    real = os.walk

    def walk(top: Any) -> Any:
        for at, folders, names in real(top):
            yield at, folders, [*names, "gone"]
        yield str(tmp_path / "tasks" / "b"), [], ["task.json"]

    monkeypatch.setattr(os, "walk", walk)
    assert [t["id"] for t in Run(tmp_path, {}).tasks()] == ["a"]
    assert size(tmp_path) == len('{"id": "a"}')
