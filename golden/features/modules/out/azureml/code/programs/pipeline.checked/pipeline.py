from __future__ import annotations

import acme.stats as st
from acme import Kind
import acme.io
import acme.registry


def checked(kind: Kind) -> tuple[bool, str]:
    return kind is Kind.EVEN, type(kind).__module__
