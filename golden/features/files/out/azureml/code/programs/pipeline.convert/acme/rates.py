import json
import os


def rate(currency: str) -> float:
    with open(os.path.join(os.path.dirname(__file__), "data", "rates.json"), encoding="utf-8") as file:
        return json.load(file)[currency]
