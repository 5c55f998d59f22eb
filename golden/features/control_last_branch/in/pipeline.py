"""Branches that nothing follows, one in another: a platform that cannot join branches may still have them. The wrong ones fail."""

from wye import pipeline, step


@step
def measure(n: int) -> int:
    return n * 2


@step
def publish(score: int) -> str:
    return "gold" if score >= 6 else "silver"


@step
def frame(grade: str, score: int) -> None:
    assert (grade, score) == ("gold", 6)


@step
def refuse(text: str) -> None:
    raise RuntimeError(text)


@pipeline
def control_last_branch(n: int = 3) -> None:
    score = measure(n)
    if score > 5:
        grade = publish(score)
        if grade == "gold":
            frame(grade, score)
        else:
            refuse("it is gold")
    else:
        refuse("it is more")
