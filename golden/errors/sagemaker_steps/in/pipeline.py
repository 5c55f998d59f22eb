from wye import pipeline, step


@step
def check(n: int) -> None:
    print(n)


@pipeline
def many() -> None:  # error: [WYE4004]
    for n in range(60):
        check(n)
