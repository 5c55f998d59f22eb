"""What Vertex AI does not have: machines, disks, names of secrets, labels, times of a schedule."""

from wye import Resources, Schedule, Secret, pipeline, step


@step(resources=Resources(cpu=128))  # error: [WYE4001]
def large() -> int:
    return 1


@step(resources=Resources(gpu=1, gpu_type="h200"))  # error: [WYE4001]
def fast() -> int:
    return 1


@step(secrets=[Secret("a.b", env="PW")], resources=Resources(disk="1T"))  # error: [WYE4001]
def keep() -> int:
    return 1


@pipeline(
    tags={"Team": "{{ds}}"},  # error: [WYE4001]
    schedule=Schedule(cron="0 6 * * *", start="2026-01-01", overlap="replace", paused=True),  # error: [WYE4001]
)
def main() -> int:
    return large() + fast() + keep()
