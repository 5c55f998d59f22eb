from __future__ import annotations

import os


def setenv(value: str) -> str:
    os.environ["MUTATION_CASE"] = value
    return value
