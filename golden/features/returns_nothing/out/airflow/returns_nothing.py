"""The pipeline returns_nothing, compiled by Wye. Its step programs stand in returns_nothing_steps/."""

from __future__ import annotations

import runpy
from pathlib import Path

import pendulum

try:
    from airflow.sdk import dag, get_current_context, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.operators.python import get_current_context

STEPS = Path(__file__).with_name("returns_nothing_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="returns_nothing",
    description="Publishes what it loads.",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
)
def returns_nothing():
    @task
    def load():
        return run_step()

    @task
    def publish(rows):
        return run_step(rows=rows)

    load_ = load()
    publish(rows=load_)


returns_nothing()
