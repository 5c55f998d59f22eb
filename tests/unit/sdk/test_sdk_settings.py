"""Settings are checked when they are made, and are dataclasses to whoever asks."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from wye import Cache, Format, Resources, Retry, Schedule, Secret
from wye.sdk.settings import PipelineOptions, SettingError, StepSettings, memory_bytes, seconds


def test_they_are_dataclasses():
    retry = Retry(2, delay="1m")
    assert dataclasses.is_dataclass(Retry)
    assert [f.name for f in dataclasses.fields(Retry)] == ["count", "delay", "backoff", "max_delay"]
    assert dataclasses.asdict(retry) == {"count": 2, "delay": "1m", "backoff": 2.0, "max_delay": None}
    assert dataclasses.replace(retry, count=3) == Retry(3, "1m")
    assert dataclasses.fields(StepSettings)[1].default == ()
    assert dataclasses.fields(StepSettings)[8].default_factory is dict
    assert repr(retry) == "Retry(count=2, delay='1m', backoff=2.0, max_delay=None)"
    assert (retry == Retry(2, "1m"), retry == Retry(2), retry == 2, hash(retry) == hash(Retry(2, "1m"))) == (True, False, False, True)
    assert pickle.loads(pickle.dumps(retry)) == copy.deepcopy(retry) == retry


def test_they_are_frozen_and_share_no_default():
    with pytest.raises(AttributeError, match="frozen"):
        Resources(cpu=1).cpu = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        del Resources(cpu=1).cpu
    assert StepSettings().env is not StepSettings().env


def test_arguments_are_python_s_own():
    with pytest.raises(TypeError, match=r"Retry.__init__\(\) missing 1 required positional argument: 'count'"):
        Retry()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Resources.__init__\(\) got an unexpected keyword argument 'cpus'"):
        Resources(cpus=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="multiple values"):
        Retry(1, count=2)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "value"), [("90s", 90), ("1h30m", 5400), ("2d", 172800), ("1w", 604800), ("0.5h", 1800), (5, 5), (0.5, 0.5)]
)
def test_durations(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize(("text", "value"), [("512Mi", 512 * 2**20), ("8Gi", 2**33), ("1.5G", 1_500_000_000), ("100", 100)])
def test_quantities(text, value):
    assert memory_bytes(text) == value


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: seconds("soon"), "timeout"),
        (lambda: seconds("30m1h"), "timeout"),
        (lambda: seconds(""), "timeout"),
        (lambda: seconds(-1), "timeout"),
        (lambda: seconds(float("nan")), "timeout"),
        (lambda: seconds(True), "timeout"),
        (lambda: Resources(cpu=0), "cpu"),
        (lambda: Resources(memory="8 GB"), "memory"),
        (lambda: Resources(gpu=-1), "gpu"),
        (lambda: Resources(gpu_type="a100"), "gpu_type"),
        (lambda: Retry(-1), "count"),
        (lambda: Retry(1, backoff=0.5), "backoff"),
        (lambda: Retry(1, delay="x"), "delay"),
        (lambda: Retry(1, delay="2h", max_delay="10m"), "max_delay"),
        (lambda: Secret("a b", "X"), "name"),
        (lambda: Secret("a", "1X"), "env"),
        (lambda: Secret("a", "X", key="/"), "key"),
        (lambda: Cache(max_age="x"), "max_age"),
        (lambda: Schedule(), "cron"),
        (lambda: Schedule(cron="* * * * *", every="1h"), "every"),
        (lambda: Schedule(cron="61 * * * *"), "cron"),
        (lambda: Schedule(cron="* * *"), "cron"),
        (lambda: Schedule(cron="* * * * mon-fri,x"), "cron"),
        (lambda: Schedule(every="0.1s"), "every"),
        (lambda: Schedule(at="tomorrow"), "at"),
        (lambda: Schedule(cron="* * * * *", timezone="Mars City"), "timezone"),
        (lambda: Schedule(cron="* * * * *", overlap="maybe"), "overlap"),
        (lambda: StepSettings(packages="numpy"), "packages"),
        (lambda: StepSettings(packages=["==1"]), "packages"),
        (lambda: StepSettings(image="a b"), "image"),
        (lambda: StepSettings(python="python3 -I"), "python"),
        (lambda: StepSettings(python="-c"), "python"),
        (lambda: StepSettings(env={"1": "a"}), "env"),
        (lambda: StepSettings(env={"A": 1}), "env"),
        (lambda: StepSettings(env={"A": "1"}, secrets=[Secret("a", "A")]), "secrets"),
        (lambda: StepSettings(timeout=0), "timeout"),
        (lambda: StepSettings(cache="yes"), "cache"),
        (lambda: StepSettings(resources={"cpu": 1}), "resources"),
        (lambda: StepSettings(targets={"airflow": 1}), "targets"),
        (lambda: PipelineOptions(max_parallel=0), "max_parallel"),
        (lambda: PipelineOptions(max_parallel=True), "max_parallel"),
        (lambda: PipelineOptions(on_failure="go"), "on_failure"),
        (lambda: PipelineOptions(schedule="* * * * *"), "schedule"),
        (lambda: PipelineOptions(defaults=[]), "defaults"),
    ],
)
def test_wrong_values_name_the_field(make, field):
    with pytest.raises(SettingError) as error:
        make()
    assert error.value.field == field


def test_right_values():
    assert Retry(3, delay="10s", backoff=3, max_delay="1m").delays() == (10, 30, 60)
    assert Retry(3, delay="4m").delays() == (240, 480, 600)
    assert Retry(2, delay="2h").delays() == (7200, 7200), "a wait that is asked for is never cut short in silence"
    assert StepSettings(packages=["scikit-learn==1.7.2", "a[b] >= 1", "x @ https://host/x.whl"]).packages[0] == "scikit-learn==1.7.2"
    assert Schedule(cron="*/5 0-6,22 1 jan-mar sun", timezone="Europe/Zurich").overlap == "allow"
    assert Format("pickle").name == "pickle"
