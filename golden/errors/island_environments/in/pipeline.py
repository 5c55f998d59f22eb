from wye import pipeline, step


@step(packages=["pandas==3.0.1"])
def more(n: int) -> int:
    return n + 1


@step(packages=["pandas==2.3.3"])
def check(n: int) -> bool:
    return n < 10


@pipeline
def flow(n: int = 0) -> int:
    while check(n):  # error: [WYE4005]
        n = more(n)
    return n
