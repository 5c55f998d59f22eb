from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Report:
    title: str
    page: Path
    figures: list[Path]


def read_report(r: Report) -> list[str]:
    return [r.title, r.page.name, r.page.read_text(), *(f.name for f in r.figures)]
