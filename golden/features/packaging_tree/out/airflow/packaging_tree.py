"""The pipeline packaging_tree, compiled by Wye. Its step programs stand in packaging_tree_steps/."""

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

STEPS = Path(__file__).with_name("packaging_tree_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="packaging_tree",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "names": Param('["tea", "salt"]', type=["string", "array"], description="list[str], as JSON"),
    },
)
def packaging_tree():
    @task
    def prices():
        return run_step()

    @task
    def offers(table):
        return run_step(table=table)

    @task
    def best(found):
        return run_step(found=found)

    @task
    def outputs(best, offers):
        return run_step(best=best, offers=offers)

    prices_ = prices()
    offers_ = offers(table=prices_)
    best_ = best(found=offers_)
    outputs(best=best_, offers=offers_)


packaging_tree()
