def rate() -> float:
    return 2.0
