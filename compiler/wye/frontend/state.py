"""stub"""
from __future__ import annotations
from typing import Any
def check_state(*a: Any) -> None: ...
