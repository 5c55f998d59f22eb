from __future__ import annotations


class Unfit(ValueError):
    """The user's own exception."""


def check(rows: list[int], least: int) -> None:
    if len(rows) < least:
        raise Unfit(f"only {len(rows)} rows: {{{{ ds }}}} 'quoted' \"both\"\nsecond line")
