from wye import Failure, pipeline, step


def plain(failure: Failure) -> None:
    print(failure)


@step
def load() -> int:
    return 1


@step
def wide(failure: Failure, address: str) -> None:  # error: [WYE2023]
    print(failure, address)


@step
def twice(failure: Failure, second: Failure) -> None:  # error: [WYE2023]
    print(failure, second)


@pipeline(on_failure=plain)  # error: [WYE2022]
def one() -> int:
    return load()


@pipeline(on_failure=one)  # error: [WYE2022]
def two() -> int:
    return one()


@pipeline(on_failure="retry")  # error: [WYE2014]
def three() -> int:
    return two()


@pipeline(on_failure=wide)
def four() -> int:
    return three()


@pipeline(on_failure=twice)
def main() -> int:
    return four()
