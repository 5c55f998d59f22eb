from __future__ import annotations
from pathlib import Path


def by_name() -> dict[str, Path]:
    Path("a.txt").write_text("A")
    Path("b").mkdir()
    Path("b/c.txt").write_text("C")
    return {"file": Path("a.txt"), "folder": Path("b")}
