from __future__ import annotations
import time


def note(log: str, line: str, pause: float = 0.0) -> None:
    time.sleep(pause)
    with open(log, "a") as file:
        file.write(line + "\n")
