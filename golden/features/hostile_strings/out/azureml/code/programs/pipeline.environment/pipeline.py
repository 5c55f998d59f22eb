from __future__ import annotations

import os

from corpus import ENVIRONMENT


def environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ENVIRONMENT}
