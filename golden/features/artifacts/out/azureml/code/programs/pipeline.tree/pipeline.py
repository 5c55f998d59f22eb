from __future__ import annotations
from pathlib import Path


def tree(depth: int) -> Path:
    root = Path("tree")
    for i in range(depth):
        folder = root / f"d{i}"
        folder.mkdir(parents=True)
        (folder / "leaf.txt").write_text(f"leaf {i}")
    (root / "empty").mkdir()
    return root
