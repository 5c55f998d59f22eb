"""What `wye run` costs beside the steps themselves, in a folder of its own: `python -m benchmarks.runs` prints seconds.

A task that runs, one whose result is kept (`cache=True`), one that was done before (`--resume`); an environment for a package that is
not here, made with an empty cache of uv's, made once more, and found.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TASKS = 40
SOURCE = f"""\
from wye import pipeline, step

@step(cache=True)
def work(x: int) -> int:
    return x + 1

@pipeline
def flow() -> list[int]:
    return [work(x) for x in list(range({TASKS}))]
"""
PACKAGE = "six==1.17.0"


def run(folder: Path, *arguments: str) -> float:
    env = {**os.environ, "WYE_CACHE": str(folder / "cache")}
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", "wye.cli", "run", *arguments], cwd=folder, env=env, check=True, capture_output=True)
    return time.monotonic() - start


def tasks(folder: Path) -> None:
    (folder / "flow.py").write_text(SOURCE)
    (folder / "none.py").write_text(SOURCE.replace(f"range({TASKS})", "range(0)"))
    run(folder, "none.py")
    base = statistics.median(run(folder, "none.py") for _ in range(3))
    ran = statistics.median(run(folder, "flow.py", "--no-cache", "--workers", "1") for _ in range(2))
    run(folder, "flow.py")
    hit = statistics.median(run(folder, "flow.py", "--workers", "1") for _ in range(3))
    done = statistics.median(run(folder, "--resume", "latest", "--workers", "1") for _ in range(3))
    print(f"a run of no tasks but its last   {base:7.3f} s")
    for name, seconds in (("a task that runs", ran), ("a task from the cache", hit), ("a task done before (--resume)", done)):
        print(f"{name:<32} {(seconds - base) / TASKS:7.4f} s")


def environments(folder: Path) -> None:
    from wye.runs.environments import Environments
    from wye.stacks.tables import Config

    os.environ["UV_CACHE_DIR"] = str(folder / "uv")
    for name in ("cold", "uv has the wheel", "found"):
        start = time.monotonic()
        Environments(folder / "environments", Config()).python([PACKAGE])
        print(f"an environment, {name:<16} {time.monotonic() - start:7.3f} s")
        if name == "cold":
            shutil.rmtree(folder / "environments")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        tasks(Path(place))
        environments(Path(place))
