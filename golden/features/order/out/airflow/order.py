"""The pipeline order, compiled by Wye. Its step programs stand in order_steps/."""

from __future__ import annotations

import runpy
from pathlib import Path

import pendulum

try:
    from airflow.sdk import dag, get_current_context, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.operators.python import get_current_context

STEPS = Path(__file__).with_name("order_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="order",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
)
def order():
    @task
    def start():
        return run_step()

    @task
    def note(log):
        return run_step(log=log)

    @task
    def note_2(log):
        return run_step(log=log)

    @task
    def gate_load(log):
        return run_step(log=log)

    @task
    def gate_check(log, rows):
        return run_step(log=log, rows=rows)

    @task
    def gate_deploy(log, rows):
        return run_step(log=log, rows=rows)

    @task
    def pure():
        return run_step()

    @task
    def pure_2(x):
        return run_step(x=x)

    @task
    def note_3(log):
        return run_step(log=log)

    @task
    def lines(log):
        return run_step(log=log)

    @task
    def outputs(lines, gate_deploy, pure_2):
        return run_step(lines=lines, gate_deploy=gate_deploy, pure_2=pure_2)

    start_ = start()
    note_ = note(log=start_)
    note_2_ = note_2(log=start_)
    gate_load_ = gate_load(log=start_)
    gate_check_ = gate_check(log=start_, rows=gate_load_)
    gate_deploy_ = gate_deploy(log=start_, rows=gate_load_)
    pure_ = pure()
    pure_2_ = pure_2(x=pure_)
    note_3_ = note_3(log=start_)
    lines_ = lines(log=start_)
    outputs(lines=lines_, gate_deploy=gate_deploy_, pure_2=pure_2_)
    note_ >> note_2_
    note_2_ >> gate_load_
    gate_check_ >> gate_deploy_
    note_2_ >> pure_
    gate_deploy_ >> pure_2_
    pure_2_ >> note_3_
    note_3_ >> lines_


order()
