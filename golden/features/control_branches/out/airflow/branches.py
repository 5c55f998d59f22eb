"""The pipeline branches, compiled by Wye. Its step programs stand in branches_steps/."""

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

STEPS = Path(__file__).with_name("branches_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="branches",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "name": Param("Ada", type="string"),
        "seed": Param(2, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
        "loud": Param(False, type="boolean"),
    },
)
def branches():
    @task
    def flip():
        return run_step()

    @task.branch
    def if_1(flip):
        return run_step(flip=flip)

    @task
    def celebrate():
        return run_step()

    @task
    def mourn():
        return run_step()

    @task(trigger_rule="none_failed_min_one_success")
    def if_1_join(celebrate, mourn):
        return run_step(celebrate=celebrate, mourn=mourn)

    @task
    def score(text):
        return run_step(text=text)

    @task.branch
    def if_2(score):
        return run_step(score=score)

    @task
    def celebrate_2():
        return run_step()

    @task.branch
    def if_4():
        return run_step()

    @task
    def note(text):
        return run_step(text=text)

    @task
    def celebrate_3(name):
        return run_step(name=name)

    @task(trigger_rule="none_failed_min_one_success")
    def if_4_join(celebrate_3, celebrate_2):
        return run_step(celebrate_3=celebrate_3, celebrate_2=celebrate_2)

    @task(trigger_rule="none_failed_min_one_success")
    def if_2_join(if_4):
        return run_step(if_4=if_4)

    @task.branch
    def if_5(score, flip):
        return run_step(score=score, flip=flip)

    @task
    def celebrate_4():
        return run_step()

    @task(trigger_rule="none_failed_min_one_success")
    def if_5_join(celebrate_4):
        return run_step(celebrate_4=celebrate_4)

    @task.branch
    def if_6():
        return run_step()

    @task
    def note_2(text):
        return run_step(text=text)

    @task.branch(trigger_rule="none_failed_min_one_success")
    def if_7(if_5):
        return run_step(if_5=if_5)

    @task
    def celebrate_5(name):
        return run_step(name=name)

    @task(trigger_rule="none_failed_min_one_success")
    def if_7_join(celebrate_5, if_5):
        return run_step(celebrate_5=celebrate_5, if_5=if_5)

    @task
    def join(if_1, if_2, if_5, if_7):
        return run_step(if_1=if_1, if_2=if_2, if_5=if_5, if_7=if_7)

    @task
    def outputs(if_1, if_2, if_5, join):
        return run_step(if_1=if_1, if_2=if_2, if_5=if_5, join=join)

    flip_ = flip()
    if_1_ = if_1(flip=flip_)
    celebrate_ = celebrate()
    mourn_ = mourn()
    if_1_join_ = if_1_join(celebrate=celebrate_, mourn=mourn_)
    score_ = score(text=if_1_join_)
    if_2_ = if_2(score=score_)
    celebrate_2_ = celebrate_2()
    if_4_ = if_4()
    note_ = note(text=celebrate_2_)
    celebrate_3_ = celebrate_3(name=celebrate_2_)
    if_4_join_ = if_4_join(celebrate_3=celebrate_3_, celebrate_2=celebrate_2_)
    if_2_join_ = if_2_join(if_4=if_4_join_)
    if_5_ = if_5(score=score_, flip=flip_)
    celebrate_4_ = celebrate_4()
    if_5_join_ = if_5_join(celebrate_4=celebrate_4_)
    if_6_ = if_6()
    note_2_ = note_2(text=if_5_join_)
    if_7_ = if_7(if_5=if_5_join_)
    celebrate_5_ = celebrate_5(name=if_5_join_)
    if_7_join_ = if_7_join(celebrate_5=celebrate_5_, if_5=if_5_join_)
    join_ = join(if_1=if_1_join_, if_2=if_2_join_, if_5=if_5_join_, if_7=if_7_join_)
    outputs(if_1=if_1_join_, if_2=if_2_join_, if_5=if_5_join_, join=join_)
    if_1_ >> [celebrate_, mourn_]
    if_2_ >> [celebrate_2_, if_2_join_]
    celebrate_2_ >> if_4_
    if_4_ >> [note_, if_4_join_]
    note_ >> celebrate_3_
    if_2_join_ >> if_5_
    if_5_ >> [celebrate_4_, if_5_join_]
    if_5_join_ >> if_6_
    if_6_ >> note_2_
    [note_2_, if_6_] >> if_7_
    if_7_ >> [celebrate_5_, if_7_join_]


branches()
