"""A loop's tasks, beside `wye_databricks.py`: a task of the loop and what others left in; its items counted, one of its iterations run, or
all that they left gathered, out. Standard library alone, Python 3.9 to 3.14.

    <loop>_indices sets the task value `indices`, `[0, 1, …]`: `{{input}}` of the iterations
    <body>         runs once for each; `<store>/<pipeline>/<run>/<body>/<index>/state.json` is what became of it, written last
    <loop>         reads all of those, in order: the lists that the loop gives, or the first failure

No page says what becomes of a For each task without inputs, so a loop over nothing has one iteration, which does nothing. An iteration's
state counts when it has the token of the task that listed the items: what an earlier repair of the run left, with other items, does not.
"""

from __future__ import annotations

import json
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

INDICES = "indices"
NOTHING = -1
"""The index of the iteration that a loop over nothing has."""
LIMIT = 48 * 1024
"""Bytes of the indices, as JSON. https://docs.databricks.com/aws/en/jobs/tasks/for-each-lookup-example"""
STATE = "state.json"

Json = dict[str, Any]
Value = Any
"""As it is handed on: text, a list of values, or where a file is."""


def nothing(task: Any) -> None:
    """The loop is not reached, or goes over nothing."""
    task.dbutils.jobs.taskValues.set(key=INDICES, value=[NOTHING])


def list_items(task: Any) -> None:
    """Say how many items there are."""
    count = len(elements(task, task.form["inputs"]["over"]))
    indices = list(range(count))
    if len(json.dumps(indices)) > LIMIT:
        message = f"the loop goes over {count} items, and the indices of a For each task have {LIMIT} bytes: for about 8,000 of them"
        task.note("failed", error={"type": [], "message": message})
        task.fail(message)
    if indices:
        task.dbutils.jobs.taskValues.set(key=INDICES, value=indices)
    else:
        nothing(task)
    task.note("done", {"count": count, "token": uuid.uuid4().hex})


def run_turn(task: Any) -> None:
    """Run the iteration, or do nothing where there is none."""
    index = int(task.given("wye.index"))
    if index == NOTHING:
        print("nothing to do: the loop goes over nothing, or its branch was not taken")
        return
    known = task.state(task.form["loop"]["items"]).get("outputs", {})
    if not 0 <= index < known.get("count", 0):
        task.fail(f"no item {index}: the task {task.form['loop']['items']} has not listed it")
    task.turn = {"index": index, "token": known["token"]}
    path = os.path.join(task.root(), task.place(), STATE)
    if os.path.exists(path):  # of an earlier attempt
        os.remove(path)
    task.execute()


def gather(task: Any) -> None:
    """Hand on what all of them left, by the loop's own lists; or fail as the first that did."""
    loop = task.form["loop"]
    listed = task.state(loop["items"])
    if listed.get("status") == "skipped":
        task.note("skipped")
        print("skipped: its branch was not taken")
        return
    known = listed["outputs"]
    with ThreadPoolExecutor(16) as pool:  # each is a request to the volume
        states = list(pool.map(lambda index: state_of(task, loop["turns"], index, known["token"]), range(known["count"])))
    failed = next((i for i, s in enumerate(states) if s.get("status") == "failed"), None)
    if failed is None:  # one that left nothing may have been kept from running by another's failure
        failed = next((i for i, s in enumerate(states) if s.get("status") != "done"), None)
    if failed is not None:
        error = states[failed].get("error") or {"type": [], "message": "it left no result"}
        task.note("failed", error=error)
        task.fail(": ".join([f"{loop['turns']}[{failed}]", *error["type"][:1], error["message"]]))
    made = {port["name"]: left(task, port["of"], states) for port in task.form["outputs"]}
    task.note("done", shortened(task, made))


def state_of(task: Any, turns: str, index: int, token: str) -> Json:
    """What an iteration left; nothing when it did not run, or was lost."""
    path = os.path.join(task.root(), turns, str(index), STATE)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        state: Json = json.load(file)
    return state if state.get("token") == token else {}


def left(task: Any, of: Json, states: list[Json]) -> list[Value]:
    from wye_runtime.values import wire  # type: ignore[import-not-found]  # it is beside this file

    if "output" in of:
        return [state["outputs"][of["output"]] for state in states]
    if "item" in of:
        return elements(task, task.form["inputs"]["over"])
    return [wire(of["const"])] * len(states)


def shortened(task: Any, made: Json) -> Json:
    """What fits in a task value: the largest lists first go to files of their own, as lists."""
    lists = sorted(made, key=lambda name: -len(json.dumps(made[name])))
    while task.limited() and len(json.dumps({"status": "done", "outputs": made})) > LIMIT and lists:
        name = lists.pop(0)
        place = f"{task.place()}/{uuid.uuid4().hex[:8]}.json"
        task.put(made[name], place)
        made[name] = {"values": place}
    return made


def elements(task: Any, origin: Json) -> list[Value]:
    """The items of a list, each as it is handed on. No artifact is read or copied."""
    from wye_runtime import guards  # type: ignore[import-not-found]
    from wye_runtime.values import wire

    origin = guards.chosen(origin, task.truth)
    if "task" not in origin:
        return [wire(element) for element in json.loads(task.entry(origin)["text"])]
    value = task.made(origin)
    if isinstance(value, dict) and "values" in value:
        value = task.got(value["values"])
    if isinstance(value, dict) and origin["format"].endswith("*"):
        return parts(task, value["file"], origin["format"])
    if isinstance(value, list):
        return value
    text = value
    if isinstance(value, dict):
        with open(os.path.join(task.root(), value["file"]), encoding="ascii") as file:
            text = file.read()
    return [wire(element) for element in json.loads(text)]


def parts(task: Any, place: str, format: str) -> list[Value]:
    """The elements of a list that a task has left in a folder."""
    from wye_runtime.files import part  # type: ignore[import-not-found]

    folder = os.path.join(task.root(), place)
    count = sum(name.partition(".")[0].isdigit() for name in os.listdir(folder))
    return [{"file": part(place, format, i)} for i in range(count)]
