from __future__ import annotations

from kinds import Failure


def caught() -> str:
    try:
        raise Failure("own")
    except Failure as error:
        return f"{type(error).__module__}: {error}"
