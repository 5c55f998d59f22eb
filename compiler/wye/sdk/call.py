"""The plain call, by value: arguments in, each through the codec as on every target; the function's result out, the same way."""

from __future__ import annotations

import atexit
import inspect
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from wye.runtime.files import copy_value
from wye.runtime.types import Type, format_of, show
from wye.runtime.values import CannotTravel, instant, normalise
from wye.sdk.context import Failure, Run, here, run
from wye.sdk.decorators import Pipeline, Scheduled, Step, running
from wye.sdk.describe import Described, describe_function

_defaults: ContextVar[Mapping[str, Any] | None] = ContextVar("wye_defaults", default=None)
"""The step settings of the pipeline that runs here."""


def call_step(step: Step[..., Any], args: Any, kwargs: Any) -> Any:
    """What a step returns for these arguments, as its consumers get it."""
    described = describe_function(step.function)
    bound = _bind(step, described, args, kwargs)
    for name, value in bound.arguments.items():
        bound.arguments[name] = _copy(value, described.parameters[name], f"{step.name}({name}=…)")
    env = step.given.get("env", (_defaults.get() or {}).get("env", {}))
    token = running.set(True)
    try:
        with _environment(env), here(step.name):
            result = step.function(*bound.args, **bound.kwargs)
    except BaseException as error:
        if this := run.get():
            this.failed.append((error, step.name))
        raise
    finally:
        running.reset(token)
    where = f"the result of {step.name}"
    if described.result == "one":
        return _copy(result, described.ports[0][1], where)
    kind = tuple if described.result == "tuple" else described.kind
    if type(result) is not kind or len(result) != len(described.ports):
        raise TypeError(f"{where}: wanted {show(described.type)}, got {_what(result)}")
    parts = [_copy(part, t, f"{where}, {name}") for part, (name, t) in zip(result, described.ports)]
    return tuple.__new__(kind, parts)


def call_pipeline(pipeline: Pipeline[..., Any], args: Any, kwargs: Any) -> Any:
    """What a pipeline returns for these arguments. Its steps copy what they get, so here data is only made what is declared."""
    described = describe_function(pipeline.function)
    bound = _bind(pipeline, described, args, kwargs)
    outer = run.get()
    this = outer or Run(pipeline.name)
    for name, value in bound.arguments.items():
        where, t = f"{pipeline.name}({name}=…)", described.parameters[name]
        if isinstance(value, Scheduled):
            value = this.scheduled_time
        elif t == "datetime" and not outer:  # as every target takes it
            value = _located(where, instant, value)
        bound.arguments[name] = _located(where, normalise, value, t)
    token, entered = _defaults.set(pipeline.given.get("defaults", {})), run.set(this)
    try:
        result = pipeline.function(*bound.args, **bound.kwargs)
    except (Exception, SystemExit) as error:
        handler = pipeline.given.get("on_failure")
        if isinstance(handler, Step) and not outer:
            _handle(handler, error, this)
        raise
    finally:
        run.reset(entered)
        _defaults.reset(token)
    return _located(f"the result of {pipeline.name}", normalise, result, described.type)


def _handle(step: Step[..., Any], error: BaseException, this: Run) -> None:
    """Run the step of `on_failure`. Its own failure is told beside the first."""
    task = next((name for failed, name in this.failed if failed is error), None)
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}:{kind.__qualname__}"
    failure = Failure(this.run_id, this.pipeline, task, name, str(error))
    parameters = describe_function(step.function).parameters
    try:
        call_step(step, (), {name: failure for name, t in parameters.items() if t == ("class", "wye:Failure")})
    except Exception as second:
        error.add_note(f"the step of on_failure, {step.name}, failed too: {type(second).__name__}: {second}")


def _bind(function: Any, described: Described, args: Any, kwargs: Any) -> inspect.BoundArguments:
    try:
        bound = described.signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{function.name}(): {error}") from None
    bound.apply_defaults()
    return bound


def _copy(value: Any, t: Type, where: str) -> Any:
    return _located(where, copy_value, value, t, format_of(t), _scratch(os.getpid()))


def _located(where: str, function: Any, *args: Any) -> Any:
    """The function's value; its errors say which argument or result they are about."""
    try:
        return function(*args)
    except CannotTravel as error:
        raise CannotTravel(error.path, f"{error.message} ({where})") from error.__cause__
    except TypeError as error:
        raise TypeError(f"{where}: {error}") from error.__cause__


def _what(value: Any) -> str:
    return f"a tuple of {len(value)}" if type(value) is tuple else type(value).__qualname__


@lru_cache(maxsize=1)
def _scratch(process: int) -> str:
    """The folder of this process for snapshots of files; it goes when the process ends."""
    folder = tempfile.mkdtemp(prefix="wye-")
    atexit.register(_remove, folder, process)
    return folder


def _remove(folder: str, process: int) -> None:
    if os.getpid() == process:  # not a fork of it
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in env}
    os.environ.update(env)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
