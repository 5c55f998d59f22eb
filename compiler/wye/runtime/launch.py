"""How a task of a plan becomes a process here: a task's folder in; the runner's exit code, and the log, out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Optional

PATIENCE = 15.0
"""Seconds that a stopped runner has to end its process group and itself."""

DRAIN = 1.0
"""Seconds to wait for the last lines of a process that has ended; one that it left behind may hold its output open."""


class ProcessLauncher:
    """Runs an attempt here: the runner, in a process group of its own, with the task's log as its output.

    An attempt leaves its outputs in a folder of its own, which becomes `out/` when it has ended and this process is still there to see it:
    whatever outlives this process never shows up among the outputs of the run that goes on. It ends soon: the runner's standard input is
    a pipe from here (`--lifeline`)."""

    def __init__(self, programs: str, workers: int) -> None:
        self.programs = programs
        self.pool = ThreadPoolExecutor(max_workers=workers)

    async def run(self, task: Dict[str, Any], folder: str, attempt: int) -> int:
        """The runner's exit code. `folder` holds task.json and values.json; outputs go to `out/` there. Cancelling it stops the attempt."""
        for name in os.listdir(folder):
            if name.startswith("out."):  # of an attempt that nobody waits for any more
                shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        out = "out." + os.urandom(4).hex()
        runner = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
        argv = [self.python(task), "-I", "-S", runner, "--task", "task.json", "--values", "values.json", "--out", out, "--work", "work"]
        argv += ["--lifeline"]
        if task["op"] == "island":
            argv += ["--program", self.programs]
        elif task.get("program"):
            argv += ["--program", os.path.join(self.programs, task["program"])]
        process = self.start(argv, task, folder, attempt)
        ended = asyncio.get_running_loop().run_in_executor(self.pool, self.wait, process)
        try:
            code = await asyncio.shield(ended)
            with contextlib.suppress(FileNotFoundError):  # the runner could not even begin
                os.rename(os.path.join(folder, out), os.path.join(folder, "out"))
            return code
        except asyncio.CancelledError:
            process.terminate()
            await asyncio.wait([ended], timeout=PATIENCE)
            process.kill()
            raise
        finally:
            for name in (out, "work"):
                shutil.rmtree(os.path.join(folder, name), ignore_errors=True)

    def python(self, task: Dict[str, Any]) -> str:
        """The interpreter that runs a task."""
        return sys.executable

    def environ(self, task: Dict[str, Any]) -> Dict[str, str]:
        return dict(os.environ)

    def start(self, argv: List[str], task: Dict[str, Any], folder: str, attempt: int) -> Any:
        with open(os.path.join(folder, "log.txt"), "ab") as log:
            if attempt > 1:
                log.write(b"--- attempt %d\n" % attempt)
                log.flush()
            return self.spawn(argv, task, folder, log)

    def spawn(self, argv: List[str], task: Dict[str, Any], folder: str, output: Any) -> Any:
        return subprocess.Popen(
            argv,
            cwd=folder,
            env=self.environ(task),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output if output != subprocess.PIPE else subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self, process: Any) -> int:
        code = process.wait()
        process.stdin.close()
        return int(code)


class EchoLauncher(ProcessLauncher):
    """Runs an attempt likewise; each line of its output becomes one of this process's, behind the task's id."""

    def __init__(self, programs: str, workers: int, packages: Optional[str] = None) -> None:
        """`packages`: a folder of installed packages that every task may import."""
        super().__init__(programs, workers)
        path = [p for p in (packages, os.environ.get("PYTHONPATH")) if p]
        self.readers: Dict[int, threading.Thread] = {}
        self.env = {**os.environ, **({"PYTHONPATH": os.pathsep.join(path)} if packages else {})}

    def environ(self, task: Dict[str, Any]) -> Dict[str, str]:
        return self.env

    def start(self, argv: List[str], task: Dict[str, Any], folder: str, attempt: int) -> Any:
        process = self.spawn(argv, task, folder, subprocess.PIPE)
        reader = threading.Thread(target=_copy, args=(process.stdout, task["id"] + " | "), daemon=True)
        reader.start()
        self.readers[process.pid] = reader
        return process

    def wait(self, process: Any) -> int:
        code = super().wait(process)
        self.readers.pop(process.pid).join(DRAIN)
        return code


def _copy(lines: Any, head: str) -> None:
    for line in lines:
        say(head + line.decode("utf-8", "replace").rstrip("\n"))


def say(line: str) -> None:
    """One whole line on standard output, whoever else writes there. A step does not fail because nobody reads it."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.buffer.write(line.encode("utf-8", "replace") + b"\n")
        sys.stdout.buffer.flush()
