"""The plain call: what a step knows of its run, the time for which a run is meant, and the step that runs when a run has failed."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import wye
from wye import Context, Failure, ScheduledTime, Uri, pipeline, step

EARLY = datetime(2026, 1, 31, 6, tzinfo=UTC)
TOLD: list[Any] = []


@step
def look(day: datetime) -> tuple[Context, datetime]:
    return wye.context(), day


@step
def threaded() -> Context:
    found: list[Context] = []
    thread = threading.Thread(target=lambda: found.append(wye.context()))
    thread.start()
    thread.join()
    return found[0]


@pipeline
def inner(day: datetime = ScheduledTime()) -> tuple[Context, datetime]:
    return look(day)


@pipeline
def outer(day: datetime = ScheduledTime()) -> list[tuple[Context, datetime]]:
    return [look(day), inner(), inner(day)]


@step
def fail(what: str) -> str:
    if what == "exit":
        raise SystemExit("left")
    if what:
        raise LookupError(what)
    return what


@step
def tell(failure: Failure, level: int = 3) -> None:
    TOLD.append((failure, level, wye.context()))
    if failure.message == "'worse'" or failure.message == "worse":
        raise OSError("nobody answers")


@step
def tell_nothing() -> None:
    TOLD.append("called")


@pipeline(on_failure=tell)
def guarded(what: str = "", own: bool = False) -> str:
    with contextlib.suppress(LookupError):
        fail("handled")
    if own:
        raise ValueError("of the pipeline's own")
    return fail(what)


@pipeline(on_failure=tell_nothing)
def bare(what: str) -> str:
    return fail(what)


@pytest.fixture(autouse=True)
def _told() -> None:
    TOLD.clear()


def test_a_run_has_one_id_and_one_time() -> None:
    before = datetime.now(UTC)
    found = outer()
    contexts, days = zip(*found)
    assert {(c.run_id, c.pipeline, c.task_id, c.attempt) for c in contexts} == {(contexts[0].run_id, "outer", "look", 1)}
    assert {c.scheduled_time for c in contexts} == set(days)
    assert len(set(days)) == 1
    assert before <= days[0] <= datetime.now(UTC)
    assert days[0].tzinfo is UTC
    assert outer()[0][0].run_id != contexts[0].run_id


def test_a_time_that_is_given_is_in_utc_and_not_the_runs_own() -> None:
    found = outer(day=EARLY.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert [str(day) for _, day in found][::2] == [str(EARLY)] * 2
    assert found[1][1] == found[0][0].scheduled_time != EARLY  # of a nested pipeline it is the run's


def test_a_time_without_an_offset_is_no_instant() -> None:
    with pytest.raises(ValueError, match="without an offset"):
        outer(day=datetime(2026, 1, 31))


def test_threads_of_a_step_have_its_context() -> None:
    assert threaded().task_id == "threaded"


def test_outside_of_steps_there_is_no_context() -> None:
    with pytest.raises(RuntimeError, match="no step runs here"):
        wye.context()
    look(EARLY)
    with pytest.raises(RuntimeError, match="no step runs here"):
        wye.context()


def test_a_context_is_frozen_and_travels() -> None:
    found, _ = look(EARLY)
    assert type(found) is Context
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.attempt = 2  # type: ignore[misc]


def test_a_uri_is_text() -> None:
    assert isinstance(Uri("gs://a"), str)
    assert f"{Uri('gs://a')}/b" == "gs://a/b"


def test_the_step_of_on_failure_is_told_what_failed() -> None:
    with pytest.raises(LookupError, match="bad"):
        guarded("bad")
    ((failure, level, context),) = TOLD
    assert (failure.pipeline, failure.task_id, failure.error_type, failure.message, level) == ("guarded", "fail", "LookupError", "bad", 3)
    assert (context.run_id, context.task_id) == (failure.run_id, "tell")


def test_it_is_told_of_what_no_step_raised() -> None:
    with pytest.raises(ValueError, match="own"):
        guarded(own=True)
    assert [(f.task_id, f.error_type) for f, _, _ in TOLD] == [(None, "ValueError")]


def test_it_runs_also_when_a_step_exits() -> None:
    with pytest.raises(SystemExit):
        guarded("exit")
    assert [f.error_type for f, _, _ in TOLD] == ["SystemExit"]


def test_it_does_not_run_when_nothing_failed() -> None:
    assert guarded() == ""
    assert TOLD == []


def test_its_own_failure_is_told_beside_the_first() -> None:
    with pytest.raises(LookupError) as raised:
        guarded("worse")
    assert raised.value.__notes__ == ["the step of on_failure, tell, failed too: OSError: nobody answers"]


def test_it_may_take_nothing() -> None:
    with pytest.raises(LookupError):
        bare("bad")
    assert TOLD == ["called"]


def test_it_must_be_a_step() -> None:
    with pytest.raises(ValueError, match="unknown value"):
        pipeline(on_failure=print)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="takes a step"):
        pipeline(on_failure=bare)  # type: ignore[call-overload]
