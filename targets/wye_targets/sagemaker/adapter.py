"""What a processing job is told in files and variables in; its task run by the runner, and what became of it in files, out.

Every job starts this file. Standard library alone, Python 3.9 to 3.14. SageMaker fills the inputs from S3 and uploads the outputs:

    /opt/ml/processing/input/   wye/ (this file, the runner)  task/task.json  program/  values/<step>/out/  files/<step>/out/
    /opt/wye/                   instead, the runner and programs/ in an image that was built for this pipeline
    /opt/ml/processing/output/  values/ (state.json, outputs as wire text, outputs.json)  files/ (artifacts)
    /opt/ml/output/message      why a job failed, for its ExitMessage

S3 knows no folders and perhaps no empty objects, so folders and empty files travel as tar files, and both outputs hold at least one byte.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import tarfile
import threading
import time
from datetime import datetime, timezone
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT = "<default>"
"""Stands for a default that is too long for a parameter."""
RUN = "<run>"
"""Stands for the time for which the run is meant."""
LATE = 124
STOPPED = (128 + signal.SIGHUP, 128 + signal.SIGINT, 128 + signal.SIGTERM)
MESSAGE = 1000
"""Bytes of the message; SageMaker shows 1 KB of it."""

Json = dict[str, Any]


class Refused(Exception):
    """The task cannot run; `code` is the exit code."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


def main(here: str = HERE) -> int:
    inputs = os.path.dirname(here)
    processing = os.path.dirname(inputs)
    if home(here) == here:
        with open(os.path.join(here, "wye_runtime", "__init__.py"), "ab"):  # it is empty, and S3 may not have kept it
            pass
    try:
        return Task(inputs, os.path.join(processing, "output"), os.path.dirname(processing)).main()
    except Refused as error:
        tell(os.path.dirname(processing), str(error))
        return error.code
    except OSError as error:  # no space, no permission
        tell(os.path.dirname(processing), str(error))
        return 1


def home(here: str) -> str:
    """Where the runner is: beside this file, or in the image."""
    return here if os.path.isdir(os.path.join(here, "wye_runtime")) else os.path.join(here.rsplit(os.sep, 4)[0], "wye")


def leave(number: int, frame: Any) -> None:
    sys.exit(128 + number)


class Task:
    """One step of a run."""

    def __init__(self, inputs: str, outputs: str, ml: str) -> None:
        self.inputs, self.ml = inputs, ml
        self.values, self.files = os.path.join(outputs, "values"), os.path.join(outputs, "files")
        self.scratch = os.path.join(ml, "wye")
        self.form: Json = read(os.path.join(inputs, "task", "task.json"))
        self.told: Any = None
        self.texts: dict[str, str] = {}
        self.unpacked = 0

    # --- what becomes of it -----------------------------------------------------------------------------------------------------------

    def main(self) -> int:
        from wye_runtime import guards  # type: ignore[import-not-found]  # it is beside this file

        form, began = self.form, time.monotonic()
        for folder in (self.values, self.files, self.scratch):
            os.makedirs(folder, exist_ok=True)
        write_text(os.path.join(self.files, "task.txt"), form["id"] + "\n")  # an empty folder would fail whoever reads it
        self.texts = self.parameters()
        kept = guards.kept_from(form, self.state, self.truth)
        if kept:
            return self.settle(kept)
        if form["op"] == "verdict":
            error = guards.first_failure(form["of"], self.state)
            return self.settle("failed", error=error, code=1) if error else self.settle("done")
        if "handles" in form:
            self.told = self.failure()
            if self.told is None:
                return self.settle("skipped")
        if form["op"] == "end":
            write_text(os.path.join(self.values, "outputs.json"), "null\n")
            return self.settle("done")
        say("started")
        out = os.path.join(self.scratch, "out")
        try:
            code = 0 if self.expired() else self.execute(out)
            error = read_if(os.path.join(out, "error.json"))
        except Refused as refused:
            code, error = refused.code, {"type": [], "message": str(refused), "traceback": "", "exit": refused.code}
        if self.expired() and (code or not os.path.exists(os.path.join(out, "done.json"))):
            message = f"the run took longer than {form['deadline']:g} s"
            code, error = LATE, {"type": [], "message": message, "traceback": "", "exit": LATE}
        if code == 0:
            self.publish(out)
        stopped = code in STOPPED and not self.expired()
        status = "cancelled" if stopped else "failed" if code else "done"
        return self.settle(status, time.monotonic() - began, error, code)

    def execute(self, out: str) -> int:
        """Run it as the runner does, in this process: user code runs in processes of its own."""
        from wye_runtime import runner

        own = ("guards", "checks", "handles", "soft", "returns", "told", "pipeline", "deadline", "empty", "tested", "of")
        task = {k: v for k, v in self.form.items() if k not in own}
        if "context" in task:
            scheduled = self.scheduled().isoformat()
            task["context"] = {"run_id": os.environ["WYE_RUN"], "scheduled_time": scheduled, "pipeline": self.form["pipeline"]}
        arguments = ["--out", out, "--work", os.path.join(self.scratch, "work")]
        for name, content in (("task", task), ("values", {n: self.entry(origin) for n, origin in self.form["inputs"].items()})):
            arguments += ["--" + name, os.path.join(self.scratch, name + ".json")]
            write(arguments[-1], content)
        if task["op"] == "island" or task.get("program"):
            arguments += ["--program", self.program()]
        self.reveal()
        timer = None
        if "deadline" in self.form:
            timer = threading.Timer(max(0.0, self.deadline() - time.time()), os.kill, (os.getpid(), signal.SIGTERM))
            timer.daemon = True
            timer.start()
        code: int = runner.main(arguments)
        if timer:
            timer.cancel()
        return code

    def program(self) -> str:
        """The folder of the program, of an island that of its programs; with the empty files, of which S3 may keep none."""
        one, island = os.path.join(self.inputs, "program"), self.form["op"] == "island"
        here = os.path.join(self.inputs, "wye")
        image = os.path.join(home(here), "programs", "" if island else self.form["program"])
        if home(here) != here and os.path.isdir(image):
            return image
        folder = os.path.join(self.inputs, "task", "programs") if island else one
        for path in self.form.get("empty", ()):
            place = os.path.join(folder, *path.split("/"))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "ab"):
                pass
        os.makedirs(folder, exist_ok=True)
        return folder

    def reveal(self) -> None:
        """The step's variables that hold secrets."""
        if self.form.get("secrets"):
            import secretsmanager  # type: ignore[import-not-found]

            for secret in self.form["secrets"]:
                try:
                    os.environ[secret["env"]] = secretsmanager.value(secret["name"], secret.get("key"), self.ml)
                except (OSError, ValueError, KeyError) as error:
                    raise Refused(f"the secret {secret['name']!r} cannot be read: {error}") from None

    def failure(self) -> Any:
        """What the step is told that runs when the run has failed: of the first task that did, in program order. None when none did."""
        for task in self.form["handles"]:
            state = self.state(task)
            if state.get("status") == "failed":
                error = state.get("error") or {"type": [], "message": "it left no result"}
                late = error.get("exit") == LATE and not error["type"] and error["message"].startswith("the run took")
                found = {"run_id": os.environ["WYE_RUN"], "pipeline": self.form["pipeline"], "task_id": None if late else state["task"]}
                return {**found, "error_type": next(iter(error["type"]), None), "message": error["message"]}
        return None

    # --- times and parameters -----------------------------------------------------------------------------------------------------------

    def started(self) -> datetime:
        return moment(os.environ["WYE_STARTED"])

    def scheduled(self) -> datetime:
        """The time for which the run is meant: when it was started, unless the schedule says it."""
        text = os.environ.get("WYE_SCHEDULED", RUN)
        return self.started() if text == RUN else moment(text)

    def deadline(self) -> float:
        return self.started().timestamp() + float(self.form["deadline"])

    def expired(self) -> bool:
        return "deadline" in self.form and time.time() >= self.deadline()

    def parameters(self) -> dict[str, str]:
        """The wire text of every parameter that the task is told: what was given at the start, as a person types it, or the default."""
        from wye_runtime.types import from_json  # type: ignore[import-not-found]
        from wye_runtime.values import CannotTravel, encode, instant, parse_argument, wire  # type: ignore[import-not-found]

        found, problems = {}, []
        for p in self.form.get("told", ()):
            text, t = os.environ[p["variable"]], from_json(p["type"])
            try:
                if text == DEFAULT and "default" in p:
                    found[p["name"]] = wire(p["default"])
                elif text == RUN and p.get("scheduled"):
                    found[p["name"]] = encode(self.scheduled(), "datetime")
                else:
                    value = parse_argument(text.lower() if t == "bool" else text, t)  # a Boolean may be written as Python writes it
                    found[p["name"]] = encode(instant(value) if t == "datetime" else value, t)
            except (TypeError, ValueError, CannotTravel) as error:
                problems.append(f"parameter {p['name']}: {error}")
        if problems:
            raise Refused("\n".join(problems))
        return found

    # --- values and states ----------------------------------------------------------------------------------------------------------

    def entry(self, origin: Json) -> Json:
        """A value as the runner takes it."""
        from wye_runtime import guards
        from wye_runtime.values import wire

        origin = guards.chosen(origin, self.truth)
        if "failure" in origin:
            return {"text": wire(self.told)}
        if "const" in origin:
            return {"text": wire(origin["const"])}
        if "param" in origin:
            return {"text": self.texts[origin["param"]]}
        name = origin["output"]
        if origin["format"] == "json":
            return {"file": os.path.join(self.inputs, "values", origin["task"], "out", name + ".json"), "format": "json"}
        file = os.path.join(self.inputs, "files", origin["task"], "out", name)
        if os.path.exists(file + ".tar"):
            self.unpacked += 1
            folder = os.path.join(self.scratch, "in", str(self.unpacked))
            unpack(file + ".tar", folder)
            file = os.path.join(folder, name)
        return {"file": file, "format": origin["format"]}

    def truth(self, origin: Json) -> bool:
        from wye_runtime import guards

        entry = self.entry(origin)
        try:
            return bool(guards.true(entry["text"] if "text" in entry else read_text(entry["file"])))
        except ValueError as error:
            raise Refused(str(error), 1) from None

    def state(self, task: str) -> Json:
        return read_if(os.path.join(self.inputs, "values", task, "out", "state.json")) or {}

    def publish(self, out: str) -> None:
        """Put the outputs where SageMaker uploads from."""
        from wye_runtime import guards

        if self.form.get("returns"):
            format = self.form["outputs"][0]["format"]
            text = guards.plain_text(os.path.join(out, "out" + ".json" * (format == "json")), format, "files/outputs/out/out")
            write_text(os.path.join(self.values, "outputs.json"), text + "\n")
            say(f"the pipeline returned {text if len(text) <= 2000 else text[:2000] + '…'}")
        for port in self.form["outputs"]:
            name = port["name"] + ".json" * (port["format"] == "json")
            path = os.path.join(out, name)
            if port["format"] == "json":
                shutil.move(path, os.path.join(self.values, name))
            elif os.path.isdir(path) or not os.path.getsize(path):
                pack(path, os.path.join(self.files, name + ".tar"))
            else:
                shutil.move(path, os.path.join(self.files, name))

    def settle(self, status: str, seconds: float = 0.0, error: Json | None = None, code: int = 0) -> int:
        """Write what became of the task. The exit code: a soft task's failure is its verdict's affair, but not the end of the whole run."""
        content: Json = {"task": self.form["id"], "status": status, "seconds": round(seconds, 3), "error": error}
        if self.form.get("tested") and status == "done":  # a Condition step reads it
            content["tested"] = {name: read_text(os.path.join(self.values, name + ".json")) for name in self.form["tested"]}
        write(os.path.join(self.values, "state.json"), content)
        what = f"{status} in {seconds:.2f} s" if status in ("done", "failed") else status
        if error:
            what += ": " + ": ".join([*error["type"][:1], error["message"]]).split("\n")[0]
        soft = self.form.get("soft")
        soft = soft and code not in STOPPED and (soft == "always" or not self.expired())
        code = 0 if soft else code or int(status == "stopped")
        if code:
            tell(self.ml, what)
        else:
            say(what)
        return code


def moment(text: str) -> datetime:
    """A time as AWS writes it: ISO 8601, or seconds (or milliseconds) since 1970."""
    from wye_runtime.values import instant

    try:
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
            count = float(text)
            return datetime.fromtimestamp(count / 1000 if count > 1e11 else count, timezone.utc)
        found: datetime = instant(text)
        return found
    except (TypeError, ValueError) as error:
        raise Refused(f"not a time: {text[:100]!r}: {error}") from None


# --- files ----------------------------------------------------------------------------------------------------------------------------


def pack(path: str, target: str) -> None:
    """A file or folder as a tar file: names, contents, modes; not whose it is, nor when it was made."""

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = info.mtime = 0
        info.uname = info.gname = ""
        return info

    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as file:
        file.add(path, os.path.basename(path), filter=plain)


def unpack(source: str, folder: str) -> None:
    os.makedirs(folder)
    with tarfile.open(source) as file:
        for info in file:  # made by `pack`: nothing but files and folders below
            if info.isfile() or info.isdir():
                file.extract(info, folder)


def read(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_if(path: str) -> Any:
    try:
        return read(path)
    except FileNotFoundError:
        return None


def read_text(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path: str, content: Any) -> None:
    write_text(path, json.dumps(content, indent=1) + "\n")


def write_text(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def tell(ml: str, text: str) -> None:
    """Say why the job fails: in its log, and where SageMaker looks for it."""
    say("failed: " + text)
    os.makedirs(os.path.join(ml, "output"), exist_ok=True)
    with open(os.path.join(ml, "output", "message"), "wb") as file:
        file.write(text.encode("utf-8", "backslashreplace")[:MESSAGE].decode("utf-8", "ignore").encode("utf-8"))


def say(text: str) -> None:
    """Lines in the container's log, known by their beginning."""
    for line in text.split("\n"):
        sys.stdout.buffer.write(f"wye: {line}\n".encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT):  # process 1 of a container dies of no signal that it does not ask for
        signal.signal(number, leave)
    sys.path[:0] = [HERE, home(HERE)]  # for the runner
    sys.exit(main())
