"""The pipeline nested_maps, compiled by Wye. Its step programs stand in nested_maps_steps/."""

from __future__ import annotations

import runpy
from pathlib import Path

import pendulum

try:
    from airflow.sdk import Param, dag, get_current_context, task, task_group
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task, task_group
    from airflow.models.param import Param
    from airflow.operators.python import get_current_context

STEPS = Path(__file__).with_name("nested_maps_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="nested_maps",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(4, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def nested_maps():
    @task
    def rows():
        return run_step()

    @task
    def for_1_items(rows):
        return run_step(rows=rows)

    @task
    def for_2_items(for_1, index):
        return run_step(for_1=for_1, index=index)

    @task
    def for_2(for_2_items, for_1, index):
        return run_step(for_2_items=for_2_items, for_1=for_1, index=index)

    @task
    def items_2(for_2_r0):
        return run_step(for_2_r0=for_2_r0)

    @task
    def for_3_items(over):
        return run_step(over=over)

    @task
    def for_4(for_3, index):
        return run_step(for_3=for_3, index=index)

    @task
    def items_3(for_4_r0):
        return run_step(for_4_r0=for_4_r0)

    @task(trigger_rule="none_failed_min_one_success")
    def for_5_items(over):
        return run_step(over=over)

    @task
    def total(xs, index):
        return run_step(xs=xs, index=index)

    @task(trigger_rule="none_failed_min_one_success")
    def for_6_items(over):
        return run_step(over=over)

    @task
    def total_2(for_6, index):
        return run_step(for_6=for_6, index=index)

    @task(trigger_rule="none_failed_min_one_success")
    def outputs(for_1, for_3, for_5, for_6):
        return run_step(for_1=for_1, for_3=for_3, for_5=for_5, for_6=for_6)

    rows_ = rows()
    for_1_items_ = for_1_items(rows=rows_)

    @task_group(prefix_group_id=False)
    def for_1(index):
        for_2_items_ = for_2_items(for_1=for_1_items_["over"], index=index)
        for_2_ = for_2(for_2_items=for_2_items_, for_1=for_1_items_["over"], index=index)
        items_2_ = items_2(for_2_r0=for_2_)
        return items_2_

    items_2_ = for_1.expand(index=for_1_items_)
    for_3_items_ = for_3_items(over=rows_)

    @task_group(prefix_group_id=False)
    def for_3(index):
        for_4_ = for_4(for_3=rows_, index=index)
        items_3_ = items_3(for_4_r0=for_4_)
        return items_3_

    items_3_ = for_3.expand(index=for_3_items_)
    for_5_items_ = for_5_items(over=items_2_)
    total_ = total.partial(xs=items_2_).expand(index=for_5_items_)
    for_6_items_ = for_6_items(over=total_)
    total_2_ = total_2.partial(for_6=total_).expand(index=for_6_items_)
    outputs_ = outputs(for_1=items_2_, for_3=items_3_, for_5=total_, for_6=total_2_)
    for_1_items_ >> for_5_items_
    for_5_items_ >> for_6_items_
    [for_1_items_, for_3_items_, for_5_items_, for_6_items_] >> outputs_


nested_maps()
