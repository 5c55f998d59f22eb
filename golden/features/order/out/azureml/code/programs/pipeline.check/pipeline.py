from __future__ import annotations
import time


def check(log: str, rows: list[int]) -> None:
    time.sleep(0.2)
    with open(log, "a") as file:
        file.write("check\n")
