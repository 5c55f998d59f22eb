from __future__ import annotations

from wye import step


@step
def load(n: int) -> list[int]:
    """The first numbers."""
    return list(range(n))


if __name__ == "__main__":
    raise SystemExit("not a program")
