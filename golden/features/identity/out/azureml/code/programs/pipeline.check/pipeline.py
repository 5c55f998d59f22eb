from __future__ import annotations

from kinds import Base, Child, Kind


def check(child: Child, kind: Kind) -> list[bool]:
    return [isinstance(child, Child), isinstance(child, Base), child.kind is Kind.A, child.kind is kind, child.table[Kind.A] == 1]
