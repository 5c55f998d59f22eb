"""The local target's files: the plan, the programs, and a crontab for what a crontab can say."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from test_runs_execute import PROGRAM, make

from wye.backend.capabilities import FEATURES
from wye.backend.check import check
from wye.cli.source import read_moment
from wye.diagnostics import CompileFailed
from wye.ir.model import Parameter
from wye.ir.settings import PipelineSettings
from wye.sdk.settings import Schedule
from wye_targets.local import Local, LocalOptions
from wye_targets.local.capabilities import CAPABILITIES

TARGET = Local()


def emitted(**schedule: Any) -> dict[str, str]:
    pipeline = make("echo", default='"x"')
    if schedule:
        pipeline = replace(pipeline, settings=PipelineSettings(schedule=Schedule(**schedule)))
    checked = check(pipeline, TARGET, LocalOptions())
    return {f.path: f.text for f in TARGET.emit(TARGET.lower(checked, LocalOptions()))}


def entry(**schedule: Any) -> str:
    return emitted(**schedule)["crontab.txt"].splitlines()[-1]


def refused(**schedule: Any) -> str:
    with pytest.raises(CompileFailed) as caught:
        emitted(**schedule)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.help
    return diagnostic.message


def test_every_feature_has_a_row() -> None:
    assert set(CAPABILITIES.rows) == {f.name for f in FEATURES}


def test_files() -> None:
    files = emitted()
    assert list(files) == ["plan.json", "programs/flow/flow.py", "programs/flow/lines.json"]
    assert files["programs/flow/flow.py"] == PROGRAM
    plan = json.loads(files["plan.json"])
    assert (plan["pipeline"], plan["returns"], [n["id"] for n in plan["nodes"]]) == ("flow", "outputs", ["echo", "outputs"])
    assert json.loads(files["programs/flow/lines.json"]) == {"flow.py": {"source": "src/flow.py", "lines": [[1, 101]]}}


def test_cron() -> None:
    assert emitted(cron="0  6 * * 1-5", timezone="Europe/Zurich")["crontab.txt"] == (
        "# Runs flow. Fill in PROJECT, the folder that holds flow.py, and add these lines with: crontab -e\n"
        "SHELL=/bin/sh\n"
        "CRON_TZ=Europe/Zurich\n"
        "PROJECT=.\n"
        '0 6 * * 1-5 cd "$PROJECT" && wye run flow.py:flow\n'
    )


def test_cron_in_numbers() -> None:
    assert entry(cron="5/10 */2 1,15 JAN,mar-may mon-fri,0").startswith("5-59/10 */2 1,15 1,3-5 1-5,0 cd ")


@pytest.mark.parametrize(("schedule", "fields"), [
    ({"every": "1m"}, "* * * * *"),
    ({"every": "15m"}, "*/15 * * * *"),
    ({"every": "1h"}, "0 * * * *"),
    ({"every": "6h"}, "0 */6 * * *"),
    ({"every": "1d"}, "0 0 * * *"),
    ({"every": "7d"}, "0 0 * * 4"),
    ({"every": "20m", "start": "2026-01-01T00:05"}, "5,25,45 * * * *"),
    ({"every": "6h", "start": "2026-01-01T01:30", "timezone": "Asia/Kolkata"}, "0 2,8,14,20 * * *"),
])  # fmt: skip
def test_intervals(schedule: dict[str, str], fields: str) -> None:
    text = emitted(**schedule)["crontab.txt"]
    assert "CRON_TZ=UTC\n" in text
    assert text.splitlines()[-1].startswith(fields + " ")


@pytest.mark.parametrize("schedule", [
    {"every": "90s"}, {"every": "90m"}, {"every": "7h"}, {"every": "2d"}, {"every": "1h", "start": "2026-01-01T00:00:30"}, {"every": "14d"},
])  # fmt: skip
def test_intervals_that_no_crontab_says(schedule: dict[str, str]) -> None:
    assert "a crontab cannot say this interval" in refused(**schedule)


def test_other_refusals() -> None:
    assert "missed" in refused(cron="0 6 * * *", catchup=True)
    assert "end the last run" in refused(cron="0 6 * * *", overlap="replace")


def test_overlap_window_and_pause() -> None:
    assert entry(cron="0 6 * * *", overlap="skip").endswith('cd "$PROJECT" && flock -n .wye-flow.lock wye run flow.py:flow')
    assert entry(cron="0 6 * * *", overlap="queue").endswith('cd "$PROJECT" && flock .wye-flow.lock wye run flow.py:flow')
    window = entry(cron="0 6 * * *", timezone="Europe/Zurich", start="2026-01-01", end="2026-07-01")
    assert window == (
        r"0 6 * * * [ $(date +\%s) -ge 1767222000 ] && [ $(date +\%s) -lt 1782856860 ] && "
        'cd "$PROJECT" && wye run flow.py:flow'
    )
    assert entry(at="2026-01-01T06:00", timezone="Europe/Zurich").startswith(
        r"0 5 1 1 * [ $(date +\%s) -ge 1767243600 ] && [ $(date +\%s) -lt 1767243660 ] && cd "
    )
    assert entry(cron="0 6 * * *", paused=True).startswith("# paused: 0 6")


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")
def test_a_run_is_told_the_minute_for_which_it_is_meant() -> None:
    """Only where the pipeline asks for it. The line is run as cron runs it: `\\%` is `%`."""
    pipeline = replace(make("echo", default='"x"'), settings=PipelineSettings(schedule=Schedule(cron="0 6 * * *")))
    day = Parameter("day", "datetime", None, pipeline.span, scheduled=True)
    asking = replace(pipeline, parameters=(*pipeline.parameters, day))
    (found,) = (f.text for f in TARGET.emit(TARGET.lower(check(asking, TARGET, LocalOptions()), LocalOptions())) if f.path == "crontab.txt")
    line = found.splitlines()[-1]
    assert "--scheduled-time" not in entry(cron="0 6 * * *")
    assert line.startswith('0 6 * * * cd "$PROJECT" && wye run flow.py:flow --scheduled-time "$(date -u +')
    shell = 'date() { echo "$*"; }; wye() { echo "$4"; }; ' + line.partition(" && ")[2].replace("\\%", "%")
    said = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True).stdout.strip()
    assert said == "-u +%Y-%m-%dT%H:%MZ"
    early = datetime(2026, 1, 31, 6, 5, tzinfo=UTC)
    assert read_moment(early.strftime(said.removeprefix("-u +"))) == early
