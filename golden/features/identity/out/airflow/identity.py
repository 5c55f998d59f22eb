"""The pipeline identity, compiled by Wye. Its step programs stand in identity_steps/."""

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

STEPS = Path(__file__).with_name("identity_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="identity",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "numbers": Param("[1, 2, 3]", type="string", description="list[int], as JSON"),
    },
)
def identity():
    @task
    def make():
        return run_step()

    @task
    def check(child):
        return run_step(child=child)

    @task
    def spawned():
        return run_step()

    @task
    def names(child):
        return run_step(child=child)

    @task
    def caught():
        return run_step()

    @task
    def recursive():
        return run_step()

    @task
    def outputs(check, spawned, names, caught, recursive):
        return run_step(check=check, spawned=spawned, names=names, caught=caught, recursive=recursive)

    make_ = make()
    check_ = check(child=make_)
    spawned_ = spawned()
    names_ = names(child=make_)
    caught_ = caught()
    recursive_ = recursive()
    outputs(check=check_, spawned=spawned_, names=names_, caught=caught_, recursive=recursive_)


identity()
