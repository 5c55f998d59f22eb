"""A task's name and the notebook's `dbutils` in; the task run by the runner, and what became of it handed on, out.

Each generated notebook calls `run`. Standard library alone, Python 3.9 to 3.14. Beside this file, among the workspace's files:

    pipeline.json tasks/<task>.json programs/<program>/… wye_runtime/… wye_databricks_turns.py (the tasks of loops)

What a task hands on is one task value, `wye`: its status and its outputs, as wire text. Artifacts, and what is larger than a task value
may be, are files below `<store>/<pipeline>/<run>/<task>/`; so is all of it (`state.json`) where a job has more tasks than a run may have
task values. Files are made on local disk and copied in one go: a volume knows neither rename nor append.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = "wye"
LIMIT = 48 * 1024
"""Bytes of a task value, as JSON. https://docs.databricks.com/aws/en/jobs/task-values"""
EXIT = 5 * 1024 * 1024
"""Characters that a notebook may exit with."""
LOG, TAIL = 4 * 1024 * 1024, 16 * 1024
"""Characters of a step's output that a notebook shows, and of its end when there are more: a run ends whose notebooks show 30 MB.
https://docs.databricks.com/aws/en/notebooks/notebook-limitations"""
REQUIRED, DEFAULT = "<required>", "<default>"
"""What stands for the value of a parameter that must be given, and for a default that is too long for a job parameter."""
TESTED = "test_"
"""Begins the key of a task value that an If/else task compares."""
VERBATIM = ".verbatim"
"""Ends the names of files that the workspace would take for notebooks, and rename."""

Json = dict[str, Any]


class TaskFailed(Exception):
    """The task fails: so does its notebook."""


def run(name: str, dbutils: Any) -> None:
    """Run the task, and leave the notebook with what the pipeline returns when it is the one that makes it. Raises `TaskFailed`."""
    if HERE not in sys.path:
        sys.path.insert(0, HERE)
    scratch = tempfile.mkdtemp(prefix="wye-")
    try:
        text = Task(name, dbutils, scratch).main()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if text is not None:
        dbutils.notebook.exit(text)


class Task:
    def __init__(self, name: str, dbutils: Any, scratch: str) -> None:
        self.name, self.dbutils, self.scratch = name, dbutils, scratch
        self.form: Json = read(os.path.join(HERE, "tasks", name + ".json"))
        self.spec: Json = read(os.path.join(HERE, "pipeline.json"))
        self.known: dict[str, Json] = {}
        self.told: Any = None
        self.texts: dict[str, str] = {}
        self.fetched = 0
        self.turn: Json | None = None
        """In an iteration of a loop: which, and the token of the task that listed the items."""

    def given(self, name: str) -> str:
        return str(self.dbutils.widgets.get(name))

    # --- what becomes of it -----------------------------------------------------------------------------------------------------------

    def main(self) -> str | None:
        from wye_runtime import guards  # type: ignore[import-not-found]  # it is beside this file

        form = self.form
        self.texts = self.parameters()
        if not self.taken(form.get("guards", ())[: form.get("held", 0)]):
            raise TaskFailed("the If/else task before this one has not done what its condition says")
        kept = guards.kept_from(form, self.state, self.truth)
        if any(self.state(a["task"]).get("status") not in ("done", "skipped") for a in form.get("arms", ()) if self.taken(a["if"])):
            kept = "stopped"
        if kept == "stopped":
            self.note("stopped")
            raise TaskFailed("not run: a task before it has failed")
        if kept:
            if form["op"] == "items":
                self.turns().nothing(self)
            self.note(kept)
            print("skipped: its branch was not taken")
            return None
        if form["op"] == "verdict":
            error = guards.first_failure(form["of"], self.state)
            self.note("failed" if error else "done", error=error)
            if error:
                raise TaskFailed(": ".join([*error["type"][:1], error["message"]]))
            return None
        if "handles" in form:
            self.told = self.failure()
            if self.told is None:
                self.note("skipped")
                print("skipped: no task has failed")
                return None
        if form["op"] == "end":
            self.note("done")
            return "null"
        if "loop" in form or form["op"] == "items":
            {"items": self.turns().list_items, "gather": self.turns().gather}.get(form["op"], self.turns().run_turn)(self)
            return None
        return self.execute()

    def turns(self) -> Any:
        import wye_databricks_turns  # type: ignore[import-not-found]  # beside this file, in jobs with loops

        return wye_databricks_turns

    def fail(self, message: str) -> None:
        raise TaskFailed(message)

    def execute(self) -> str | None:
        out = os.path.join(self.scratch, "out")
        code = start(self.command(out), self.environment())
        if code:
            error = read(os.path.join(out, "error.json")) if os.path.exists(os.path.join(out, "error.json")) else None
            error = error or {"type": [], "message": f"the runner ended with exit code {code}"}
            self.note("failed", error=error)
            raise TaskFailed(": ".join([*error["type"][:1], error["message"]]))
        made = self.publish(out)
        for name in self.form.get("tested", ()):
            self.dbutils.jobs.taskValues.set(key=TESTED + name, value=read_text(os.path.join(out, f"{name}.json")) == "true")
        self.note("done", made)
        return self.returned(made) if self.form.get("returns") else None

    def command(self, out: str) -> list[str]:
        """The runner, with copies of all that it reads on local disk."""
        form = self.form
        task = {
            k: v
            for k, v in form.items()
            if k not in ("guards", "checks", "handles", "reports", "returns", "python", "loop", "held", "arms", "tested")
        }
        if form.get("context"):
            known = {"run_id": self.given("wye.run"), "scheduled_time": self.scheduled(), "pipeline": self.spec["pipeline"]}
            task["context"] = {**known, "attempt": int(self.given("wye.attempt"))}
            if self.turn:
                task["context"]["task_id"] = f"{form['loop']['id']}[{self.turn['index']}].{form['id']}"
        files = {"task": task, "values": {name: self.entry(origin) for name, origin in form["inputs"].items()}}
        runtime = shutil.copytree(
            os.path.join(HERE, "wye_runtime"), os.path.join(self.scratch, "wye_runtime"), copy_function=shutil.copyfile
        )
        argv = [form.get("python") or sys.executable, "-u", "-B", os.path.join(runtime, "__main__.py"), "--lifeline", "--out", out]
        argv += ["--work", os.path.join(self.scratch, "work")]
        for name, content in files.items():
            argv += ["--" + name, os.path.join(self.scratch, name + ".json")]
            write(argv[-1], content)
        if task["op"] == "island" or task.get("program"):
            source = os.path.join(HERE, "programs", task.get("program") or "")
            argv += ["--program", unpacked(source, os.path.join(self.scratch, "programs"))]
        return argv

    def environment(self) -> dict[str, str]:
        secrets = {}
        for secret in self.form.get("secrets", ()):
            scope, key = (secret["name"], secret["key"]) if secret.get("key") else (self.given("wye.scope"), secret["name"])
            secrets[secret["env"]] = str(self.dbutils.secrets.get(scope=scope, key=key))
        return {**os.environ, **secrets}

    def failure(self) -> Any:
        """What the step is told that runs when the run has failed: of the first task that says so, in program order, else of the first that
        left nothing: no task before it has failed, so that it was not kept from running."""
        tasks = self.form["handles"]
        failed = next((t for t in tasks if self.state(t).get("status") == "failed"), None)
        failed = failed or next((t for t in tasks if self.state(t).get("status") not in ("done", "skipped", "stopped")), None)
        if failed is None:
            return None
        state = self.state(failed)
        error = state.get("error") or {"type": [], "message": "it left no result"}
        found = {"run_id": self.given("wye.run"), "pipeline": self.spec["pipeline"], "task_id": self.spec["ids"].get(failed, failed)}
        return {**found, "error_type": next(iter(error["type"]), None), "message": error["message"]}

    # --- parameters and values --------------------------------------------------------------------------------------------------------

    def parameters(self) -> dict[str, str]:
        """The wire text of every parameter of the run: every task checks all of them, so that none runs when one is wrong."""
        from wye_runtime.types import from_json  # type: ignore[import-not-found]
        from wye_runtime.values import CannotTravel, encode, instant, parse_argument, wire  # type: ignore[import-not-found]

        found, problems = {}, []
        for p in self.spec["parameters"]:
            text, t = self.given(p["parameter"]), from_json(p["type"])
            try:
                if text == REQUIRED:
                    problems.append(f"parameter {p['name']} has no default and no value; give the job parameter {p['parameter']}")
                elif text == DEFAULT:
                    found[p["name"]] = wire(p["default"])
                elif p.get("scheduled") and text == self.given("wye.scheduled"):
                    found[p["name"]] = encode(instant(self.scheduled()), "datetime")
                else:
                    value = parse_argument(text, t)
                    found[p["name"]] = encode(instant(value) if t == "datetime" else value, t)
            except (TypeError, ValueError, CannotTravel) as error:
                problems.append(f"parameter {p['name']}: {error}")
        if problems:
            raise TaskFailed("\n".join(problems))
        return found

    def scheduled(self) -> str:
        """The time for which the run is meant, with its offset: Databricks gives it in UTC."""
        text = self.given("wye.scheduled")
        return text if re.search(r"([Zz]|[+-]\d\d:?\d\d)$", text) else text + "Z"

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
        if "item" in origin:
            assert self.turn
            return self.fetch(self.turns().elements(self, origin["item"])[self.turn["index"]], origin["format"])
        return self.fetch(self.made(origin), origin["format"])

    def made(self, origin: Json) -> Any:
        """What a task handed on, as it did."""
        made = self.state(origin["task"]).get("outputs", {})
        if origin["output"] not in made:
            raise TaskFailed(f"the task {origin['task']} left no value {origin['output']}")
        return made[origin["output"]]

    def fetch(self, value: Any, format: str) -> Json:
        """What another task handed on: text, a list, or a file, copied here."""
        if isinstance(value, str):
            return {"text": value}
        if isinstance(value, dict) and "values" in value:
            value = self.got(value["values"])
        if isinstance(value, list):
            return {"list": [self.fetch(v, format[:-1]) for v in value]}
        self.fetched += 1
        place = os.path.join(self.scratch, f"in{self.fetched}")
        copy(os.path.join(self.root(), *value["file"].split("/")), place)
        return {"file": place, "format": format}

    def taken(self, guards: Any) -> bool:
        """Whether an arm, of an If/else task in an arm, … is the one that its condition says."""
        return all(self.truth(g["if"]) == g["is"] for g in guards)

    def truth(self, origin: Json) -> bool:
        from wye_runtime import guards

        entry = self.entry(origin)
        text = entry["text"] if "text" in entry else read_text(entry["file"])
        return bool(guards.true(text))

    # --- states, and what is handed on ------------------------------------------------------------------------------------------------

    def root(self) -> str:
        """Where this run's files are."""
        return os.path.join(self.given("wye.store"), self.spec["folder"], self.given("wye.run"))

    def state(self, task: str) -> Json:
        """What a task left; nothing when it did not run, or was lost."""
        if task not in self.known:
            self.known[task] = self.look(task)
        return self.known[task]

    def look(self, task: str) -> Json:
        if self.spec["states"] == "store":
            path = os.path.join(self.root(), task, "state.json")
            return read(path) if os.path.exists(path) else {}
        try:  # without a value the platform takes the default, or raises, as the task has no value or has not run
            found = self.dbutils.jobs.taskValues.get(taskKey=task, key=KEY, default={"status": ""})
        except Exception:
            return {}
        return found if isinstance(found, dict) else {}

    def place(self) -> str:
        """Where this task's files are, below the run's."""
        return f"{self.name}/{self.turn['index']}" if self.turn else self.name

    def got(self, place: str) -> Any:
        return read(os.path.join(self.root(), place))

    def put(self, content: Any, place: str) -> None:
        """JSON on the volume, in one go."""
        os.makedirs(os.path.dirname(os.path.join(self.root(), place)), exist_ok=True)
        write(os.path.join(self.scratch, "content.json"), content)
        shutil.copyfile(os.path.join(self.scratch, "content.json"), os.path.join(self.root(), place))

    def limited(self) -> bool:
        """Whether what the task hands on is a task value."""
        return bool(self.form.get("reports")) and self.spec["states"] != "store" and self.turn is None

    def note(self, status: str, outputs: Json | None = None, error: Json | None = None) -> None:
        """Say what became of the task, to those who ask."""
        if not self.form.get("reports") and self.turn is None:
            return
        state: Json = {"status": status}
        if outputs:
            state["outputs"] = outputs
        if error:
            state["error"] = {"type": error["type"], "message": error["message"][:4000]}
        if self.turn:
            state["token"] = self.turn["token"]
        if not self.limited():
            self.put(state, f"{self.place()}/state.json")
        else:
            self.dbutils.jobs.taskValues.set(key=KEY, value=state)

    def publish(self, out: str) -> Json:
        """The outputs as they are handed on: texts while they fit in a task value, largest first to files; artifacts as files."""
        made: Json = {}
        for port in self.form["outputs"]:
            name, format = port["name"], port["format"]
            path = os.path.join(out, name + ".json" * (format == "json"))
            if format == "json":
                made[name] = read_text(path)
            elif format == "json*":
                count = sum(n.endswith(".json") for n in os.listdir(path))
                made[name] = [read_text(os.path.join(path, f"{i}.json")) for i in range(count)]
            else:
                made[name] = self.store(path, name)
        texts = sorted((n for n in made if not isinstance(made[n], dict)), key=lambda n: -size(made[n]))
        while self.limited() and size({"status": "done", "outputs": made}) > LIMIT and texts:
            name = texts.pop(0)
            if "store" not in self.spec:
                self.note("failed", error={"type": [], "message": f"the output {name} is too large for a task value"})
                raise TaskFailed(
                    f"the output {name} takes {size(made[name])} bytes, and a task value takes {LIMIT} together with the task's others: "
                    "give the stack a `store`, compile and deploy again"
                )
            made[name] = self.store(os.path.join(out, name + ".json" * isinstance(made[name], str)), name)
        return made

    def store(self, path: str, name: str) -> Json:
        """Copy an output to the volume, to a place that no other attempt has."""
        place = "/".join([self.place(), uuid.uuid4().hex[:8], name])
        target = os.path.join(self.root(), *place.split("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        copy(path, target)
        return {"file": place}

    def returned(self, made: Json) -> str:
        """The pipeline's value as wire text; of an artifact the path of its file."""
        from wye_runtime import guards

        value = made["out"]
        if isinstance(value, dict):
            text = guards.plain_text(os.path.join(self.root(), *value["file"].split("/")), self.form["outputs"][0]["format"])
        else:
            text = value if isinstance(value, str) else "[" + ",".join(value) + "]"
        if len(text) > EXIT:
            raise TaskFailed(f"the pipeline returned {len(text)} characters, and a notebook exits with at most {EXIT}")
        return str(text)


# --- the runner -----------------------------------------------------------------------------------------------------------------------


def start(argv: list[str], env: dict[str, str]) -> int:
    """Run the runner; its output is the notebook's, up to a limit: the platform ends a run whose notebook says too much. It stops when
    this process ends, or is interrupted."""
    process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout
    try:
        show(process.stdout.fileno())
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


def show(stream: int) -> None:
    """Copy what stands there to standard output; of what is beyond the limit, the end."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    left, tail, part = LOG, "", b"."
    while part:
        part = os.read(stream, 65536)
        text = decoder.decode(part, not part)
        print(text[:left], end="", flush=True)
        tail, left = (tail + text[left:])[-TAIL:], max(0, left - len(text))
    if tail:
        print(f"\n… what was said beyond {LOG} characters is left out; its end:\n{tail}", flush=True)


# --- files ----------------------------------------------------------------------------------------------------------------------------


def size(value: Any) -> int:
    return len(json.dumps(value))


def copy(source: str, target: str) -> None:
    """Names and contents, file by file from beginning to end."""
    if os.path.isdir(source):
        os.makedirs(target)
        for name in sorted(os.listdir(source)):
            copy(os.path.join(source, name), os.path.join(target, name))
    else:
        shutil.copyfile(source, target)


def unpacked(source: str, target: str) -> str:
    """A copy of the programs under the names that they have. An island that only computes may have none."""
    os.makedirs(target)
    for name in sorted(os.listdir(source)) if os.path.isdir(source) else ():
        path, place = os.path.join(source, name), os.path.join(target, name)
        if os.path.isdir(path):
            unpacked(path, place)
        else:
            shutil.copyfile(path, place[: -len(VERBATIM)] if place.endswith(VERBATIM) else place)
    return target


def read(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_text(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path: str, content: Any) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)
