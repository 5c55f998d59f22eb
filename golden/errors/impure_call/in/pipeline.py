import os
import random
from datetime import datetime

import requests
from wye import pipeline, step


@step
def stamp(when: object, who: object) -> str:
    return f"{when} {who}"


@pipeline
def flow() -> str:
    when = datetime.now()  # error: [WYE1012]
    who = os.environ.get("USER")  # error: [WYE1012]
    home = os.environ["HOME"]  # error: [WYE1007]
    dice = random.random()  # error: [WYE1012]
    page = requests.get("https://example.com")  # error: [WYE1012]
    print(when)  # error: [WYE1012]
    text = open("data.txt").read()  # error: [WYE1012], [WYE1013]
    return stamp(when, who)
