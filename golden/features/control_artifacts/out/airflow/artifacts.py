"""The pipeline artifacts, compiled by Wye. Its step programs stand in artifacts_steps/."""

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

STEPS = Path(__file__).with_name("artifacts_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="artifacts",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(3, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def artifacts():
    @task
    def fit():
        return run_step()

    @task
    def better(model):
        return run_step(model=model)

    @task.branch
    def if_1(test):
        return run_step(test=test)

    @task
    def improve(model):
        return run_step(model=model)

    @task(trigger_rule="none_failed_min_one_success")
    def if_1_join(improve, fit):
        return run_step(improve=improve, fit=fit)

    @task
    def for_1_items():
        return run_step()

    @task
    def fit_2(weight, index):
        return run_step(weight=weight, index=index)

    @task(trigger_rule="none_failed_min_one_success")
    def for_2_items(over):
        return run_step(over=over)

    @task
    def improve_2(model, index):
        return run_step(model=model, index=index)

    @task
    def weigh(model):
        return run_step(model=model)

    @task.branch
    def if_2():
        return run_step()

    @task
    def write():
        return run_step()

    @task
    def write_2():
        return run_step()

    @task(trigger_rule="none_failed_min_one_success")
    def if_2_join(write, write_2):
        return run_step(write=write, write_2=write_2)

    @task
    def weigh_2(model):
        return run_step(model=model)

    @task
    def weigh_3(model):
        return run_step(model=model)

    @task(trigger_rule="none_failed_min_one_success")
    def best(models):
        return run_step(models=models)

    @task
    def read(place):
        return run_step(place=place)

    @task
    def for_3_items():
        return run_step()

    @task
    def write_3(for_3, index):
        return run_step(for_3=for_3, index=index)

    @task
    def read_2(place):
        return run_step(place=place)

    @task(trigger_rule="none_failed_min_one_success")
    def outputs(weigh_2, weigh_3, for_2, best, read, for_3):
        return run_step(weigh_2=weigh_2, weigh_3=weigh_3, for_2=for_2, best=best, read=read, for_3=for_3)

    fit_ = fit()
    better_ = better(model=fit_)
    if_1_ = if_1(test=better_)
    improve_ = improve(model=fit_)
    if_1_join_ = if_1_join(improve=improve_, fit=fit_)
    for_1_items_ = for_1_items()
    fit_2_ = fit_2.partial(weight=for_1_items_["over"]).expand(index=for_1_items_)
    for_2_items_ = for_2_items(over=fit_2_)

    @task_group(prefix_group_id=False)
    def for_2(index):
        improve_2_ = improve_2(model=fit_2_, index=index)
        weigh_ = weigh(model=improve_2_)
        return weigh_

    weigh_ = for_2.expand(index=for_2_items_)
    if_2_ = if_2()
    write_ = write()
    write_2_ = write_2()
    if_2_join_ = if_2_join(write=write_, write_2=write_2_)
    weigh_2_ = weigh_2(model=if_1_join_)
    weigh_3_ = weigh_3(model=fit_)
    best_ = best(models=fit_2_)
    read_ = read(place=if_2_join_)
    for_3_items_ = for_3_items()

    @task_group(prefix_group_id=False)
    def for_3(index):
        write_3_ = write_3(for_3=for_3_items_["over"], index=index)
        read_2_ = read_2(place=write_3_)
        return read_2_

    read_2_ = for_3.expand(index=for_3_items_)
    outputs_ = outputs(weigh_2=weigh_2_, weigh_3=weigh_3_, for_2=weigh_, best=best_, read=read_, for_3=read_2_)
    fit_ >> if_1_
    if_1_ >> [improve_, if_1_join_]
    for_1_items_ >> for_2_items_
    if_2_ >> [write_, write_2_]
    for_1_items_ >> best_
    [for_2_items_, for_3_items_] >> outputs_


artifacts()
