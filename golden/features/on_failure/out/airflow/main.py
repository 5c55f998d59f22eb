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
        "n": Param(4, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def main():
    @task
    def load():
        return run_step()

    @task
    def for_1_items(over):
        return run_step(over=over)

    @task
    def double(x, index):
        return run_step(x=x, index=index)

    @task(trigger_rule="none_failed_min_one_success")
    def large(xs):
        return run_step(xs=xs)

    @task.branch
    def if_1(test):
        return run_step(test=test)

    @task
    def load_2():
        return run_step()

    @task(trigger_rule="none_failed_min_one_success")
    def outputs(for_1):
        return run_step(for_1=for_1)

    @task(trigger_rule="all_done")
    def on_failure():
        return run_step()

    @task(trigger_rule="none_failed_min_one_success")
    def verdict():
        return run_step()

    load_ = load()
    for_1_items_ = for_1_items(over=load_)
    double_ = double.partial(x=load_).expand(index=for_1_items_)
    large_ = large(xs=double_)
    if_1_ = if_1(test=large_)
    load_2_ = load_2()
    outputs_ = outputs(for_1=double_)
    on_failure_ = on_failure()
    verdict_ = verdict()
    for_1_items_ >> large_
    if_1_ >> load_2_
    [for_1_items_, load_2_, if_1_] >> outputs_
    [load_, for_1_items_, double_, large_, if_1_, load_2_, outputs_] >> on_failure_
    [outputs_, on_failure_] >> verdict_


main()
