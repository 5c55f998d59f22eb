"""The pipeline files, compiled by Wye. Its step programs stand in files_steps/."""

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

STEPS = Path(__file__).with_name("files_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="files",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "name": Param("you", type="string"),
        "amounts": Param("[1.0, 2.5]", type=["string", "array"], description="list[float], as JSON"),
    },
)
def files():
    @task
    def read():
        return run_step()

    @task
    def for_1_items():
        return run_step()

    @task
    def convert(index):
        return run_step(index=index)

    @task(trigger_rule="none_failed_min_one_success")
    def outputs(read, for_1):
        return run_step(read=read, for_1=for_1)

    read_ = read()
    for_1_items_ = for_1_items()
    convert_ = convert.expand(index=for_1_items_)
    outputs_ = outputs(read=read_, for_1=convert_)
    for_1_items_ >> outputs_


files()
