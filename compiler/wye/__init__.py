"""What a pipeline's source imports: `step`, `pipeline`, `each` and the settings. Standard library only, and next to nothing at import."""

from wye.sdk.decorators import Pipeline, Step, each, pipeline, step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wye.sdk.settings import Cache, Format, Resources, Retry, Schedule, Secret

__all__ = ["Cache", "Format", "Pipeline", "Resources", "Retry", "Schedule", "Secret", "Step", "each", "pipeline", "step"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'wye' has no attribute {name!r}")
    from wye.sdk import settings  # late: only who has settings pays for them

    globals().update((n, getattr(settings, n)) for n in __all__ if hasattr(settings, n))
    return globals()[name]
