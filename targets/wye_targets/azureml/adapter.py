"""A task's name, the folder of its output and its inputs in; the task run by the runner, and what became of it in that folder, out.

Every job's command starts this file. Standard library alone, Python 3.9 to 3.14. Beside it are `pipeline.json` (the task files), and
`programs/` and `wye_runtime/` unless those are in the image. The folder of an output holds

    state.json  out/<output>.json (values, as wire text)  out/<output> (artifacts)  outputs.json (what the pipeline returns)

Blobs know no folders and perhaps none that are empty, so folders and empty files travel as tar files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from datetime import datetime, timezone
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGE = "/opt/wye"  # where an image that was built for this pipeline has the runner and the programs
HOME = HERE if os.path.isdir(os.path.join(HERE, "wye_runtime")) else IMAGE
REQUIRED, DEFAULT, RUN = "<required>", "<default>", "<run>"
"""Stand for a value that must be given, a default that is too long for an input, the time for which the run is meant."""
LATE = 124
GRACE = 20.0
"""Seconds that the runner has to end a step that has taken too long, and itself."""

Json = dict[str, Any]


class Refused(Exception):
    """The task cannot run; `code` is the exit code."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code


def main(argv: list[str]) -> int:
    """`argv`: the task, the folder of its output, and `name=text` of each input."""
    if HOME not in sys.path:
        sys.path.insert(0, HOME)
    name, out, *given = argv
    scratch = tempfile.mkdtemp(prefix="wye-")
    try:
        return Task(name, out, dict(g.split("=", 1) for g in given), scratch).main()
    except Refused as error:
        say(f"failed: {error}")
        return error.code
    except OSError as error:  # no space, no permission
        say(f"failed: {error}")
        return 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class Task:
    """One job of a run. `inputs` are paths (`from_<task>`) and texts, by name."""

    def __init__(self, name: str, out: str, inputs: dict[str, str], scratch: str) -> None:
        self.spec: Json = read(os.path.join(HERE, "pipeline.json"))
        self.name, self.out, self.inputs, self.scratch = name, out, inputs, scratch
        self.form: Json = self.spec["tasks"][name]
        self.told: Any = None
        self.texts: dict[str, str] = {}
        self.unpacked = 0

    # --- what becomes of it -----------------------------------------------------------------------------------------------------------

    def main(self) -> int:
        from wye_runtime import guards  # type: ignore[import-not-found]  # it is beside this file, or in the image

        form, began = self.form, time.monotonic()
        os.makedirs(self.out, exist_ok=True)
        if form["op"] == "start":
            return self.start()
        self.texts = self.parameters(self.times().get("scheduled"))
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
            write_text(os.path.join(self.out, "outputs.json"), "null\n")
            return self.settle("done")
        say("started")
        made = os.path.join(self.scratch, "out")
        try:
            code = LATE if self.expired() else self.execute(made)
            error = read_if(os.path.join(made, "error.json"))
        except (Refused, OSError) as problem:  # no secret, no space: the task fails as if its step had
            code, error = getattr(problem, "code", 1), {"type": [], "message": str(problem), "traceback": "", "exit": 1}
        if code and self.expired():
            message = f"the run took longer than {form['deadline']:g} s"
            code, error = LATE, {"type": [], "message": message, "traceback": "", "exit": LATE}
        if code == 0:
            self.publish(made)
        error = error or (
            {"type": [], "message": f"the runner ended with exit code {code}", "traceback": "", "exit": code} if code else None
        )
        return self.settle("failed" if code else "done", time.monotonic() - began, error, code)

    def start(self) -> int:
        """Check the parameters, and note when the run has started and for which time it is meant."""
        now = datetime.now(timezone.utc)  # noqa: UP017
        text = self.inputs.get("scheduled_time", RUN)
        times = {"started": now.isoformat(), "scheduled": (now if text == RUN else moment(text)).isoformat()}
        self.parameters(times["scheduled"])
        write(os.path.join(self.out, "times.json"), times)
        return self.settle("done")

    def execute(self, made: str) -> int:
        """The runner's exit code."""
        own = ("guards", "checks", "of", "handles", "soft", "returns", "told", "times", "deadline", "vault")
        task = {k: v for k, v in self.form.items() if k not in own}
        if "context" in task:
            task["context"] = {"run_id": run_id(), "scheduled_time": self.times()["scheduled"], "pipeline": self.spec["pipeline"]}
        argv = [sys.executable, "-u", "-B", os.path.join(HOME, "wye_runtime", "__main__.py"), "--lifeline", "--out", made]
        argv += ["--work", os.path.join(self.scratch, "work")]
        for name, content in (("task", task), ("values", {n: self.entry(origin) for n, origin in self.form["inputs"].items()})):
            argv += ["--" + name, os.path.join(self.scratch, name + ".json")]
            write(argv[-1], content)
        if task["op"] == "island" or task.get("program"):
            argv += ["--program", os.path.join(HOME, "programs", task.get("program") or "")]
        return start(argv, {**os.environ, **self.secrets()}, self.deadline())

    def secrets(self) -> dict[str, str]:
        found = {}
        for secret in self.form.get("secrets", ()):
            import keyvault  # type: ignore[import-not-found]  # it is beside this file

            vault = self.form.get("vault") or self.inputs["key_vault"]
            if vault == REQUIRED:
                raise Refused("no key vault is named; give the input key_vault")
            try:
                found[secret["env"]] = keyvault.value(vault, secret["name"], secret.get("key"))
            except (OSError, ValueError, KeyError) as error:
                raise Refused(f"the secret {secret['name']!r} cannot be read: {error}") from None
        return found

    def failure(self) -> Any:
        """What the step is told that runs when the run has failed: of the first task that did, in program order. None when none did."""
        for task in self.form["handles"]:
            state = self.state(task)
            if state.get("status") == "failed":
                error = state["error"]
                late = error.get("exit") == LATE and not error["type"] and error["message"].startswith("the run took")
                found = {"run_id": run_id(), "pipeline": self.spec["pipeline"]}
                found["task_id"] = None if late else self.spec["ids"].get(task, task)
                return {**found, "error_type": next(iter(error["type"]), None), "message": error["message"]}
        return None

    # --- times and parameters -----------------------------------------------------------------------------------------------------------

    def times(self) -> Json:
        """What the first job has noted."""
        return dict(read(os.path.join(self.inputs["from_start"], "times.json"))) if self.form.get("times") else {}

    def deadline(self) -> float | None:
        """When the run has taken too long, in seconds since 1970."""
        return moment(self.times()["started"]).timestamp() + float(self.form["deadline"]) if "deadline" in self.form else None

    def expired(self) -> bool:
        deadline = self.deadline()
        return deadline is not None and time.time() >= deadline

    def parameters(self, scheduled: str | None) -> dict[str, str]:
        """The wire text of every parameter that the task is told: what was given for the run, as a person types it, or the default."""
        from wye_runtime.types import from_json  # type: ignore[import-not-found]
        from wye_runtime.values import CannotTravel, encode, instant, parse_argument, wire  # type: ignore[import-not-found]

        found, problems = {}, []
        for p in self.form.get("told", ()):
            text, t = self.inputs[p["input"]], from_json(p["type"])
            try:
                if text == REQUIRED:
                    problems.append(f"parameter {p['name']} has no default and no value; give the input {p['input'][len('param_') :]}")
                elif text == DEFAULT and "default" in p:
                    found[p["name"]] = wire(p["default"])
                elif text == RUN and p.get("scheduled"):
                    found[p["name"]] = encode(instant(scheduled), "datetime")
                else:
                    value = parse_argument(text.lower() if t == "bool" else text, t)  # the SDK writes a bool as Python does
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
        name, format = origin["output"], origin["format"]
        file = os.path.join(self.inputs["from_" + origin["task"]], "out", name + ".json" * (format == "json"))
        if os.path.exists(file + ".tar"):
            self.unpacked += 1
            folder = os.path.join(self.scratch, "in", str(self.unpacked))
            unpack(file + ".tar", folder)
            file = os.path.join(folder, os.path.basename(file))
        return {"file": file, "format": format}

    def truth(self, origin: Json) -> bool:
        from wye_runtime import guards

        entry = self.entry(origin)
        try:
            return bool(guards.true(entry["text"] if "text" in entry else read_text(entry["file"])))
        except ValueError as error:
            raise Refused(str(error), 1) from None

    def state(self, task: str) -> Json:
        return read_if(os.path.join(self.inputs["from_" + task], "state.json")) or {}

    def publish(self, made: str) -> None:
        """Put the outputs where they are uploaded from."""
        from wye_runtime import guards

        if self.form.get("returns"):
            format = self.form["outputs"][0]["format"]
            text = guards.plain_text(os.path.join(made, "out" + ".json" * (format == "json")), format, "out/out")
            write_text(os.path.join(self.out, "outputs.json"), text + "\n")
            say(f"the pipeline returned {text if len(text) <= 2000 else text[:2000] + '…'}")
        os.makedirs(os.path.join(self.out, "out"), exist_ok=True)
        for port in self.form["outputs"]:
            name = port["name"] + ".json" * (port["format"] == "json")
            path, target = os.path.join(made, name), os.path.join(self.out, "out", name)
            if os.path.isdir(path) or not os.path.getsize(path):
                pack(path, target + ".tar")
            else:
                shutil.copyfile(path, target)

    def settle(self, status: str, seconds: float = 0.0, error: Json | None = None, code: int = 0) -> int:
        """Note what became of the task. The exit code: a soft task's failure is its verdict's affair, but not the end of the whole run."""
        write(os.path.join(self.out, "state.json"), {"status": status, "seconds": round(seconds, 3), "error": error})
        what = f"{status} in {seconds:.2f} s" if status in ("done", "failed") else status
        if error:
            what += ": " + ": ".join([*error["type"][:1], error["message"]]).split("\n")[0]
        say(what)
        soft = self.form.get("soft")
        soft = soft and (soft == "always" or not self.expired())
        return 0 if soft else code or int(status == "stopped")


def run_id() -> str:
    """The name of the pipeline job."""
    return os.environ.get("AZUREML_ROOT_RUN_ID") or os.environ.get("AZUREML_RUN_ID", "")


def moment(text: str) -> datetime:
    """A time as the platform writes it: ISO 8601; without an offset it is UTC."""
    from wye_runtime.values import instant

    found = re.fullmatch(
        r"\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)\d*\s*(Z|[+-]\d\d(?=:?\d\d))?:?(\d\d)?\s*", text, re.IGNORECASE
    )
    try:
        made: datetime = instant(f"{found[1]}T{found[2]}{f'{found[3]}:{found[4]}' if found[4] else 'Z'}" if found else text)
        return made
    except (TypeError, ValueError) as error:
        raise Refused(f"not a time: {text[:100]!r}: {error}") from None


# --- the runner -----------------------------------------------------------------------------------------------------------------------


def start(argv: list[str], env: dict[str, str], deadline: float | None) -> int:
    """Run the runner: its exit code. It stops when this process ends, and is told to when the deadline has passed."""
    process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE)
    try:
        return process.wait(max(0.0, deadline - time.time()) if deadline else None)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            return process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


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
            if info.isdir() or info.isfile():
                file.extract(info, folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # type: ignore[arg-type]


def say(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


def read(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_if(path: str) -> Any:
    return read(path) if os.path.exists(path) else None


def read_text(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path: str, content: Any) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)


def write_text(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
