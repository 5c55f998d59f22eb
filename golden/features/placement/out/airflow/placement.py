"""The pipeline placement, compiled by Wye. Its step programs stand in placement_steps/."""

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

STEPS = Path(__file__).with_name("placement_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="placement",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0, "queue": "batch", "executor_config": {"it's": [1, True, None, '{{ ds }}']}},
    params={
        "n": Param(3, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def placement():
    @task(queue="$HOME {{ ds }}", priority_weight=5)
    def load():
        return run_step()

    @task
    def for_1_items(over):
        return run_step(over=over)

    @task
    def double(x, index):
        return run_step(x=x, index=index)

    @task.branch(trigger_rule="none_failed_min_one_success")
    def if_1():
        return run_step()

    @task(trigger_rule="none_failed_min_one_success", queue="large")
    def total(xs):
        return run_step(xs=xs)

    @task
    def total_2(xs):
        return run_step(xs=xs)

    @task(trigger_rule="none_failed_min_one_success")
    def if_1_join(total, total_2):
        return run_step(total=total, total_2=total_2)

    @task
    def outputs(if_1):
        return run_step(if_1=if_1)

    load_ = load()
    for_1_items_ = for_1_items(over=load_)
    double_ = double.partial(x=load_).expand(index=for_1_items_)
    if_1_ = if_1()
    total_ = total(xs=double_)
    total_2_ = total_2(xs=load_)
    if_1_join_ = if_1_join(total=total_, total_2=total_2_)
    outputs(if_1=if_1_join_)
    [for_1_items_, double_, load_] >> if_1_
    if_1_ >> [total_, total_2_]


placement()
