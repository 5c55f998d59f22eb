def celebrate(grade: str, score: int) -> str:
    return f"{grade} {score}"
