"""`python <folder>/__main__.py` or `python -m wye_runtime`: the command line in, an exit code out."""

import os
import sys

if __name__ == "__main__":
    # Run by path, Python puts this folder first on sys.path, where its types.py would hide the standard library's.
    folder = os.path.dirname(os.path.abspath(__file__))
    real = os.path.realpath(folder)  # as Python puts it there, also where a link leads to the folder
    sys.path[:] = [p for p in sys.path if os.path.realpath(p) != real]
    package = sys.modules.setdefault("wye_runtime", type(sys)("wye_runtime"))
    package.__path__ = [folder]
    from importlib import import_module

    store = sys.argv[1:2] == ["store"]
    sys.exit(import_module("wye_runtime.store" if store else "wye_runtime.runner").main(sys.argv[1 + store :]))
