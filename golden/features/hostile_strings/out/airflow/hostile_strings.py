"""The pipeline hostile_strings, compiled by Wye. Its step programs stand in hostile_strings_steps/."""

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

STEPS = Path(__file__).with_name("hostile_strings_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="hostile_strings",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "jinja": Param("{{ 1 + 1 }} {{ds}} {% raw %} {# c #}", type="string"),
        "shell": Param("${HOME} $(id) `id` $HOME; rm -rf / # && || > < | & \\", type="string"),
        "percent": Param("%(x)s %s %d %%", type="string"),
        "quotes": Param('\'single\' "double" \'\'\'triple\'\'\' \\"', type="string"),
        "lines": Param("one\ntwo\r\nthree\rfour\ttab\n", type="string"),
        "yes": Param("yes", type="string"),
        "number": Param("007", type="string"),
        "null": Param("null", type="string"),
        "text_of_json": Param('{"a": [1, null]}', type="string"),
        "string_of_json": Param('"quoted"', type="string"),
        "kfp": Param("{{$}} {{$.inputs.parameters['x']}} {{$.json_escape[1]}}", type="string"),
        "words": Param('["{{ ds }}", "\'", "\\"", "${{ x }}", "", " ", "\\u202eRTL\\u202c", "\\ud83d\\ude00"]', type=["string", "array"], description="list[str], as JSON"),
        "cells": Param('{"$dict": [["{{ key }}", "$(value)"], ["a\'b", "c\\"d"], ["", ""], ["$dollar", "1"], ["no", "off"]]}', type="string", description="dict[str, str], as JSON"),
    },
)
def hostile_strings():
    @task
    def echo():
        return run_step()

    @task
    def echo_2():
        return run_step()

    @task
    def echo_3():
        return run_step()

    @task
    def echo_4():
        return run_step()

    @task
    def echo_5():
        return run_step()

    @task
    def echo_6():
        return run_step()

    @task
    def echo_7():
        return run_step()

    @task
    def echo_8():
        return run_step()

    @task
    def echo_9():
        return run_step()

    @task
    def echo_10():
        return run_step()

    @task
    def echo_11():
        return run_step()

    @task
    def echo_all():
        return run_step()

    @task
    def table():
        return run_step()

    @task
    def echo_all_2():
        return run_step()

    @task
    def echo_12():
        return run_step()

    @task
    def table_2():
        return run_step()

    @task
    def environment():
        return run_step()

    @task
    def made():
        return run_step()

    @task
    def echo_all_3(texts):
        return run_step(texts=texts)

    @task
    def echo_13():
        return run_step()

    @task
    def render():
        return run_step()

    @task
    def big():
        return run_step()

    @task
    def measure(text):
        return run_step(text=text)

    @task
    def big_2():
        return run_step()

    @task
    def measure_2(text):
        return run_step(text=text)

    @task
    def outputs(echo, echo_2, echo_3, echo_4, echo_5, echo_6, echo_7, echo_8, echo_9, echo_10, echo_11, echo_all, table, echo_all_2, echo_12, table_2, environment, echo_all_3, echo_13, render, measure_out0, measure_out1, measure_out2, measure_2_out0, measure_2_out1, measure_2_out2):
        return run_step(echo=echo, echo_2=echo_2, echo_3=echo_3, echo_4=echo_4, echo_5=echo_5, echo_6=echo_6, echo_7=echo_7, echo_8=echo_8, echo_9=echo_9, echo_10=echo_10, echo_11=echo_11, echo_all=echo_all, table=table, echo_all_2=echo_all_2, echo_12=echo_12, table_2=table_2, environment=environment, echo_all_3=echo_all_3, echo_13=echo_13, render=render, measure_out0=measure_out0, measure_out1=measure_out1, measure_out2=measure_out2, measure_2_out0=measure_2_out0, measure_2_out1=measure_2_out1, measure_2_out2=measure_2_out2)

    echo_ = echo()
    echo_2_ = echo_2()
    echo_3_ = echo_3()
    echo_4_ = echo_4()
    echo_5_ = echo_5()
    echo_6_ = echo_6()
    echo_7_ = echo_7()
    echo_8_ = echo_8()
    echo_9_ = echo_9()
    echo_10_ = echo_10()
    echo_11_ = echo_11()
    echo_all_ = echo_all()
    table_ = table()
    echo_all_2_ = echo_all_2()
    echo_12_ = echo_12()
    table_2_ = table_2()
    environment_ = environment()
    made_ = made()
    echo_all_3_ = echo_all_3(texts=made_)
    echo_13_ = echo_13()
    render_ = render()
    big_ = big()
    measure_ = measure(text=big_)
    big_2_ = big_2()
    measure_2_ = measure_2(text=big_2_)
    outputs(echo=echo_, echo_2=echo_2_, echo_3=echo_3_, echo_4=echo_4_, echo_5=echo_5_, echo_6=echo_6_, echo_7=echo_7_, echo_8=echo_8_, echo_9=echo_9_, echo_10=echo_10_, echo_11=echo_11_, echo_all=echo_all_, table=table_, echo_all_2=echo_all_2_, echo_12=echo_12_, table_2=table_2_, environment=environment_, echo_all_3=echo_all_3_, echo_13=echo_13_, render=render_, measure_out0=measure_, measure_out1=measure_, measure_out2=measure_, measure_2_out0=measure_2_, measure_2_out1=measure_2_, measure_2_out2=measure_2_)


hostile_strings()
