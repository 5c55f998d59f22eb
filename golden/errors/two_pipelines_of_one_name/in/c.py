from wye import pipeline, step


@step
def work() -> int:
    return 1


@pipeline
def other() -> int:
    return wrk()  # error: [WYE1003]
