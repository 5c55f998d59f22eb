def large(xs: list[int]) -> bool:
    return sum(xs) > 100
