"""The pipeline main, compiled by Wye. Its step programs stand in main_steps/."""

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

STEPS = Path(__file__).with_name("main_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="main",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "root": Param("gs://bucket/{{ds}}/$HOME", type="string"),
        "day": Param(None, type=["null", "string"], format="date-time", description="unless given: the time for which the run is meant"),
        "numbers": Param("[1, 2]", type="string", description="list[int], as JSON"),
        "scheduled_time": Param(None, type=["null", "string"], format="date-time", description="unless given: the time for which the run is meant"),
    },
)
def main():
    @task
    def look():
        return run_step()

    @task
    def for_1_items():
        return run_step()

    @task
    def look_2(index):
        return run_step(index=index)

    @task
    def inner_look():
        return run_step()

    @task
    def inner_2_look():
        return run_step()

    @task
    def run_id():
        return run_step()

    @task
    def while_1():
        return run_step()

    @task.branch
    def if_1(run_id_):
        return run_step(run_id_=run_id_)

    @task
    def run_id_2():
        return run_step()

    @task(trigger_rule="none_failed_min_one_success")
    def if_1_join(run_id_2):
        return run_step(run_id_2=run_id_2)

    @task
    def join():
        return run_step()

    @task
    def join_2():
        return run_step()

    @task(trigger_rule="none_failed_min_one_success")
    def outputs(look, for_1, inner_look, inner_2_look, run_id_, if_1, join, join_2, while_1_r0):
        return run_step(look=look, for_1=for_1, inner_look=inner_look, inner_2_look=inner_2_look, run_id_=run_id_, if_1=if_1, join=join, join_2=join_2, while_1_r0=while_1_r0)

    look_ = look()
    for_1_items_ = for_1_items()
    look_2_ = look_2.expand(index=for_1_items_)
    inner_look_ = inner_look()
    inner_2_look_ = inner_2_look()
    run_id_ = run_id()
    while_1_ = while_1()
    if_1_ = if_1(run_id_=run_id_)
    run_id_2_ = run_id_2()
    if_1_join_ = if_1_join(run_id_2=run_id_2_)
    join_ = join()
    join_2_ = join_2()
    outputs_ = outputs(look=look_, for_1=look_2_, inner_look=inner_look_, inner_2_look=inner_2_look_, run_id_=run_id_, if_1=if_1_join_, join=join_, join_2=join_2_, while_1_r0=while_1_)
    if_1_ >> [run_id_2_, if_1_join_]
    for_1_items_ >> outputs_


main()
