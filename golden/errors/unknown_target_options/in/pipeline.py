from wye import pipeline, step


@step(targets={"airflow": {"que": "high"}})  # error: [WYE5006]
def train(n: int) -> int:
    return n


@pipeline(targets={"kubeflow": {"max_byte": 5}})  # error: [WYE5006]
def flow(n: int = 3) -> int:
    return train(n)
