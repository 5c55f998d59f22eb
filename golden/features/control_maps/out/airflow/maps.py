"""The pipeline maps, compiled by Wye. Its step programs stand in maps_steps/."""

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

STEPS = Path(__file__).with_name("maps_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="maps",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "text": Param("the quick brown fox jumps over the lazy dog", type="string"),
        "n": Param(3, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def maps():
    @task
    def split():
        return run_step()

    @task
    def for_1_items(over):
        return run_step(over=over)

    @task
    def count(word, index):
        return run_step(word=word, index=index)

    @task
    def twice(n):
        return run_step(n=n)

    @task
    def for_2_items(over):
        return run_step(over=over)

    @task
    def keep(word, index):
        return run_step(word=word, index=index)

    @task
    def for_3_items(over):
        return run_step(over=over)

    @task(max_active_tis_per_dagrun=2)
    def count_2(word, index):
        return run_step(word=word, index=index)

    @task
    def for_4_items(split):
        return run_step(split=split)

    @task
    def for_4_items_2(over):
        return run_step(over=over)

    @task
    def count_3(for_4, index):
        return run_step(for_4=for_4, index=index)

    @task
    def twice_2(n):
        return run_step(n=n)

    @task
    def split_2():
        return run_step()

    @task
    def for_5_items(over):
        return run_step(over=over)

    @task
    def count_4(word, index):
        return run_step(word=word, index=index)

    @task
    def for_6_items():
        return run_step()

    @task
    def twice_3(n, index):
        return run_step(n=n, index=index)

    @task(trigger_rule="none_failed_min_one_success")
    def for_7_items(split, for_2):
        return run_step(split=split, for_2=for_2)

    @task
    def count_5(for_7, index):
        return run_step(for_7=for_7, index=index)

    @task(trigger_rule="none_failed_min_one_success")
    def total(numbers):
        return run_step(numbers=numbers)

    @task(trigger_rule="none_failed_min_one_success")
    def total_2(numbers):
        return run_step(numbers=numbers)

    @task
    def for_8_items(over):
        return run_step(over=over)

    @task
    def nothing(word, index):
        return run_step(word=word, index=index)

    @task(trigger_rule="none_failed_min_one_success")
    def outputs(total, for_2, split, for_3, for_4, for_4_2, for_4_items, for_5, total_2, for_6, for_7, for_8):
        return run_step(total=total, for_2=for_2, split=split, for_3=for_3, for_4=for_4, for_4_2=for_4_2, for_4_items=for_4_items, for_5=for_5, total_2=total_2, for_6=for_6, for_7=for_7, for_8=for_8)

    split_ = split()
    for_1_items_ = for_1_items(over=split_)

    @task_group(prefix_group_id=False)
    def for_1(index):
        count_ = count(word=split_, index=index)
        twice_ = twice(n=count_)
        return twice_

    twice_ = for_1.expand(index=for_1_items_)
    for_2_items_ = for_2_items(over=split_)
    keep_ = keep.partial(word=split_).expand(index=for_2_items_)
    for_3_items_ = for_3_items(over=split_)
    count_2_ = count_2.partial(word=split_).expand(index=for_3_items_)
    for_4_items_ = for_4_items(split=split_)
    for_4_items_2_ = for_4_items_2(over=for_4_items_)

    @task_group(prefix_group_id=False)
    def for_4(index):
        count_3_ = count_3(for_4=for_4_items_, index=index)
        twice_2_ = twice_2(n=count_3_)
        return count_3_, twice_2_

    count_3_, twice_2_ = for_4.expand(index=for_4_items_2_)
    split_2_ = split_2()
    for_5_items_ = for_5_items(over=split_2_)
    count_4_ = count_4.partial(word=split_2_).expand(index=for_5_items_)
    for_6_items_ = for_6_items()
    twice_3_ = twice_3.partial(n=for_6_items_["over"]).expand(index=for_6_items_)
    for_7_items_ = for_7_items(split=split_, for_2=keep_)
    count_5_ = count_5.partial(for_7=for_7_items_["over"]).expand(index=for_7_items_)
    total_ = total(numbers=twice_)
    total_2_ = total_2(numbers=count_4_)
    for_8_items_ = for_8_items(over=split_)
    nothing_ = nothing.partial(word=split_).expand(index=for_8_items_)
    outputs_ = outputs(total=total_, for_2=keep_, split=split_, for_3=count_2_, for_4=twice_2_, for_4_2=count_3_, for_4_items=for_4_items_, for_5=count_4_, total_2=total_2_, for_6=twice_3_, for_7=count_5_, for_8=nothing_)
    for_2_items_ >> for_7_items_
    for_1_items_ >> total_
    for_5_items_ >> total_2_
    [for_2_items_, for_3_items_, for_4_items_2_, for_5_items_, for_6_items_, for_7_items_, for_8_items_] >> outputs_


maps()
