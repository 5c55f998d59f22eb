from __future__ import annotations


def deploy(log: str, rows: list[int]) -> str:
    with open(log, "a") as file:
        file.write("deploy\n")
    return "deployed"
