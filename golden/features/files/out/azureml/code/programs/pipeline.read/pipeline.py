import importlib.resources
import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def read(name: str) -> dict[str, str]:
    text = (HERE / "acme" / "data" / "hostile.txt").read_text("utf-8")
    blob = Path(__file__).with_name("acme").joinpath("data", "blob.bin").read_bytes()
    tool = subprocess.run([HERE / "acme" / "data" / "tool.sh", name], capture_output=True, text=True, check=True)
    note = (HERE / "notes {{ ds }}.txt").read_text("utf-8")
    packaged = importlib.resources.files("acme").joinpath("data", "rates.json").read_text("utf-8")
    return {"text": text, "blob": blob.hex(), "tool": tool.stdout, "note": note, "packaged": packaged}
