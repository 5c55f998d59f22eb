"""The supervisor: a task file and values in; outputs and `done.json`, or `error.json`, and an exit code out. Imports no user code.

Each attempt is a fresh interpreter (`child.py`) in an empty working directory and a process group of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, Dict, List, Optional

GRACE = 10.0
"""Seconds between TERM and KILL."""

BOOT = (
    "import sys, json; j = json.loads(sys.argv.pop()); m = sys.modules['wye_runtime'] = type(sys)('wye_runtime'); "
    "m.__path__ = [j['runtime']]; import wye_runtime.child as c; e = lambda r=c.main, j=j: r(j); del sys, json, j, m, c; e()"
)
"""What the child's `__main__` is: nothing of the user's, nothing that stays."""


class Failed(Exception):
    """An attempt failed: what `error.json` says."""

    def __init__(self, exit: int, message: str, record: Optional[Dict[str, Any]] = None) -> None:
        super().__init__(message)
        self.exit, self.shown = exit, bool(record)
        self.record = {"type": [], "message": message, "traceback": "", **(record or {}), "exit": exit}


class Group:
    """The process group of the current attempt: TERM, then KILL, on a time-out and when this process is told to stop."""

    def __init__(self) -> None:
        self.pid = self.stopped = 0
        self.late = self.ending = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self.on_signal)

    def on_signal(self, number: int, frame: Any) -> None:
        alarm = number == signal.SIGALRM
        if not alarm:
            self.stopped = number
        elif not self.ending:
            self.late = True
        if self.pid:
            self.kill(signal.SIGKILL if alarm and self.ending else signal.SIGTERM)
            if alarm or not self.ending:
                signal.setitimer(signal.ITIMER_REAL, GRACE)
            self.ending = True

    def kill(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left
            os.killpg(self.pid, number)

    def run(self, argv: List[str], env: Dict[str, str], cwd: str, timeout: float = 0, output: Any = None) -> int:
        self.late = self.ending = False
        try:
            process = subprocess.Popen(
                argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        except OSError as error:
            raise Failed(1, f"cannot start {argv[0]}: {error}") from None
        self.pid = process.pid
        if self.stopped:
            self.on_signal(self.stopped, None)
        elif timeout:
            signal.setitimer(signal.ITIMER_REAL, timeout)
        code = process.wait()
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.kill(signal.SIGKILL)  # what the step left running
        self.pid = 0
        return code

    def sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.stopped and time.monotonic() < end:
            time.sleep(max(0.0, min(0.2, end - time.monotonic())))


def main(argv: List[str]) -> int:
    parser = argparse.ArgumentParser("wye_runtime", description="Runs one task.")
    for name in ("--task", "--values", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("--program")
    parser.add_argument("--work", help="scratch space")
    parser.add_argument("--lifeline", action="store_true", help="stop when standard input ends: then whoever started this is gone")
    given = parser.parse_args(argv)
    if given.lifeline:
        threading.Thread(target=_stop_at_the_end_of_input, daemon=True).start()
    scratch = ""
    try:
        for folder in filter(None, (given.out, given.work)):
            os.makedirs(folder, exist_ok=True)
        for name in ("done.json", "error.json"):
            remove(os.path.join(given.out, name))
        scratch = tempfile.mkdtemp(prefix="wye-", dir=given.work and os.path.abspath(given.work))
        _attempts(given, scratch)
    except Failed as error:
        return _report(given.out, error)
    except OSError as error:  # no space, no permission
        return _report(given.out, Failed(1, str(error)))
    finally:
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)
    return 0


def _stop_at_the_end_of_input() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _report(out: str, error: Failed) -> int:
    if not error.shown:
        print(f"error: {error}", file=sys.stderr, flush=True)
    try:
        with open(os.path.join(out, ".error"), "w") as file:
            json.dump(error.record, file)
        os.replace(file.name, os.path.join(out, "error.json"))
    except OSError as problem:
        print(f"error: {problem}", file=sys.stderr)
    return error.exit


def _attempts(given: Any, scratch: str) -> None:
    task, values = _read(given.task), _read(given.values)
    if task.get("op") not in ("call", "compute", "fail", "island"):
        raise Failed(2, f"not a task file: {given.task}")
    absent = [f"no value for the input {n!r}" for n in task.get("inputs", ()) if n not in values]
    for s in task.get("secrets", ()):
        if s["env"] not in os.environ:
            absent.append(f"the secret {s['name']!r} is missing: the variable {s['env']} is not set")
    if absent:
        raise Failed(2, "; ".join(absent))
    if task["op"] == "island":
        from .island import supervise

        return supervise(task, values, os.path.abspath(given.program or ""), scratch, given.out)
    group = Group()
    delays = task.get("retry", {}).get("delays", [])
    for number in range(len(delays) + 1):
        folder = os.path.join(scratch, str(number))
        try:
            return _attempt(given, task, group, folder, number)
        except Failed as error:
            if number == len(delays) or group.stopped:
                raise
            shutil.rmtree(folder, ignore_errors=True)
            print(
                f"{error}\nattempt {number + 1} of {len(delays) + 1} failed; the next in {delays[number]:g} s", file=sys.stderr, flush=True
            )
            group.sleep(delays[number])
            if group.stopped:
                raise


def _attempt(given: Any, task: Dict[str, Any], group: Group, folder: str, number: int) -> None:
    for name in ("path", "out", "cwd", "in", "packages"):
        os.makedirs(os.path.join(folder, name))
    out, path = os.path.join(folder, "out"), [os.path.join(folder, "path")]
    runtime = os.path.dirname(os.path.abspath(__file__))
    shim: bytes = globals()["__loader__"].get_data(os.path.join(runtime, "shim.py"))  # also out of a zip file
    with open(os.path.join(path[0], "wye.py"), "wb") as file:
        file.write(shim + b"\n_attempt = " + ascii(context(task, number)).encode() + b"\n")
    program = given.program and os.path.abspath(given.program)
    if program:
        program = executable(program, folder)
        path.append(program)
    packages = task.get("packages", [])
    if not all(met(p) for p in packages):
        path.append(os.path.join(folder, "packages"))
        install(packages, path[-1], group, folder, task.get("install", {}), program)
    rest = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and os.path.abspath(p) != os.path.dirname(runtime)]
    env = {**os.environ, **task.get("env", {}), "PYTHONPATH": os.pathsep.join(path + rest)}
    files = {"task": os.path.abspath(given.task), "values": os.path.abspath(given.values)}
    job = json.dumps({"runtime": runtime, "folder": folder, "program": program, "path": path, **files})
    timeout = task.get("timeout") or 0
    code = group.run([sys.executable, "-u", "-B", "-c", BOOT, job], env, os.path.join(folder, "cwd"), timeout)
    if os.path.exists(os.path.join(out, "done.json")):
        for name in sorted(os.listdir(out), key=lambda n: n == "done.json"):  # the mark of success comes last
            publish(os.path.join(out, name), os.path.join(given.out, name))
        return
    if group.stopped:
        raise Failed(128 + group.stopped, f"stopped by {signal.Signals(group.stopped).name}")
    if group.late:
        raise Failed(124, f"the attempt took longer than {timeout:g} s")
    if os.path.exists(os.path.join(out, "error.json")):
        record = _read(os.path.join(out, "error.json"))
        raise Failed(record["exit"], record["message"], record)
    if code < 0:
        name = signal.Signals(-code).name
        raise Failed(1, f"the step's process was killed by {name}" + " (out of memory?)" * (name == "SIGKILL"))
    raise Failed(1, f"the step's process ended with exit code {code} before the step returned")


def context(task: Dict[str, Any], number: int) -> Dict[str, Any]:
    """What `wye.context()` says: what whoever started this runner knows, and the attempts that the runner itself has made."""
    known = {"run_id": "", "attempt": 1, "scheduled_time": None, "task_id": task.get("id", ""), "pipeline": "", **task.get("context", {})}
    return {**known, "attempt": known["attempt"] + number}


def executable(program: str, folder: str) -> str:
    """The program with the files that are to be executable: in a copy where it is not ours to change, after it came through a store."""
    lines = os.path.join(program, "lines.json")
    wanted = [n for n, about in _read(lines).items() if about.get("executable")] if os.path.exists(lines) else []
    if all(os.access(os.path.join(program, n), os.X_OK) for n in wanted):
        return program
    copied = shutil.copytree(program, os.path.join(folder, "program"), copy_function=shutil.copyfile)
    for n in wanted:
        os.chmod(os.path.join(copied, n), 0o755)
    return str(copied)


def met(package: str) -> bool:
    """Whether an exact pin is what this interpreter has. Anything but `name==version` is for pip to judge."""
    from importlib import metadata

    pin = re.match(r"\s*([\w.-]+)\s*==\s*([\w.+!-]+)\s*$", package)
    try:
        return bool(pin and metadata.version(pin[1]) == pin[2])
    except metadata.PackageNotFoundError:
        return False


def install(packages: List[str], target: str, group: Group, folder: str, how: Dict[str, Any], program: Optional[str]) -> None:
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--target", target]
    env = dict(os.environ)
    for name, key in (("PIP_INDEX_URL", "index"), ("PIP_EXTRA_INDEX_URL", "extra"), ("PIP_PROXY", "proxy")):
        if key in how:  # what the environment says, with its credentials, goes before
            env.setdefault(name, how[key] if isinstance(how[key], str) else " ".join(how[key]))
    for key, options in (("lock", ["--require-hashes", "-r"] if how.get("hashes") else ["-c"]), ("cert", ["--cert"])):
        if key in how and (key != "cert" or "PIP_CERT" not in env):
            argv += [*options, os.path.join(folder, key + ".txt")]
            with open(argv[-1], "w", encoding="utf-8") as file:
                file.write(how[key])
    wheels = os.path.join(program or "", ".wheels")
    argv += ["--find-links", wheels] if os.path.isdir(wheels) else []
    argv += [] if how.get("hashes") else packages  # the lock has them
    with open(os.path.join(folder, "pip.txt"), "w+", errors="replace") as log:
        code = group.run(argv, env, os.path.join(folder, "cwd"), output=log)
        log.seek(0)
        if code or group.stopped:
            lines = "".join(log.readlines()[-15:]).rstrip()
            raise Failed(128 + group.stopped if group.stopped else 1, f"pip could not install {', '.join(packages)}\n{lines}")


def _read(path: str) -> Dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError) as error:
        raise Failed(2, f"cannot read {path}: {error}") from None
    if not isinstance(found, dict):
        raise Failed(2, f"not a JSON object: {path}")
    return found


def remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


def publish(source: str, target: str) -> None:
    """Rename, or copy to another file system (object store mounts know no rename, nor modes)."""
    remove(target)

    def copy(a: str, b: str) -> None:
        shutil.copyfile(a, b)
        with contextlib.suppress(OSError):
            shutil.copymode(a, b)

    shutil.move(source, target, copy_function=copy)
