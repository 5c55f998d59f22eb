"""Executors in, containers of a specification out: each gets the executor input, its task, the modules of its program to read, and the
runtime as one line of base64."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files as resources
from typing import Any

from wye.backend.embed import LINES, UNPACK, archive, payload, runtime_files
from wye.runtime.values import wire
from wye_targets._kfp.adapter import FILES
from wye_targets._kfp.tasks import Executor

ARGUMENT_LIMIT = 131_071
"""Bytes of one argument of a program on Linux."""

# kfp.local's SubprocessRunner runs a command only if it names the module of kfp's own executor. It also writes its interpreter for each
# `python3` in a command, values included, except in what follows an argument with the two texts that kfp's own components have.
BOOT = f"""\
# Wye's runner. kfp.local runs only what names kfp.dsl.executor_main, and
# leaves alone what follows "$program_path/ephemeral_component.py" "$@"
import sys, tempfile
{UNPACK}
with tempfile.TemporaryDirectory() as folder:
    unpack(sys.argv.pop(), folder)
    sys.path.insert(0, folder)
    import MODULE
    sys.exit(MODULE.main(sys.argv[1:], folder))
"""

_EXPANDED = re.compile(r"(?<=\{)(?=\{)|(?<=\$)(?=[($])|(?<=python)(?=3)|(?<=/kfp-)(?=workspace)")
_BREAK = "\u241f"


Adapter = tuple[tuple[str, str, str], ...]
"""What fits the runner to a service: for each file its name in the container, and the package and the file that it is. The first is run."""


def boot(adapter: Adapter) -> str:
    return BOOT.replace("MODULE", adapter[0][0].removesuffix(".py"))


def container(e: Executor, adapter: Adapter) -> dict[str, Any]:
    container: dict[str, Any] = {
        "args": ["{{$}}", *_arguments(e, adapter)],
        "command": [e.python, "-c", boot(adapter)],
    }
    if e.env:
        container["env"] = [{"name": k, "value": v} for k, v in sorted(e.env.items())]
    container["image"] = e.image
    if e.resources:
        container["resources"] = e.resources
    return container


def _arguments(e: Executor, adapter: Adapter) -> Iterator[str]:
    """The task, then each module below a line with its name, then what travels as it is, then the runtime."""
    yield from quote(wire(e.task))
    for path, text in e.files:
        yield from quote(f"# {path}\n{wire(json.loads(text)) if path.rpartition('/')[2] == LINES else text}")
    if e.data:
        yield from quote(FILES + archive(e.data))
    runtime = _runtime(adapter, e.interpreter, e.built)
    assert len(runtime) <= ARGUMENT_LIMIT
    yield runtime


@cache
def _runtime(adapter: Adapter, interpreter: bool, built: bool) -> str:
    """`interpreter`: with what an island runs; `built`: all but the adapter is in the image."""
    own = [(name, resources(package).joinpath(file).read_text(encoding="utf-8")) for name, package, file in adapter]
    return payload((*own, *(() if built else runtime_files(interpreter=interpreter))))


def quote(text: str) -> Iterator[str]:
    """The text as arguments in which nobody finds anything to expand, and which Linux takes; `adapter.unpack` undoes it."""
    text = _EXPANDED.sub(_BREAK, text.replace(_BREAK, _BREAK + "."))
    mark = ""
    while text:
        part = text.encode("utf-8", "surrogatepass")[: ARGUMENT_LIMIT - 1].decode("utf-8", "ignore")
        yield mark + part
        mark, text = "+", text[len(part) :]
