"""Runs inside an Airflow environment: questions in (JSON, one a line), the seconds at which Airflow's own timetable is due out.

A question is `{"text", "zone", "after", "start", "end", "count"}`, instants in seconds, `start` and `end` of the DAG or null.
"""

from __future__ import annotations

import json
import sys

import pendulum
from airflow.timetables.base import TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable


def moment(seconds):
    return pendulum.from_timestamp(seconds, tz="UTC") if seconds is not None else None


for line in sys.stdin:
    question = json.loads(line)
    timetable = CronTriggerTimetable(question["text"], timezone=question["zone"])
    earliest = max(question["after"], question["start"] or question["after"])
    restriction = TimeRestriction(earliest=moment(earliest), latest=moment(question["end"]), catchup=True)
    found, last = [], None
    while len(found) < question["count"]:
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        if info is None:
            break
        last = info.data_interval
        found.append(info.run_after.timestamp())
    print(json.dumps(found), flush=True)
