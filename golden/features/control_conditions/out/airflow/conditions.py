"""The pipeline conditions, compiled by Wye. Its step programs stand in conditions_steps/."""

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

STEPS = Path(__file__).with_name("conditions_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="conditions",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "n": Param(3, type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
        "rate": Param(0.5, type="number"),
        "name": Param("it's {{ n }}", type="string"),
        "flag": Param(True, type="boolean"),
        "xs": Param("[1, 2]", type="string", description="list[int], as JSON"),
    },
)
def conditions():
    @task
    def number():
        return run_step()

    @task
    def table():
        return run_step()

    @task
    def maybe():
        return run_step()

    @task.branch
    def if_1(number):
        return run_step(number=number)

    @task
    def add():
        return run_step()

    @task(trigger_rule="none_failed_min_one_success")
    def if_1_join(add):
        return run_step(add=add)

    @task.branch
    def if_2():
        return run_step()

    @task
    def add_2(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_2_join(add_2, if_1):
        return run_step(add_2=add_2, if_1=if_1)

    @task.branch
    def if_3():
        return run_step()

    @task
    def add_3(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_3_join(add_3, if_2):
        return run_step(add_3=add_3, if_2=if_2)

    @task.branch
    def if_4():
        return run_step()

    @task
    def add_4(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_4_join(add_4, if_3):
        return run_step(add_4=add_4, if_3=if_3)

    @task.branch
    def if_5():
        return run_step()

    @task
    def add_5(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_5_join(add_5, if_4):
        return run_step(add_5=add_5, if_4=if_4)

    @task
    def truth():
        return run_step()

    @task.branch
    def if_6(test):
        return run_step(test=test)

    @task
    def add_6(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_6_join(if_5, add_6):
        return run_step(if_5=if_5, add_6=add_6)

    @task.branch
    def if_7(maybe):
        return run_step(maybe=maybe)

    @task
    def add_7(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_7_join(add_7, if_6):
        return run_step(add_7=add_7, if_6=if_6)

    @task.branch
    def if_8(table):
        return run_step(table=table)

    @task
    def add_8(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_8_join(add_8, if_7):
        return run_step(add_8=add_8, if_7=if_7)

    @task.branch
    def if_9(number):
        return run_step(number=number)

    @task
    def add_9(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_9_join(add_9, if_8):
        return run_step(add_9=add_9, if_8=if_8)

    @task.branch
    def if_10(number):
        return run_step(number=number)

    @task
    def add_10(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_10_join(add_10, if_9):
        return run_step(add_10=add_10, if_9=if_9)

    @task.branch
    def if_11(number):
        return run_step(number=number)

    @task
    def add_11(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_11_join(add_11, if_10):
        return run_step(add_11=add_11, if_10=if_10)

    @task.branch
    def if_12():
        return run_step()

    @task
    def add_12(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_12_join(add_12, if_11):
        return run_step(add_12=add_12, if_11=if_11)

    @task
    def truth_2():
        return run_step()

    @task.branch
    def if_13(test):
        return run_step(test=test)

    @task
    def number_2():
        return run_step()

    @task
    def value(number_2):
        return run_step(number_2=number_2)

    @task(trigger_rule="none_failed_min_one_success")
    def if_13_join(value):
        return run_step(value=value)

    @task.branch
    def if_14(test):
        return run_step(test=test)

    @task
    def add_13(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_14_join(add_13, if_12):
        return run_step(add_13=add_13, if_12=if_12)

    @task
    def truth_3():
        return run_step()

    @task.branch
    def if_15(test):
        return run_step(test=test)

    @task
    def truth_4():
        return run_step()

    @task(trigger_rule="none_failed_min_one_success")
    def if_15_join(truth_4):
        return run_step(truth_4=truth_4)

    @task.branch
    def if_16(test):
        return run_step(test=test)

    @task
    def add_14(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_16_join(add_14, if_14):
        return run_step(add_14=add_14, if_14=if_14)

    @task
    def number_3():
        return run_step()

    @task.branch
    def if_17(number_3):
        return run_step(number_3=number_3)

    @task
    def number_4():
        return run_step()

    @task
    def value_2(number_3, number_4):
        return run_step(number_3=number_3, number_4=number_4)

    @task(trigger_rule="none_failed_min_one_success")
    def if_17_join(value_2):
        return run_step(value_2=value_2)

    @task.branch
    def if_18(test):
        return run_step(test=test)

    @task
    def add_15(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_18_join(add_15, if_16):
        return run_step(add_15=add_15, if_16=if_16)

    @task.branch
    def if_19(number):
        return run_step(number=number)

    @task
    def add_16(text):
        return run_step(text=text)

    @task(trigger_rule="none_failed_min_one_success")
    def if_19_join(add_16, if_18):
        return run_step(add_16=add_16, if_18=if_18)

    @task
    def outputs(if_19):
        return run_step(if_19=if_19)

    number_ = number()
    table_ = table()
    maybe_ = maybe()
    if_1_ = if_1(number=number_)
    add_ = add()
    if_1_join_ = if_1_join(add=add_)
    if_2_ = if_2()
    add_2_ = add_2(text=if_1_join_)
    if_2_join_ = if_2_join(add_2=add_2_, if_1=if_1_join_)
    if_3_ = if_3()
    add_3_ = add_3(text=if_2_join_)
    if_3_join_ = if_3_join(add_3=add_3_, if_2=if_2_join_)
    if_4_ = if_4()
    add_4_ = add_4(text=if_3_join_)
    if_4_join_ = if_4_join(add_4=add_4_, if_3=if_3_join_)
    if_5_ = if_5()
    add_5_ = add_5(text=if_4_join_)
    if_5_join_ = if_5_join(add_5=add_5_, if_4=if_4_join_)
    truth_ = truth()
    if_6_ = if_6(test=truth_)
    add_6_ = add_6(text=if_5_join_)
    if_6_join_ = if_6_join(if_5=if_5_join_, add_6=add_6_)
    if_7_ = if_7(maybe=maybe_)
    add_7_ = add_7(text=if_6_join_)
    if_7_join_ = if_7_join(add_7=add_7_, if_6=if_6_join_)
    if_8_ = if_8(table=table_)
    add_8_ = add_8(text=if_7_join_)
    if_8_join_ = if_8_join(add_8=add_8_, if_7=if_7_join_)
    if_9_ = if_9(number=number_)
    add_9_ = add_9(text=if_8_join_)
    if_9_join_ = if_9_join(add_9=add_9_, if_8=if_8_join_)
    if_10_ = if_10(number=number_)
    add_10_ = add_10(text=if_9_join_)
    if_10_join_ = if_10_join(add_10=add_10_, if_9=if_9_join_)
    if_11_ = if_11(number=number_)
    add_11_ = add_11(text=if_10_join_)
    if_11_join_ = if_11_join(add_11=add_11_, if_10=if_10_join_)
    if_12_ = if_12()
    add_12_ = add_12(text=if_11_join_)
    if_12_join_ = if_12_join(add_12=add_12_, if_11=if_11_join_)
    truth_2_ = truth_2()
    if_13_ = if_13(test=truth_2_)
    number_2_ = number_2()
    value_ = value(number_2=number_2_)
    if_13_join_ = if_13_join(value=value_)
    if_14_ = if_14(test=if_13_join_)
    add_13_ = add_13(text=if_12_join_)
    if_14_join_ = if_14_join(add_13=add_13_, if_12=if_12_join_)
    truth_3_ = truth_3()
    if_15_ = if_15(test=truth_3_)
    truth_4_ = truth_4()
    if_15_join_ = if_15_join(truth_4=truth_4_)
    if_16_ = if_16(test=if_15_join_)
    add_14_ = add_14(text=if_14_join_)
    if_16_join_ = if_16_join(add_14=add_14_, if_14=if_14_join_)
    number_3_ = number_3()
    if_17_ = if_17(number_3=number_3_)
    number_4_ = number_4()
    value_2_ = value_2(number_3=number_3_, number_4=number_4_)
    if_17_join_ = if_17_join(value_2=value_2_)
    if_18_ = if_18(test=if_17_join_)
    add_15_ = add_15(text=if_16_join_)
    if_18_join_ = if_18_join(add_15=add_15_, if_16=if_16_join_)
    if_19_ = if_19(number=number_)
    add_16_ = add_16(text=if_18_join_)
    if_19_join_ = if_19_join(add_16=add_16_, if_18=if_18_join_)
    outputs(if_19=if_19_join_)
    if_1_ >> [add_, if_1_join_]
    if_1_join_ >> if_2_
    if_2_ >> [add_2_, if_2_join_]
    if_2_join_ >> if_3_
    if_3_ >> [add_3_, if_3_join_]
    if_3_join_ >> if_4_
    if_4_ >> [add_4_, if_4_join_]
    if_4_join_ >> if_5_
    if_5_ >> [add_5_, if_5_join_]
    if_5_join_ >> if_6_
    if_6_ >> [add_6_, if_6_join_]
    if_6_join_ >> if_7_
    if_7_ >> [add_7_, if_7_join_]
    if_7_join_ >> if_8_
    if_8_ >> [add_8_, if_8_join_]
    if_8_join_ >> if_9_
    if_9_ >> [add_9_, if_9_join_]
    if_9_join_ >> if_10_
    if_10_ >> [add_10_, if_10_join_]
    if_10_join_ >> if_11_
    if_11_ >> [add_11_, if_11_join_]
    if_11_join_ >> if_12_
    if_12_ >> [add_12_, if_12_join_]
    if_13_ >> [number_2_, if_13_join_]
    if_12_join_ >> if_14_
    if_14_ >> [add_13_, if_14_join_]
    if_15_ >> [truth_4_, if_15_join_]
    if_14_join_ >> if_16_
    if_16_ >> [add_14_, if_16_join_]
    if_17_ >> [number_4_, if_17_join_]
    if_16_join_ >> if_18_
    if_18_ >> [add_15_, if_18_join_]
    if_18_join_ >> if_19_
    if_19_ >> [add_16_, if_19_join_]


conditions()
