from wye import step  # error: [WYE1035]


@step
def load(n: int) -> list[int]:
    return [n]
