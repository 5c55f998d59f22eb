import random
import time
from pathlib import Path

from wye import pipeline, step

SEEN: list[int] = []
STARTED = time.time()  # error: [WYE6006]
SEED = random.random()  # error: [WYE6006]
COUNT = 0


@step
def remember(n: int) -> int:
    SEEN.append(n)  # error: [WYE6004]
    return len(SEEN)


@step
def count(n: int) -> int:
    global COUNT
    COUNT += 1  # error: [WYE6004]
    return COUNT


@step
def here(n: int) -> str:
    return str(Path(__file__).parent) + str(STARTED) + str(SEED)  # error: [WYE6005]


@pipeline
def flow(n: int = 3) -> list[object]:
    return [remember(n), count(n), here(n)]
