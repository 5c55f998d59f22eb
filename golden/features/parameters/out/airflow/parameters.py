"""The pipeline parameters, compiled by Wye. Its step programs stand in parameters_steps/."""

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

STEPS = Path(__file__).with_name("parameters_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="parameters",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(1, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
        "x": Param(2.5, type="number"),
        "flag": Param(False, type="boolean"),
        "text": Param("default", type="string"),
        "maybe": Param('"something"', type="string", description="str | None, as JSON"),
        "rows": Param('[{"a": 1}]', type="string", description="list[dict[str, Any]], as JSON"),
        "table": Param("{}", type="string", description="dict[str, list[float]], as JSON"),
        "free": Param("null", type="string", description="Any, as JSON"),
        "kept": Param("kept {{ ds }}", type="string"),
    },
)
def parameters():
    @task
    def show():
        return run_step()

    @task
    def show_2():
        return run_step()

    @task
    def show_3():
        return run_step()

    @task
    def show_4():
        return run_step()

    @task
    def show_5():
        return run_step()

    @task
    def show_6():
        return run_step()

    @task
    def show_7():
        return run_step()

    @task
    def show_8():
        return run_step()

    @task
    def show_9():
        return run_step()

    @task
    def add():
        return run_step()

    @task
    def outputs(show, show_2, show_3, show_4, show_5, show_6, show_7, show_8, show_9, add):
        return run_step(show=show, show_2=show_2, show_3=show_3, show_4=show_4, show_5=show_5, show_6=show_6, show_7=show_7, show_8=show_8, show_9=show_9, add=add)

    show_ = show()
    show_2_ = show_2()
    show_3_ = show_3()
    show_4_ = show_4()
    show_5_ = show_5()
    show_6_ = show_6()
    show_7_ = show_7()
    show_8_ = show_8()
    show_9_ = show_9()
    add_ = add()
    outputs(show=show_, show_2=show_2_, show_3=show_3_, show_4=show_4_, show_5=show_5_, show_6=show_6_, show_7=show_7_, show_8=show_8_, show_9=show_9_, add=add_)


parameters()
