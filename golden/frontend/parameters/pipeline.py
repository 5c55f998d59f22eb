from typing import Any, Optional

from wye import pipeline, step


@step
def use(value: Any) -> str:
    return repr(value)


@pipeline
def flow(
    required: int, untyped, a: int = -1, b: float = 1, c: str = "{{ ds }}'\n", d: Optional[bool] = None, e: list[float] = [1, 2.5],
    f: dict[str, Any] = {"$x": [None], "1": {}}, g=(1), h: Any = [1, "two"], i: int | str = 2**53 + 1,
) -> str:
    return use([required, untyped, a, b, c, d, e, f, g, h, i])
