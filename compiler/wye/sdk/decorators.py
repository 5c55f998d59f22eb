"""Functions in, `Step`s and `Pipeline`s out: they keep the function's signature, and call it by value (`sdk/call.py`)."""

from __future__ import annotations

from _contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import Any, Generic, Literal, ParamSpec, TypedDict, TypeVar, Unpack, overload

    from wye.sdk.settings import Cache, Duration, PipelineOptions, Resources, Retry, Schedule, Secret, StepSettings

    P = ParamSpec("P")
    R = TypeVar("R")
    T = TypeVar("T")

    class StepOptions(TypedDict, total=False):
        """What `@step(...)` and `.options(...)` take; `sdk/settings.py` says what each means."""

        name: str | None
        packages: Sequence[str]
        image: str | None
        python: str | None
        files: Sequence[str]
        resources: Resources | None
        retry: Retry | None
        timeout: Duration | None
        env: dict[str, str]
        secrets: Sequence[Secret]
        cache: Cache | bool | None
        tags: dict[str, str]
        targets: dict[str, dict[str, Any]]

    class PipelineOptionsDict(TypedDict, total=False):
        """What `@pipeline(...)` takes."""

        name: str | None
        schedule: Schedule | None
        timeout: Duration | None
        max_parallel: int | None
        on_failure: Literal["stop", "continue"] | Step[..., Any]
        tags: dict[str, str]
        targets: dict[str, dict[str, Any]]
        defaults: StepOptions

    class _Base(Generic[P, R]): ...
else:  # the import of `typing` alone would be half of the time that ours may take
    P = R = None

    class _Base:
        def __class_getitem__(cls, item):
            return cls

    def overload(function):
        return function


running: ContextVar[bool] = ContextVar("wye_running", default=False)
"""Whether a step runs here: what it calls are bare functions."""


class _Function(_Base[P, R]):
    """What a step and a pipeline share: the function, its settings, and the function's own name and signature for those who look."""

    __name__: str
    __qualname__: str

    def __init__(self, function: Callable[P, R], given: dict[str, Any]) -> None:
        self.function = function
        self.given = given
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(self, name, getattr(function, name, None))
        self.__wrapped__ = function
        self.name: str = given.get("name") or function.__name__

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.__module__}:{self.__qualname__}>"


class Step(_Function[P, R]):
    """A decorated step. Calling it runs the function by value, as every target does."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if running.get():
            return self.function(*args, **kwargs)
        from wye.sdk.call import call_step

        result: R = call_step(self, args, kwargs)
        return result

    def after(self, *values: object) -> Step[P, R]:
        """This step, ordered after the producers of `values`. Plain Python has that order already."""
        return self

    def options(self, **settings: Unpack[StepOptions]) -> Step[P, R]:
        """This step with other settings for this call; each replaces the step's own as a whole."""
        return Step(self.function, {**self.given, **_checked_step(settings, "options")})

    @property
    def settings(self) -> StepSettings:
        from wye.sdk.settings import StepSettings

        return StepSettings(**self.given)


class Pipeline(_Function[P, R]):
    """A decorated pipeline. Calling it runs the plain function, by value."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if running.get():
            return self.function(*args, **kwargs)
        from wye.sdk.call import call_pipeline

        result: R = call_pipeline(self, args, kwargs)
        return result

    def after(self, *values: object) -> Pipeline[P, R]:
        """This pipeline, ordered after the producers of `values`. Plain Python has that order already."""
        return self

    @property
    def settings(self) -> PipelineOptions:
        from wye.sdk.settings import PipelineOptions

        return PipelineOptions(**self.given)


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(**settings: Unpack[StepOptions]) -> Callable[[Callable[P, R]], Step[P, R]]: ...  # noqa: F811
def step(function: Any = None, /, **settings: Any) -> Any:  # noqa: F811
    """Make a function a step: `@step`, or `@step(packages=[...], retry=Retry(2), ...)`."""
    given = _checked_step(settings, "step")
    return _decorator(Step, "step", function, given)


@overload
def pipeline(function: Callable[P, R], /) -> Pipeline[P, R]: ...
@overload
def pipeline(**settings: Unpack[PipelineOptionsDict]) -> Callable[[Callable[P, R]], Pipeline[P, R]]: ...  # noqa: F811
def pipeline(function: Any = None, /, **settings: Any) -> Any:  # noqa: F811
    """Make a function a pipeline: `@pipeline`, or `@pipeline(schedule=Schedule(cron="0 6 * * *"), ...)`."""
    if settings:
        from wye.sdk.settings import PipelineOptions

        _build(PipelineOptions, settings, "pipeline")
        _checked_step(settings.get("defaults", {}), "pipeline(defaults=...)")
        handler = settings.get("on_failure", "stop")
        if not isinstance(handler, (str, Step)):
            raise TypeError(f"pipeline(on_failure=...) takes a step, not {handler!r}")
    return _decorator(Pipeline, "pipeline", function, settings)


class Scheduled:
    """What `ScheduledTime()` is: a default that each run fills in."""

    def __repr__(self) -> str:
        return "ScheduledTime()"


def ScheduledTime() -> datetime:
    """The default of a pipeline's parameter of type `datetime`: the time for which the run is meant, in UTC; of a run that is started by
    hand, its start. One value per run."""
    return Scheduled()  # type: ignore[return-value]


def each(items: Iterable[T], *, max_parallel: int | None = None) -> Iterator[T]:
    """The items of a loop, of which at most `max_parallel` are worked on at a time. In plain Python, the items."""
    if max_parallel is not None and (type(max_parallel) is not int or max_parallel < 1):
        raise ValueError(f"`max_parallel` must be a positive integer, not {max_parallel!r}")
    return iter(items)


def _decorator(kind: Any, label: str, function: Any, given: dict[str, Any]) -> Any:
    def decorate(function: Any) -> Any:
        inner = function
        while hasattr(inner, "__wrapped__") and not isinstance(inner, _Function):
            inner = inner.__wrapped__
        if isinstance(inner, _Function):
            raise TypeError(f"@{label} stands outermost, once: {inner!r} is decorated already")
        code = getattr(inner, "__code__", None)
        if code is None:
            raise TypeError(f"@{label} decorates a function, not {type(function).__name__}")
        if code.co_flags & 0x2A0:  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
            raise TypeError(f"@{label}: {function.__name__} is a generator or a coroutine; write a function that returns its value")
        if code.co_flags & 0x0C:  # CO_VARARGS, CO_VARKEYWORDS
            raise TypeError(f"@{label}: {function.__name__} has *args or **kwargs (a decorator below @{label} needs functools.wraps)")
        return kind(function, given)

    return decorate if function is None else decorate(function)


def _checked_step(settings: Any, where: str) -> dict[str, Any]:
    if settings:
        from wye.sdk.settings import StepSettings

        _build(StepSettings, settings, where)
    return dict(settings)


def _build(kind: Any, settings: Any, where: str) -> None:
    for name in settings:
        if name not in kind.__dataclass_fields__:
            from difflib import get_close_matches

            near = get_close_matches(name, kind.__dataclass_fields__, 1)
            raise TypeError(f"{where} has no setting `{name}`" + (f"; did you mean `{near[0]}`?" if near else ""))
    kind(**settings)
