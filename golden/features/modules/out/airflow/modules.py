"""The pipeline modules, compiled by Wye. Its step programs stand in modules_steps/."""

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

STEPS = Path(__file__).with_name("modules_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="modules",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(4, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def modules():
    @task
    def load():
        return run_step()

    @task
    def scaled(rows):
        return run_step(rows=rows)

    @task
    def kinds(rows):
        return run_step(rows=rows)

    @task
    def score(rows):
        return run_step(rows=rows)

    @task
    def score_2(rows):
        return run_step(rows=rows)

    @task
    def make_kind():
        return run_step()

    @task
    def checked(kind):
        return run_step(kind=kind)

    @task
    def optional():
        return run_step()

    @task
    def mean(rows):
        return run_step(rows=rows)

    @task
    def outputs(scaled, kinds, score, score_2, checked_out0, checked_out1, optional, mean):
        return run_step(scaled=scaled, kinds=kinds, score=score, score_2=score_2, checked_out0=checked_out0, checked_out1=checked_out1, optional=optional, mean=mean)

    load_ = load()
    scaled_ = scaled(rows=load_)
    kinds_ = kinds(rows=load_)
    score_ = score(rows=load_)
    score_2_ = score_2(rows=load_)
    make_kind_ = make_kind()
    checked_ = checked(kind=make_kind_)
    optional_ = optional()
    mean_ = mean(rows=load_)
    outputs(scaled=scaled_, kinds=kinds_, score=score_, score_2=score_2_, checked_out0=checked_, checked_out1=checked_, optional=optional_, mean=mean_)


modules()
