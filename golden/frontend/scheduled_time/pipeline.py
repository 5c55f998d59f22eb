from datetime import datetime

import wye
from wye import ScheduledTime, Uri, pipeline, step

BUCKET = Uri("gs://bucket")


@step
def load(base: Uri, day: datetime) -> list[Uri]:
    return [base]


@pipeline
def inner(day: datetime = wye.ScheduledTime(), base: Uri = BUCKET) -> list[Uri]:
    return load(base, day)


@pipeline
def outer(given: datetime, day: datetime = ScheduledTime(), base: wye.Uri = Uri("s3://other")) -> list[Uri]:
    a = inner()
    b = inner(day, Uri(f"{base}/{given.year}"))
    c = inner(day=given, base=Uri(base))
    return a + b + c
