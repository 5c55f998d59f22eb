from wye import Cache, Resources, Retry, Schedule, Secret, pipeline, step

BASE = {"A": "1"}


@step(
    packages=["a==1", "b>=2"],
    image="python:3.12",
    resources=Resources(cpu=2, memory="8Gi", gpu=1, gpu_type="nvidia-t4", disk="50Gi"),
    retry=Retry(2, delay="30s", backoff=3, max_delay="5m"),
    timeout="1h30m",
    env=BASE,
    secrets=[Secret("db", env="PASSWORD", key="pw")],
    cache=Cache(max_age="7d"),
    tags={"team": "x"},
    targets={"airflow": {"queue": "high"}},
)
def a(n: int) -> int:
    return n


@step(cache=True)
def b(n: int) -> int:
    return n


@step
def c(n: int) -> int:
    return n


@pipeline(
    schedule=Schedule(cron="*/15 6-18 * * mon-fri", timezone="Europe/Zurich", start="2026-01-01", catchup=True, overlap="skip", paused=True),
    timeout="2h",
    max_parallel=4,
    on_failure="continue",
    tags={"owner": "me"},
    defaults={"retry": Retry(1), "env": {"STAGE": "x"}},
)
def flow(n: int = 1) -> int:
    x = a(n)
    y = a.options(env={"B": "2"}, retry=Retry(0))(x)
    z = b.options(cache=False)(y)
    return c(z)
