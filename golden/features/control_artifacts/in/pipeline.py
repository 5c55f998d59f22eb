"""Objects and files through branches and loops: handed on, gathered, and gone over."""

from __future__ import annotations

from pathlib import Path

from wye import pipeline, step


class Model:
    def __init__(self, weight: int) -> None:
        self.weight = weight


@step
def fit(weight: int):
    return Model(weight)


@step
def better(model) -> bool:
    return model.weight > 1


@step
def improve(model):
    model.weight += 10
    return model


@step
def weigh(model) -> int:
    return model.weight


@step
def best(models) -> int:
    return max(m.weight for m in models)


@step
def write(text: str) -> Path:
    place = Path("note.txt")
    place.write_text(text)
    return place


@step
def read(place: Path) -> str:
    return f"{place.name}: {place.read_text()}"


@pipeline
def artifacts(n: int = 3) -> list[object]:
    model = fit(n)
    if better(model):
        chosen = improve(model)
    else:
        chosen = model
    models = [fit(i) for i in range(n)]
    weights = [weigh(improve(m)) for m in models]
    if n > 10:
        place = write("many")
    else:
        place = write("few")
    return [weigh(chosen), weigh(model), weights, best(models), read(place), [read(write(f"{i}")) for i in range(n)]]
