"""The pipeline main, compiled by Wye. Its step programs stand in main_steps/."""

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

STEPS = Path(__file__).with_name("main_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="main",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(2, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def main():
    @task
    def load():
        return run_step()

    @task(trigger_rule="all_done")
    def note():
        return run_step()

    @task
    def outputs(try_1):
        return run_step(try_1=try_1)

    @task(trigger_rule="all_done", retries=1, retry_delay=timedelta(seconds=0))
    def on_failure():
        return run_step()

    @task(trigger_rule="none_failed_min_one_success")
    def verdict():
        return run_step()

    load_ = load()
    note_ = note()
    outputs_ = outputs(try_1=load_)
    on_failure_ = on_failure()
    verdict_ = verdict()
    load_ >> note_
    note_ >> outputs_
    [load_, note_, outputs_] >> on_failure_
    [outputs_, on_failure_] >> verdict_


main()
