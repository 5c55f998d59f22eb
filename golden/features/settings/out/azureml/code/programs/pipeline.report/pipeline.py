from __future__ import annotations

import os


def report(result: dict[str, object], note: str = "") -> str:
    return f"{result['mode']} {note} {os.environ.get('STAGE', 'none')}"
