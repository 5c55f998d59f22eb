"""Case folders in, cases out: the feature cases and the examples that every engine's suite runs and compares with the plain call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wye.driver import layout_of

TARGETS = ("airflow", "azureml", "databricks", "docker", "kubeflow", "kubernetes", "local", "sagemaker", "vertex")


@dataclass(frozen=True)
class Case:
    """One pipeline that means something. `fails`: the plain call raises, and every engine's run must fail. `variables` are set
    where the case runs: its secrets. `requirements` are the packages that its steps import. `targets`: all that can do it."""

    name: str
    source: Path
    params: dict[str, Any] = field(default_factory=dict)
    fails: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()
    targets: tuple[str, ...] = TARGETS


@dataclass(frozen=True)
class Outcome:
    """What a case gave: the wire text of its value, or (in `error`) why it failed."""

    value: str | None
    error: str = ""


def feature_cases(root: Path) -> tuple[Case, ...]:
    """Every case of `<root>/golden/features`, by name."""
    folders = sorted(f for f in (root / "golden" / "features").iterdir() if (f / "in").is_dir())
    return tuple(_case(f, f / "in" / "pipeline.py", f.name) for f in folders)


def examples(root: Path) -> tuple[Case, ...]:
    """Every example of `<root>/examples`, by name."""
    return tuple(_case(f, f / "pipeline.py", f.name) for f in sorted((root / "examples").iterdir()) if (f / "pipeline.py").is_file())


def further() -> tuple[Case, ...]:
    """Every `<name>/pipeline.py` below `$WYE_CASES`, when that is set: programs of a soak, for the engines."""
    base = os.environ.get("WYE_CASES")
    return tuple(_case(f, f / "pipeline.py", f.name) for f in sorted(Path(base).iterdir()) if f.is_dir()) if base else ()


def _case(folder: Path, source: Path, name: str) -> Case:
    settings = folder / "case.toml"
    known = tomllib.loads(settings.read_text("utf-8")) if settings.exists() else {}
    unknown = sorted(known.keys() - {"fails", "variables", "targets"})
    if unknown:
        raise ValueError(f"{settings}: unknown keys {unknown}")
    params = folder / "params.json"
    needs = folder / "requirements.txt"
    return Case(
        name,
        source,
        json.loads(params.read_text("utf-8")) if params.exists() else {},
        known.get("fails", False),
        known.get("variables", {}),
        tuple(needs.read_text("utf-8").split()) if needs.exists() else (),
        tuple(known.get("targets", TARGETS)),
    )


PLAIN = """\
import importlib, json, sys
sys.path[:0] = {folders!r}
from wye import Pipeline
from wye.runtime.values import decode, encode
module = importlib.import_module({module!r})
found = [v for v in vars(module).values() if isinstance(v, Pipeline) and v.__module__ == {module!r}]
call = [p for p in found if p.__name__ == {pipeline!r}] if {pipeline!r} else found[-1:]
params = json.load(sys.stdin)
value = call[0](**{{k: decode(json.dumps(v)) for k, v in params.items()}})
print("\\n" + encode(value))
"""


def plain_call(case: Case, pipeline: str = "", python: str = sys.executable) -> Outcome:
    """The reference: the pipeline called as a function, in an interpreter and a working directory of its own."""
    folders = [str(case.source.parent), *map(str, layout_of(case.source).folders())]
    program = PLAIN.format(folders=folders, module=case.source.stem, pipeline=pipeline)
    with tempfile.TemporaryDirectory() as work:
        done = subprocess.run(
            [python, "-B", "-c", program],
            input=json.dumps(case.params),
            capture_output=True,
            text=True,
            cwd=work,
            env={**os.environ, **case.variables},
            timeout=300,
        )
    if done.returncode:
        return Outcome(None, done.stderr)
    return Outcome(done.stdout.rstrip("\n").rpartition("\n")[2])


def local_run(case: Case, folder: Path) -> tuple[Outcome, dict[str, Any]]:
    """`wye run CASE --format json` with `folder` as the working directory: the outcome, and what stood on standard output."""
    params = folder / "params.json"
    params.write_text(json.dumps(case.params), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "wye.cli", "run", str(case.source), "--params", str(params), "--format", "json"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **case.variables},
        timeout=600,
    )
    result = json.loads(done.stdout) if done.stdout else {}
    if done.returncode:
        return Outcome(None, done.stderr), result
    written = [f.read_text("utf-8").strip() for f in (folder / ".wye" / "runs").glob("*/outputs.json")]
    return Outcome(written[0] if written else "null"), result
