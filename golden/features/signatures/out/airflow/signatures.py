"""The pipeline signatures, compiled by Wye. Its step programs stand in signatures_steps/."""

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

STEPS = Path(__file__).with_name("signatures_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="signatures",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(1, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
        "m": Param(2, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
        "name": Param("name", type="string"),
    },
)
def signatures():
    @task
    def mixed():
        return run_step()

    @task
    def mixed_2():
        return run_step()

    @task
    def mixed_3():
        return run_step()

    @task
    def mixed_4():
        return run_step()

    @task
    def union():
        return run_step()

    @task
    def union_2():
        return run_step()

    @task
    def union_3():
        return run_step()

    @task
    def reals():
        return run_step()

    @task
    def none_default():
        return run_step()

    @task
    def none_default_2():
        return run_step()

    @task
    def no_annotations():
        return run_step()

    @task
    def no_annotations_2():
        return run_step()

    @task
    def outputs(mixed, mixed_2, mixed_3, mixed_4, union, union_2, union_3, reals, none_default, none_default_2, no_annotations, no_annotations_2):
        return run_step(mixed=mixed, mixed_2=mixed_2, mixed_3=mixed_3, mixed_4=mixed_4, union=union, union_2=union_2, union_3=union_3, reals=reals, none_default=none_default, none_default_2=none_default_2, no_annotations=no_annotations, no_annotations_2=no_annotations_2)

    mixed_ = mixed()
    mixed_2_ = mixed_2()
    mixed_3_ = mixed_3()
    mixed_4_ = mixed_4()
    union_ = union()
    union_2_ = union_2()
    union_3_ = union_3()
    reals_ = reals()
    none_default_ = none_default()
    none_default_2_ = none_default_2()
    no_annotations_ = no_annotations()
    no_annotations_2_ = no_annotations_2()
    outputs(mixed=mixed_, mixed_2=mixed_2_, mixed_3=mixed_3_, mixed_4=mixed_4_, union=union_, union_2=union_2_, union_3=union_3_, reals=reals_, none_default=none_default_, none_default_2=none_default_2_, no_annotations=no_annotations_, no_annotations_2=no_annotations_2_)


signatures()
