from typing import Annotated

from wye import pipeline, step


@step
def one() -> Annotated[float, "accuracy"]:
    return 0.5


@step
def two() -> tuple[Annotated[int, "rows"], Annotated[list[str], "columns"]]:
    return 1, ["a"]


@pipeline
def flow() -> list[object]:
    rows, columns = two()
    return [one(), rows, columns[0]]
