"""The pipeline tries, compiled by Wye. Its step programs stand in tries_steps/."""

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

STEPS = Path(__file__).with_name("tries_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="tries",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(1, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def tries():
    @task
    def guarded_try_1():
        return run_step()

    @task
    def guarded_2_try_1():
        return run_step()

    @task
    def guarded_3_try_1():
        return run_step()

    @task
    def try_1():
        return run_step()

    @task
    def inc():
        return run_step()

    @task(trigger_rule="all_done")
    def cleanup():
        return run_step()

    @task
    def outputs(guarded_try_1_r1, guarded_try_1_r0, guarded_2_try_1_r1, guarded_2_try_1_r0, guarded_3_try_1_r1, guarded_3_try_1_r0, try_1_r0, try_2, try_2_2):
        return run_step(guarded_try_1_r1=guarded_try_1_r1, guarded_try_1_r0=guarded_try_1_r0, guarded_2_try_1_r1=guarded_2_try_1_r1, guarded_2_try_1_r0=guarded_2_try_1_r0, guarded_3_try_1_r1=guarded_3_try_1_r1, guarded_3_try_1_r0=guarded_3_try_1_r0, try_1_r0=try_1_r0, try_2=try_2, try_2_2=try_2_2)

    guarded_try_1_ = guarded_try_1()
    guarded_2_try_1_ = guarded_2_try_1()
    guarded_3_try_1_ = guarded_3_try_1()
    try_1_ = try_1()
    inc_ = inc()
    cleanup_ = cleanup()
    outputs(guarded_try_1_r1=guarded_try_1_, guarded_try_1_r0=guarded_try_1_, guarded_2_try_1_r1=guarded_2_try_1_, guarded_2_try_1_r0=guarded_2_try_1_, guarded_3_try_1_r1=guarded_3_try_1_, guarded_3_try_1_r0=guarded_3_try_1_, try_1_r0=try_1_, try_2=inc_, try_2_2=cleanup_)
    [guarded_try_1_, guarded_2_try_1_, guarded_3_try_1_] >> try_1_
    try_1_ >> inc_
    inc_ >> cleanup_


tries()
