from datetime import datetime, timedelta

import wye
from wye import Uri


def join(base: Uri, day: datetime) -> Uri:
    assert day == wye.context().scheduled_time
    return Uri(f"{base}/{(day - day + timedelta(days=3)).days}")
