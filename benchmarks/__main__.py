"""Nothing in, a Markdown report out: cold and repeated compiles, chains of steps, the import of the SDK; medians, with peak memory."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from benchmarks.sources import kfp_chain, wye_chain
from wye.testing.environments import python_environment

KFP = "kfp==2.17.0"
INSIDE = str(Path(__file__).parent / "inside.py")
SMALL = 5
"""Steps of the pipeline that is compiled cold and again."""


class Measured(NamedTuple):
    """One child process: seconds by the clock, peak memory, what it printed."""

    seconds: float
    mebibytes: float
    stdout: str


def child(command: Sequence[str], cwd: Path) -> Measured:
    """Run a command to its end."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=cwd)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{text}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Measured(seconds, usage.ru_maxrss / unit, text)


def median(times: int, measure: Callable[[], Measured]) -> Measured:
    """The run in the middle by time, with the largest memory of all runs."""
    runs = sorted((measure() for _ in range(times)), key=lambda m: m.seconds)
    return runs[times // 2]._replace(mebibytes=max(r.mebibytes for r in runs))


def inside(python: str, tool: str, file: Path, times: int) -> tuple[float, float]:
    """Median of the compile alone, in seconds, and peak memory of its process."""
    runs = [child([python, INSIDE, tool, str(file)], file.parent) for _ in range(times)]
    return statistics.median(float(r.stdout.splitlines()[-1]) for r in runs), max(r.mebibytes for r in runs)


def main() -> None:
    kfp = python_environment("benchmark-kfp", [KFP])
    work = Path(tempfile.mkdtemp(prefix="wye-benchmarks-"))
    os.environ["WYE_CACHE"] = str(work / "cache")
    try:
        machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
        print(f"{machine}; wye {version('wye')}, {KFP}. Medians; memory is the peak.\n")
        commands(kfp, work)
        chains(kfp, work)
        imports(kfp, work)
    finally:
        shutil.rmtree(work)


def commands(kfp: Path, work: Path) -> None:
    (work / "ours.py").write_text(wye_chain(SMALL))
    (work / "theirs.py").write_text(kfp_chain(SMALL))
    wye = [str(Path(sys.executable).parent / "wye"), "compile", "ours.py", "-t", "kubeflow"]
    theirs = median(5, lambda: child([str(kfp.parent / "kfp"), "dsl", "compile", "--py", "theirs.py", "--output", "theirs.yaml"], work))

    def cold() -> Measured:
        for left in ("build", "cache"):
            shutil.rmtree(work / left, ignore_errors=True)
        return child(wye, work)

    first = median(5, cold)
    again = median(5, lambda: child(wye, work))
    print(f"| one pipeline of {SMALL} steps, whole command | seconds | of kfp | MiB |\n|---|---|---|---|")
    for name, run in (("kfp dsl compile", theirs), ("wye compile, nothing built yet", first), ("wye compile, source unchanged", again)):
        print(f"| {name} | {run.seconds:.2f} | {run.seconds / theirs.seconds:.0%} | {run.mebibytes:.0f} |")
    print()


def chains(kfp: Path, work: Path) -> None:
    print("| steps in a chain, compile alone | wye s | ms per step | MiB | kfp s | MiB |\n|---|---|---|---|---|---|")
    for n in (100, 300, 1000, 3000):
        ours, theirs = work / f"ours{n}.py", work / f"theirs{n}.py"
        ours.write_text(wye_chain(n))
        theirs.write_text(kfp_chain(n))
        seconds, memory = inside(sys.executable, "wye", ours, 3)
        beside = "not run |" if n > 1000 else "{:.2f} | {:.0f}".format(*inside(str(kfp), "kfp", theirs, 3))
        print(f"| {n} | {seconds:.2f} | {seconds / n * 1000:.2f} | {memory:.0f} | {beside} |", flush=True)
    print()


def imports(kfp: Path, work: Path) -> None:
    print("| import of the SDK alone | ms | MiB |\n|---|---|---|")
    for name, python, line in (
        ("`from wye import step, pipeline`", sys.executable, "from wye import step, pipeline"),
        ("`from kfp import dsl`", str(kfp), "from kfp import dsl"),
    ):
        program = f"import time; t = time.perf_counter(); {line}; print(time.perf_counter() - t)"
        runs = [child([python, "-c", program], work) for _ in range(7)]
        print(f"| {name} | {statistics.median(float(r.stdout) for r in runs) * 1000:.1f} | {max(r.mebibytes for r in runs):.0f} |")


if __name__ == "__main__":
    main()
