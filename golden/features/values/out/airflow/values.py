"""The pipeline values, compiled by Wye. Its step programs stand in values_steps/."""

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

STEPS = Path(__file__).with_name("values_steps")
STORE = None  # where artifacts go; None: $WYE_STORE, or with a local executor $AIRFLOW_HOME/wye


def run_step(**inputs):
    """Run the current task's program in a fresh interpreter: no code of the pipeline is ever imported into Airflow."""
    adapter = runpy.run_path(str(STEPS / "adapter.py"))
    return adapter["run_step"](STEPS, STORE, get_current_context(), inputs)


@dag(
    dag_id="values",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 0},
    params={
        "none": Param("null", type="string", description="int | None, as JSON"),
        "empty_list": Param("[]", type="string", description="list[int], as JSON"),
        "empty_dict": Param("{}", type="string", description="dict[str, int], as JSON"),
        "big": Param("9007199254740993", type=["integer", "string"], minimum=-(2**53) + 1, maximum=2**53 - 1),
        "ratio": Param(1.0, type="number"),
        "tiny": Param(5e-324, type="number"),
        "flag": Param(False, type="boolean"),
        "deep": Param("[[], [null, [[]], {}]]", type="string", description="list[list[Any]], as JSON"),
        "word": Param("", type="string"),
    },
)
def values():
    @task
    def shape():
        return run_step()

    @task
    def pair():
        return run_step()

    @task
    def nothing():
        return run_step()

    @task
    def maybe():
        return run_step()

    @task
    def maybe_2():
        return run_step()

    @task
    def maybe_3():
        return run_step()

    @task
    def any_of():
        return run_step()

    @task
    def any_of_2():
        return run_step()

    @task
    def any_of_3():
        return run_step()

    @task
    def any_of_4():
        return run_step()

    @task
    def any_of_5():
        return run_step()

    @task
    def any_of_6():
        return run_step()

    @task
    def integer():
        return run_step()

    @task
    def integer_2():
        return run_step()

    @task
    def integers():
        return run_step()

    @task
    def real():
        return run_step()

    @task
    def real_2():
        return run_step()

    @task
    def real_3():
        return run_step()

    @task
    def numbers():
        return run_step()

    @task
    def numbers_2():
        return run_step()

    @task
    def any_of_7(value):
        return run_step(value=value)

    @task
    def truth():
        return run_step()

    @task
    def truth_2():
        return run_step()

    @task
    def any_of_8():
        return run_step()

    @task
    def nested():
        return run_step()

    @task
    def nested_2():
        return run_step()

    @task
    def any_of_9(nested_2_out0, nested_2_out1):
        return run_step(nested_2_out0=nested_2_out0, nested_2_out1=nested_2_out1)

    @task
    def keys():
        return run_step()

    @task
    def keys_2():
        return run_step()

    @task
    def any_of_10(value):
        return run_step(value=value)

    @task
    def by_tuple():
        return run_step()

    @task
    def any_of_11():
        return run_step()

    @task
    def sets():
        return run_step()

    @task
    def describe(sets_out0, sets_out1):
        return run_step(sets_out0=sets_out0, sets_out1=sets_out1)

    @task
    def sets_2():
        return run_step()

    @task
    def any_of_12(sets_2_out0, sets_2_out1):
        return run_step(sets_2_out0=sets_2_out0, sets_2_out1=sets_2_out1)

    @task
    def raw():
        return run_step()

    @task
    def describe_2(value):
        return run_step(value=value)

    @task
    def times():
        return run_step()

    @task
    def times_2():
        return run_step()

    @task
    def any_of_13(value):
        return run_step(value=value)

    @task
    def inside(s):
        return run_step(s=s)

    @task
    def describe_3():
        return run_step()

    @task
    def describe_4():
        return run_step()

    @task
    def describe_5():
        return run_step()

    @task
    def keys_3():
        return run_step()

    @task
    def describe_6(value):
        return run_step(value=value)

    @task
    def describe_7(pair_left, pair_right):
        return run_step(pair_left=pair_left, pair_right=pair_right)

    @task
    def describe_8():
        return run_step()

    @task
    def describe_9():
        return run_step()

    @task
    def nothing_2():
        return run_step()

    @task
    def numbers_3():
        return run_step()

    @task
    def nested_3():
        return run_step()

    @task
    def gather(nothing_2, numbers_3, nested_3_out0, nested_3_out1):
        return run_step(nothing_2=nothing_2, numbers_3=numbers_3, nested_3_out0=nested_3_out0, nested_3_out1=nested_3_out1)

    @task
    def outputs(nothing, maybe, maybe_2, maybe_3, any_of, any_of_2, any_of_3, any_of_4, any_of_5, any_of_6, integer, integer_2, integers, real, real_2, real_3, numbers, any_of_7, truth, truth_2, any_of_8, nested_out0, nested_out1, any_of_9, keys, any_of_10, by_tuple, any_of_11, describe, any_of_12, describe_2, times, any_of_13, inside_out0, inside_out1, inside_out2, inside_out3, shape, pair_left, pair_right, describe_3, describe_4, describe_5, describe_6, describe_7, describe_8, describe_9, gather):
        return run_step(nothing=nothing, maybe=maybe, maybe_2=maybe_2, maybe_3=maybe_3, any_of=any_of, any_of_2=any_of_2, any_of_3=any_of_3, any_of_4=any_of_4, any_of_5=any_of_5, any_of_6=any_of_6, integer=integer, integer_2=integer_2, integers=integers, real=real, real_2=real_2, real_3=real_3, numbers=numbers, any_of_7=any_of_7, truth=truth, truth_2=truth_2, any_of_8=any_of_8, nested_out0=nested_out0, nested_out1=nested_out1, any_of_9=any_of_9, keys=keys, any_of_10=any_of_10, by_tuple=by_tuple, any_of_11=any_of_11, describe=describe, any_of_12=any_of_12, describe_2=describe_2, times=times, any_of_13=any_of_13, inside_out0=inside_out0, inside_out1=inside_out1, inside_out2=inside_out2, inside_out3=inside_out3, shape=shape, pair_left=pair_left, pair_right=pair_right, describe_3=describe_3, describe_4=describe_4, describe_5=describe_5, describe_6=describe_6, describe_7=describe_7, describe_8=describe_8, describe_9=describe_9, gather=gather)

    shape_ = shape()
    pair_ = pair()
    nothing_ = nothing()
    maybe_ = maybe()
    maybe_2_ = maybe_2()
    maybe_3_ = maybe_3()
    any_of_ = any_of()
    any_of_2_ = any_of_2()
    any_of_3_ = any_of_3()
    any_of_4_ = any_of_4()
    any_of_5_ = any_of_5()
    any_of_6_ = any_of_6()
    integer_ = integer()
    integer_2_ = integer_2()
    integers_ = integers()
    real_ = real()
    real_2_ = real_2()
    real_3_ = real_3()
    numbers_ = numbers()
    numbers_2_ = numbers_2()
    any_of_7_ = any_of_7(value=numbers_2_)
    truth_ = truth()
    truth_2_ = truth_2()
    any_of_8_ = any_of_8()
    nested_ = nested()
    nested_2_ = nested_2()
    any_of_9_ = any_of_9(nested_2_out0=nested_2_, nested_2_out1=nested_2_)
    keys_ = keys()
    keys_2_ = keys_2()
    any_of_10_ = any_of_10(value=keys_2_)
    by_tuple_ = by_tuple()
    any_of_11_ = any_of_11()
    sets_ = sets()
    describe_ = describe(sets_out0=sets_, sets_out1=sets_)
    sets_2_ = sets_2()
    any_of_12_ = any_of_12(sets_2_out0=sets_2_, sets_2_out1=sets_2_)
    raw_ = raw()
    describe_2_ = describe_2(value=raw_)
    times_ = times()
    times_2_ = times_2()
    any_of_13_ = any_of_13(value=times_2_)
    inside_ = inside(s=shape_)
    describe_3_ = describe_3()
    describe_4_ = describe_4()
    describe_5_ = describe_5()
    keys_3_ = keys_3()
    describe_6_ = describe_6(value=keys_3_)
    describe_7_ = describe_7(pair_left=pair_, pair_right=pair_)
    describe_8_ = describe_8()
    describe_9_ = describe_9()
    nothing_2_ = nothing_2()
    numbers_3_ = numbers_3()
    nested_3_ = nested_3()
    gather_ = gather(nothing_2=nothing_2_, numbers_3=numbers_3_, nested_3_out0=nested_3_, nested_3_out1=nested_3_)
    outputs(nothing=nothing_, maybe=maybe_, maybe_2=maybe_2_, maybe_3=maybe_3_, any_of=any_of_, any_of_2=any_of_2_, any_of_3=any_of_3_, any_of_4=any_of_4_, any_of_5=any_of_5_, any_of_6=any_of_6_, integer=integer_, integer_2=integer_2_, integers=integers_, real=real_, real_2=real_2_, real_3=real_3_, numbers=numbers_, any_of_7=any_of_7_, truth=truth_, truth_2=truth_2_, any_of_8=any_of_8_, nested_out0=nested_, nested_out1=nested_, any_of_9=any_of_9_, keys=keys_, any_of_10=any_of_10_, by_tuple=by_tuple_, any_of_11=any_of_11_, describe=describe_, any_of_12=any_of_12_, describe_2=describe_2_, times=times_, any_of_13=any_of_13_, inside_out0=inside_, inside_out1=inside_, inside_out2=inside_, inside_out3=inside_, shape=shape_, pair_left=pair_, pair_right=pair_, describe_3=describe_3_, describe_4=describe_4_, describe_5=describe_5_, describe_6=describe_6_, describe_7=describe_7_, describe_8=describe_8_, describe_9=describe_9_, gather=gather_)


values()
