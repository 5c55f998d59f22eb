"""A launch in; one run of the compose project by `docker compose`, what becomes of each task as it happens, and its result, out.

The run's folder holds the project as it was compiled, `steps/given.json` with the exact parameters, and a `.env` that names project and
run: `docker compose up --abort-on-container-failure` in it goes on with a run that was ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wye.backend.remote import CannotRun, Launch, Ran
from wye.ir.nodes import every
from wye.runtime.outcome import Event, TaskResult
from wye_targets.docker.lower import FOLDER, LAST, PROJECTS, START, secret_variables

PATIENCE = 60.0
"""Seconds that the containers of a run have to end when it is stopped."""
_LINE = re.compile(r"(\S+)-\d+\s+\| ?(.*)")
_AGAIN = re.compile(r"attempt (\d+) of \d+ failed; the next in ([\d.e+-]+) s")
_ENDS = {"done": "succeeded", "failed": "failed", "skipped": "skipped", "stopped": "skipped", "cancelled": "cancelled"}
"""What the adapter says of a task, and what `wye run` calls it."""


def run(launch: Launch) -> Ran:
    """Raises `CannotRun` before anything has started."""
    check_engine()
    check_secrets(launch)
    project = Project(launch)
    project.prepare()
    code, stopped = project.up()
    found = project.states()
    tasks = tuple(project.result(t, found, stopped) for t in project.tasks)
    succeeded = code == 0 and not stopped
    returned = project.returned() if succeeded else None
    message = None if succeeded or any(t.status == "failed" for t in tasks) else project.complaint(stopped)
    notes = [project.where] if launch.keep else project.down()
    again = f"cd {shlex.quote(str(launch.folder))} && docker compose up --abort-on-container-failure"
    return Ran("cancelled" if stopped else "succeeded" if succeeded else "failed", tasks, returned, message, tuple(notes), again)


def check_engine() -> None:
    """That there is a docker, with compose, and an engine behind it."""
    if shutil.which("docker") is None:
        raise CannotRun("docker is not installed", "https://docs.docker.com/engine/install/")
    if _asked("compose", "version").returncode:
        raise CannotRun("docker has no compose plugin here", "https://docs.docker.com/compose/install/")
    engine = _asked("version", "--format", "{{.Server.Version}}")
    if engine.returncode:
        lines = engine.stderr.strip().splitlines() or ["no answer"]
        raise CannotRun(f"no docker engine answers: {lines[-1]}", "start it, or say where it is: DOCKER_HOST, docker context use")


def check_secrets(launch: Launch) -> None:
    """That what compose hands on as secrets is in this environment: compose names the first that is not, in words of its own."""
    wanted = {variable: secret.name for secret, variable in secret_variables(launch.checked.pipeline).items()}
    absent = [f"{variable} (secret `{name}`)" for variable, name in sorted(wanted.items()) if variable not in os.environ]
    if absent:
        raise CannotRun(f"not set in the environment: {', '.join(absent)}")


def _asked(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)


@dataclass(slots=True)
class Task:
    """A task as it is shown, and since when it runs."""

    id: str
    service: str
    step: str | None
    began: float | None = None
    ended: bool = False
    attempt: int = 1


@dataclass(slots=True)
class Project:
    """One run's compose project. `words` begin each command."""

    launch: Launch
    name: str = ""
    tasks: list[Task] = field(default_factory=list)
    format: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    last_lines: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        launch, folder = self.launch, self.launch.folder
        self.name = PROJECTS.spell(f"{launch.checked.pipeline.name}-{launch.run_id}")
        steps = folder / FOLDER
        given = {"parameters": dict(launch.values), "scheduled": launch.scheduled}
        (steps / "given.json").write_text(json.dumps(given, indent=1) + "\n", "utf-8")
        (folder / ".env").write_text(f"COMPOSE_PROJECT_NAME={self.name}\nRUN_ID={launch.run_id}\n", "utf-8")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("COMPOSE_")} | {"RUN_ID": launch.run_id}
        order = {n.id: i for i, n in enumerate(every(launch.checked.pipeline.body))}
        for file in (steps / "tasks").glob("*.json"):
            form = json.loads(file.read_text("utf-8"))
            if form["id"] in order:
                self.tasks.append(Task(form["id"], file.stem, form.get("step")))
            if form.get("returns"):
                self.format = form["outputs"][0]["format"]
        self.tasks.sort(key=lambda t: order[t.id])

    @property
    def where(self) -> str:
        return f"containers and artifacts: docker compose -p {self.name} ps -a; to remove them: docker compose -p {self.name} down -v"

    def compose(self, *words: str) -> list[str]:
        folder = str(self.launch.folder)
        return ["docker", "compose", "-f", f"{folder}/compose.yaml", "--project-directory", folder, "-p", self.name, *words]

    def quiet(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.compose(*words), env=self.env, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL
        )

    # --- while it runs ---------------------------------------------------------------------------------------------------------------

    def up(self) -> tuple[int, bool]:
        """Run it to its end: the exit code, and whether somebody stopped it."""
        command = self.compose("--ansi", "never", "up", "--abort-on-container-failure", "--no-color", "--menu=false")
        log = (self.launch.folder / "compose.txt").open("w", encoding="utf-8")
        with (
            log,
            _stoppable() as asked,
            subprocess.Popen(  # in a session of its own: it is we who tell it that somebody has pressed Ctrl-C
                command, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            ) as process,
        ):
            asked.process = process
            assert process.stdout
            for raw in process.stdout:
                self.take(raw.decode("utf-8", "replace").rstrip("\n"))
            return process.wait(), asked.stopped

    def take(self, line: str) -> None:
        """One line of the attached containers."""
        found = _LINE.fullmatch(line)
        task = next((t for t in self.tasks if found and t.service == found[1]), None)
        if not found or task is None:
            self.last_lines = [*self.last_lines[-9:], line]
            return
        text = found[2]
        place = self.launch.folder / "tasks" / task.id
        place.mkdir(parents=True, exist_ok=True)
        with (place / "log.txt").open("a", encoding="utf-8") as file:
            file.write(text + "\n")
        again = _AGAIN.fullmatch(text)
        now = time.monotonic()
        if text == "wye: started":
            task.began = now
            self.launch.on_event(Event("started", task.id, task.step, 1))
        elif again and task.began:
            self.launch.on_event(Event("retrying", task.id, task.step, int(again[1]), now - task.began, float(again[2])))
            task.attempt = int(again[1]) + 1
        elif (word := text.removeprefix("wye: ").split(" ")[0].rstrip(":")) in _ENDS and text.startswith("wye: ") and not task.ended:
            task.ended = True
            _, _, message = text.partition(" s: ")
            error: dict[str, Any] | None = {"type": [], "message": message} if message else None
            seconds = now - task.began if task.began else 0.0
            self.launch.on_event(Event(_ENDS[word], task.id, task.step, task.attempt, seconds, 0.0, error))

    # --- afterwards ------------------------------------------------------------------------------------------------------------------

    def states(self) -> dict[str, dict[str, Any]]:
        """What the tasks left on the volume, by service."""
        target = self.launch.folder / "state"
        self.quiet("cp", f"{START}:/runs/{self.launch.run_id}/state", str(target))
        found = {}
        for file in target.glob("*.json") if target.is_dir() else ():
            with contextlib.suppress(ValueError):
                found[file.stem] = json.loads(file.read_text("utf-8"))
        return found

    def result(self, task: Task, states: dict[str, dict[str, Any]], stopped: bool) -> TaskResult:
        state = states.get(task.service)
        attempts = task.attempt if task.began else 0
        if state is None:  # killed before it could say what became of it; or it never started
            return TaskResult(task.id, task.step, "cancelled" if task.began else "skipped", 0.0, attempts)
        return TaskResult(task.id, task.step, _ENDS[state["status"]], state["seconds"], attempts, state.get("error"))

    def returned(self) -> tuple[Path, str] | None:
        """What the pipeline returned, copied here."""
        if self.format is None:
            return None
        target = self.launch.folder / "returned"
        done = self.quiet("cp", f"{START}:/runs/{self.launch.run_id}/tasks/{LAST}/out", str(target))
        if done.returncode:
            raise CannotRun(f"cannot copy what the pipeline returned: {done.stderr.strip().splitlines()[-1:]}", self.where)
        return target / ("out" + ".json" * (self.format == "json")), self.format

    def complaint(self, stopped: bool) -> str:
        """Why nothing ran: what the first service said, else compose."""
        if stopped:
            return "stopped"
        said = [t for line in self.last_lines if (found := _LINE.fullmatch(line)) and (t := found[2]).startswith("wye: failed")]
        for image in self.launch.checked.images if not said else ():
            if _asked("image", "inspect", image.reference).returncode:
                return f"the image {image.reference} is not here, nor can it be pulled: `wye build` makes it, of the same source and stack"
        lines = (self.launch.folder / "compose.txt").read_text("utf-8", "replace").strip().splitlines()
        return (said or lines or ["docker compose failed"])[-1].removeprefix("wye: failed: ")

    def down(self) -> list[str]:
        """Remove the containers and the network; the artifacts stay."""
        done = self.quiet("down")
        if done.returncode:
            return [self.where]
        return [f"artifacts: the volume {self.name}_runs; to remove it: docker volume rm {self.name}_runs"]


@dataclass(slots=True)
class Asked:
    """Whether somebody asked for the end of the run."""

    process: subprocess.Popen[bytes] | None = None
    stopped: bool = False

    def on_signal(self, number: int, frame: Any) -> None:
        process, first = self.process, not self.stopped
        self.stopped = True
        if process and process.poll() is None:  # compose stops the containers; asked again, it kills them
            process.send_signal(signal.SIGINT)
            if first:
                signal.setitimer(signal.ITIMER_REAL, PATIENCE)


@contextlib.contextmanager
def _stoppable() -> Iterator[Asked]:
    asked = Asked()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    before = {n: signal.signal(n, asked.on_signal) for n in numbers}
    try:
        yield asked
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
