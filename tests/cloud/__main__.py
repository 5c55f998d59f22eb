"""`python tests/cloud TARGET`: the conformance pipeline on a real account, which variables name; the exit code says whether it agrees."""

from __future__ import annotations

import importlib
import os
import sys

CLOUDS = ("vertex",)

if __name__ == "__main__":
    target = sys.argv[1] if len(sys.argv) > 1 else ""
    if target not in CLOUDS:
        sys.exit(f"TARGET is one of {', '.join(CLOUDS)}, not {target!r}: make verify-cloud TARGET={CLOUDS[0]}")
    sys.exit(importlib.import_module(target).main(dict(os.environ)))
