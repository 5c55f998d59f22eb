"""The pipeline sequences, compiled by Wye. Its step programs stand in sequences_steps/."""

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

STEPS = Path(__file__).with_name("sequences_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="sequences",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(6, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def sequences():
    @task
    def numbers():
        return run_step()

    @task
    def for_1(numbers):
        return run_step(numbers=numbers)

    @task
    def while_1():
        return run_step()

    @task
    def numbers_2():
        return run_step()

    @task
    def first_for_1(numbers_2):
        return run_step(numbers_2=numbers_2)

    @task
    def numbers_3():
        return run_step()

    @task
    def first_2_for_1(numbers_3):
        return run_step(numbers_3=numbers_3)

    @task
    def outputs(for_1_r0, for_1_r1, while_1_r0, while_1_r1, first_for_1_r0, first_for_1_r1, first_2_for_1_r0, first_2_for_1_r1):
        return run_step(for_1_r0=for_1_r0, for_1_r1=for_1_r1, while_1_r0=while_1_r0, while_1_r1=while_1_r1, first_for_1_r0=first_for_1_r0, first_for_1_r1=first_for_1_r1, first_2_for_1_r0=first_2_for_1_r0, first_2_for_1_r1=first_2_for_1_r1)

    numbers_ = numbers()
    for_1_ = for_1(numbers=numbers_)
    while_1_ = while_1()
    numbers_2_ = numbers_2()
    first_for_1_ = first_for_1(numbers_2=numbers_2_)
    numbers_3_ = numbers_3()
    first_2_for_1_ = first_2_for_1(numbers_3=numbers_3_)
    outputs(for_1_r0=for_1_, for_1_r1=for_1_, while_1_r0=while_1_, while_1_r1=while_1_, first_for_1_r0=first_for_1_, first_for_1_r1=first_for_1_, first_2_for_1_r0=first_2_for_1_, first_2_for_1_r1=first_2_for_1_)


sequences()
