"""Rows of a target whose tasks reach the stack's store by its address."""

from __future__ import annotations

from typing import Any

from wye.backend.capabilities import Row
from wye.stacks.stores import is_address, scheme_of


def stored(value: Any, options: Any) -> Row | None:
    """What tasks hand on; None where the stack has no address."""
    if not is_address(options.store):
        return None
    scheme = scheme_of(options.store)
    return Row("emulated", f"objects, by {scheme.driver} in each container, which the runner installs where an image has none", scheme.page)


def reached(value: Any, options: Any) -> Row | None:
    """The stack's `store-options`."""
    return Row("native", "settings of the driver", scheme_of(options.store).page) if is_address(options.store) else None
