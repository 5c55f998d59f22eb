from __future__ import annotations


def cleanup() -> None:
    print("must not run")
