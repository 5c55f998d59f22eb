import wye
from wye import pipeline, step
from wye import Retry as Again


@step
def on_failure() -> int:
    return 1


@step(timeout="1h")
def tell(*, level: int = 2, told: "wye.Failure") -> None:
    print(told, level)


@pipeline(on_failure=tell.options(retry=Again(3)), defaults={"env": {"A": "b"}, "timeout": "2h"})
def flow() -> int:
    return on_failure()
