from __future__ import annotations


def list_tree(root: Path) -> list[str]:
    return [root.name, *sorted(p.relative_to(root).as_posix() for p in root.rglob("*"))]
