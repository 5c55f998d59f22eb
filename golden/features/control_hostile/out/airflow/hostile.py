"""The pipeline hostile, compiled by Wye. Its step programs stand in hostile_steps/."""

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

STEPS = Path(__file__).with_name("hostile_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="hostile",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(24, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
        "text": Param('it\'s "{{ ds }}" $HOME \\ \n {{$}} %', type="string"),
    },
)
def hostile():
    @task
    def texts():
        return run_step()

    @task
    def for_1_items(over):
        return run_step(over=over)

    @task
    def same(text, index):
        return run_step(text=text, index=index)

    @task
    def if_1_test(same):
        return run_step(same=same)

    @task
    def same_2(if_1_test):
        return run_step(if_1_test=if_1_test)

    @task(trigger_rule="none_failed")
    def if_1_join(condition, same_2):
        return run_step(condition=condition, same_2=same_2)

    @task
    def same_3():
        return run_step()

    @task.branch
    def if_4(same_3):
        return run_step(same_3=same_3)

    @task
    def same_4(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_4_join(same_4):
        return run_step(same_4=same_4)

    @task
    def same_5():
        return run_step()

    @task
    def same_6(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def outputs(for_1, for_1_2, texts, same_3, if_4, same_5, same_6):
        return run_step(for_1=for_1, for_1_2=for_1_2, texts=texts, same_3=same_3, if_4=if_4, same_5=same_5, same_6=same_6)

    texts_ = texts()
    for_1_items_ = for_1_items(over=texts_)

    @task_group(prefix_group_id=False)
    def for_1(index):
        same_ = same(text=texts_, index=index)
        if_1_test_ = if_1_test(same=same_)
        same_2_ = same_2(if_1_test=if_1_test_)
        if_1_join_ = if_1_join(condition=if_1_test_, same_2=same_2_)
        return same_, if_1_join_

    same_, if_1_join_ = for_1.expand(index=for_1_items_)
    same_3_ = same_3()
    if_4_ = if_4(same_3=same_3_)
    same_4_ = same_4(text=same_3_)
    if_4_join_ = if_4_join(same_4=same_4_)
    same_5_ = same_5()
    same_6_ = same_6(text=if_4_join_)
    outputs_ = outputs(for_1=same_, for_1_2=if_1_join_, texts=texts_, same_3=same_3_, if_4=if_4_join_, same_5=same_5_, same_6=same_6_)
    if_4_ >> [same_4_, if_4_join_]
    for_1_items_ >> outputs_


hostile()
