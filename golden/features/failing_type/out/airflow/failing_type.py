"""The pipeline failing_type, compiled by Wye. Its step programs stand in failing_type_steps/."""

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

STEPS = Path(__file__).with_name("failing_type_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="failing_type",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "words": Param('["three"]', type=["string", "array"], description="list[str], as JSON"),
    },
)
def failing_type():
    @task
    def count():
        return run_step()

    @task
    def double(n):
        return run_step(n=n)

    @task
    def outputs(double):
        return run_step(double=double)

    count_ = count()
    double_ = double(n=count_)
    outputs(double=double_)


failing_type()
