"""The pipeline failing_finally, compiled by Wye. Its step programs stand in failing_finally_steps/."""

from __future__ import annotations

import runpy
from pathlib import Path

import pendulum

try:
    from airflow.sdk import Param, dag, get_current_context, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.models.param import Param
    from airflow.operators.python import get_current_context

STEPS = Path(__file__).with_name("failing_finally_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="failing_finally",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(3, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def failing_finally():
    @task
    def load():
        return run_step()

    @task
    def train(rows):
        return run_step(rows=rows)

    @task(trigger_rule="all_done")
    def cleanup():
        return run_step()

    @task
    def outputs(try_1):
        return run_step(try_1=try_1)

    load_ = load()
    train_ = train(rows=load_)
    cleanup_ = cleanup()
    outputs_ = outputs(try_1=train_)
    train_ >> cleanup_
    cleanup_ >> outputs_


failing_finally()
