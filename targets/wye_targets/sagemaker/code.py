"""What every job runs, whatever its task, out: the runner and what fits it to SageMaker, in a folder named by what stands in it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources

from wye.backend.embed import runtime_files


@dataclass(frozen=True, slots=True)
class Runtime:
    folder: str
    files: tuple[tuple[str, str], ...]


@cache
def runtime(built: bool = False) -> Runtime:
    """`built`: the runner is in the images."""
    package = resources("wye_targets.sagemaker")
    own = [(name, (package / name).read_text("utf-8")) for name in ("adapter.py", "secretsmanager.py")]
    files = (*own, *(() if built else runtime_files(interpreter=True, guards=True)))
    digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]
    return Runtime(f"wye-{digest}", tuple((path, text) for path, text in files))
