"""The pipeline map_branches, compiled by Wye. Its step programs stand in map_branches_steps/."""

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

STEPS = Path(__file__).with_name("map_branches_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="map_branches",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(5, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
        "deep": Param(True, type="boolean"),
    },
)
def map_branches():
    @task
    def numbers():
        return run_step()

    @task
    def for_1_items(over):
        return run_step(over=over)

    @task
    def odd(x, index):
        return run_step(x=x, index=index)

    @task
    def if_2_test(odd, for_1, index):
        return run_step(odd=odd, for_1=for_1, index=index)

    @task
    def inc(x, index, if_2_test):
        return run_step(x=x, index=index, if_2_test=if_2_test)

    @task
    def half(x):
        return run_step(x=x)

    @task
    def check(x, index, if_2_test):
        return run_step(x=x, index=index, if_2_test=if_2_test)

    @task(trigger_rule="none_failed")
    def if_1_join(condition, half):
        return run_step(condition=condition, half=half)

    @task
    def show(x):
        return run_step(x=x)

    @task.branch(trigger_rule="none_failed_min_one_success")
    def if_3():
        return run_step()

    @task
    def numbers_2():
        return run_step()

    @task
    def for_2_items(over):
        return run_step(over=over)

    @task
    def odd_2(x, index):
        return run_step(x=x, index=index)

    @task
    def inc_2(x, index, odd_2):
        return run_step(x=x, index=index, odd_2=odd_2)

    @task(trigger_rule="none_failed")
    def if_4_join(condition, inc_2):
        return run_step(condition=condition, inc_2=inc_2)

    @task(trigger_rule="none_failed_min_one_success")
    def more(for_2, for_2_2):
        return run_step(for_2=for_2, for_2_2=for_2_2)

    @task(trigger_rule="none_failed_min_one_success")
    def if_3_join(more):
        return run_step(more=more)

    @task.branch
    def if_5():
        return run_step()

    @task
    def numbers_3():
        return run_step()

    @task
    def for_3_items(over):
        return run_step(over=over)

    @task
    def inc_3(x, index):
        return run_step(x=x, index=index)

    @task(trigger_rule="none_failed_min_one_success")
    def others(for_3):
        return run_step(for_3=for_3)

    @task(trigger_rule="none_failed_min_one_success")
    def if_5_join(others, if_3):
        return run_step(others=others, if_3=if_3)

    @task(trigger_rule="none_failed_min_one_success")
    def outputs(for_1, for_1_2, if_3, if_5):
        return run_step(for_1=for_1, for_1_2=for_1_2, if_3=if_3, if_5=if_5)

    numbers_ = numbers()
    for_1_items_ = for_1_items(over=numbers_)

    @task_group(prefix_group_id=False)
    def for_1(index):
        odd_ = odd(x=numbers_, index=index)
        if_2_test_ = if_2_test(odd=odd_, for_1=numbers_, index=index)
        inc_ = inc(x=numbers_, index=index, if_2_test=if_2_test_)
        half_ = half(x=inc_)
        check_ = check(x=numbers_, index=index, if_2_test=if_2_test_)
        if_1_join_ = if_1_join(condition=if_2_test_, half=half_)
        show_ = show(x=if_1_join_)
        check_ >> if_1_join_
        return odd_, show_

    odd_, show_ = for_1.expand(index=for_1_items_)
    if_3_ = if_3()
    numbers_2_ = numbers_2()
    for_2_items_ = for_2_items(over=numbers_2_)

    @task_group(prefix_group_id=False)
    def for_2(index):
        odd_2_ = odd_2(x=numbers_2_, index=index)
        inc_2_ = inc_2(x=numbers_2_, index=index, odd_2=odd_2_)
        if_4_join_ = if_4_join(condition=odd_2_, inc_2=inc_2_)
        return odd_2_, if_4_join_

    odd_2_, if_4_join_ = for_2.expand(index=for_2_items_)
    more_ = more(for_2=odd_2_, for_2_2=if_4_join_)
    if_3_join_ = if_3_join(more=more_)
    if_5_ = if_5()
    numbers_3_ = numbers_3()
    for_3_items_ = for_3_items(over=numbers_3_)
    inc_3_ = inc_3.partial(x=numbers_3_).expand(index=for_3_items_)
    others_ = others(for_3=inc_3_)
    if_5_join_ = if_5_join(others=others_, if_3=if_3_join_)
    outputs_ = outputs(for_1=show_, for_1_2=odd_, if_3=if_3_join_, if_5=if_5_join_)
    [for_1_items_, show_] >> if_3_
    if_3_ >> [numbers_2_, if_3_join_]
    for_2_items_ >> more_
    if_3_join_ >> if_5_
    if_5_ >> [numbers_3_, if_5_join_]
    for_3_items_ >> others_
    for_1_items_ >> outputs_


map_branches()
