from __future__ import annotations

import tempfile
from pathlib import Path


def start() -> str:
    return str(Path(tempfile.mkdtemp()) / "log.txt")
