from __future__ import annotations


def read_dict(files: dict[str, Path]) -> list[str]:
    return [files["file"].read_text(), (files["folder"] / "c.txt").read_text()]
