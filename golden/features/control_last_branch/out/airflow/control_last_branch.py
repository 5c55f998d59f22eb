"""The pipeline control_last_branch, compiled by Wye. Its step programs stand in control_last_branch_steps/."""

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

STEPS = Path(__file__).with_name("control_last_branch_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="control_last_branch",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(3, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def control_last_branch():
    @task
    def measure():
        return run_step()

    @task.branch
    def if_1(measure):
        return run_step(measure=measure)

    @task
    def publish(score):
        return run_step(score=score)

    @task.branch
    def if_2(publish):
        return run_step(publish=publish)

    @task
    def frame(grade, score):
        return run_step(grade=grade, score=score)

    @task
    def refuse():
        return run_step()

    @task
    def refuse_2():
        return run_step()

    measure_ = measure()
    if_1_ = if_1(measure=measure_)
    publish_ = publish(score=measure_)
    if_2_ = if_2(publish=publish_)
    frame_ = frame(grade=publish_, score=measure_)
    refuse_ = refuse()
    refuse_2_ = refuse_2()
    if_1_ >> [publish_, refuse_2_]
    if_2_ >> [frame_, refuse_]


control_last_branch()
