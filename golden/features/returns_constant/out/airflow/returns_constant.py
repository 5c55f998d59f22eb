"""The pipeline returns_constant, compiled by Wye. Its step programs stand in returns_constant_steps/."""

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

STEPS = Path(__file__).with_name("returns_constant_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="returns_constant",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(3, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
        "ratio": Param(1.0, type="number"),
    },
)
def returns_constant():
    @task
    def chatter():
        return run_step()

    @task
    def outputs(chatter):
        return run_step(chatter=chatter)

    chatter_ = chatter()
    outputs(chatter=chatter_)


returns_constant()
