"""The pipeline failing_before, compiled by Wye. Its step programs stand in failing_before_steps/."""

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

STEPS = Path(__file__).with_name("failing_before_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="failing_before",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(3, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def failing_before():
    @task
    def load():
        return run_step()

    @task.branch
    def if_1():
        return run_step()

    @task
    def check(rows):
        return run_step(rows=rows)

    @task(trigger_rule="none_failed_min_one_success")
    def try_1_enter():
        return run_step()

    @task
    def deploy(rows):
        return run_step(rows=rows)

    @task(trigger_rule="all_done")
    def cleanup():
        return run_step()

    @task
    def outputs(try_1):
        return run_step(try_1=try_1)

    load_ = load()
    if_1_ = if_1()
    check_ = check(rows=load_)
    try_1_enter_ = try_1_enter()
    deploy_ = deploy(rows=load_)
    cleanup_ = cleanup()
    outputs_ = outputs(try_1=deploy_)
    load_ >> if_1_
    if_1_ >> check_
    [load_, check_, if_1_] >> try_1_enter_
    try_1_enter_ >> deploy_
    deploy_ >> cleanup_
    cleanup_ >> outputs_


failing_before()
