from wye import Resources, pipeline, step


@step(resources=Resources(gpu=1), image="python:3.11")  # error: [WYE4001]
def train(n: int) -> int:
    return n


@pipeline
def flow(n: int = 3) -> int:
    return train(n)
