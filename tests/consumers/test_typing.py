"""A type checker sees the user's own signatures through the decorators, and the user's mistakes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import wye

SOURCE = """\
from wye import Resources, Retry, Schedule, each, pipeline, step

@step
def load(regions: list[str], limit: int = 10) -> list[dict[str, float]]:
    return []

@step(packages=["numpy==2.0.0"], resources=Resources(cpu=2), retry=Retry(2), env={"A": "1"}, cache=True)
def train(rows: list[dict[str, float]], *, lr: float = 0.1) -> tuple[str, float]:
    return "", lr

@pipeline(schedule=Schedule(cron="0 6 * * *"), defaults={"image": "python:3.12"})
def churn(lr: float = 0.1) -> float:
    rows = load.after(1)(["eu"])
    for item in each([1, 2], max_parallel=2):
        reveal_type(item)  # int
    model, auc = train.options(timeout="1h")(rows, lr=lr)
    reveal_type(auc)  # float
    return auc

@pipeline
def plain() -> None: ...

reveal_type(load)  # Step[[regions: list[str], limit: int =], list[dict[str, float]]]
reveal_type(load(["eu"]))  # list[dict[str, float]]
reveal_type(train)  # Step[[rows: list[dict[str, float]], *, lr: float =], tuple[str, float]]
reveal_type(train.after(1))  # Step[[rows: list[dict[str, float]], *, lr: float =], tuple[str, float]]
reveal_type(train.options(image="x"))  # Step[[rows: list[dict[str, float]], *, lr: float =], tuple[str, float]]
reveal_type(churn)  # Pipeline[[lr: float =], float]
reveal_type(churn(lr=0.2))  # float
load(1)  # error: arg-type
load(["eu"], limt=1)  # error: call-arg
train.options(timeot="1h")  # error: call-arg
step(packages="numpy")  # fine: a str is a sequence of str
step(imge="x")  # error: call-overload
pipeline(max_parallel="2")  # error: call-overload
pipeline(defaults={"nope": 1})  # error: call-overload
"""


def test_mypy_sees_signatures_and_mistakes(tmp_path):
    (tmp_path / "flow.py").write_text(SOURCE)
    env = {**os.environ, "MYPYPATH": str(Path(wye.__file__).parents[1])}
    options = ["--strict", "--python-version=3.11", "--follow-imports=silent", f"--cache-dir={tmp_path / 'cache'}"]
    done = subprocess.run([sys.executable, "-m", "mypy", *options, "flow.py"], cwd=tmp_path, env=env, capture_output=True, text=True)
    said = {}
    for number, text in re.findall(r"^flow\.py:(\d+): (?:error|note): (.*)$", done.stdout, re.M):
        said.setdefault(int(number), text)
    for number, line in enumerate(SOURCE.splitlines(), 1):
        _, _, wanted = line.partition("  # ")
        text = said.pop(number, "")
        if wanted.startswith("error: "):
            assert f"[{wanted[7:]}]" in text, (line, text)
        elif line.lstrip().startswith("reveal_type"):
            assert f'"{wanted}"' in re.sub(r"builtins\.|wye\.sdk\.decorators\.|def ", "", text), (line, text)
        else:
            assert not text, (line, text)
    assert not said, done.stdout + done.stderr


def test_runs_and_failures_are_typed(tmp_path: Path) -> None:
    """What the golden cases show of `ScheduledTime`, `context`, `Uri` and `on_failure` is clean; what each is not for is told."""
    golden = Path(wye.__file__).parents[2] / "golden" / "features"
    for name in ("context", "on_failure_failing"):
        (tmp_path / f"{name}.py").write_text((golden / name / "in" / "pipeline.py").read_text("utf-8"), "utf-8")
    (tmp_path / "wrong.py").write_text(
        "from wye import ScheduledTime, Uri, context, pipeline, step\n"
        "def plain() -> None: ...\n"
        "@pipeline(on_failure=plain)\n"
        "def flow(day: str = ScheduledTime(), root: Uri = 'gs://a') -> str:\n"
        "    context().attempt = 2\n"
        "    return day\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "."]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "MYPYPATH": str(golden.parents[1] / "compiler")}
    )
    assert sorted({int(n) for n in re.findall(r"wrong\.py:(\d+): error", done.stdout)}) == [3, 4, 5], done.stdout
    assert set(re.findall(r"^(\w+)\.py:", done.stdout, re.MULTILINE)) == {"wrong"}, done.stdout
