"""Branches that nothing follows, in one another: a platform that cannot join branches may still have them. The wrong ones fail."""

from wye import pipeline, step


@step
def measure(n: int) -> int:
    return n * 2


@step
def publish(score: int) -> str:
    return "gold" if score >= 6 else "silver"


@step
def celebrate(grade: str, score: int) -> str:
    return f"{grade} {score}"


@step
def frame(text: str) -> None:
    assert text == "gold 6"


@step
def refuse(text: str) -> None:
    raise RuntimeError(text)


@pipeline
def control_last_branch(n: int = 3) -> None:
    score = measure(n)
    if score > 5:
        grade = publish(score)
        if grade == "gold":
            text = celebrate(grade, score)
            frame(text)
        else:
            refuse("it is gold")
    elif score > 2:
        refuse("it is more")
    else:
        refuse("it is much more")
