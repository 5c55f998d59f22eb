"""Data files travel with a step: text and bytes of all kinds, found from the module's own place; a tool that is to be executable."""

import importlib.resources
import subprocess
from pathlib import Path

from acme.rates import rate

from wye import pipeline, step

HERE = Path(__file__).parent


@step(files=["acme/data", "notes *.txt"])
def read(name: str) -> dict[str, str]:
    text = (HERE / "acme" / "data" / "hostile.txt").read_text("utf-8")
    blob = Path(__file__).with_name("acme").joinpath("data", "blob.bin").read_bytes()
    tool = subprocess.run([HERE / "acme" / "data" / "tool.sh", name], capture_output=True, text=True, check=True)
    note = (HERE / "notes {{ ds }}.txt").read_text("utf-8")
    packaged = importlib.resources.files("acme").joinpath("data", "rates.json").read_text("utf-8")
    return {"text": text, "blob": blob.hex(), "tool": tool.stdout, "note": note, "packaged": packaged}


@step(files=["acme/data/rates.json"])
def convert(amount: float, currency: str) -> float:
    return amount * rate(currency)


@pipeline
def files(name: str = "you", amounts: list[float] = [1.0, 2.5]) -> dict[str, object]:
    found = read(name)
    converted = [convert(a, "chf") for a in amounts]
    return {"found": found, "converted": converted}
