"""What the tests of `make verify-cloud` share: its modules, its command, and a plain call that costs nothing."""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from wye.backend.target import EmittedFile

sys.path.append(str(Path(__file__).parents[2] / "cloud"))
calls, fakes, verify = (importlib.import_module(name) for name in ("calls", "fakes", "verify"))
on_azureml, on_databricks, on_sagemaker, on_vertex = (
    importlib.import_module(f"on_{name}") for name in ("azureml", "databricks", "sagemaker", "vertex")
)
VALUE = '"[1]"'
"""What the plain call returns, as wire text."""
EXPECTED = hashlib.sha256(b"[1]").hexdigest()


def set_up(monkeypatch: pytest.MonkeyPatch, module: Any, artifact: Callable[[str], Sequence[EmittedFile]]) -> None:
    """In place of the plain call and of compiling stand a value and a small `artifact` of each pipeline."""
    monkeypatch.setattr(verify, "plain", lambda trial: VALUE)
    monkeypatch.setattr(module, "compiled", lambda source, pipeline, target, options: artifact(pipeline))


def verified(client: Any, trials: Any = None, keep: bool = False) -> tuple[bool, str]:
    """Whether all is well, and what was said."""
    lines: list[str] = []
    good = verify.verify(client, verify.TRIALS if trials is None else trials, lines.append, pause=0, keep=keep)
    return good, "\n".join(lines)


def on_path(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
