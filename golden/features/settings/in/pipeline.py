"""Every setting that has a meaning on each target, all together; on calls, on steps and as a pipeline's defaults."""

from __future__ import annotations

import os

from wye import Cache, Resources, Retry, Schedule, Secret, pipeline, step

TEAM = {"team": "growth", "cost-centre": "42"}


@step(
    packages=["pyyaml>=6"],
    resources=Resources(cpu=2, memory="2Gi"),
    retry=Retry(2, delay="1s", backoff=2.0, max_delay="1m"),
    timeout="5m",
    env={"OMP_NUM_THREADS": "2", "MODE": "fast"},
    secrets=[Secret("warehouse-password", env="PGPASSWORD"), Secret("tokens", env="API_TOKEN", key="api")],
    cache=True,
    tags=TEAM,
)
def train(rows: list[int]) -> dict[str, object]:
    import yaml

    return {
        "threads": os.environ["OMP_NUM_THREADS"],
        "mode": os.environ["MODE"],
        "password": len(os.environ["PGPASSWORD"]),
        "token": len(os.environ["API_TOKEN"]),
        "yaml": yaml.safe_load("a: [1]"),
        "rows": rows,
    }


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step(name="nightly_report", timeout=90, retry=Retry(0))
def report(result: dict[str, object], note: str = "") -> str:
    return f"{result['mode']} {note} {os.environ.get('STAGE', 'none')}"


@pipeline(
    schedule=Schedule(cron="0 6 * * mon-fri", timezone="Asia/Tokyo"),
    tags={"owner": "data"},
    defaults={"retry": Retry(1, delay=5), "timeout": "1h", "env": {"STAGE": "test"}},
)
def settings(n: int = 3) -> tuple[str, str, dict[str, object]]:
    rows = load.options(cache=Cache(max_age="7d"), resources=Resources(cpu=0.5, memory="256Mi"))(n)
    result = train(rows)
    first = report(result)
    second = report.options(env={"STAGE": "call"}, tags={"kind": "second"}).after(first)(result, note="again")
    return first, second, result
