from pathlib import Path

from wye import pipeline, step


@step
def load(n: int) -> int:
    return n


@pipeline
def flow(n: int = "three", p: Path = Path("x"), when: object = None, ok: float = 1, made: int = load(1)) -> int:  # error: [WYE2010], [WYE2018], [WYE3001]
    return load(n)
