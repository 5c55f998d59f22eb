from __future__ import annotations

import acme.stats as st
from acme import Kind, describe
import acme.io
import acme.registry


def kinds(rows: list[int]) -> list[str]:
    return [describe(Kind.of(r)) + "|" + describe(r) + "|" + describe(str(r)) for r in rows]
