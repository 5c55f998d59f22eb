def load(n: int) -> list[int]:
    return list(range(n))
