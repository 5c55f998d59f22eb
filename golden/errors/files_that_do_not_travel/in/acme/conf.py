import importlib
import pkgutil
from importlib.resources import files
from pathlib import Path

HERE = Path(__file__).resolve().parent / "rates.txt"  # error: [WYE6005]


def text() -> str:
    found = [importlib.import_module(f"acme.{m.name}") for m in pkgutil.iter_modules()]  # error: [WYE6007]
    return f"{found} {HERE} {files('acme').joinpath('rates.txt').read_text()}"  # error: [WYE6013]
