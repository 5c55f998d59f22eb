from __future__ import annotations
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID


def times() -> list[Any]:
    return [
        date(2026, 1, 31), time(6, 30), datetime(2026, 1, 31, 6, 30, 0, 123456), datetime(2026, 1, 31, tzinfo=timezone.utc),
        timedelta(days=-1, microseconds=1), Decimal("1.10"), UUID(int=7), 1 + 2j,
    ]  # fmt: skip
