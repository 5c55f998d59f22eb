"""The one program of a task's pod: the folder of a task and the number of an attempt in; the runner's files and a termination message out.

Standard library only, Python 3.9 to 3.14.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

SECRETS = "/wye/secrets/"
"""Where a secret of which no key is named is mounted, by the variable that it becomes."""
IMAGE = "/opt/wye/programs"
"""Where an image that was built for this pipeline has the programs."""
STARTED = ".started"
TERMINATION = "/dev/termination-log"
LONGEST = 1500
"""Bytes of a message: the whole termination message has 4096 at most."""


def main(folder: str, attempt: str) -> int:
    """Run the attempt, once: a second pod of the same Job, after the first was lost, must not repeat what a step has done."""
    code = os.path.dirname(os.path.abspath(__file__))
    out = os.path.join(folder, "attempts", attempt)
    try:
        os.close(os.open(os.path.join(out, STARTED), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
    except FileExistsError:
        return tell({"message": "the pod of this attempt was lost, and another must not run it again"}, 1)
    except OSError as error:
        return tell({"message": f"the volume of the run cannot be written: {error}"}, 1)
    with open(os.path.join(folder, "task.json"), encoding="utf-8") as file:
        task = json.load(file)
    problem = set_secrets(task.get("secrets", ()))
    if problem:
        return tell({"message": problem}, 2)
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != code]
    for name, place in (("wye_runtime", os.path.join(code, "wye_runtime")), ("wye_kubernetes", code)):
        package = sys.modules.setdefault(name, type(sys)(name))
        package.__path__ = [place]
    from importlib import import_module

    work = os.environ.get("TMPDIR") or "/tmp"
    values = os.path.join(folder, "values.json")
    arguments: list[str] = ["--task", os.path.join(folder, "task.json"), "--out", out, "--work", work]
    if task.get("program"):
        programs = os.path.join(code, "programs")
        arguments += ["--program", os.path.join(programs if os.path.isdir(programs) else IMAGE, task["program"])]
    runner = import_module("wye_runtime.runner")
    there = os.path.join(code, "store.json")
    try:
        if not os.path.exists(there):
            ended: int = runner.main([*arguments, "--values", values])
        else:
            with open(there, encoding="utf-8") as file:
                ended = import_module("wye_kubernetes.objects").run(runner.main, arguments, task, values, out, work, json.load(file))
    except runner.Failed as error:
        ended = error.exit
        with open(os.path.join(out, "error.json"), "w", encoding="utf-8") as file:
            json.dump(error.record, file)
    except OSError as error:  # while artifacts are moved: what is not done does not count
        return tell({"message": f"the volume of the run cannot be written: {error}"}, 1)
    record: dict[str, Any] = {}
    if ended:
        try:
            with open(os.path.join(out, "error.json"), encoding="utf-8") as file:
                record = json.load(file)
        except (OSError, ValueError):
            record = {"message": "the volume of the run cannot be written"}
    return tell(record, ended)


def set_secrets(secrets: Any) -> str:
    """Set the variables of secrets that are mounted whole. What is wrong, if anything: an absent secret is for the runner to tell."""
    for secret in secrets:
        folder = SECRETS + secret["env"]
        if secret.get("key") is not None or not os.path.isdir(folder):
            continue
        names = sorted(n for n in os.listdir(folder) if not n.startswith(".."))
        if len(names) > 1:
            return f"the secret {secret['name']!r} has several keys ({', '.join(names)}): say which, key=…"
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                os.environ[secret["env"]] = file.read()
    return ""


def tell(record: dict[str, Any], code: int) -> int:
    """Leave for the driver, and for `kubectl describe`, what became of the attempt. The exit code."""
    message = str(record.get("message", ""))
    if code and "traceback" not in record:
        print(f"error: {message}", file=sys.stderr, flush=True)
    told = {
        "done": not code,
        "exit": code,
        "recorded": "traceback" in record,
        **({"type": record.get("type", [])[:1], "message": shortened(message)} if code else {}),
    }
    try:
        with open(TERMINATION, "w", encoding="ascii") as file:
            json.dump(told, file)
    except OSError:
        pass
    return code


def shortened(message: str) -> str:
    """The message, so short that as JSON in ASCII it has a place."""
    while len(json.dumps(message)) > LONGEST:
        message = message[: len(message) * 3 // 4] + "…"
    return message


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
