"""The pipeline outputs, compiled by Wye. Its step programs stand in outputs_steps/."""

from __future__ import annotations

import runpy
from pathlib import Path

import pendulum

try:
    from airflow.sdk import dag, get_current_context, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.operators.python import get_current_context

STEPS = Path(__file__).with_name("outputs_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="outputs",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
)
def outputs():
    @task
    def two():
        return run_step()

    @task
    def two_2():
        return run_step()

    @task
    def many():
        return run_step()

    @task
    def add():
        return run_step()

    @task
    def two_3():
        return run_step()

    @task
    def items():
        return run_step()

    @task
    def scores():
        return run_step()

    @task
    def both():
        return run_step()

    @task
    def one():
        return run_step()

    @task
    def show(value):
        return run_step(value=value)

    @task
    def show_2(value):
        return run_step(value=value)

    @task
    def show_3(two_2_out0, two_2_out1):
        return run_step(two_2_out0=two_2_out0, two_2_out1=two_2_out1)

    @task
    def show_4(value):
        return run_step(value=value)

    @task
    def show_5(value):
        return run_step(value=value)

    @task
    def show_6(value):
        return run_step(value=value)

    @task
    def show_7(many):
        return run_step(many=many)

    @task
    def add_2(items):
        return run_step(items=items)

    @task
    def show_8(value):
        return run_step(value=value)

    @task
    def show_9(value):
        return run_step(value=value)

    @task
    def show_10(value):
        return run_step(value=value)

    @task
    def type_name(scores_auc, scores_table, scores_model):
        return run_step(scores_auc=scores_auc, scores_table=scores_table, scores_model=scores_model)

    @task
    def named():
        return run_step()

    @task
    def named_2():
        return run_step()

    @task
    def show_11(value):
        return run_step(value=value)

    @task
    def show_12(value):
        return run_step(value=value)

    @task
    def untyped():
        return run_step()

    @task
    def untyped_2():
        return run_step()

    @task
    def show_13(value):
        return run_step(value=value)

    @task
    def swap(a, b):
        return run_step(a=a, b=b)

    @task
    def outputs(show, show_2, show_3, show_4, show_5, show_6, two_2_out0, two_2_out1, many, show_7, add, two_3_out0, two_3_out1, add_2, items, show_8, scores_table, show_9, show_10, type_name, scores_auc, named_accuracy, show_11, both_rows, both_columns, show_12, untyped, show_13, swap_out0, swap_out1):
        return run_step(show=show, show_2=show_2, show_3=show_3, show_4=show_4, show_5=show_5, show_6=show_6, two_2_out0=two_2_out0, two_2_out1=two_2_out1, many=many, show_7=show_7, add=add, two_3_out0=two_3_out0, two_3_out1=two_3_out1, add_2=add_2, items=items, show_8=show_8, scores_table=scores_table, show_9=show_9, show_10=show_10, type_name=type_name, scores_auc=scores_auc, named_accuracy=named_accuracy, show_11=show_11, both_rows=both_rows, both_columns=both_columns, show_12=show_12, untyped=untyped, show_13=show_13, swap_out0=swap_out0, swap_out1=swap_out1)

    two_ = two()
    two_2_ = two_2()
    many_ = many()
    add_ = add()
    two_3_ = two_3()
    items_ = items()
    scores_ = scores()
    both_ = both()
    one_ = one()
    show_ = show(value=two_)
    show_2_ = show_2(value=two_)
    show_3_ = show_3(two_2_out0=two_2_, two_2_out1=two_2_)
    show_4_ = show_4(value=two_2_)
    show_5_ = show_5(value=two_2_)
    show_6_ = show_6(value=two_2_)
    show_7_ = show_7(many=many_)
    add_2_ = add_2(items=items_)
    show_8_ = show_8(value=scores_)
    show_9_ = show_9(value=scores_)
    show_10_ = show_10(value=scores_)
    type_name_ = type_name(scores_auc=scores_, scores_table=scores_, scores_model=scores_)
    named_ = named()
    named_2_ = named_2()
    show_11_ = show_11(value=named_2_)
    show_12_ = show_12(value=one_)
    untyped_ = untyped()
    untyped_2_ = untyped_2()
    show_13_ = show_13(value=untyped_2_)
    swap_ = swap(a=two_, b=both_)
    outputs(show=show_, show_2=show_2_, show_3=show_3_, show_4=show_4_, show_5=show_5_, show_6=show_6_, two_2_out0=two_2_, two_2_out1=two_2_, many=many_, show_7=show_7_, add=add_, two_3_out0=two_3_, two_3_out1=two_3_, add_2=add_2_, items=items_, show_8=show_8_, scores_table=scores_, show_9=show_9_, show_10=show_10_, type_name=type_name_, scores_auc=scores_, named_accuracy=named_, show_11=show_11_, both_rows=both_, both_columns=both_, show_12=show_12_, untyped=untyped_, show_13=show_13_, swap_out0=swap_, swap_out1=swap_)


outputs()
