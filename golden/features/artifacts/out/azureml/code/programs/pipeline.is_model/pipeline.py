from __future__ import annotations

from models import Model


def is_model(model: Model) -> bool:
    return type(model) is Model
