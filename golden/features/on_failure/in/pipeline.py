"""A step that runs when the run has failed: this run does not fail, so it does not run, and changes nothing of what the pipeline returns."""

from wye import Failure, pipeline, step


@step
def load(n: int) -> list[int]:
    return list(range(n))


@step
def double(x: int) -> int:
    return 2 * x


@step
def large(xs: list[int]) -> bool:
    return sum(xs) > 100


@step
def tell(failure: Failure, prefix: str = "{{ds}} $HOME") -> dict[str, str]:
    raise SystemExit("nothing has failed")


@pipeline(on_failure=tell)
def main(n: int = 4) -> list[int]:
    xs = [double(x) for x in load(n)]
    if large(xs):
        load(2)
    return xs
