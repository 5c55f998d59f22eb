"""Small pipelines of what a cloud may do otherwise than its documents say: `conformance`, `broken`, `spread`, `swept`, `facts`,
`branched`.

`conformance` checks itself: `expected` is the SHA-256 of what the plain call returns; without it nothing is checked. With `fail` a step
fails, and the run must. In `broken` nobody handles that, in `spread` an iteration fails, in `swept` a clean-up succeeds after it.
`facts` tells what a task finds.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from datetime import datetime
from pathlib import Path

import wye
from wye import Failure, ScheduledTime, pipeline, step


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step
def square(x: int) -> int:
    return x * x


@step
def echo(text: str) -> str:
    return text


@step
def write(text: str) -> Path:
    place = Path("folder")
    (place / "empty").mkdir(parents=True)
    (place / "a.txt").write_text(text)
    (place / "nothing.txt").touch()
    return place


@step
def blank() -> Path:
    place = Path("blank")
    place.touch()
    return place


@step
def read(place: Path) -> str:
    """Spoils its own copy alone."""
    text = (place / "a.txt").read_text()
    (place / "a.txt").unlink()
    return f"{sorted(p.name + '/' * p.is_dir() for p in place.iterdir())} {text}"


@step
def length(place: Path) -> int:
    return len(place.read_bytes())


@step
def stumble(fail: bool) -> bool:
    if fail:
        raise RuntimeError("this run is meant to fail")
    return True


@step
def slow(seconds: int) -> int:
    time.sleep(seconds)
    return seconds


@step
def both(going: bool, seconds: int) -> str:
    return f"{going} {seconds}"


@step
def sweep() -> None:
    print("the clean-up has run")


@step
def known(day: datetime) -> bool:
    here = wye.context()
    return day.utcoffset() is not None and here.scheduled_time == day and bool(here.run_id)


@step
def tell(failure: Failure) -> None:
    print(f"the run has failed, as it should: {failure.message}")
    if failure.task_id != "stumble" or "meant to fail" not in failure.message:
        raise AssertionError(f"not the failure that there was: {failure}")


@step
def agree(found: list[object], expected: str) -> str:
    text = json.dumps(found)
    if expected and hashlib.sha256(text.encode()).hexdigest() != expected:
        raise AssertionError(f"not what the plain call returns: {text}")
    return text


@pipeline
def broken(fail: bool = True, seconds: int = 1) -> str:
    """Beside the step that fails are two in a row that have nothing to do with it."""
    late = slow(slow(seconds))
    return both(stumble(fail), late)


@pipeline
def spread(fail: bool = True, n: int = 3) -> list[bool]:
    """Of the iterations one fails."""
    return [stumble(fail and x == 1) for x in numbers(n)]


@pipeline
def swept(fail: bool = True) -> str:
    try:
        going = stumble(fail)
    finally:
        sweep()
    return f"{going}"


@pipeline
def branched(n: int = 3) -> list[str]:
    """Nothing handles a failure, so platforms that have conditions of their own decide here: what stands behind one waits for both arms."""
    size = square(n)
    if size > 5:
        if size > 50:
            said = echo("huge")
        else:
            said = echo("large")
    else:
        said = echo("small")
    if size > 100:
        more = echo("more")
    else:
        more = "no more"
    if size < 5:
        echo("nobody waits for it")
    return [said, more, echo(said + more)]


FACTS = """\
AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_REGION AWS_DEFAULT_REGION PROCESSING_JOB_NAME AZUREML_ROOT_RUN_ID AZUREML_RUN_ID MSI_ENDPOINT
MSI_SECRET OBO_ENDPOINT IDENTITY_ENDPOINT DATABRICKS_RUNTIME_VERSION CLOUD_ML_PROJECT_ID
"""
"""Variables that may be there, whose values are nobody's business."""


@step
def look(told: str, flag: bool, size: int, ratio: float, day: datetime) -> dict[str, str]:
    here = wye.context()
    found = {"python": platform.python_version(), "user": str(os.getuid()), "cores": str(os.cpu_count())}
    found |= {"memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"}
    found |= {"told": told, "flag": repr(flag), "size": repr(size), "ratio": repr(ratio), "day": day.isoformat(), "run": here.run_id}
    found |= {name: "is there" for name in FACTS.split() if name in os.environ}
    return found | {n: v for n, v in os.environ.items() if n.startswith(("WYE_PARAM_", "WYE_STARTED", "WYE_SCHEDULED"))}


@pipeline
def facts(told: str = "", flag: bool = False, size: int = 1, ratio: float = 0.5, day: datetime = ScheduledTime()) -> dict[str, str]:
    return look(told, flag, size, ratio, day)


@pipeline(on_failure=tell)
def conformance(
    n: int = 2,
    ratio: float = 0.1,
    flag: bool = False,
    text: str = 'it\'s "{{$}}" $HOME $(id) é 😀 \\ \n %s',
    xs: list[float | None] = [0.1, None, 1e300],  # noqa: B006
    fail: bool = False,
    expected: str = "",
    day: datetime = ScheduledTime(),
) -> str:
    found = [square(x) for x in numbers(n)]
    nothing = [square(x) for x in numbers(0)]
    if len(found) > 1:
        said = echo(text)
        place = write("first")
    else:
        said = "none"
        place = write("second")
    texts = [read(place), read(place)]
    empty = [len(echo("")), length(blank())]
    left = n
    while left > 0:
        left = left - square(1)
    try:
        caught = echo({"a": "b"}["missing"])
    except KeyError:
        caught = "caught"
    going = stumble(fail)
    return agree([n, ratio, flag, found, nothing, said, texts, empty, xs, left, caught, going, known(day)], expected)
