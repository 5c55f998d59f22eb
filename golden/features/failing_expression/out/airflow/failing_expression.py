"""The pipeline failing_expression, compiled by Wye. Its step programs stand in failing_expression_steps/."""

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

STEPS = Path(__file__).with_name("failing_expression_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="failing_expression",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(0, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def failing_expression():
    @task
    def count():
        return run_step()

    @task
    def compute(count):
        return run_step(count=count)

    @task
    def finish():
        return run_step()

    @task
    def outputs(finish):
        return run_step(finish=finish)

    count_ = count()
    compute(count=count_)
    finish_ = finish()
    outputs(finish=finish_)


failing_expression()
