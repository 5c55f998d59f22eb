from datetime import datetime

import wye
from wye import Retry, ScheduledTime, Schedule, context, pipeline, step

RUN = context().run_id  # error: [WYE6020]
USUAL = Retry(2)


@step
def stamp() -> str:
    return RUN + context().run_id


@step
def late() -> str:
    again = Retry(3)  # error: [WYE6021]
    return f"{USUAL} {again} {wye.ScheduledTime()} {Schedule}"  # error: [WYE6021]


@step
def today(day: datetime = ScheduledTime()) -> str:  # error: [WYE2021]
    return str(day)


@pipeline
def flow(day: str = ScheduledTime(), other: datetime = ScheduledTime()) -> str:  # error: [WYE3001]
    now = wye.context()  # error: [WYE1012]
    when = ScheduledTime()  # error: [WYE1012]
    stamp()
    late()
    today()
    return day
