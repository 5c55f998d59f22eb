"""The pipeline nested, compiled by Wye. Its step programs stand in nested_steps/."""

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

STEPS = Path(__file__).with_name("nested_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="nested",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(4, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
    },
)
def nested():
    @task
    def both_summed_source():
        return run_step()

    @task
    def both_summed_total(xs):
        return run_step(xs=xs)

    @task
    def both_summed_2_source():
        return run_step()

    @task
    def both_summed_2_total(xs):
        return run_step(xs=xs)

    @task
    def gate_require(value, least):
        return run_step(value=value, least=least)

    @task
    def normalise_largest_largest_of(both_summed_total, both_summed_2_total):
        return run_step(both_summed_total=both_summed_total, both_summed_2_total=both_summed_2_total)

    @task
    def normalise_divide(by, both_summed_total, both_summed_2_total):
        return run_step(by=by, both_summed_total=both_summed_total, both_summed_2_total=both_summed_2_total)

    @task
    def both_2_summed_source():
        return run_step()

    @task
    def both_2_summed_total(xs):
        return run_step(xs=xs)

    @task
    def both_2_summed_2_source():
        return run_step()

    @task
    def both_2_summed_2_total(xs):
        return run_step(xs=xs)

    @task
    def source():
        return run_step()

    @task
    def largest_largest_of(xs):
        return run_step(xs=xs)

    @task
    def summed_source():
        return run_step()

    @task
    def summed_total(xs):
        return run_step(xs=xs)

    @task
    def outputs(both_summed_total, both_summed_2_total, both_2_summed_total, both_2_summed_2_total, normalise_divide, largest_largest_of, summed_total):
        return run_step(both_summed_total=both_summed_total, both_summed_2_total=both_summed_2_total, both_2_summed_total=both_2_summed_total, both_2_summed_2_total=both_2_summed_2_total, normalise_divide=normalise_divide, largest_largest_of=largest_largest_of, summed_total=summed_total)

    both_summed_source_ = both_summed_source()
    both_summed_total_ = both_summed_total(xs=both_summed_source_)
    both_summed_2_source_ = both_summed_2_source()
    both_summed_2_total_ = both_summed_2_total(xs=both_summed_2_source_)
    gate_require_ = gate_require(value=both_summed_2_total_, least=both_summed_total_)
    normalise_largest_largest_of_ = normalise_largest_largest_of(both_summed_total=both_summed_total_, both_summed_2_total=both_summed_2_total_)
    normalise_divide_ = normalise_divide(by=normalise_largest_largest_of_, both_summed_total=both_summed_total_, both_summed_2_total=both_summed_2_total_)
    both_2_summed_source_ = both_2_summed_source()
    both_2_summed_total_ = both_2_summed_total(xs=both_2_summed_source_)
    both_2_summed_2_source_ = both_2_summed_2_source()
    both_2_summed_2_total_ = both_2_summed_2_total(xs=both_2_summed_2_source_)
    source_ = source()
    largest_largest_of_ = largest_largest_of(xs=source_)
    summed_source_ = summed_source()
    summed_total_ = summed_total(xs=summed_source_)
    outputs_ = outputs(both_summed_total=both_summed_total_, both_summed_2_total=both_summed_2_total_, both_2_summed_total=both_2_summed_total_, both_2_summed_2_total=both_2_summed_2_total_, normalise_divide=normalise_divide_, largest_largest_of=largest_largest_of_, summed_total=summed_total_)
    gate_require_ >> normalise_largest_largest_of_
    gate_require_ >> both_2_summed_source_
    gate_require_ >> both_2_summed_2_source_
    gate_require_ >> source_
    gate_require_ >> largest_largest_of_
    [both_summed_total_, both_summed_2_total_, gate_require_] >> summed_source_
    gate_require_ >> outputs_


nested()
