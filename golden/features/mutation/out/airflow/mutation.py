"""The pipeline mutation, compiled by Wye. Its step programs stand in mutation_steps/."""

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

STEPS = Path(__file__).with_name("mutation_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="mutation",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "row": Param('{"a": []}', type="string", description="dict[str, list[int]], as JSON"),
    },
)
def mutation():
    @task
    def load():
        return run_step()

    @task
    def sort(xs):
        return run_step(xs=xs)

    @task
    def clear(xs):
        return run_step(xs=xs)

    @task
    def twice():
        return run_step()

    @task
    def poke(row):
        return run_step(row=row)

    @task
    def write():
        return run_step()

    @task
    def write_2():
        return run_step()

    @task
    def grow():
        return run_step()

    @task
    def grow_2():
        return run_step()

    @task
    def grow_3():
        return run_step()

    @task
    def shared():
        return run_step()

    @task
    def poke_first(rows):
        return run_step(rows=rows)

    @task
    def read(path):
        return run_step(path=path)

    @task
    def read_2(path):
        return run_step(path=path)

    @task
    def setenv():
        return run_step()

    @task
    def outputs(load, sort, clear, grow, grow_2, grow_3, twice_out0, twice_out1, poke, poke_first, read, read_2, setenv):
        return run_step(load=load, sort=sort, clear=clear, grow=grow, grow_2=grow_2, grow_3=grow_3, twice_out0=twice_out0, twice_out1=twice_out1, poke=poke, poke_first=poke_first, read=read, read_2=read_2, setenv=setenv)

    load_ = load()
    sort_ = sort(xs=load_)
    clear_ = clear(xs=load_)
    twice_ = twice()
    poke_ = poke(row=twice_)
    write_ = write()
    write_2_ = write_2()
    grow_ = grow()
    grow_2_ = grow_2()
    grow_3_ = grow_3()
    shared_ = shared()
    poke_first_ = poke_first(rows=shared_)
    read_ = read(path=write_)
    read_2_ = read_2(path=write_2_)
    setenv_ = setenv()
    outputs(load=load_, sort=sort_, clear=clear_, grow=grow_, grow_2=grow_2_, grow_3=grow_3_, twice_out0=twice_, twice_out1=twice_, poke=poke_, poke_first=poke_first_, read=read_, read_2=read_2_, setenv=setenv_)


mutation()
