"""What a pipeline's source imports: `step`, `pipeline`, `each` and the settings. Standard library only, and next to nothing at import."""

from wye.sdk.decorators import Pipeline, ScheduledTime, Step, each, pipeline, step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wye.sdk.context import Context, Failure, Uri, context
    from wye.sdk.settings import Cache, Format, Resources, Retry, Schedule, Secret

__all__ = [
    "Cache", "Context", "Failure", "Format", "Pipeline", "Resources", "Retry", "Schedule", "ScheduledTime", "Secret", "Step", "Uri",
    "context", "each", "pipeline", "step",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'wye' has no attribute {name!r}")
    if name in ("Context", "Failure", "Uri", "context"):
        from wye.sdk import context as late
    else:
        from wye.sdk import settings as late  # type: ignore[no-redef]  # only who uses these pays for them
    globals().update((n, getattr(late, n)) for n in __all__ if hasattr(late, n))
    return globals()[name]
