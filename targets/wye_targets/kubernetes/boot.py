"""Starts a run's driver: the keys of its ConfigMaps in, files and packages out. Standard library only, Python 3.9 to 3.14."""

from __future__ import annotations

import base64
import json
import os
import sys

BASE64 = "#wye:base64,"
"""Before what is no text."""


def unpack(source: str, target: str) -> None:
    """Write each file of the index, from its parts."""
    with open(os.path.join(source, "index.json"), encoding="utf-8") as file:
        index = json.load(file)
    for path, keys in index.items():
        place = os.path.join(target, *path.split("/"))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        data = b""
        for key in keys:
            with open(os.path.join(source, key), "rb") as part:
                data += part.read()
        if data.startswith(BASE64.encode()):
            data = base64.b64decode(data[len(BASE64) :])
        with open(place, "wb") as out:
            out.write(data)


def package(name: str, folder: str | None) -> None:
    made = sys.modules[name] = type(sys)(name)
    made.__path__ = [folder] if folder else []


def start(folder: str) -> int:
    """Run the driver whose files stand in a folder."""
    sys.path[:] = [p for p in sys.path if os.path.abspath(p) != os.path.dirname(os.path.abspath(__file__))]
    package("wye", None)
    package("wye.runtime", os.path.join(folder, "wye_runtime"))
    package("wye_kubernetes", folder)
    from importlib import import_module

    code: int = import_module("wye_kubernetes.driver").main(folder)
    return code


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    if os.path.exists(os.path.join(here, "index.json")):
        unpack(here, "/wye/code")
        here = "/wye/code"
    sys.exit(start(here))
