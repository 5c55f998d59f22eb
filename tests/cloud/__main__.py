"""`python tests/cloud TARGET`: the conformance pipelines on a real account, which variables name; the exit code says whether it agrees."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path

from verify import PAUSE, Refused, trials, verify

CLOUDS = ("azureml", "databricks", "sagemaker", "vertex")


def main(target: str, settings: dict[str, str], pause: float = PAUSE) -> int:
    """0: all is as it should be; 1: it is not, or nobody could find out; 2: a setting is missing."""
    if target not in CLOUDS:
        print(f"TARGET is one of {', '.join(CLOUDS)}, not {target!r}: make verify-cloud TARGET={CLOUDS[0]}")
        return 2
    with tempfile.TemporaryDirectory(prefix="wye-cloud-") as folder:
        try:
            client = importlib.import_module(f"on_{target}").client(settings, Path(folder))
            if client is None:
                return 2
            good = verify(client, trials(settings, Path(folder)), pause=pause, keep=settings.get("KEEP") == "1")
        except (Refused, ValueError) as error:  # a setting that is none counts as refused, too
            print(error)
            return 1
        except KeyboardInterrupt:
            print("stopped")
            return 1
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "", dict(os.environ)))
