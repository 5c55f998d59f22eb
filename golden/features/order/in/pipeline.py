"""Effects keep program order: a call for its effect waits for what is before it and is waited for by what follows; `.after` adds edges."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from wye import pipeline, step


@step
def start() -> str:
    return str(Path(tempfile.mkdtemp()) / "log.txt")


@step
def note(log: str, line: str, pause: float = 0.0) -> None:
    time.sleep(pause)
    with open(log, "a") as file:
        file.write(line + "\n")


@step
def load(log: str) -> list[int]:
    with open(log, "a") as file:
        file.write("load\n")
    return [1, 2, 3]


@step
def check(log: str, rows: list[int]) -> None:
    time.sleep(0.2)
    with open(log, "a") as file:
        file.write("check\n")


@step
def deploy(log: str, rows: list[int]) -> str:
    with open(log, "a") as file:
        file.write("deploy\n")
    return "deployed"


@step
def lines(log: str) -> list[str]:
    return Path(log).read_text().splitlines()


@step
def pure(x: int) -> int:
    return x + 1


@pipeline
def gate(log: str) -> str:
    rows = load(log)
    check(log, rows)
    return deploy(log, rows)


@pipeline
def order() -> tuple[list[str], str, int]:
    log = start()
    note(log, "first", 0.2)
    note(log, "second")
    url = gate(log)
    a = pure(1)
    b = pure.after(url)(a)
    note.after(b)(log, "third")
    return lines(log), url, b
