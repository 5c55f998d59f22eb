"""The pipeline unrolled, compiled by Wye. Its step programs stand in unrolled_steps/."""

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

STEPS = Path(__file__).with_name("unrolled_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="unrolled",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(2, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def unrolled():
    @task
    def fetch():
        return run_step()

    @task
    def fetch_2():
        return run_step()

    @task
    def fetch_3():
        return run_step()

    @task
    def fit():
        return run_step()

    @task
    def fit_2():
        return run_step()

    @task
    def fit_3():
        return run_step()

    @task
    def fit_4():
        return run_step()

    @task
    def fit_5():
        return run_step()

    @task
    def fit_6():
        return run_step()

    @task
    def fetch_4():
        return run_step()

    @task
    def fetch_5():
        return run_step()

    @task
    def fetch_6():
        return run_step()

    @task
    def fetch_7():
        return run_step()

    @task
    def plus():
        return run_step()

    @task
    def plus_2(total):
        return run_step(total=total)

    @task
    def plus_3(total):
        return run_step(total=total)

    @task
    def fetch_8():
        return run_step()

    @task
    def fetch_9():
        return run_step()

    @task
    def fetch_10():
        return run_step()

    @task
    def fit_7():
        return run_step()

    @task
    def fit_8():
        return run_step()

    @task
    def fit_9():
        return run_step()

    @task
    def join(fetch, fetch_2, fetch_3):
        return run_step(fetch=fetch, fetch_2=fetch_2, fetch_3=fetch_3)

    @task
    def best(fit, fit_2, fit_3, fit_4, fit_5, fit_6):
        return run_step(fit=fit, fit_2=fit_2, fit_3=fit_3, fit_4=fit_4, fit_5=fit_5, fit_6=fit_6)

    @task
    def outputs(join, best, fit_3, fit_4, fit_5, fit_6, fetch_7, plus_3, fetch_8, fetch_9, fetch_10, fit_7, fit_8, fit_9):
        return run_step(join=join, best=best, fit_3=fit_3, fit_4=fit_4, fit_5=fit_5, fit_6=fit_6, fetch_7=fetch_7, plus_3=plus_3, fetch_8=fetch_8, fetch_9=fetch_9, fetch_10=fetch_10, fit_7=fit_7, fit_8=fit_8, fit_9=fit_9)

    fetch_ = fetch()
    fetch_2_ = fetch_2()
    fetch_3_ = fetch_3()
    fit_ = fit()
    fit_2_ = fit_2()
    fit_3_ = fit_3()
    fit_4_ = fit_4()
    fit_5_ = fit_5()
    fit_6_ = fit_6()
    fetch_4_ = fetch_4()
    fetch_5_ = fetch_5()
    fetch_6_ = fetch_6()
    fetch_7_ = fetch_7()
    plus_ = plus()
    plus_2_ = plus_2(total=plus_)
    plus_3_ = plus_3(total=plus_2_)
    fetch_8_ = fetch_8()
    fetch_9_ = fetch_9()
    fetch_10_ = fetch_10()
    fit_7_ = fit_7()
    fit_8_ = fit_8()
    fit_9_ = fit_9()
    join_ = join(fetch=fetch_, fetch_2=fetch_2_, fetch_3=fetch_3_)
    best_ = best(fit=fit_, fit_2=fit_2_, fit_3=fit_3_, fit_4=fit_4_, fit_5=fit_5_, fit_6=fit_6_)
    outputs(join=join_, best=best_, fit_3=fit_3_, fit_4=fit_4_, fit_5=fit_5_, fit_6=fit_6_, fetch_7=fetch_7_, plus_3=plus_3_, fetch_8=fetch_8_, fetch_9=fetch_9_, fetch_10=fetch_10_, fit_7=fit_7_, fit_8=fit_8_, fit_9=fit_9_)
    [fetch_, fetch_2_, fetch_3_, fit_, fit_2_, fit_3_, fit_4_, fit_5_, fit_6_] >> fetch_4_
    fetch_4_ >> fetch_5_
    fetch_5_ >> fetch_6_
    fetch_6_ >> fetch_7_
    fetch_6_ >> plus_
    fetch_6_ >> fetch_8_
    fetch_6_ >> fetch_9_
    fetch_6_ >> fetch_10_
    fetch_6_ >> fit_7_
    fetch_6_ >> fit_8_
    fetch_6_ >> fit_9_
    fetch_6_ >> join_
    fetch_6_ >> best_


unrolled()
