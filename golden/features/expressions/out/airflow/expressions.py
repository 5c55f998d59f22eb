"""The pipeline expressions, compiled by Wye. Its step programs stand in expressions_steps/."""

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

STEPS = Path(__file__).with_name("expressions_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="expressions",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(3, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
        "name": Param("Zo\xeb", type="string"),
        "ratio": Param(0.5, type="number"),
        "flag": Param(True, type="boolean"),
        "xs": Param("[3, 1, 2]", type="string", description="list[int], as JSON"),
        "d": Param('{"a": 1}', type="string", description="dict[str, int], as JSON"),
    },
)
def expressions():
    @task
    def rows():
        return run_step()

    @task
    def number():
        return run_step()

    @task
    def words():
        return run_step()

    @task
    def show(number):
        return run_step(number=number)

    @task
    def show_2(rows):
        return run_step(rows=rows)

    @task
    def show_3(rows):
        return run_step(rows=rows)

    @task
    def show_4(rows):
        return run_step(rows=rows)

    @task
    def show_5():
        return run_step()

    @task
    def show_6(rows, number):
        return run_step(rows=rows, number=number)

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
    def configured():
        return run_step()

    @task
    def configured_2(number):
        return run_step(number=number)

    @task
    def show_10():
        return run_step()

    @task
    def show_11(rows, number):
        return run_step(rows=rows, number=number)

    @task
    def number_2():
        return run_step()

    @task
    def number_3(number_2):
        return run_step(number_2=number_2)

    @task
    def number_4():
        return run_step()

    @task
    def number_5(number_3, number_4):
        return run_step(number_3=number_3, number_4=number_4)

    @task
    def outputs(show, show_2, show_3, show_4, show_5, show_6, show_7, show_8, number, show_9, words, configured, configured_2, show_10, show_11, number_5):
        return run_step(show=show, show_2=show_2, show_3=show_3, show_4=show_4, show_5=show_5, show_6=show_6, show_7=show_7, show_8=show_8, number=number, show_9=show_9, words=words, configured=configured, configured_2=configured_2, show_10=show_10, show_11=show_11, number_5=number_5)

    rows_ = rows()
    number_ = number()
    words_ = words()
    show_ = show(number=number_)
    show_2_ = show_2(rows=rows_)
    show_3_ = show_3(rows=rows_)
    show_4_ = show_4(rows=rows_)
    show_5_ = show_5()
    show_6_ = show_6(rows=rows_, number=number_)
    show_7_ = show_7()
    show_8_ = show_8()
    show_9_ = show_9()
    configured_ = configured()
    configured_2_ = configured_2(number=number_)
    show_10_ = show_10()
    show_11_ = show_11(rows=rows_, number=number_)
    number_2_ = number_2()
    number_3_ = number_3(number_2=number_2_)
    number_4_ = number_4()
    number_5_ = number_5(number_3=number_3_, number_4=number_4_)
    outputs(show=show_, show_2=show_2_, show_3=show_3_, show_4=show_4_, show_5=show_5_, show_6=show_6_, show_7=show_7_, show_8=show_8_, number=number_, show_9=show_9_, words=words_, configured=configured_, configured_2=configured_2_, show_10=show_10_, show_11=show_11_, number_5=number_5_)


expressions()
