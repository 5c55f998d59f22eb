from wye import pipeline, step


@step(targets={"airflw": {"queue": "high"}})  # error: [WYE5005]
def train(n: int) -> int:
    return n


@pipeline(targets={"kubeflw": {}})  # error: [WYE5005]
def flow(n: int = 3) -> int:
    return train(n)
