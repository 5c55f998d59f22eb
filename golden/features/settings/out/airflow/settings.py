"""The pipeline settings, compiled by Wye. Its step programs stand in settings_steps/."""

from __future__ import annotations

import runpy
from datetime import timedelta
from pathlib import Path

import pendulum

try:
    from airflow.sdk import Param, dag, get_current_context, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.models.param import Param
    from airflow.operators.python import get_current_context

try:
    from airflow.sdk import CronTriggerTimetable
except ImportError:  # Airflow 2 and 3.0
    from airflow.timetables.trigger import CronTriggerTimetable

STEPS = Path(__file__).with_name("settings_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="settings",
    schedule=CronTriggerTimetable("0 6 * * mon-fri", timezone="Asia/Tokyo"),
    start_date=pendulum.datetime(2024, 1, 1, tz="Asia/Tokyo"),
    catchup=False,
    max_active_runs=16,
    is_paused_upon_creation=False,
    tags=["owner:data"],
    default_args={"retries": 0},
    params={
        "n": Param(3, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def settings():
    @task(retries=1, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(hours=1))
    def load():
        return run_step()

    @task(
        retries=2,
        retry_delay=timedelta(seconds=1),
        retry_exponential_backoff=True,
        max_retry_delay=timedelta(seconds=2),
        execution_timeout=timedelta(minutes=5),
    )
    def train(rows):
        return run_step(rows=rows)

    @task(execution_timeout=timedelta(seconds=90))
    def nightly_report(result):
        return run_step(result=result)

    @task(execution_timeout=timedelta(seconds=90))
    def nightly_report_2(result):
        return run_step(result=result)

    @task
    def outputs(nightly_report, nightly_report_2, train):
        return run_step(nightly_report=nightly_report, nightly_report_2=nightly_report_2, train=train)

    load_ = load()
    train_ = train(rows=load_)
    nightly_report_ = nightly_report(result=train_)
    nightly_report_2_ = nightly_report_2(result=train_)
    outputs(nightly_report=nightly_report_, nightly_report_2=nightly_report_2_, train=train_)
    nightly_report_ >> nightly_report_2_


settings()
