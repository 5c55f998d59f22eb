import functools

from wye import pipeline, step


def logged(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs)

    return wrapper


@step
@logged
def load(n: int) -> int:
    return n


@step(name="loads_again")
@functools.lru_cache(maxsize=None)
def again(n: int) -> int:
    return n


@pipeline(name="nice_name")
def flow(n: int = 3) -> int:
    return again(load(n))
