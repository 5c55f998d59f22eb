from __future__ import annotations

import acme.stats as st
from acme import Kind
import acme.io
import acme.registry


def make_kind(n: int) -> Kind:
    return Kind.of(n)
