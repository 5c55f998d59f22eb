from datetime import datetime

import wye
from wye import context as here


def about() -> wye.Context:
    return here()


def look(day: datetime, number: int = 0) -> dict[str, object]:
    found = about()
    assert isinstance(found, wye.Context)
    assert found == wye.context()
    return {
        "same": found.scheduled_time == day,
        "offset": str(day.utcoffset()),
        "attempt": found.attempt,
        "pipeline": found.pipeline != "",
        "task": found.task_id != "",
        "number": number,
    }
