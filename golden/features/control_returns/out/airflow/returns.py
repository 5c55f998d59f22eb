"""The pipeline returns, compiled by Wye. Its step programs stand in returns_steps/."""

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

STEPS = Path(__file__).with_name("returns_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="returns",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(4, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
        "limit": Param(2.0, type="number"),
    },
)
def returns():
    @task
    def load():
        return run_step()

    @task
    def fail():
        return run_step()

    @task.branch
    def guarded_if_1(load):
        return run_step(load=load)

    @task
    def guarded_check(rows):
        return run_step(rows=rows)

    @task
    def guarded_fail(load):
        return run_step(load=load)

    @task
    def guarded_train(rows):
        return run_step(rows=rows)

    @task(trigger_rule="none_failed_min_one_success")
    def guarded_if_1_join(guarded_train):
        return run_step(guarded_train=guarded_train)

    @task.branch
    def if_2(guarded_if_1):
        return run_step(guarded_if_1=guarded_if_1)

    @task
    def load_2():
        return run_step()

    @task.branch
    def guarded_2_if_1(load_2):
        return run_step(load_2=load_2)

    @task
    def guarded_2_fail(load_2):
        return run_step(load_2=load_2)

    @task
    def guarded_2_train(rows):
        return run_step(rows=rows)

    @task(trigger_rule="none_failed_min_one_success")
    def guarded_2_if_1_join(guarded_2_train):
        return run_step(guarded_2_train=guarded_2_train)

    @task.branch
    def if_3(guarded_2_if_1, guarded_if_1):
        return run_step(guarded_2_if_1=guarded_2_if_1, guarded_if_1=guarded_if_1)

    @task
    def deploy(score):
        return run_step(score=score)

    @task.branch
    def if_5(guarded_if_1):
        return run_step(guarded_if_1=guarded_if_1)

    @task
    def deploy_2(score):
        return run_step(score=score)

    @task(trigger_rule="none_failed_min_one_success")
    def if_5_join(deploy_2):
        return run_step(deploy_2=deploy_2)

    @task(trigger_rule="none_failed_min_one_success")
    def if_3_join(deploy, if_5):
        return run_step(deploy=deploy, if_5=if_5)

    @task(trigger_rule="none_failed_min_one_success")
    def if_2_join(if_3):
        return run_step(if_3=if_3)

    @task
    def outputs(if_2):
        return run_step(if_2=if_2)

    load_ = load()
    fail_ = fail()
    guarded_if_1_ = guarded_if_1(load=load_)
    guarded_check_ = guarded_check(rows=load_)
    guarded_fail_ = guarded_fail(load=load_)
    guarded_train_ = guarded_train(rows=load_)
    guarded_if_1_join_ = guarded_if_1_join(guarded_train=guarded_train_)
    if_2_ = if_2(guarded_if_1=guarded_if_1_join_)
    load_2_ = load_2()
    guarded_2_if_1_ = guarded_2_if_1(load_2=load_2_)
    guarded_2_fail_ = guarded_2_fail(load_2=load_2_)
    guarded_2_train_ = guarded_2_train(rows=load_2_)
    guarded_2_if_1_join_ = guarded_2_if_1_join(guarded_2_train=guarded_2_train_)
    if_3_ = if_3(guarded_2_if_1=guarded_2_if_1_join_, guarded_if_1=guarded_if_1_join_)
    deploy_ = deploy(score=guarded_2_if_1_join_)
    if_5_ = if_5(guarded_if_1=guarded_if_1_join_)
    deploy_2_ = deploy_2(score=guarded_if_1_join_)
    if_5_join_ = if_5_join(deploy_2=deploy_2_)
    if_3_join_ = if_3_join(deploy=deploy_, if_5=if_5_join_)
    if_2_join_ = if_2_join(if_3=if_3_join_)
    outputs(if_2=if_2_join_)
    load_ >> fail_
    fail_ >> guarded_if_1_
    guarded_if_1_ >> [guarded_check_, guarded_if_1_join_]
    guarded_check_ >> guarded_fail_
    guarded_fail_ >> guarded_train_
    fail_ >> if_2_
    if_2_ >> [load_2_, if_2_join_]
    guarded_2_if_1_ >> [guarded_2_fail_, guarded_2_if_1_join_]
    guarded_2_fail_ >> guarded_2_train_
    if_3_ >> [deploy_, if_5_, if_3_join_]
    if_5_ >> [deploy_2_, if_5_join_]


returns()
