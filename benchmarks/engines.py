"""What an engine costs beside the steps themselves: `python -m benchmarks.engines [docker] [kubernetes]` prints seconds.

A task of a chain (a chain of 21 no-op steps, less one of a single step, by twenty), and 100 tasks side by side. The engines are those
that the tests use (CONTRIBUTING.md): `$WYE_DOCKER_IMAGE` on `$DOCKER_HOST`, the cluster of `$KUBECONFIG`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "engines"))

LENGTH, WIDTH = 20, 100
SOURCE = """\
from wye import pipeline, step

@step
def work(x: int) -> int:
    return x + 1

@pipeline
def flow() -> {type}:
    return {value}
"""


def chain(length: int) -> str:
    return SOURCE.format(type="int", value="work(" * length + "0" + ")" * length)


def fan_out(width: int) -> str:
    return SOURCE.format(type="list[int]", value=f"[work(x) for x in range({width})]")


@contextmanager
def docker(folder: Path) -> Iterator[Mapping[str, str]]:
    from docker_engine import image_for_tests

    (folder / "wye.toml").write_text(f'[stacks.bench]\ntarget = "docker"\nimage = "{image_for_tests()}"\n')
    yield os.environ


@contextmanager
def kubernetes(folder: Path) -> Iterator[Mapping[str, str]]:
    from kubernetes_engine import CLAIM, engine, shimmed

    with engine() as found:
        (folder / "wye.toml").write_text(
            f'[stacks.bench]\ntarget = "kubernetes"\nimage = "{found.image}"\nclaim = "{CLAIM}"\naccess = "ReadWriteMany"\nparallel = 8\n'
            f'placement.namespace = "{found.namespace}"\n'
        )
        yield shimmed(folder, found)


ENGINES = {"docker": docker, "kubernetes": kubernetes}


def run(folder: Path, target: str, source: str, env: Mapping[str, str]) -> float:
    (folder / "flow.py").write_text(source)
    command = [sys.executable, "-m", "wye.cli", "run", "flow.py", "--on", target, "--stack", "bench"]
    start = time.monotonic()
    subprocess.run(command, cwd=folder, env=dict(env), check=True, capture_output=True)
    return time.monotonic() - start


def main(targets: list[str]) -> None:
    for target in targets:
        with tempfile.TemporaryDirectory() as place, ENGINES[target](Path(place)) as env:
            folder = Path(place)
            one = run(folder, target, chain(1), env)
            many = run(folder, target, chain(LENGTH + 1), env)
            wide = run(folder, target, fan_out(WIDTH), env)
        each = (many - one) / LENGTH
        print(f"{target:<11} a run of one task {one:.1f} s; each task more {each:.2f} s; {WIDTH} tasks side by side {wide:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:] or list(ENGINES))
