from wye import Resources, Retry, Schedule, pipeline, step


@step(image="ghcr.io/team/image:1", tags={"aws:team": "x"})  # error: [WYE4001] [WYE4001]
def load(n: int) -> int:
    return n


@step(resources=Resources(disk="20Ti", gpu=1, gpu_type="nvidia-x9"))  # error: [WYE4001]
def train(n: int) -> int:
    return n


@step(timeout="3d", retry=Retry(1))  # error: [WYE4001]
def wait(n: int) -> int:
    return n


@pipeline(schedule=Schedule(cron="0 6 * * *", overlap="skip"))  # error: [WYE4001]
def nightly(n: int = 1) -> int:
    return wait(train(load(n)))
