"""The pipeline artifacts, compiled by Wye. Its step programs stand in artifacts_steps/."""

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

STEPS = Path(__file__).with_name("artifacts_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="artifacts",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "text": Param("hello\n", type="string"),
    },
)
def artifacts():
    @task
    def write():
        return run_step()

    @task
    def write_2():
        return run_step()

    @task
    def fit():
        return run_step()

    @task
    def improve(model):
        return run_step(model=model)

    @task
    def report(page):
        return run_step(page=page)

    @task
    def read(file):
        return run_step(file=file)

    @task
    def read_2(file):
        return run_step(file=file)

    @task
    def scribble(file):
        return run_step(file=file)

    @task
    def read_3(file):
        return run_step(file=file)

    @task
    def tree():
        return run_step()

    @task
    def list_tree(root):
        return run_step(root=root)

    @task
    def several():
        return run_step()

    @task
    def read_all(files):
        return run_step(files=files)

    @task
    def by_name():
        return run_step()

    @task
    def read_dict(files):
        return run_step(files=files)

    @task
    def read_report(r):
        return run_step(r=r)

    @task
    def predict(model):
        return run_step(model=model)

    @task
    def predict_2(model):
        return run_step(model=model)

    @task
    def is_model(model):
        return run_step(model=model)

    @task
    def blob():
        return run_step()

    @task
    def size(data):
        return run_step(data=data)

    @task
    def callback():
        return run_step()

    @task
    def use(f):
        return run_step(f=f)

    @task
    def outputs(read, read_2, scribble, read_3, list_tree, read_all, read_dict, read_report, predict, predict_2, is_model, size, use):
        return run_step(read=read, read_2=read_2, scribble=scribble, read_3=read_3, list_tree=list_tree, read_all=read_all, read_dict=read_dict, read_report=read_report, predict=predict, predict_2=predict_2, is_model=is_model, size=size, use=use)

    write_ = write()
    write_2_ = write_2()
    fit_ = fit()
    improve_ = improve(model=fit_)
    report_ = report(page=write_)
    read_ = read(file=write_)
    read_2_ = read_2(file=write_2_)
    scribble_ = scribble(file=write_)
    read_3_ = read_3(file=write_)
    tree_ = tree()
    list_tree_ = list_tree(root=tree_)
    several_ = several()
    read_all_ = read_all(files=several_)
    by_name_ = by_name()
    read_dict_ = read_dict(files=by_name_)
    read_report_ = read_report(r=report_)
    predict_ = predict(model=fit_)
    predict_2_ = predict_2(model=improve_)
    is_model_ = is_model(model=improve_)
    blob_ = blob()
    size_ = size(data=blob_)
    callback_ = callback()
    use_ = use(f=callback_)
    outputs(read=read_, read_2=read_2_, scribble=scribble_, read_3=read_3_, list_tree=list_tree_, read_all=read_all_, read_dict=read_dict_, read_report=read_report_, predict=predict_, predict_2=predict_2_, is_model=is_model_, size=size_, use=use_)


artifacts()
