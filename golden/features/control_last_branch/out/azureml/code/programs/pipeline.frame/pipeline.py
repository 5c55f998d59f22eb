def frame(grade: str, score: int) -> None:
    assert (grade, score) == ("gold", 6)
