from wye import pipeline, step


@step
def two() -> tuple[int, str]:
    return 1, "a"


@step
def use(value: object) -> str:
    return repr(value)


@pipeline
def flow() -> tuple[int, str]:
    n, word = two()
    whole = two()
    use(n)
    use(whole)
    use(whole[1])
    return whole
