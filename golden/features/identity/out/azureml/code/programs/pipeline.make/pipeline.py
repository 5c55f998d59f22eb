from __future__ import annotations

from kinds import Child


def make(kind: Kind) -> Child:
    return Child(kind, {kind: 1})
