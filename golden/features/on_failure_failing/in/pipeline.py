"""The run fails, and stays failed: after the clean-up a step of the user's is told why. Its own failure changes nothing."""

from wye import Failure, Retry, Secret, pipeline, step

NAMES = {"run_id", "pipeline", "task_id", "error_type", "message"}


@step
def load(n: int) -> int:
    if n > 1:
        raise LookupError("no {{ such }} row: 'x' \"y\" $HOME")
    return n


@step
def note(text: str) -> str:
    return text


@step(secrets=[Secret("pager-key", "PAGER_KEY")], env={"LEVEL": "high"})
def page(told: Failure) -> str:
    assert {name for name in NAMES if hasattr(told, name)} == NAMES
    raise RuntimeError("the pager does not answer")


@pipeline(on_failure=page.options(retry=Retry(1, delay="0s")))
def main(n: int = 2) -> str:
    try:
        found = load(n)
    finally:
        note("clean")
    return f"{found}"
