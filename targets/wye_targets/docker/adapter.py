"""The name of a service and the id of a run in; what became of that task, on the volume, and an exit code out.

Every container starts this file, which it sees read-only beside the task files, the step programs and the runner. Standard library alone,
Python 3.9 to 3.14. On the volume, below the run's id:

    run.json parameters.json outputs.json    state/<service>.json    tasks/<service>/out/…

A task whose state says `done` is not run again. `stopped` is a task that did not run because one before it failed. With a store (an address
in `pipeline.json`) the outputs are objects there, below the key in the task's state; of them the volume keeps short values alone, which
conditions are read from.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import sysconfig
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGE = "/opt/wye"  # where an image that was built for this pipeline has the runner and the programs
HOME = HERE if os.path.isdir(os.path.join(HERE, "wye_runtime")) else IMAGE
SECRETS = "/run/secrets"
LATE = 124
KEPT = 32 * 1024
"""Bytes up to which a value is on the volume, too, when there is a store."""
STOPPED = (128 + signal.SIGHUP, 128 + signal.SIGINT, 128 + signal.SIGTERM)

Json = dict[str, Any]


class Refused(Exception):
    """The task cannot run; `code` is the exit code."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


def main(name: str, run_id: str, runs: str = "/runs") -> int:
    try:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", run_id):
            raise Refused(f"not an id of a run: {run_id[:100]!r}; letters, digits, `.`, `_` and `-`, at most 100")
        folder = os.path.join(runs, run_id)
        return start(run_id, folder) if name == "start" else Task(name, run_id, folder).main()
    except Refused as error:
        say(f"failed: {error}")
        return error.code
    except OSError as error:  # no space on the volume, no permission
        say(f"failed: {error}")
        return 1


def leave(number: int, frame: Any) -> None:
    sys.exit(128 + number)


# --- the first service ----------------------------------------------------------------------------------------------------------------


def start(run_id: str, folder: str) -> int:
    """Check the parameters of a run, and give it its place on the volume. `given.json` is there when Wye itself has started the run."""
    spec = read(os.path.join(HERE, "pipeline.json"))
    given = read_if(os.path.join(HERE, "given.json")) or {}
    known = read_if(os.path.join(folder, "run.json"))
    scheduled = moment(given.get("scheduled") or os.environ.get("SCHEDULED_TIME") or (known or {}).get("scheduled"))
    texts = given["parameters"] if "parameters" in given else parameters(spec["parameters"], scheduled)
    if known:
        other = "`RUN_ID=… docker compose up` starts another run"
        if known["digest"] != spec["digest"]:
            raise Refused(f"the run {run_id!r} was started by another version of this pipeline; {other}")
        if read(os.path.join(folder, "parameters.json")) != texts:
            raise Refused(f"the run {run_id!r} was started with other parameters; {other}")
    for name in ("", "state", "tasks", "slots", *(["driver"] if "store" in spec else [])):
        place = os.path.join(folder, name)
        os.makedirs(place, exist_ok=True)
        os.chmod(place, 0o777)  # an image may have a user of its own
    for number in range(spec.get("max_parallel") or 0):
        place = os.path.join(folder, "slots", str(number))
        with open(place, "a"):
            os.chmod(place, 0o666)
    write(os.path.join(folder, "parameters.json"), texts)
    limit = spec.get("timeout")
    content = {"run": run_id, "pipeline": spec["pipeline"], "digest": spec["digest"], "timeout": limit}
    content.update(scheduled=scheduled.isoformat(), deadline=time.time() + limit if limit else None, slots=spec.get("max_parallel"))
    if "store" in spec and not known:  # whether it can be written is told before anything runs
        announce(spec, run_id, folder, {**content, "parameters": texts})
    write(os.path.join(folder, "run.json"), content)
    for name, text in texts.items():
        say(f"{name} = {text if len(text) <= 200 else text[:200] + '…'}")
    return 0


def announce(spec: Json, run_id: str, folder: str, content: Json) -> None:
    """Write in the store what run this is."""
    from wye_runtime.runner import Failed  # type: ignore[import-not-found]
    from wye_runtime.store import key_of  # type: ignore[import-not-found]

    note = [key_of(spec["pipeline"], run_id, "run.json"), json.dumps(content, indent=1) + "\n"]
    try:
        move({"notes": [note]}, spec["store"], folder, folder)
    except Failed as error:
        raise Refused(str(error), error.exit) from None


def move(job: Json, store: Json, folder: str, scratch: str) -> None:
    """Write and read the store. A driver that an image does not have is installed once in a run, for each interpreter."""
    from wye_runtime.store import transfer

    kind = hashlib.sha256(f"{sys.version} {sysconfig.get_config_var('SOABI')}".encode()).hexdigest()[:12]
    transfer({**job, "store": store}, scratch, os.path.join(folder, "driver", kind))
    shutil.rmtree(os.path.join(scratch, "transfer"), ignore_errors=True)


def moment(text: str | None) -> datetime:
    """The time for which the run is meant: when it was started, unless somebody said it."""
    from wye_runtime.values import instant  # type: ignore[import-not-found]  # it is in the container

    try:
        found: datetime = datetime.now(timezone.utc) if text is None else instant(text)  # noqa: UP017
        return found
    except (TypeError, ValueError) as error:
        raise Refused(f"SCHEDULED_TIME: {error}") from None


def parameters(declared: list[Json], scheduled: datetime) -> dict[str, str]:
    """The wire text of every parameter: what the environment says, as the person typed it, else the default."""
    from wye_runtime.types import from_json  # type: ignore[import-not-found]
    from wye_runtime.values import CannotTravel, encode, instant, parse_argument, wire

    found, problems = {}, []
    for p in declared:
        if p["variable"] in os.environ:
            try:
                t = from_json(p["type"])
                value = parse_argument(os.environ[p["variable"]], t)
                found[p["name"]] = encode(instant(value) if t == "datetime" else value, t)
            except (TypeError, ValueError, CannotTravel) as error:
                problems.append(f"parameter {p['name']} ({p['variable']}): {error}")
        elif p.get("scheduled"):
            found[p["name"]] = encode(scheduled, "datetime")
        elif "default" in p:
            found[p["name"]] = wire(p["default"])
        else:
            problems.append(f"parameter {p['name']} has no default and no value; set {p['variable']}")
    if problems:
        raise Refused("\n".join(problems))
    return found


# --- one task -------------------------------------------------------------------------------------------------------------------------


class Task:
    """One service of a run. `state` is what is known of it from an earlier `up`."""

    def __init__(self, name: str, run_id: str, folder: str) -> None:
        self.name, self.run_id, self.folder = name, run_id, folder
        self.form = read(os.path.join(HERE, "tasks", name + ".json"))
        self.place = os.path.join(folder, "tasks", name)
        run = read_if(os.path.join(folder, "run.json"))
        if run is None:
            raise Refused(f"the run {run_id!r} has not been started: `docker compose up` starts it")
        if "handles" in self.form:
            run["deadline"] = None  # it is there for that as well
        self.told: Any = None
        self.store: Json | None = read(os.path.join(HERE, "pipeline.json")).get("store")
        self.key: str | None = None
        self.run, self.texts = run, read(os.path.join(folder, "parameters.json"))

    def main(self) -> int:
        from wye_runtime import guards  # type: ignore[import-not-found]

        form, began = self.form, time.monotonic()
        seen = {t: self.state(t).get("token") for t in form.get("watches", ())}
        known = self.state(self.name)
        if known.get("status") == "done" and known.get("seen") == seen:
            say("done before")
            return 0
        kept = guards.kept_from(form, self.state, self.truth)
        if kept == "skipped" and known.get("status") == "skipped":  # its token stays: what it was skipped for has not changed
            say("skipped")
            return 0
        if kept:
            return self.settle(kept, seen=seen)
        if form["op"] == "verdict":
            return self.verdict()
        if "handles" in form:
            self.told = self.failure()
            if self.told is None:
                return self.settle("skipped", seen=seen)
        if form["op"] == "end":
            write_text(os.path.join(self.folder, "outputs.json"), "null\n")
            return self.settle("done")
        with_slots = self.run["slots"]
        held = slots(os.path.join(self.folder, "slots"), with_slots, form["op"] == "island", self.late) if with_slots else []
        say("started")
        began = time.monotonic()
        code = 0 if self.expired() else self.execute(len(held))
        seconds = time.monotonic() - began
        error = read_if(os.path.join(self.place, "out", "error.json"))
        if self.expired() and (code or not os.path.exists(os.path.join(self.place, "out", "done.json"))):
            message = f"the run took longer than {self.run['timeout']:g} s"
            code, error = LATE, {"type": [], "message": message, "traceback": "", "exit": LATE}
        if code == 0 and form.get("returns"):
            self.hand_over()
        stopped = code in STOPPED and not self.expired()
        return self.settle("cancelled" if stopped else "failed" if code else "done", seconds, error, seen, code)

    def execute(self, held: int) -> int:
        """Run it as the runner does, in this process: user code runs in processes of its own."""
        from wye_runtime import runner

        shutil.rmtree(self.place, ignore_errors=True)
        os.makedirs(self.place)
        task = {k: v for k, v in self.form.items() if k not in ("guards", "checks", "watches", "handles", "soft", "returns")}
        if held and "plan" in task:  # as many tasks at a time as the island has places
            task["plan"]["settings"]["max_parallel"] = held
        task["context"] = {"run_id": self.run_id, "scheduled_time": self.run["scheduled"], "pipeline": self.run["pipeline"]}
        values = {name: self.entry(origin) for name, origin in self.form["inputs"].items()}
        gets: dict[tuple[str, str], str] = {}
        if self.store:
            from wye_runtime.store import localized

            values = {name: localized(entry, os.path.join(self.place, "in"), gets) for name, entry in values.items()}
        arguments = ["--out", os.path.join(self.place, "out"), "--work", os.path.join(self.place, "work")]
        for name, content in (("task", task), ("values", values)):
            path = os.path.join(self.place, name + ".json")
            write(path, content)
            arguments += ["--" + name, path]
        if task["op"] == "island" or task.get("program"):
            arguments += ["--program", os.path.join(HOME, "programs", task.get("program") or "")]
        self.reveal()
        timer = None
        if self.run["deadline"]:
            timer = threading.Timer(max(0.0, self.run["deadline"] - time.time()), os.kill, (os.getpid(), signal.SIGTERM))
            timer.daemon = True
            timer.start()
        try:
            if gets and self.store:
                move({"get": [[*output, place] for output, place in gets.items()]}, self.store, self.folder, self.place)
            code: int = runner.main(arguments)
            if self.store and not code:
                self.hand_on(self.store)
        except runner.Failed as error:
            code = error.exit
            os.makedirs(os.path.join(self.place, "out"), exist_ok=True)
            write(os.path.join(self.place, "out", "error.json"), error.record)
        if timer:
            timer.cancel()
        for name in ("work", "in"):
            shutil.rmtree(os.path.join(self.place, name), ignore_errors=True)
        return code

    def hand_on(self, store: Json) -> None:
        """Put the outputs in the store. On the volume stay short values, and what the pipeline returns."""
        from wye_runtime.store import key_of

        out, job, run = os.path.join(self.place, "out"), dict[str, Any](), (self.run["pipeline"], self.run_id)
        kept = {n for n in os.listdir(out) if n.endswith(".json") and os.path.getsize(os.path.join(out, n)) <= KEPT}
        long = sorted({*os.listdir(out)} - kept)
        if long:
            self.key = key_of(*run, "tasks", self.form["id"], uuid.uuid4().hex[:12])
            job["put"] = [[out, self.key]]
        if self.form.get("returns"):
            job["notes"] = [[key_of(*run, "outputs.json"), self.returned() + "\n"]]
        if job:
            move(job, store, self.folder, self.place)
        for name in long if not self.form.get("returns") else ():
            path = os.path.join(out, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)

    def reveal(self) -> None:
        """Secrets are files in a container; a step finds them in its environment."""
        for secret in self.form.get("secrets", ()):
            path = os.path.join(SECRETS, secret.get("file", secret["env"]))
            if os.path.exists(path):
                with open(path, "rb") as file:
                    os.environb[os.fsencode(secret["env"])] = file.read()

    def expired(self) -> bool:
        return bool(self.run["deadline"] and time.time() >= self.run["deadline"])

    def late(self) -> None:
        if self.expired():
            raise Refused(f"the run took longer than {self.run['timeout']:g} s", LATE)

    def verdict(self) -> int:
        """Whether a region has failed whose last tasks ran whatever became of the others: its first failure, in program order."""
        from wye_runtime import guards

        error = guards.first_failure(self.form["of"], self.state)
        return self.settle("failed", error=error, code=1) if error else self.settle("done")

    def failure(self) -> Any:
        """What the step is told that runs when the run has failed: of the first task that did, in program order. None when none did."""
        for task in self.form["handles"]:
            state = self.state(task)
            if state.get("status") == "failed":
                error = state.get("error") or {"type": [], "message": "it left no result"}
                late = error.get("exit") == LATE and not error["type"] and error["message"].startswith("the run took")
                found = {"run_id": self.run_id, "pipeline": self.run["pipeline"], "task_id": None if late else state["task"]}
                return {**found, "error_type": next(iter(error["type"]), None), "message": error["message"]}
        return None

    def hand_over(self) -> None:
        text = self.returned()
        write_text(os.path.join(self.folder, "outputs.json"), text + "\n")
        say(f"the pipeline returned {text if len(text) <= 2000 else text[:2000] + '…'}")

    def returned(self) -> str:
        """`outputs.json`: the pipeline's value as wire text; of an artifact where its file is, with a store there."""
        from wye_runtime import guards

        format = self.form["outputs"][0]["format"]
        name = "out" + ".json" * (format == "json")
        where = f"{self.store['url']}/{self.key}/{name}" if self.store and self.key else None
        return str(guards.plain_text(os.path.join(self.place, "out", name), format, where))

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
        file = origin["output"] + ".json" * (origin["format"] == "json")
        path = os.path.join(self.folder, "tasks", origin["task"], "out", file)
        key = None if os.path.lexists(path) else self.state(origin["task"]).get("key")
        return {**({"store": key, "name": file} if key else {"file": path}), "format": origin["format"]}

    def truth(self, origin: Json) -> bool:
        from wye_runtime import guards

        entry = self.entry(origin)
        try:
            return bool(guards.true(entry["text"] if "text" in entry else read_text(entry["file"])))
        except ValueError as error:
            raise Refused(str(error), 1) from None

    def state(self, task: str) -> Json:
        return read_if(os.path.join(self.folder, "state", task + ".json")) or {}

    def settle(self, status: str, seconds: float = 0.0, error: Json | None = None, seen: Json | None = None, code: int = 0) -> int:
        """Write what became of the task. The exit code: a soft task's failure is its verdict's affair, but not the end of the whole run."""
        content = {"task": self.form["id"], "status": status, "seconds": round(seconds, 3), "token": uuid.uuid4().hex, "seen": seen or {}}
        content.update({"key": self.key} if self.key and not code else {})
        write(os.path.join(self.folder, "state", self.name + ".json"), {**content, "error": error})
        what = f"{status} in {seconds:.2f} s" if status in ("done", "failed") else status
        if error:
            what += ": " + ": ".join([*error["type"][:1], error["message"]]).split("\n")[0]
        say(what)
        soft = self.form.get("soft")
        soft = soft and code not in STOPPED and (soft == "always" or not self.expired())
        return 0 if soft else code or int(status == "stopped")


def slots(folder: str, count: int, many: bool, check: Callable[[], None]) -> list[Any]:
    """Lock one of so many files, or with `many` all that are free; wait for the first. They are free when the process ends."""
    held: list[Any] = []
    while True:
        for number in range(count):
            file = open(os.path.join(folder, str(number)), "r+")  # noqa: SIM115
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                continue
            held.append(file)
            if not many:
                return held
        if held:
            return held
        check()
        time.sleep(0.1)


# --- files ----------------------------------------------------------------------------------------------------------------------------


def read(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_if(path: str) -> Any:
    """None when there is no such file. One that was cut short counts as none."""
    try:
        return read(path)
    except (FileNotFoundError, ValueError):
        return None


def read_text(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path: str, content: Any) -> None:
    write_text(path, json.dumps(content, indent=1) + "\n")


def write_text(path: str, text: str) -> None:
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".tmp", path)


def say(text: str) -> None:
    """Lines in the container's log, known by their beginning."""
    for line in text.split("\n"):
        sys.stdout.buffer.write(f"wye: {line}\n".encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGINT):  # process 1 of a container dies of no signal that it does not ask for
        signal.signal(number, leave)
    sys.path.insert(0, HOME)  # for the runner
    sys.exit(main(*sys.argv[1:]))
