from wye import pipeline, step


@step
def work() -> int:
    return 1


@pipeline
def flow() -> int:  # error: [WYE1038]
    return work()
